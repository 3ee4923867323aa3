"""What people see, in both languages, of the ledgers of a case."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.desk import Desk, transcript

GOLDEN = Path(__file__).parents[1] / "golden" / "cli_cases"

LEDGER = """
charter init --as chen
charter people add li --as chen
charter people grant chen manager --as chen
charter people grant li clerk --as chen
charter deploy ledger.charter --as chen
charter start project --as chen
charter complete 1 plan --set line=travel --set amount=100CNY --as li
charter show 1 --as chen
charter approve 1 agree --as chen
charter add 1 pay --item train --as li
charter complete 1 pay[1] --set line=travel --set amount=95CNY --as li
charter show 1 --as chen
charter add 1 pay --item hotel --as li
charter complete 1 pay[2] --set line=meals --set amount=20CNY --as li
charter show 1 --as chen
charter show 1 --as chen --json
charter inbox --notices --as chen
charter audit log 1 --as chen
charter audit query --clause R-7 --as chen
charter audit verify --as chen
charter graph ledger.charter
charter prove ledger.charter
"""


@pytest.mark.sqlite("positions of entries are its own on a server, and openings are entered later")
def test_transcript(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    (tmp_path / "ledger.charter").write_bytes((GOLDEN / "files" / "ledger.charter").read_bytes())
    said = re.sub(r'"(account|host)": "[^"]*"', r'"\1": "…"', transcript(desk, LEDGER))
    golden(GOLDEN / f"ledgers.{desk.lang}.txt", re.sub(r" in 0\.\d+ s| \(?0\.\d+ (s|秒)\)?", " in … s", said))
