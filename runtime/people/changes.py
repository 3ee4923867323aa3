"""The people of the organisation: who is there, their roles, skills, certificates, absences and stand-ins.

Every change is one entry in the organisation's chain; the tables follow from it (`folds/organisation.py`). A stand-in
counts only within its time, for its scope, and once the stand-in has accepted; it can be revoked and is never passed
on. Reading a person's authority is in `directory.py`. Invariant: what a person may do is nowhere but here; default
deny.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from charter.dsl.text.width import shown
from charter.engine.entries import Told
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import (
    AbsenceNoted,
    CertificateNoted,
    PersonAdded,
    PersonChanged,
    PersonDeactivated,
    RoleGranted,
    RoleRevoked,
    SkillSet,
    StandInAccepted,
    StandInNamed,
    StandInRevoked,
)
from charter.engine.errors import CharterError
from charter.engine.refusals import Refusal
from charter.engine.text import composed, in_one_form
from charter.runtime import clock as server
from charter.runtime.audit.log import Origin
from charter.runtime.people import hours
from charter.runtime.people.directory import ANY, Person, StandIn, load, stand_ins
from charter.runtime.people.files import BadPerson, Entry
from charter.runtime.people.ids import LONGEST, STEWARD, Ids, is_id
from charter.runtime.people.organisation import admit, keeps_a_steward, next_stand_in, note, stewards
from charter.runtime.refusals import FOUNDED, ID_TAKEN, NO_ID, NO_SUBSTITUTE, UNKNOWN_PERSON, refusal
from charter.runtime.store import Store
from charter.runtime.store.prepared import column, first, value
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

_T = TypeVar("_T")
_HIGHEST = 1_000_000  # level of a skill


class NoSuchPerson(CharterError):
    """The directory has no person of that name."""

    code = "CH033"
    exit_code = 4


class NoSuchStandIn(CharterError):
    """There is no stand-in of that number for this person, or it is settled already."""

    code = "CH034"
    exit_code = 4


class People:
    """The directory and the commands that change it. `by` is who makes the change, as the audit names them."""

    def __init__(self, store: Store, *, by: str, clock: Callable[[], int] = server.now, channel: str = "cli") -> None:
        self._store = store
        self._by = composed(by)
        self._clock = clock
        self._origin = Origin(channel)

    # -- reading -------------------------------------------------------------------------------------------------

    def all(self) -> list[Person]:
        """Lists everybody, by id."""
        with self._store.read() as connection:
            ids = column(connection, "SELECT id FROM persons ORDER BY id")
            return [p for i in ids if (p := load(connection, i)) is not None]

    @in_one_form
    def get(self, person: str) -> Person:
        """Gives one person; raises NoSuchPerson."""
        with self._store.read() as connection:
            return self._must(connection, person)

    @in_one_form
    def stand_ins(self, person: str) -> list[StandIn]:
        """Lists the stand-ins that a person has named or been named for."""
        with self._store.read() as connection:
            return stand_ins(connection, "principal = ? OR person = ?", person, person)

    @staticmethod
    def _must(connection: Connection, person: str) -> Person:
        found = load(connection, person)
        if found is None:
            raise NoSuchPerson(f"unknown person {person}", person=person)
        return found

    # -- changing ------------------------------------------------------------------------------------------------
    #
    # Each gives the refusal when `by` may not: stewards change everything, a person their own absences and stand-ins.

    @in_one_form
    def found(self, name: str | None = None) -> Refusal | None:
        """Makes who asks the first steward of a database that has none; refused where there is one (CH586)."""
        at = self._clock()
        with self._store.write() as connection:
            known, before = stewards(connection), load(connection, self._by)
            refused = None
            if known:
                refused = refusal(FOUNDED, person=self._by, stewards=", ".join(known))
            elif before is not None and not before.active:
                refused = refusal(UNKNOWN_PERSON, person=self._by)
            if refused is not None:
                note(connection, Refused(refused.reasons, verb="init"), self._by, at=at, origin=self._origin)
                return refused
            refused = self._unfit(connection, "init", self._by)
            if refused is not None:
                return refused
            self._add(connection, self._by, name)
            self._enter(connection, RoleGranted(self._by, STEWARD, ORGANISATION, first=True))
        return None

    def _changed(self, verb: str, change: Callable[[Connection], _T], *, own: str | None = None) -> _T | Refusal:
        at = self._clock()
        with self._store.write() as connection:
            refused = admit(
                connection, self._by, f"people {verb}", at=at, origin=self._origin, entitled=own == self._by
            )
            return change(connection) if refused is None else refused

    @in_one_form
    def add(self, person: str, name: str | None = None) -> Refusal | None:
        """Adds a person, or renames and re-activates one."""

        def change(connection: Connection) -> Refusal | None:
            if (refused := self._unfit(connection, "people add", person)) is None:
                self._add(connection, person, name)
            return refused

        return self._changed("add", change)

    @in_one_form
    def deactivate(self, person: str, reason: str | None = None) -> Refusal | None:
        """Takes all authority from a person; what they did keeps their name. Refused for the last steward."""

        def change(connection: Connection) -> Refusal | None:
            self._must(connection, person)
            if (refused := self._last(connection, person, "remove")) is not None:
                return refused
            self._enter(connection, PersonDeactivated(person), reason)
            return None

        return self._changed("remove", change)

    @in_one_form
    def grant(self, person: str, role: str, process: str = ANY) -> Refusal | None:
        """Gives a person a role, in one process or (`*`) in all, or the organisation's own `steward`."""

        def change(connection: Connection) -> None:
            self._must(connection, person)
            self._grant(connection, person, role, process)

        return self._changed("grant", change)

    @in_one_form
    def revoke(self, person: str, role: str, process: str = ANY, reason: str | None = None) -> Refusal | None:
        """Takes a role from a person; what is not held is left alone. Refused for the last steward."""

        def change(connection: Connection) -> Refusal | None:
            found = self._must(connection, person)
            office = (role, process) == (STEWARD, ORGANISATION)
            if office and (refused := self._last(connection, person, "revoke")) is not None:
                return refused
            if (role, process) in found.grants:
                self._enter(connection, RoleRevoked(person, role, process), reason)
            return None

        return self._changed("revoke", change)

    @in_one_form
    def skill(self, person: str, skill: str, level: int) -> Refusal | None:
        """Sets a person's level in a skill."""

        def change(connection: Connection) -> None:
            self._must(connection, person)
            self._skill(connection, person, skill, level)

        return self._changed("skill", change)

    @in_one_form
    def certify(self, person: str, certificate: str, valid_until: int | None = None) -> Refusal | None:
        """Notes a certificate, until an instant or for good."""

        def change(connection: Connection) -> None:
            self._must(connection, person)
            self._certify(connection, person, certificate, valid_until)

        return self._changed("certify", change)

    @in_one_form
    def work(self, person: str, lines: Sequence[str]) -> Refusal | None:
        """Gives a person hours to work in: lines of a calendar, the name of one of the organisation's, or no more."""

        def change(connection: Connection) -> None:
            self._must(connection, person)
            self._told(connection, hours.given_to(connection, person, lines))

        return self._changed("hours", change)

    @in_one_form
    def define(self, name: str, lines: Sequence[str]) -> Refusal | None:
        """Keeps a calendar of the organisation's by a name."""
        return self._changed("hours", lambda found: self._told(found, hours.defined(found, name, lines)))

    @in_one_form
    def absent(self, person: str, since: int, until: int, reason: str | None = None) -> Refusal | None:
        """Notes that a person is away from `since` until before `until`; anybody may note their own absence."""

        def change(connection: Connection) -> None:
            self._must(connection, person)
            self._absent(connection, person, since, until, reason)

        return self._changed("absent", change, own=person)

    @in_one_form
    def stand_in(
        self, kind: str, principal: str, person: str, *, since: int, until: int, process: str = ANY, role: str = ANY
    ) -> int | Refusal:
        """Names somebody to act for another and gives the number to accept it by; anybody may name their own.

        kind: `substitute` counts only while the principal is absent, `delegation` throughout.
        """
        return self._changed(
            "substitute" if kind == "substitute" else "delegate",
            lambda connection: self._stand_in(connection, kind, principal, person, since, until, process, role),
            own=principal,
        )

    def accept(self, number: int) -> Refusal | None:
        """Accepts a stand-in; only the one who is to stand in can (CH583)."""
        return self._settle("accept", number, "accepted_at", StandInAccepted, ("person",))

    def end(self, number: int) -> Refusal | None:
        """Revokes a stand-in; either side can (CH583)."""
        return self._settle("end", number, "revoked_at", StandInRevoked, ("person", "principal"))

    def _settle(
        self,
        verb: str,
        number: int,
        settled: str,
        kind: type[StandInAccepted] | type[StandInRevoked],
        sides: tuple[str, ...],
    ) -> Refusal | None:
        with self._store.write() as connection:
            found = next(iter(stand_ins(connection, "number = ?", number)), None)
            if found is None or getattr(found, settled) is not None:
                raise NoSuchStandIn(f"no stand-in {number} to {verb}", number=number, person=self._by)
            at = self._clock()
            if self._by not in [getattr(found, side) for side in sides]:
                refused = refusal(NO_SUBSTITUTE, person=self._by, principal=found.principal)
                told = Refused(refused.reasons, verb=f"people {verb}", number=number)
                note(connection, told, self._by, at=at, origin=self._origin)
                return refused
            self._enter(connection, kind(number, found.principal, found.person, server.text(at)))
        return None

    def load(self, entries: Iterable[Mapping[str, Any]]) -> int | Refusal:
        """Adds or completes people from read entries (see `people_files.py`), all or none; gives how many.

        An entry: `id`, `name`, `roles` (name or {role, process}), `skills` {name: level}, `certificates` (name or
        {name, until}), `absences` [{since, until, reason}], `substitutes`
        [{person, since, until, process, role, kind}].
        What an entry says of a stand-in counts as accepted: the file is the organisation's own word.
        """
        read = [Entry.of(e) for e in composed(list(entries))]

        def change(connection: Connection) -> int | Refusal:
            if (refused := self._unfit(connection, "people import", *(e.id for e in read))) is not None:
                return refused
            for e in read:
                self._add(connection, e.id, e.name)
                for role, process in e.roles:
                    self._grant(connection, e.id, role, process)
                for skill, level in e.skills:
                    self._skill(connection, e.id, skill, level)
                for certificate, until in e.certificates:
                    self._certify(connection, e.id, certificate, until)
                self._told(connection, hours.given_to(connection, e.id, e.hours) if e.hours else None)
                for since, until, reason in e.absences:
                    self._absent(connection, e.id, since, until, reason)
            for e in read:
                for kind, person, since, until, process, role in e.substitutes:
                    self._stand_in(connection, kind, e.id, person, since, until, process, role, accepted=True)
            return len(read)

        return self._changed("import", change)

    # -- one change inside a transaction -------------------------------------------------------------------------

    def _unfit(self, connection: Connection, verb: str, *persons: str) -> Refusal | None:
        """Refuses, on the record, new ids that are none (CH589) or look like another (CH595)."""
        there = set(column(connection, "SELECT id FROM persons"))
        known = Ids(there)
        for person in persons:
            if person in there:
                continue
            if not is_id(person):
                refused = refusal(NO_ID, person=shown(person)[:LONGEST])
            elif (other := known.like(person)) is not None:
                refused = refusal(ID_TAKEN, person=person, other=other)
            else:
                there.add(person)
                known.take(person)
                continue
            told = Refused(refused.reasons, verb=verb, person=shown(person)[:LONGEST])
            note(connection, told, self._by, at=self._clock(), origin=self._origin)
            return refused
        return None

    def _add(self, connection: Connection, person: str, name: str | None) -> None:
        found = load(connection, person)
        if found is None:
            self._enter(connection, PersonAdded(person, name or person))
        elif not found.active or (name is not None and name != found.name):
            self._enter(connection, PersonChanged(person, name or found.name, found.name, found.active))

    def _grant(self, connection: Connection, person: str, role: str, process: str) -> None:
        found = load(connection, person)
        if found is not None and (role, process) not in found.grants:
            self._enter(connection, RoleGranted(person, role, process))

    def _skill(self, connection: Connection, person: str, skill: str, level: int) -> None:
        if not 0 <= level <= _HIGHEST:
            raise BadPerson("person_level", person=person, field="skills", level=level, highest=_HIGHEST)
        old = value(connection, "SELECT level FROM skills WHERE person = ? AND skill = ?", person, skill)
        if old == level:
            return
        self._enter(connection, SkillSet(person, skill, old, level))

    def _certify(self, connection: Connection, person: str, certificate: str, valid_until: int | None) -> None:
        query = "SELECT valid_until FROM certificates WHERE person = ? AND certificate = ?"
        old = first(connection, query, person, certificate)
        if old is not None and old[0] == valid_until:
            return
        self._enter(connection, CertificateNoted(person, certificate, valid_until))

    def _absent(self, connection: Connection, person: str, since: int, until: int, reason: str | None) -> None:
        if until <= since:
            raise BadPerson("person_absence", person=person, field="until")
        same = "SELECT number FROM absences WHERE person = ? AND since = ? AND until = ?"
        if value(connection, same, person, since, until) is None:
            self._enter(connection, AbsenceNoted(person, server.text(since), server.text(until)), reason)

    def _stand_in(
        self,
        connection: Connection,
        kind: str,
        principal: str,
        person: str,
        since: int,
        until: int,
        process: str,
        role: str,
        *,
        accepted: bool = False,
    ) -> int:
        if kind not in ("substitute", "delegation"):
            raise BadPerson("person_kind", person=principal, field="kind", kind=kind)
        if until <= since or person == principal:
            raise BadPerson("person_stand_in", person=principal, field="until")
        self._must(connection, principal)
        self._must(connection, person)
        same = (
            "kind = ? AND principal = ? AND person = ? AND process = ? AND role = ? AND since = ? AND until = ?"
            " AND revoked_at IS NULL"
        )
        if known := stand_ins(connection, same, kind, principal, person, process, role, since, until):
            return known[0].number
        at = self._clock() if accepted else None
        number = next_stand_in(connection)
        told = StandInNamed(
            number, kind, principal, person, process, role, server.text(since), server.text(until), server.iso(at)
        )
        self._enter(connection, told)
        return number

    def _enter(self, connection: Connection, told: Told, reason: str | None = None) -> None:
        note(connection, told, self._by, at=self._clock(), origin=self._origin, reason=reason)

    def _told(self, connection: Connection, told: Told | None) -> None:
        if told is not None:
            self._enter(connection, told)

    def _last(self, connection: Connection, person: str, verb: str) -> Refusal | None:
        return keeps_a_steward(connection, person, self._by, f"people {verb}", at=self._clock(), origin=self._origin)
