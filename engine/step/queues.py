"""Queues in a case: where work comes in its queue, and who may take it.

What people have in other cases the command says (`Load`). A command without it, as those of a proof, has nobody who is
busy and nothing that goes first.
"""

from __future__ import annotations

from charter.engine import values
from charter.engine.capacity import Queue
from charter.engine.commands import OnNode
from charter.engine.keys import Path
from charter.engine.plan.plans import Plan
from charter.engine.queueing import most, queued
from charter.engine.refusals import Reason
from charter.engine.state import Node
from charter.engine.step.draft import Draft, Refused


def ranked(draft: Draft, node: Node, plan: Plan, path: Path) -> Node:
    """Notes where work comes in its queue, as it becomes ready."""
    queue = next(queued(draft.program, plan.name), None)
    if queue is None or not queue.ranks:
        return node
    scope = draft.scope(plan, path)
    draft.change(node, ranks=tuple(_kept(scope.value(rank.by)) for rank in queue.ranks))
    return draft.nodes[node.key]


def _kept(value: object) -> object:
    try:
        return values.encode(value)
    except values.NotAValue:
        return None


def admit(draft: Draft, node: Node, plan: Plan, command: OnNode, role: str | None, *, in_turn: bool = True) -> None:
    """Refuses work beyond what somebody may have of its queue (CH634), and work before that which goes first (CH635).

    `in_turn`: whether the order of the queue counts, as for whoever takes work by themselves. The queue is that of the
    role in which they do, else of the first role of the element that has one.
    """
    if (in_turn and node.holder is not None) or not command.loads or draft.drill:
        return  # theirs already, or none of the queue
    queues = list(queued(draft.program, plan.name))
    queue = next((each for each in queues if each.role == role), queues[0] if queues and role is None else None)
    load = None if queue is None else next((each for each in command.loads if each.role == queue.role), None)
    if queue is None or load is None:
        return
    free = _free(draft, queue, load.used, node, plan)
    if in_turn and free is not None and load.ahead >= free:
        arguments = {"element": node.key, "role": queue.role, "ahead": load.ahead, "first": load.first}
        raise Refused(Reason("CH635", f"queue {queue.role}", arguments))


def _free(draft: Draft, queue: Queue, used: tuple[int, ...], node: Node, plan: Plan) -> int | None:
    """Gives how much more somebody may take now, None for any number; refuses where that is nothing."""
    free: int | None = None
    for capacity, count in zip(queue.capacities, used, strict=False):
        whole = most(draft.scope(None, ()), capacity)
        if count >= whole:
            arguments = {"element": node.key, "role": queue.role, "used": count, "most": whole}
            raise Refused(Reason("CH634", f"queue {queue.role}", arguments))
        free = whole - count if free is None else min(free, whole - count)
    return free
