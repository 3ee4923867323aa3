"""Drills: the same definition, seen everywhere, counted nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.desk import Desk

ALARM = """
register lessons key what
  what text

process alarm
  owner chief
  role chief
  role clerk
  role guest external
  record note
    what text
  queue clerk
    capacity 1
  activity react
    role     clerk
    output   note
    files    note into lessons
    informed guest
  activity page call pager
    after react
  kpi reacted
    formula count(cases[react.done])
    every   1 month
    over    cases opened in 1 month
  kpi quick
    formula count(cases[react.done]) / count(cases)
"""
FIGURES = (
    "charter kpi alarm --json",
    "charter kpi alarm --facts --json",
    "charter kpi --history --json",
    "charter register lessons --json",
    "charter register --json",
    "charter simulate alarm.charter --from-trail --arrive 2/day --cases 3 --json",
)


def office(desk: Desk, folder: Path) -> None:
    (folder / "alarm.charter").write_text(ALARM, "utf-8")
    desk.lang = "en"
    for line in (
        "charter init --as chen",
        *(f"charter people add {who} --as chen" for who in ("li", "gu")),
        "charter people grant chen chief --as chen",
        "charter people grant li clerk --as chen",
        "charter people grant gu guest --as chen",
        "charter people grant chen auditor --process organisation --as chen",
        "charter deploy alarm.charter --as chen",
    ):
        desk.type(line)
        assert desk.code == 0, line


def react(desk: Desk, text: str, *more: str) -> int:
    number = json.loads(desk.type(" ".join(["charter start alarm --json --as li", *more])))["number"]
    said = desk.type(f"charter complete {number} react --set what={text} --as li")
    assert desk.code == 0, said
    return int(number)


def figures(desk: Desk) -> dict[str, Any]:
    """Gives what every verb says that gives figures, at one time."""
    now, found = desk.at, {}
    desk.at += 40 * 86_400_000_000
    at = desk.at
    desk.type("charter tick --as chen")
    for line in FIGURES:
        desk.at = at
        found[line] = json.loads(desk.type(f"{line} --as chen"))
    desk.at = now
    return found


def test_no_figure_is_another_for_a_drill(desk: Desk, tmp_path: Path) -> None:
    office(desk, tmp_path)
    react(desk, "smoke")
    before = figures(desk)
    drilled = react(desk, "gas", "--drill")
    assert figures(desk) == before
    react(desk, "water")
    after = figures(desk)
    assert {line for line in FIGURES if after[line] == before[line]} <= {"charter kpi --history --json"}
    assert drilled == 2


def test_a_drill_is_seen_as_one_and_reaches_nobody_outside(desk: Desk, tmp_path: Path) -> None:
    office(desk, tmp_path)
    react(desk, "smoke")
    assert len(json.loads(desk.type("charter inbox --notices --json --as gu"))) == 1
    number = react(desk, "gas", "--drill")
    assert len(json.loads(desk.type("charter inbox --notices --json --as gu"))) == 1
    assert "CH617" in desk.type(f"charter show {number} --as chen") + desk.type(f"charter audit log {number} --as chen")
    assert json.loads(desk.type(f"charter show {number} --json --as chen"))["drill"] is True
    log = desk.type(f"charter audit log {number} --as chen")
    assert "drill" in log and "filing withheld" in log
    assert [row["drill"] for row in json.loads(desk.type("charter cases --json --as chen"))] == [True, False]
    json.loads(desk.type("charter start alarm --drill --json --as li"))
    assert [row["drill"] for row in json.loads(desk.type("charter inbox --json --as li"))] == [True]
    assert [row["drill"] for row in json.loads(desk.type("charter board --json --as chen"))] == [True]
    assert "(drill)" in desk.type("charter gantt --as chen")
    assert "sound" in desk.type("charter audit verify --as chen") and desk.code == 0


def test_a_drill_is_in_no_queue(desk: Desk, tmp_path: Path) -> None:
    office(desk, tmp_path)
    for more, allowed in (("--drill", True), ("", True), ("--drill", True), ("", False)):
        number = json.loads(desk.type(f"charter start alarm --json --as li {more}"))["number"]
        desk.type(f"charter claim {number} react --as li")
        assert (desk.code == 0) == allowed


@pytest.fixture(autouse=True)
def _one_language(request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["desk"] != "en":
        pytest.skip("what is counted is the same in every language")
