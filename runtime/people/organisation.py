"""The organisation: its own chain of entries, and who may change it.

What concerns no single case (people, deployments, connectors, commands that reached no case) is recorded in the chain
`organisation`. It is changed by its stewards: persons who hold the role `steward` in `organisation`, which no grant for
every process includes. Default deny. The first steward is made by `People.found`, which `charter init` alone asks for;
the last one cannot be taken away, so that this happens once. The module does not know what is changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charter.engine.commands import SYSTEM
from charter.engine.entries import Entry, Told
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import (
    STRANDING,
    ClockConfirmed,
    ClockSteppedBack,
    EntryImported,
    StrandingChosen,
)
from charter.engine.refusals import Refusal
from charter.runtime import clock
from charter.runtime.audit import attempts, log
from charter.runtime.audit.log import Origin, Sealed
from charter.runtime.folds.organisation import keep, keep_imported
from charter.runtime.people.ids import STEWARD
from charter.runtime.refusals import LAST_STEWARD, NO_STEWARD, UNKNOWN_PERSON, refusal
from charter.runtime.store import Store, watch
from charter.runtime.store.errors import Unfounded
from charter.runtime.store.parts import claim
from charter.runtime.store.prepared import column, driver, value
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection


def next_stand_in(connection: Connection) -> int:
    """Gives the number that the next stand-in to be named has."""
    return int(value(connection, "SELECT max(number) FROM substitutions") or 0) + 1


def note(
    connection: Connection, told: Told, actor: str, *, at: int, origin: Origin, reason: str | None = None
) -> tuple[Entry, Sealed]:
    """Writes an entry into the organisation's chain, and what follows from it; gives it as written and as sealed.

    A refusal is not written where there were too many (`audit/attempts.py`): its number is 0.
    """
    claim(connection)
    if isinstance(told, Refused) and attempts.too_many(connection, actor, at, origin):
        return Entry(told, at, actor, reason=reason), Sealed(ORGANISATION, 0, b"{}")
    (*_, sealed), (*_, entry) = log.append(connection, [Entry(told, at, actor, reason=reason)], origin)
    keep(connection, entry, sealed.seq)
    return entry, sealed


def note_imported(
    connection: Connection, found: Sequence[EntryImported], actor: str, *, at: int, origin: Origin
) -> None:
    """Writes many entries of registers into the organisation's chain in one go, and what follows from them."""
    sealed, entries = log.append(connection, [Entry(told, at, actor) for told in found], origin)
    keep_imported(connection, ((one.seq, entry) for one, entry in zip(sealed, entries, strict=True)))


def note_step_back(connection: Connection, chain: str, at: int, last: int, origin: Origin) -> None:
    """Notes that the clock, `at`, stands before the last entry of a case."""
    told = ClockSteppedBack(chain, clock.text(at), clock.text(last))
    note(connection, told, SYSTEM.person, at=at, origin=origin)


def stewards(connection: Connection) -> list[str]:
    """Names the active stewards, sorted."""
    query = (
        "SELECT g.person FROM grants g JOIN persons p ON p.id = g.person"
        " WHERE g.role = ? AND g.process = ? AND p.active = 1"
    )
    return sorted(column(connection, query, STEWARD, ORGANISATION))


def admit(
    connection: Connection, person: str, verb: str, *, at: int, origin: Origin, entitled: bool = False
) -> Refusal | None:
    """Lets a steward change the organisation, or whoever is `entitled` to this change anyway; refuses on the record.

    To be asked in the transaction of the change. Raises Unfounded where there is no steward who could allow anything.
    """
    known = stewards(connection)
    if person in known:
        return None
    active = value(connection, "SELECT active FROM persons WHERE id = ?", person)
    if entitled and active:
        return None
    if not known:
        raise Unfounded("nobody is steward here", url=driver(connection).url)
    refused = (
        refusal(NO_STEWARD, person=person, verb=verb, stewards=", ".join(known))
        if active
        else refusal(UNKNOWN_PERSON, person=person)
    )
    note(connection, Refused(refused.reasons, verb=verb), person, at=at, origin=origin)
    return refused


def confirm_clock(store: Store, by: str, origin: Origin) -> Refusal | None:
    """Takes the clock as right although it jumped ahead (`store/watch.py`), on the record; for stewards."""
    with store.write(trusting=True) as connection:
        at = clock.now()
        refused = admit(connection, by, "tick --clock-is-right", at=at, origin=origin)
        if refused is None:
            told = ClockConfirmed(*map(clock.text, watch.accept(connection)))
            note(connection, told, by, at=at, origin=origin)
    return refused


def stranding(connection: Connection) -> str:
    """Says what becomes of a command that leaves nobody for other work of its case: warn or refuse."""
    return value(connection, "SELECT value FROM settings WHERE name = 'stranding'") or STRANDING[0]


def choose_stranding(store: Store, word: str, by: str, *, at: int, origin: Origin) -> Refusal | None:
    """Chooses it, on the record; for stewards."""
    with store.write() as connection:
        refused = admit(connection, by, "people stranding", at=at, origin=origin)
        if refused is None and (was := stranding(connection)) != word:
            note(connection, StrandingChosen(word, was), by, at=at, origin=origin)
    return refused


def keeps_a_steward(
    connection: Connection, person: str, by: str, verb: str, *, at: int, origin: Origin
) -> Refusal | None:
    """Refuses, on the record, to take the last steward away."""
    if stewards(connection) != [person]:
        return None
    refused = refusal(LAST_STEWARD, person=person)
    note(connection, Refused(refused.reasons, verb=verb, person=person), by, at=at, origin=origin)
    return refused
