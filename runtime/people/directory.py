"""What the directory says about a person at an instant: roles, who stands in for whom, skills, certificates.

Reading only; changes are made in `people.py`. Default deny: a person who is unknown or no longer active has no
authority at all. Stands-in are not transitive: what is lent is what the principal holds in their own right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine.personal import whose
from charter.engine.refusals import Refusal
from charter.runtime.refusals import NO_SUBSTITUTE, UNKNOWN_PERSON, refusal
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.commands import Actor

ANY = "*"


class StandIn(Struct, frozen=True):
    """One person may act for another: kind `substitute` (while the principal is absent) or `delegation`."""

    number: int
    kind: str
    principal: str
    person: str
    process: str
    role: str
    since: int
    until: int
    accepted_at: int | None
    revoked_at: int | None

    def holds(self, at: int, principal_absent: bool) -> bool:
        """Tells whether it counts at an instant."""
        return (
            self.accepted_at is not None
            and self.accepted_at <= at
            and (self.revoked_at is None or at < self.revoked_at)
            and self.since <= at < self.until
            and (self.kind == "delegation" or principal_absent)
        )


class Person(Struct, frozen=True):
    """All that the directory knows of one person. `grants`: (role, process) pairs; times in microseconds."""

    id: str
    name: str
    active: bool
    grants: tuple[tuple[str, str], ...] = ()
    skills: tuple[tuple[str, int], ...] = ()
    certificates: tuple[tuple[str, int | None], ...] = ()
    absences: tuple[tuple[int, int], ...] = ()
    stands_in: tuple[StandIn, ...] = ()

    def roles(self, process: str) -> tuple[str, ...]:
        """Names the roles held in one's own right in a process, sorted."""
        return tuple(sorted({role for role, where in self.grants if where in (process, ANY)}))

    def absent(self, at: int) -> bool:
        """Tells whether the person is away at an instant."""
        return any(since <= at < until for since, until in self.absences)


# the columns of a stand-in, in the order of its fields
_STAND_IN = ", ".join(StandIn.__struct_fields__)


class Directory:
    """Persons as stored, remembered until the organisation's chain grows: every change of one is an entry there."""

    def __init__(self) -> None:
        self._version = -1
        self._persons: dict[str, Person | None] = {}
        self._roles: dict[tuple[str, str], tuple[str, ...]] = {}

    def person(self, connection: Connection, person: str) -> Person | None:
        """Gives all that is known of a person, None when nothing is."""
        found = ask(connection, "SELECT entries FROM chains WHERE chain = ?", ORGANISATION)
        version = found[0][0] if found else 0
        if version != self._version:
            self._version = version
            self._persons.clear()
            self._roles.clear()
        return self._known(connection, person)

    def _known(self, connection: Connection, person: str) -> Person | None:
        if person not in self._persons:
            self._persons[person] = load(connection, person)
        return self._persons[person]

    def actor(
        self, connection: Connection, person: str, process: str, at: int, *, on_behalf_of: str | None = None
    ) -> Actor | Refusal:
        """Gives a person's authority in a process at an instant, or refuses: unknown, or no stand-in."""
        return self.authority(
            connection, self.person(connection, person), person, process, at, on_behalf_of=on_behalf_of
        )

    def authority(
        self,
        connection: Connection,
        found: Person | None,
        person: str,
        process: str,
        at: int,
        *,
        on_behalf_of: str | None = None,
    ) -> Actor | Refusal:
        """Gives what `actor` does, for a person who has been looked up already."""
        # Whoever only reads an inbox need not wait for the engine's commands to load.
        from charter.engine.commands import SYSTEM, Actor

        if found is None or not found.active or person == SYSTEM.person:
            return refusal(UNKNOWN_PERSON, person=person)
        own = self._roles.get((person, process))
        if own is None:
            own = self._roles[person, process] = found.roles(process)
        lent: tuple[str, ...] = ()
        if on_behalf_of is not None and on_behalf_of != person:
            roles = dict(self.principals(connection, found, process, at)).get(on_behalf_of)
            if roles is None:
                return refusal(NO_SUBSTITUTE, person=person, principal=on_behalf_of)
            lent = tuple(role for role in roles if role not in own)
        else:
            on_behalf_of = None
        return Actor(
            person,
            tuple(sorted({*own, *lent})) if lent else own,
            on_behalf_of,
            lent,
            found.skills,
            tuple(name for name, until in found.certificates if until is None or at < until),
        )

    def principals(
        self, connection: Connection, person: Person, process: str, at: int
    ) -> list[tuple[str, tuple[str, ...]]]:
        """Lists whom a person may act for in a process now, with the roles lent by each."""
        lent: dict[str, set[str]] = {}
        for stand_in in person.stands_in:
            principal = self._known(connection, stand_in.principal)
            if principal is None or not principal.active or stand_in.process not in (ANY, process):
                continue
            if not stand_in.holds(at, principal.absent(at)):
                continue
            roles = principal.roles(process)
            lent.setdefault(principal.id, set()).update(
                roles if stand_in.role == ANY else (r for r in roles if r == stand_in.role)
            )
        return [(principal, tuple(sorted(roles))) for principal, roles in sorted(lent.items())]


