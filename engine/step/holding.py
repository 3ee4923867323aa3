"""What people do to have work not done, or not now: skip and cancel, suspend and resume, of a node or the whole case.

Each function checks everything first and refuses before it changes anything.
"""

from __future__ import annotations

from charter.engine.commands import (
    Cancel,
    Resume,
    Skip,
    Suspend,
)
from charter.engine.entries import cases
from charter.engine.keys import Path
from charter.engine.plan.plans import Plan
from charter.engine.state import Node
from charter.engine.step import blocks
from charter.engine.step.authority import in_charge, persons, require_bound, require_charge, role_among
from charter.engine.step.automation import time_passes
from charter.engine.step.case import cancel_case, resume_case
from charter.engine.step.draft import Draft, refuse
from charter.engine.step.work import require, require_alone


def skip(draft: Draft, command: Skip) -> None:
    node, plan, path = require(draft, command.node, "skip", "skip")
    if node.state == "skipped" and node.outcome == "person":
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb="skip")
    draft.role = require_charge(draft, plan, command.actor, "skip")
    require_bound(draft, node, plan, path, command.actor, "skip")
    _over(draft, node, "skip", cases.Skipped(), command.reason)


def cancel(draft: Draft, command: Cancel) -> None:
    if command.node is None:
        draft.role = require_charge(draft, None, command.actor, "cancel", opener=True)
        cancel_case(draft, command.reason)
        return
    node, plan, path = require(draft, command.node, "cancel", "cancel")
    draft.role = require_charge(draft, plan, command.actor, "cancel")
    require_bound(draft, node, plan, path, command.actor, "cancel")
    _over(draft, node, "cancel", cases.Cancelled(), command.reason)


def _over(draft: Draft, node: Node, trigger: str, told: cases.Skipped | cases.Cancelled, reason: str | None) -> None:
    moved = draft.move(
        node,
        trigger,
        told,
        reason=reason,
        outcome="person",
        hands=draft.hands(node, trigger),
        ended_at=draft.at,
        wake=None,
        holder=None,
        group=None,
        assigned=False,
        handed=False,
        waits=None,
        before=None,
    )
    draft.end_of_command()
    blocks.end_inside(draft, draft.nodes[moved.key], trigger)


def suspend(draft: Draft, command: Suspend) -> None:
    if command.node is None:
        draft.role = require_charge(draft, None, command.actor, "suspend", opener=True)
        draft.set_status("suspend", cases.Suspended(), reason=command.reason)
        return
    node, plan, path = require(draft, command.node, "suspend", "suspend")
    if plan.element.work is not None:
        raise refuse("CH544", plan.name, element=node.key, target=plan.element.work.target)
    _own_or_charge(draft, node, plan, path, command, "suspend")
    draft.move(node, "suspend", cases.Suspended(), reason=command.reason)


def resume(draft: Draft, command: Resume) -> None:
    if command.node is None:
        draft.role = require_charge(draft, None, command.actor, "resume", opener=True)
        resume_case(draft, command.reason)
        time_passes(draft)
        return
    node, plan, path = require(draft, command.node, "resume:ready", "resume")
    _own_or_charge(draft, node, plan, path, command, "resume")
    claimed = node.holder is not None and not node.assigned
    state = "active" if node.started_at is not None else ("claimed" if claimed else "ready")
    if state != "ready":
        require_alone(draft, plan, path, node)
    draft.move(node, f"resume:{state}", cases.Resumed(), reason=command.reason)


def _own_or_charge(draft: Draft, node: Node, plan: Plan, path: Path, command: Suspend | Resume, verb: str) -> None:
    actor = command.actor
    draft.role = role_among(actor, plan.roles_wanted(node))
    if draft.role is None and node.holder not in persons(actor):
        draft.role = in_charge(draft, plan, actor)
        if draft.role is None:
            roles = list(plan.roles_wanted(node))
            raise refuse("CH501", f"{plan.name}.role", element=node.key, person=actor.person, roles=roles)
