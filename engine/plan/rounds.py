"""The rounds of what repeats that are over: kept for the figures of a process, and read by them.

A state has only the present round. What the KPIs of a process read inside a `repeat`, or of what repeats itself, is put
by at the end of each round: the nodes, and the versions that they delivered. A KPI sees these before the present ones,
as if the rounds stood in the file one after the other; of what stands in no `for each`, the present round is behind the
dot. Knows neither when a round ends (`step/blocks.py`) nor formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from charter.engine import feel
from charter.engine.feel import tree as t
from charter.engine.feel.own import Described
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import DECIDED
from charter.engine.once import once
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.plan.scope import Scope
from charter.engine.state import Node, Version, View, node_json, node_of, version_json, version_of

# One that is over, as a state keeps it: `names` of elements and records, `nodes`, `versions` as rows with their keys.
Round = Mapping[str, Any]


@once(1024)
def kept(program: Program) -> frozenset[str]:
    """Names the elements and records of which the KPIs of a process may see more than one round."""
    read: set[str] = set()
    for kpi in program.definition.kpis:
        for text in filter(None, (kpi.formula, kpi.by)):
            tree = feel.parse(text).tree
            read |= (
                {node.name for node in t.walk(tree) if isinstance(node, t.Name | t.Path)} if tree is not None else set()
            )
    return frozenset(name for name in read if any(map(repeats, makers(program, name))))


def makers(program: Program, name: str) -> Sequence[Plan]:
    """Gives the element of a name, or those that write the record of that name."""
    return (program.plans[name],) if name in program.plans else tuple(program.producers.get(name, ()))


def repeats(plan: Plan) -> bool:
    """Says whether there may be several rounds of an element."""
    return any(level.element.repeat is not None for level in plan.levels())


def ended(program: Program, view: View, plan: Plan, path: Path, at: int) -> Round | None:
    """Gives what is kept of the round of a node that is over, None where no KPI asks for any of it."""
    inner = {each.name: each for each in (plan, *plan.descendants())}
    names = sorted(name for name in kept(program) if any(maker.name in inner for maker in makers(program, name)))
    if not names:
        return None
    nodes: list[Any] = []
    versions: dict[str, Any] = {}
    for name in names:
        for maker in (each for each in makers(program, name) if each.name in inner):
            for node in _there(program, view, maker, path):
                if name in program.plans:
                    over = replace(node, state="done", ended_at=at) if node.state == "active" else node
                    nodes.append(node_json(replace(over, used=(), votes=(), confirmations=(), hands=(), ranks=())))
                    continue
                key = key_of(name, parse_key(node.key).path)
                version = view.versions.get(key)
                if version is not None and version.node == node.key and node.state in DECIDED:
                    versions[key] = [key, node.iteration, *version_json(version)]
    return {"names": names, "nodes": nodes, "versions": list(versions.values())}


def _there(program: Program, view: View, plan: Plan, base: Path) -> Iterator[Node]:
    """Yields the nodes of an element that something has come of in the present round, or may yet."""
    for key in program.expand(view.nodes, plan, base):
        node, path = view.nodes.get(key), parse_key(key).path
        if len(path) == len(plan.loops) and node is not None and node.state != "planned" and _listed(view, plan, path):
            yield node


def _listed(view: View, plan: Plan, path: Path) -> bool:
    """Says whether the instances that a node stands in are of the lists of the present round."""
    for depth, name in enumerate(plan.loops[: len(path)]):
        group, instance = (view.nodes.get(key_of(name, path[:end])) for end in (depth, depth + 1))
        if group is None or instance is None:
            return False
        if group.iteration > 1 and group.ready_at is None:  # it was not opened
            return False
        if instance.outcome == "list" and instance.ready_at is None and instance.iteration > 1:
            return False
    return True


def _delivered(view: View, version: Version, past: Version, iteration: int) -> bool:
    """Says whether a version came about since a round was over whose version was another, or perhaps the same.

    `iteration`: of its writer, in that round. Who had to do it once more since, and is at it again, had delivered.
    """
    writer = view.nodes.get(version.node or "")
    if writer is None:
        return False
    again = writer.redo and writer.iteration > iteration + 1 and version.number > past.number
    return again or (writer.before or writer.state) in DECIDED


class Rounds(Scope):
    """The names of a KPI's formula over one case: as from outside it, with the rounds that are over."""

    __slots__ = ()

    def element(self, seen: Plan, *, walked: bool = True) -> Any:
        found = super().element(seen, walked=walked)
        if seen.name not in kept(self.program) or (not seen.outer and not walked):
            return found
        past = [self.facts(node, seen) for node in self._past_nodes(seen)]
        if not seen.loops:
            return Described([*past, found], found)
        now = [self.facts(node, seen) for node in self._present(seen)]
        return Described([*past, *now], found.own) if isinstance(found, Described) else [*past, *now]

    def _past_nodes(self, seen: Plan) -> Iterator[Node]:
        for each in self._past(seen.name):
            for row in each["nodes"]:
                if row["element"] == seen.name and len(parse_key(row["key"]).path) == len(seen.loops):
                    yield node_of(row)

    def _present(self, seen: Plan) -> Iterator[Node]:
        for key in self.program.expand(self.view.nodes, seen, ()):
            path = parse_key(key).path
            if len(path) == len(seen.loops) and _listed(self.view, seen, path):
                yield self.view.nodes.get(key) or Node(key, seen.name)

    def record(self, record: str) -> Any:
        found = super().record(record)
        if record not in kept(self.program):
            return found
        versions = list(self._versions(record))
        values = [self.program.decode(each.digest, each.value) for each in versions]
        if any(plan.loops for plan in makers(self.program, record)):
            return values if versions or isinstance(found, list) else found
        return Described(values, found) if isinstance(found, Mapping) else found

    def _versions(self, record: str) -> Iterator[Version]:
        """Yields the versions of a record round by round; one that was amended after its round, as amended."""
        rows = [row for each in self._past(record) for row in each["versions"]]
        past = [(row[0], row[1], version_of(row[2:])) for row in rows if parse_key(row[0]).name == record]
        last = {key: place for place, (key, *_) in enumerate(past)}
        present: dict[str, Version] = {}
        for maker in makers(self.program, record):
            for key in self.program.expand(self.view.nodes, maker, ()):
                at, node = key_of(record, parse_key(key).path), self.view.nodes.get(key)
                version = self.view.versions.get(at)
                if version is None or node is None or node.state == "cancelled":
                    continue
                if at not in last:
                    present[at] = version
                    continue
                _, iteration, before = past[last[at]]
                if _delivered(self.view, version, before, iteration) and _listed(self.view, maker, parse_key(key).path):
                    present[at] = version
        for place, (key, _, version) in enumerate(past):
            amended = last[key] == place and key not in present
            yield self.view.versions.get(key, version) if amended else version
        yield from present.values()

    def _past(self, name: str) -> Iterable[Round]:
        return (each for each in self.view.rounds if name in each["names"])

    def lacks(self, name: str) -> bool:
        """Says whether rounds of an element or record are over and were not kept: nobody asked for it then."""
        if name not in kept(self.program) or any(True for _ in self._past(name)):
            return False
        levels = {level.name: level for maker in makers(self.program, name) for level in maker.levels()}
        repeated = (level for level in levels.values() if level.element.repeat is not None)
        keys = (key for level in repeated for key in self.program.expand(self.view.nodes, level, ()))
        return any(node is not None and node.iteration > 1 for node in map(self.view.nodes.get, keys))
