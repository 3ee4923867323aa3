"""What people see of values that nobody types, and of the subjects of cases, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.desk import Desk, transcript

GOLDEN = Path(__file__).parents[1] / "golden" / "cli_cases"
LINES = '--set \'lines=[{"count": 2, "price": "30 CNY"}]\''
MANY = '--set \'lines=[{"count": 20, "price": "30 CNY"}]\''

VALUES = f"""
charter init --as chen
charter people add li --as chen
charter people grant chen clerk --as chen
charter people grant li boss --as chen
charter deploy values.charter --as chen
charter start order --as chen
charter start order --as chen
charter cases
charter complete 1 write --set what=pens {LINES} --set total='60 CNY' --as chen
charter complete 1 write --set what=pens {MANY} --as chen
charter complete 1 write --set what=pens {LINES} --as chen
charter show 1 --records --as chen
charter cases
charter inbox --as li
charter board
charter gantt
charter return 1 release --reason 'more of them' --as li
charter complete 1 write {MANY} --set offers=three --set what='many pens' --as chen
charter show 1 --as chen
charter amend 1 purchase --set region=DE --reason 'moved' --as chen
charter cases
charter inbox --as li --json
charter audit verify --as chen
"""


def test_transcript(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    (tmp_path / "values.charter").write_bytes((GOLDEN / "files" / "values.charter").read_bytes())
    golden(GOLDEN / f"values.{desk.lang}.txt", transcript(desk, VALUES))
