"""What a process offers: its services, as a catalogue lists them; and who may ask for which.

How a service is carried out is in the elements of the process; here is what people are told of it, and two rules: a
person whose roles are all external opens only what is offered to them, and a request names only what the person who
writes it may request. A case that another one opens was not requested by a person, so neither rule asks about it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from charter.engine.plain import Kept
from charter.engine.refusals import Reason

if TYPE_CHECKING:
    from charter.engine.commands import Actor
    from charter.engine.definition import Definition


class Service(Kept, frozen=True):
    """A service. `asked`: the field by which a request names it (by its title); None where the process is the service.

    `materials`: their titles. `outputs`: the records that it delivers. `within` and `agreed`: how long it takes, FEEL
    for a Span: to everybody, and by the agreement with whoever asks. `run`: the process that carries it out; without
    one, the element `name` of this process does. `review`: a Span in FEEL after which `reviewers` look at it again.
    """

    name: str
    title: str
    audience: Literal["external", "internal"]
    offered: tuple[str, ...]
    requested: tuple[str, ...]
    asked: str | None = None
    materials: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    within: str | None = None
    agreed: str | None = None
    run: str | None = None
    version: str = "1"
    review: str | None = None
    reviewers: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()


def roles_there(definition: Definition, actor: Actor) -> list[str]:
    """Names the roles of a process that somebody has, own and lent."""
    return [role.name for role in definition.roles if role.name in actor.roles]


def is_outsider(definition: Definition, actor: Actor) -> bool:
    """Says whether all the roles that somebody has in a process are held outside the company."""
    had = roles_there(definition, actor)
    return bool(had) and all(role.external for role in definition.roles if role.name in had)


def offers(definition: Definition, actor: Actor) -> list[Service]:
    """Gives the services of a process that somebody may request."""
    return [service for service in definition.services if not actor_lacks(service, actor)]


def actor_lacks(service: Service, actor: Actor) -> bool:
    return set(service.requested).isdisjoint(actor.roles)


def closed_to(definition: Definition, actor: Actor) -> Reason | None:
    """Gives why a person may not open a case: nothing is offered to an outsider (CH687), or not this (CH688)."""
    alone = next((service for service in definition.services if service.asked is None), None)
    if alone is not None and actor_lacks(alone, actor):
        return _unentitled(alone, actor)
    if is_outsider(definition, actor) and not offers(definition, actor):
        roles = roles_there(definition, actor)
        return Reason("CH687", "process", {"process": definition.name, "person": actor.person, "roles": roles})
    return None


def unentitled(services: Iterable[Service], actor: Actor, record: str, value: Any) -> Reason | None:
    """Gives why a person may not write a request, an encoded value: it names what they may not request (CH688)."""
    if not isinstance(value, dict):
        return None
    named = (s for s in services if s.asked is not None and value.get(_field(s.asked, record)) == s.title)
    return next((_unentitled(service, actor) for service in named if actor_lacks(service, actor)), None)


def _field(asked: str, record: str) -> str | None:
    of, _, field = asked.partition(".")
    return field if of == record else None


def _unentitled(service: Service, actor: Actor) -> Reason:
    said = {"service": service.title, "person": actor.person, "roles": list(service.requested)}
    return Reason("CH688", service.name, said)
