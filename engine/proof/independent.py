"""Which work may be looked at alone: what it does is the same whenever it is done, and it takes nothing from the rest.

Said of the text of a process, once. An element is independent where whoever watches it, its records or the blocks
around it waits for all of it to be over (an input, `after` all, a `when` on how it ended), and where nothing but what
comes after it can send it back, end it, or come in its way. So is work that another shades (`shade`). While
a clock runs, work that may start another one waits
for it too, where it matters which of the two is first; and beside a rhythm, which ends with the phase around it, work
that may be the last of that phase. Errs towards dependence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from charter.engine import feel
from charter.engine.definition import Event
from charter.engine.feel import tree as t
from charter.engine.keys import name_of
from charter.engine.machines import WORKABLE
from charter.engine.plan.facts import AT_THE_END
from charter.engine.plan.place import standing
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled
from charter.engine.proof.shade import Shade
from charter.engine.state import CaseState, Node

_HOLDING = WORKABLE | {"done"}


def _tells_time(event: Event) -> bool:
    expression = compiled(event.at or "")
    return expression is None or expression.tells_time


def _may_end(level: Plan) -> bool:
    """Says whether a line may end an element while somebody works on it."""
    return any(event.ends for event in level.element.events)


def _is_path(negation: t.Call) -> bool:
    """Says whether `not` is said of what an element is, and of nothing made of it."""
    return isinstance(negation.arguments[0], t.Path)


class Independence:
    """The independent elements of a process."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._some = {
            n for e in program.definition.elements for a in e.after if a.needed < len(a.elements) for n in a.elements
        }
        self._senders = [(plan, to) for plan in program.plans.values() for to in self._back(plan)]
        shade = Shade(program)
        self._shaded, self._gathering = shade.shaded, shade.gathering
        self._touchy = frozenset(self._named_loosely())
        self.rounds = frozenset(plan.name for plan in program.plans.values() if self._comes_again(plan))
        # What time or a signal may end, at whatever moment, is looked at in every order with all the rest.
        ends = [event for element in program.definition.elements for event in element.events if event.ends]
        at_any = any(event.kind != "when" or _tells_time(event) for event in ends)
        self.rounds -= self._shaded  # which come round only with what they are in the shade of
        self.elements = frozenset(plan.name for plan in program.plans.values() if not at_any and self._alone(plan))
        self._awaiting = self._awaited()
        clocks = list(self._clocks())
        self._rhythms = [
            (plan, self._last(plan)) for plan in clocks if plan.element.repeat and plan.element.repeat.every
        ]
        self._races = {name: frozenset(self._against(program.plans[name], clocks)) for name in self.elements}

    def of(self, state: CaseState, nodes: Iterable[Node]) -> list[Node]:
        """Lists the nodes each of which may be looked at alone, first those whose work does not come round again."""
        running = {name_of(key) for key in state.timers}
        going = [rhythm for rhythm, last in self._rhythms if last is None or not self._holds(state, last)]
        found = [
            node
            for node in nodes
            if node.element in self.elements
            and node.state != "failed"
            and running.isdisjoint(self._races[node.element])
            and not any(self._beside(self.program.plans[node.element], rhythm) for rhythm in going)
        ]
        return sorted(found, key=lambda node: node.element in self.rounds)

    def awaiting(self, state: CaseState) -> list[Plan]:
        """Lists who is still to wait for a signal, where it makes a difference whether that has come before."""
        waiting = {node.element for node in state.nodes.values() if node.state == "active"}
        return [
            plan
            for plan, others in self._awaiting.items()
            if waiting.isdisjoint(others)
            and (plan.loops or plan.name in self.rounds or standing(self.program, state, plan, ()) == "planned")
        ]

    def _awaited(self) -> dict[Plan, frozenset[str]]:
        """Gives, for each who waits for a signal beside others or is not independent, all who wait for it."""
        found: dict[str, list[Plan]] = {}
        for plan in self.program.plans.values():
            work = plan.element.work
            if work is not None and work.kind == "signal":
                found.setdefault(work.target or "", []).append(plan)
        return {
            plan: frozenset(other.name for other in plans)
            for plans in found.values()
            if len(plans) > 1 or plans[0].name not in self.elements
            for plan in plans
        }

    def _clocks(self) -> Iterator[Plan]:
        """Yields the elements with a clock whose end is something that happens."""
        for plan in self.program.plans.values():
            work, repeat = plan.element.work, plan.element.repeat
            waits = work is not None and (work.kind in ("pause", "until") or work.retry is not None)
            due = plan.element.within is not None or plan.element.due is not None
            if waits or (repeat is not None and repeat.every is not None) or (due and plan.name in self._touchy):
                yield plan

    def _against(self, plan: Plan, clocks: list[Plan]) -> Iterator[str]:
        """Names the clocks that may run out before or after one that an element may start."""
        if plan.name in self._shaded:
            return
        levels = list(plan.levels())
        for started in clocks:
            if started not in levels and not any(self._leads_to(level, started, plan) for level in levels):
                continue
            for clock in clocks:
                quiet = clock.name in self.elements and started.name in self.elements
                if not quiet and not self._apart(clock, started):
                    yield clock.name

    def _leads_to(self, level: Plan, started: Plan, plan: Plan) -> bool:
        """Says whether the end of a level of a plan may start something, and not only its beginning: what is inside."""
        begun = level is not plan and level in started.levels() and level.element.repeat is None
        return not begun and self.program.precedes(level, started)

    def _last(self, rhythm: Plan) -> Plan | None:
        """Gives the element beside a rhythm that goes on `while not(ELEMENT.done)`, and so no longer than its phase."""
        repeat = rhythm.element.repeat
        tree = feel.parse(repeat.while_).tree if repeat is not None and repeat.while_ is not None else None
        if not isinstance(tree, t.Call) or not isinstance(tree.function, t.Name) or tree.function.name != "not":
            return None
        expression = feel.compile(tree)
        [path] = expression.paths if len(expression.paths) == 1 else [("",)]
        beside = self.program.plans.get(path[0])
        alone = beside is not None and beside.parent is rhythm.parent and not beside.loops[:-1]
        return beside if alone and path[1:] == ("done",) and len(tree.arguments) == 1 and _is_path(tree) else None

    def _holds(self, state: CaseState, last: Plan) -> bool:
        """Says whether that element is under way or done: as long as it is not done, neither is the phase."""
        node = state.nodes.get(last.name)
        return node is not None and node.state in _HOLDING

    def _beside(self, plan: Plan, rhythm: Plan) -> bool:
        levels = list(plan.levels())
        apart = rhythm not in levels and (rhythm.parent is None or rhythm.parent in levels)
        return apart and plan.name not in self._shaded

    def _comes_again(self, plan: Plan) -> bool:
        """Says whether work that is over may be taken up again, so that it may close a circle."""
        element = plan.element
        return (
            any(level.element.repeat is not None for level in plan.levels())
            or (element.work is not None and element.work.kind in ("call", "run", "start", "amend"))
            or (element.agreement is not None and element.agreement.escalation is not None)
            or any(plan is to or plan.name in self.program.downstream(to) for _, to in self._senders)
        )

    def _named_loosely(self) -> Iterator[str]:
        """Names whatever is read or awaited in a way for which it matters when it comes."""
        for plan in self.program.plans.values():
            element = plan.element
            for after in element.after:
                if after.needed < len(after.elements):
                    yield from after.elements
            yield from element.starts_with
            if self._may_be_withdrawn(plan):  # what it waits for decides when its offer is looked at first
                yield from (p.name for p in self.program.plans.values() if self.program.precedes(p, plan))
                yield from (name for level in plan.levels() for name in self.program.names(level.element.when))
            loose = [element.exit, element.offered, element.many.closes if element.many is not None else None]
            if plan.kind == "milestone" and plan.name in self.program.rivals:
                loose.append(element.when)
            if element.agreement is not None:
                loose += [stage.when for stage in element.agreement.stages]
            if element.repeat is not None:
                loose += [element.repeat.until, element.repeat.while_, element.repeat.every]
            for text in loose:
                yield from self.program.names(text)
            for event in element.events:
                if event.ends and event.kind == "when":
                    yield from self._ending(plan, event.at or "")
            asks = element.when is not None and plan.name not in self._gathering
            expression = compiled(element.when) if element.when is not None and asks else None
            for path in expression.paths if expression is not None else ():
                read = self.program.plans.get(path[0])
                # Of a list it may be known before all of it is over, as with an `after any of`.
                several = read is not None and self.program.group_between(plan, read) is not None
                loosely = read is not None and (several or len(path) < 2 or path[1] not in AT_THE_END)
                if loosely:
                    yield path[0]
                if loosely or self._is_rewritten(path[0], plan):
                    # It is read when all else that is waited for is over.
                    yield from (p.name for p in self.program.plans.values() if self.program.precedes(p, plan))
                if path[0] == "case":
                    yield "case"
            if plan.kind == "milestone":
                yield from self._before_the_end(plan)
        for order in self.program.definition.orders:
            yield from order.elements

    def _ending(self, plan: Plan, text: str) -> Iterator[str]:
        """Names what a condition reads that ends an element, and what may open it before or after that comes true."""
        program, read = self.program, self.program.names(text)
        yield from read
        for earlier in program.plans.values():
            first = all(name in program.plans and program.precedes(earlier, program.plans[name]) for name in read)
            if not first and program.precedes(earlier, plan):
                yield earlier.name

    def _may_be_withdrawn(self, plan: Plan) -> bool:
        """Says whether an offer may end while others work: it reads what they do, or what may come once more."""
        expression = compiled(plan.element.offered) if plan.element.offered is not None else None
        paths = expression.paths if expression is not None else ()
        return any(path[0] in self.program.plans or self._is_rewritten(path[0], plan) for path in paths)

    def _is_rewritten(self, record: str, plan: Plan) -> bool:
        """Says whether a record may be one thing now and another later, when a condition of a plan is asked first."""
        makers = self.program.producers.get(record, [])
        again = len(makers) > 1 or any(map(self._comes_again, makers))
        return again and any(not self.program.precedes(maker, plan) for maker in makers)

    def _before_the_end(self, milestone: Plan) -> Iterator[str]:
        """Names what decides whether a milestone is reached before its phase is over and passes over it."""
        program, phase = self.program, milestone.parent
        read = program.names(milestone.element.when)
        makers = [p for p in program.plans.values() if p.name in read or not read.isdisjoint(p.element.outputs)]
        if any(self._comes_again(maker) for maker in makers):
            yield from (maker.name for maker in makers)
        if phase is None or all(phase in m.levels() or program.precedes(m, phase) for m in makers):
            return
        yield from (maker.name for maker in makers)
        yield from (p.name for p in program.plans.values() if phase in p.levels() or program.precedes(p, phase))

    def _back(self, plan: Plan) -> Iterator[Plan]:
        """Yields where a decision sends work back to."""
        agreement = plan.element.agreement
        if agreement is not None and agreement.on_reject is not None and agreement.on_reject.target is not None:
            yield self.program.plans[agreement.on_reject.target]
        if agreement is not None and agreement.on_return is not None:
            yield self.program.plans[agreement.on_return]

    def _follows(self, target: Plan, plan: Plan) -> bool:
        return plan is target or self.program.precedes(target, plan)

    def _apart(self, one: Plan, other: Plan) -> bool:
        """Says whether of two elements one is over before the other opens."""
        earlier = one if self.program.precedes(one, other) else other if self.program.precedes(other, one) else None
        return one is other or (earlier is not None and earlier.name not in self._some)

    def _shows(self, level: Plan) -> bool:
        """Says whether somebody outside looks at what is inside of a block that comes round: the last may hide it."""
        if level.element.repeat is None:
            return False
        inside = list(level.descendants())
        facts = {fact for inner in inside for fact in (inner.name, *inner.element.outputs)}
        return any(w is not level and w not in inside for fact in facts for w in self.program.watchers.get(fact, ()))

    def _alone(self, plan: Plan) -> bool:
        program = self.program
        if plan.kind not in ("activity", "approval") or "case" in self._touchy:
            return False
        element = plan.element
        levels = list(plan.levels())
        if any(level.element.many is not None and level.element.many.enough is not None for level in levels):
            return False
        if any(self._may_be_withdrawn(level) for level in levels):
            return False
        if element.repeat is not None and element.repeat.every is not None:
            return False
        mine = {plan.name, *element.outputs, *(level.name for level in levels)}
        if plan.name not in self._shaded:
            if not mine.isdisjoint(self._touchy):
                return False
            if any(map(self._shows, levels[1:])) or any(map(_may_end, levels)):
                return False
        if any(len(program.producers.get(record, ())) > 1 for record in element.outputs):
            return False
        if not all(
            self._apart(plan, other)
            for target in self._back(plan)
            for other in program.plans.values()
            if self._follows(target, other) and other.kind != "milestone"
        ):
            return False
        return all(self._apart(p, plan) or not self._follows(to, plan) for p, to in self._senders)
