"""The fold of open lists: each `for each` that takes more items until somebody closes it, for those in charge of it.

A row for each role that is in charge, or one for whoever opened the case where the process has no owner.
"""

from __future__ import annotations

from charter.engine.keys import parse_key
from charter.engine.machines import ENTERED, UNFINISHED
from charter.engine.state import CaseState, Node
from charter.runtime.folds.fold import NOTHING, Change, Fold, Row, Stride, difference
from charter.runtime.folds.shape import Shape
from charter.runtime.folds.urgency import pressed, rank

_ACTIVE = ENTERED & UNFINISHED

_KEY = 3  # case, node, role


def _rows(shape: Shape, state: CaseState, node: Node | None) -> list[Row]:
    if node is None or node.closed or node.state not in _ACTIVE or state.status != "open":
        return []
    plan = shape.lists.get(node.element)
    if plan is None or not plan.is_group(parse_key(node.key)[1]):
        return []
    since = node.ready_at or node.started_at or state.opened_at or 0
    place = rank(shape, state, node, since)
    rest = (shape.name, node.element, node.iteration, node.size)
    roles = dict.fromkeys((*plan.element.accountable, *((shape.owner,) if shape.owner is not None else ())))
    rows: list[Row] = [(state.case, node.key, role, *rest, None, since, node.due, place) for role in roles]
    if shape.owner is None:
        rows.append((state.case, node.key, "", *rest, state.opened_by, since, node.due, place))
    return rows


def _change(stride: Stride) -> Change:
    shape, before, after = stride.shape, stride.before, stride.after
    if not shape.lists:
        return NOTHING
    turned = before.status != after.status and "open" in (before.status, after.status)
    gone: list[Row] = []
    come: list[Row] = []
    for node in after.nodes.values() if turned else {n.key: n for n in (*stride.nodes, *pressed(stride))}.values():
        was, now = _rows(shape, before, before.nodes.get(node.key)), _rows(shape, after, node)
        turn = difference(was, now, _KEY)
        gone += turn.gone
        come += turn.come
    return Change(gone, come)


LISTS = Fold("open_lists", _change)
