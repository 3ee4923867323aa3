"""What an element waits for, said for people to read: what is still to come, who is waited for, what is unknown.

Looks only. What may run now is for `readiness`, which this asks; the step itself needs nothing of it but the reasons of
a refusal.
"""

from __future__ import annotations

from collections.abc import Callable

from charter.engine.keys import Path, parse_key
from charter.engine.machines import SETTLED
from charter.engine.program import Plan, Program
from charter.engine.readiness import obstacles, upstream_rework
from charter.engine.refusals import Reason
from charter.engine.state import Node, View


def _waiting_for_people(program: Program, view: View, plan: Plan, path: Path, node: Node) -> Reason:
    if node.holder is not None:
        return Reason("CH556", f"{plan.name}.role", {"element": plan.name, "holder": node.holder})
    roles = list(plan.roles_wanted(node))
    return Reason("CH555", f"{plan.name}.role", {"element": plan.name, "roles": roles})


def _waiting_for_work(program: Program, view: View, plan: Plan, path: Path, node: Node) -> Reason:
    work = plan.element.work
    if work is None:
        return _waiting_for_people(program, view, plan, path, node)
    if work.kind == "signal":
        return Reason("CH561", f"{plan.name}.wait", {"element": plan.name, "signal": work.target})
    if work.kind in ("until", "pause"):
        return Reason("CH560", f"{plan.name}.wait", {"element": plan.name, "at": node.wake})
    arguments = {"element": plan.name, "target": work.target, "attempt": node.attempt}
    return Reason("CH562", plan.name, arguments)


def _unknown_list(plan: Plan) -> Reason:
    items = plan.element.many.items if plan.element.many is not None else None
    arguments = {"element": plan.name, "clause": "for each", "condition": items}
    return Reason("CH554", f"{plan.name}.for", arguments)


def _waiting_for_children(program: Program, view: View, plan: Plan, path: Path, node: Node) -> Reason:
    if node.redo:
        key = upstream_rework(program, view, plan, path)
        if key is not None and key != node.key:
            return Reason("CH557", plan.name, {"element": plan.name, "elements": [key]})
        return _unknown_list(plan)
    open_children = [
        key
        for key, child in view.nodes.items()
        if child.state not in SETTLED and program.plans[child.element].container(parse_key(key)[1]) == node.key
    ]
    if open_children:
        return Reason("CH559", plan.name, {"element": plan.name, "elements": open_children})
    return Reason("CH558", f"{plan.name}.exit", {"element": plan.name, "condition": plan.element.exit})


def _waiting_for_rework(program: Program, view: View, plan: Plan, path: Path, node: Node) -> Reason:
    key = node.waits or upstream_rework(program, view, plan, path)
    return Reason("CH557", plan.name, {"element": plan.name, "elements": [key] if key else []})


_Wait = Callable[[Program, View, Plan, Path, Node], Reason]

# state -> what a node in it waits for
_WAITS: dict[str, _Wait] = {
    "ready": _waiting_for_people,
    "claimed": _waiting_for_people,
    "active": _waiting_for_work,
    "stale": _waiting_for_rework,
    "withdrawn": _waiting_for_rework,
    "suspended": lambda pr, v, p, a, n: Reason("CH564", p.name, {"element": p.name}),
    "failed": lambda pr, v, p, a, n: Reason(
        "CH565", p.name, {"element": p.name, "target": p.element.work and p.element.work.target}
    ),
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
    node = view.nodes.get(key)
    if node is None or node.state == "planned":
        found = obstacles(program, view, plan, path, now)
        if not found and plan.is_group(path) and plan.element.many is not None:
            # Everything else is there, so what it waits for is its list.
            found = [_unknown_list(plan)]
        return found
    if plan.lifecycle(path) == "phase":
        return [_waiting_for_children(program, view, plan, path, node)] if node.state == "active" else []
    if node.state == "skipped" and node.outcome in ("condition", "dead"):
        return obstacles(program, view, plan, path, now)
    wait = _WAITS.get(node.state)
    return [] if wait is None else [wait(program, view, plan, path, node)]
