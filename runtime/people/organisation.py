"""The organisation: its own chain of entries, and who may change it.

What concerns no single case (people, deployments, connectors, commands that reached no case) is recorded in the chain
`organisation`. It is changed by its stewards: persons who hold the role `steward` in `organisation`, which no grant for
every process includes. Default deny, with one exception: while there is no steward, the first who changes anything
becomes one, on the record; and the last one cannot be taken away, so that this happens once. The module does not know
what is changed.
"""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy import Connection, select

from charter.engine.commands import SYSTEM
from charter.engine.entries import Entry, Told
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import PersonAdded, RoleGranted
from charter.engine.refusals import Refusal
from charter.runtime.audit import log
from charter.runtime.audit.log import Origin, Sealed
from charter.runtime.folds.organisation import keep
from charter.runtime.refusals import LAST_STEWARD, NO_STEWARD, UNKNOWN_PERSON, refusal
from charter.runtime.store import tables as t
from charter.runtime.store.schema import ORGANISATION

STEWARD = "steward"


def note(
    connection: Connection, told: Told, actor: str, *, at: int, origin: Origin, reason: str | None = None
) -> tuple[Entry, Sealed]:
    """Writes an entry into the organisation's chain, and what follows from it; gives it as written and as sealed.

    Its time never runs back behind the entry before it.
    """
    entry = Entry(told, at, actor, reason=reason)
    sealed = log.append(connection, [entry], origin)[0]
    entry = replace(entry, at=sealed.at)
    keep(connection, entry)
    return entry, sealed


def stewards(connection: Connection) -> list[str]:
    """Names the active stewards, sorted."""
    g, p = t.grants.c, t.persons.c
    query = select(g.person).join(t.persons, p.id == g.person)
    found = connection.execute(query.where(g.role == STEWARD, g.process == ORGANISATION, p.active == 1))
    return sorted(found.scalars())


def admit(
    connection: Connection, person: str, verb: str, *, at: int, origin: Origin, entitled: bool = False
) -> Refusal | None:
    """Lets a steward change the organisation, or whoever is `entitled` to this change anyway; refuses on the record.

    To be asked in the transaction of the change.
    """
    known = stewards(connection)
    if person in known:
        return None
    active = connection.execute(select(t.persons.c.active).where(t.persons.c.id == person)).scalar()
    if entitled and active:
        return None
    if not known and active != 0 and person != SYSTEM.person:
        _found(connection, person, active is None, at, origin)
        return None
    refused = (
        refusal(NO_STEWARD, person=person, verb=verb, stewards=", ".join(known))
        if active
        else refusal(UNKNOWN_PERSON, person=person)
    )
    note(connection, Refused(refused.reasons, verb=verb), person, at=at, origin=origin)
    return refused


def _found(connection: Connection, person: str, new: bool, at: int, origin: Origin) -> None:
    if new:
        note(connection, PersonAdded(person, person), person, at=at, origin=origin)
    told = RoleGranted(person, STEWARD, ORGANISATION, first=True)
    note(connection, told, person, at=at, origin=origin)


def keeps_a_steward(
    connection: Connection, person: str, by: str, verb: str, *, at: int, origin: Origin
) -> Refusal | None:
    """Refuses, on the record, to take the last steward away."""
    if stewards(connection) != [person]:
        return None
    refused = refusal(LAST_STEWARD, person=person)
    note(connection, Refused(refused.reasons, verb=verb, person=person), by, at=at, origin=origin)
    return refused
