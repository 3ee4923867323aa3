"""What people see, in both languages, of early signals, dates without value, and what may be passed over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.desk import Desk, transcript

GOLDEN = Path(__file__).parents[1] / "golden" / "cli_cases"

EARLY = """
charter init --as chen
charter people add chen --as chen
charter people add li --as chen
charter people grant chen lead --as chen
charter people grant chen store --as chen
charter people grant li bank --as chen
charter deploy shop.charter --as chen
charter start shop --as chen
charter signal 1 payment_received --as li
charter signal 1 payment_received --set amount="50 CNY" --as li
charter signal 1 payment_received --set amount="5 CNY" --as li
charter show 1
charter show 1 --json
charter audit why 1 paid
charter complete 1 prepare --set most="10 CNY" --as chen
charter show 1 --records
charter audit why 1 ship
charter inbox --notices --as chen
charter audit log 1
charter audit verify 1
"""


def test_transcript(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    (tmp_path / "shop.charter").write_bytes((GOLDEN / "files" / "shop.charter").read_bytes())
    golden(GOLDEN / f"early.{desk.lang}.txt", transcript(desk, EARLY))


LOAN = """
charter init --as chen
charter people grant chen store --as chen
charter people grant chen head --as chen
charter people add li --as chen
charter people grant li borrower --as chen
charter deploy loan.charter --as chen
charter start loan --as li
charter show 1 --as li
charter complete 1 ask --set value=900 --as li
charter show 1 --as li
charter approve 1 large --as chen
charter inbox --as chen
charter approve 1 large --as chen
charter skip 1 hand_out --reason "no need" --as chen
charter show 1 --as li
charter start loan --as li
charter complete 2 ask --set value=1 --as li
charter show 2 --as li
charter graph loan.charter
"""


def test_what_may_be_passed_over_and_what_may_not(
    desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path
) -> None:
    (tmp_path / "loan.charter").write_bytes((GOLDEN / "files" / "loan.charter").read_bytes())
    golden(GOLDEN / f"loan.{desk.lang}.txt", transcript(desk, LOAN))
