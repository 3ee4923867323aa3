"""The questions that auditors ask of all cases, by name, on a trail whose answers are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.desk import Desk

from charter.runtime.store import create_store

TEXT = """process buy "Buy"
  owner chief
  role chief "chief"
  role clerk "clerk"
  role boss "boss"
  record req "Request"
    what text "what"
  phase rounds "Rounds"
    repeat until req.what = "tea"
    activity ask "Ask"
      role clerk
      output req
      within 1 day
    approval agree "Agree"
      of req
      by boss
"""
STORY = """
charter init --no-key --as zhou
charter people add ann --as zhou
charter people add bob --as zhou
charter people grant ann clerk --as zhou
charter people grant ann boss --as zhou
charter people grant bob boss --as zhou
charter people grant zhou chief --as zhou
charter deploy buy.charter --as zhou
charter start buy --as ann
charter complete 1 ask --set what=gin --as ann
charter approve 1 agree --as ann
charter complete 1 ask --set what=tea --as ann
charter approve 1 agree --as bob
charter start buy --as ann
charter people revoke bob boss --as zhou
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("asking")
    (folder / "buy.charter").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patch, create_store(str(folder / "charter.db")) as store:
        patch.chdir(folder)
        one = Desk(store, "en")
        one.play(STORY)
        yield one


def asked(desk: Desk, question: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(desk.type(f"charter audit ask {question} --json --as zhou"))
    return found


def test_votes_on_what_one_wrote_are_found(desk: Desk) -> None:
    found = asked(desk, "own-approvals")
    assert [(each["number"], each["element"], each["person"], each["record_version"]) for each in found] == [
        (1, "agree", "ann", 1)
    ]
    assert asked(desk, "own-approvals --actor bob") == [] and asked(desk, "own-approvals --since 2027-01-01") == []


def test_times_of_approvers_are_those_between_entries(desk: Desk) -> None:
    found = {each["person"]: each for each in asked(desk, "approval-times")}
    assert {name: (each["count"], each["mean_seconds"], each["longest_seconds"]) for name, each in found.items()} == {
        "ann": (1, 60, 60),
        "bob": (1, 60, 60),
    }


def test_who_held_a_role_is_told_of_any_time(desk: Desk) -> None:
    granted = json.loads(desk.type("charter audit query --kind role_granted --json --as zhou"))[-2]["at"]
    now = {(each["person"], each["role"]) for each in asked(desk, "roles")}
    then = {(each["person"], each["role"]) for each in asked(desk, f"roles --at {granted}")}
    assert ("bob", "boss") in then - now and ("ann", "boss") in then & now and ("zhou", "chief") in now - then


def test_states_and_late_work_are_those_of_then(desk: Desk) -> None:
    assert [(each["number"], each["status"], each["open_elements"]) for each in asked(desk, "states")] == [
        (1, "completed", []),
        (2, "open", ["rounds", "ask"]),
    ]
    assert asked(desk, "states --at 2026-01-01") == [] == asked(desk, "late")
    # nobody need have looked meanwhile: what was due then is late
    desk.at += 3 * 86_400_000_000
    found = asked(desk, "late")
    assert [(each["number"], each["element"], each["holder"]) for each in found] == [(2, "ask", None)]
    assert 0 < found[0]["late_seconds"] < 3 * 86_400


def test_looks_and_rounds_are_told(desk: Desk) -> None:
    desk.type("charter show 1 --as bob")
    found = asked(desk, "seen --case 1 --actor bob")
    assert {(each["person"], each["verb"]) for each in found} == {("bob", "case")}
    assert [(each["number"], each["element"], each["rounds"]) for each in asked(desk, "rounds")] == [(1, "rounds", 2)]


def test_every_answer_is_a_table_too_and_for_auditors_alone(desk: Desk) -> None:
    listed = [each["question"] for each in json.loads(desk.type("charter audit ask --json --as zhou"))]
    for question in listed:
        assert desk.type(f"charter audit ask {question} --as zhou") and desk.code == 0, question
    assert "own-approvals" in desk.type("charter audit ask own-aprovals --as zhou") and desk.code == 2
    desk.type("charter audit ask roles --as ann")
    assert desk.code == 3


def test_answers_are_counted_in_groups_with_their_figures(desk: Desk) -> None:
    said = desk.type("charter audit query --case 1 --kind granted --by actor --json --as zhou")
    assert json.loads(said) == [{"group": "ann", "count": 1}, {"group": "bob", "count": 1}]
    line = "charter audit query --kind written --by '[kind, record]' --of seq --json --as zhou"
    (found,) = json.loads(desk.type(line))
    assert found["group"] == ["written", "req"] and found["count"] == 2
    assert found["p50"] <= found["p90"] and found["mean"] == found["p50"]
    assert "written, req" in desk.type(line.replace("--json ", "")) and desk.code == 0
    for wrong in ("--by nothing", "--of seq", "--by 'actor +'"):
        desk.type(f"charter audit query {wrong} --as zhou")
        assert desk.code == 2, wrong
