"""What people do to an approval: approve and reject, one vote a person and stage, until the last stage decides.

Return is in `changes`. A vote takes a seat of a role; `Plan.stages` says which stages decide, also after an
escalation.
"""

from __future__ import annotations

from typing import Any

from . import changes, staleness
from .authority import entitle, persons, role_among
from .commands import Approve, Command, Reject
from .definition import Stage
from .draft import Draft, refuse
from .effects import Notify
from .program import Path, Plan
from .readiness import uses
from .state import Node, Vote
from .work import require, taken


def _approval(draft: Draft, key: str, trigger: str, verb: str) -> tuple[Node, Plan, Path]:
    node = draft.nodes.get(key)
    if node is not None and draft.place(key)[0].kind != "approval":
        raise refuse("CH547", draft.place(key)[0].name, element=key, verb=verb)
    return require(draft, key, trigger, verb)


def _once(node: Node, plan: Plan, command: Command) -> None:
    """Refuses (CH517) a second vote of one person, or for one person, in a stage."""
    people = persons(command.actor)
    for vote in node.votes:
        if vote.stage == node.stage and (vote.person in people or vote.on_behalf_of in people):
            raise refuse("CH517", f"{plan.name}.by", element=node.key, person=command.actor.person)


def _seat(draft: Draft, node: Node, plan: Plan, path: Path, stage: Stage, command: Command) -> str:
    """Gives the role in which the actor votes: one with a free seat."""
    actor = command.actor
    wanted = plan.roles_wanted(node)
    taken_seats = [vote.role for vote in node.votes if vote.stage == node.stage]
    free = tuple(role for role, count in stage.seats if taken_seats.count(role) < count)
    if not free or (role_among(actor, free) is None and role_among(actor, wanted) is not None):
        raise refuse("CH543", f"{plan.name}.by", element=node.key, roles=list(wanted))
    role = entitle(draft, node, plan, path, actor, free, held=False)
    return role if role is not None else free[0]


def _cast(node: Node, command: Command, role: str, approve: bool) -> dict[str, Any]:
    actor = command.actor
    vote = Vote(actor.person, role, node.stage, approve, actor.on_behalf_of)
    doers = (*node.doers, *(p for p in persons(actor) if p not in node.doers))
    return {"votes": (*node.votes, vote), "doers": doers}


def approve(draft: Draft, command: Approve) -> None:
    node, plan, path = _approval(draft, command.node, "grant", "approve")
    chain = plan.stages(node)
    if not chain:
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb="approve")
    stage = chain[min(node.stage, len(chain) - 1)]
    _once(node, plan, command)
    draft.role = role = _seat(draft, node, plan, path, stage, command)
    agreement = plan.element.agreement
    assert agreement is not None
    if agreement.criteria is not None:
        met = draft.scope(plan, path).value(agreement.criteria)
        if met is not True:
            code = "CH508" if met is False else "CH527"
            raise refuse(code, f"{plan.name}.criteria", element=node.key, criteria=agreement.criteria)
    cast = _cast(node, command, role, True)
    agreed = sum(vote.approve and vote.stage == node.stage for vote in cast["votes"])
    data = {"meaning": "approve", "stage": node.stage + 1, "agreed": agreed, "needed": stage.needed}
    passed = agreed >= stage.needed or stage.first
    if passed and node.stage >= len(chain) - 1:
        used = uses(draft.program, draft, plan, path)
        draft.move(
            node, "grant", "granted", reason=command.reason, data=data, outcome="approve", used=used,
            ended_at=draft.at, **cast,
        )  # fmt: skip
        draft.follow()
        taken(draft, plan, path, node)
        if plan.element.informed:
            draft.effects.append(Notify(node.key, "informed", plan.element.informed))
        return
    moved = draft.move(
        node, "vote", "voted", reason=command.reason, data=data, stage=node.stage + passed, **cast
    )
    draft.follow()
    taken(draft, plan, path, node)
    if passed:
        draft.effects.append(Notify(node.key, "ready", plan.roles_wanted(moved)))


def reject(draft: Draft, command: Reject) -> None:
    node, plan, path = _approval(draft, command.node, "reject", "reject")
    chain = plan.stages(node)
    agreement = plan.element.agreement
    if agreement is None or not chain:
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb="reject")
    stage = chain[min(node.stage, len(chain) - 1)]
    _once(node, plan, command)
    veto = agreement.veto is not None and role_among(command.actor, (agreement.veto,)) is not None
    if veto and agreement.veto is not None:
        entitle(draft, node, plan, path, command.actor, (agreement.veto,), held=False)
        role = agreement.veto
    else:
        role = _seat(draft, node, plan, path, stage, command)
    draft.role = role
    cast = _cast(node, command, role, False)
    refused = sum(not vote.approve and vote.stage == node.stage for vote in cast["votes"])
    seats = sum(count for _, count in stage.seats)
    data = {"meaning": "reject", "stage": node.stage + 1, "refused": refused}
    if not (veto or stage.first or refused > seats - stage.needed):
        draft.move(node, "vote", "voted", reason=command.reason, data=data, **cast)
        draft.follow()
        taken(draft, plan, path, node)
        return
    if veto:
        data["veto"] = True
    moved = draft.move(
        node, "reject", "rejected", reason=command.reason, data=data, outcome="reject", rejects=node.rejects + 1,
        ended_at=draft.at, **cast,
    )  # fmt: skip
    draft.follow()
    taken(draft, plan, path, node)
    consequence = agreement.on_reject
    if consequence is not None and consequence.kind == "cancel":
        reason = consequence.reason if consequence.reason is not None else command.reason
        changes.cancel_case(draft, reason)
    elif consequence is not None and consequence.target is not None:
        target = draft.program.seen(plan, path, draft.program.plans[consequence.target])
        changes.send_back(draft, moved, target, command.reason)
    elif (
        agreement.escalation is not None
        and node.rejects < agreement.escalation.rejects <= moved.rejects
    ):
        # Nothing brings it back by itself, so the higher role is asked at once.
        staleness.reopen(draft, moved)
    if plan.element.informed and draft.status == "open":
        draft.effects.append(Notify(node.key, "informed", plan.element.informed))
