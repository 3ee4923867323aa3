"""What tells two states of a case apart: whatever something that may still follow can depend on, and no more.

Instants are left out but for their order: which timer is next. So is what no line of the process asks for: who did
what, unless one person must do two things or a condition names them; rounds, rejections and attempts, unless they are
counted; due dates, unless a condition speaks of them; what work rests on, unless something can send work back. Of a
record there is what conditions see of it: which of them hold, and how long its lists are. Where records are held
against each other this takes for alike what may yet differ, which `values` tells as inexact.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from charter.engine import feel, values
from charter.engine.keys import name_of
from charter.engine.plan.program import Program, compiled
from charter.engine.proof.values import SHORT, Conditions, conditions
from charter.engine.state import CaseState, Node, Version

_MOST_ATTEMPTS = 3
_ROUNDS = 2
# What is always told apart.
_PLAIN = ("key", "state", "before", "outcome", "votes", "stage", "closed", "size", "pending", "waits")
_DATED = frozenset({"overdue", "on_time", "due"})
_PERSONS = frozenset({"doer", "doers", "holder"})


class Sameness:
    """Keys of the states of one process: equal where nothing that follows can differ."""

    def __init__(self, program: Program, known: Conditions) -> None:
        definition = program.definition
        self.program = program
        self._atoms = [(feel.compile(atom.tree), frozenset(path[0] for path in atom.paths)) for atom in known.atoms]
        self._seen: dict[tuple[str, str], tuple[str, ...]] = {}
        expressions = [compiled(condition.text) for condition in conditions(definition)]
        read = {name for e in expressions if e is not None for path in e.paths for name in path[1:]}
        names = list(_PLAIN)
        if any(rule.same for rule in definition.separations) or not read.isdisjoint(_PERSONS):
            names += ["holder", "doers"]
        agreements = [e.agreement for e in definition.elements if e.agreement is not None]
        self.sent_back = any(a.on_reject is not None and a.on_reject.kind == "return" for a in agreements)
        if self.sent_back:
            names.append("redo")
        self.dated = not read.isdisjoint(_DATED)
        if self.dated:
            names.append("overdue")
        self._names = tuple(names)
        caps = {"attempt": _MOST_ATTEMPTS}
        if "iteration" in read:
            caps["iteration"] = _ROUNDS
        most = max((a.escalation.rejects for a in agreements if a.escalation is not None), default=0)
        if most or "rejects" in read:
            caps["rejects"] = max(most, _ROUNDS)
        self._caps = tuple(caps.items())
        variables = {e.many.variable for e in definition.elements if e.many is not None}
        self._items = any(path[0] in variables for e in expressions if e is not None for path in e.paths)

    def key(self, state: CaseState) -> Any:
        """Gives what is equal for two states from which the same can follow."""
        timers = {key: at for key, node in state.nodes.items() if (at := self._next(state, node)) is not None}
        order = sorted(set(timers.values()))
        nodes = frozenset(
            (
                *(getattr(node, name) for name in self._names),
                *(min(getattr(node, name), most) for name, most in self._caps),
                len(node.confirmations),
                repr(node.item) if self._items else "",
                order.index(timers[key]) if key in timers else None,
                self._rests(state, node) if self.sent_back else (),
            )
            for key, node in state.nodes.items()
        )
        versions = frozenset((key, self._of(key, version)) for key, version in state.versions.items())
        return state.status, nodes, versions, state.signals, self._between(state)

    def _next(self, state: CaseState, node: Node) -> int | None:
        return state.timers.get(node.key) if self.dated else node.wake

    def _rests(self, state: CaseState, node: Node) -> tuple[tuple[str, bool], ...]:
        """Whether what work rests on is still as it was."""
        now = state.versions
        return tuple((key, key not in now or now[key].digest == digest) for key, digest in node.used)

    def _of(self, key: str, version: Version) -> tuple[str, ...]:
        """What conditions see of a version alone."""
        record = name_of(key)
        found = self._seen.get((record, version.digest))
        if found is None:
            value = {record: values.decode(version.value)}
            alone = (expression.evaluate(value, SHORT) for expression, names in self._atoms if names == {record})
            found = (*map(_short, alone), *map(_short, _lists(value)))
            self._seen[record, version.digest] = found
        return found

    def _between(self, state: CaseState) -> tuple[str, ...]:
        """What conditions see of several records together, where they read nothing else."""
        there = {
            name: values.decode(state.versions[name].value) for name in self.program.types if name in state.versions
        }
        return tuple(
            repr(expression.evaluate(there, SHORT))
            for expression, names in self._atoms
            if len(names) > 1 and names <= there.keys()
        )


def _short(value: Any) -> str:
    return str(len(value)) if isinstance(value, list) else repr(value)


def _lists(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _lists(inner)
    elif isinstance(value, list):
        yield value
