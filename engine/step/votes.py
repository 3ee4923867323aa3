"""What people do to an approval: approve and reject, one vote a person, until the last stage decides.

Return is in `changes`. A vote takes a seat of a role; `Plan.stages` says which stages decide, also after an
escalation.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from charter.engine.commands import Actor, Approve, Command, Reject
from charter.engine.definition import Stage
from charter.engine.entries.cases import Granted, Rejected, Voted
from charter.engine.keys import Path
from charter.engine.plan.named import is_lent
from charter.engine.plan.plans import Plan
from charter.engine.plan.seats import seated
from charter.engine.refusals import Reason
from charter.engine.state import Node, Vote
from charter.engine.step import asking
from charter.engine.step.authority import doers_with, entitle, persons, role_among, unmet
from charter.engine.step.blocks import reopen
from charter.engine.step.case import cancel_case
from charter.engine.step.choice import settle_choice
from charter.engine.step.draft import Draft, Refused, refuse
from charter.engine.step.rework import send_back
from charter.engine.step.work import require, require_alone


def _approval(draft: Draft, key: str, trigger: str, verb: str) -> tuple[Node, Plan, Path]:
    node = draft.nodes.get(key)
    if node is not None and draft.place(key)[0].kind != "approval":
        raise refuse("CH547", draft.place(key)[0].name, element=key, verb=verb)
    return require(draft, key, trigger, verb)


def _require_asked(node: Node, plan: Plan) -> None:
    """Refuses (CH518) a vote while it is unknown whether the stage whose turn it is is asked."""
    if node.held:
        condition = plan.stages(node)[node.stage].when
        raise refuse("CH518", f"{plan.name}.by", element=node.key, stage=node.stage + 1, condition=condition)


def _once(node: Node, plan: Plan, command: Command, *, veto: bool = False) -> None:
    """Refuses (CH517) a second vote of one person, or for one person, in a stage, and in any where it does not say so.

    Whoever has a veto may change their mind about an earlier stage by it.
    """
    people = persons(command.actor)
    agreement = plan.element.agreement
    once_a_stage = veto or (agreement is not None and agreement.same_person)
    for vote in node.votes:
        if once_a_stage and vote.stage != node.stage:
            continue
        if vote.person in people or vote.on_behalf_of in people:
            raise refuse("CH517", f"{plan.name}.by", element=node.key, person=command.actor.person)


def _vote(
    draft: Draft, node: Node, plan: Plan, path: Path, command: Command, seats: tuple[str, ...], approve: bool
) -> Vote:
    """Makes the actor's vote, in the first of `seats` that is theirs to take; notes the others that are."""
    actor = command.actor
    own = sorted((r for r in seats if role_among(actor, (r,)) is not None), key=lambda r: is_lent(actor, r))
    able = tuple(r for r in own if unmet(draft.program, actor, r) is None)
    try:
        entitle(draft, node, plan, path, actor, able or seats, held=False)
    except Refused as refused:
        raise Refused(*(_later(reason, node, plan, actor) for reason in refused.reasons)) from None
    if not node.votes:
        require_alone(draft, plan, path, node)
    if node.higher and node.higher[-1] in seats:
        # Whom the approval has come up to takes any seat, where they have none of their own.
        sit = tuple(dict.fromkeys(role for stage in plan.stage(node) for role, _ in stage.seats))
        able = tuple(role for role in able if role in sit) or sit
    return Vote(actor.person, able[0], node.stage, approve, actor.on_behalf_of, able)


def _later(reason: Reason, node: Node, plan: Plan, actor: Actor) -> Reason:
    """Says of somebody who has no seat yet in which roles they have one in a later stage."""
    roles = [role for stage in plan.stages(node)[node.stage + 1 :] for role, _ in stage.seats]
    later = [role for role in roles if role_among(actor, (role,)) is not None]
    if reason.code != "CH501" or not later:
        return reason
    return structs.replace(reason, arguments={**reason.arguments, "later": later})


