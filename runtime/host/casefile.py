"""A case as it lies in the database: its row, its state, the definition that it runs, and where its chain stands.

Reads all of it and writes the row, which is what the case as a whole is, and its lock; nodes and contents are folds
(`runtime/folds/state.py`). Knows neither commands nor people. Invariants: the row is written only where its head is
still the one that was read (else `Overtaken`); a definition, once stored, never changes, so it is read once a
process; a state is parsed again only when the head has moved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from itertools import compress
from operator import itemgetter, ne
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from charter.engine import plain, state as states
from charter.engine.compact import compact, compact_sorted
from charter.engine.definition import Definition
from charter.engine.entries.cases import Migrated
from charter.engine.errors import CharterError
from charter.engine.state import CaseState
from charter.runtime.audit.log import Chain, Sealed
from charter.runtime.folds.shape import Shape
from charter.runtime.folds.state import tables
from charter.runtime.host import days, numbers
from charter.runtime.store.prepared import column, do, do_each, equal, first, insert, named, value

if TYPE_CHECKING:
    from sqlalchemy import Connection


class NoSuchCase(CharterError):
    """No case has this id, number or beginning of an id."""

    code = "CH030"
    exit_code = 4


class AmbiguousCase(CharterError):
    """Several cases' ids begin like this."""

    code = "CH036"
    exit_code = 4


class NoSuchProcess(CharterError):
    """No process of this name, or no definition of this digest, has been deployed."""

    code = "CH031"
    exit_code = 4


class Overtaken(Exception):
    """Somebody else has moved the case since it was read; inside this package only."""


class Pinned(Struct, frozen=True):
    """A stored definition with its digest and what the folds need of it.

    `countries`: those whose public days it keeps; `mark`: up to which version (`days.mark`) it knows these.
    """

    digest: str
    definition: Definition
    shape: Shape
    countries: tuple[str, ...] = ()
    mark: int = 0


class CaseFile(NamedTuple):
    """One case as read: `stored` is False for a case that is only about to be started."""

    chain: Chain
    state: CaseState
    pinned: Pinned
    stored: bool = True


ROW = (
    "id",
    "process",
    "definition",
    "status",
    "version",
    "entries",
    "head",
    "last_at",
    "wake",
    "opened_at",
    "closed_at",
    "opened_by",
    "parent",
    "state",
)
# fields of a state that have columns of their own, or tables
_COLUMNED = frozenset(
    ("case", "process", "status", "commands", "entries_written", "opened_at", "closed_at", "opened_by", "wake")
)
_TABLES = frozenset(("nodes", "versions", "timers"))
# what the column `state` holds: whatever else is known of a case as a whole
_REST = tuple(name for name in CaseState._fields if name not in _COLUMNED | _TABLES)
_REST_OF = itemgetter(*map(CaseState._fields.index, _REST))
_DEFAULTS = tuple(CaseState._field_defaults[name] for name in _REST)
# Those that hold values.
_VALUED = ("parameters", "signals", "clocks", "books", "looked", "rounds")
READ = f"SELECT {named(ROW)} FROM cases WHERE id = ?"
_INSERT = insert("cases", ROW)
# The columns that are in an index are left alone where they did not change.
_MOVES = ("version", "entries", "head", "last_at", "state")
_MARKS = (*_MOVES, "status", "wake", "opened_at", "closed_at")
_MOVE, _MARK, _CROSS = (
    f"UPDATE cases SET {equal(names, ', ')} WHERE id = ? AND head = ?"
    for names in (_MOVES, _MARKS, (*_MARKS, "definition"))
)
_DEFINITION = "SELECT body FROM definitions WHERE digest = ?"


