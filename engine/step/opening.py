"""Opening what is ready: for-each groups with their instances, phases with their children, work, approvals, milestones.

Says what becomes of a node whose time has come; when that is, is for `readiness`, and what follows for `flow`.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from charter.engine.effects import Offer
from charter.engine.entries.cases import Assigned, Escalated, Granted, Opened, Reached
from charter.engine.keys import Path, key_of
from charter.engine.machines import SETTLED
from charter.engine.plan.plans import Plan
from charter.engine.state import Node
from charter.engine.step import addressing, asking, blocks, clocks, offering, queues
from charter.engine.step.choice import settle_choice
from charter.engine.step.draft import Draft
from charter.engine.step.lists import open_group


def open_node(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Opens a node whose time has come, in the way of its kind."""
    if plan.is_group(path):
        open_group(draft, node, plan, path)
    else:
        _OPENERS[plan.kind](draft, node, plan, path)


def _open_phase(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    children = plan.children
    draft.move(
        node,
        "open",
        Opened(),
        ready_at=draft.at,
        started_at=draft.at,
        due=None,
        overdue=False,
        pending=0,
        ended_at=None,
    )
    clocks.set_due(draft, draft.nodes[node.key], plan, path)
    pending = 0
    for child in children:
        key = key_of(child.name, path)
        old = draft.nodes.get(key)
        if old is None:
            draft.create(Node(key, child.name))
        elif old.state == "planned":
            draft.agenda.setdefault(key, draft.cause)
        pending += blocks.counts(child) and (old is None or old.state not in SETTLED)
    current = draft.nodes[node.key]
    draft.change(current, pending=pending)
    draft.agenda.setdefault(node.key, draft.cause)


def _open_milestone(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    reached = draft.move(node, "reach", Reached(), ready_at=draft.at, ended_at=draft.at)
    settle_choice(draft, plan, path, reached)


def _open_activity(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    used = draft.uses(plan, path)
    named = addressing.people(draft, plan, path)
    told = Opened(named=named)
    opened = draft.move(node, "open", told, used=used, ready_at=draft.at, due=None, overdue=False, named=named)
    opened = clocks.set_due(draft, opened, plan, path)
    if draft.program.definition.queues:
        opened = queues.ranked(draft, opened, plan, path)
    opened = offering.offer(draft, opened, plan, path)
    addressing.opened(draft, opened, plan, told, node.named)
    if plan.element.work is None:
        _offer(draft, opened, plan, path, draft.number(told))


def _offer(draft: Draft, node: Node, plan: Plan, path: Path, asked: int) -> None:
    element = plan.element
    if element.assign_mode == "expression" and element.assign is not None:
        person = draft.scope(plan, path).value(element.assign)
        if isinstance(person, list) and len(person) == 1:
            person = person[0]
        if isinstance(person, str) and person:
            node = replace(node, holder=person, assigned=True)
            draft.put(node)
            draft.enter(Assigned(person), node, node.state, node.state)
            return
    elif element.assign_mode in ("least busy", "in turn"):
        draft.effects.append(Offer(node.key, element.roles, element.assign_mode, asked))


def _open_approval(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    used = draft.uses(plan, path)
    named = addressing.people(draft, plan, path)
    told = Opened(named=named)
    opened = draft.move(node, "open", told, used=used, ready_at=draft.at, due=None, overdue=False, named=named)
    opened = clocks.set_due(draft, opened, plan, path)
    agreement = plan.element.agreement
    escalation = agreement.escalation if agreement is not None else None
    if escalation is not None and node.rejects >= escalation.rejects:
        draft.enter(Escalated(escalation.role), opened, opened.state, opened.state)
    else:
        addressing.opened(draft, opened, plan, told, node.named)
    if agreement is None or not agreement.stages:
        # Nobody is asked: there is nothing to wait for.
        draft.move(opened, "grant", Granted(), outcome="approve", ended_at=draft.at)
    elif any(stage.when is not None for stage in plan.stages(node)):
        asking.look(draft, draft.nodes[node.key], plan, path, 0)


_OPENERS: dict[str, Callable[[Draft, Node, Plan, Path], None]] = {
    "phase": _open_phase,
    "activity": _open_activity,
    "approval": _open_approval,
    "milestone": _open_milestone,
}
