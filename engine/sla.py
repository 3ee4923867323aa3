"""Service-level clocks: how much time has gone by for somebody, net of pauses, against what has been agreed.

A clock keeps instants alone: since when it counts, the stretches in which it ran, when it ended. Elapsed time, the
instant at which a part of the agreed time is used up, and the verdict follow from these and from `Terms`; so another
target or calendar loses no pause. A target in working time is counted in opening hours, any other in plain time;
without a target, opening hours count. A clock that stops at the very instant at which it is due has missed it.
Instants and amounts are microseconds. Knows no cases: `fold` takes (instant, event) pairs from wherever they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import calendars
from charter.engine.definition import Calendar
from charter.engine.plain import Kept

Phase = Literal["waiting", "running", "paused", "stopped", "cancelled"]
Stretch = tuple[int, int]

# The states of a clock, as people and expressions see them.
STATES = ("waiting", "running", "paused", "met", "breached", "cancelled")
VERDICTS = ("missed", "met", "exceeded")
BREACH = 100
# The phases of a clock that has begun and not ended.
COUNTING = frozenset({"running", "paused"})


class Terms(NamedTuple):
    """What has been agreed: so much time (a Span or a FEEL duration, None for nothing) on a calendar."""

    calendar: Calendar
    target: Any = None


class Cycle(Kept, frozen=True):
    """A cycle that is over, as it was judged when it ended."""

    since: int
    ended: int
    state: str
    elapsed: int | None
    agreed: int | None
    due: int | None = None


class Clock(Kept, frozen=True):
    """Where a clock stands in its present cycle (`cycle` counts from 1; 0: it has not started).

    `since`: the instant from which it counts; `runs`: the stretches in which it ran; `run`: since when it runs now.
    """

    phase: Phase = "waiting"
    cycle: int = 0
    since: int | None = None
    runs: tuple[Stretch, ...] = ()
    run: int | None = None
    ended: int | None = None
    earlier: tuple[Cycle, ...] = ()


class Service(Kept, frozen=True):
    """A clock in a case: `key` as a node's, `target` (encoded) and `due` as they were at the latest look.

    `fired`: the shares of this cycle that were used up, in per cent. `again`: `restarts` held at the latest look;
    `held`: `stops` has held since the cycle began, so that it must first cease.
    """

    key: str
    name: str
    clock: Clock = Clock()
    target: Any = None
    due: int | None = None
    fired: tuple[int, ...] = ()
    again: bool = False
    held: bool = False


class Reading(Struct, frozen=True):
    """What there is to know of a clock at an instant. `gap`: what was used beyond what is agreed, below zero within.

    `breached`: the agreed time is used up, whether or not the clock still runs. `verdict`: None before the end and
    without a target; "missed", "met" (all of it used, to the instant) or "exceeded" (better than agreed).
    """

    state: str
    elapsed: int | None = None
    agreed: int | None = None
    remaining: int | None = None
    due: int | None = None
    gap: int | None = None
    verdict: str | None = None
    breached: bool = False


# -- what happens to a clock ----------------------------------------------------------------------------------


def start(clock: Clock, at: int) -> Clock:
    """Begins the first cycle, counted from an instant; one that has begun stays as it is."""
    return clock if clock.cycle else replace(clock, phase="running", cycle=1, since=at, run=at)


def pause(clock: Clock, at: int) -> Clock:
    if clock.phase != "running":
        return clock
    assert clock.run is not None
    # One that counts from a later instant has not run at all.
    return replace(clock, phase="paused", runs=(*clock.runs, (clock.run, max(at, clock.run))), run=None)


def resume(clock: Clock, at: int) -> Clock:
    """Lets a paused clock run on; where no time has gone by, as if it had never paused."""
    if clock.phase != "paused":
        return clock
    *runs, last = clock.runs
    if last[1] >= at:
        return replace(clock, phase="running", runs=tuple(runs), run=last[0])
    return replace(clock, phase="running", run=at)


def stop(clock: Clock, at: int) -> Clock:
    return _end(clock, at, "stopped")


def cancel(clock: Clock, at: int) -> Clock:
    """Ends a clock whose end will not come; one that waits, too."""
    return replace(clock, phase="cancelled", ended=at) if clock.phase == "waiting" else _end(clock, at, "cancelled")


def _end(clock: Clock, at: int, phase: Phase) -> Clock:
    if clock.phase not in COUNTING:
        return clock
    return replace(pause(clock, at), phase=phase, ended=at)


def restart(clock: Clock, at: int, terms: Terms) -> Clock:
    """Begins a new cycle, and keeps the one before as it stands; a cycle under way is cancelled."""
    if not clock.cycle:
        return clock
    over = cancel(clock, at)
    assert over.since is not None and over.ended is not None
    read = reading(over, terms, at)
    kept = Cycle(over.since, over.ended, read.state, read.elapsed, read.agreed, read.due)
    return Clock("running", clock.cycle + 1, at, (), at, None, (*clock.earlier, kept))


# -- what follows ---------------------------------------------------------------------------------------------


def in_hours(terms: Terms) -> bool:
    """Says whether a clock counts opening hours."""
    return terms.target is None or calendars.keeps_hours(terms.target)


def amount(terms: Terms, start: int, end: int) -> int:
    """Gives the time between two instants as a clock counts it; OverflowError beyond the calendar."""
    return calendars.worked(terms.calendar, start, end) if in_hours(terms) else max(end - start, 0)


def later(terms: Terms, at: int, work: int) -> int:
    """Gives when so much of a clock's time has gone by; OverflowError beyond the calendar."""
    return calendars.advance(terms.calendar, at, work) if work > 0 and in_hours(terms) else at + work


