"""Where an element instance stands in a case, and what it sees of the rest from there.

A place sees its own instance of whatever stands in the same `for each`, and from outside a `for each` its group:
records as lists, states as the group's. Looks only; what may begin there is for `readiness`, what expressions see for
`scope`.
"""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct

from charter.engine.keys import Path, key_of, parse_key, together
from charter.engine.machines import COMPLETE, ENTERED, SETTLED, STALLED, UNFINISHED
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.state import Node, Version, View

# A record version that work rests on: its key (or that of all versions together) and digest.
Use = tuple[str, str]
# What a record stands for: one version with its key, those of a list, or nothing yet.
Found = tuple[str, Version] | list[Version] | None


class Place(Struct, frozen=True, gc=False):
    """The node of `plan` at the index `path` of a case, whether or not it is there already."""

    program: Program
    view: View
    plan: Plan
    path: Path

    def open_around(self) -> bool:
        """Says whether everything around a node is active or done, so that it can be opened again."""
        container = self.plan.container(self.path)
        while container is not None:
            node = self.view.nodes.get(container)
            if node is None or node.state not in ENTERED:
                return False
            name, at = parse_key(container)
            container = self.program.plans[name].container(at)
        return True

    def seen_state(self, seen: Plan) -> str:
        """Gives the state in which a place sees an element; inside a loop that the place is not in, the loop's."""
        if not seen.loops:
            node = self.view.nodes.get(seen.name)
            return node.state if node is not None else standing(self.program, self.view, seen, ())
        name, at = parse_key(self.program.seen(self.plan, self.path, seen))
        return standing(self.program, self.view, self.program.plans[name], at)

    def reworked(self, seen: Plan) -> str | None:
        """Gives the key of a node (or loop) that is stale or being done again and that the place waits for, if any."""
        key = self.program.seen(self.plan, self.path, seen) if seen.loops else seen.name
        node = self.view.nodes.get(key)
        if node is None:
            return None
        if node.redo or node.state in STALLED:
            return key
        if node.state == "active" and seen.loops:
            around, at = self.program.spot(key)
            return key if around.is_group(at) else None
        return None

    def upstream_rework(self) -> str | None:
        """Gives the first node upstream that is still stale or being done again, None when all is settled."""
        nodes = self.view.nodes
        for depth in range(1, len(self.path) + 1):
            group_plan = self.program.plans[self.plan.loops[depth - 1]]
            group = nodes.get(key_of(group_plan.name, self.path[: depth - 1]))
            if group is not None and group.redo:
                return group.key
        for record in self.plan.items if self.plan.is_group(self.path) else self.plan.uses:
            for producer in self.program.upstream(self.plan, record):
                key = self.reworked(producer)
                if key is not None:
                    return key
        for needed in self.plan.element.inputs:
            for name in needed.approvals:
                approval = self.program.plans[name]
                key = self.reworked(approval)
                if key is not None or self.seen_state(approval) == "ready":
                    return key or self.program.seen(self.plan, self.path, approval)
        return None

    def use(self, record: str) -> Use | None:
        """Gives the (key, digest) of the version a place sees; `record[*]` with one digest for a list of them."""
        program, view, plan, path = self.program, self.view, self.plan, self.path
        for source in program.sources(plan, record):
            base = path[: source.depth]
            if source.group is None:
                key = key_of(record, base)
                version = view.versions.get(key)
                if version is not None:
                    return key, version.digest
            else:
                group = view.nodes.get(key_of(source.group.name, base))
                if group is not None and group.state in COMPLETE:
                    found = gather(program, view, source.group, base, record)
                    if found or group.size == 0:
                        digest = sha256("".join(v.digest for v in found).encode()).hexdigest()
                        return together(record, base), digest
        return None

    def uses(self) -> tuple[Use, ...]:
        """Gives what the work of a node rests on, as it stands now; a group rests on what its list comes from."""
        records = self.plan.items if self.plan.is_group(self.path) else self.plan.uses
        found = [self.use(record) for record in records]
        return tuple([pair for pair in found if pair is not None])

    def asked(self) -> tuple[Use, ...]:
        """Gives the versions of the records that the `when` of a place reads, as they stand now."""
        found = (self.use(record) for record in self.plan.asked)
        return tuple(pair for pair in found if pair is not None)

    def offers(self) -> tuple[Use, ...]:
        """Gives the versions of the records that the `offered while` of a place reads, as they stand now."""
        found = (self.use(record) for record in self.plan.offers)
        return tuple(pair for pair in found if pair is not None)

    def find(self, record: str) -> Found:
        """Finds the version of a record that the place sees: (key, version), a list from inside a loop, or None."""
        view, path = self.view, self.path
        for source in self.program.sources(self.plan, record):
            if source.group is None:
                key = key_of(record, path[: source.depth])
                version = view.versions.get(key)
                if version is not None:
                    return key, version
            else:
                group = view.nodes.get(key_of(source.group.name, path[: source.depth]))
                if group is not None and group.state != "planned":
                    return gather(self.program, view, source.group, path[: source.depth], record)
        return None


def finished(program: Program, node: Node) -> bool:
    """Says whether what was sent back is done again; of a group, when no instance is open."""
    plan, path = program.spot(node.key)
    return node.pending == 0 if plan.is_group(path) else node.state in SETTLED


def standing(program: Program, view: View, plan: Plan, path: Path) -> str:
    """Gives the state of an element's node, also of one that is not created because a phase around it is not open."""
    node = view.nodes.get(key_of(plan.name, path))
    around: Plan | None = plan
    while node is None:
        around = around.parent if around is not None else None
        if around is None:
            return "cancelled" if view.status == "cancelled" else "planned"
        node = view.nodes.get(key_of(around.name, path[: len(around.loops)]))
        if node is not None and node.state not in UNFINISHED:
            return "cancelled" if node.state == "cancelled" else "skipped"
        if node is not None:
            return "planned"
    return node.state


def found_in_case(program: Program, view: View, record: str) -> Found:
    """Finds what a record stands for to whoever looks at the case from outside."""
    version = view.versions.get(record)
    if version is not None:
        return record, version
    producers = [plan for plan in program.producers.get(record, ()) if plan.loops]
    return gather(program, view, producers[0], (), record) if producers else None


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
