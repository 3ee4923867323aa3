"""Another look at what can come of a case, as plain as can be: the reference that `engine/proof` is held against.

Every move in every order, each boolean of a record true and false, lists of no, one and two items, signals that come
before anybody waits for them. Time goes on from timer to timer; work takes none. States are told apart by all that the
engine keeps of them but entries and commands counted; instants count from now. Knows the texts of `sound_texts` only,
whose spans divide twelve hours.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from charter.engine import commands as c, values
from charter.engine.definition import Definition, Element, TypeRef
from charter.engine.feel.temporal import Date
from charter.engine.keys import name_of
from charter.engine.law import PRESENT
from charter.engine.machines import SETTLED
from charter.engine.proof.verdicts import Verdict
from charter.engine.state import NEW, CaseState, Node, node_json
from charter.engine.step.transition import step

AT = 1_772_442_000_000_000  # Monday 2 March 2026, 09:00 UTC
_HOUR = 3_600_000_000
_LEFT_OUT = ("started_at", "ended_at", "wake", "due", "reason", "stands", "bound", "rhythm", "used", "hands")
_COUNTED = ("iteration", "attempt", "rejects")
_MOST_ITEMS = 2
_PERSON = "x"  # whom data names, and any text
_DAY = values.encode(Date(2026, 3, 2))


class Seen:
    """What came of it: each state with its instant, and what follows each. `whole`: whether that is everything."""

    def __init__(self) -> None:
        self.states: list[CaseState] = []
        self.after: list[list[int]] = []
        self.spun = False
        self.whole = True

    def hanging(self) -> list[int]:
        """Lists the states from which no end can be reached."""
        before: list[list[int]] = [[] for _ in self.states]
        for source, targets in enumerate(self.after):
            for target in targets:
                before[target].append(source)
        living = {n for n, state in enumerate(self.states) if state.status in ("completed", "cancelled")}
        waiting = list(living)
        while waiting:
            for source in before[waiting.pop()]:
                if source not in living:
                    living.add(source)
                    waiting.append(source)
        return [n for n in range(len(self.states)) if n not in living]

    def opened(self) -> set[str]:
        nodes = [node for state in self.states for node in state.nodes.values()]
        return {node.element for node in nodes if node.ready_at is not None or node.state == "reached"}


class _Case:
    """The cases of one process."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.elements = {e.name: e for e in definition.elements}
        self.types = {r.name: r for r in definition.records}
        self.roles = tuple(role.name for role in definition.roles)
        self.rivals = {name for order in definition.orders if order.kind == "first" for name in order.elements}

    # -- what may be handed over -----------------------------------------------------------------------------------

    def values(self, type_: TypeRef) -> list[Any]:
        if type_.name == "boolean":
            return [True, False]
        if type_.name == "choice":
            return list(type_.choices)
        if type_.name == "list":
            items = self.values(type_.item or TypeRef("text"))
            return [[], *([item] for item in items), *([item, other] for item in items for other in items[-1:])]
        if type_.name == "record":
            return list(self.record(type_.record or ""))
        return [_DAY] if type_.name == "date" else [_PERSON]

    def record(self, record: str) -> Iterator[dict[str, Any]]:
        fields = self.types[record].fields if record in self.types else ()
        for row in product(*(self.values(f.type) for f in fields)):
            yield {f.name: value for f, value in zip(fields, row, strict=True)}

    def outputs(self, element: Element) -> Iterator[tuple[tuple[str, Any], ...]]:
        return product(*([(r, v) for v in self.record(r)] for r in element.outputs))

    # -- who may hand it over --------------------------------------------------------------------------------------

    def people(self, state: CaseState, key: str) -> list[c.Actor]:
        """Lists who might do it: somebody who has done nothing else, then everybody else, each with every role."""
        names = [key, *(person for node in state.nodes.values() for person in node.doers), "owner", _PERSON]
        return [c.Actor(name, self.roles) for name in dict.fromkeys(names)]

    # -- moves -----------------------------------------------------------------------------------------------------

    def moves(self, state: CaseState, at: int) -> Iterator[list[c.Command]]:
        """Yields what may be done next, each as by one person or another: whoever first may, does it."""
        for node in state.nodes.values():
            yield from self.of(state, node, at)
        for name in {e.work.target or "" for e in self.elements.values() if e.work and e.work.kind == "signal"}:
            waiting = any(
                n.state == "active" and (w := self.elements[n.element].work) is not None and w.target == name
                for n in state.nodes.values()
            )
            if waiting or not any(early.signal == name for early in state.signals):
                for records in {repr(r): r for e in self._waiters(name) for r in self.outputs(e)}.values():
                    yield [c.Signal(actor=c.Actor("bell", self.roles), at=at, name=name, records=records)]
        ends = [(v.at, e.name) for e in self.elements.values() for v in e.events if v.kind == "signal"]
        if any(n.marks and n.element in {name for _, name in ends} for n in state.nodes.values()):
            for name in dict.fromkeys(at for at, _ in ends):
                yield [c.Signal(actor=c.Actor("bell", self.roles), at=at, name=name or "")]
        if state.wake is not None:
            yield [c.Tick(actor=c.SYSTEM, at=max(at, state.wake))]

    def _waiters(self, name: str) -> list[Element]:
        return [e for e in self.elements.values() if e.work and e.work.kind == "signal" and e.work.target == name]

    def of(self, state: CaseState, node: Node, at: int) -> Iterator[list[c.Command]]:
        element, key = self.elements[node.element], node.key
        work, group = element.work, node.size or (element.many is not None and node.item is None)
        people = self.people(state, key)
        if node.state == "failed":
            yield [c.Retry(actor=who, at=at, node=key) for who in people]
        elif element.many is not None and element.many.open and group and node.state == "active" and not node.closed:
            if node.size < _MOST_ITEMS:
                yield [c.Add(actor=people[-1], at=at, node=key, item="x")]
            yield [c.Close(actor=people[-1], at=at, node=key)]
        elif element.kind == "approval" and node.state == "ready":
            yield from self.votes(element, node, at)
        elif element.kind == "activity" and work is None and node.state in ("ready", "claimed", "active") and not group:
            if node.state != "active" and node.element in self.rivals:  # a choice hangs on who begins
                yield [c.Begin(actor=who, at=at, node=key) for who in people]
            for records in self.outputs(element):
                yield [c.Complete(actor=who, at=at, node=key, records=records) for who in people]
        elif work is not None and work.kind in ("call", "run") and node.state == "active" and node.wake is None:
            answer = c.Answer(actor=c.SYSTEM, at=at, node=key, attempt=node.attempt, failure="no")
            yield [answer]
            for records in self.outputs(element):
                yield [c.Answer(actor=c.SYSTEM, at=at, node=key, attempt=node.attempt, records=records)]

    def votes(self, element: Element, node: Node, at: int) -> Iterator[list[c.Command]]:
        for role in self.roles:
            who = c.Actor(f"{node.key} {role} {len(node.votes)}", (role,))
            yield [c.Approve(actor=who, at=at, node=node.key)]
            yield [c.Reject(actor=who, at=at, node=node.key, reason="no")]
            if element.agreement is not None and element.agreement.on_return is not None:
                yield [c.Return(actor=who, at=at, node=node.key, reason="no")]

    # -- what tells states apart -----------------------------------------------------------------------------------

    def key(self, state: CaseState, at: int) -> str:
        nodes = [self.bare(state, node, at) for node in state.nodes.values()]
        versions = {key: [version.value, version.node, version.writers] for key, version in state.versions.items()}
        return json.dumps([state.status, nodes, versions, state.signals], sort_keys=True, default=str)

    def bare(self, state: CaseState, node: Node, at: int) -> dict[str, Any]:
        """Gives a node with its instants counted from now, as far as they still matter."""
        found = {k: v for k, v in node_json(node).items() if k not in _LEFT_OUT}
        for name in _COUNTED:
            found[name] = min(getattr(node, name), 3)
        found["ready_at"] = node.ready_at is not None
        found["used"] = [(k, k in state.versions and state.versions[k].digest == digest) for k, digest in node.used]
        if node.wake is not None:
            found["wake"] = node.wake - at
        found["marks"] = [mark - at if mark > 0 else mark for mark in node.marks] if node.state not in SETTLED else []
        if node.due is not None:
            found["due"] = node.due - at if not node.overdue and node.state not in SETTLED else 0
        repeat = self.elements[node.element].repeat
        if repeat is not None and repeat.every is not None:
            began = node.rhythm[2] if node.rhythm else node.ready_at or at
            found["rhythm"] = (at - began) % (12 * _HOUR)
        return found


