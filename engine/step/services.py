"""The service-level clocks of a case: when they start, pause and end, and what follows when their time is used up.

Every clock is looked at once nothing else follows in a step (`flow.run`). A look first lets the time pass that has gone
by since the last one, by the terms that held then; then the target counts that holds now; then the conditions of the
clock. What is not known neither starts, pauses nor stops it. It pauses for what its lines say and for nothing else,
and so runs on, and tells, in a case that is suspended. A cycle that is over keeps its verdict; a clock whose case ends
before it does is cancelled. What a clock counts is for `sla` to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from charter.engine import calendars, sla, values
from charter.engine.commands import Migrate
from charter.engine.definition import Target
from charter.engine.entries.cases import Undated
from charter.engine.entries.clocks import (
    ClockPaused,
    ClockRecounted,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ThresholdReached,
)
from charter.engine.entries.told import Told
from charter.engine.feel.temporal import Date, date_from_number
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import CLOSED, OPEN, PASSED_OVER, SETTLED, STALLED
from charter.engine.once import once
from charter.engine.plan.clocks import about
from charter.engine.plan.groups import inside, with_group
from charter.engine.plan.plans import ClockPlan, shared_loops
from charter.engine.plan.program import Program, compiled
from charter.engine.sla import Clock, Service, Terms
from charter.engine.state import Node
from charter.engine.step import actions
from charter.engine.step.draft import Draft

_AHEAD = OPEN | STALLED


def look(draft: Draft) -> bool:
    """Looks at every clock of a case; says whether that has put anything on the work list."""
    for plan in draft.program.slas.values():
        if _unmoved(draft, plan):
            continue
        for path in list(_paths(draft, plan)):
            _Look(draft, plan, path).run()
    return bool(draft.agenda)


def _unmoved(draft: Draft, plan: ClockPlan) -> bool:
    """Says whether a look would find a clock as the latest one did: most steps change nothing that its lines read."""
    state, name = draft.state, plan.sla.name
    reads, service = _reads(draft.program)[name], draft.clocks.get(name)
    same = draft.status == state.status and draft.days is state.days and draft.law == state.law
    same = same and not isinstance(draft.command, Migrate)
    if reads is None or not same or service is not state.clocks.get(name) or not reads.isdisjoint(draft.touched):
        return False
    if draft.versions is not state.versions:
        now, before = draft.versions.get, state.versions.get
        if any(now(name) is not before(name) for name in reads):
            return False
    if service is None or service.clock.phase != "running":
        return True
    ahead = (_reached(plan, service, percent) for percent in plan.shares.difference(service.fired))
    return all(at is None or at > draft.at for at in ahead)


@once(256)
def _reads(program: Program) -> Mapping[str, frozenset[str] | None]:
    """Names, by clock, the elements and records that its lines read; None where they read more, as time or a list."""
    return {name: _read_by(program, plan) for name, plan in program.slas.items()}


def _read_by(program: Program, plan: ClockPlan) -> frozenset[str] | None:
    asked = plan.sla
    texts = [asked.since, asked.starts, asked.pauses, asked.stops, asked.restarts]
    texts += [text for target in asked.targets for text in (target.when, target.span)]
    expressions = [expression for text in texts if text is not None and (expression := compiled(text)) is not None]
    if any(expression.tells_time for expression in expressions):
        return None
    found = set() if plan.of is None else {plan.of.name}
    found |= {each.name for each in inside(program, plan)} if asked.group is not None else set()
    for name in {name for expression in expressions for name in expression.names}:
        if name in program.plans or name in program.types:
            found.add(name)
        elif name not in program.parameters:
            return None
    plans = [level for name in found & program.plans.keys() for level in program.plans[name].levels()]
    makers = [maker for name in found & program.types.keys() for maker in program.producers.get(name, ())]
    if any(each.loops for each in (*plans, *makers)):
        return None
    # What is not open yet stands as what is around it does.
    return frozenset(found | {level.name for level in plans})


def next_instant(draft: Draft, wake: int | None) -> int | None:
    """Gives when a case wants to be woken: by an instant or, where it comes first, the next share of a clock."""
    for key, service in draft.clocks.items():
        if service.clock.phase == "running":
            plan = draft.program.slas[parse_key(key).name]
            for percent in plan.shares.difference(service.fired):
                at = _reached(plan, service, percent)
                if at is not None and (wake is None or at < wake):
                    wake = at
    return wake


def _reached(plan: ClockPlan, service: Service, percent: int = sla.BREACH) -> int | None:
    """Gives when so much of a clock's agreed time is used up."""
    return _instant(plan, service.clock, values.decode(service.target), percent)


