"""What tells two states of a case apart: whatever something that may still follow can depend on, and no more.

Work that is past (`past`) is left out. Of the rest, instants are left out but for their order: which timer is next. So
is what no line of the process asks for: who did what, unless one person must do two things or a condition names them;
rounds, rejections and attempts beyond the last that is counted; due dates, unless a condition speaks of them; what
work rests on, unless something can send work back; how a vote went, once it is over. Of records there is what
conditions see of them (`sight`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from charter.engine import values
from charter.engine.keys import name_of, parse_key
from charter.engine.machines import SETTLED, WORKABLE
from charter.engine.plan.program import Program, compiled
from charter.engine.proof.atoms import conditions
from charter.engine.proof.past import Past
from charter.engine.proof.values import Conditions
from charter.engine.state import CaseState, Node, Version

_ROUNDS = 2  # that are told apart where it is not known which matters
_PLAIN = ("state", "before", "closed", "size", "pending", "waits")
_DATED = frozenset({"overdue", "on_time", "due"})
_PERSONS = frozenset({"doer", "doers", "holder"})
_COUNTS = ("iteration", "rejects", "attempt")


class Sameness:
    """Keys of the states of one process: equal where nothing that follows can differ."""

    def __init__(self, program: Program, known: Conditions, past: Past) -> None:
        definition = program.definition
        self.program = program
        self.past = past
        self.sight = known.sight
        self._alike = known.alike  # items that nobody sees one by one
        self._spent = known.spent
        self._lasting = known.shade.lasting  # of which those that are over make no difference
        self._outputs = frozenset(definition.outputs)
        self._seen: dict[tuple[str, str], int] = {}
        self._parts: dict[int, tuple[Node, int, int | None]] = {}
        self._numbers: dict[Any, int] = {}
        self._together: dict[Any, int] = {}
        expressions = [compiled(condition.text) for condition in conditions(definition)]
        paths = {path for e in expressions if e is not None for path in e.paths}
        read = {name for path in paths if path[0] in program.plans or path[0] == "case" for name in path[1:]}
        if any(len(path) == 1 and path[0] in program.plans for path in paths):
            read |= {name for path in paths for name in path[1:]}  # of what stands for it
        names = list(_PLAIN)
        named = program.plans if not read.isdisjoint(_PERSONS) else {}
        self._doers = frozenset(named).union(rule.other for rule in definition.separations if rule.same)
        idle = [plan for plan in program.plans.values() if plan.element.repeat and plan.element.repeat.until]
        self._idle = frozenset(inner.name for plan in idle for inner in plan.descendants())
        agreements = [e.agreement for e in definition.elements if e.agreement is not None]
        self.sent_back = any(
            a.on_return is not None or (a.on_reject is not None and a.on_reject.kind == "return") for a in agreements
        )
        if self.sent_back:
            names.append("redo")
        # The service-level clocks that conditions ask for; these may ask one another.
        self.clocks = frozenset(path[0] for path in paths if path[0] in program.slas)
        # The ledgers that may hold work up: those that conditions ask for, or that refuse amounts which these read.
        self._refusing = frozenset(name for name, plan in program.ledgers.items() if plan.ledger.refuses)
        asked = {path[0] for path in paths if path[0] in program.ledgers}
        self.ledgers = asked | self._refusing & known.weighed
        self.dated = not read.isdisjoint(_DATED)
        if self.dated:
            names.append("overdue")
        if "outcome" in read:
            names.append("outcome")
        self._names = tuple(names)
        self._group_names = tuple(name for name in names if name != "size")
        self._ends = {
            e.name: tuple(index for index, event in enumerate(e.events) if event.ends) for e in definition.elements
        }
        self._caps = {plan.name: tuple(self._counted(plan.name, known)) for plan in program.plans.values()}
        variables = {e.many.variable for e in definition.elements if e.many is not None}
        self._items = any(path[0] in variables for path in paths)

    def key(self, state: CaseState) -> Any:
        """Gives what is equal for two states from which the same can follow."""
        matters = self.past.matters(state)
        told = [self._parts.get(id(node)) or self._part(node) for node in state.nodes.values()]
        timers = state.timers if self.dated else {node.key: at for node, _, at in told if at is not None}
        order = sorted(set(timers.values()))
        parts = (
            (
                part,
                order.index(timers[node.key]) if node.key in timers else None,
                self._rests(state, node) if self.sent_back and node.used else (),
            )
            for node, part, _ in told
            if node.element in matters and not self._is_over(node)
        )
        nodes = frozenset(Counter(parts).items() if self._alike else parts)
        names = {key: name_of(key) for key in state.versions}
        versions = frozenset(
            (key, self._of(names[key], version)) for key, version in state.versions.items() if names[key] in matters
        )
        services = state.clocks.values() if self.clocks else ()
        clocks = frozenset((s.key, s.clock.phase, s.fired, min(s.clock.cycle, _ROUNDS)) for s in services)
        # Before its baseline is approved, a ledger that refuses takes nothing.
        books = frozenset(book.ledger for book in state.books if book.number and book.ledger in self._refusing)
        return state.status, nodes, versions, repr(state.signals), self._between(state, matters), clocks, books

    def _is_over(self, node: Node) -> bool:
        """Says whether a node is an item that is over for good, whatever else comes of its list."""
        return node.element in self._lasting and node.state in SETTLED and bool(parse_key(node.key)[1])

    def _turns(self, node: Node) -> int | None:
        """Gives the next instant that brings a node on, or ends it."""
        ends = self._ends[node.element] if node.marks else ()
        marks = [node.marks[index] for index in ends if node.marks[index] > 0 and node.state in WORKABLE]
        return min([*marks, *([node.wake] if node.wake is not None else [])], default=None)

    def outputs(self, state: CaseState) -> frozenset[str]:
        """Names the outputs of the process that are there."""
        return self._outputs.intersection(map(name_of, state.versions))

    def _counted(self, name: str, known: Conditions) -> Iterator[tuple[str, int]]:
        """Yields what is counted of an element, and up to which number that makes a difference."""
        element = self.program.plans[name].element
        most: dict[str, list[Decimal]] = {}
        if element.work is not None and element.work.retry is not None:
            most["attempt"] = [Decimal(element.work.retry.times)]
        if element.agreement is not None and element.agreement.escalation is not None:
            most["rejects"] = [Decimal(element.agreement.escalation.rejects)]
        for atom in known.atoms:
            for path in atom.paths:
                if path[0] == name and len(path) > 1 and path[1] in _COUNTS:
                    numbers = (value for value in known.literals([atom]) if isinstance(value, Decimal))
                    most.setdefault(path[1], [Decimal(_ROUNDS)]).extend(numbers)
        yield from ((count, int(max(found)) + 1) for count, found in most.items())

    def _part(self, node: Node) -> tuple[Node, int, int | None]:
        """What is told of a node by itself, and its next instant; most nodes are the same in most states."""
        over = node.state in SETTLED
        called = node.element if node.element in self._alike and parse_key(node.key)[1] else node.key
        part = (
            called,
            *(getattr(node, name) for name in (self._group_names if node.element in self._lasting else self._names)),
            *(min(getattr(node, name), most) for name, most in self._caps[node.element]),
            node.doers if node.element in self._doers else (),
            over and node.ready_at is not None if node.element in self._idle else None,
            node.outcome if node.state == "skipped" else None,
            () if over else tuple(sorted((vote.stage, vote.role, vote.approve) for vote in node.votes)),
            0 if over else (node.stage, node.held),
            0 if over else len(node.confirmations),
            repr(node.item) if self._items else "",
            () if over or not node.marks else tuple(node.marks[n] > 0 for n in self._ends[node.element]),
        )
        known = self._parts[id(node)] = (node, self._number(part), self._turns(node))
        return known

    def _number(self, told: Any) -> int:
        """Gives the number of something that is told, which is quicker to compare."""
        return self._numbers.setdefault(told, len(self._numbers))

    def _rests(self, state: CaseState, node: Node) -> tuple[tuple[str, bool], ...]:
        """Whether what work rests on is still as it was."""
        now = state.versions
        return tuple((key, key not in now or now[key].digest == digest) for key, digest in node.used)

    def _of(self, record: str, version: Version) -> int:
        """What conditions see of a version alone."""
        found = self._seen.get((record, version.digest))
        if found is None:
            found = self._number(self.sight.alone(record, values.decode(version.value), self._spent))
            self._seen[record, version.digest] = found
        return found

    def _between(self, state: CaseState, matters: frozenset[str]) -> int:
        """What conditions see of several records together, and what those still to be written will be held against."""
        compared = matters & self.sight.compared
        now = {name: version for name, version in state.versions.items() if name in compared}
        writable = self.past.writable(state) & self.sight.compared
        key = (tuple((name, version.digest) for name, version in now.items()), writable)
        found = self._together.get(key)
        if found is None:
            there = {name: values.decode(version.value) for name, version in now.items()}
            order = (self.sight.order(there, name) for name in sorted(writable))
            found = self._together[key] = self._number((*self.sight.between(there), *order))
        return found
