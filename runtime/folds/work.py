"""The fold of open work: a row for each role or person that a piece of work is offered to, or one for whoever holds it.

Holds what an inbox sorts and filters by, and who must not do the work; nothing of how it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable

from charter.engine.keys import name_of, parse_key
from charter.engine.machines import OPEN
from charter.engine.personal import whose
from charter.engine.plan.makers import barred, record_makers
from charter.engine.plan.place import Place
from charter.engine.plan.plans import Plan
from charter.engine.plan.seats import roles_left
from charter.engine.state import CaseState, Node
from charter.runtime.folds.fold import Change, Fold, Row, Stride, difference
from charter.runtime.folds.shape import Shape
from charter.runtime.folds.state import changed
from charter.runtime.folds.urgency import pressed, rank

_KEY = 3  # case, node, role


def _barred(shape: Shape, state: CaseState, plan: Plan, node: Node) -> str:
    agreement = plan.element.agreement
    each = not state.law or (agreement is not None and agreement.same_person)
    votes = [vote for vote in node.votes if not each or vote.stage == node.stage]
    people = {vote.person for vote in votes}
    if state.law:
        people.update(vote.on_behalf_of for vote in votes if vote.on_behalf_of is not None)
    if node.element in shape.barred:
        place = Place(shape.program, state, plan, parse_key(node.key)[1])
        people.update(barred(place, node) if state.law else _barred_before(place, node))
    return f"|{'|'.join(sorted(people))}|" if people else ""


def _barred_before(place: Place, node: Node) -> set[str]:
    """Names who may not do the work in a case that no law judges yet: its rows are as its builds kept them."""
    rules = place.program.definition.separations
    others = {rule.other for rule in rules if rule.element == node.element and not rule.same}
    people = {person for other in place.view.nodes.values() if other.element in others for person in other.doers}
    agreement = place.plan.element.agreement
    if agreement is not None and agreement.of is not None and any(stage.other for stage in place.plan.stage(node)):
        people.update(record_makers(place, agreement.of))
    return people


def _rows(shape: Shape, state: CaseState, node: Node | None) -> list[Row]:
    """Gives the rows of one node: one for its holder, one for each role it is offered to or has come up to.

    The holder of a row with no role holds the work; that of any other is offered it by name.
    """
    if node is None or node.state not in OPEN or state.status != "open":
        return []
    plan = shape.plans.get(node.element)
    if plan is None or (plan.many and plan.is_group(parse_key(node.key)[1])):
        return []
    since = node.ready_at or state.opened_at or 0
    fixed = (shape.name, node.element, node.state, node.iteration)
    rest = (
        _barred(shape, state, plan, node),
        since,
        node.due,
        rank(shape, state, node, since),
    )
    if node.holder is not None:
        held = (state.case, node.key, "", *fixed, node.holder, int(node.assigned), *rest)
        return [held, *((state.case, node.key, role, *fixed, None, 0, *rest) for role in node.higher)]
    wanted = roles_left(plan, node) if state.law else plan.roles_wanted(node)
    roles = dict.fromkeys(wanted or (shape.owner or "",))
    return [(state.case, node.key, role, *fixed, whose(role), int(node.assigned), *rest) for role in roles]


def _touched(stride: Stride) -> Iterable[Node]:
    """Lists the nodes whose rows can be other than before."""
    before, after, shape = stride.before, stride.after, stride.shape
    if before.law != after.law or (before.status != after.status and "open" in (before.status, after.status)):
        return after.nodes.values()
    nodes = stride.nodes
    if moved := pressed(stride):
        seen = {node.key for node in nodes}
        nodes = [*nodes, *(node for node in moved if node.key not in seen)]
    if not shape.bars:
        return nodes
    made = [node.element for node in nodes]
    if after.versions is not before.versions:
        made += map(name_of, changed(before.versions, after.versions))
    if touched := {element for name in made for element in shape.bars.get(name, ())}:
        seen = {node.key for node in nodes}
        nodes = [*nodes, *(n for n in after.nodes.values() if n.element in touched and n.key not in seen)]
    return nodes


def _change(stride: Stride) -> Change:
    shape, before, after = stride.shape, stride.before, stride.after
    gone: list[Row] = []
    come: list[Row] = []
    for node in _touched(stride):
        was, now = _rows(shape, before, before.nodes.get(node.key)), _rows(shape, after, node)
        turn = difference(was, now, _KEY)
        gone += turn.gone
        come += turn.come
    return Change(gone, come)


WORK = Fold("work_items", _change)
