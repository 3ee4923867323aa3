"""Whom data names for work: pinned when it opens, addressed anew when the data changes, and what if there is nobody.

Work for which data names nobody, or somebody who is not there, is told of (`Declined`) and comes up to its fallback,
so that somebody always finds it. The votes of a stage lapse when it is asked of others.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from charter.engine.effects import Address
from charter.engine.entries.cases import Opened, Readdressed
from charter.engine.keys import Path
from charter.engine.machines import TAKEN
from charter.engine.plan.named import Named, too_few
from charter.engine.plan.plans import Plan
from charter.engine.refusals import Reason
from charter.engine.state import Node
from charter.engine.step import actions
from charter.engine.step.draft import Draft


def people(draft: Draft, plan: Plan, path: Path) -> Named:
    """Gives whom data names for work now, each name with its people; none where only roles do it."""
    if not plan.element.named:
        return ()
    scope = draft.scope(plan, path)
    found = []
    for text in plan.element.named:
        value = scope.value(text)
        each = value if isinstance(value, list) else [value]
        found.append((text, tuple(dict.fromkeys(one for one in each if isinstance(one, str) and one))))
    return tuple(found)


def opened(draft: Draft, node: Node, plan: Plan, told: Opened, before: Named) -> None:
    """Addresses work that opens; tells those whom the data names, or did in the round before, where these differ."""
    if before and before != node.named:
        draft.follow(Readdressed(node.named, before), node)
    address(draft, node, plan, told)


def address(draft: Draft, node: Node, plan: Plan, told: Opened | Readdressed) -> None:
    """Has the host look whether those are there whom data names; tells where it names too few."""
    if not node.named:
        return
    asked = draft.number(told)
    agreement = plan.element.agreement
    short = too_few(agreement.stages if agreement is not None else (), plan.element.roles, node.named)
    if short:
        reason = Reason("CH615", plan.name, {"element": node.key, "names": list(short)})
        draft.follow(actions.declined(Address.__name__, ", ".join(short), reason, asked), node)
    there = tuple(dict.fromkeys(person for _, named in node.named for person in named))
    if there:
        draft.effects.append(Address(node.key, there, asked))


def look(draft: Draft, node: Node, plan: Plan, path: Path) -> bool:
    """Addresses open work anew where the data names others than it did; gives whether it has."""
    named = people(draft, plan, path)
    if named == node.named:
        return False
    allowed = {person for _, named_ in named for person in named_}
    before = {person for _, named_ in node.named for person in named_}
    told = Readdressed(named, node.named)
    changes: dict[str, Any] = (
        {"votes": tuple(vote for vote in node.votes if vote.stage != node.stage)} if node.votes else {}
    )
    if node.holder is not None and node.holder in before - allowed:
        changes |= {"holder": None, "group": None, "assigned": False, "handed": False}
        if node.state in TAKEN:
            node = draft.move(node, "release", None, started_at=None)
    node = replace(node, named=named, **changes)
    draft.put(node)
    draft.follow(told, node)
    address(draft, node, plan, told)
    return True


def come_up(draft: Draft, node: Node, plan: Plan) -> None:
    """Lets the fallback do work that somebody whom data names cannot be asked for."""
    if plan.fallback and plan.fallback not in node.higher:
        draft.put(replace(node, higher=(*node.higher, plan.fallback)))
