"""The laws of service-level clocks as a fold over (instant, event) pairs, against a walk minute by minute."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings, strategies as st

from charter.engine import calendars, sla
from charter.engine.definition import Calendar
from charter.engine.feel.own import Span
from charter.engine.sla import Clock, Terms

MINUTE = 60_000_000
MONDAY = 1_767_571_200_000_000  # 2026-01-05 00:00 UTC
CALENDARS = (
    Calendar(),
    Calendar("office", "Asia/Shanghai", (((540, 720), (810, 1080)),) * 5 + ((),) * 2),
    Calendar("nights", "UTC", (((1320, 1800),),) * 7),
    Calendar("always", "UTC", (((0, 1440),),) * 7),
)
EVENTS = ("pause", "resume", "stop", "restart", "cancel")

minutes = st.integers(0, 14 * 1440)
spans = st.one_of(
    st.none(),
    st.integers(1, 40).map(lambda n: Span(working_seconds=n * 1800)),
    st.integers(1, 4).map(lambda n: Span(working_days=n)),
    st.integers(1, 72).map(lambda n: Span(seconds=n * 3600)),
    st.integers(1, 5).map(lambda n: Span(days=n)),
)
terms = st.builds(Terms, st.sampled_from(CALENDARS), spans)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, str]]:
    """Draws a start and what follows it, in the order of time, on whole minutes."""
    at = sorted(draw(st.lists(minutes, min_size=1, max_size=8)))
    names = ["start", *draw(st.lists(st.sampled_from(EVENTS), min_size=len(at) - 1, max_size=len(at) - 1))]
    return [(MONDAY + minute * MINUTE, name) for minute, name in zip(at, names, strict=True)]


def walked(events: list[tuple[int, str]], agreed: Terms, until: int) -> int:
    """Counts the minutes of the last cycle in which the clock ran, one by one."""
    open_at = {opens + n * MINUTE for opens, closes in _hours(agreed, until) for n in range((closes - opens) // MINUTE)}
    gone, state, last = 0, "waiting", events[0][0]
    for at, name in [*events, (until, "")]:
        if state == "running":
            ticks = range(last, at, MINUTE)
            gone += sum(tick in open_at for tick in ticks) if sla.in_hours(agreed) else len(ticks)
        last = at
        if name == "start" and state == "waiting":
            state = "running"
        elif name == "restart":
            gone, state = 0, "running"
        elif (name, state) in (("pause", "running"), ("resume", "paused")):
            state = "paused" if name == "pause" else "running"
        elif name in ("stop", "cancel") and state in ("running", "paused"):
            state = "over"
    return gone * MINUTE


def _hours(agreed: Terms, until: int) -> list[tuple[int, int]]:
    found = []
    for opens, closes in calendars.openings(agreed.calendar, MONDAY):
        if opens >= until:
            return found
        found.append((opens, closes))
    return found


@settings(max_examples=60, deadline=None)
@given(histories(), terms, minutes)
def test_elapsed_is_what_a_walk_counts(events: list[tuple[int, str]], agreed: Terms, more: int) -> None:
    until = events[-1][0] + more * MINUTE
    assert sla.elapsed(sla.fold(events, agreed), agreed, until) == walked(events, agreed, until)


@settings(max_examples=100, deadline=None)
@given(histories(), terms, st.lists(minutes, min_size=1, max_size=4))
def test_elapsed_is_additive_over_any_split(events: list[tuple[int, str]], agreed: Terms, cuts: list[int]) -> None:
    """A pause and a resumption at one instant, wherever, change nothing that can be seen."""
    until = MONDAY + 20 * 1440 * MINUTE
    split: list[tuple[int, str]] = []
    state, points = "waiting", sorted({MONDAY + cut * MINUTE for cut in cuts})
    for (at, name), following in pairwise([*events, (until, "")]):
        split.append((at, name))
        state = sla.fold(split, agreed).phase
        for point in points:
            if at <= point <= following[0] and state == "running":
                split += [(point, "pause"), (point, "resume")]
    assert sla.fold(split, agreed) == sla.fold(events, agreed)
    clock = sla.fold(events, agreed)
    if clock.run is not None and clock.run <= points[0]:
        parts = [sla.amount(agreed, a, b) for a, b in pairwise([clock.run, *points, until])]
        assert sum(parts) == sla.amount(agreed, clock.run, until)


@settings(max_examples=100, deadline=None)
@given(histories(), terms, terms, minutes)
def test_other_terms_lose_no_pause(events: list[tuple[int, str]], one: Terms, two: Terms, more: int) -> None:
    """The clock keeps what happened: by whatever terms it was run, it reads alike by the terms that hold."""
    at = events[-1][0] + more * MINUTE
    before, after = sla.fold(events, one), sla.fold(events, two)
    assert sla.reading(before, two, at) == sla.reading(after, two, at)


@settings(max_examples=100, deadline=None)
@given(histories(), terms, minutes)
def test_what_is_reached_agrees_with_what_has_elapsed(events: list[tuple[int, str]], agreed: Terms, more: int) -> None:
    at = events[-1][0] + more * MINUTE
    clock = sla.fold(events, agreed)
    read = sla.reading(clock, agreed, at)
    if read.agreed is None or read.elapsed is None or clock.phase == "waiting":
        assert read.verdict is None and not read.breached
        return
    assert read.remaining == read.agreed - read.elapsed == -(read.gap or 0)
    if read.breached:
        assert read.elapsed >= read.agreed and read.state == "breached"
    if read.elapsed > read.agreed:
        assert read.breached
    assert (read.verdict is None) == (clock.phase != "stopped")
    previous = clock.since
    for percent in (25, 50, 75, sla.BREACH, 150):
        found = sla.reached(clock, agreed, percent)
        if found is None:
            break  # a pause stands before it
        assert previous is not None and found >= previous
        previous = found


def test_a_clock_reads_as_people_expect() -> None:
    """Four working hours from Friday 15:00, two of them paused: what is due, what is left, and what it came to."""
    friday = MONDAY + (4 * 1440 + 15 * 60) * MINUTE
    agreed = Terms(Calendar(), Span(working_seconds=4 * 3600))
    hour = 60 * MINUTE
    clock = sla.start(Clock(), friday)
    assert sla.reached(clock, agreed) == friday + (66 + 2) * hour  # Monday 11:00
    clock = sla.fold([(friday + hour, "pause")], agreed, clock)
    read = sla.reading(clock, agreed, friday + 30 * hour)
    assert (read.state, read.elapsed, read.remaining, read.due) == ("paused", hour, 3 * hour, None)
    clock = sla.fold([(friday + 67 * hour, "resume")], agreed, clock)  # Monday 10:00: two working hours later
    assert sla.reached(clock, agreed) == friday + 70 * hour
    met = sla.reading(sla.stop(clock, friday + 69 * hour), agreed, friday + 900 * hour)
    assert (met.state, met.verdict, met.gap) == ("met", "exceeded", -hour)
    late = sla.reading(sla.stop(clock, friday + 71 * hour), agreed, friday + 900 * hour)
    assert (late.state, late.verdict, late.gap) == ("breached", "missed", hour)
