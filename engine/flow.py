"""What follows from a change: opening what is ready, finishing phases and the case, and the work list that drives it.

`run` takes node keys off the draft's work list until it is empty; `look` says for each what, if anything, follows.
The commands and the clock change nodes and leave the rest to this module. A looked-at node moves at most once a
look; two bounds (`MOST_LOOKS`, `draft.MOST_MOVES`) end what would not end by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from charter.engine import calendars, opening, staleness
from charter.engine.draft import Draft, refuse
from charter.engine.effects import AnswerParent, Notify
from charter.engine.entries import Because
from charter.engine.entries.cases import Cancelled, Completed, Reopened, Repeated, Skipped
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import ATTAINED, LASTING, SETTLED
from charter.engine.program import Plan
from charter.engine.readiness import OUTCOMES, asked, obstacles, open_around, ruled_out, upstream_rework, uses
from charter.engine.refusals import Reason
from charter.engine.scope import find
from charter.engine.state import Node

# So many looks a step may take before it is refused (CH541).
MOST_LOOKS = 200_000


def run(draft: Draft) -> None:
    """Works the list off. Records made from here on are the system's, each with its cause."""
    draft.acting = False
    agenda = draft.agenda
    looks = 0
    while agenda:
        if draft.status not in LASTING:
            agenda.clear()
            return
        key = next(iter(agenda))
        draft.cause = agenda.pop(key)
        looks += 1
        if looks > MOST_LOOKS:
            raise refuse("CH541", limit=MOST_LOOKS)
        if key == "":
            _finish_case(draft)
            continue
        node = draft.nodes.get(key)
        if node is not None:
            look(draft, node)


def look(draft: Draft, node: Node) -> None:
    """Does what follows for one node, if anything."""
    follow = _LOOKS.get(node.state)
    if follow is not None:
        plan, path = draft.place(node.key)
        follow(draft, node, plan, path)


def because(reason: Reason) -> Because:
    return Because(reason.code, reason.arguments)


