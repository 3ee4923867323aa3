"""What rests on what: which work becomes stale when nodes deliver again or record versions change.

Follows data only, directly and through what others made of it, and approvals that are asked again. Touches nothing: an
amendment carries it out (`staleness`), `impact` tells it beforehand, and both therefore agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from charter.engine.keys import Path, covers, key_of, parse_key
from charter.engine.machines import BEGUN, DELIVERED, ENTERED
from charter.engine.plan.place import Place
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.state import Node, View

_ELIGIBLE = BEGUN | {"ready"}

# A record version that is being made again: (record, path, loops, its digest; None: whatever was written there).
Fact = tuple[str, Path, tuple[str, ...], str | None]


def eligible(node: Node) -> bool:
    """Says whether a node can become stale: it was opened, or was passed over because of what it read."""
    return node.state in _ELIGIBLE or (node.state == "skipped" and node.outcome in ("condition", "unasked"))


def rests(node: Node, version: str, digest: str | None) -> bool:
    return any(covers(key, version) and (digest is None or key != version or used == digest) for key, used in node.used)


def groups_over(
    program: Program, view: View, record: str, path: Path, loops: tuple[str, ...]
) -> Iterator[tuple[Node, Plan, Path]]:
    """Yields the groups over a list of a record that have opened, in what is still open, with plan and path."""
    for lister in program.listers.get(record, ()):
        for key in program.keys(view.nodes, lister, path, loops):
            group, at = view.nodes.get(key), parse_key(key)[1]
            if group is None or not lister.is_group(at) or group.state not in ENTERED:
                continue
            if Place(program, view, lister, at).open_around():
                yield group, lister, at


class Closure(NamedTuple):
    """What becomes stale, lists that are read again, and blocks that a condition left out and that ask it again."""

    stale: list[Node]
    groups: list[Node]
    asked: list[Node]


class _Closure:
    """The search: from what is made again to whatever rests on it, in the order in which it is reached."""

    def __init__(self, program: Program, view: View) -> None:
        self.program = program
        self.view = view
        self.stale: dict[str, Node] = {}
        self.groups: dict[str, Node] = {}
        self.asked: dict[str, Node] = {}
        self.done: set[str] = set()
        self.spare: set[str] = set()
        self.todo: list[Node] = []

    def record(self, record: str, path: Path, loops: tuple[str, ...], digest: str | None) -> None:
        """Adds what rests on a version. Work on a version that others have updated since does not rest on it."""
        nodes, program, version = self.view.nodes, self.program, key_of(record, path)
        for user in program.users.get(record, ()):
            for key in program.keys(nodes, user, path, loops):
                node = nodes.get(key)
                if node is not None and rests(node, version, digest):
                    self.add(node, user, parse_key(key)[1])
        for watcher in program.watchers.get(record, ()):
            if record in watcher.asked:
                for key in program.keys(nodes, watcher, path, loops):
                    self._ask(key, watcher)
        for group, lister, at in groups_over(program, self.view, record, path, loops):
            if group.key not in self.groups and rests(group, version, digest):
                self.groups[group.key] = group
                for inner in self._inside(lister, at):
                    self.add(nodes[inner], *self.program.spot(inner))

    def _ask(self, key: str, plan: Plan) -> None:
        """Adds a phase, list or milestone that a condition has left out; it is not made stale, but looked at again."""
        node, at = self.view.nodes.get(key), parse_key(key)[1]
        lasting = plan.lifecycle(at) in ("phase", "milestone")
        if node is None or node.state != "skipped" or node.outcome != "condition" or not lasting:
            return
        if Place(self.program, self.view, plan, at).open_around():
            self.asked[key] = node

    def _inside(self, group: Plan, base: Path) -> Iterator[str]:
        """Yields what was made from a group's list; instances that were added by hand do not rest on it."""
        nodes = self.view.nodes
        for index in range(1, nodes[key_of(group.name, base)].size + 1):
            at = (*base, index)
            instance = nodes.get(key_of(group.name, at))
            if instance is None or instance.added:
                continue
            for plan in (group, *group.descendants()):
                yield from (key for key in self.program.expand(nodes, plan, at) if key in nodes)

    def add(self, node: Node, plan: Plan, path: Path) -> None:
        if node.key in self.stale or node.key in self.spare or not eligible(node):
            return
        if plan.lifecycle(path) in ("phase", "milestone"):
            return
        if not Place(self.program, self.view, plan, path).open_around():
            return
        self.stale[node.key] = node
        if node.state in DELIVERED or node.redo:
            self.todo.append(node)

    def deliver(self, node: Node) -> None:
        """Follows what a node had delivered: its records, and its grant."""
        if node.key in self.done:
            return
        self.done.add(node.key)
        plan, path = self.program.spot(node.key)
        for output in plan.element.outputs:
            version = self.view.versions.get(key_of(output, path))
            own = version is not None and version.node == node.key
            self.record(output, path, plan.loops, version.digest if own and version is not None else None)
        for leaner in self.program.leaners.get(plan.name, ()):
            for key in self.program.keys(self.view.nodes, leaner, path, plan.loops):
                other = self.view.nodes.get(key)
                if other is not None and key != node.key:
                    self.add(other, leaner, parse_key(key)[1])

    def run(self) -> None:
        while self.todo:
            self.deliver(self.todo.pop(0))


def closure(
    program: Program, view: View, nodes: list[Node], facts: list[Fact] | None = None, spare: str | None = None
) -> Closure:
    """Lists what becomes stale, or is asked again, when nodes deliver again or record versions change.

    The given nodes themselves and the key `spare` are not in the answer.
    """
    found = _Closure(program, view)
    if spare is not None:
        found.spare.add(spare)
    found.spare.update(node.key for node in nodes)
    for node in nodes:
        found.deliver(node)
    for fact in facts or ():
        found.record(*fact)
    found.run()
    return Closure(list(found.stale.values()), list(found.groups.values()), list(found.asked.values()))
