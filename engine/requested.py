"""Who may ask for what is offered: two rules that a process with services, or with outsiders, has by itself.

A person whose roles are all external opens only what is offered to them, and a request names only what the person who
writes it may request. A case that another one opens was not requested by a person, so neither rule asks about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from charter.engine.commands import Actor
from charter.engine.definition import Definition, Service
from charter.engine.refusals import Reason


def is_outsider(definition: Definition, held: Collection[str]) -> bool:
    """Says whether all the roles that somebody has in a process are held outside the company."""
    had = [role for role in definition.roles if role.name in held]
    return bool(had) and all(role.external for role in had)


def closed_to(definition: Definition, person: str, held: Collection[str]) -> Reason | None:
    """Gives why a person may not open a case: nothing is offered to an outsider (CH687), or not this (CH688)."""
    alone = next((service for service in definition.services if service.asked is None), None)
    if alone is not None and _lacks(alone, held):
        return _unentitled(alone, person)
    if is_outsider(definition, held) and all(_lacks(service, held) for service in definition.services):
        roles = [role.name for role in definition.roles if role.name in held]
        return Reason("CH687", "process", {"process": definition.name, "person": person, "roles": roles})
    return None


def unentitled(services: Iterable[Service], actor: Actor, record: str, value: Any) -> Reason | None:
    """Gives why a person may not write a request, an encoded value: it names what they may not request (CH688)."""
    if not isinstance(value, dict):
        return None
    named = (s for s in services if s.asked is not None and value.get(_field(s.asked, record)) == s.title)
    return next((_unentitled(service, actor.person) for service in named if _lacks(service, actor.roles)), None)


def _field(asked: str, record: str) -> str | None:
    of, _, field = asked.partition(".")
    return field if of == record else None


def _lacks(service: Service, held: Collection[str]) -> bool:
    return set(service.requested).isdisjoint(held)


def _unentitled(service: Service, person: str) -> Reason:
    said = {"service": service.title, "person": person, "roles": list(service.requested)}
    return Reason("CH688", service.name, said)
