"""Settles with whose authority a person asks: their own, or that of somebody they stand in for.

Whoever can act in their own right does. Only where what they ask for needs a role (or is held by somebody) that they
lack, and exactly one principal lends them that, they act on that principal's behalf; where several do, the person has
to say for whom. Whether it is enough, the engine decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charter.engine.commands import Actor
from charter.engine.definition import Definition
from charter.engine.keys import parse_key
from charter.engine.personal import personal
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import prepare
from charter.engine.plan.seats import roles_left
from charter.engine.refusals import Refusal
from charter.engine.state import CaseState, Node
from charter.runtime.people.directory import Directory

if TYPE_CHECKING:
    from sqlalchemy import Connection

# verbs that do the work itself: being in charge of it is no right to do it
_WORK = frozenset(("claim", "begin", "confirm", "complete", "approve", "reject", "return"))


def _needed(definition: Definition, plan: Plan | None, node: Node | None, verb: str) -> frozenset[str]:
    """Names the roles of which any has a say in what a verb does to an element, or to the case."""
    owner = (definition.owner,) if definition.owner else ()
    if plan is None:
        return frozenset(owner)
    element, agreement = plan.element, plan.element.agreement
    working = verb in _WORK and node is not None
    higher = () if node is None else node.higher
    own = (*(element.roles if node is None or plan is None else plan.roles_wanted(node)), *element.accountable, *higher)
    roles = set(roles_left(plan, node) if working and node is not None else own)
    if verb == "confirm":
        roles.update(check.by for check in element.checklist if check.by)
    if agreement is not None and not working:
        roles.update(role for stage in agreement.stages for role, _ in stage.seats)
    if agreement is not None and agreement.veto is not None and verb != "approve":
        roles.add(agreement.veto)
    return frozenset(roles if working and roles else (*roles, *element.accountable, *owner))


def actor_for(
    directory: Directory,
    connection: Connection,
    definition: Definition,
    state: CaseState,
    person: str,
    at: int,
    verb: str,
    node: str | None,
    behalf: str | None,
) -> Actor | Refusal:
    """Gives the actor of a command, or the refusal when the person is unknown or may not act for that principal."""
    known = directory.person(connection, person)
    actor = directory.authority(connection, known, person, definition.name, at, on_behalf_of=behalf)
    if isinstance(actor, Refusal) or behalf is not None or known is None or not known.stands_in:
        return actor
    at_node = state.nodes.get(node) if node else None
    holder = at_node.holder if at_node else None
    plan = prepare(definition).plans.get(parse_key(node)[0]) if node else None
    needed = _needed(definition, plan, at_node, verb)
    if holder == person or (holder is None and needed & {*actor.roles, personal(person)}):
        return actor
    principals = directory.principals(connection, known, definition.name, at)
    lends = [(who, {*lent, personal(who)}) for who, lent in principals]
    found = [who for who, lent in lends if (who == holder if holder is not None else needed & lent)]
    return directory.actor(connection, person, definition.name, at, on_behalf_of=found[0]) if len(found) == 1 else actor
