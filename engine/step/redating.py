"""The dates of open work whose lines are others now: its due date, and the instants of its events.

They count from when the work became ready, as if the lines had held then, and move by as long as it has stood.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from charter.engine import calendars
from charter.engine.definition import Event
from charter.engine.entries.cases import Redated
from charter.engine.plan.plans import Plan
from charter.engine.state import Node
from charter.engine.step import clocks
from charter.engine.step.draft import Draft


def other_lines(draft: Draft, node: Node, before: Plan) -> None:
    """Gives open work the dates of other lines than those of `before`, counted from when it became ready.

    For as long as it has stood, its date was moved; it still is.
    """
    plan, path = draft.place(node.key)
    element, old, scope = plan.element, before.element, draft.scope(plan, path)
    if node.ready_at is None:
        return
    lines = [(plan.calendar, element.within, element.due), (before.calendar, old.within, old.due)]
    if lines[0] != lines[1]:
        ends: dict[str, int] = {}
        for calendar, within, due in lines[:1]:
            term = None if within is None else calendars.term(calendar, node.ready_at, scope.value(within))
            if term is not None:
                ends["within"] = term + _stood(node, before, None if old.within is None else scope.value(old.within))
            if (end := None if due is None else calendars.deadline(calendar, scope.value(due))) is not None:
                ends["due"] = end
        due_at = min(ends.values(), default=None)
        moved = replace(node, due=due_at, bound=ends.get("due") if len(ends) > 1 else None)
        if due_at is None or due_at > draft.at:
            moved = replace(moved, overdue=False)
        moved = clocks.aimed(draft, node, moved) if element.events == old.events else moved
        draft.put(moved)
        if node.due is not None and due_at is not None and due_at != node.due:
            clause = min(ends, key=lambda name: ends[name])
            draft.touch_element(plan, path, draft.follow(Redated(clause, due_at, node.due), moved))
        node = moved
    if element.events != old.events:
        node = _marked_anew(draft, node, old.events)
    clocks.mark_late(draft, node)


def _stood(node: Node, before: Plan, span: Any) -> int:
    """Gives by how much the date of open work was moved while it stood."""
    if node.due is None or node.ready_at is None or span is None or node.due == node.bound:
        return 0
    was = calendars.term(before.calendar, node.ready_at, span)
    return 0 if was is None else max(node.due - was, 0)


def _marked_anew(draft: Draft, node: Node, before: tuple[Event, ...]) -> Node:
    """Gives open work the instants of other events: those it had, and the rest as from when it became ready."""
    plan, path = draft.place(node.key)
    known = dict(zip(before, node.marks, strict=False))
    marks = []
    for event in plan.element.events:
        mark = known.get(event)
        if mark is None:
            mark = 0
            if event.kind == "after" and event.at is not None and node.ready_at is not None:
                span = draft.scope(plan, path).value(event.at)
                mark = calendars.add(plan.calendar, node.ready_at, span) or 0
            elif event.kind == "remind" and node.due is not None:
                mark = max(clocks.reminded_at(draft, node, event), draft.at)
        marks.append(mark)
    node = replace(node, marks=tuple(marks))
    draft.put(node)
    return node
