"""The events of an element: what ends it, or happens beside it, by time, by a condition, by a signal.

A reminder, and what comes so long after an element became ready, is an instant in `Node.marks` that stands and moves
with the element's clock (`clocks`). A condition is looked at whenever what it reads changes, and fires as often as it
becomes true. What is over or still to come has no events; what stands has those that time does not bring.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from charter.engine.definition import Event
from charter.engine.entries.cases import Happened, Reminded
from charter.engine.keys import Path
from charter.engine.machines import OPEN
from charter.engine.plan.plans import Plan
from charter.engine.state import Node
from charter.engine.step import actions, blocks, clocks
from charter.engine.step.draft import Draft

_HOLDS = -1  # the mark of a condition that is true


def strike(draft: Draft, key: str) -> None:
    """Makes happen what time has brought to a node, in the order in which it was due; the rest of it ends with it."""
    node = draft.nodes[key]
    dated = [(node.due, -1)] if node.due is not None and not node.overdue else []
    due = sorted((at, index) for at, index in (*dated, *((m, i) for i, m in enumerate(node.marks))) if at > 0)
    for at, index in due:
        node = draft.nodes[key]
        if at > draft.at or node.state not in OPEN:
            return
        if index < 0:
            clocks.mark_late(draft, node)
        else:
            _fire(draft, node, index, 0)


def look(draft: Draft, node: Node, plan: Plan) -> bool:
    """Looks at the conditions of a node's events; says whether one of them has ended it."""
    if node.state not in OPEN or not node.marks:
        return False
    _, path = draft.place(node.key)
    for index, event in enumerate(plan.element.events):
        if event.kind != "when":
            continue
        node = draft.nodes[node.key]
        held, holds = node.marks[index] == _HOLDS, draft.scope(plan, path).value(event.at or "") is True
        if holds and not held:
            _fire(draft, node, index, _HOLDS)
            if event.ends:
                return True
        elif held and not holds:
            draft.put(_marked(node, index, 0))
    return False


def hearing(draft: Draft, name: str) -> Iterator[tuple[Node, int]]:
    """Yields the nodes under way that have an event for a signal, with the event's number."""
    for plan in draft.program.plans.values():
        for index, event in enumerate(plan.element.events):
            if event.kind == "signal" and event.at == name:
                for key in draft.program.expand(draft.nodes, plan, ()):
                    node = draft.nodes.get(key)
                    if node is not None and node.marks and node.state in OPEN:
                        yield node, index


def hear(draft: Draft, node: Node, index: int) -> None:
    """Does what a signal leads to, where the node is still under way."""
    node = draft.nodes[node.key]
    if node.state in OPEN:
        _fire(draft, node, index, 0)


def _marked(node: Node, index: int, mark: int) -> Node:
    return replace(node, marks=(*node.marks[:index], mark, *node.marks[index + 1 :]))


def _fire(draft: Draft, node: Node, index: int, mark: int) -> None:
    plan, path = draft.place(node.key)
    event = plan.element.events[index]
    node = _marked(node, index, mark)
    draft.put(node)
    if event.kind == "remind":
        _remind(draft, node, plan, event)
        return
    if event.ends:
        _end(draft, node, plan, path, event)
        return
    cause = draft.follow(Happened(event.clause, event.at or ""), node, None if draft.acting else draft.cause)
    actions.act(draft, event.actions, cause, node.key)


def _remind(draft: Draft, node: Node, plan: Plan, event: Event) -> None:
    """Reminds roles, and whoever holds the work; of work that nobody holds, those who may take it."""
    assert node.due is not None
    if node.overdue:
        return
    open_to = plan.roles_wanted(node) if event.holder and node.holder is None else ()
    told = Reminded(tuple(dict.fromkeys((*event.roles, *open_to))), node.due, node.holder if event.holder else None)
    draft.follow(told, node, draft.cause)


def _end(draft: Draft, node: Node, plan: Plan, path: Path, event: Event) -> None:
    blocks.end(draft, node, "skip", "CH594", event.reason, clause=event.clause, condition=event.at)
    blocks.tell_unapproved(draft, draft.nodes[node.key], plan, path)
