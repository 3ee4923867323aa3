"""Blocks and what is inside them: rounds and ends.

A block is a phase, a `for each` group or an instance of one. A node is put back to planned for another round (`reopen`,
`again`, `reset`), completed, or ended with everything unsettled inside it. Knows no commands and no people; when any
of this is to happen is for `flow`, `staleness` and the commands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from charter.engine.entries import Because, Told
from charter.engine.entries.cases import (
    Cancelled,
    Completed,
    Reopened,
    Repeated,
    Skipped,
    Unapproved,
)
from charter.engine.keys import Path, key_of, name_of, parse_key
from charter.engine.machines import DELIVERED, SETTLED
from charter.engine.plan import rounds
from charter.engine.plan.plans import Plan, shared_loops
from charter.engine.plan.program import compiled
from charter.engine.plan.readiness import unapproved
from charter.engine.refusals import Reason
from charter.engine.state import Node
from charter.engine.step import clocks
from charter.engine.step.draft import Draft


def because(reason: Reason) -> Because:
    return Because(reason.code, reason.arguments)


def counts(plan: Plan) -> bool:
    """Milestones hold nothing up, unless they are `for each` groups of them."""
    return plan.kind != "milestone" or plan.many


def inside(draft: Draft, node: Node, plan: Plan, path: Path) -> list[str]:
    """Lists the keys of the nodes directly inside a phase or group."""
    if plan.is_group(path):
        return [key_of(plan.name, (*path, index)) for index in range(1, node.size + 1)]
    keys = (key_of(child.name, path) for child in plan.children)
    return [key for key in keys if key in draft.nodes]


def touch_inside(draft: Draft, plan: Plan, path: Path) -> None:
    """Lets the watchers of what never came to be know that it will not."""
    for inner in plan.descendants():
        draft.touch_element(inner, path, len(draft.entries) - 1)
        for record in inner.element.outputs:
            draft.touch_record(record, path, plan.loops[: len(path)], len(draft.entries) - 1)


def repeat_later(draft: Draft, node: Node, plan: Plan) -> None:
    """Has what is done come round again where its `repeat every` says so."""
    changes = clocks.next_round(draft, node, plan, ended=True)
    if changes:
        draft.change(node, **changes)


def complete(draft: Draft, node: Node, plan: Plan) -> None:
    """Finishes a phase or group whose children are over."""
    done = draft.move(node, "complete", Completed(), outcome=None, ended_at=draft.at)
    repeat_later(draft, done, plan)
    end_rhythms(draft, inside(draft, node, plan, parse_key(node.key)[1]))


def end_rhythms(draft: Draft, keys: Iterable[str]) -> None:
    """Ends the rhythms of what is done in a block that is over: woken, they would not come round."""
    for node in (draft.nodes[key] for key in keys if key in draft.nodes):
        if node.wake is not None or node.rhythm:
            draft.change(node, wake=None, rhythm=())


_ENDED: dict[str, type[Skipped] | type[Cancelled]] = {"skip": Skipped, "cancel": Cancelled}


# Why a node is over, by the code that says so; any other code is of what is around it.
_OUTCOMES = {
    "CH573": "choice",
    "CH575": "enough",
    "CH576": "list",
    "CH593": "withdrawn",
    "CH594": "ended",
    "CH627": "unasked",
}


def end(draft: Draft, node: Node, trigger: str, code: str, why: str | None = None, **arguments: Any) -> None:
    """Skips or cancels a node and everything unsettled inside it, with the engine's reason and `why` in words."""
    reason = Reason(code, node.element, {"element": node.key, **arguments})
    told = _ENDED[trigger](because(reason))
    moved = draft.move(
        node,
        trigger,
        told,
        reason=why,
        outcome=_OUTCOMES.get(code, "container"),
        ended_at=draft.at,
        wake=None,
        holder=None,
        group=None,
        assigned=False,
        handed=False,
    )
    end_inside(draft, moved, trigger)


def end_inside(draft: Draft, node: Node, trigger: str) -> None:
    """Skips or cancels everything unsettled inside a phase or group that has ended."""
    plan, path = draft.place(node.key)
    if plan.lifecycle(path) != "phase":
        return
    touch_inside(draft, plan, path)
    for key in inside(draft, node, plan, path):
        if draft.nodes[key].state not in SETTLED:
            end(draft, draft.nodes[key], trigger, "CH574", container=node.key)