class Archive:
    """Reads and writes case files, remembering definitions and the states it last saw."""

    def __init__(self, remembered: int = 256) -> None:
        self._pinned: dict[str, Pinned] = {}
        self._states: dict[str, tuple[str, CaseState]] = {}
        self._remembered = remembered

    def pinned(self, connection: Connection, digest: str) -> Pinned:
        """Gives a stored definition; raises NoSuchProcess."""
        found = self._pinned.get(digest)
        if found is not None and found.countries and found.mark != days.mark(connection):
            found = self.remember(digest, found.definition, connection)
        if found is None:
            body = value(connection, _DEFINITION, digest)
            if body is None:
                raise NoSuchProcess(f"no definition {digest}", process=digest)
            found = self.remember(digest, plain.from_json(Definition, json.loads(body)), connection)
        return found

    def remember(self, digest: str, definition: Definition, connection: Connection) -> Pinned:
        """Keeps a definition at hand, with the public days that its cases may count by."""
        countries = definition.countries()
        mark = days.mark(connection) if countries else 0
        definition = days.knowing(connection, definition)
        found = self._pinned[digest] = Pinned(digest, definition, Shape(definition), countries, mark)
        return found

    def find(self, connection: Connection, case: str) -> CaseFile | None:
        """Reads a case, None when there is none of this id."""
        row = first(connection, READ, case)
        if row is None:
            return None
        _, _, digest, _, _, entries, head, last_at, *_ = row
        seen = self._states.get(case)
        if seen is not None and seen[0] == head:
            state = seen[1]
        else:
            state = _state(connection, row)
            self.saw(case, head, state)
        return CaseFile(Chain(case, entries, head, last_at), state, self.pinned(connection, digest))

    def load(self, connection: Connection, case: str) -> CaseFile:
        """Reads a case; raises NoSuchCase."""
        found = self.find(connection, case)
        if found is None:
            raise NoSuchCase(f"no case {case}", case=case)
        return found

    def saw(self, case: str, head: str, state: CaseState) -> None:
        """Remembers a committed state; the one seen longest ago makes room."""
        self._states.pop(case, None)
        self._states[case] = (head, state)
        if len(self._states) > self._remembered:
            del self._states[next(iter(self._states))]

    def past(self, connection: Connection, sealed: Sequence[Sealed]) -> list[tuple[int, Pinned]]:
        """Lists what a case has run, by its entries: each with the number of the first entry under it.

        Only a `migrated` entry begins another one; raises NoSuchProcess.
        """
        begins = [one for i, one in enumerate(sealed) if i == 0 or isinstance(one.entry.told, Migrated)]
        return [(one.seq, self.pinned(connection, one.fields.get("definition", ""))) for one in begins]

    def save(
        self, connection: Connection, before: CaseFile, chain: Chain, state: CaseState, pinned: Pinned | None = None
    ) -> None:
        """Writes a case's new state and chain end; raises Overtaken when the row is no longer the one that was read.

        `pinned`: what it runs from here on, where that is another definition.
        """
        if not before.stored:
            do(connection, _INSERT, *row_of(before.pinned, chain, state))
            return
        old = before.state
        moves = (state.commands, chain.entries, chain.head, chain.last_at, _rest(state))
        marks: tuple[Any, ...] = (state.status, state.wake, state.opened_at, state.closed_at)
        if pinned is not None and pinned is not before.pinned:
            written = do(connection, _CROSS, *moves, *marks, pinned.digest, chain.case, before.chain.head)
        elif marks == (old.status, old.wake, old.opened_at, old.closed_at):
            written = do(connection, _MOVE, *moves, chain.case, before.chain.head)
        else:
            written = do(connection, _MARK, *moves, *marks, chain.case, before.chain.head)
        if written != 1:
            raise Overtaken


