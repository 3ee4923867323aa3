"""What an organisation offers, as people look it up: the services of the processes that run now, and the steps in them.

A service is for those who may request it, and is seen by the company's own people who have a part in its process.
What is done inside is derived from the definitions, and shown to the company's own people alone. Decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine import calendars
from charter.engine.definition import Definition, Element, Service
from charter.engine.feel.own import Span
from charter.engine.plan.program import compiled, prepare
from charter.runtime.clock import iso
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.runtime.people.rights import Rights


class Step(Struct, frozen=True):
    """Work inside a process: who does it in how much time, what it takes and what comes of it."""

    definition: Definition
    element: Element

    def to_json(self) -> dict[str, Any]:
        """Gives the step as JSON data."""
        return {
            "process": self.definition.name,
            "element": self.element.name,
            "title": self.element.title,
            "roles": list(posts(self.element)),
            "within": length(self.definition, self.element.within),
            "inputs": [each.record for each in self.element.inputs],
            "outputs": list(self.element.outputs),
        }


class Offer(Struct, frozen=True):
    """A service of the version of a process that runs now.

    `mine`: whether the reader may request it; `since`: when it was first deployed as it is; `due`: when it is to be
    looked at again; `steps`: what is done in it, for those who may see that.
    """

    service: Service
    definition: Definition
    mine: bool
    since: int
    due: int | None
    steps: tuple[Step, ...] = ()

    def late(self, now: int) -> bool:
        """Tells whether its review is overdue."""
        return self.due is not None and self.due <= now

    def to_json(self, now: int) -> dict[str, Any]:
        """Gives the service as JSON data."""
        service = self.service
        return {
            "process": self.definition.name,
            "service": service.name,
            "title": service.title,
            "audience": service.audience,
            "offered_by": list(service.offered),
            "requested_by": list(service.requested),
            "may_request": self.mine,
            "materials": list(service.materials),
            "deliverables": list(service.outputs),
            "within": length(self.definition, service.within),
            "agreed": service.agreed,
            "run": service.run,
            "service_version": service.version,
            "at": iso(self.since),
            "review_due": iso(self.due),
            "review_overdue": self.late(now),
            "clauses": list(service.clauses),
            "steps": [step.to_json() for step in self.steps],
        }


def offers(connection: Connection, definitions: Iterable[Definition], rights: Rights, now: int) -> list[Offer]:
    """Lists the services that somebody may request, or in whose processes they have a part, in order of the process."""
    known = {definition.name: definition for definition in definitions}
    found = []
    for definition in known.values():
        versions = list(_versions(connection, definition.name)) if definition.services else []
        for service in definition.services:
            mine = not rights.roles(definition.name).isdisjoint(service.requested)
            if mine or inside(definition, rights):
                since = _since(versions, service.name, now)
                work = known.get(service.run or "", definition)
                within = tuple(s for s in steps([work], rights) if service.run or s.element.name == service.name)
                found.append(Offer(service, definition, mine, since, _due(definition, service, since), within))
    return found


def steps(definitions: Iterable[Definition], rights: Rights) -> Iterator[Step]:
    """Yields the work of people and of other processes, where somebody belongs to the company."""
    for definition in definitions:
        if inside(definition, rights):
            yield from (Step(definition, e) for e in definition.elements if e.kind in ("activity", "approval"))


def inside(definition: Definition, rights: Rights) -> bool:
    """Says whether somebody has a role in a process that is not held outside the company, or reads all cases."""
    held = rights.roles(definition.name)
    return rights.every_case or any(role.name in held and not role.external for role in definition.roles)


def posts(element: Element) -> tuple[str, ...]:
    """Names the roles that do an element."""
    stages = element.agreement.stages if element.agreement is not None else ()
    return tuple(dict.fromkeys((*element.roles, *(role for stage in stages for role, _ in stage.seats))))


def length(definition: Definition, text: str | None) -> str | None:
    """Gives a length of time as it is where nothing but parameters decides it, else as the process says it."""
    value = None if text is None else _value(definition, text)
    return str(value) if isinstance(value, Span) else text


def _value(definition: Definition, text: str) -> Any:
    program, expression = prepare(definition), compiled(text)
    return None if expression is None else expression.evaluate(dict(program.bound), program.env())


def _due(definition: Definition, service: Service, since: int) -> int | None:
    every = None if service.review is None else _value(definition, service.review)
    return calendars.add(definition.calendar, since, every) if isinstance(every, Span) else None


_DEPLOYED = (
    "SELECT p.at, d.body FROM deployments p JOIN definitions d ON d.digest = p.digest"
    " WHERE p.process = ? ORDER BY p.number DESC"
)


def _versions(connection: Connection, process: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields when each version was deployed, with its services by name, the latest first."""
    for at, body in ask(connection, _DEPLOYED, process):
        yield at, {service["name"]: service for service in json.loads(body).get("services", ())}


def _since(versions: list[tuple[int, dict[str, Any]]], name: str, now: int) -> int:
    """Gives since when a service has been as it is; reviews end where it is deployed with a further version."""
    since = now
    for at, services in versions:
        if services.get(name) != versions[0][1].get(name):
            break
        since = at
    return since
