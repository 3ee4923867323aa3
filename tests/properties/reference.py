"""Another look at what can come of a case, as plain as can be: the reference that `engine/proof` is held against.

Every move in every order, each boolean of a record true and false, lists of no, one and two items; states
are told apart by all that the engine keeps of them but instants, entries and commands counted. Knows the texts of
`sound_texts` only.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from charter.engine import commands as c
from charter.engine.definition import Definition
from charter.engine.keys import name_of
from charter.engine.law import PRESENT
from charter.engine.machines import SETTLED
from charter.engine.proof.verdicts import Verdict
from charter.engine.state import NEW, CaseState, to_json
from charter.engine.step.transition import step

AT = 1_767_600_000_000_000
_LEFT_OUT = ("_at", "commands", "entries_written", "wake", "due", "reason", "at", "stands", "stood", "bound")


class Seen:
    """What came of it: `ends`, `outputs`, `turns` are whether each holds, None where the bound was met first."""

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


def _values(definition: Definition, record: str) -> Iterator[dict[str, Any]]:
    fields = next(r.fields for r in definition.records if r.name == record)
    pools = [[True, False] if f.type.name == "boolean" else [[], ["x"], ["x", "y"]] for f in fields]
    for row in product(*pools):
        yield {f.name: value for f, value in zip(fields, row, strict=True)}


def _moves(definition: Definition, state: CaseState) -> Iterator[list[c.Command]]:
    """Yields what may be done next, each as by one person or another: whoever first may, does it."""
    elements = {e.name: e for e in definition.elements}
    at = max([AT, *(n.ended_at or n.started_at or n.ready_at or 0 for n in state.nodes.values())])
    roles = tuple(role.name for role in definition.roles)
    people = [c.Actor(person, roles) for person in ("li", "wu", "bo", "he", "an", "xi")]
    for key, node in state.nodes.items():
        element = elements[name_of(key)]
        outputs = list(product(*([(r, v) for v in _values(definition, r)] for r in element.outputs)))
        if element.kind == "approval" and node.state == "ready":
            for role in roles:
                voters = [c.Actor(who.person, (role,)) for who in people]
                yield [c.Approve(actor=who, at=at, node=key) for who in voters]
                yield [c.Reject(actor=who, at=at, node=key, reason="no") for who in voters]
        elif element.work is None and node.state in ("ready", "claimed", "active"):
            for records in outputs:
                yield [c.Complete(actor=who, at=at, node=key, records=records) for who in people]
        if node.state == "failed":
            yield [c.Retry(actor=who, at=at, node=key) for who in people]
        if element.work is not None and node.state == "active":
            for records in outputs:
                if element.work.kind == "signal":
                    name = element.work.target or ""
                    yield [c.Signal(actor=who, at=at, name=name, records=records) for who in people]
                elif element.work.kind == "call":
                    yield [c.Answer(actor=c.SYSTEM, at=at, node=key, attempt=node.attempt, records=records)]
            if element.work.kind == "call":
                yield [c.Answer(actor=c.SYSTEM, at=at, node=key, attempt=node.attempt, failure="no")]
    if state.wake is not None:
        yield [c.Tick(actor=c.SYSTEM, at=max(at, state.wake))]


def _bare(data: Any, name: str = "") -> Any:
    if isinstance(data, dict):
        kept = {k: v for k, v in data.items() if not any(k.endswith(end) for end in _LEFT_OUT)}
        return {k: min(v, 3) if k in ("iteration", "attempt", "rejects") else _bare(v, k) for k, v in kept.items()}
    if name == "versions" or not isinstance(data, list):
        return data
    return [_bare(item) for item in data]


def _key(state: CaseState) -> str:
    data = _bare(to_json(state))
    data["versions"] = {key: row[1:5] for key, row in data.get("versions", {}).items()}
    return json.dumps(data, sort_keys=True)


def look(definition: Definition, most: int) -> Seen:
    """Looks at all that can come of a case, up to so many states."""
    seen, numbers, waiting = Seen(), dict[str, int](), deque[int]()
    starter = c.Actor("bo", tuple(role.name for role in definition.roles))
    opened = step(definition, NEW, c.Start(actor=starter, at=AT, case="case", **PRESENT._asdict()))
    assert opened.refusal is None, opened.refusal

    def meet(state: CaseState) -> int:
        number = numbers.setdefault(_key(state), len(seen.states))
        if number == len(seen.states):
            seen.states.append(state)
            seen.after.append([])
            waiting.append(number)
        return number

    meet(opened.state)
    while waiting:
        if len(seen.states) > most:
            seen.whole = False
            break
        number = waiting.popleft()
        state = seen.states[number]
        if state.status == "open":
            for alternatives in _moves(definition, state):
                for command in alternatives:
                    done = step(definition, state, command)
                    if done.refusal is None:
                        seen.after[number].append(meet(done.state))
                        break
                    seen.spun = seen.spun or done.refusal.code == "CH541"
    return seen


def disagreements(definition: Definition, found: Mapping[str, Verdict], seen: Seen) -> list[str]:
    """Names the properties of which an exploration says something else than this look, where it saw everything."""
    ended = [s for s in seen.states if s.status == "completed"]
    unsettled = any(n.state not in SETTLED for s in ended for n in s.nodes.values())
    refuted = {
        "ends": bool(seen.hanging()),
        "closed": unsettled,
        "opens": {e.name for e in definition.elements} != seen.opened(),
        "outputs": any(name not in s.versions for s in ended for name in definition.outputs),
        "turns": seen.spun,
    }
    return [
        name
        for name, is_so in refuted.items()
        if found[name].said != "unknown" and (found[name].said == "refuted") != is_so
    ]