def _instant(plan: ClockPlan, clock: Clock, target: Any, percent: int) -> int | None:
    return _worked_out(plan, clock, target, percent) if isinstance(target, _LENGTHS) else None


_LENGTHS = (values.Span, values.DaysDuration, values.YearsDuration)


@lru_cache(maxsize=4096)
def _worked_out(plan: ClockPlan, clock: Clock, target: Any, percent: int) -> int | None:
    return sla.reached(clock, Terms(plan.calendar, target), percent)


def _paths(draft: Draft, plan: ClockPlan) -> Iterator[Path]:
    """Yields where a clock stands: once in the case, or in each instance of its element that has opened."""
    if plan.of is None:
        yield ()
        return
    for key in draft.program.expand(draft.nodes, plan.of, ()):
        path, node = parse_key(key)[1], draft.nodes.get(key)
        if len(path) == len(plan.loops) and node is not None and node.state != "planned":
            yield path


class _Look:
    """One look at one clock."""

    def __init__(self, draft: Draft, plan: ClockPlan, path: Path) -> None:
        self.draft = draft
        self.plan = plan
        self.path = path
        self.key = key_of(plan.sla.name, path)
        self.scope = draft.scope(plan.of, path)
        self.service = draft.clocks.get(self.key) or Service(self.key, plan.sla.name)

    @property
    def clock(self) -> Clock:
        return self.service.clock

    @property
    def node(self) -> Node | None:
        """The node of the element in which the clock stands."""
        return None if self.plan.of is None else self.draft.nodes[key_of(self.plan.of.name, self.path)]

    @property
    def terms(self) -> Terms:
        return Terms(self.plan.calendar, values.decode(self.service.target))

    def holds(self, condition: str | None) -> bool:
        return condition is not None and self.scope.value(condition) is True

    def run(self) -> None:
        sla_, phase = self.plan.sla, self.clock.phase
        ends = SETTLED if sla_.group is not None else PASSED_OVER
        over = self.draft.status in CLOSED or (self.node is not None and self.node.state in ends)
        if phase == "waiting":
            if not over and self._starts():
                self._begin(self._since(), sla.start, again=self.holds(sla_.restarts))
            return
        if phase in sla.COUNTING:
            self._fire()
            if self.clock.phase in sla.COUNTING:
                self._agree()
        if self.draft.status != "cancelled":
            restarts = self.holds(sla_.restarts)
            if restarts and not self.service.again and not over:
                self._end("cancelled")
                at, terms = self.draft.at, self.terms
                self._begin(at, lambda clock, _: sla.restart(clock, at, terms), again=True)
                return
            if restarts != self.service.again:
                self._keep(again=restarts)
            self._conditions()
        if over:
            self._end("stopped" if self._ends_with_it() else "cancelled")

    # -- a cycle ----------------------------------------------------------------------------------------------

    def _ends_with_it(self) -> bool:
        """Says whether a clock of a role has been kept up to the end of what it stands in."""
        passed = self.draft.status == "cancelled" or (self.node is not None and self.node.state in PASSED_OVER)
        return self.plan.sla.group is not None and self.plan.sla.stops is None and not passed

    def _away(self) -> bool:
        """Says whether no open work is with the role whose time the clock counts."""
        return self.plan.sla.group is not None and not any(self._with_group())

    def _with_group(self) -> Iterator[str]:
        return with_group(self.draft.program, self.draft, self.plan, self.path)

    def _starts(self) -> bool:
        if self._away():
            return False
        if self.plan.sla.starts is not None:
            return self.holds(self.plan.sla.starts)
        return self.plan.sla.since is None or self.scope.value(self.plan.sla.since) is not None

    def _since(self) -> int:
        """Gives the instant from which a clock counts that starts now; told where the line for it has no value."""
        text = self.plan.sla.since
        if text is None:
            return self.draft.at
        value = self.scope.value(text)
        if isinstance(value, Date):  # its beginning, which is the end of the day before
            value = date_from_number(value.number - 1)
        at = calendars.deadline(self.plan.calendar, value)
        if at is None:
            self.tell(Undated("from", text))
            return self.draft.at
        return at

    def _begin(self, since: int, how: Any, *, again: bool) -> None:
        self._keep(clock=how(self.clock, since), target=self._target(), fired=(), again=again, held=False)
        due = _reached(self.plan, self.service)
        # A clock that starts anew does not end by what has ended it before.
        self._keep(due=due, held=self.clock.cycle > 1 and self.holds(self.plan.sla.stops))
        self.tell(ClockStarted(self.key, self.clock.cycle, since, self.service.target, due), moved=True)
        self._fire()
        self._conditions()

    def _conditions(self) -> None:
        """Stops, pauses or resumes what is under way."""
        if self.clock.phase not in sla.COUNTING:
            return
        asked = self.plan.sla
        stops = self.holds(asked.stops)
        if stops and not self.service.held:
            self._end("stopped")
            return
        if not stops and self.service.held:
            self._keep(held=False)
        pauses = self.holds(asked.pauses) or self._away()
        if pauses and self.clock.phase == "running":
            self._keep(clock=sla.pause(self.clock, self.draft.at), due=None)
            self._keep(due=_reached(self.plan, self.service))
            elapsed = sla.elapsed(self.clock, self.terms, self.draft.at)
            self.tell(ClockPaused(self.key, elapsed), moved=True)
        elif not pauses and self.clock.phase == "paused":
            self._keep(clock=sla.resume(self.clock, self.draft.at))
            self._keep(due=_reached(self.plan, self.service))
            self.tell(ClockResumed(self.key, self.service.due), moved=True)
            self._fire()

    def _end(self, phase: str) -> None:
        if self.clock.phase not in sla.COUNTING:
            return
        end = sla.stop if phase == "stopped" else sla.cancel
        self._keep(clock=end(self.clock, self.draft.at))
        read = sla.reading(self.clock, self.terms, self.draft.at)
        self.tell(ClockStopped(self.key, read.state, read.verdict, read.elapsed, read.agreed), moved=True)

    # -- what is agreed ---------------------------------------------------------------------------------------

    def _target(self) -> Any:
        """Gives the agreed time, encoded: of the first target whose condition holds, else of the one without."""
        targets = self.plan.sla.targets
        chosen: Target | None = next((t for t in targets if self.holds(t.when)), None)
        chosen = chosen or next((t for t in targets if t.when is None), None)
        try:
            return None if chosen is None else values.encode(self.scope.value(chosen.span))
        except values.NotAValue:
            return None

    def _agree(self) -> None:
        """Counts anew where the target or the calendar has become another; no pause is lost, and a look tells."""
        target, was = self._target(), self.service.due
        due = _instant(self.plan, self.clock, values.decode(target), sla.BREACH)
        if target == self.service.target and due == was:
            return
        self._keep(target=target, due=due)
        withdrew = tuple(percent for percent in self.service.fired if not self._used(percent))
        self._keep(fired=tuple(percent for percent in self.service.fired if percent not in withdrew))
        self.tell(ClockRecounted(self.key, target, due, was, withdrew), moved=True)
        self._fire()

    def _used(self, percent: int) -> bool:
        at = _reached(self.plan, self.service, percent)
        return at is not None and at <= self.draft.at

    # -- what follows -----------------------------------------------------------------------------------------

    def _fire(self) -> None:
        """Enters each share that has been used up, in the order of time, with what its line asks for."""
        for percent in sorted(self.plan.shares.difference(self.service.fired)):
            at = _reached(self.plan, self.service, percent)
            if at is None or at > self.draft.at:
                continue
            self._keep(fired=(*self.service.fired, percent))
            cause = self.tell(ThresholdReached(self.key, percent, at), moved=percent == sla.BREACH)
            for threshold in self.plan.sla.thresholds:
                if threshold.percent == percent:
                    for action in threshold.actions:
                        for key in self._keys() if action.kind == "escalate" else self._around():
                            actions.act(self.draft, (action,), cause, key)

    def _around(self) -> tuple[str | None, ...]:
        node = self.node
        return (None if node is None else node.key,)

    def _keys(self) -> Iterator[str]:
        """Yields the open work that a clock is about."""
        draft = self.draft
        if self.plan.sla.group is not None:
            yield from list(self._with_group())
            return
        for plan in about(draft.program, self.plan):
            base = self.path[: shared_loops(plan.loops, self.plan.loops)]
            for key in list(draft.program.expand(draft.nodes, plan, base)):
                node = draft.nodes.get(key)
                if node is not None and node.state in _AHEAD and not plan.is_group(parse_key(key)[1]):
                    yield key

    def tell(self, told: Told, *, moved: bool = False) -> int:
        """Enters what has become of the clock, and has those look who ask for it."""
        index = self.draft.follow(told, self.node)
        if moved:
            self.draft.touch_record(self.plan.sla.name, self.path, self.plan.loops, index)
        return index

    def _keep(self, **changes: Any) -> None:
        self.service = replace(self.service, **changes)
        self.draft.clocks = {**self.draft.clocks, self.key: self.service}
