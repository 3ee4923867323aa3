"""The instances of a `for each`: made from its list, added by hand, fitted to a list that has changed, left out.

An instance is a node of the group's own element, keyed by its index from 1. When a list is read is for `opening` and
`flow`.
"""

from __future__ import annotations

from typing import Any

from charter.engine import values
from charter.engine.entries.cases import (
    Opened,
)
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import SETTLED
from charter.engine.plan.plans import Plan
from charter.engine.state import Node
from charter.engine.step import blocks
from charter.engine.step.draft import Draft, refuse

# So many instances a `for each` may have; a longer list is refused (CH541).
MOST_INSTANCES = 10_000


def items_of(draft: Draft, plan: Plan, path: Path) -> list[Any] | None:
    """Evaluates the list of a `for each`; None while it is unknown."""
    many = plan.element.many
    assert many is not None
    found = draft.scope(plan, path).value(many.items)
    if found is None:
        return None
    items = list(found) if isinstance(found, list | tuple) else [found]
    if len(items) > MOST_INSTANCES:
        raise refuse("CH541", f"{plan.name}.for", limit=MOST_INSTANCES)
    return items


def enough(draft: Draft, plan: Plan, path: Path) -> int | None:
    """Gives how many done instances end a group, as things stand; None where that is no number of things."""
    many = plan.element.many
    assert many is not None
    value: Any = draft.scope(plan, path).value(many.enough) if isinstance(many.enough, str) else many.enough
    return int(value) if values.is_count(value) else None


def open_group(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    items = items_of(draft, plan, path)
    if items is None:
        return
    used = draft.uses(plan, path)
    moved = draft.move(
        node,
        "open",
        Opened(len(items)),
        used=used,
        ready_at=draft.at,
        closed=False,
        redo=False,
        pending=0,
        ended_at=None,
    )
    # Instances of an earlier round are taken up again; what is more than the list now has is over.
    for index, item in enumerate(items[: moved.size], 1):
        old = draft.nodes[key_of(plan.name, (*path, index))]
        if old.state == "cancelled":
            old = draft.move(old, "reset", None)
        draft.change(old, item=values.encode(item), added=False)
        draft.agenda.setdefault(old.key, draft.cause)
    for index in range(len(items) + 1, moved.size + 1):
        old = draft.nodes[key_of(plan.name, (*path, index))]
        if old.state not in SETTLED:
            leave_out(draft, plan, path, index)
    current = draft.nodes[node.key]
    draft.change(current, pending=_unsettled(draft, plan, path, min(len(items), current.size)))
    for item in items[moved.size :]:
        create_instance(draft, plan, path, item)
    draft.agenda.setdefault(node.key, draft.cause)


def _unsettled(draft: Draft, plan: Plan, path: Path, size: int) -> int:
    nodes = (draft.nodes[key_of(plan.name, (*path, index))] for index in range(1, size + 1))
    return sum(node.state not in SETTLED for node in nodes)


def leave_out(draft: Draft, plan: Plan, path: Path, index: int) -> None:
    """Cancels an instance that the list no longer has."""
    many = plan.element.many
    assert many is not None
    blocks.end(draft, draft.nodes[key_of(plan.name, (*path, index))], "cancel", "CH576", list=many.items)


def create_instance(draft: Draft, plan: Plan, path: Path, item: Any, *, added: bool = False) -> Node:
    """Adds one more instance to a group."""
    group = draft.nodes[key_of(plan.name, path)]
    if group.size >= MOST_INSTANCES:
        raise refuse("CH541", f"{plan.name}.for", limit=MOST_INSTANCES)
    counts = plan.kind != "milestone"
    draft.change(group, size=group.size + 1, pending=group.pending + counts)
    node = Node(key_of(plan.name, (*path, group.size + 1)), plan.name, item=values.encode(item), added=added)
    draft.create(node)
    return node


def reconcile(draft: Draft, group: Node, plan: Plan, path: Path, items: list[Any]) -> None:
    """Fits a for-each group to a changed list.

    An instance whose item is unchanged (by digest) is kept, a changed position gets the new item and is reopened,
    new ones are added, removed ones cancelled.
    """
    digests = [values.digest(item) for item in items]
    if plan.element.many is not None and plan.element.many.kept:
        _lengthen(draft, group, plan, path, dict(zip(digests, items, strict=True)))
        return
    old: dict[int, str] = {}
    for index in range(1, group.size + 1):
        node = draft.nodes.get(key_of(plan.name, (*path, index)))
        # What a person cancelled stays so with its item; what left the list may come back to it.
        if node is not None and not node.added and (node.state != "cancelled" or node.outcome == "person"):
            old[index] = values.digest(values.decode(node.item))
    left = dict(enumerate(digests))
    kept: list[int] = []
    for index in [i for i, d in old.items() if i - 1 in left and left[i - 1] == d]:
        kept.append(index)
        del old[index], left[index - 1]
    for index, digest in list(old.items()):
        position = next((p for p, d in left.items() if d == digest), None)
        if position is not None:
            kept.append(index)
            del old[index], left[position]
    old = {i: d for i, d in old.items() if draft.nodes[key_of(plan.name, (*path, i))].state != "cancelled"}
    draft.change(group, redo=False, used=draft.uses(plan, path))
    for index in kept:
        for inner in (plan, *plan.descendants()):
            for key in draft.program.expand(draft.nodes, inner, (*path, index)):
                if key in draft.nodes:
                    draft.agenda.setdefault(key, draft.cause)
    changed = list(zip(old, left, strict=False))
    for index, position in changed:
        key = key_of(plan.name, (*path, index))
        draft.change(draft.nodes[key], item=values.encode(items[position]))
        blocks.reset(draft, draft.nodes[key])
        del old[index], left[position]
    for position in left:
        create_instance(draft, plan, path, items[position])
    for index in old:
        leave_out(draft, plan, path, index)
    draft.agenda.setdefault(group.key, draft.cause)


def _lengthen(draft: Draft, group: Node, plan: Plan, path: Path, items: dict[str, Any]) -> None:
    """Adds to a group what it does not have yet of a list, by digest; all else stays as it is."""
    nodes = [draft.nodes[key_of(plan.name, (*path, index))] for index in range(1, group.size + 1)]
    known = {values.digest(values.decode(node.item)) for node in nodes}
    draft.change(group, redo=False, used=draft.uses(plan, path))
    for node in nodes:
        for inner in (plan, *plan.descendants()):
            for key in draft.program.expand(draft.nodes, inner, parse_key(node.key)[1]):
                if key in draft.nodes:
                    draft.agenda.setdefault(key, draft.cause)
    for digest, item in items.items():
        if digest not in known:
            create_instance(draft, plan, path, item)
    draft.agenda.setdefault(group.key, draft.cause)
