"""Settles with whose authority a person asks: their own, or that of somebody they stand in for.

Whoever can act in their own right does. Only where a node needs a role (or is held by somebody) that the person
lacks, and exactly that is lent to them, they act on that principal's behalf. Whether it is enough, the engine
decides.
"""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Connection

from charter.engine.commands import Actor
from charter.engine.definition import Definition, Element
from charter.engine.keys import parse_key
from charter.engine.refusals import Refusal
from charter.engine.state import CaseState
from charter.runtime.people.directory import Directory


@lru_cache(maxsize=4096)
def _concerned(element: Element, owner: str | None) -> frozenset[str]:
    """Names the roles that have anything to say at an element."""
    roles = {*element.roles, *element.accountable, *([owner] if owner else ())}
    roles.update(check.by for check in element.checklist if check.by)
    if agreement := element.agreement:
        roles.update(role for stage in agreement.stages for role, _ in stage.seats)
        roles.update(r for r in (agreement.veto, agreement.escalation and agreement.escalation.role) if r)
    return frozenset(roles)


def actor_for(
    directory: Directory,
    connection: Connection,
    definition: Definition,
    state: CaseState,
    person: str,
    at: int,
    node: str | None,
    behalf: str | None,
) -> Actor | Refusal:
    """Gives the actor of a command, or the refusal when the person is unknown or may not act for that principal."""
    known = directory.person(connection, person)
    actor = directory.authority(connection, known, person, definition.name, at, on_behalf_of=behalf)
    if isinstance(actor, Refusal) or behalf is not None or known is None or not known.stands_in:
        return actor
    name = parse_key(node)[0] if node else None
    element = next((e for e in definition.elements if e.name == name), None)
    at_node = state.nodes.get(node) if node else None
    held = at_node.holder if at_node else None
    needed = _concerned(element, definition.owner) if element else frozenset([definition.owner or ""])
    if held == person or (held is None and needed & set(actor.roles)):
        return actor
    for principal, lent in directory.principals(connection, known, definition.name, at):
        if principal == held or (held is None and needed & set(lent)):
            return directory.actor(connection, person, definition.name, at, on_behalf_of=principal)
    return actor
