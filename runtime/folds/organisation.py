"""The folds of the organisation's chain: who is there and what they may do, what runs, which connectors are known.

What an entry does to the tables is said here once (`follow`) and done twice: to the rows of the database with each
entry that is written (`keep`), and to rows in memory when the whole chain is held against them (`differs`). Whoever
changes the organisation writes an entry and no row. Definitions and their texts are contents, known by their digests,
and no folds; nor is anything here checked: an entry is only written of what was allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from charter.engine import plain
from charter.engine.compact import compact_sorted
from charter.engine.entries import Entry, Told
from charter.engine.entries.keeping import CaseOpened, CasesCounted
from charter.engine.entries.organisation import (
    AbsenceNoted,
    CalendarDefined,
    CertificateNoted,
    ChannelRemoved,
    ChannelSet,
    ConnectorsChanged,
    DaysPublished,
    Deployed,
    EntryImported,
    HoursGiven,
    KeySet,
    NoticesRouted,
    NoticesUnrouted,
    PeriodClosed,
    PeriodRevised,
    PersonAdded,
    PersonChanged,
    PersonDeactivated,
    ReviewDue,
    RoleGranted,
    RoleRevoked,
    RuleApplied,
    SkillSet,
    StandInAccepted,
    StandInNamed,
    StandInRevoked,
    StrandingChosen,
    VerdictChanged,
)
from charter.runtime import clock
from charter.runtime.folds.fold import Row
from charter.runtime.folds.registers import entry_row, field_rows
from charter.runtime.people import hours
from charter.runtime.store.prepared import ask, do, do_each, equal, first, insert, named, value
from charter.runtime.store.rows import ROWS
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

TABLES = (
    "persons",
    "grants",
    "skills",
    "certificates",
    "absences",
    "substitutions",
    "deployments",
    "settings",
    "public_days",
    "figures",
    "channels",
    "routes",
    "notices",
    "register_entries",
    "register_fields",
    "register_reviews",
)
# Of a table that others write, too, these rows.
_OWN = dict.fromkeys(("notices", "register_entries", "register_fields"), f"\"case\" = '{ORGANISATION}'")
# Their first column only numbers the rows in the order in which they came.
_NUMBERED = frozenset(("absences", "deployments", "public_days", "figures"))


class Rows(Protocol):
    """Tables that an entry changes: those of the database, or others like them."""

    def get(self, table: str, key: Row) -> Row:
        """Gives the row of a key; raises KeyError."""

    def put(self, table: str, row: Row) -> None:
        """Adds a row, in the place of one of the same key."""

    def append(self, table: str, row: Row) -> None:
        """Adds a row behind all others; the table numbers it."""

    def drop(self, table: str, key: Row) -> None:
        """Takes the row of a key away."""


class Kept:
    """The rows of the database, inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, table: str, key: Row) -> Row:
        """Gives the row of a key; raises KeyError."""
        rows = ROWS[table]
        row = first(self._connection, f"SELECT {named(rows.names)} FROM {table} WHERE {equal(rows.key)}", *key)
        if row is None:
            raise KeyError(key)
        return tuple(row)

    def put(self, table: str, row: Row) -> None:
        """Adds a row, in the place of one of the same key."""
        _, key, names = ROWS[table]
        update = f"UPDATE {table} SET {equal(names, ', ')} WHERE {equal(key)}"
        if do(self._connection, update, *row, *row[: len(key)]) == 0:
            do(self._connection, insert(table, names), *row)

    def append(self, table: str, row: Row) -> None:
        """Adds a row behind all others; the table numbers it."""
        last = value(self._connection, f"SELECT max(number) FROM {table}") or 0
        self.put(table, (last + 1, *row))

    def drop(self, table: str, key: Row) -> None:
        """Takes the row of a key away."""
        do(self._connection, f"DELETE FROM {table} WHERE {equal(ROWS[table].key)}", *key)


