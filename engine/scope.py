"""What expressions see of a case: parameters, records, elements, `case`, `process` and the for-each variables.

A name is looked up only when an expression uses it, and an element's facts only when they are asked for. Names that
are not known, or not known yet, are null. An expression inside an instance sees that instance's own versions and
nodes; from outside a `for each`, records are lists and elements inside it are lists of their instances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Protocol

from charter.engine import feel, values
from charter.engine.feel.temporal import DateTime, DaysDuration, Zone, datetime_from_instant
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import SETTLED
from charter.engine.program import Plan, Program, compiled, shared_loops
from charter.engine.state import Node, Version


class View(Protocol):
    """A case as it stands: a `CaseState`, or the step's draft of the next one."""

    @property
    def case(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def opened_at(self) -> int | None: ...
    @property
    def closed_at(self) -> int | None: ...
    @property
    def opened_by(self) -> str | None: ...
    @property
    def parameters(self) -> tuple[tuple[str, Any], ...]: ...
    @property
    def nodes(self) -> Mapping[str, Node]: ...
    @property
    def versions(self) -> Mapping[str, Version]: ...
    def dated(self) -> Iterable[Node]: ...


def moment(at: int, zone: Zone) -> DateTime:
    """Gives an instant (microseconds since the epoch) as a FEEL date and time in a zone."""
    return datetime_from_instant(at * 1000, zone)


def instant(at: int | None, zone: Zone) -> DateTime | None:
    """Gives what `moment` does, None for none."""
    return None if at is None else moment(at, zone)


def _on_time(node: Node) -> bool | None:
    if node.due is None:
        return None
    if node.ended_at is not None:
        return node.ended_at <= node.due
    return False if node.overdue else None


def _duration(start: int | None, end: int | None) -> DaysDuration | None:
    return None if start is None or end is None else DaysDuration((end - start) * 1000)


_FLAGS = (
    "planned",
    "ready",
    "claimed",
    "active",
    "suspended",
    "done",
    "stale",
    "skipped",
    "cancelled",
    "failed",
    "granted",
    "rejected",
    "withdrawn",
    "reached",
)

# name -> how an element's fact is read off its node
_FACTS: Mapping[str, Callable[[Node, Zone], Any]] = {
    "state": lambda n, z: n.state,
    "settled": lambda n, z: n.state in SETTLED,
    "outcome": lambda n, z: n.outcome,
    "reason": lambda n, z: n.reason,
    "iteration": lambda n, z: Decimal(n.iteration),
    "rejects": lambda n, z: Decimal(n.rejects),
    "attempt": lambda n, z: Decimal(n.attempt),
    "on_time": lambda n, z: _on_time(n),
    "overdue": lambda n, z: n.overdue,
    "due": lambda n, z: instant(n.due, z),
    "ready_at": lambda n, z: instant(n.ready_at, z),
    "started_at": lambda n, z: instant(n.started_at if n.started_at is not None else n.ready_at, z),
    "ended_at": lambda n, z: instant(n.ended_at, z),
    "duration": lambda n, z: _duration(n.started_at if n.started_at is not None else n.ready_at, n.ended_at),
    "doer": lambda n, z: n.doers[-1] if n.doers else None,
    "doers": lambda n, z: list(n.doers),
    "holder": lambda n, z: n.holder,
    "item": lambda n, z: values.decode(n.item),
    **{flag: (lambda n, z, flag=flag: n.state == flag) for flag in _FLAGS},  # type: ignore[misc]
}


class ElementView(Mapping[str, Any]):
    """An element's node as a context whose entries are computed when asked for."""

    __slots__ = ("_node", "_zone")

    def __init__(self, node: Node, zone: Zone) -> None:
        self._node = node
        self._zone = zone

    def __getitem__(self, name: str) -> Any:
        return _FACTS[name](self._node, self._zone)

    def __iter__(self) -> Iterator[str]:
        return iter(_FACTS)

    def __len__(self) -> int:
        return len(_FACTS)

    def __contains__(self, name: object) -> bool:
        return name in _FACTS


# What is known of an element only once it is over.
ENDINGS = frozenset({"outcome", "done", "granted", "rejected", "reached"})


class _Unended(ElementView):
    """An element of which nobody says how it ended before it has."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Any:
        return None if name in ENDINGS and self._node.state not in SETTLED else super().__getitem__(name)


def _case_on_time(view: View) -> bool | None:
    """Says whether all dates were kept; unknown while nothing that has one is over."""
    dated = list(view.dated())
    ended = [n for n in dated if n.ended_at is not None]
    if any(n.overdue for n in dated) or any(_on_time(n) is False for n in ended):
        return False
    return True if ended else None


# name -> how a fact of the case itself is read off it
_CASE_FACTS: Mapping[str, Callable[[View, Zone], Any]] = {
    "id": lambda v, z: v.case,
    "status": lambda v, z: v.status,
    **{
        status: (lambda v, z, status=status: v.status == status)  # type: ignore[misc]
        for status in ("open", "suspended", "completed", "cancelled")
    },
    "reason": lambda v, z: v.reason,
    "opened_at": lambda v, z: instant(v.opened_at, z),
    "closed_at": lambda v, z: instant(v.closed_at, z),
    "by": lambda v, z: v.opened_by,
    "on_time": lambda v, z: _case_on_time(v),
    "duration": lambda v, z: _duration(v.opened_at, v.closed_at),
}


class CaseFacts(Mapping[str, Any]):
    """What there is to know of the case itself, as a context whose entries are computed when asked for."""

    __slots__ = ("_view", "_zone")

    def __init__(self, view: View, zone: Zone) -> None:
        self._view = view
        self._zone = zone

    def __getitem__(self, name: str) -> Any:
        return _CASE_FACTS[name](self._view, self._zone)

    def __iter__(self) -> Iterator[str]:
        return iter(_CASE_FACTS)

    def __len__(self) -> int:
        return len(_CASE_FACTS)

    def __contains__(self, name: object) -> bool:
        return name in _CASE_FACTS


def _process(program: Program) -> dict[str, Any]:
    d = program.definition
    return {"name": d.name, "title": d.title, "version": d.version, "goal": d.goal, "owner": d.owner}


class Scope:
    """The names an expression at one place of a case may use: those of the element `plan` at the index `path`."""

    __slots__ = ("now", "path", "plan", "program", "view")
    seen_as = ElementView

    def __init__(self, program: Program, view: View, plan: Plan | None, path: Path, now: int) -> None:
        self.program = program
        self.view = view
        self.plan = plan
        self.path = path
        self.now = now

    def value(self, text: str, extra: Mapping[str, Any] | None = None) -> Any:
        """Evaluates a FEEL text here; null (unknown) where a name is unknown or the text does not parse."""
        expression = compiled(text)
        if expression is None:
            return None
        names: dict[str, Any] = {}
        for name in expression.names:
            if extra is not None and name in extra:
                names[name] = extra[name]
            else:
                names[name] = self.name(name)
        return expression.evaluate(names, feel.Env(now=lambda: moment(self.now, self.program.zone)))

    def name(self, name: str) -> Any:
        """Gives what a name stands for here, None for a name that stands for nothing."""
        program = self.program
        plan = self.plan
        if plan is not None and plan.loops:
            for depth in range(len(self.path), 0, -1):
                loop = program.plans[plan.loops[depth - 1]]
                if loop.element.many is not None and loop.element.many.variable == name:
                    node = self.view.nodes.get(key_of(loop.name, self.path[:depth]))
                    return None if node is None else values.decode(node.item)
        if name in program.plans:
            return self.element(program.plans[name])
        if name in program.types:
            return self.record(name)
        if name in program.parameters:
            return program.bindings(self.view.parameters)[name]
        if name == "case":
            return CaseFacts(self.view, program.zone)
        if name == "process":
            return _process(program)
        return None

    def element(self, seen: Plan) -> Any:
        nodes, zone = self.view.nodes, self.program.zone
        plan = self.plan
        shared = 0
        if seen.loops and plan is not None:
            shared = min(shared_loops(plan.loops, seen.loops), len(self.path))
        base = self.path[:shared]
        if shared >= seen.outer:
            key = key_of(seen.name, base)
            node = nodes.get(key)
            # Not created: everything about it can still be asked.
            return self.seen_as(node or Node(key, seen.name, standing(self.program, self.view, seen, base)), zone)
        return [
            self.seen_as(nodes[key], zone)
            for key in self.program.expand(nodes, seen, base)
            if key in nodes and len(parse_key(key)[1]) == len(seen.loops)
        ]

    def record(self, record: str) -> Any:
        found = find(self.program, self.view, self.plan, self.path, record)
        if found is None:
            return None
        if isinstance(found, list):
            return [self.program.decode(v.digest, v.value) for v in found]
        return self.program.decode(found[1].digest, found[1].value)


class Foresight(Scope):
    """The names of a `when`: as in a scope, but how an element ends is unknown until it has ended."""

    __slots__ = ()
    seen_as = _Unended


def standing(program: Program, view: View, plan: Plan, path: Path) -> str:
    """Gives the state of an element's node, also of one that is not created because a phase around it is not open."""
    node = view.nodes.get(key_of(plan.name, path))
    around: Plan | None = plan
    while node is None:
        around = around.parent if around is not None else None
        if around is None:
            return "cancelled" if view.status == "cancelled" else "planned"
        node = view.nodes.get(key_of(around.name, path[: len(around.loops)]))
        if node is not None and node.state not in ("planned", "active"):
            return "cancelled" if node.state == "cancelled" else "skipped"
        if node is not None:
            return "planned"
    return node.state


def find(
    program: Program, view: View, plan: Plan | None, path: Path, record: str
) -> tuple[str, Version] | list[Version] | None:
    """Finds the version of a record that a place sees: (key, version), a list from inside a loop, or None."""
    versions = view.versions
    if plan is None:
        version = versions.get(record)
        if version is not None:
            return record, version
        producers = [p for p in program.producers.get(record, ()) if p.loops]
        return gather(program, view, producers[0], (), record) if producers else None
    for source in program.sources(plan, record):
        if source.group is None:
            key = key_of(record, path[: source.depth])
            version = versions.get(key)
            if version is not None:
                return key, version
        else:
            group = view.nodes.get(key_of(source.group.name, path[: source.depth]))
            if group is not None and group.state != "planned":
                return gather(program, view, source.group, path[: source.depth], record)
    return None


def gather(program: Program, view: View, inside: Plan, base: Path, record: str) -> list[Version]:
    """Lists the versions of a record written in the instances of a `for each`, in index order."""
    found: dict[str, Version] = {}
    for producer in program.producers.get(record, ()):
        if inside.name in producer.loops or producer is inside:
            for key in program.expand(view.nodes, producer, base):
                at = key_of(record, parse_key(key)[1])
                node = view.nodes.get(key)
                if at in view.versions and node is not None and node.state != "cancelled":
                    found[at] = view.versions[at]
    return list(found.values())
