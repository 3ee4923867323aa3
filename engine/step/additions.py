"""What is added to a case without moving its work: comments, files, items of an open `for each`, what another system
recorded.

Each function checks everything first and refuses before it changes anything.
"""

from __future__ import annotations

from charter.engine import values
from charter.engine.commands import (
    Add,
    Attach,
    Close,
    Comment,
    Observe,
)
from charter.engine.entries import cases
from charter.engine.keys import Path
from charter.engine.plan.plans import Plan
from charter.engine.state import Node
from charter.engine.step import lists
from charter.engine.step.authority import apart, in_charge, persons, role_among
from charter.engine.step.contents import decode, validate_item
from charter.engine.step.draft import Draft, Refused, refuse


def _participant(draft: Draft, command: Comment | Attach) -> None:
    """Refuses (CH501) whoever has nothing to do with the case: no role of the process, and not its opener."""
    actor = command.actor
    roles = tuple(role.name for role in draft.program.definition.roles)
    draft.role = role_among(actor, roles)
    if draft.role is None and draft.opened_by not in persons(actor):
        raise refuse("CH501", None, element=draft.process, person=actor.person, roles=list(roles))


def _node_or_case(draft: Draft, key: str | None) -> Node | None:
    if key is None:
        return None
    node = draft.nodes.get(key)
    if node is None:
        raise refuse("CH509", element=key)
    return node


def comment(draft: Draft, command: Comment) -> None:
    node = _node_or_case(draft, command.node)
    _participant(draft, command)
    state = None if node is None else node.state
    draft.enter(cases.Commented(command.text), node, state, state, reason=command.reason)


def observe(draft: Draft, command: Observe) -> None:
    node = _node_or_case(draft, command.node)
    state = None if node is None else node.state
    if command.deviation is None:
        draft.enter(cases.Observed(command.event, command.row), node, state, state)
    else:
        draft.enter(cases.Deviated(command.deviation, command.row, command.code), node, state, state)


def attach(draft: Draft, command: Attach) -> None:
    node = _node_or_case(draft, command.node)
    _participant(draft, command)
    decode("file", command.file)
    state = None if node is None else node.state
    draft.enter(cases.Attached(command.file), node, state, state, reason=command.reason)


def _open_list(draft: Draft, command: Add | Close) -> tuple[Node, Plan, Path]:
    node = draft.nodes.get(command.node)
    if node is None:
        raise refuse("CH509", element=command.node)
    plan, path = draft.place(node.key)
    if not plan.is_group(path) or plan.element.many is None or not plan.element.many.open:
        raise refuse("CH537", plan.name, element=node.key)
    # A phase has no role of its own: its list is kept by those who work inside.
    inside = (role for part in plan.descendants() for role in part.element.roles)
    roles = plan.element.roles or tuple(dict.fromkeys(inside))
    draft.role = role_among(command.actor, roles) or in_charge(draft, plan, command.actor)
    if draft.role is None:
        person = command.actor.person
        raise refuse("CH501", f"{plan.name}.role", element=node.key, person=person, roles=list(roles))
    if node.closed:
        raise refuse("CH538", plan.name, element=node.key)
    if node.state != "active":
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb=command.verb)
    return node, plan, path


def add(draft: Draft, command: Add) -> None:
    node, plan, path = _open_list(draft, command)
    item = validate_item(draft, plan, path, node.size + 1, command.item)
    against = apart(draft, node, plan, path, command.actor)
    if against is not None:
        raise Refused(against)
    draft.enter(cases.Added(values.encode(item)), node, node.state, node.state, reason=command.reason)
    draft.end_of_command()
    made = lists.create_instance(draft, plan, path, item, added=True)
    draft.change(made, hands=draft.hands(made, "add"))


def close(draft: Draft, command: Close) -> None:
    node, _, _ = _open_list(draft, command)
    draft.change(node, closed=True)
    draft.enter(cases.Closed(), node, node.state, node.state, reason=command.reason)
    draft.agenda.setdefault(node.key, 0)