def load(connection: Connection, person: str) -> Person | None:
    """Reads a person from the tables."""

    def rows(columns: str, table: str, order: str, of: str = "person") -> tuple[tuple[Any, ...], ...]:
        return tuple(
            map(tuple, ask(connection, f"SELECT {columns} FROM {table} WHERE {of} = ? ORDER BY {order}", person))
        )

    found = rows("name, active", "persons", "id", "id")
    if not found:
        return None
    return Person(
        person,
        found[0][0],
        bool(found[0][1]),
        rows("role, process", "grants", "role, process"),
        rows("skill, level", "skills", "skill"),
        rows("certificate, valid_until", "certificates", "certificate"),
        rows("since, until", "absences", "since, number"),
        tuple(StandIn(*row) for row in rows(_STAND_IN, "substitutions", "principal, number")),
    )


def stand_ins(connection: Connection, condition: str, *values: Any) -> list[StandIn]:
    """Lists the stand-ins of which a condition holds, by number."""
    rows = ask(connection, f"SELECT {_STAND_IN} FROM substitutions WHERE {condition} ORDER BY number", *values)
    return [StandIn(*row) for row in rows]


def everybody(connection: Connection) -> list[str]:
    """Lists who may do anything at all: the ids of the active people."""
    return [row[0] for row in ask(connection, "SELECT id FROM persons WHERE active = 1")]


def holders(connection: Connection, process: str) -> list[str]:
    """Lists the active people who hold any role in a process, or are named to stand in for somebody."""
    query = (
        "SELECT p.id FROM persons p WHERE p.active = 1 AND (EXISTS (SELECT 1 FROM grants g WHERE g.person = p.id"
        " AND g.process IN (…)) OR EXISTS (SELECT 1 FROM substitutions s WHERE s.person = p.id))"
    )
    return [row[0] for row in ask(connection, query, (process, ANY))]


class Able(Struct, frozen=True):
    """Somebody who can act now: in their own right, or for a `principal`."""

    person: str
    principal: str | None = None


def able(connection: Connection, process: str, persons: Sequence[str], role: str | None, at: int) -> list[Able]:
    """Lists who can do now what is for these people: those who are there, and whoever stands in for one of them.

    `role`: the one in which they would act, None where the work is theirs by name. Nobody where all are away.
    """
    if not persons:
        return []
    columns = ", ".join(f"s.{name}" for name in StandIn.__struct_fields__)
    query = f"SELECT {columns} FROM substitutions s JOIN persons p ON p.id = s.person AND p.active = 1"
    query += " WHERE s.principal IN (…) ORDER BY s.person, s.principal"
    found = [StandIn(*row) for row in ask(connection, query, list(persons))]
    absent = "SELECT DISTINCT person FROM absences WHERE person IN (…) AND since <= ? AND until > ?"
    away = {row[0] for row in ask(connection, absent, [*persons, *(s.person for s in found)], at, at)}
    deputies = [
        Able(s.person, s.principal)
        for s in found
        if s.holds(at, s.principal in away)
        and s.process in (ANY, process)
        and (role is None or s.role in (ANY, role))
        and s.person not in (*persons, *away)
    ]
    return [*(Able(person) for person in persons if person not in away), *dict.fromkeys(deputies)]


def candidates(connection: Connection, process: str, roles: tuple[str, ...]) -> list[str]:
    """Lists the active persons who hold one of the roles in a process, or stand among them themselves, sorted."""
    query = (
        "SELECT DISTINCT g.person FROM grants g JOIN persons p ON p.id = g.person AND p.active = 1"
        " WHERE g.role IN (…) AND g.process IN (…) ORDER BY g.person"
    )
    found = [row[0] for row in ask(connection, query, roles, (process, ANY))]
    named = [person for role in roles if (person := whose(role)) is not None]
    known = ask(connection, "SELECT id FROM persons WHERE active = 1 AND id IN (…)", named) if named else ()
    return sorted({*found, *(row[0] for row in known)}) if known else found
