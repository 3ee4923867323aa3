"""Opening what is ready: for-each groups with their instances, phases with their children, work, approvals, milestones.

Says what becomes of a node whose time has come; when that is, is for `readiness`, and what follows for `flow`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from charter.engine import automation, calendars, flow, values
from charter.engine.draft import Draft, refuse
from charter.engine.effects import Notify, Offer
from charter.engine.entries.cases import Assigned, Escalated, Granted, Opened, Reached
from charter.engine.keys import Path, key_of
from charter.engine.machines import SETTLED
from charter.engine.program import Plan
from charter.engine.readiness import uses
from charter.engine.state import Node

# So many instances a `for each` may have; a longer list is refused (CH541).
MOST_INSTANCES = 10_000


def open_node(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Opens a node whose time has come, in the way of its kind."""
    if plan.is_group(path):
        _open_group(draft, node, plan, path)
    else:
        _OPENERS[plan.kind](draft, node, plan, path)


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


def _open_group(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    items = items_of(draft, plan, path)
    if items is None:
        return
    used = uses(draft.program, draft, plan, path)
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
        draft.put(old._replace(item=values.encode(item), added=False))
        draft.agenda.setdefault(old.key, draft.cause)
    for index in range(len(items) + 1, moved.size + 1):
        old = draft.nodes[key_of(plan.name, (*path, index))]
        if old.state not in SETTLED:
            leave_out(draft, plan, path, index)
    current = draft.nodes[node.key]
    draft.put(current._replace(pending=_unsettled(draft, plan, path, min(len(items), current.size))))
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
    flow.end(draft, draft.nodes[key_of(plan.name, (*path, index))], "cancel", "CH576", list=many.items)


def create_instance(draft: Draft, plan: Plan, path: Path, item: Any, *, added: bool = False) -> Node:
    """Adds one more instance to a group."""
    group = draft.nodes[key_of(plan.name, path)]
    if group.size >= MOST_INSTANCES:
        raise refuse("CH541", f"{plan.name}.for", limit=MOST_INSTANCES)
    counts = plan.kind != "milestone"
    draft.put(group._replace(size=group.size + 1, pending=group.pending + counts))
    node = Node(key_of(plan.name, (*path, group.size + 1)), plan.name, item=values.encode(item), added=added)
    draft.create(node)
    return node


def due_of(draft: Draft, plan: Plan, path: Path) -> int | None:
    """Gives the due date of what opens now: the earlier of `within` and `due`, None without or while unknown."""
    element, calendar = plan.element, draft.program.definition.calendar
    if element.within is None and element.due is None:
        return None
    scope = draft.scope(plan, path)
    ends = []
    if element.within is not None:
        ends.append(calendars.add(calendar, draft.at, scope.value(element.within)))
    if element.due is not None:
        ends.append(calendars.deadline(calendar, scope.value(element.due)))
    return min((end for end in ends if end is not None), default=None)


def _open_phase(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    children = plan.children
    draft.move(
        node,
        "open",
        Opened(),
        ready_at=draft.at,
        started_at=draft.at,
        due=due_of(draft, plan, path),
        overdue=False,
        pending=0,
        ended_at=None,
    )
    pending = 0
    for child in children:
        key = key_of(child.name, path)
        old = draft.nodes.get(key)
        if old is None:
            draft.create(Node(key, child.name))
        elif old.state == "planned":
            draft.agenda.setdefault(key, draft.cause)
        pending += counts(child) and (old is None or old.state not in SETTLED)
    current = draft.nodes[node.key]
    draft.put(current._replace(pending=pending))
    draft.agenda.setdefault(node.key, draft.cause)


def counts(plan: Plan) -> bool:
    """Milestones hold nothing up, unless they are `for each` groups of them."""
    return plan.kind != "milestone" or plan.many


def _open_milestone(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    draft.move(node, "reach", Reached(), ready_at=draft.at, ended_at=draft.at)


def _open_activity(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    used = uses(draft.program, draft, plan, path)
    opened = draft.move(
        node, "open", Opened(), used=used, ready_at=draft.at, due=due_of(draft, plan, path), overdue=False
    )
    if plan.element.work is not None:
        automation.begin_work(draft, opened, plan, path)
    else:
        _offer(draft, opened, plan, path)


def _offer(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    element = plan.element
    if element.assign_mode == "expression" and element.assign is not None:
        person = draft.scope(plan, path).value(element.assign)
        if isinstance(person, list) and len(person) == 1:
            person = person[0]
        if isinstance(person, str) and person:
            node = node._replace(holder=person, assigned=True)
            draft.put(node)
            draft.enter(Assigned(person), node, node.state, node.state)
            draft.effects.append(Notify(node.key, "ready", (), (person,)))
            return
    elif element.assign_mode in ("least busy", "in turn"):
        draft.effects.append(Offer(node.key, element.roles, element.assign_mode))
    draft.effects.append(Notify(node.key, "ready", element.roles))


def _open_approval(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    used = uses(draft.program, draft, plan, path)
    opened = draft.move(
        node, "open", Opened(), used=used, ready_at=draft.at, due=due_of(draft, plan, path), overdue=False
    )
    agreement = plan.element.agreement
    escalation = agreement.escalation if agreement is not None else None
    if escalation is not None and node.rejects >= escalation.rejects:
        draft.enter(Escalated(escalation.role), opened, opened.state, opened.state)
        draft.effects.append(Notify(node.key, "escalated", (escalation.role,)))
    if agreement is None or not agreement.stages:
        # Nobody is asked: there is nothing to wait for.
        draft.move(opened, "grant", Granted(), outcome="approve", ended_at=draft.at)
        return
    draft.effects.append(Notify(node.key, "ready", plan.roles_wanted(opened)))


_OPENERS: dict[str, Callable[[Draft, Node, Plan, Path], None]] = {
    "phase": _open_phase,
    "activity": _open_activity,
    "approval": _open_approval,
    "milestone": _open_milestone,
}
