"""The kinds of entry of service-level clocks and rhythms, written into the chain of a case as those of `cases.py`.

`sla` is a clock's key (`first_response`, or `first_response[2]` of an instance), `cycle` counts from 1. Instants and
amounts of time are microseconds. The state that an entry names is the clock's (`sla.STATES`).
"""

from __future__ import annotations

from typing import Any

from charter.engine.entries.told import Told


class ClockStarted(Told, frozen=True):
    """A service-level clock started, or began another cycle. `since`: the instant from which it counts; `target`: the
    agreed time, null for none; `due`: when it is used up.
    """

    sla: str
    cycle: int
    since: int
    target: Any
    due: int | None


class ClockPaused(Told, frozen=True):
    """A service-level clock paused. `elapsed`: what had been used by then."""

    sla: str
    elapsed: int | None


class ClockResumed(Told, frozen=True):
    """A service-level clock ran on. `due`: when its agreed time is used up now."""

    sla: str
    due: int | None


class ClockStopped(Told, frozen=True):
    """A service-level clock ended its cycle. `state`: met, breached or cancelled; `verdict`: missed, met or exceeded,
    null where there is none; `elapsed` and `agreed`: what was used, and what was to be.
    """

    sla: str
    state: str
    verdict: str | None
    elapsed: int | None
    agreed: int | None


class ThresholdReached(Told, frozen=True):
    """A share of the agreed time was used up, once a cycle. `percent`: 100 is the breach; `due`: when it was."""

    sla: str
    percent: int
    due: int


class ClockRecounted(Told, frozen=True):
    """A service-level clock is counted again by another target or calendar, all its pauses included. `target` and
    `due`: as they are now; `was`: when it was due before; `withdrew`: the shares that are not used up after all.
    """

    sla: str
    target: Any
    due: int | None
    was: int | None
    withdrew: tuple[int, ...] = ()


class Missed(Told, frozen=True):
    """Rounds of a `repeat every` passed that nobody will do. `rounds`: how many; `since`: when the first was to be."""

    rounds: int
    since: int
