"""What becomes stale when work is done again, and what becomes of stale work afterwards.

Staleness follows data only: whatever rests on a version that is being made again, directly or through what others
made of it, or on an approval that is being asked again. `closure` says what that is without touching anything
(`impact` shows it, `mark` does it). When the new version is there, a stale node that used exactly what is current
now is restored to where it stood; any other is reopened.
"""

from __future__ import annotations

from collections.abc import Iterator

from charter.engine.blocks import reopen
from charter.engine.draft import Draft
from charter.engine.entries.cases import Reopened, Restored, Staled, Withdrawn
from charter.engine.keys import Path, covers, key_of, name_of, parse_key
from charter.engine.machines import BEGUN, DELIVERED, ENTERED, SATISFIED, SETTLED
from charter.engine.place import Place
from charter.engine.program import Plan, Program
from charter.engine.state import Node, View

_ELIGIBLE = BEGUN | {"ready"}

# A record version that is being made again: (record, path, loops, its digest; None: whatever was written there).
Fact = tuple[str, Path, tuple[str, ...], str | None]


def eligible(node: Node) -> bool:
    """Says whether a node can become stale: it was opened, or was passed over because of what it read."""
    return node.state in _ELIGIBLE or (node.state == "skipped" and node.outcome == "condition")


def _rests(node: Node, version: str, digest: str | None) -> bool:
    return any(covers(key, version) and (digest is None or key != version or used == digest) for key, used in node.used)


class _Closure:
    def __init__(self, program: Program, view: View) -> None:
        self.program = program
        self.view = view
        self.stale: dict[str, Node] = {}
        self.groups: dict[str, Node] = {}
        self.done: set[str] = set()
        self.spare: set[str] = set()
        self.todo: list[Node] = []

    def record(self, record: str, path: Path, loops: tuple[str, ...], digest: str | None) -> None:
        """Adds what rests on a version. Work on a version that others have updated since does not rest on it."""
        nodes, program, version = self.view.nodes, self.program, key_of(record, path)
        for user in program.users.get(record, ()):
            for key in program.keys(nodes, user, path, loops):
                node = nodes.get(key)
                if node is not None and _rests(node, version, digest):
                    self.add(node, user, parse_key(key)[1])
        for lister in program.listers.get(record, ()):
            for key in program.keys(nodes, lister, path, loops):
                group = nodes.get(key)
                at = parse_key(key)[1]
                if group is None or not lister.is_group(at) or key in self.groups:
                    continue
                if not _rests(group, version, digest) or group.state not in ENTERED:
                    continue
                if Place(program, self.view, lister, at).open_around():
                    self.groups[key] = group
                    for inner in self._inside(lister, at):
                        self.add(nodes[inner], *self._place(inner))

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

    def _place(self, key: str) -> tuple[Plan, Path]:
        name, path = parse_key(key)
        return self.program.plans[name], path

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
        plan, path = self._place(node.key)
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
) -> tuple[list[Node], list[Node]]:
    """Lists what becomes stale when nodes deliver again or record versions change: (nodes, for-each groups).

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
    return list(found.stale.values()), list(found.groups.values())


def mark(
    draft: Draft,
    nodes: list[Node],
    facts: list[Fact] | None = None,
    *,
    spare: str | None = None,
    withdrawn: bool = False,
) -> None:
    """Makes stale whatever `closure` names; with `withdrawn`, pending approvals are withdrawn instead."""
    stale, groups = closure(draft.program, draft, nodes, facts, spare)
    for group in groups:
        current = draft.nodes[group.key]
        if current.state == "done":
            current = draft.move(current, "reopen", Reopened(), ended_at=None, wake=None)
        draft.put(current._replace(redo=True))
        draft.agenda.setdefault(group.key, draft.cause)
    for node in stale:
        current = draft.nodes[node.key]
        approval = draft.program.plans[node.element].kind == "approval"
        pending = withdrawn and approval and node.state == "ready"
        trigger, told = ("withdraw", Withdrawn()) if pending else ("stale", Staled())
        redo = current.redo or node.state in DELIVERED
        draft.move(current, trigger, told, before=node.state, redo=redo)
        draft.agenda.setdefault(node.key, draft.cause)


def outdated(draft: Draft, record: str, path: Path, plan: Plan, digest: str) -> list[Node]:
    """Lists the approvals that had this version before them when another element updated the record in place.

    An approval says yes to what is there, so it is asked again; unless it lies before the update, as a first review
    does before the revision that follows from it.
    """
    found = []
    for approval in draft.program.users.get(record, ()):
        agreement = approval.element.agreement
        if agreement is None or agreement.of != record or draft.program.precedes(approval, plan):
            continue
        for key in draft.program.keys(draft.nodes, approval, path, plan.loops):
            node = draft.nodes.get(key)
            if node is None or not eligible(node) or not _rests(node, key_of(record, path), digest):
                continue
            if draft.here(approval, parse_key(key)[1]).open_around():
                found.append(node)
    return found


def ask_again(draft: Draft, nodes: list[Node]) -> None:
    """Makes approvals stale that look at an outdated version, with what leans on them."""
    mark(draft, nodes)
    for node in nodes:
        current = draft.nodes[node.key]
        if eligible(current):
            redo = current.redo or current.state in DELIVERED
            draft.move(current, "stale", Staled(), before=current.state, redo=redo)
            draft.agenda.setdefault(node.key, draft.cause)


def settle(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Looks at a stale (or withdrawn) node again: restores it, reopens it, or leaves it until upstream is finished."""
    if node.waits is not None:
        target = draft.nodes.get(node.waits)
        if target is not None and not _finished(draft, target):
            return
    if draft.here(plan, path).upstream_rework() is not None:
        return
    if _unchanged(draft, node, plan, path):
        before = node.before or "ready"
        redo = node.redo and before not in DELIVERED
        draft.move(node, f"restore:{before}", Restored(), before=None, waits=None, redo=redo)
        for output in plan.element.outputs:
            draft.touch_record(output, path, plan.loops, len(draft.entries) - 1)
    else:
        reopen(draft, node)


def _finished(draft: Draft, node: Node) -> bool:
    """Says whether what was sent back is done again; of a group, when no instance is open."""
    plan, path = draft.place(node.key)
    if plan.is_group(path):
        return node.pending == 0
    return node.state in SETTLED


def _unchanged(draft: Draft, node: Node, plan: Plan, path: Path) -> bool:
    """Says whether everything a node used is as it was, and what it made is still its own."""
    program = draft.program
    for key, digest in node.used:
        now = draft.here(plan, path).use(name_of(key))
        if now is None or now != (key, digest):
            return False
    for output in plan.element.outputs:
        version = draft.versions.get(key_of(output, path))
        if node.before == "done" and version is not None and version.node != node.key:
            return False
    for needed in plan.element.inputs:
        for name in needed.approvals:
            approval = program.plans[name]
            state = draft.here(plan, path).seen_state(approval)
            if state not in SATISFIED:
                return False
    return True
