"""Which stage of an approval is asked: the next one whose condition holds, looked at when its turn has come.

A stage whose condition is false is passed over, which is told with the condition; one whose condition is unknown holds
the approval (`Node.held`) until it is known. Where no stage was asked, nobody has approved anything: the approval is
skipped as `unasked`, which lets no record pass. What a condition reads is what the approval rests on, so that another
value has it asked afresh. Knows no votes; when a stage is through is for `votes`.
"""

from __future__ import annotations

from typing import NamedTuple

from charter.engine.entries.approvals import StageHeld, StagePassed
from charter.engine.entries.cases import Granted
from charter.engine.keys import Path
from charter.engine.plan.plans import Plan
from charter.engine.plan.readiness import stage_asked
from charter.engine.state import Node
from charter.engine.step import blocks
from charter.engine.step.choice import settle_choice
from charter.engine.step.draft import Draft


class Turn(NamedTuple):
    """Whose turn it is: a stage by its index, None where none is left. `passed`: (index, condition) of those before."""

    stage: int | None
    held: bool = False
    passed: tuple[tuple[int, str], ...] = ()


def turn(draft: Draft, node: Node, plan: Plan, path: Path, start: int) -> Turn:
    """Finds the stage whose turn it is from one on."""
    passed: list[tuple[int, str]] = []
    for index, stage in enumerate(plan.stages(node)[start:], start):
        asked = None if stage.when is None else stage_asked(draft.here(plan, path), stage.when, draft.at)
        if stage.when is None or asked is not False:
            return Turn(index, stage.when is not None and asked is None, tuple(passed))
        passed.append((index, stage.when))
    return Turn(None, passed=tuple(passed))


def tell(draft: Draft, node: Node, plan: Plan, found: Turn) -> None:
    """Enters which stages are passed over, and that one is held."""
    for index, condition in found.passed:
        draft.follow(StagePassed(index + 1, condition), node)
    if found.held and found.stage is not None:
        draft.follow(StageHeld(found.stage + 1, plan.stages(node)[found.stage].when or ""), node)


def look(draft: Draft, node: Node, plan: Plan, path: Path, start: int | None = None) -> None:
    """Gives the turn to the next stage (from the one that is held), or ends the approval where none is left."""
    found = turn(draft, node, plan, path, node.stage if start is None else start)
    if start is None and found == Turn(node.stage, held=True):
        return
    if found.stage is not None:
        if (found.stage, found.held) != (node.stage, node.held):
            draft.change(node, stage=found.stage, held=found.held)
        tell(draft, draft.nodes[node.key], plan, found)
        return
    tell(draft, node, plan, found)
    if any(vote.approve for vote in node.votes):
        used = draft.uses(plan, path)
        granted = draft.move(node, "grant", Granted(), outcome="approve", used=used, held=False, ended_at=draft.at)
        settle_choice(draft, plan, path, granted)
        return
    blocks.end(draft, node, "skip", "CH627")
    draft.change(draft.nodes[node.key], used=draft.uses(plan, path), held=False)
    blocks.tell_unapproved(draft, draft.nodes[node.key], plan, path)
