"""Public days: published, taken from files and the library, counted by, and verified by those of the time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace
from sqlalchemy import select, update
from tests.desk import Desk
from tests.founded import founded
from tests.written import process

from charter.engine import commands as c, law, notices
from charter.engine.calendars import is_provisional
from charter.engine.days import Calendar, Day, Days, PublicDays, Year, days_digest
from charter.engine.plan import waiting
from charter.engine.plan.program import prepare
from charter.engine.replay import replay
from charter.engine.state import NEW, CaseState
from charter.engine.step.transition import step
from charter.runtime.audit.verify import verify
from charter.runtime.author.data import Unreadable
from charter.runtime.author.public_days import NoPublicDays, from_file, from_library
from charter.runtime.host import days
from charter.runtime.host.memory import World
from charter.runtime.store import tables as t

DAY = 86_400_000_000
ROOT = Path(__file__).parents[2]
TEXT = """calendar office
  zone Asia/Shanghai
  Monday to Friday 09:00-12:00, 13:30-18:00
  holidays CN
process p
  calendar office
  owner boss
  role boss
  activity soon
    role   boss
    within 3 working days
  activity later
    role   boss
    within 8 working hours
    due    soon.ready_at + 40 working days
  activity pause
    wait 30 working days
  activity round
    role   boss
    repeat every 5 working days
  activity tour
    wait 1 working hour
    repeat every 5 working days
  activity plain
    role   boss
    within 9 days
  activity eve
    wait until soon.ready_at + 20 working days
  activity held
    role boss
    offered while soon.ready_at + 15 working days < date and time("2026-03-25T00:00:00+08:00")
  phase stage
    exit when soon.ready_at + 15 working days >= limit
    activity inside
      wait 1 minute
  parameter limit datetime = date and time("2026-03-20T09:00:00+08:00") + 2 working days
"""
ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;VALUE=DATE:20260302
DTEND;VALUE=DATE:20260305
SUMMARY:春节（休
 ）
BEGIN:VALARM
TRIGGER:-PT15M
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTART:20260307T000000Z
SUMMARY:春节\\, 补班
END:VEVENT
BEGIN:VEVENT
DTSTART;VALUE=DATE:20270101
DURATION:P1D
X-APPLE-SPECIAL-DAY:WORK-HOLIDAY
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.charter").write_text(TEXT, "utf-8")
    (tmp_path / "days.ics").write_text(ICS, "utf-8")
    with founded(tmp_path / "charter.db", by="zhou") as store:
        found = Desk(store, "en")
        found.reader = "zhou"
        found.type("charter people grant zhou boss --as zhou")
        assert "no public days of CN are published for 2026" in found.type("charter deploy p.charter --as zhou")
        yield found


def due(desk: Desk, case: str) -> dict[str, tuple[str | None, bool]]:
    answer = json.loads(desk.type(f"charter show {case} --json"))
    return {row["element"]: (row["due"], row.get("provisional", False)) for row in answer["waiting"]}


def test_cases_count_by_the_days_that_are_published(desk: Desk) -> None:
    assert "CN 2026: no days are known" in desk.type("charter calendar check") and desk.code == 1
    desk.type("charter start p --as zhou")
    assert due(desk, "1")["soon"] == ("2026-03-05T01:04:00.000000Z", True)
    said = desk.type("charter calendar import days.ics --as zhou")
    assert "1 open case recalculated" in said, said
    # Three days off, and Saturday made up for.
    assert due(desk, "1")["soon"] == ("2026-03-07T10:00:00.000000Z", False)
    assert "nothing changed" in desk.type("charter calendar import days.ics --as zhou")
    desk.type("charter start p --as zhou")
    assert due(desk, "2")["soon"] == due(desk, "1")["soon"]
    told = {entry["kind"] for entry in json.loads(desk.type("charter audit log 1 --json"))}
    assert {"recounted", "redated"} <= told
    desk.type("charter calendar publish 2026 --provisional --as zhou")
    assert due(desk, "1")["soon"] == ("2026-03-07T10:00:00.000000Z", True)
    assert "~2026-03-07" in desk.type("charter show 1") and "~in" in desk.type("charter inbox")
    assert "provisional" in desk.type("charter calendar show")
    assert "2026-03-07  work made up for  春节, 补班" in desk.type("charter calendar show --year 2026")
    assert verify(desk.store).truth.sound
    refused = desk.type("charter calendar publish 2026 --as nobody")
    assert desk.code == 3 and "CH580" in refused, refused


def test_what_publishing_would_move_is_told_beforehand(desk: Desk) -> None:
    desk.type("charter start p --as zhou")
    asked = "charter calendar import days.ics --dry-run --as zhou"
    foreseen = json.loads(desk.type(f"{asked} --json"))["foreseen"][0]["changes"]
    assert "1 open case would be recalculated" in desk.type(asked)
    before = due(desk, "1")
    desk.type("charter calendar import days.ics --as zhou")
    happened = [e for e in json.loads(desk.type("charter audit log 1 --json")) if e["kind"] == "redated"]
    assert [e["element"] for e in foreseen if e["kind"] == "redated"] == [e["element"] for e in happened]
    moved = {e["element"]: (e["was"], e["due"]) for e in foreseen if e["kind"] == "redated"}
    assert moved["soon"] == (before["soon"][0], due(desk, "1")["soon"][0])
    assert json.loads(desk.type(f"{asked} --json"))["foreseen"] == []


MORE = """
  record paper
    text text
  activity write
    role   boss
    output paper
  activity use
    role   boss
    input  paper
    within 3 working days
  kpi recent "Recent cases"
    formula count(cases)
    over cases opened in 3 working days