def look(definition: Definition, most: int) -> Seen:
    """Looks at all that can come of a case, up to so many states."""
    case = _Case(definition)
    seen, numbers, waiting = Seen(), dict[str, int](), deque[tuple[int, int]]()

    def meet(state: CaseState, at: int) -> int:
        number = numbers.setdefault(case.key(state, at), len(seen.states))
        if number == len(seen.states):
            seen.states.append(state)
            seen.after.append([])
            waiting.append((number, at))
        return number

    starter = c.Actor("owner", case.roles)
    for records in product(*([(r, v) for v in case.record(r)] for r in definition.inputs)):
        start = c.Start(actor=starter, at=AT, case="case", records=records, **PRESENT._asdict())
        opened = step(definition, NEW, start)
        if opened.refusal is None:
            meet(opened.state, AT)
        else:
            assert opened.refusal.code == "CH541", opened.refusal
            seen.spun = True
    while waiting:
        if len(seen.states) > most:
            seen.whole = False
            break
        number, at = waiting.popleft()
        state = seen.states[number]
        if state.status == "open":
            for alternatives in case.moves(state, at):
                for command in alternatives:
                    done = step(definition, state, command)
                    if done.refusal is None:
                        seen.after[number].append(meet(done.state, command.at))
                        break
                    seen.spun = seen.spun or done.refusal.code == "CH541"
    return seen


def disagreements(definition: Definition, found: Mapping[str, Verdict], seen: Seen) -> list[str]:
    """Names the properties of which an exploration says something else than this look, where it saw everything."""
    is_so = faults(definition, seen)
    return [
        name
        for name, refuted in is_so.items()
        if found[name].said != "unknown" and (found[name].said == "refuted") != refuted
    ]


def faults(definition: Definition, seen: Seen) -> dict[str, bool]:
    """Says of each property whether something that was seen refutes it."""
    ended = [s for s in seen.states if s.status == "completed"]
    granted = {node.element for s in seen.states for node in s.nodes.values() if node.state == "granted"}
    approvals = {e.name for e in definition.elements if e.kind == "approval"}
    return {
        "ends": bool(seen.hanging()),
        "closed": any(n.state not in SETTLED for s in ended for n in s.nodes.values()),
        "opens": {e.name for e in definition.elements} != seen.opened(),
        "outputs": any(not set(definition.outputs) <= set(map(name_of, s.versions)) for s in ended),
        "turns": seen.spun,
        "grants": approvals - granted != set(),
    }
