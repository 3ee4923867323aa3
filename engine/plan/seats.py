"""The seats of a stage of an approval: who sits where, and which roles have one left.

Knows votes and stages; whether somebody may vote at all is for the step.
"""

from __future__ import annotations

from charter.engine.definition import Stage
from charter.engine.plan.plans import Plan
from charter.engine.state import Node, Vote


def roles_left(plan: Plan, node: Node) -> tuple[str, ...]:
    """Names the roles whose people a node waits for now: of an approval, those that somebody more could vote in."""
    stages = plan.stage(node)
    if not node.votes or not stages:
        return plan.roles_wanted(node)
    votes = tuple(vote for vote in node.votes if vote.stage == node.stage)
    left = tuple(
        role for role, _ in stages[0].seats if seated((*votes, Vote("", role, node.stage, True)), stages[0]) is not None
    )
    # Whom the work has come up to takes any seat.
    return tuple(dict.fromkeys((*left, *node.higher))) if left else ()


def seated(votes: tuple[Vote, ...], stage: Stage) -> tuple[Vote, ...] | None:
    """Gives each vote of a stage a seat of a role its voter has, None where they cannot all have one.

    Whoever holds several roles moves for a later voter who holds fewer: the order of the votes decides nothing.
    """
    if len(votes) == 1:
        return (votes[0]._replace(role=(votes[0].roles or (votes[0].role,))[0]),)
    seats = dict(stage.seats)
    taken_by: dict[str, list[Vote]] = {role: [] for role in seats}

    def place(vote: Vote, tried: set[str]) -> bool:
        for role in vote.roles or (vote.role,):
            if role in tried:
                continue
            tried.add(role)
            holders = taken_by[role]
            leaver = next((v for v in holders if place(v, tried)), None) if len(holders) >= seats[role] else None
            if leaver is not None:
                holders.remove(leaver)
            if len(holders) < seats[role]:
                holders.append(vote)
                return True
        return False

    if not all(place(vote, set()) for vote in votes):
        return None
    roles = {vote.person: role for role, holders in taken_by.items() for vote in holders}
    return tuple(vote._replace(role=roles[vote.person]) for vote in votes)
