"""Hours of people: given, kept, shown in their inbox, and heeded where work is assigned; due dates do not move."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from tests.desk import Desk
from tests.founded import founded

from charter.engine.days import Calendar
from charter.runtime.audit.verify import verify
from charter.runtime.author.own_hours import Wrong, read
from charter.runtime.people.files import lines_of

TEXT = """calendar office
  zone Asia/Shanghai
  Monday to Friday 09:00-18:00
process p
  calendar office
  owner boss
  role boss
  role clerk
  activity answer
    role   clerk
    within 4 working hours
  activity given
    role   clerk
    assign in turn
    within 4 working hours
"""
MONDAY = int(datetime.fromisoformat("2026-03-02T09:00:00+08:00").timestamp()) * 1_000_000


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.charter").write_text(TEXT, "utf-8")
    with founded(tmp_path / "charter.db", by="zhou") as store:
        found = Desk(store, "en")
        found.at, found.reader = MONDAY, "zhou"
        found.type("charter people grant zhou boss --as zhou")
        for who in ("an", "bo"):
            found.type(f"charter people add {who} --as zhou")
            found.type(f"charter people grant {who} clerk --as zhou")
        found.type("charter deploy p.charter --as zhou")
        yield found


def rows(desk: Desk, who: str) -> dict[str, dict[str, object]]:
    return {row["element"]: row for row in json.loads(desk.type(f"charter inbox --json --as {who}"))}


def test_hours_tell_what_is_left_and_move_no_date(desk: Desk) -> None:
    desk.type("charter start p --as zhou")
    before = rows(desk, "bo")["answer"]
    assert "own_minutes" not in before
    desk.type("charter people hours bo 'zone Asia/Shanghai; Monday 12:00-12:30' --as zhou")
    assert rows(desk, "bo")["answer"] == {**before, "own_minutes": 30}
    assert "30 minutes of your hours" in desk.type("charter inbox --as bo")
    desk.type("charter claim 1 answer --as bo")
    assert rows(desk, "bo")["answer"]["due"] == before["due"]
    # The calendar of the organisation is named, and may change for all who work by it.
    desk.type("charter calendar define late 'zone Asia/Shanghai; Monday to Friday 14:00-20:00' --as zhou")
    desk.type("charter people hours bo late --as zhou")
    assert "none of your hours" in desk.type("charter inbox --as bo")
    desk.type("charter calendar define late 'zone Asia/Shanghai; Monday 11:00-12:00' --as zhou")
    assert rows(desk, "bo")["answer"]["own_minutes"] == 60
    assert json.loads(desk.type("charter people show bo --json"))["hours"] == {"lines": [], "calendar": "late"}
    assert "late" in desk.type("charter people show bo") and "11:00-12:00" in desk.type("charter calendar list")
    desk.type("charter people hours bo --as zhou")
    assert "own_minutes" not in rows(desk, "bo")["answer"]
    assert verify(desk.store).truth.sound


def test_work_goes_to_who_works_before_it_is_due(desk: Desk) -> None:
    desk.type("charter people hours an 'zone Asia/Shanghai; Tuesday 09:00-18:00' --as zhou")
    for case in ("1", "2"):
        desk.type("charter start p --as zhou")
        assert "given" in rows(desk, "bo"), case
    # Where nobody does, it goes to somebody all the same.
    desk.type("charter people hours bo 'zone Asia/Shanghai; Tuesday 09:00-18:00' --as zhou")
    desk.type("charter start p --as zhou")
    assert rows(desk, "an")["given"]["why"] == "held"
    assert verify(desk.store).truth.sound


def test_a_file_of_people_gives_hours(desk: Desk) -> None:
    file = Path("people.yaml")
    file.write_text('people: [{id: an, hours: [时区 Asia/Shanghai, "周一至周四 09:00-13:00"]}]', "utf-8")
    assert "1 person" in desk.type("charter people import people.yaml --as zhou")
    desk.type("charter people import people.yaml --as zhou")
    told = json.loads(desk.type("charter audit query 'kind = \"hours_given\"' --json"))
    assert len(told) == 1 and told[0]["data"]["body"]["zone"] == "Asia/Shanghai"
    file.write_text("people: [{id: an, hours: [Monday 09:00-08:00]}]", "utf-8")
    refused = desk.type("charter people import people.yaml --as zhou")
    assert "Monday 09:00-08:00" in refused and "CH222" in refused and desk.code == 1
    assert "CH584" in desk.type("charter people hours an 'Monday 09:00-10:00' --as bo") and desk.code == 3
    assert "late; night" in desk.type("charter calendar define 'late; night' 'Monday 09:00-10:00' --as zhou")
    assert desk.code == 2
    assert "CH584" in desk.type("charter calendar define x 'Monday 09:00-10:00' --as bo")


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (("Monday 09:00-12:00", "Mondays 13:00-14:00"), "Mondays 13:00-14:00"),
        (("zone Moon/Base",), "zone Moon/Base"),
        (("process x",), "process x"),
        (("closed 2026-02-30",), "closed 2026-02-30"),
        ((), ""),
    ],
)
def test_the_line_that_is_wrong_is_told(lines: tuple[str, ...], wrong: str) -> None:
    found = read(lines)
    assert isinstance(found, Wrong) and found.line == wrong


@settings(deadline=None, max_examples=30)
@given(st.text(max_size=60))
def test_any_text_is_hours_or_wrong(text: str) -> None:
    assert isinstance(read(lines_of(text)), Calendar | Wrong)
