"""Which work may be looked at alone: what it does is the same whenever it is done, and it takes nothing from the rest.

Said of the text of a process, once. An element is independent where whoever watches it, its records or the blocks
around it waits for all of it to be over (an input, `after` all, a `when` on how it ended), and where nothing but what
comes after it can send it back, end it, or come in its way. Errs towards dependence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from charter.engine.machines import CONCLUDED
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled
from charter.engine.state import Node

# What is known of an element when it is over, and not before: lateness is known sooner.
_OF_THE_END = CONCLUDED | {"outcome"}


class Independence:
    """The independent elements of a process."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._some = {
            n for e in program.definition.elements for a in e.after if a.needed < len(a.elements) for n in a.elements
        }
        self._touchy = frozenset(self._named_loosely())
        self._senders = [(p, to) for p in program.plans.values() if (to := self._back(p)) is not None]
        self.elements = frozenset(plan.name for plan in program.plans.values() if self._alone(plan))

    def one(self, nodes: Iterable[Node]) -> Node | None:
        """The first node that may be looked at alone, None where all must be."""
        return next((node for node in nodes if node.element in self.elements and node.state != "failed"), None)

    def _named_loosely(self) -> Iterator[str]:
        """Names whatever is read or awaited in a way for which it matters when it comes."""
        for plan in self.program.plans.values():
            element = plan.element
            for after in element.after:
                if after.needed < len(after.elements):
                    yield from after.elements
            yield from element.starts_with
            loose = [element.exit]
            if element.repeat is not None and element.repeat.every is not None:
                # It ends with what is beside it, so that it matters who of them is the last.
                around = plan.parent.name if plan.parent is not None else None
                yield from (
                    p.name for p in self.program.plans.values() if around in (None, *(x.name for x in p.levels()))
                )
            if element.repeat is not None:
                loose += [element.repeat.until, element.repeat.while_, element.repeat.every]
            for text in loose:
                yield from self.program.names(text)
            expression = compiled(element.when) if element.when is not None else None
            for path in expression.paths if expression is not None else ():
                if path[0] in self.program.plans and (len(path) < 2 or path[1] not in _OF_THE_END):
                    yield path[0]
                if path[0] == "case":
                    yield "case"
        for order in self.program.definition.orders:
            yield from order.elements

    def _back(self, plan: Plan) -> Plan | None:
        """Where a rejection sends work back to."""
        agreement = plan.element.agreement
        back = None if agreement is None else agreement.on_reject
        return None if back is None or back.target is None else self.program.plans[back.target]

    def _follows(self, target: Plan, plan: Plan) -> bool:
        return plan is target or self.program.precedes(target, plan)

    def _apart(self, one: Plan, other: Plan) -> bool:
        """Says whether of two elements one is over before the other opens."""
        earlier = one if self.program.precedes(one, other) else other if self.program.precedes(other, one) else None
        return one is other or (earlier is not None and earlier.name not in self._some)

    def _alone(self, plan: Plan) -> bool:
        program = self.program
        if plan.kind not in ("activity", "approval") or "case" in self._touchy:
            return False
        element = plan.element
        levels = list(plan.levels())
        if any(level.element.many is not None and level.element.many.enough is not None for level in levels):
            return False
        if element.repeat is not None and element.repeat.every is not None:
            return False
        mine = {plan.name, *element.outputs, *(level.name for level in levels)}
        if not mine.isdisjoint(self._touchy):
            return False
        if any(len(program.producers.get(record, ())) > 1 for record in element.outputs):
            return False
        target = self._back(plan)
        if target is not None and not all(
            self._apart(plan, other)
            for other in program.plans.values()
            if self._follows(target, other) and other.kind != "milestone"
        ):
            return False
        return all(self._apart(p, plan) or not self._follows(to, plan) for p, to in self._senders)
