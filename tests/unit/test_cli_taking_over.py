"""What people see of work that data names people for, and of what is handed over from one to another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.desk import Desk, transcript

from charter.engine.entries.organisation import ItemHandedOver
from charter.runtime.audit.log import ORGANISATION, load

GOLDEN = Path(__file__).parents[1] / "golden" / "cli_cases"
FILE = GOLDEN / "files" / "need.charter"
OFFICE = """\
charter init --as hu
charter people add li --as hu
charter people add wang --as hu
charter people add bo --as hu
charter people grant hu head --as hu
charter people grant li buyer --as hu
charter people grant wang clerk --as hu
charter deploy need.charter --as hu
"""
NAMED = (
    OFFICE
    + """\
charter start need --as wang
charter complete 1 ask --set what=bolts --set boss=bo --as wang
charter inbox --as bo
charter inbox --as hu
charter show 1 --as bo
charter approve 1 confirm --as li
charter audit why 1 confirm --as hu
charter people remove bo --as hu
charter amend 1 need --set what=nuts --reason "other parts" --as wang
charter inbox --as hu
charter incidents
charter inbox --notices --as hu
charter amend 1 need --set boss=li --reason "bo has left" --as wang
charter inbox --notices --as li
charter approve 1 confirm --as li
charter verify-staffing need
charter audit log 1
charter audit verify
"""
)
HANDED = (
    OFFICE
    + """\
charter start need --as wang
charter start need --as wang
charter start need --as wang
charter complete 1 ask --set what=bolts --set boss=li --as wang
charter complete 2 ask --set what=nuts --set boss=bo --as wang
charter complete 3 ask --set what=keys --set boss=bo --as bo
charter people grant bo clerk --as hu
charter complete 3 ask --set what=keys --set boss=bo --as bo
charter approve 2 decide --as li
charter approve 3 decide --as li
charter approve 2 confirm --as bo
charter approve 3 confirm --as bo
charter begin 2 purchase --as li
charter claim 3 inspect --as li
charter claim 1 inspect --as li
charter people substitute li bo --role buyer --as li
charter handover li wang --role buyer --dry-run --as hu
charter handover li wang --role buyer --dry-run --as wang
charter handover li wang --role buyer --as hu
charter handover li wang --role buyer --confirm all --as li
charter handover li wang --role buyer --confirm all --reason "li has moved" --as hu
charter inbox --as wang
charter inbox --as li
charter complete 2 purchase --as wang
charter audit log 2
charter audit log organisation
charter delegate 1 inspect bo --as li
charter handover li wang --as hu --confirm all
charter handover li nobody --as hu
charter audit verify
"""
)


def test_named(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(FILE.read_bytes())
    golden(GOLDEN / f"named.{desk.lang}.txt", transcript(desk, NAMED))


@pytest.mark.sqlite("positions of entries are its own on a server, and openings are entered later")
def test_handover(desk: Desk, golden: Callable[[Path, str], None], tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(FILE.read_bytes())
    golden(GOLDEN / f"handover.{desk.lang}.txt", transcript(desk, HANDED))


def test_each_item_leaves_an_entry_and_nothing_else_moves(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(FILE.read_bytes())
    transcript(desk, HANDED[: HANDED.index("charter handover")])
    listed = json.loads(desk.type("charter handover li wang --role buyer --dry-run --json --as hu"))["handover"]
    open_ = [row["item"] for row in listed if not row["reasons"]]
    assert len(open_) > 3
    for missing in open_:
        named = " ".join(f"--confirm {key}" for key in open_ if key != missing)
        assert "CH665" in desk.type(f"charter handover li wang --role buyer {named} --json --as hu")
    told = json.loads(desk.type("charter handover li wang --role buyer --confirm all --json --as hu"))["handover"]
    assert [row["item"] for row in told if row["handed_over"]] == open_
    with desk.store.read() as connection:
        entries = [sealed.entry.told for sealed in load(connection, ORGANISATION)]
    assert [entry.key for entry in entries if isinstance(entry, ItemHandedOver)] == open_
