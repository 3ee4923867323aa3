"""What becomes of the others of a `first of`: passed over when one is chosen, offered again where that is put down.

One is chosen when work on it begins, ends by itself, or, a milestone, is reached. What a claim means is for `work`.
"""

from __future__ import annotations

from charter.engine.keys import Path, parse_key
from charter.engine.machines import DECIDED, SETTLED
from charter.engine.plan.plans import Plan
from charter.engine.state import Node
from charter.engine.step import blocks
from charter.engine.step.draft import Draft


def settle_choice(draft: Draft, plan: Plan, path: Path, node: Node) -> None:
    """Settles a `first of` that the element, or a phase around it, is one of: the others are passed over.

    A milestone is not work on the phase around it, so that it chooses only where it is named itself.
    """
    for level, other in draft.program.rivals.get(plan.name, ()):
        rival = draft.nodes.get(draft.program.seen(plan, path, other))
        if rival is not None and rival.state not in SETTLED and (plan.kind != "milestone" or level == plan.name):
            blocks.end(draft, rival, "skip", "CH573", other=node.key)


def unsettle_choice(draft: Draft, plan: Plan, path: Path) -> None:
    """Offers the others of a `first of` again once nothing is begun any more of what they were passed over for."""
    for level, other in draft.program.rivals.get(plan.name, ()):
        rival = draft.nodes.get(draft.program.seen(plan, path, other))
        if rival is None or rival.outcome != "choice" or rival.state != "skipped":
            continue
        if not _begun_in(draft, draft.program.plans[level], path):
            rival_plan, at = draft.place(rival.key)
            if rival_plan.lifecycle(at) == "phase":
                blocks.reset(draft, rival)
            else:
                blocks.reopen(draft, rival, redo=False)


def _begun_in(draft: Draft, plan: Plan, path: Path) -> bool:
    """Says whether somebody has begun or ended work of an element or inside it; a claim alone is none."""
    for inner in (plan, *plan.descendants()):
        for key in draft.program.expand(draft.nodes, inner, path[: plan.outer]):
            node = draft.nodes.get(key)
            if node is None or inner.lifecycle(parse_key(key)[1]) == "phase":
                continue
            begun = inner.element.work is None and (node.started_at is not None or bool(node.votes))
            if node.state in DECIDED or (begun and node.state not in SETTLED):
                return True
    return False
