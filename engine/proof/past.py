"""What of a case is past: work that is over, that nothing can take up again, and that nobody who still acts looks at.

Said of elements, whole: whoever is not over stirs whatever looks at them, what is around them, where they may send
work back to, and what comes round again with them. All else is still, and matters as far as somebody stirred looks at
it. Errs towards what matters.
"""

from __future__ import annotations

from collections.abc import Iterator

from charter.engine.machines import SETTLED
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.proof.atoms import conditions_of
from charter.engine.state import CaseState


class Past:
    """Tells, of the states of one process, which elements and records still matter."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._read: dict[str, frozenset[str]] = {plan.name: self._reads(plan) for plan in program.plans.values()}
        self._readers: dict[str, set[str]] = {}
        for name, read in self._read.items():
            for fact in read:
                self._readers.setdefault(fact, set()).add(name)
        self._stirred: dict[str, frozenset[str]] = {name: self._reach(name) for name in program.plans}
        self._inside = {plan.name: tuple(inner.name for inner in plan.descendants()) for plan in program.plans.values()}
        self.written = frozenset(program.producers)
        self._known: dict[frozenset[str], tuple[frozenset[str], frozenset[str]]] = {}
        self._last: tuple[CaseState | None, tuple[frozenset[str], frozenset[str]]] = (None, (frozenset(), frozenset()))

    def matters(self, state: CaseState) -> frozenset[str]:
        """Names the elements and records of which something that may follow can depend."""
        return self._look(state)[0]

    def writable(self, state: CaseState) -> frozenset[str]:
        """Names the records that somebody may still write."""
        return self._look(state)[1]

    def _look(self, state: CaseState) -> tuple[frozenset[str], frozenset[str]]:
        if self._last[0] is state:  # which is asked for several times in a row
            return self._last[1]
        moving = frozenset(self._moving(state))
        found = self._known.get(moving)
        if found is None:
            live = frozenset().union(*(self._stirred[name] for name in moving))
            around = (level.name for name in live for level in self.program.plans[name].levels())
            matters = live.union(around, *(self._read[name] for name in live))
            writable = frozenset(record for name in live for record in self.program.plans[name].element.outputs)
            found = self._known[moving] = (matters, writable)
        self._last = (state, found)
        return found

    def _moving(self, state: CaseState) -> Iterator[str]:
        """Names what is not over, also inside of a block that is still to be opened."""
        for node in state.nodes.values():
            if node.state not in SETTLED or node.wake is not None:
                yield node.element
            if node.state == "planned":
                yield from self._inside[node.element]

    def _reads(self, plan: Plan) -> frozenset[str]:
        """Names the elements and records on which it depends how an element goes on."""
        program, element = self.program, plan.element
        found = set(plan.uses) | set(plan.items) | set(plan.asked) | set(element.starts_with)
        found.update(name for after in element.after for name in after.elements)
        found.update(name for needed in element.inputs for name in (needed.record, *needed.approvals))
        texts = [*conditions_of(program.definition, element)]
        work, repeat = element.work, element.repeat
        texts += [text for _, text in work.arguments] if work is not None else []
        found.update(name for text in texts for name in program.names(text))
        found.update(program.names(work.when) if work is not None else ())
        found.update(program.names(repeat.every) if repeat is not None else ())
        found.update(name for check in element.checklist if check.many for name in program.names(check.many.items))
        found.update(name for record in element.outputs for name in self._held(record))
        for rule in program.separations.get(plan.name, ()):
            found.add(rule.other)
        for _, other in (*program.rivals.get(plan.name, ()), *program.singles.get(plan.name, ())):
            found.add(other.name)
        # What several write is updated in place; what one writes is not looked at when it is written again.
        found.update(record for record in element.outputs if len(program.producers[record]) > 1)
        for record in [name for name in found if name in program.types]:
            found.update(producer.name for producer in program.producers.get(record, ()))
        # Inside a loop that is not its own, it sees the loop.
        found.update(loop for name in tuple(found) if name in program.plans for loop in program.plans[name].loops)
        return frozenset(name for name in found if name in program.plans or name in program.types)

    def _held(self, record: str) -> Iterator[str]:
        """Names what a record, and those in it, are held against when they are written."""
        declared = self.program.types.get(record)
        for f in declared.fields if declared is not None else ():
            for text in (f.where, f.default, f.required):
                yield from self.program.names(text)
            yield from self._held((f.type.item or f.type).record or "")

    def _reach(self, name: str) -> frozenset[str]:
        found, todo = {name}, [name]
        while todo:
            for other in self._next(self.program.plans[todo.pop()]):
                if other not in found:
                    found.add(other)
                    todo.append(other)
        return frozenset(found)

    def _next(self, plan: Plan) -> Iterator[str]:
        element = plan.element
        yield from self._readers.get(plan.name, ())
        for record in element.outputs:
            yield from self._readers.get(record, ())
        yield from (level.name for level in plan.levels())
        ends = any(event.ends for event in element.events)
        if plan.many or ends or any(given is not None for given in (element.repeat, element.when, element.exit)):
            yield from (inner.name for inner in plan.descendants())
        agreement = element.agreement
        if agreement is not None:
            if agreement.on_reject is not None and agreement.on_reject.target is not None:
                yield agreement.on_reject.target
            if agreement.on_return is not None:
                yield agreement.on_return
