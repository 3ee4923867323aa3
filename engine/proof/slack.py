"""How long a process takes by what its lines say, and what may be late without making all of it late.

The critical path method over the order of work (J. E. Kelley and M. R. Walker, 1959), on the calendar of the process:
each element has an earliest start and end by `takes` and `wait SPAN`, and a latest end at which the whole is no later.
Two questions are asked of it. What the longest course is: all happens that may, each round once, the items of a list
beside each other; of a choice each work, of several writers of a record the last. And what must be done at the least:
work without condition, choice or list, on a course where all is granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct

from charter.engine import calendars
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled

_DAY = timedelta(days=1) // timedelta(microseconds=1)
_WEEK = 7


class Timed(Struct, frozen=True):
    """An element's times, microseconds since the epoch: earliest start and end, latest end.

    `own`: whether its own line says how long it takes.
    """

    element: str
    start: int
    finish: int
    latest: int
    own: bool

    @property
    def slack(self) -> int:
        """How much later than at its earliest it may end, in microseconds."""
        return self.latest - self.finish


class Schedule(Struct, frozen=True):
    """When all that is looked at begins and ends. `path`: what takes time on the longest way, in order.

    `most`: whether less may come of it, because a condition, a choice, a list or a round decides.
    """

    begins: int
    ends: int
    path: tuple[str, ...]
    timed: tuple[Timed, ...]
    most: bool


class Late(Struct, frozen=True):
    """A phase that allows less time than what must be done in it takes, whenever it begins."""

    phase: str
    within: str
    path: tuple[str, ...]


class Known(NamedTuple):
    """When an element of a case began and ended; None for what has not happened."""

    begun: int | None
    ended: int | None


class _Group(NamedTuple):
    """So many of these events come first."""

    needed: int
    events: tuple[int, ...]


def span(program: Program, text: str | None) -> Any:
    """Gives the length of time that a line says, None where it says none or where only a case can tell."""
    expression = compiled(text) if text is not None else None
    return expression.evaluate(program.bound, program.env()) if expression is not None else None


def schedule(
    program: Program, begins: int, known: Mapping[str, Known] = MappingProxyType({}), now: int | None = None
) -> Schedule | None:
    """Gives the longest course of a process that begins at an instant; None where no line says how long work takes.

    `known`: what has happened by `now`, which stands as it was; all else comes no earlier than now.
    """
    plans = list(program.plans.values())
    lengths = {plan.name: _length(program, plan) for plan in plans}
    if all(length is None for length in lengths.values()):
        return None
    net = _Net(program, plans, lengths, least=False)
    return net.schedule(begins, known, now)


def late(program: Program, begins: int) -> list[Late]:
    """Lists the phases that cannot be in time, on whichever day of a week they begin and at that time of the day.

    Of phases inside each other that are late for one reason, the innermost.
    """
    phases = [plan for plan in program.plans.values() if plan.kind == "phase"]
    found = [each for phase in phases if (each := _late(program, phase, begins)) is not None]
    return [each for number, each in enumerate(found) if all(each.path != inner.path for inner in found[number + 1 :])]


def _late(program: Program, phase: Plan, begins: int) -> Late | None:
    within = span(program, phase.element.within)
    if within is None or phase.element.exit is not None:
        return None
    inside = [phase, *phase.descendants()]
    net = _Net(program, inside, {plan.name: _length(program, plan) for plan in inside}, least=True)
    path: tuple[str, ...] = ()
    for day in range(_WEEK):
        at = begins + day * _DAY
        due = calendars.term(phase.calendar, at, within)
        found = net.schedule(at)
        if due is None or found is None or found.ends <= due:
            return None
        path = path or found.path
    # What a phase takes by its own line is told there.
    return None if path in ((), (phase.name,)) else Late(phase.name, phase.element.within or "", path)


def _length(program: Program, plan: Plan) -> Any:
    """How long an element takes by itself."""
    work = plan.element.work
    waits = span(program, work.when) if work is not None and work.kind == "pause" else None
    return waits if waits is not None else span(program, plan.element.takes)


def _records(plan: Plan) -> list[str]:
    """Names the records that an element cannot do without."""
    agreement = plan.element.agreement
    of = [agreement.of] if agreement is not None and agreement.of is not None else []
    return [*(needed.record for needed in plan.element.inputs), *of]


class _Net:
    """The beginnings (even) and ends (odd) of elements, and what each of them comes after."""

    def __init__(self, program: Program, plans: Sequence[Plan], lengths: dict[str, Any], *, least: bool) -> None:
        self.program = program
        self.plans = plans
        self.lengths = lengths
        self.least = least
        self.numbers = {plan.name: number for number, plan in enumerate(plans)}
        self.doubtful = self._doubtful()
        self.groups: list[list[_Group]] = []
        for plan in plans:
            self.groups += [list(self._before(plan)), self._inside(plan)]

    def _doubtful(self) -> set[str]:
        """Names what may be passed over, by itself or as a dead path; what is looked at alone is taken to happen."""
        around = {level.name for level in self.plans[0].levels()} if self.least else set()
        found: set[str] = set()
        known = -1
        while len(found) > known:
            known = len(found)
            found |= {plan.name for plan in self.program.plans.values() if self._may_pass(plan, found)} - around
        return found

    def _may_pass(self, plan: Plan, found: set[str]) -> bool:
        element = plan.element
        if element.many is not None or plan.name in self.program.rivals:
            return True
        asked = element.offered if plan.kind == "milestone" else element.when or element.offered
        if asked is not None or element.parent in found:
            return True
        makers = ([maker.name for maker in self.program.upstream(plan, record)] for record in _records(plan))
        return any(names and found.issuperset(names) for names in makers)

    def _before(self, plan: Plan) -> Iterator[_Group]:
        element = plan.element
        if plan.parent is not None and plan.parent.name in self.numbers:
            yield _Group(1, (2 * self.numbers[plan.parent.name],))
        for after in element.after:
            yield from self._ends(after.elements, after.needed)
        if element.starts_with:
            known = [2 * self.numbers[name] for name in element.starts_with if name in self.numbers]
            if len(known) == len(element.starts_with):
                yield _Group(1 if self.least else len(known), tuple(known))
        for record in (*_records(plan), *plan.items, *(() if self.least else plan.asked)):
            yield from self._ends([maker.name for maker in self.program.upstream(plan, record)], 1)
        for needed in element.inputs:
            yield from self._ends(needed.approvals, len(needed.approvals))
        if not self.least:
            around = {level.name for level in plan.levels()}
            yield from self._ends(self.program.names(element.when) & self.numbers.keys() - around, 1)

    def _ends(self, names: Iterable[str], needed: int) -> Iterator[_Group]:
        """After so many ends; at the most after all of them, at the least none of those outside what is looked at."""
        names = list(names)
        known = tuple(2 * self.numbers[name] + 1 for name in names if name in self.numbers)
        count = needed - (len(names) - len(known)) if self.least else len(known)
        if known and count > 0:
            yield _Group(count, known)

    def _inside(self, plan: Plan) -> list[_Group]:
        inner = [2 * self.numbers[child.name] + 1 for child in plan.children]
        return [_Group(1, (event,)) for event in (2 * self.numbers[plan.name], *inner)]

    def schedule(
        self, begins: int, known: Mapping[str, Known] = MappingProxyType({}), now: int | None = None
    ) -> Schedule | None:
        """Gives the times of a run that begins at an instant; None where the order goes in a circle."""
        events = {number: [e for group in groups for e in group.events] for number, groups in enumerate(self.groups)}
        try:
            order = list(TopologicalSorter(events).static_order())
        except CycleError:
            return None
        times, critical = self._forward(order, begins, known, now)
        ends = max((times[2 * n + 1] for n in range(len(self.plans))), default=begins)
        latest = self._backward(order, times, ends)
        timed = tuple(
            Timed(p.name, times[2 * n], times[2 * n + 1], latest[2 * n + 1], self.lengths[p.name] is not None)
            for n, p in enumerate(self.plans)
        )
        last = next((n for n in order[::-1] if times[n] == ends), None)
        rounds = any(plan.element.repeat is not None for plan in self.plans)
        return Schedule(
            begins, ends, self._path(last, critical), timed, not self.doubtful.isdisjoint(self.numbers) or rounds
        )

    def _forward(
        self, order: Sequence[int], begins: int, known: Mapping[str, Known], now: int | None
    ) -> tuple[dict[int, int], dict[int, int | None]]:
        """Gives the earliest time of each event, and after which other it comes at that time."""
        times: dict[int, int] = {}
        critical: dict[int, int | None] = {}
        for event in order:
            times[event], critical[event] = begins, None
            plan = self.plans[event // 2]
            fact = known.get(plan.name)
            happened = None if fact is None else fact.ended if event % 2 or fact.begun is None else fact.begun
            if happened is not None:
                times[event] = happened
                continue
            for group in self.groups[event]:
                before = sorted(group.events, key=lambda e: times[e])[group.needed - 1]
                at = times[before]
                if event % 2 and before == event - 1:
                    at = self._after(plan, at)
                if critical[event] is None or at > times[event]:
                    times[event], critical[event] = at, before
            times[event] = max(times[event], begins if now is None else now)
        return times, critical

    def _after(self, plan: Plan, at: int) -> int:
        length = self.lengths[plan.name]
        if length is None or (self.least and plan.name in self.doubtful):
            return at
        finish = calendars.add(plan.calendar, at, length)
        return at if finish is None else max(at, finish)

    def _backward(self, order: Sequence[int], times: dict[int, int], ends: int) -> dict[int, int]:
        latest = dict.fromkeys(order, ends)
        for event in reversed(order):
            for group in self.groups[event]:
                for before in group.events:
                    own = event % 2 and before == event - 1
                    length = self._after(self.plans[event // 2], times[before]) - times[before] if own else 0
                    latest[before] = min(latest[before], latest[event] - length)
        return latest

    def _path(self, event: int | None, critical: dict[int, int | None]) -> tuple[str, ...]:
        found: list[str] = []
        while event is not None:
            plan = self.plans[event // 2]
            if event % 2 and critical[event] == event - 1 and self.lengths[plan.name] is not None:
                found.append(plan.name)
            event = critical[event]
        return tuple(found[::-1])
