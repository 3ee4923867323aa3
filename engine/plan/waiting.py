"""What an element waits for, said for people to read: what is still to come, who is waited for, what is unknown.

Looks only. What may run now is for `readiness`, which this asks; the step itself needs nothing of it but the reasons of
a refusal.
"""

from __future__ import annotations

from collections.abc import Callable

from charter.engine.keys import parse_key
from charter.engine.machines import OPEN, SETTLED
from charter.engine.plan.place import Place, finished
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.plan.readiness import obstacles, turn_of
from charter.engine.plan.seats import roles_left
from charter.engine.plan.turns import in_the_way
from charter.engine.refusals import Reason
from charter.engine.state import Node, View


def _waiting_for_people(place: Place, node: Node) -> Reason:
    rival = in_the_way(place) if node.state == "ready" and not node.votes else None
    if rival is not None:
        return turn_of(place, *rival)
    if node.holder is not None:
        return Reason("CH556", f"{place.plan.name}.role", {"element": place.plan.name, "holder": node.holder})
    if node.held:
        condition = place.plan.stages(node)[node.stage].when
        arguments = {"element": place.plan.name, "clause": "by", "condition": condition}
        return Reason("CH554", f"{place.plan.name}.by", arguments)
    roles = list(roles_left(place.plan, node))
    return Reason("CH555", f"{place.plan.name}.role", {"element": place.plan.name, "roles": roles})


def _waiting_for_work(place: Place, node: Node) -> Reason:
    work = place.plan.element.work
    if work is None:
        return _waiting_for_people(place, node)
    if work.kind == "signal":
        return Reason("CH561", f"{place.plan.name}.wait", {"element": place.plan.name, "signal": work.target})
    if work.kind in ("until", "pause"):
        return Reason("CH560", f"{place.plan.name}.wait", {"element": place.plan.name, "at": node.wake})
    arguments = {"element": place.plan.name, "target": work.target, "attempt": node.attempt}
    return Reason("CH562", place.plan.name, arguments)


def _unknown_list(plan: Plan) -> Reason:
    items = plan.element.many.items if plan.element.many is not None else None
    arguments = {"element": plan.name, "clause": "for each", "condition": items}
    return Reason("CH554", f"{plan.name}.for", arguments)


def _waiting_for_children(place: Place, node: Node) -> Reason:
    if node.redo:
        key = place.upstream_rework()
        if key is not None and key != node.key:
            return Reason("CH557", place.plan.name, {"element": place.plan.name, "elements": [key]})
        return _unknown_list(place.plan)
    open_children = [
        key
        for key, child in place.view.nodes.items()
        if child.state not in SETTLED and place.program.plans[child.element].container(parse_key(key)[1]) == node.key
    ]
    if open_children:
        return Reason("CH559", place.plan.name, {"element": place.plan.name, "elements": open_children})
    element = place.plan.element
    if node.outcome == "uncounted" and element.many is not None:
        wanted = str(element.many.enough)
        return Reason("CH578", f"{element.name}.done when", {"element": element.name, "condition": wanted})
    if node.outcome == "idle" and element.repeat is not None:
        arguments = {"element": element.name, "condition": element.repeat.until}
        return Reason("CH558", f"{element.name}.repeat", arguments)
    return Reason("CH558", f"{element.name}.exit", {"element": element.name, "condition": element.exit})


def _waiting_for_rework(place: Place, node: Node) -> Reason:
    target = place.view.nodes.get(node.waits) if node.waits is not None else None
    back = target is not None and not finished(place.program, target)
    key = node.waits if back else place.upstream_rework()
    return Reason("CH557", place.plan.name, {"element": place.plan.name, "elements": [key] if key else []})


def _waiting_for_retry(place: Place, node: Node) -> Reason:
    work = place.plan.element.work
    return Reason("CH565", place.plan.name, {"element": place.plan.name, "target": work and work.target})


def undated(plan: Plan, node: Node) -> list[Reason]:
    """Says which lines of open work should have given a due date and had no value."""
    element = plan.element
    given = {"within": element.within, "due": element.due}
    if node.state not in OPEN or (node.due is not None and not (all(given.values()) and node.bound is None)):
        return []
    return [
        Reason("CH569", f"{plan.name}.{clause}", {"element": plan.name, "clause": clause, "condition": text})
        for clause, text in given.items()
        if text is not None and (clause == "due" or node.due is None)
    ]


def _kept(place: Place) -> list[Reason]:
    """Names the signal that an element will have, and that has come already."""
    work = place.plan.element.work
    if work is None or work.kind != "signal":
        return []
    early = next((early for early in place.view.signals if early.signal == work.target), None)
    if early is None:
        return []
    arguments = {"element": place.plan.name, "signal": early.signal, "by": ", ".join(early.by) or "?"}
    return [Reason("CH591", f"{place.plan.name}.wait", arguments)]


_Wait = Callable[[Place, Node], Reason]

# state -> what a node in it waits for
_WAITS: dict[str, _Wait] = {
    "ready": _waiting_for_people,
    "claimed": _waiting_for_people,
    "active": _waiting_for_work,
    "stale": _waiting_for_rework,
    "withdrawn": _waiting_for_rework,
    "suspended": lambda place, node: Reason("CH564", place.plan.name, {"element": place.plan.name}),
    "failed": _waiting_for_retry,
}


def holds(program: Program, view: View, key: str, now: int) -> list[Reason]:
    """Says what an element waits for, or why the engine passed over it; empty for what is finished by itself.

    `key` must be a node's or an element's; anything else gives CH509.
    """
    name, path = parse_key(key)
    plan = program.plans.get(name)
    if plan is None:
        return [Reason("CH509", None, {"element": key})]
    if view.status != "open":
        return [Reason("CH563", None, {"element": name, "status": view.status})]
    place = Place(program, view, plan, path)
    node = view.nodes.get(key)
    if node is None or node.state == "planned":
        found = obstacles(place, now)
        if not found and plan.is_group(path) and plan.element.many is not None:
            # Everything else is there, so what it waits for is its list.
            found = [_unknown_list(plan)]
        return [*found, *_kept(place)]
    if plan.lifecycle(path) == "phase":
        return [_waiting_for_children(place, node)] if node.state == "active" else []
    if node.state == "skipped" and node.outcome in ("condition", "dead"):
        return obstacles(place, now)
    if node.state == "skipped" and node.outcome == "unasked":
        return [Reason("CH627", f"{plan.name}.by", {"element": key})]
    wait = _WAITS.get(node.state)
    return [] if wait is None else [wait(place, node), *undated(plan, node), *_kept(place)]
