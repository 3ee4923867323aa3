"""Laws of calendars: spans added and time counted, against a walk minute by minute, day by day, and python-dateutil."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from charter.engine import calendars
from charter.engine.days import PublicDays, Year
from charter.engine.definition import Calendar, Day
from charter.engine.feel.own import Span
from charter.engine.feel.temporal import Date
from charter.engine.hours import Line

MINUTE = 60_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONDAY = 1_772_442_000_000_000  # 2 March 2026, 09:00 UTC
MANY_MINUTES = 12 * 1440

ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo")
zones = st.sampled_from(ZONES)
# Two years: each zone changes its clock four times in them, where it does.
instants = st.integers(0, 730 * 1440).map(lambda minutes: MONDAY + minutes * MINUTE)


@st.composite
def hours(draw: st.DrawFn, latest: int = 5 * 60) -> tuple[tuple[int, int], ...]:
    """Opening hours of a day, the last ones perhaps into the next; none begins or ends where a clock may be changed."""
    marks = sorted(draw(st.sets(st.integers(5 * 60, 22 * 60), min_size=2, max_size=4)))
    found = [(marks[i], marks[i + 1]) for i in range(0, len(marks) - 1, 2)]
    if draw(st.integers(0, 3)) == 0:
        found[-1] = (found[-1][0], 1440 + draw(st.integers(4 * 60, latest)))
    return tuple(found)


@st.composite
def offices(draw: st.DrawFn, latest: int = 5 * 60) -> Calendar:
    """`latest`: when the hours of the day before are over; beyond 05:00 they may overlap those of a day."""
    week = draw(st.lists(st.one_of(st.just(()), hours(latest)), min_size=7, max_size=7).filter(any))
    near = st.integers(-30, 760).map(lambda days: date(2026, 3, 2) + timedelta(days=days))
    own = draw(st.dictionaries(near, st.one_of(st.just(()), hours(latest)), max_size=12))
    days = tuple(Day(day.isoformat(), hours) for day, hours in sorted(own.items()))
    closed, made_up = (tuple(Day(day.isoformat()) for day in sorted(draw(st.sets(near, max_size=8)))) for _ in range(2))
    public = PublicDays("CN", (Year(2026, closed, made_up),))
    return Calendar(
        "office", draw(zones), tuple(week), days, holidays="CN", public=draw(st.sampled_from((None, public)))
    )


def hours_of(calendar: Calendar, day: date) -> tuple[tuple[int, int], ...]:
    """A day of the calendar's own comes first, then one that is made up for, then one that is off."""
    own = {each.date: each.hours for each in calendar.days}
    usual = next(hours for hours in calendar.hours if hours)
    for year in calendar.public.years if calendar.public is not None else ():
        own = {**{each.date: () for each in year.closed}, **{each.date: usual for each in year.open}, **own}
    return own.get(day.isoformat(), calendar.hours[day.weekday()])


def local(calendar: Calendar, at: int) -> datetime:
    return (EPOCH + timedelta(microseconds=at)).astimezone(ZoneInfo(calendar.zone))


def is_open(calendar: Calendar, at: int) -> bool:
    """Looks at the clock on the wall."""
    clock = local(calendar, at)
    minute, today = clock.hour * 60 + clock.minute, clock.date()
    there = ((today, minute), (today - timedelta(days=1), minute + 1440))
    return any(opens <= m < closes for day, m in there for opens, closes in hours_of(calendar, day))


@settings(deadline=None, max_examples=150)
@given(offices(12 * 60), instants, st.integers(0, MANY_MINUTES))
def test_working_time_is_what_a_walk_counts(calendar: Calendar, at: int, minutes: int) -> None:
    walked = sum(is_open(calendar, at + n * MINUTE) for n in range(minutes))
    assert calendars.worked(calendar, at, at + minutes * MINUTE) == walked * MINUTE


@settings(deadline=None)
@given(offices(), instants, st.integers(1, 500 * 60))
def test_working_time_comes_out_as_it_went_in(calendar: Calendar, at: int, minutes: int) -> None:
    later = calendars.add(calendar, at, Span(working_seconds=minutes * 60))
    earlier = calendars.add(calendar, at, Span(working_seconds=-minutes * 60))
    assert later is not None and earlier is not None
    assert calendars.worked(calendar, at, later) == calendars.worked(calendar, earlier, at) == minutes * MINUTE
    # It is the very instant: a minute less would not do.
    assert is_open(calendar, later - MINUTE) and is_open(calendar, earlier)