class Made:
    """Rows in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Row, Row]] = {table: {} for table in TABLES}

    def get(self, table: str, key: Row) -> Row:
        """Gives the row of a key; raises KeyError."""
        return self.rows[table][key]

    def put(self, table: str, row: Row) -> None:
        """Adds a row, in the place of one of the same key."""
        self.rows[table][row[: len(ROWS[table].key)]] = row

    def append(self, table: str, row: Row) -> None:
        """Adds a row behind all others; the table numbers it."""
        self.put(table, (len(self.rows[table]) + 1, *row))

    def drop(self, table: str, key: Row) -> None:
        """Takes the row of a key away."""
        self.rows[table].pop(key, None)


def _person(rows: Rows, new: PersonAdded | PersonChanged, _: Entry) -> None:
    rows.put("persons", (new.person, new.name, 1))


def _gone(rows: Rows, gone: PersonDeactivated, _: Entry) -> None:
    person, name, _active = rows.get("persons", (gone.person,))
    rows.put("persons", (person, name, 0))


def _granted(rows: Rows, role: RoleGranted, _: Entry) -> None:
    rows.put("grants", (role.person, role.role, role.process))


def _revoked(rows: Rows, role: RoleRevoked, _: Entry) -> None:
    rows.drop("grants", (role.person, role.role, role.process))


def _skill(rows: Rows, set_: SkillSet, _: Entry) -> None:
    rows.put("skills", (set_.person, set_.skill, set_.new))


def _certificate(rows: Rows, noted: CertificateNoted, _: Entry) -> None:
    rows.put("certificates", (noted.person, noted.certificate, noted.valid_until))


def _absence(rows: Rows, noted: AbsenceNoted, entry: Entry) -> None:
    rows.append("absences", (noted.person, clock.read(noted.since), clock.read(noted.until), entry.reason))


def _stand_in(rows: Rows, named: StandInNamed, _: Entry) -> None:
    rows.put(
        "substitutions",
        (
            named.number,
            named.mode,
            named.principal,
            named.person,
            named.process,
            named.role,
            clock.read(named.since),
            clock.read(named.until),
            None if named.accepted_at is None else clock.read(named.accepted_at),
            None,
        ),
    )


def _accepted(rows: Rows, accepted: StandInAccepted, _: Entry) -> None:
    *named, _never, revoked = rows.get("substitutions", (accepted.number,))
    rows.put("substitutions", (*named, clock.read(accepted.accepted_at), revoked))


def _ended(rows: Rows, ended: StandInRevoked, _: Entry) -> None:
    *named, _never = rows.get("substitutions", (ended.number,))
    rows.put("substitutions", (*named, clock.read(ended.revoked_at)))


def _deployed(rows: Rows, new: Deployed, entry: Entry) -> None:
    rows.append("deployments", (new.process, new.definition, entry.at, entry.actor))


def _days(rows: Rows, published: DaysPublished, entry: Entry) -> None:
    body = compact_sorted(published.days)
    rows.append("public_days", (published.country, published.digest, body, published.source, entry.at, entry.actor))


def _period(rows: Rows, told: PeriodClosed | PeriodRevised, entry: Entry) -> None:
    since, until = clock.read(told.since), clock.read(told.until)
    body = compact_sorted(plain.to_json(told))
    rows.append("figures", (told.process, told.kpi, since, until, told.digest, body, entry.at))


def _key(rows: Rows, set_: KeySet, _: Entry) -> None:
    rows.put("settings", ("key", set_.key))


def _connectors(rows: Rows, changed: ConnectorsChanged, _: Entry) -> None:
    rows.put("settings", ("connectors", changed.new))


def _stranding(rows: Rows, chosen: StrandingChosen, _: Entry) -> None:
    rows.put("settings", ("stranding", chosen.stranding))


def _hours(rows: Rows, given: HoursGiven, _: Entry) -> None:
    kept = None if given.lines is None and given.calendar is None else hours.kept(*_hours_of(given), given.calendar)
    rows.put("settings", (hours.setting_of(given.person), kept or "null"))


def _calendar(rows: Rows, defined: CalendarDefined, _: Entry) -> None:
    rows.put("settings", (hours.setting_of_calendar(defined.calendar), hours.kept(*_hours_of(defined), None)))


def _hours_of(told: HoursGiven | CalendarDefined) -> tuple[Sequence[str], Mapping[str, Any] | None]:
    return told.lines or (), told.body


def _channel(rows: Rows, new: ChannelSet, _: Entry) -> None:
    rows.put("channels", (new.channel, compact_sorted(new.settings)))


def _no_channel(rows: Rows, gone: ChannelRemoved, _: Entry) -> None:
    rows.drop("channels", (gone.channel,))


def _routed(rows: Rows, new: NoticesRouted, _: Entry) -> None:
    rows.put("routes", (new.sort, new.recipient, new.process, new.channel, compact_sorted(new.settings)))


def _unrouted(rows: Rows, gone: NoticesUnrouted, _: Entry) -> None:
    rows.drop("routes", (gone.sort, gone.recipient, gone.process, gone.channel))


def _review(rows: Rows, told: ReviewDue, seq: int, entry: Entry) -> None:
    opened = next((each["case"] for each in told.begun), None)
    rows.put("register_reviews", (told.register, told.key, told.version, opened, seq, entry.at))


def _counted(rows: Rows, told: CasesCounted | CaseOpened, _: Entry) -> None:
    """Keeps up to which number the chain says of cases that they were opened."""
    rows.put("settings", ("cases", str(told.last if isinstance(told, CasesCounted) else told.number)))


# kind of entry -> what it does to the tables
_FOLLOW: Mapping[type[Told], Callable[[Rows, Any, Entry], None]] = {
    PersonAdded: _person,
    PersonChanged: _person,
    PersonDeactivated: _gone,
    RoleGranted: _granted,
    RoleRevoked: _revoked,
    SkillSet: _skill,
    CertificateNoted: _certificate,
    AbsenceNoted: _absence,
    StandInNamed: _stand_in,
    StandInAccepted: _accepted,
    StandInRevoked: _ended,
    StrandingChosen: _stranding,
    HoursGiven: _hours,
    CalendarDefined: _calendar,
    Deployed: _deployed,
    DaysPublished: _days,
    PeriodClosed: _period,
    PeriodRevised: _period,
    ConnectorsChanged: _connectors,
    KeySet: _key,
    CasesCounted: _counted,
    CaseOpened: _counted,
    ChannelSet: _channel,
    ChannelRemoved: _no_channel,
    NoticesRouted: _routed,
    NoticesUnrouted: _unrouted,
}


def follow(rows: Rows, entry: Entry, seq: int) -> None:
    """Does to the tables what an entry of the organisation's chain says; `seq`: its number there."""
    if isinstance(entry.told, EntryImported):
        rows.put("register_entries", entry_row(ORGANISATION, seq, entry, entry.told))
        for row in field_rows(ORGANISATION, entry.told):
            rows.put("register_fields", row)
        return
    do = _FOLLOW.get(type(entry.told))
    if do is not None:
        do(rows, entry.told, entry)
    if isinstance(entry.told, ReviewDue):
        _review(rows, entry.told, seq, entry)
    if isinstance(told := entry.told, VerdictChanged | RuleApplied | ReviewDue):
        for role in told.to:
            rows.put("notices", (ORGANISATION, seq, role, told.process, entry.kind, entry.actor, entry.at))


