"""What must come before what in a process: which elements can ever start, and who lies downstream of whom.

Every element is two moments, its beginning and its end. A moment comes when all its conditions are met; a condition
is met when enough of its sources have come. That is solved once, in document order and in linear time, and gives
each moment its position. Expressions take no part. Invariant: a moment without a position can never come.
"""

from __future__ import annotations

from heapq import heappop, heappush

from msgspec import Struct

from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.diagnostic import Span
from charter.dsl.text import tree as t


class Condition(Struct, frozen=True):
    """`needed` of the moments in `sources` must come before `moment`; `span` is the line that says so."""

    moment: int
    sources: tuple[int, ...]
    needed: int
    span: Span


def begin(part: Part) -> int:
    return 2 * part.number


def end(part: Part) -> int:
    return 2 * part.number + 1


def predecessors(scope: ProcessScope) -> dict[str, tuple[Part, ...]]:
    """For each phase that says neither `after` nor `alongside`, the sibling phases that it follows.

    That is the phase before it; where that one runs alongside others, these too, so that phases which run together
    are followed together. A phase does not follow one that says it runs alongside it.
    """
    found: dict[str, tuple[Part, ...]] = {}
    for siblings in (scope.top, *(p.children for p in scope.elements.values() if p.children)):
        together: list[Part] = []  # the last phase and those that run with it
        for part in siblings:
            if part.kind != "phase":
                continue
            if t.After not in part.lines and t.Alongside not in part.lines:
                found[part.name] = tuple(p for p in together if part.name not in _beside(p))
            if t.Alongside not in part.lines:
                # One that runs alongside this phase belongs to its group although it stands before it.
                together = [p for p in together if part.name in _beside(p)]
            together.append(part)
    return {name: parts for name, parts in found.items() if parts}


def _beside(part: Part) -> set[str]:
    return {name.last for line in part.all(t.Alongside) for name in line.names}