@settings(deadline=None)
@given(offices(), st.lists(instants, min_size=3, max_size=3).map(sorted))
def test_working_time_is_the_sum_of_its_parts(calendar: Calendar, at: list[int]) -> None:
    whole, *parts = (calendars.worked(calendar, *pair) for pair in ((at[0], at[2]), (at[0], at[1]), (at[1], at[2])))
    assert whole == sum(parts)


@settings(deadline=None)
@given(offices(), st.lists(st.tuples(instants, st.integers(-4000, 4000)), min_size=1, max_size=6))
def test_what_was_asked_before_changes_no_answer(calendar: Calendar, asked: list[tuple[int, int]]) -> None:
    used = Line(calendar)
    for at, minutes in asked:
        move = "forward" if minutes > 0 else "backward"
        work = max(abs(minutes), 1) * MINUTE
        assert getattr(used, move)(at, work) == getattr(Line(calendar), move)(at, work)
        assert used.worked(at, at + work) == Line(calendar).worked(at, at + work)


SPANS = st.one_of(
    st.builds(Span, seconds=st.integers(1, 90).map(lambda n: n * 3600)),
    st.builds(Span, days=st.integers(1, 40)),
    st.builds(Span, months=st.integers(1, 14)),
    st.builds(Span, working_days=st.integers(1, 25)),
    st.builds(Span, working_seconds=st.integers(1, 60).map(lambda n: n * 1800)),
)


@settings(deadline=None)
@given(offices(), instants, SPANS, st.integers(1, 12))
def test_a_rhythm_comes_round_in_order_and_is_counted_so(calendar: Calendar, at: int, span: Span, number: int) -> None:
    rounds = [calendars.turn(calendar, at, span, n) for n in range(1, number + 2)]
    assert all(comes is not None for comes in rounds)
    assert rounds == sorted(set(rounds), key=lambda comes: comes or 0)
    *_, last, after = rounds
    assert last is not None and after is not None
    for known in (0, number - 1, number):
        assert calendars.turns_by(calendar, at, span, last, known) == number
    assert calendars.turns_by(calendar, at, span, after - 1) == number
    assert calendars.turns_by(calendar, at, span, last - 1) == number - 1


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/New_York"])
@settings(deadline=None, max_examples=40)
@given(instants, st.integers(1, 40))
def test_units_are_kept_apart(zone: str, at: int, number: int) -> None:
    calendar = Calendar("c", zone, (((0, 1440),),) * 7)
    there = local(calendar, at)
    days, hours, working = (
        calendars.add(calendar, at, span)
        for span in (Span(days=number), Span(seconds=number * 86_400), Span(working_seconds=number * 86_400))
    )
    assert days is not None and hours is not None and working is not None
    # Hours are hours whatever the clock does; a day is a step to the same time by the clock.
    assert hours - at == number * 86_400_000_000
    assert working == hours  # it is always open
    moved = there.replace(tzinfo=None) + timedelta(days=number)
    offset = there.utcoffset(), local(calendar, days).utcoffset()
    if local(calendar, days).replace(tzinfo=None) == moved:
        assert hours - days == (offset[1] - offset[0]) // timedelta(microseconds=1)  # type: ignore[operator]


def working_dates(calendar: Calendar, start: date, step: int) -> Iterator[date]:
    """The dates after (or before) one that have hours."""
    while True:
        start += timedelta(days=step)
        if hours_of(calendar, start):
            yield start


def nth(calendar: Calendar, start: date, number: int) -> date:
    dates = working_dates(calendar, start, 1 if number > 0 else -1)
    return [next(dates) for _ in range(abs(number))][-1]


@settings(deadline=None)
@given(offices(), instants, st.integers(-30, 30).filter(bool))
def test_working_days_are_counted_on_the_calendar(calendar: Calendar, at: int, number: int) -> None:
    found = calendars.add(calendar, at, Span(working_days=number))
    today = local(calendar, at).date()
    after = calendars.reckon(calendar, Date(today.year, today.month, today.day), Span(working_days=number))
    assert found is not None and isinstance(after, Date)
    assert date(after.year, after.month, after.day) == nth(calendar, today, number)
    assert (found > at) == (number > 0)
    overnight = any(closes > 1440 for day in (*calendar.hours, *(d.hours for d in calendar.days)) for _, closes in day)
    if is_open(calendar, at) and not overnight:
        there = local(calendar, found)
        assert there.date() == nth(calendar, today, number)
        opens, closes = hours_of(calendar, there.date())[0][0], hours_of(calendar, there.date())[-1][1]
        minute = local(calendar, at).hour * 60 + local(calendar, at).minute
        assert there.hour * 60 + there.minute == min(max(minute, opens), closes)