def keep_imported(connection: Connection, entries: Iterable[tuple[int, Entry]]) -> None:
    """Brings the tables along with many entries of a register at once, each with its number: rows that are new."""
    made = Made()
    for seq, entry in entries:
        follow(made, entry, seq)
    for table in ("register_entries", "register_fields"):
        do_each(connection, insert(table, ROWS[table].names), list(made.rows[table].values()))


def keep(connection: Connection, entry: Entry, seq: int) -> None:
    """Brings the tables along with an entry, in its transaction."""
    follow(Kept(connection), entry, seq)


def rebuild(connection: Connection, entries: Iterable[Entry]) -> None:
    """Makes the tables anew from the whole chain."""
    for table in reversed(TABLES):
        do(connection, f"DELETE FROM {table} WHERE {_OWN.get(table, '1 = 1')}")
    for seq, entry in enumerate(entries, 1):
        keep(connection, entry, seq)


def differs(connection: Connection, entries: Iterable[tuple[int, Entry]]) -> str | None:
    """Names the first table whose rows are not what the whole chain leads to, None when all are.

    `entries`: with their numbers; those that do nothing to a table may be left out.

    Raises KeyError, TypeError or ValueError on entries that Charter did not write.
    """
    made = Made()
    for seq, entry in entries:
        follow(made, entry, seq)
    for table in TABLES:
        _, key, names = ROWS[table]
        order = f"WHERE {_OWN.get(table, '1 = 1')} ORDER BY {named(key)}"
        found = [tuple(row) for row in ask(connection, f"SELECT {named(names)} FROM {table} {order}")]
        expected = list(made.rows[table].values())
        if table in _NUMBERED:
            found, expected = [row[1:] for row in found], [row[1:] for row in expected]
        else:
            expected.sort(key=lambda row: row[: len(key)])
        if found != expected:
            return table
    return None
