"""What the directory says about a person at an instant: roles, who stands in for whom, skills, certificates.

Reading only; changes are made in `people.py`. Default deny: a person who is unknown or no longer active has no
authority at all. Stands-in are not transitive: what is lent is what the principal holds in their own right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from sqlalchemy import Connection, bindparam, select

from charter.engine.refusals import Refusal
from charter.runtime.refusals import NO_SUBSTITUTE, UNKNOWN_PERSON, refusal
from charter.runtime.store import tables as t
from charter.runtime.store.prepared import Prepared
from charter.runtime.store.tables import ORGANISATION

if TYPE_CHECKING:
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


_PERSON = Prepared(select(t.persons.c.name, t.persons.c.active).where(t.persons.c.id == bindparam("person")), "person")
_GRANTS = Prepared(
    select(t.grants.c.role, t.grants.c.process)
    .where(t.grants.c.person == bindparam("person"))
    .order_by(t.grants.c.role, t.grants.c.process),
    "person",
)
_SKILLS = Prepared(
    select(t.skills.c.skill, t.skills.c.level)
    .where(t.skills.c.person == bindparam("person"))
    .order_by(t.skills.c.skill),
    "person",
)
_CERTIFICATES = Prepared(
    select(t.certificates.c.certificate, t.certificates.c.valid_until)
    .where(t.certificates.c.person == bindparam("person"))
    .order_by(t.certificates.c.certificate),
    "person",
)
_ABSENCES = Prepared(
    select(t.absences.c.since, t.absences.c.until)
    .where(t.absences.c.person == bindparam("person"))
    .order_by(t.absences.c.since, t.absences.c.number),
    "person",
)
_s = t.substitutions.c
# what a StandIn is made of, in the order of its fields
STAND_IN = select(*(_s[name] for name in StandIn.__struct_fields__))
_STAND_INS = Prepared(STAND_IN.where(_s.person == bindparam("person")).order_by(_s.principal, _s.number), "person")
_VERSION = Prepared(select(t.chains.c.entries).where(t.chains.c.chain == bindparam("chain")), "chain")


class Directory:
    """Persons as stored, remembered until the organisation's chain grows: every change of one is an entry there."""

    def __init__(self) -> None:
        self._version = -1
        self._persons: dict[str, Person | None] = {}
        self._roles: dict[tuple[str, str], tuple[str, ...]] = {}

    def person(self, connection: Connection, person: str) -> Person | None:
        """Gives all that is known of a person, None when nothing is."""
        found = _VERSION.run(connection, ORGANISATION).fetchone()
        version = found[0] if found else 0
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
    row = _PERSON.run(connection, person).fetchone()
    if row is None:
        return None
    return Person(
        person,
        row[0],
        bool(row[1]),
        tuple(map(tuple, _GRANTS.run(connection, person).fetchall())),
        tuple(map(tuple, _SKILLS.run(connection, person).fetchall())),
        tuple(map(tuple, _CERTIFICATES.run(connection, person).fetchall())),
        tuple(map(tuple, _ABSENCES.run(connection, person).fetchall())),
        tuple(StandIn(*r) for r in _STAND_INS.run(connection, person).fetchall()),
    )


def everybody(connection: Connection) -> list[str]:
    """Lists who may do anything at all: the ids of the active people."""
    return list(connection.execute(select(t.persons.c.id).where(t.persons.c.active == 1)).scalars())


def candidates(connection: Connection, process: str, roles: tuple[str, ...]) -> list[str]:
    """Lists the active persons who hold one of the roles in a process, sorted."""
    query = (
        select(t.grants.c.person)
        .join(t.persons, t.persons.c.id == t.grants.c.person)
        .where(t.grants.c.role.in_(roles), t.grants.c.process.in_((process, ANY)), t.persons.c.active == 1)
        .distinct()
        .order_by(t.grants.c.person)
    )
    return list(connection.execute(query).scalars())