def _look_planned(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    held = obstacles(draft.program, draft, plan, path, draft.at, brief=True)
    if not held:
        opening.open_node(draft, node, plan, path)
        return
    reason = held[0]
    if reason.code in OUTCOMES:
        used = (asked if plan.lifecycle(path) == "phase" else uses)(draft.program, draft, plan, path)
        draft.move(
            node,
            "skip",
            Skipped(because(reason)),
            outcome=OUTCOMES[reason.code],
            used=used,
            ended_at=draft.at,
        )
        if plan.children or plan.many:
            _touch_inside(draft, plan, path)


def _touch_inside(draft: Draft, plan: Plan, path: Path) -> None:
    """Lets the watchers of what never came to be know that it will not."""
    for inner in plan.descendants():
        draft.touch_element(inner, path, len(draft.entries) - 1)
        for record in inner.element.outputs:
            draft.touch_record(record, path, plan.loops[: len(path)], len(draft.entries) - 1)


def _look_skipped(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Brings back what was ruled out by a dead path that is alive again, or a phase by records that have changed.

    Activities and approvals become stale when a record that their `when` has read changes; a phase cannot.
    """
    block, program = plan.lifecycle(path) == "phase", draft.program
    if node.outcome == "condition" and block:
        same = asked(program, draft, plan, path) == node.used
        if same or not open_around(program, draft, plan, path) or ruled_out(program, draft, plan, path, draft.at):
            return
    elif node.outcome == "dead":
        held = obstacles(draft.program, draft, plan, path, draft.at)
        if held and (held[0].code in OUTCOMES or held[0].code == "CH550"):
            return
    else:
        return
    if block:
        draft.move(node, "reset", Reopened(), outcome=None, ended_at=None, redo=False, used=())
        _touch_inside(draft, plan, path)
    else:
        draft.move(node, "reopen", Reopened(), outcome=None, ended_at=None, used=(), redo=False)
    draft.agenda.setdefault(node.key, draft.cause)


def _look_stale(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    staleness.settle(draft, node, plan, path)


def _look_active(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    if plan.is_group(path):
        _look_group(draft, node, plan, path)
    elif plan.kind == "phase":
        _look_phase(draft, node, plan, path)


_LOOKS: dict[str, Callable[[Draft, Node, Plan, Path], None]] = {
    "planned": _look_planned,
    "skipped": _look_skipped,
    "stale": _look_stale,
    "withdrawn": _look_stale,
    "active": _look_active,
}


# -- finishing ------------------------------------------------------------------------------------------------


def _look_group(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    many = plan.element.many
    assert many is not None
    if node.redo:
        _look_changed_list(draft, node, plan, path)
        return
    enough = False
    if many.enough is not None:
        rows = [draft.nodes[key] for key in inside(draft, node, plan, path)]
        enough = sum(row.state in ATTAINED for row in rows) >= many.enough
        if enough and node.pending:
            for row in rows:
                if row.state not in SETTLED:
                    end(draft, draft.nodes[row.key], "skip", "CH575", enough=many.enough)
            return
    if node.pending or (many.open and not node.closed and not enough):
        return
    _skip_milestones(draft, plan, path, range(1, node.size + 1) if plan.kind == "milestone" else ())
    complete(draft, draft.nodes[node.key], plan)


def _look_changed_list(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Fits a group to its list once the list is made again; the group does not wait for itself meanwhile."""
    free = node._replace(redo=False)
    draft.put(free)
    waits = upstream_rework(draft.program, draft, plan, path) is not None
    items = None if waits else opening.items_of(draft, plan, path)
    if items is None:
        draft.put(node)
    else:
        staleness.reconcile(draft, free, plan, path, items)


def _skip_milestones(draft: Draft, plan: Plan, path: Path, indexes: Iterable[int] = ()) -> None:
    """Passes over milestones that were not reached when everything beside them is over."""
    keys = [key_of(plan.name, (*path, index)) for index in indexes]
    if not keys:
        keys = [key_of(child.name, path) for child in plan.children if child.kind == "milestone"]
    for key in keys:
        node = draft.nodes.get(key)
        if node is not None and node.state == "planned" and not draft.place(key)[0].is_group(parse_key(key)[1]):
            _last_look(draft, node)


def _last_look(draft: Draft, node: Node) -> None:
    """Reaches a milestone if what completed the rest has brought it about, else passes over it."""
    look(draft, node)
    node = draft.nodes[node.key]
    if node.state != "planned":
        return
    element = draft.program.plans[node.element].element
    reason = Reason("CH577", node.element, {"element": node.key, "condition": element.when})
    draft.move(node, "skip", Skipped(because(reason)), outcome="condition", ended_at=draft.at)


def _look_phase(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    if node.pending:
        return
    element = plan.element
    if element.exit is not None and draft.scope(plan, path).value(element.exit) is not True:
        return
    _skip_milestones(draft, plan, path)
    repeat = element.repeat
    node = draft.nodes[node.key]
    if repeat is not None and repeat.until is not None and draft.scope(plan, path).value(repeat.until) is not True:
        again(draft, node, plan, path)
        return
    complete(draft, node, plan)


def complete(draft: Draft, node: Node, plan: Plan) -> None:
    """Finishes a phase or group whose children are over."""
    draft.move(node, "complete", Completed(), ended_at=draft.at, wake=rhythm(draft, node, plan))
    path = parse_key(node.key)[1]
    for child in plan.children:
        # A rhythm inside does not outlive its phase: woken, it would not come round, so nobody need wake the case.
        inner = draft.nodes.get(key_of(child.name, path))
        if inner is not None and inner.wake is not None:
            draft.put(inner._replace(wake=None))
    if plan.element.informed:
        draft.effects.append(Notify(node.key, "informed", plan.element.informed))


def rhythm(draft: Draft, node: Node, plan: Plan) -> int | None:
    """Gives the instant at which a `repeat every` comes round again, None for anything else."""
    repeat = plan.element.repeat
    if repeat is None or repeat.every is None:
        return None
    path = parse_key(node.key)[1]
    if plan.is_group(path):
        return None
    span = draft.scope(plan, path).value(repeat.every)
    calendar = draft.program.definition.calendar
    opened = node.ready_at if node.ready_at is not None else draft.at
    wake = calendars.add(calendar, opened, span)
    # A rhythm that takes no time would come round for ever at one instant.
    return None if wake is None or wake <= opened else max(wake, draft.at)


def again(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Starts the next round of a repeated element; the children of a phase start afresh."""
    if plan.kind != "phase":
        staleness.reopen(draft, node, Repeated(), redo=False)
        return
    moved = draft.move(
        node,
        "repeat",
        Repeated(),
        iteration=node.iteration + 1,
        ready_at=draft.at,
        started_at=draft.at,
        ended_at=None,
        wake=None,
        overdue=False,
        due=opening.due_of(draft, plan, path),
    )
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
            staleness.reopen(draft, node, trigger="reset")
        return
    if node.state != "planned":
        draft.move(
            node,
            "reset",
            Reopened(),
            iteration=node.iteration + 1,
            ended_at=None,
            wake=None,
            redo=False,
            closed=False,
            outcome=None,
            due=None,
            overdue=False,
        )
    draft.agenda.setdefault(node.key, draft.cause)
    for key in inside(draft, node, plan, path):
        reset(draft, draft.nodes[key])


def inside(draft: Draft, node: Node, plan: Plan, path: Path) -> list[str]:
    """Lists the keys of the nodes directly inside a phase or group."""
    if plan.is_group(path):
        return [key_of(plan.name, (*path, index)) for index in range(1, node.size + 1)]
    keys = (key_of(child.name, path) for child in plan.children)
    return [key for key in keys if key in draft.nodes]


_ENDED: dict[str, type[Skipped] | type[Cancelled]] = {"skip": Skipped, "cancel": Cancelled}


def end(draft: Draft, node: Node, trigger: str, code: str, **arguments: Any) -> None:
    """Skips or cancels a node and everything unsettled inside it, with the engine's reason."""
    reason = Reason(code, node.element, {"element": node.key, **arguments})
    told = _ENDED[trigger](because(reason))
    outcome = {"CH573": "choice", "CH575": "enough", "CH576": "list"}.get(code, "container")
    moved = draft.move(
        node,
        trigger,
        told,
        outcome=outcome,
        ended_at=draft.at,
        wake=None,
        holder=None,
        assigned=False,
    )
    end_inside(draft, moved, trigger)


def end_inside(draft: Draft, node: Node, trigger: str) -> None:
    """Skips or cancels everything unsettled inside a phase or group that has ended."""
    plan, path = draft.place(node.key)
    if plan.lifecycle(path) != "phase":
        return
    _touch_inside(draft, plan, path)
    for key in inside(draft, node, plan, path):
        if draft.nodes[key].state not in SETTLED:
            end(draft, draft.nodes[key], trigger, "CH574", container=node.key)


def open_case(draft: Draft) -> None:
    """Creates the top-level elements."""
    for plan in draft.program.roots:
        draft.pending += opening.counts(plan)
        draft.create(Node(plan.name, plan.name))
    if draft.pending == 0:
        draft.agenda.setdefault("", draft.cause)


def _finish_case(draft: Draft) -> None:
    if draft.status != "open" or draft.pending:
        return
    for plan in draft.program.roots:
        node = draft.nodes.get(plan.name)
        if plan.kind == "milestone" and not plan.many and node is not None and node.state == "planned":
            _last_look(draft, node)
    draft.set_status("complete", Completed())
    answer_parent(draft)


def answer_parent(draft: Draft) -> None:
    """Tells the case that runs this one how it ended."""
    if draft.parent is None:
        return
    case, node = draft.parent
    if draft.status == "cancelled":
        draft.effects.append(AnswerParent(node, case, draft.attempt, (), draft.reason or "cancelled"))
        return
    found = []
    for record in draft.program.definition.outputs:
        version = find(draft.program, draft, None, (), record)
        if isinstance(version, tuple):
            found.append((record, version[1].value))
    draft.effects.append(AnswerParent(node, case, draft.attempt, tuple(found)))
