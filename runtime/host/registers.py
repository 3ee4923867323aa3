"""Registers as the database keeps them: looked up by an index, however many entries there are, and filled by stewards.

What cases file is written by their steps (`folds/registers.py`). Knows nothing of where a steward's entries come from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from charter.engine import plain
from charter.engine.definition import Definition, Register, TypeRef
from charter.engine.entries.organisation import EntryImported
from charter.engine.refusals import Refusal
from charter.engine.registers import MOST_ROWS, Ask, Found, Row, bounded
from charter.engine.values import data_digest
from charter.runtime.audit.log import Origin
from charter.runtime.people.organisation import admit, note_imported
from charter.runtime.store import Store
from charter.runtime.store.prepared import ask as asked, column

if TYPE_CHECKING:
    from sqlalchemy import Connection

_ROW = 'e."key", e.version, e.digest, e.body, e.at'
_ONE = f'SELECT {_ROW} FROM register_entries e WHERE e.register = ? AND e."key" = ? ORDER BY e.version DESC LIMIT 1'
# Of each entry the newest version, where it was not withdrawn.
_NEWEST = (
    " AND NOT EXISTS (SELECT 1 FROM register_entries n"
    ' WHERE n.register = e.register AND n."key" = e."key" AND n.version > e.version)'
    f" AND e.body <> 'null' ORDER BY e.\"key\" LIMIT {MOST_ROWS + 1}"
)
# Of many entries the newest version, withdrawn or not.
_NEWEST_OF = (
    'SELECT e."key", e.version, e.digest FROM register_entries e WHERE e.register = ? AND e."key" IN (…)'
    " AND NOT EXISTS (SELECT 1 FROM register_entries n"
    ' WHERE n.register = e.register AND n."key" = e."key" AND n.version > e.version)'
)
BATCH = 2_000  # rows that are imported in one transaction
_AT_ONCE = 500  # keys that are looked up in one question
_ALL = f"SELECT {_ROW} FROM register_entries e WHERE e.register = ?"
_OF = (
    f"SELECT {_ROW} FROM register_fields f JOIN register_entries e"
    ' ON e.register = f.register AND e."key" = f."key" AND e.version = f.version'
    " WHERE f.register = ? AND f.field = ? AND f.value = ?"
)
_AND = (
    " AND EXISTS (SELECT 1 FROM register_fields g WHERE g.register = e.register AND g.field = ? AND g.value = ?"
    ' AND g."key" = e."key" AND g.version = e.version)'
)


def answer(connection: Connection, ask: Ask) -> Found:
    """Looks up what an expression asks for."""
    if ask.key is not None:
        return Found(ask, tuple(map(_row, asked(connection, _ONE, ask.register, ask.key))))
    if not ask.where:
        return bounded(ask, list(map(_row, asked(connection, _ALL + _NEWEST, ask.register))))
    query = _OF + _AND * (len(ask.where) - 1) + _NEWEST
    given = [part for pair in ask.where for part in pair]
    return bounded(ask, list(map(_row, asked(connection, query, ask.register, *given))))


def _row(row: tuple[Any, ...]) -> Row:
    key, version, digest, body, at = row
    return Row(key, version, digest, json.loads(body), at)


def clash(one: Register, other: Register) -> str | None:
    """Names the field in which two registers of one name differ so that entries of the first do not do for the other.

    Either may have fields that the other has not, if nobody needs them; the other's choices may be more.
    """
    if one.key != other.key or one.counts != other.counts:
        return other.key or one.key
    ours, theirs = ({field.name: field for field in each.fields} for each in (one, other))
    for name in dict.fromkeys((*ours, *theirs)):
        mine, new = ours.get(name), theirs.get(name)
        if mine is None or new is None:
            if not (mine or new).may_lack:  # type: ignore[union-attr]
                return name
        elif not _takes(new.type, mine.type) or (mine.may_lack and not new.may_lack):
            return name
    return None


def _takes(wanted: TypeRef, given: TypeRef) -> bool:
    if wanted.item is not None and given.item is not None:
        return _takes(wanted.item, given.item)
    if wanted.name == given.name == "choice":
        return set(given.choices) <= set(wanted.choices)
    return wanted == given


def clashing(connection: Connection, definition: Definition, among: Collection[str]) -> tuple[str, str, str] | None:
    """Finds (register, field, process) in which a definition clashes with what runs, its own process included.

    `among`: processes that are replaced together with it, whose running definitions do not count but for its own.
    """
    if not definition.registers:
        return None
    own = {register.name: register for register in definition.registers}
    for other in running(connection):
        for register in () if other.name in among and other.name != definition.name else other.registers:
            field = clash(register, own[register.name]) if register.name in own else None
            if other.name != definition.name and register.name in _counted(definition) & _counted(other):
                field = register.key
            if field is not None and (other.name != definition.name or _holds(connection, register.name)):
                return register.name, field, other.name
    return None


def _counted(definition: Definition) -> set[str]:
    return {counter.name for counter in definition.counters}


def _holds(connection: Connection, register: str) -> bool:
    return bool(asked(connection, "SELECT 1 FROM register_entries WHERE register = ? LIMIT 1", register))


def running(connection: Connection) -> list[Definition]:
    """Lists the definitions that new cases run and that know a register."""
    query = (
        "SELECT d.body FROM definitions d JOIN deployments p ON p.digest = d.digest"
        " WHERE p.number IN (SELECT max(number) FROM deployments GROUP BY process) ORDER BY d.process"
    )
    found = (plain.from_json(Definition, json.loads(body)) for body in column(connection, query))
    return [definition for definition in found if definition.registers]


class Registers:
    """The registers of an organisation, for stewards."""

    def __init__(self, store: Store, clock: Callable[[], int], origin: Origin) -> None:
        self._store = store
        self._clock = clock
        self._origin = origin

    def fill(
        self,
        register: str,
        rows: Sequence[tuple[str, Any]],
        *,
        source: str,
        by: str,
        done: Callable[[int], None] = lambda _: None,
    ) -> tuple[int, Refusal | None]:
        """Puts encoded entries into a register; tells how many are other than what was there, whatever else was done.

        Each `BATCH` is a transaction, after which others have their turn and `done` is told how many rows there were.
        What was stopped between two of them is gone on with by putting in the same rows again.
        """
        changed = 0
        for start in range(0, max(len(rows), 1), BATCH):
            batch = rows[start : start + BATCH]
            with self._store.write() as connection:
                at, origin = self._clock(), self._origin
                refused = admit(connection, by, "register", at=at, origin=origin)
                if refused is not None:
                    return changed, refused
                came = list(_come(connection, register, batch, source))
                if came:
                    note_imported(connection, came, by, at=at, origin=origin)
            changed += len(came)
            done(len(batch))
        return changed, None


def _come(
    connection: Connection, register: str, rows: Sequence[tuple[str, Any]], source: str
) -> Iterator[EntryImported]:
    """Gives the versions that entries get which are other than what is there."""
    was: dict[str, tuple[int, str]] = {}
    for start in range(0, len(rows), _AT_ONCE):
        keys = [key for key, _ in rows[start : start + _AT_ONCE]]
        found = asked(connection, _NEWEST_OF, register, keys)
        was |= {key: (version, digest) for key, version, digest in found}
    for key, value in rows:
        version, before = was.get(key, (0, None))
        digest = data_digest(value)
        if digest != before:
            was[key] = version + 1, digest
            yield EntryImported(register, key, version + 1, digest, value, before, source)