"""


def test_figures_forecasts_and_simulations_count_by_the_days_in_force(desk: Desk) -> None:
    Path("q.charter").write_text(TEXT.replace("process p", "process q") + MORE, "utf-8")
    desk.at = OPENS + 2 * DAY  # Wednesday
    desk.type("charter deploy q.charter --as zhou")
    desk.type("charter start q --as zhou")
    desk.type("charter complete 1 write --as zhou --set text=a")
    assert "~2026-03-" in desk.type("charter impact 1 paper")
    assert "expected end: ~2026-" in desk.type("charter gantt 1 --as zhou")
    before = json.loads(desk.type("charter gantt 1 --json --as zhou"))
    desk.at = OPENS + 7 * DAY
    figure = "charter kpi q --json"
    assert json.loads(desk.type(figure))[0]["figures"][0]["value"] == 1
    desk.type("charter calendar import days.ics --as zhou")
    # Wednesday is off and Saturday is not, so that it lies four working days back.
    assert json.loads(desk.type(figure))[0]["figures"][0]["value"] == 0
    assert "~" not in desk.type("charter impact 1 paper")
    after = json.loads(desk.type("charter gantt 1 --json --as zhou"))
    assert before["provisional"] and "provisional" not in after and after["ends"] != before["ends"]
    with desk.store.read() as connection:
        definition, now = days.present(connection, process(TEXT)), days.in_force(connection, ("CN",))
    world = World([definition], OPENS)
    case, _ = world.start("p", BOSS)
    assert world.state(case).days == now
    assert world.state(case).nodes["soon"].due == _played(definition, now, OPENS)[0].nodes["soon"].due
    assert world.state(case).nodes["soon"].due != _played(definition, (), OPENS)[0].nodes["soon"].due


def test_a_date_rests_on_every_year_on_its_way() -> None:
    years = (Year(2026), Year(2027, provisional=True), Year(2028))
    calendar = Calendar("c", holidays="CN", public=PublicDays("CN", years))
    summers = [OPENS + n * 365 * DAY for n in range(3)]
    assert [is_provisional(calendar, at) for at in summers] == [False, True, False]
    assert [is_provisional(calendar, at, summers[0]) for at in summers] == [False, True, True]


def test_days_that_were_changed_are_found(desk: Desk) -> None:
    desk.type("charter calendar import days.ics --as zhou")
    desk.type("charter start p --as zhou")
    assert verify(desk.store).truth.sound
    with desk.store.write() as connection:
        body = connection.execute(select(t.public_days.c.body)).scalar_one()
        connection.execute(update(t.public_days).values(body=body.replace("2026-03-07", "2026-03-08")))
    assert not verify(desk.store).truth.sound


def test_every_host_replays_by_the_days_of_the_time(desk: Desk) -> None:
    desk.type("charter start p --as zhou")
    for text in ("20260302", "20260309"):
        Path("days.ics").write_text(ICS.replace("20260302", text).replace("20260305", "20260320"), "utf-8")
        desk.type("charter calendar import days.ics --as zhou")
    desk.type("charter suspend 1 soon --as zhou")
    desk.at += 86_400_000_000
    desk.type("charter calendar publish 2027 --provisional --as zhou")
    desk.type("charter resume 1 soon --as zhou")
    assert verify(desk.store).truth.sound


days_of_2026 = st.sets(st.integers(0, 120), max_size=40).map(
    lambda found: PublicDays(
        "CN",
        (
            Year(
                2026,
                tuple(Day(day.isoformat()) for n in sorted(found) if (day := _day(n)).weekday() < 5),
                tuple(Day(day.isoformat()) for n in sorted(found) if (day := _day(n)).weekday() > 4),
            ),
        ),
    )
)


def _day(number: int) -> date:
    return date(2026, 3, 1) + timedelta(days=number)


OPENS = 1_772_413_200_000_000  # Monday, 2 March 2026, 09:00 in Shanghai
BOSS = c.Actor("bo", ("boss",))


@settings(deadline=None, max_examples=50)
@given(days_of_2026, days_of_2026, st.integers(0, 3 * 1440))
def test_a_case_that_counts_anew_stands_as_if_it_always_had(old: PublicDays, new: PublicDays, later: int) -> None:
    definition = replace(process(TEXT), known_days=(old, new))
    by_old, by_new = ((("CN", days_digest(days)),) for days in (old, new))
    at = OPENS + later * 60_000_000
    recounted, entries = _played(definition, by_old, at, c.Recount(actor=c.SYSTEM, at=at, days=by_new))
    fresh, _ = _played(definition, by_new, at)
    for key, node in fresh.nodes.items():
        found = recounted.nodes[key]
        assert found.due == node.due or found.overdue, key
        if found.state != node.state:
            # What is over stays; what has come due goes on with the next tick.
            assert found.state in ("done", "skipped") or (found.wake or at + 1) <= at, key
            continue
        assert found.wake == node.wake or node.wake is None or node.wake <= at, key
    assert recounted.days == by_new
    assert replay(definition, entries).state == recounted
    assert replay(replace(definition, known_days=(old,)), entries).difference is not None or old == new


def _played(definition: Any, days: Days, until: int, *more: c.Command) -> tuple[CaseState, list[Any]]:
    """Plays a case with its ticks up to an instant, and commands after them."""
    state, entries = NEW, []
    due: list[c.Command] = [c.Start(actor=BOSS, at=OPENS, case="c", days=days, **law.PRESENT._asdict())]
    while due:
        done = step(definition, state, due.pop())
        assert done.refusal is None
        state = done.state
        entries += done.entries
        if state.wake is not None and state.wake <= until:
            due.append(c.Tick(actor=c.SYSTEM, at=state.wake))
    for command in more:
        done = step(definition, state, command)
        assert done.refusal is None
        state = done.state
        entries += done.entries
    return state, entries


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("BEGIN:VCALENDAR", "BEGIN:VCARD", 1),
        ("SUMMARY:春节（休", "SUMMARY 春节（休", 6),
        ("DTSTART;VALUE=DATE:20260302", "DTSTART;VALUE=DATE:20260230", 4),
        ("DTSTART:20260307T000000Z", "DTSTART:20260307T093000Z", 13),
        ("DURATION:P1D", "RRULE:FREQ=YEARLY", 18),
        ("DTSTART;VALUE=DATE:20270101\n", "", 16),
        ("END:VEVENT\nEND:VCALENDAR", "END:VCALENDAR", 16),
        ("END:VEVENT\nBEGIN:VEVENT\nDTSTART:20260307", "BEGIN:VEVENT\nDTSTART:20260307", 3),
        ("DURATION:P1D", "DURATION:P0D", 17),
        ("DURATION:P1D", "DURATION:PT24H", 18),
        ("DURATION:P1D", "RDATE;VALUE=DATE:20270102", 18),
        ("DTEND;VALUE=DATE:20260305", "DTEND;VALUE=DATE:20280305", 4),
        ("DTSTART;VALUE=DATE:20270101", "DTSTART;VALUE=DATE:99990101", 17),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(tmp_path: Path, before: str, after: str, line: int) -> None:
    file = tmp_path / "days.ics"
    assert before in ICS
    file.write_text(ICS.replace(before, after), "utf-8")
    with pytest.raises(Unreadable) as told:
        from_file(str(file))
    assert told.value.arguments["line"] == line


@pytest.mark.parametrize(
    ("lines", "days"),
    [
        ("DTSTART;TZID=Asia/Shanghai:20260501T000000\nDTEND;TZID=Asia/Shanghai:20260503T000000", [1, 2]),
        ('DTSTART;X-NOTE="a;b:c";VALUE=DATE:20260501\nSUMMARY:x', [1]),
        ("DTSTART;VALUE=DATE:2026\n 0501\nDTEND;VALUE=DA\n\tTE:20260502", [1]),
        ("DTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260501", [1]),
        ("DTSTART;VALUE=DATE:20260501\nDURATION:P1W", [1, 2, 3, 4, 5, 6, 7]),
        ("dtstart;value=date:20260501\nSTATUS:CONFIRMED", [1]),
        ("DTSTART;VALUE=DATE:20260501\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20260502\nSTATUS:CANCELLED", [1]),
    ],
)
def test_days_of_an_event(tmp_path: Path, lines: str, days: list[int]) -> None:
    file = tmp_path / "days.ics"
    file.write_text(f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR", "utf-8")
    assert [day.date for year in from_file(str(file)) for day in year.closed] == [f"2026-05-{n:02}" for n in days]


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_file_is_read_or_refused(data: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".ics") as file:
        file.write(data)
        file.flush()
        with pytest.raises(Unreadable):
            from_file(file.name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_files_of_all_programs_are_read(tmp_path: Path, encoding: str, newline: str) -> None:
    file = tmp_path / "days.ics"
    file.write_bytes(ICS.replace("\n", newline).encode(encoding))
    first, second = from_file(str(file))
    assert [day.date for day in first.closed] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert first.closed[0].title == "春节（休）"
    assert [(day.date, day.title) for day in first.open] == [("2026-03-07", "春节, 补班")]
    assert second == Year(2027, (Day("2027-01-01"),))


def test_the_library_knows_what_was_published() -> None:
    pytest.importorskip("holidays")
    chinese = pytest.importorskip("chinese_calendar")
    for number in range(2006, 2027):
        try:
            chinese.is_workday(date(number, 1, 1))
        except NotImplementedError:
            continue
        year = from_library("CN", number)
        closed, made_up = ({day.date for day in days} for days in (year.closed, year.open))
        day = date(number, 1, 1)
        while day.year == number:
            works = day.isoformat() in made_up or (day.weekday() < 5 and day.isoformat() not in closed)
            assert works == chinese.is_workday(day), day
            day += timedelta(days=1)


@pytest.mark.parametrize(("country", "year"), [("XX", 2026), ("DE-XX", 2026), ("CN", 1800)])
def test_what_the_library_does_not_know_is_told(country: str, year: int) -> None:
    with pytest.raises(NoPublicDays):
        from_library(country, year)


def test_who_is_named_hears_that_a_date_has_passed_and_the_owner_of_a_wait_without_end() -> None:
    definition = process(
        """process p
  owner boss
  role boss
  role clerk
  role client
  record answer
    text text
  activity ask
    role clerk
    within 1 day
    on overdue notify client
    output answer
  activity rest
    after ask
    wait 20000 years
"""
    )
    world = World([definition], OPENS)
    clerk = c.Actor("li", ("clerk",))
    case, _ = world.start("p", clerk)
    world.advance(OPENS + 2 * 86_400_000_000)
    world.perform(case, c.Complete(actor=clerk, at=world.clock, node="ask", records=(("answer", {"text": "yes"}),)))
    told = {entry.kind: notices.told(prepare(definition), entry) for entry in world.entries(case)}
    assert told["overdue"] == ("clerk",) and told["notified"] == ("client",) and told["undated"] == ("boss",)
    assert world.state(case).nodes["rest"].state == "active"
    assert [reason.code for reason in waiting.holds(prepare(definition), world.state(case), "rest", world.clock)]
