"""What there is to know of a service-level clock: each fact once, with its FEEL type and how it is read.

What elements and cases have is in `facts.py`. A fact that is not known is null; times are counted up to the present.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from charter.engine import sla, values
from charter.engine.feel import types as y
from charter.engine.feel.temporal import DaysDuration, Zone
from charter.engine.machines import CLOSED
from charter.engine.plan.facts import instant
from charter.engine.plan.groups import inside, may_have
from charter.engine.plan.plans import ClockPlan, Plan
from charter.engine.sla import Clock, Reading, Terms
from charter.engine.state import View

if TYPE_CHECKING:
    from charter.engine.plan.program import Program

_NEVER = Clock()


class Seen(NamedTuple):
    """A clock with what was read of it, and the zone of the process."""

    clock: Clock
    reading: Reading
    zone: Zone


class ClockFact(NamedTuple):
    type: y.Type
    read: Callable[[Seen], Any]


def _length(amount: int | None) -> DaysDuration | None:
    return None if amount is None else DaysDuration(amount * 1000)


def _amount(name: str) -> ClockFact:
    return ClockFact(y.DAYS_DURATION, lambda seen: _length(getattr(seen.reading, name)))


def _cycle(seen: Seen, row: sla.Cycle) -> dict[str, Any]:
    return {
        "state": row.state,
        "elapsed": _length(row.elapsed),
        "agreed": _length(row.agreed),
        "due": instant(row.due, seen.zone),
        "started_at": instant(row.since, seen.zone),
        "stopped_at": instant(row.ended, seen.zone),
    }


_CYCLE = y.ContextType(
    fields={
        "state": y.STRING,
        "elapsed": y.DAYS_DURATION,
        "agreed": y.DAYS_DURATION,
        "due": y.DATE_TIME,
        "started_at": y.DATE_TIME,
        "stopped_at": y.DATE_TIME,
    }
)

CLOCK: Mapping[str, ClockFact] = {
    "state": ClockFact(y.STRING, lambda s: s.reading.state),
    "elapsed": _amount("elapsed"),
    "agreed": _amount("agreed"),
    "remaining": _amount("remaining"),
    "gap": _amount("gap"),
    "verdict": ClockFact(y.STRING, lambda s: s.reading.verdict),
    "due": ClockFact(y.DATE_TIME, lambda s: instant(s.reading.due, s.zone)),
    "started_at": ClockFact(y.DATE_TIME, lambda s: instant(s.clock.since, s.zone)),
    "stopped_at": ClockFact(y.DATE_TIME, lambda s: instant(s.clock.ended, s.zone)),
    "cycle": ClockFact(y.NUMBER, lambda s: Decimal(s.clock.cycle)),
    "cycles": ClockFact(y.ListType(item=_CYCLE), lambda s: [_cycle(s, row) for row in s.clock.earlier]),
    "waiting": ClockFact(y.BOOLEAN, lambda s: s.reading.state == "waiting"),
    "running": ClockFact(y.BOOLEAN, lambda s: s.clock.phase == "running"),
    "paused": ClockFact(y.BOOLEAN, lambda s: s.clock.phase == "paused"),
    "met": ClockFact(y.BOOLEAN, lambda s: s.reading.state == "met"),
    "breached": ClockFact(y.BOOLEAN, lambda s: s.reading.breached),
    "cancelled": ClockFact(y.BOOLEAN, lambda s: s.reading.state == "cancelled"),
}

# What is known of a clock only once its cycle is over.
_JUDGED = frozenset({"state", "verdict", "met", "breached", "cancelled", "gap", "stopped_at"})


def about(program: Program, plan: ClockPlan) -> list[Plan]:
    """Lists the elements whose work a clock is about: the one in which it stands, or of a block (and of the case)
    those that its `stops when` names; where that names none of a block's, all that is in the block. Of a clock of a
    role, all where it stands that the role may be given.
    """
    if plan.sla.group is not None:
        return [each for each in inside(program, plan) if plan.sla.group in may_have(program, each)]
    if plan.of is not None and plan.of.by_people:
        return [plan.of]
    named = [program.plans[name] for name in sorted(program.names(plan.sla.stops)) if name in program.plans]
    if plan.of is None:
        return named
    within = [one for one in named if one.by_people and plan.of in one.levels()]
    return within or [plan.of]


def terms_of(view: View, plan: ClockPlan, key: str) -> Terms:
    """Gives what is agreed for a clock, as it was at the latest look."""
    service = view.clocks.get(key)
    return Terms(plan.calendar, None if service is None else values.decode(service.target))


def read(view: View, plan: ClockPlan, key: str, now: int, zone: Zone) -> Seen:
    """Reads a clock at an instant, whether or not it has started."""
    service = view.clocks.get(key)
    if service is None:
        return Seen(_NEVER, Reading("cancelled" if view.status in CLOSED else "waiting"), zone)
    return Seen(service.clock, sla.reading(service.clock, terms_of(view, plan, key), now), zone)


class ClockFacts(Mapping[str, Any]):
    """The facts of a clock as a context whose entries are computed when they are asked for."""

    __slots__ = ("_key", "_now", "_plan", "_seen", "_view", "_zone")

    def __init__(self, view: View, plan: ClockPlan, key: str, now: int, zone: Zone) -> None:
        self._view = view
        self._plan = plan
        self._key = key
        self._now = now
        self._zone = zone
        self._seen: Seen | None = None

    @property
    def seen(self) -> Seen:
        if self._seen is None:
            self._seen = read(self._view, self._plan, self._key, self._now, self._zone)
        return self._seen

    def __getitem__(self, name: str) -> Any:
        return CLOCK[name].read(self.seen)

    def __iter__(self) -> Iterator[str]:
        return iter(CLOCK)

    def __len__(self) -> int:
        return len(CLOCK)

    def __contains__(self, name: object) -> bool:
        return name in CLOCK


class Unjudged(ClockFacts):
    """A clock of which nothing is decided until its cycle is over, but that it is breached."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        seen = self.seen
        if name not in _JUDGED or seen.clock.ended is not None or seen.reading.state == "cancelled":
            return super().__getitem__(name)
        return True if name == "breached" and seen.reading.breached else None
