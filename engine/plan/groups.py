"""With whom open work is: the group whose time a clock counts that `runs while with` a role.

It is with the role in which somebody has taken it; while nobody has, with the role that it has come up to last, else
with all that may do it. Looks only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from charter.engine.keys import Path, parse_key
from charter.engine.machines import WORKABLE
from charter.engine.plan.plans import ClockPlan, Plan, shared_loops
from charter.engine.state import Node, View

if TYPE_CHECKING:
    from charter.engine.plan.program import Program


def groups(plan: Plan, node: Node) -> tuple[str, ...]:
    """Names the roles that a piece of work is with."""
    if node.group is not None:
        return (node.group,)
    return node.higher[-1:] or plan.roles_wanted(node)


def inside(program: Program, plan: ClockPlan) -> Iterator[Plan]:
    """Yields the elements of people's work where a clock stands."""
    return (each for each in program.plans.values() if each.by_people and (plan.of is None or plan.of in each.levels()))


def may_have(program: Program, plan: Plan) -> frozenset[str]:
    """Names the roles that an element's work may be with: its own, and those that it may come up to."""
    agreement = plan.element.agreement
    found = set(plan.element.roles)
    if agreement is not None:
        found |= {role for stage in agreement.stages for role, _ in stage.seats}
        found |= {agreement.escalation.role} if agreement.escalation is not None else set()
    acts = [action for event in plan.element.events for action in event.actions]
    acts += [action for sla in program.definition.slas for at in sla.thresholds for action in at.actions]
    acts += [action for rule in program.definition.rules for action in rule.actions]
    return frozenset(found.union(*(action.roles for action in acts if action.kind == "escalate")))


def with_group(program: Program, view: View, plan: ClockPlan, path: Path) -> Iterator[str]:
    """Yields the keys of the open work where a clock stands that is with its role."""
    for each in inside(program, plan):
        for key in program.expand(view.nodes, each, path[: shared_loops(each.loops, plan.loops)]):
            node = view.nodes.get(key)
            if node is None or node.state not in WORKABLE or each.is_group(parse_key(key).path):
                continue
            if plan.sla.group in groups(each, node):
                yield key
