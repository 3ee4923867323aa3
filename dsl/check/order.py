"""What must come before what in a process: which elements can ever start, and who lies downstream of whom.

Every element is two moments, its beginning and its end. A moment comes when all its conditions are met; a condition
is met when enough of its sources have come. What many wait for together (any writer of a record, all its approvals) is
a moment of its own, a joint. That is solved once, in document order and in linear time, and gives each moment its
position. Expressions take part where `whens` asks for it. Invariant: a moment without a position can never come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, reduce
from heapq import heappop, heappush
from itertools import chain
from operator import or_

from msgspec import Struct

from charter.dsl.check.expressions import read
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.diagnostic import Span
from charter.dsl.text import tree as t
from charter.engine.feel import tree as ft
from charter.engine.plan.facts import AT_THE_END

_COMPARING = frozenset({"=", "!=", "<", "<=", ">", ">="})
_LITERALS = (ft.Number, ft.Percent, ft.Amount, ft.Length, ft.String, ft.At, ft.Boolean)


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
    """The moments of a process in an order in which they can come; with `whens`, conditions hold them back too."""

    def __init__(self, scope: ProcessScope, *, whens: bool = False) -> None:
        self.scope = scope
        self.parts = list(scope.elements.values())
        self.follows = predecessors(scope)
        self.conditions: list[Condition] = []
        self.joints: dict[object, int] = {}
        for part in self.parts:
            self._conditions(part)
        if whens:
            # What is around milestones does not wait for them: it passes over those that are left.
            ends = {end(part) for part in self.parts if part.kind == "milestone"}
            kept = [
                c
                for c in self.conditions
                if c.moment % 2 == 0 or not ends.issuperset(c.sources) or self.is_joint(c.moment)
            ]
            self.conditions = kept
            for part in self.parts:
                self._whens(part)
        moments = 2 * len(self.parts) + len(self.joints)
        self.of_moment: list[list[int]] = [[] for _ in range(moments)]
        self.feeds: list[list[int]] = [[] for _ in range(moments)]
        for index, condition in enumerate(self.conditions):
            self.of_moment[condition.moment].append(index)
            for source in condition.sources:
                self.feeds[source].append(index)
        self.position = self._solve()

    def is_joint(self, moment: int) -> bool:
        return moment >= 2 * len(self.parts)

    def holds_back(self, condition: Condition) -> bool:
        """Whether a condition is one of a beginning, directly or through a joint."""
        return condition.moment % 2 == 0 or self.is_joint(condition.moment)

    def _joint(self, key: object, sources: tuple[int, ...], needed: int, span: Span) -> int:
        """The moment at which so many of the sources have come, the same for all who wait for it."""
        joint = self.joints.get(key)
        if joint is None:
            joint = self.joints[key] = 2 * len(self.parts) + len(self.joints)
            self.conditions.append(Condition(joint, sources, needed, span))
        return joint

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
                writers = scope.producers.get(word.text, ())
                if writers:
                    written = self._joint(word.text, tuple(map(end, writers)), 1, word.span)
                    add(Condition(start, (written,), 1, word.span))
            approvals = scope.granted.get((part.name, word.text), ())
            if approvals and not _makes_anew(part, word.text):  # which waits for those that come before it anyway
                granted = self._joint(approvals, tuple(map(end, approvals)), len(approvals), word.span)
                add(Condition(start, (granted,), 1, word.span))

    def _whens(self, part: Part) -> None:
        for line in part.all(t.When):
            tree = read(line.expr.text).tree
            sources = self._awaited(tree, line.expr.span) if tree is not None else ()
            if sources:
                self.conditions.append(
                    Condition(end(part) if line.kind == "exit" else begin(part), sources, 1, line.expr.span)
                )

    def _awaited(self, tree: ft.Node, span: Span) -> tuple[int, ...]:
        """The moments of which one must come before a condition can be anything but unknown; none where that is open.

        How an element ended is unknown until it has, and what a record holds until somebody has written it.
        """
        match tree:
            case ft.Call(ft.Name("not"), (inner,)):
                return self._awaited(inner, span)
            case ft.Binary("and" | "or", left, right):
                one, other = self._awaited(left, span), self._awaited(right, span)
                return (*one, *other) if one and other else ()
            case ft.Binary(op, left, right) if op in _COMPARING:
                found = [self._source(side, span) for side in (left, right) if not isinstance(side, _LITERALS)]
            case _:
                found = [self._source(tree, span)]
        sources = tuple(source for source in found if source is not None)
        if not sources or len(sources) < len(found):
            return ()
        return sources if len(sources) == 1 else (self._joint(sources, sources, len(sources), span),)

    def _source(self, node: ft.Node, span: Span) -> int | None:
        """The moment from which a path has a value, None where it may have one at any time."""
        names: list[str] = []
        while isinstance(node, ft.Path):
            names.append(node.name)
            node = node.of
        if not isinstance(node, ft.Name) or not names:
            return None
        part = self.scope.elements.get(node.name)
        if part is not None:
            return end(part) if len(names) == 1 and names[0] in AT_THE_END else None
        writers = self.scope.producers.get(node.name, ())
        if node.name in self.scope.inputs or not writers:
            return None
        return self._joint(node.name, tuple(map(end, writers)), 1, span)

    def _solve(self) -> list[int]:
        """Gives each moment its position, -1 to those that can never come."""
        missing = [0] * len(self.of_moment)
        left = [c.needed for c in self.conditions]
        for condition in self.conditions:
            missing[condition.moment] += 1
        position = [-1] * len(self.of_moment)
        heap = [m for m, count in enumerate(missing) if count == 0]
        at = 0
        while heap:
            come = [heappop(heap)]
            while come:  # a joint comes with the last that it takes, before anything else
                moment = come.pop()
                position[moment] = at
                at += 1
                for index in self.feeds[moment]:
                    left[index] -= 1
                    if left[index] == 0:
                        target = self.conditions[index].moment
                        missing[target] -= 1
                        if missing[target] == 0 and self.is_joint(target):
                            come.append(target)
                        elif missing[target] == 0:
                            heappush(heap, target)
        return position

    def precedes(self, earlier: int, later: int) -> bool:
        """Whether `later` rests on `earlier`, directly or through others; of an order without circles."""
        return bool(self.behind[later] >> self.position[earlier] & 1)

    @cached_property
    def behind(self) -> list[int]:
        """The moments that each moment rests on, a bit each at its position.

        Where several elements write a record, those that come after the moment do not count as before it.
        """
        rests = [0] * len(self.position)
        joined = [0] * len(self.position)  # of a joint: what has come of it so far, with what that rests on
        come = sorted((at, moment) for moment, at in enumerate(self.position) if at >= 0)
        for at, moment in come:
            found = joined[moment]
            for index in self.of_moment[moment]:
                for source in self.conditions[index].sources:
                    if self.is_joint(source):
                        found |= joined[source]
                    elif 0 <= self.position[source] < at:
                        found |= rests[source] | 1 << self.position[source]
            rests[moment] = found
            for index in self.feeds[moment]:
                target = self.conditions[index].moment
                if self.is_joint(target):
                    joined[target] |= found | 1 << at
        return rests

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
            if self.is_joint(moment):
                continue
            part = self.parts[moment // 2]
            if not names or names[-1] is not part:
                names.append(part)
        if len(names) > 1 and names[0] is names[-1]:
            names.pop()
        # The line to point at is one that the author wrote: a beginning that waits for something by name.
        written = [blocked[m] for m in moments if m % 2 == 0 and not self.is_joint(m)]
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
        every = tuple(approvals)
        granting = {order.position[end(a)]: a for a in every}
        approved = _mask(granting)
        taking: dict[int, list[Part]] = {}
        for consumer in {p.name: p for p in scope.consumers.get(record, ())}.values():
            if _makes_anew(consumer, record):
                upstream = [granting[at] for at in _bits(order.behind[begin(consumer)] & approved)]
                if upstream:
                    found[consumer.name, record] = tuple(sorted(upstream, key=lambda part: part.number))
            else:
                taking.setdefault(order.position[_through(consumer)], []).append(consumer)
        taken = _mask(taking)
        later: dict[str, set[str]] = {}  # by consumer: the approvals that lie downstream of it
        for approval in every:
            for at in _bits(order.behind[begin(approval)] & taken):
                for consumer in taking[at]:
                    later.setdefault(consumer.name, set()).add(approval.name)
        for consumer in chain.from_iterable(taking.values()):
            ruled_out = later.get(consumer.name)
            waits = tuple(a for a in every if a.name not in ruled_out) if ruled_out else every
            if waits:
                found[consumer.name, record] = waits
    return found


def _makes_anew(consumer: Part, record: str) -> bool:
    """Whether what an element makes of a record is the record, or a decision on it."""
    return consumer.of is not None or any(n.text == record for n in consumer.outputs)


def _mask(positions: Iterable[int]) -> int:
    return reduce(or_, (1 << at for at in positions), 0)


def _bits(mask: int) -> Iterator[int]:
    digits = bin(mask)[:1:-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)


def _through(part: Part) -> int:
    """The moment that makes what comes after it downstream of a part: what is inside a phase counts too."""
    return begin(part) if part.kind == "phase" else end(part)