@settings(deadline=None)
@given(offices(), instants, st.integers(1, 30), st.sampled_from(("working_days", "days", "months")))
def test_days_that_end_at_close_do_not_count_the_first(calendar: Calendar, at: int, number: int, unit: str) -> None:
    legal = replace(calendar, ends_at_close=True)
    found = calendars.term(legal, at, Span(**{unit: number}))
    assert found is not None
    if any(closes > 1440 for day in (*calendar.hours, *(d.hours for d in calendar.days)) for _, closes in day):
        return  # a shift belongs to the day on which it begins: asked below
    today, last = local(calendar, at).date(), local(calendar, found).date()
    if unit == "working_days":
        assert last == nth(calendar, today, number)
    else:
        plain = calendars.add(calendar, at, Span(**{unit: number}))
        assert plain is not None
        assert last == nth(calendar, local(calendar, plain).date() - timedelta(days=1), 1)
    closing = hours_of(calendar, last)[-1][1]
    assert local(calendar, found).hour * 60 + local(calendar, found).minute == closing


@settings(deadline=None)
@given(zones, st.integers(0, 12 * 365 * 1440), st.integers(-30, 30), st.integers(-400, 400))
def test_months_and_days_are_those_of_dateutil(zone: str, minute: int, months: int, days: int) -> None:
    relativedelta = pytest.importorskip("dateutil.relativedelta").relativedelta
    tz = pytest.importorskip("dateutil.tz")
    at = MONDAY + minute * MINUTE
    found = calendars.add(Calendar("c", zone), at, Span(months=months, days=days))
    there = local(Calendar("c", zone), at)
    moved = tz.resolve_imaginary(there.replace(tzinfo=tz.gettz(zone), fold=0) + relativedelta(months=months, days=days))
    assert found is not None
    if months or days:
        assert local(Calendar("c", zone), found).replace(tzinfo=None, fold=0) == moved.replace(tzinfo=None, fold=0)


OFFICE = Calendar("office", "Asia/Shanghai", (((540, 720), (810, 1080)),) * 5 + ((),) * 2)
NIGHT = Calendar("night", "Europe/Berlin", (((1320, 1800),),) * 5 + ((),) * 2)
LEGAL = Calendar("legal", "Asia/Shanghai", OFFICE.hours, ends_at_close=True)
SPRING = Calendar(
    "spring",
    "Asia/Shanghai",
    OFFICE.hours,
    (Day("2026-02-14", ((540, 1080),), "调休"), *(Day(f"2026-02-{day}") for day in range(16, 24))),
)


@pytest.mark.parametrize(
    ("calendar", "start", "span", "end"),
    [
        # A break counts as the time at which it ends; Saturday counts from Monday's opening.
        (OFFICE, "2026-03-02 12:00", Span(working_seconds=3600), "2026-03-02 14:30"),
        (OFFICE, "2026-03-07 08:00", Span(working_days=1), "2026-03-09 18:00"),
        (OFFICE, "2026-03-07 08:00", Span(working_seconds=27000), "2026-03-09 18:00"),
        # The night of Friday is Friday's, also where the clock is set forward in it.
        (NIGHT, "2026-03-06 23:00", Span(working_days=1), "2026-03-09 23:00"),
        (NIGHT, "2026-03-07 03:00", Span(working_days=1), "2026-03-10 03:00"),
        (NIGHT, "2026-03-07 03:00", Span(working_seconds=4 * 3600), "2026-03-09 23:00"),
        # Make-up work on a Saturday before a week of holidays.
        (SPRING, "2026-02-13 17:00", Span(working_days=1), "2026-02-14 17:00"),
        (SPRING, "2026-02-13 17:00", Span(working_days=2), "2026-02-24 17:00"),
        (SPRING, "2026-02-14 17:00", Span(working_seconds=7200), "2026-02-24 10:00"),
        # The day of the event does not count; the last day ends at closing, or the next one that has hours.
        (LEGAL, "2026-03-02 10:00", Span(working_days=1), "2026-03-03 18:00"),
        (LEGAL, "2026-03-02 07:00", Span(working_days=1), "2026-03-03 18:00"),
        (LEGAL, "2026-03-07 08:00", Span(working_days=1), "2026-03-09 18:00"),
        (LEGAL, "2026-03-04 10:00", Span(days=3), "2026-03-09 18:00"),
        (LEGAL, "2026-03-02 10:00", Span(working_seconds=3600), "2026-03-02 11:00"),
    ],
)
def test_by_hand(calendar: Calendar, start: str, span: Span, end: str) -> None:
    zone = ZoneInfo(calendar.zone)
    at, there = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in (start, end))
    found = calendars.term(calendar, int(at.timestamp()) * 1_000_000, span)
    assert found is not None and local(calendar, found) == there