def tell_unapproved(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Enters that nobody approves a record any more, where the last approval of it has just been passed over."""
    told: set[Unapproved] = set()
    for part in (plan, *plan.descendants()):
        for leaner in draft.program.leaners.get(part.name, ()):
            place = draft.here(leaner, path[: shared_loops(leaner.loops, part.loops[: len(path)])])
            for needed in leaner.element.inputs:
                found = Unapproved(needed.record, needed.approvals)
                if part.name in needed.approvals and found not in told and unapproved(place, needed):
                    told.add(found)
                    draft.enter(found, node, node.state, node.state)


_REOPENED = Reopened()


def reopen(
    draft: Draft,
    node: Node,
    told: Told = _REOPENED,
    trigger: str = "reopen",
    *,
    reason: str | None = None,
    **extra: Any,
) -> Node:
    """Puts a node back to planned for another round; who did it before is kept, what was decided is not."""
    delivered = node.redo or node.state in DELIVERED
    changes: dict[str, Any] = {
        "iteration": node.iteration + 1,
        "before": None,
        "holder": None,
        "group": None,
        "assigned": False,
        "handed": False,
        "outcome": None,
        "used": (),
        "votes": (),
        "stage": 0,
        "held": False,
        "confirmations": (),
        "offered": (),
        "waits": None,
        "ready_at": None,
        "started_at": None,
        "ended_at": None,
        "due": None,
        "overdue": False,
        "higher": (),
        "marks": (),
        "wake": None,
        "bound": None,
        "redo": delivered,
    }
    changes.update(extra)
    moved = draft.move(node, trigger, told, reason=reason, **changes)
    draft.agenda.setdefault(node.key, len(draft.entries) - 1)
    return moved


def is_idle(draft: Draft, plan: Plan, path: Path) -> bool:
    """Says whether a round of a phase has opened nothing, and another would be like it.

    One may differ where something inside, or what ends the rounds, counts them.
    """
    asked = [plan.element.repeat.until if plan.element.repeat is not None else None]
    for inner in plan.descendants():
        asked += [inner.element.when, inner.element.offered]
        if inner.kind in ("activity", "approval"):
            keys = draft.program.expand(draft.nodes, inner, path) if inner.loops else [inner.name]
            if any((node := draft.nodes.get(key)) is not None and node.ready_at is not None for key in keys):
                return False
    read = [expression for text in asked if text is not None and (expression := compiled(text)) is not None]
    return not any("iteration" in name for expression in read for name in expression.paths)


def again(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Starts the next round of a repeated element; the children of a phase start afresh."""
    over = rounds.ended(draft.program, draft, plan, path, draft.at)
    if over is not None:
        draft.rounds = (*draft.rounds, over)
    # What a round has filed stands: the next one files what it finds itself, and takes nothing back.
    names = {plan.name, *(inner.name for inner in plan.descendants())}
    within = {key for key, _, _ in draft.filed if name_of(key) in names and parse_key(key)[1][: len(path)] == path}
    draft.filed = tuple(filed for filed in draft.filed if filed[0] not in within)
    if plan.kind != "phase":
        reopen(draft, node, Repeated(), redo=False)
        return
    moved = draft.move(
        node,
        "repeat",
        Repeated(),
        iteration=node.iteration + 1,
        outcome=None,
        ready_at=draft.at,
        started_at=draft.at,
        ended_at=None,
        wake=None,
        overdue=False,
        higher=(),
        marks=(),
        due=None,
    )
    moved = clocks.set_due(draft, moved, plan, path)
    for key in inside(draft, moved, plan, path):
        reset(draft, draft.nodes[key])
    draft.agenda.setdefault(moved.key, draft.cause)


def reset(draft: Draft, node: Node) -> None:
    """Puts a node and everything inside it back to planned, for another round of what is around it."""
    plan, path = draft.place(node.key)
    if plan.lifecycle(path) != "phase":
        if node.state == "planned":
            draft.agenda.setdefault(node.key, draft.cause)
        else:
            reopen(draft, node, trigger="reset", rhythm=())
        return
    if node.state != "planned":
        draft.move(
            node,
            "reset",
            Reopened(),
            iteration=node.iteration + 1,
            ready_at=None,
            started_at=None,
            ended_at=None,
            wake=None,
            redo=False,
            closed=False,
            outcome=None,
            due=None,
            overdue=False,
            higher=(),
            marks=(),
            rhythm=(),
        )
    draft.agenda.setdefault(node.key, draft.cause)
    for key in inside(draft, node, plan, path):
        reset(draft, draft.nodes[key])
