"""The laws of service-level clocks in cases: a fold over the entries, each share once a cycle, nothing by looking."""

from __future__ import annotations

from collections import Counter
from unittest.mock import patch

from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from charter.engine import commands as c, sla, values
from charter.engine.entries import Entry
from charter.engine.entries.clocks import (
    ClockPaused,
    ClockRecounted,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ThresholdReached,
)
from charter.engine.plan.program import prepare
from charter.engine.sla import Clock, Terms
from charter.engine.state import NEW, CaseState, from_json, to_json
from charter.engine.step import services
from charter.engine.step.transition import step
from tests.written import process

MINUTE = 60_000_000
MONDAY = 1_772_442_000_000_000  # 2 March 2026, 09:00 UTC
DESK = process(
    """process desk
  input request
  role clerk
  role lead
  record request
    urgent boolean
  activity answer
    role   clerk
    within 6 working hours
  activity check
    role  clerk
    after answer
  activity again
    role  clerk
    after answer
  sla response
    pauses while  answer.suspended
    stops when    answer.done
    restarts when again.done
    target        4 working hours
    target        90 minutes when request.urgent
    at 50%        notify clerk
    at breach     escalate to lead
    at 200%       notify lead
"""
)
LI = c.Actor("li", ("clerk", "lead"))
DEEDS = ("suspend", "resume", "complete answer", "complete again", "hurry", "calm", "look")

moves = st.lists(st.tuples(st.integers(0, 600), st.sampled_from(DEEDS)), min_size=1, max_size=12)


def command(deed: str, at: int) -> c.Command:
    verb, _, node = deed.partition(" ")
    match verb:
        case "suspend":
            return c.Suspend(actor=LI, at=at, node="answer")
        case "resume":
            return c.Resume(actor=LI, at=at, node="answer")
        case "complete":
            return c.Complete(actor=LI, at=at, node=node)
        case "hurry" | "calm":
            return c.Amend(actor=LI, at=at, record="request", value={"urgent": verb == "hurry"}, reason="other")
    return c.Comment(actor=LI, at=at, text="?")


def played(deeds: list[tuple[int, str]], *, looking: bool = False, kept: bool = False) -> tuple[CaseState, list[Entry]]:
    """Plays deeds with the ticks that come due; `looking`: with ticks between; `kept`: the state written and read."""
    at = MONDAY
    start = c.Start(actor=LI, at=at, case="case", records=(("request", {"urgent": False}),), law=1)
    state, entries = NEW, []

    def do(order: c.Command) -> None:
        nonlocal state
        done = step(DESK, state, order)
        state = from_json(to_json(done.state)) if kept else done.state
        entries.extend(done.entries)

    def pass_until(end: int) -> None:
        while state.wake is not None and state.wake <= end:
            do(c.Tick(actor=c.SYSTEM, at=state.wake))

    do(start)
    for minutes, deed in deeds:
        if looking:
            pass_until(at + minutes * MINUTE // 2)
            do(c.Tick(actor=c.SYSTEM, at=at + minutes * MINUTE // 2))
        at += minutes * MINUTE
        pass_until(at)
        do(command(deed, at))
    return state, entries


def told(entries: list[Entry]) -> list[Entry]:
    """What happened to the clock, without where in a step it stands."""
    kinds = (ClockStarted, ClockPaused, ClockResumed, ClockStopped, ClockRecounted, ThresholdReached)
    return [replace(entry, cause=None, command=None) for entry in entries if isinstance(entry.told, kinds)]


@settings(max_examples=60, deadline=None)
@given(moves)
def test_a_clock_is_a_fold_over_its_entries(deeds: list[tuple[int, str]]) -> None:
    state, entries = played(deeds)
    calendar = prepare(DESK).slas["response"].calendar
    clock, terms = Clock(), Terms(calendar)
    for entry in entries:
        match entry.told:
            case ClockStarted():
                clock = sla.restart(clock, entry.at, terms) if clock.cycle else sla.start(clock, entry.told.since)
                terms = Terms(calendar, values.decode(entry.told.target))
                assert entry.told.cycle == clock.cycle
            case ClockPaused():
                clock = sla.pause(clock, entry.at)
                assert entry.told.elapsed == sla.elapsed(clock, terms, entry.at)
            case ClockResumed():
                clock = sla.resume(clock, entry.at)
                assert entry.told.due == sla.reached(clock, terms)
            case ClockRecounted():
                terms = Terms(calendar, values.decode(entry.told.target))
                assert entry.told.due == sla.reached(clock, terms)
            case ClockStopped():
                clock = (sla.cancel if entry.told.verdict is None else sla.stop)(clock, entry.at)
                read = sla.reading(clock, terms, entry.at)
                assert (entry.told.state, entry.told.elapsed) == (read.state, read.elapsed)
    assert clock == state.clocks["response"].clock


@settings(max_examples=60, deadline=None)
@given(moves)
def test_a_look_that_is_left_out_would_have_found_nothing(deeds: list[tuple[int, str]]) -> None:
    """A step that changes nothing that a clock reads leaves it as a look would, to the entry."""
    found = played(deeds)
    with patch.object(services, "_unmoved", lambda *_: False):
        assert played(deeds) == found


@settings(max_examples=60, deadline=None)
@given(moves)
def test_each_share_acts_once_a_cycle_and_is_told_when_it_is_withdrawn(deeds: list[tuple[int, str]]) -> None:
    fired: Counter[int] = Counter()
    for entry in told(played(deeds)[1]):
        if isinstance(entry.told, ClockStarted):
            fired.clear()
        elif isinstance(entry.told, ThresholdReached):
            fired[entry.told.percent] += 1
            assert fired[entry.told.percent] == 1 and entry.told.due <= entry.at
        elif isinstance(entry.told, ClockRecounted):
            for percent in entry.told.withdrew:
                assert fired.pop(percent) == 1


@settings(max_examples=40, deadline=None)
@given(moves)
def test_looking_and_restarting_change_nothing(deeds: list[tuple[int, str]]) -> None:
    """Ticks in between, and a state that was written down after each step, lead to the same clock and its entries."""
    state, entries = played(deeds)
    for other, more in (played(deeds, looking=True), played(deeds, kept=True)):
        assert other.clocks == state.clocks and told(more) == told(entries)


@settings(max_examples=40, deadline=None)
@given(moves)
def test_what_wakes_a_case_is_over_once_it_has_been_woken(deeds: list[tuple[int, str]]) -> None:
    """A case with clocks and due dates comes to rest: no tick asks for its own instant again."""
    state, _ = played(deeds)
    for _ in range(40):
        if state.wake is None:
            return
        tick = c.Tick(actor=c.SYSTEM, at=max(state.wake, MONDAY))
        state = step(DESK, state, tick).state
        assert state.wake is None or state.wake > tick.at
    raise AssertionError("wakes without end")