def insert_all(connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
    """Writes the rows of new cases, as `row_of` gives them."""
    do_each(connection, _INSERT, rows)


def run_for(state: CaseState) -> str | None:
    """Gives what is known in a case's row of what runs it: `CASE NODE ATTEMPT`, None when nothing waits for it."""
    return None if state.parent is None else f"{state.parent[0]} {state.parent[1]} {state.attempt}"


def run_by(connection: Connection, case: str, node: str, attempt: int) -> str | None:
    """Finds the case that an attempt of a case's element opened."""
    found: str | None = value(connection, "SELECT id FROM cases WHERE parent = ?", f"{case} {node} {attempt}")
    return found


def row_of(pinned: Pinned, chain: Chain, state: CaseState) -> tuple[Any, ...]:
    """Gives a case's row but for its number, in the order of ROW."""
    return (
        chain.case,
        state.process,
        pinned.digest,
        state.status,
        state.commands,
        chain.entries,
        chain.head,
        chain.last_at,
        state.wake,
        state.opened_at,
        state.closed_at,
        state.opened_by,
        run_for(state),
        _rest(state),
    )


def _rest(state: CaseState) -> str:
    """Writes what is known of the case as a whole and has no column of its own."""
    values = _REST_OF(state)
    rest = dict(compress(zip(_REST, values, strict=True), map(ne, values, _DEFAULTS)))
    if state.signals:
        rest["signals"] = states.signals_json(state.signals)
    if state.clocks:
        rest["clocks"] = states.clocks_json(state.clocks)
    if state.looked:
        rest["looked"] = plain.to_json(state.looked)
    for name in _VALUED:
        if name in rest:
            # What commands bring has its keys in any order; the trail, from which this is compared, has one.
            rest[name] = json.loads(compact_sorted(rest[name]))
    return compact(rest)


def _state(connection: Connection, row: tuple[Any, ...]) -> CaseState:
    """Reads a case's state together."""
    case, process, _, status, commands, entries, _, _, wake, opened_at, closed_at, opened_by, _, rest = row
    return states.from_json(
        {
            "case": case,
            "process": process,
            "status": status,
            "commands": commands,
            "entries_written": entries,
            "wake": wake,
            "opened_at": opened_at,
            "closed_at": closed_at,
            "opened_by": opened_by,
            **json.loads(rest),
            **tables(connection, case),
        }
    )


def new_id() -> str:
    """Gives a fresh case id: 16 characters of an alphabet without look-alikes, 80 random bits, a letter first."""
    alphabet = "abcdefghjkmnpqrstvwxyz0123456789"
    bits = int.from_bytes(os.urandom(14))  # `secrets` would cost every verb its import, and that of `random`
    first, rest = bits >> 75, bits & (1 << 75) - 1
    return alphabet[first % 22] + "".join([alphabet[rest >> at & 31] for at in range(0, 75, 5)])


def resolve(connection: Connection, text: str) -> str:
    """Finds the case that a person means: its id, its number (`12`, `#12`), what it is called (`PO-2026-0007`) or
    the unique beginning of its id.

    Raises NoSuchCase or AmbiguousCase.
    """
    wanted = text.strip()
    number = wanted.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 10:
        found = value(connection, "SELECT id FROM cases WHERE number = ?", int(number))
        if found is not None or wanted.startswith("#"):
            if found is None:
                raise NoSuchCase(f"no case {text}", case=text)
            return str(found)
    if wanted and (called := numbers.case_of(connection, wanted, wanted.upper())) is not None:
        return called
    if wanted:
        # Ids are lower-case letters and digits, so `~` comes after all that begin alike.
        query = "SELECT id FROM cases WHERE id >= ? AND id < ? ORDER BY id LIMIT 2"
        ids: Sequence[str] = column(connection, query, wanted.lower(), wanted.lower() + "~")
        if len(ids) == 1 or (ids and ids[0] == wanted.lower()):
            return ids[0]
        if ids:
            raise AmbiguousCase(f"several cases begin with {text}", case=text)
    raise NoSuchCase(f"no case {text}", case=text)


def going_by(connection: Connection, process: str, text: str) -> Sequence[str]:
    """Names the case of a process that goes by a text as `resolve` reads it; none where there is none.

    The beginning of an id will not do: what is written down for good is not to mean another case tomorrow.
    """
    wanted = text.strip()
    number = wanted.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 10:
        return column(connection, "SELECT id FROM cases WHERE process = ? AND number = ?", process, int(number))
    case = numbers.case_of(connection, wanted, wanted.upper()) or wanted
    return column(connection, "SELECT id FROM cases WHERE process = ? AND id = ?", process, case)


__all__ = [
    "AmbiguousCase",
    "Archive",
    "CaseFile",
    "NoSuchCase",
    "NoSuchProcess",
    "Pinned",
    "going_by",
    "new_id",
    "resolve",
]