def _cast(draft: Draft, node: Node, plan: Plan, vote: Vote, stage: Stage | None) -> dict[str, Any]:
    """Adds a vote to a node's; with `stage` it takes a seat there, and is refused (CH543) where none can be had."""
    votes = (*node.votes, vote)
    if stage is not None:
        sitting = seated(tuple(v for v in votes if v.stage == node.stage), stage)
        if sitting is None:
            raise refuse("CH543", f"{plan.name}.by", element=node.key, roles=list(vote.roles))
        votes = (*(v for v in votes if v.stage != node.stage), *sitting)
    sits = votes[-1].role
    draft.role = sits if role_among(draft.command.actor, (sits,)) else role_among(draft.command.actor, node.higher)
    return {"votes": votes, "doers": doers_with(node, draft.command.actor)}


def approve(draft: Draft, command: Approve) -> None:
    node, plan, path = _approval(draft, command.node, "grant", "approve")
    chain = plan.stages(node)
    if not chain:
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb="approve")
    _require_asked(node, plan)
    stage = chain[min(node.stage, len(chain) - 1)]
    _once(node, plan, command)
    vote = _vote(draft, node, plan, path, command, plan.roles_wanted(node), True)
    agreement = plan.element.agreement
    assert agreement is not None
    if agreement.criteria is not None:
        scope = draft.scope(plan, path)
        met = scope.value(agreement.criteria)
        if met is not True:
            code, values = "CH508" if met is False else "CH527", scope.seen(agreement.criteria)
            raise refuse(code, f"{plan.name}.criteria", element=node.key, criteria=agreement.criteria, values=values)
    cast = _cast(draft, node, plan, vote, stage)
    agreed = sum(vote.approve and vote.stage == node.stage for vote in cast["votes"])
    passed = agreed >= stage.needed or stage.first
    turn = asking.turn(draft, node, plan, path, node.stage + passed) if passed else asking.Turn(node.stage)
    if turn.stage is None:
        used = draft.uses(plan, path)
        draft.move(
            node,
            "grant",
            Granted("approve", node.stage + 1, agreed, stage.needed),
            reason=command.reason,
            outcome="approve",
            used=used,
            ended_at=draft.at,
            **cast,
        )
        draft.end_of_command()
        asking.tell(draft, draft.nodes[node.key], plan, turn)
        settle_choice(draft, plan, path, node)
        return
    told = Voted("approve", node.stage + 1, agreed=agreed, needed=stage.needed)
    draft.move(node, "vote", told, reason=command.reason, stage=turn.stage, held=turn.held, **cast)
    draft.end_of_command()
    asking.tell(draft, draft.nodes[node.key], plan, turn)
    settle_choice(draft, plan, path, node)


def reject(draft: Draft, command: Reject) -> None:
    node, plan, path = _approval(draft, command.node, "reject", "reject")
    chain = plan.stages(node)
    agreement = plan.element.agreement
    if agreement is None or not chain:
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb="reject")
    stage = chain[min(node.stage, len(chain) - 1)]
    veto = agreement.veto is not None and role_among(command.actor, (agreement.veto,)) is not None
    if not veto:
        _require_asked(node, plan)
    _once(node, plan, command, veto=veto)
    seats = (agreement.veto,) if veto and agreement.veto is not None else plan.roles_wanted(node)
    vote = _vote(draft, node, plan, path, command, seats, False)
    cast = _cast(draft, node, plan, vote, None if veto else stage)
    refused = sum(not vote.approve and vote.stage == node.stage for vote in cast["votes"])
    there_are = sum(count for _, count in stage.seats)
    if not (veto or stage.first or refused > there_are - stage.needed):
        told = Voted("reject", node.stage + 1, refused=refused)
        draft.move(node, "vote", told, reason=command.reason, **cast)
        draft.end_of_command()
        settle_choice(draft, plan, path, node)
        return
    moved = draft.move(
        node,
        "reject",
        Rejected("reject", node.stage + 1, refused, veto),
        reason=command.reason,
        outcome="reject",
        rejects=node.rejects + 1,
        ended_at=draft.at,
        **cast,
    )
    draft.end_of_command()
    settle_choice(draft, plan, path, node)
    consequence = agreement.on_reject
    if consequence is not None and consequence.kind == "cancel":
        reason = consequence.reason if consequence.reason is not None else command.reason
        cancel_case(draft, reason)
    elif consequence is not None and consequence.target is not None:
        target = draft.program.seen(plan, path, draft.program.plans[consequence.target])
        send_back(draft, moved, target, command.reason)
    elif agreement.escalation is not None and node.rejects < agreement.escalation.rejects <= moved.rejects:
        # Nothing brings it back by itself, so the higher role is asked at once.
        reopen(draft, moved)