class Order:
    """The moments of a process in an order in which they can come."""

    def __init__(self, scope: ProcessScope) -> None:
        self.scope = scope
        self.parts = list(scope.elements.values())
        self.follows = predecessors(scope)
        self.conditions: list[Condition] = []
        for part in self.parts:
            self._conditions(part)
        self.of_moment: list[list[int]] = [[] for _ in range(2 * len(self.parts))]
        self.feeds: list[list[int]] = [[] for _ in range(2 * len(self.parts))]
        for index, condition in enumerate(self.conditions):
            self.of_moment[condition.moment].append(index)
            for source in condition.sources:
                self.feeds[source].append(index)
        self.position = self._solve()

    def _conditions(self, part: Part) -> None:
        scope, add = self.scope, self.conditions.append
        start, name = begin(part), part.node.name.span
        if part.parent is not None:
            add(Condition(start, (begin(part.parent),), 1, name))
        add(Condition(end(part), (start,), 1, name))
        for child in part.children:
            add(Condition(end(part), (end(child),), 1, child.node.name.span))
        for line in part.all(t.After):
            sources = tuple(end(p) for n in line.names if (p := scope.element(n.text)) is not None)
            needed = len(sources) if line.needed is None else min(line.needed, len(sources))
            if needed == len(sources):
                for source, word in zip(sources, line.names, strict=False):
                    add(Condition(start, (source,), 1, word.span))
            else:
                add(Condition(start, sources, needed, line.span))
        for beside in part.all(t.Alongside):
            for word in beside.names:
                other = scope.element(word.text)
                if other is not None:
                    add(Condition(start, (begin(other),), 1, word.span))
        for earlier in self.follows.get(part.name, ()):
            add(Condition(start, (end(earlier),), 1, name))
        for word in (*part.inputs, *((part.of,) if part.of else ())):
            if word.text not in scope.inputs:
                sources = tuple(end(p) for p in scope.producers.get(word.text, ()))
                add(Condition(start, sources, min(1, len(sources)), word.span))
            for approval in scope.granted.get((part.name, word.text), ()):
                add(Condition(start, (end(approval),), 1, word.span))

    def _solve(self) -> list[int]:
        """Gives each moment its position, -1 to those that can never come."""
        missing = [0] * len(self.of_moment)
        left = [c.needed for c in self.conditions]
        for condition in self.conditions:
            if condition.needed > 0:
                missing[condition.moment] += 1
        position = [-1] * len(self.of_moment)
        heap = [m for m, count in enumerate(missing) if count == 0]
        at = 0
        while heap:
            moment = heappop(heap)
            if position[moment] >= 0:
                continue
            position[moment] = at
            at += 1
            for index in self.feeds[moment]:
                left[index] -= 1
                if left[index] == 0:
                    target = self.conditions[index].moment
                    missing[target] -= 1
                    if missing[target] == 0:
                        heappush(heap, target)
        return position

    def precedes(self, earlier: int, later: int) -> bool:
        """Whether `later` rests on `earlier`, directly or through others."""
        return earlier in self.behind(later, self.position[earlier], earlier)

    def behind(self, moment: int, floor: int, until: int = -1) -> set[int]:
        """The moments that a moment rests on, not looking further back than position `floor` or than `until`.

        Where several elements write a record, those that come after the moment do not count as before it.
        """
        position = self.position
        seen: set[int] = set()
        if position[moment] <= floor:
            return seen
        stack = [moment]
        while stack:
            current = stack.pop()
            at = position[current]
            for index in self.of_moment[current]:
                for source in self.conditions[index].sources:
                    if floor <= position[source] < at and source not in seen:
                        seen.add(source)
                        if source == until:
                            return seen
                        stack.append(source)
        return seen

    def cycles(self) -> list[tuple[list[Part], Span]]:
        """The circles in which elements wait for each other, each once: its elements in waiting order and a place."""
        blocked: dict[int, Condition] = {}
        for moment, at in enumerate(self.position):
            if at < 0:
                for index in self.of_moment[moment]:
                    condition = self.conditions[index]
                    came = sum(1 for s in condition.sources if self.position[s] >= 0)
                    if came < condition.needed:
                        blocked[moment] = condition
                        break
        found: list[tuple[list[Part], Span]] = []
        done: set[int] = set()
        for first in blocked:
            path: list[int] = []
            index_of: dict[int, int] = {}
            moment = first
            while moment not in done and moment not in index_of:
                index_of[moment] = len(path)
                path.append(moment)
                moment = next(s for s in blocked[moment].sources if self.position[s] < 0)
            if moment in index_of:
                found.append(self._circle(path[index_of[moment] :], blocked))
            done.update(path)
        return found

    def _circle(self, moments: list[int], blocked: dict[int, Condition]) -> tuple[list[Part], Span]:
        names: list[Part] = []
        for moment in moments:
            part = self.parts[moment // 2]
            if not names or names[-1] is not part:
                names.append(part)
        if len(names) > 1 and names[0] is names[-1]:
            names.pop()
        # The line to point at is one that the author wrote: a beginning that waits for something by name.
        written = [blocked[m] for m in moments if m % 2 == 0]
        spans = [c.span for c in written if c.span != self.parts[c.moment // 2].node.name.span]
        lead = min(range(len(names)), key=lambda i: names[i].number)
        span = min(spans) if spans else blocked[moments[0]].span
        return names[lead:] + names[:lead], span


def approvals_of_inputs(scope: ProcessScope, order: Order) -> dict[tuple[str, str], tuple[Part, ...]]:
    """Says for each (element, record it takes) which approvals of that record must have granted it first.

    Those count that do not lie downstream of the element; for an approval, and for an element that writes the record
    anew, only those upstream of it, since otherwise two of them would wait for each other.
    """
    found: dict[tuple[str, str], tuple[Part, ...]] = {}
    for record, approvals in scope.approvals.items():
        consumers = {p.name: p for p in scope.consumers.get(record, ())}.values()
        positions = [order.position[_through(c)] for c in consumers]
        behind = {a.name: order.behind(begin(a), max(0, min(positions, default=0))) for a in approvals}
        for consumer in consumers:
            writes = any(n.text == record for n in consumer.outputs)
            floor = min((order.position[end(a)] for a in approvals), default=0)
            upstream = order.behind(begin(consumer), max(0, floor)) if consumer.of or writes else None
            waits = [
                a
                for a in approvals
                if a is not consumer
                and (_through(consumer) not in behind[a.name] if upstream is None else end(a) in upstream)
            ]
            if waits:
                found[consumer.name, record] = tuple(waits)
    return found


def _through(part: Part) -> int:
    """The moment that makes what comes after it downstream of a part: what is inside a phase counts too."""
    return begin(part) if part.kind == "phase" else end(part)
