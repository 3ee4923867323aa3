"""What people see, in both languages, of the rules of a case."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.desk import Desk, transcript

GOLDEN = Path(__file__).parents[1] / "golden" / "cli_cases"

RULES = """
charter init --as chen
charter people add li --as chen
charter people grant chen manager --as chen
charter people grant li clerk --as chen
charter deploy project.charter --as chen
charter start project --as chen
charter add 1 pay --item rent --as chen
charter show 1 --as chen
charter complete 1 plan --set total=100CNY --as chen
charter add 1 pay --item rent --as chen
charter audit why 1 overspend --as chen
charter complete 1 pay[1] --set amount=95CNY --as li
charter show 1 --as chen
charter audit why 1 overspend --as chen
charter audit why 1 overspend --as chen --json
charter audit why 1 weekly --as chen
charter inbox --notices --as chen
charter audit query --clause R-7 --as chen
charter audit log 1 --as chen
charter audit verify --as chen
charter graph project.charter
"""


def test_transcript(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    (tmp_path / "project.charter").write_bytes((GOLDEN / "files" / "project.charter").read_bytes())
    said = re.sub(r'"(account|host)": "[^"]*"', r'"\1": "…"', transcript(desk, RULES))
    golden(GOLDEN / f"rules.{desk.lang}.txt", said)


def test_a_proof_names_the_rules_that_it_leaves_out(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "project.charter").write_bytes((GOLDEN / "files" / "project.charter").read_bytes())
    assert "`overspend`" in transcript(desk, "charter prove project.charter")
