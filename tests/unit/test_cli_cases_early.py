"""What people see of signals that nobody waits for yet, and of due dates that have no value, in both languages."""

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