def elapsed(clock: Clock, terms: Terms, at: int) -> int | None:
    """Gives what has gone by in the present cycle by an instant, net of pauses; None where it cannot be counted."""
    try:
        gone = sum(amount(terms, begun, min(over, at)) for begun, over in clock.runs)
        return gone if clock.run is None else gone + amount(terms, clock.run, at)
    except (ArithmeticError, ValueError):
        return None


def agreed(clock: Clock, terms: Terms) -> int | None:
    """Gives the agreed time as an amount, for a clock that has begun; None where nothing is agreed."""
    if clock.since is None or terms.target is None:
        return None
    end = calendars.term(terms.calendar, clock.since, terms.target)
    try:
        return None if end is None else amount(terms, clock.since, end)
    except (ArithmeticError, ValueError):
        return None


def reached(clock: Clock, terms: Terms, percent: int = BREACH) -> int | None:
    """Gives when so much of the agreed time is, or will be, used up in this cycle; None where a pause stands before it.

    What has not ended is foreseen as if it ran on. The agreed time ends as a `within` does; a pause moves it on by as
    much of the clock's time as it took.
    """
    if clock.since is None or terms.target is None:
        return None
    end = calendars.term(terms.calendar, clock.since, terms.target)
    if end is None:
        return None
    try:
        if percent != BREACH:
            end = later(terms, clock.since, amount(terms, clock.since, end) * percent // 100)
        for place, (_, over) in enumerate(clock.runs, 1):
            if end <= over:
                return end
            following = clock.runs[place][0] if place < len(clock.runs) else clock.run
            if following is None:
                return None
            end = later(terms, end, amount(terms, over, following))
    except (ArithmeticError, ValueError):
        return None
    return end


def reading(clock: Clock, terms: Terms, at: int) -> Reading:
    """Gives what there is to know of a clock at an instant."""
    if clock.phase == "waiting" or clock.since is None:
        return Reading(clock.phase)
    at = at if clock.ended is None else clock.ended
    gone, whole, due = elapsed(clock, terms, at), agreed(clock, terms), reached(clock, terms)
    breached = due is not None and due <= at
    state: str = "breached" if breached else ("met" if clock.phase == "stopped" else clock.phase)
    gap = None if gone is None or whole is None else gone - whole
    verdict = None
    if clock.phase == "stopped" and whole is not None:
        verdict = "missed" if breached else ("met" if gap == 0 else "exceeded")
    return Reading(state, gone, whole, None if gap is None else -gap, due, gap, verdict, breached)


_EVENTS: Mapping[str, Any] = {"start": start, "pause": pause, "resume": resume, "stop": stop, "cancel": cancel}


def fold(events: Iterable[tuple[int, str]], terms: Terms, clock: Clock | None = None) -> Clock:
    """Runs a clock over events in the order of time: start, pause, resume, stop, restart, cancel.

    What does not apply changes nothing: a second start, a pause of what stands, a stop of what has not begun.
    """
    clock = Clock() if clock is None else clock
    for at, event in events:
        clock = restart(clock, at, terms) if event == "restart" else _EVENTS[event](clock, at)
    return clock
