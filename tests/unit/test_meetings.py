"""Meetings as people meet them: to-dos in the inbox of those whose they are, and rounds that nobody held."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded

from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.worker import Worker

SHIPPED = Path(__file__).parents[2] / "processes"
PEOPLE = {"chen": "project_manager", "sun": "team_member", "zhou": "team_member"}
WEEK = 7 * 86_400_000_000


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(SHIPPED)
    notes = {"progress": "p", "problems": [], "decisions": []}
    series = {"topic": "doors", "complexity": "复杂", "wish": "每周", "members": ["sun", "zhou"]}
    action = {"what": "fetch the drawings", "owner": "zhou", "due": "2026-03-30"}
    (tmp_path / "notes.json").write_text(json.dumps({**notes, "actions": [action]}), "utf-8")
    (tmp_path / "series.json").write_text(json.dumps(series), "utf-8")
    with founded(tmp_path / "a.db", "root") as store:
        desk = Desk(store, "en")
        desk.reader = "root"
        desk.type("charter deploy project_meeting.charter --as root")
        for person, role in PEOPLE.items():
            desk.type(f"charter people add {person} --name {person} --as root")
            desk.type(f"charter people grant {person} {role} --process project_meeting --as root")
        desk.type("charter start project_meeting --as chen")
        desk.type(f"charter complete 1 convene --data '{tmp_path}/series.json' --as chen")
        desk.type("charter complete 1 regular_attend[1] --as sun")
        desk.type("charter complete 1 regular_attend_project_manager --as chen")
        done = f"charter complete 1 regular_minutes --data '{tmp_path}/notes.json' --check check1 --check check2"
        said = desk.type(f"{done} --as chen")
        assert desk.code == 0, said
        yield desk


def test_a_todo_is_in_the_inbox_of_its_owner_in_its_own_words(desk: Desk) -> None:
    assert "fetch the drawings" in desk.type("charter inbox --as zhou")
    assert "fetch the drawings" not in desk.type("charter inbox --as sun") + desk.type("charter inbox --as chen")
    desk.type("charter complete 1 regular_todo[1] --as sun")
    assert desk.code == 3
    desk.type("charter complete 1 regular_todo[1] --as zhou")
    assert desk.code == 0 and verify(desk.store).sound


def test_a_todo_is_on_the_agenda_of_the_next_meeting(desk: Desk) -> None:
    assert "on the agenda of regular_minutes" not in desk.type("charter show 1 --as chen")
    desk.at += WEEK + 3_600_000_000
    Worker(Cases(desk.store, clock=lambda: desk.at)).run(once=True)
    desk.type("charter complete 1 regular_attend_project_manager --as chen")
    desk.type("charter confirm 1 regular_minutes --check check1 --as chen")
    said = desk.type("charter show 1 --as chen")
    agenda = [" ".join(line.split()[:5]) for line in said.partition("on the agenda of")[2].splitlines()[1:4]]
    assert agenda == ["✓ check1 项目进展", "○ check2 问题和需要协调的事项", "○ todos[1] fetch the drawings"]
    assert "fetch the drawings zhou" in " ".join(said.split())


def test_rounds_that_nobody_held_are_made_up_one_by_one(desk: Desk) -> None:
    desk.at += 3 * WEEK + 3_600_000_000
    for reason in ("a holiday", "a holiday", "still one"):
        Worker(Cases(desk.store, clock=lambda: desk.at)).run(once=True)
        assert "regular_attend_project_manager" in desk.type("charter inbox --as chen")
        desk.type("charter skip 1 regular_minutes --as chen")
        assert desk.code == 3  # without a reason
        desk.type(f"charter skip 1 regular_minutes -m '{reason}' --as chen")
        assert desk.code == 0
    Worker(Cases(desk.store, clock=lambda: desk.at)).run(once=True)
    assert "regular_attend" not in desk.type("charter inbox --as chen")
    assert "regular_todo[1]" in desk.type("charter inbox --as zhou")
