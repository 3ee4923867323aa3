"""What is peculiar to SQLite: how a connection is set up, how a transaction begins, and the append-only triggers.

Invariants: write-ahead log, synchronous=FULL (a commit that returned survives a power cut), foreign keys on, a
write takes the lock at its beginning, so that it never fails half-way for want of it. `user_version` carries the
schema number.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from charter.runtime.store.connection import Driver
from charter.runtime.store.prepared import driver

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table
    from sqlalchemy.sql.expression import ClauseElement

BUSY_SECONDS = 30.0
# Who finds the lock taken looks again after a while drawn by lot, up to this long (seconds). SQLite's own waiting grows
# to a tenth of a second a look, and whoever has waited longest is the last to notice that the lock is free.
_LOOK = 0.03

# An UPDATE or DELETE of an entry fails whoever sends it; so does replacing one through INSERT OR REPLACE, because the
# delete trigger fires then too (recursive_triggers). So it is with the tree over the entries.
TRIGGERS: Mapping[str, str] = {
    f"{table}_no_{verb}": f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
    for table in ("entries", "leaves", "tiles", "checkpoints")
    for verb in ("update", "delete")
}

_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA cache_size=-16384",
)


def failures() -> tuple[type[Exception], ...]:
    """Gives what a statement can fail with: the driver's own errors, and SQLAlchemy's around them once it is loaded."""
    if "sqlalchemy.exc" not in sys.modules:
        return (sqlite3.Error,)
    from sqlalchemy.exc import DBAPIError

    return (DBAPIError, sqlite3.Error)


def connect(path: Path, *, busy_seconds: float = BUSY_SECONDS, looking: bool = False) -> Driver:
    """Opens a database file, as every connection of ours is set up; `looking`: nothing of it can be written."""
    # Transactions begin where `begin` says, not where the driver guesses.
    raw = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro" if looking else path,
        uri=looking,
        timeout=busy_seconds,
        check_same_thread=False,
        cached_statements=256,
        isolation_level=None,
        factory=Driver,
    )
    for pragma in _PRAGMAS:
        # A damaged one is looked at all the same, and says so itself.
        with suppress(*failures() if looking else ()):
            raw.execute(pragma).close()
    return raw


def begin(connection: Connection, *, reading: bool, busy_seconds: float = BUSY_SECONDS) -> None:
    """Begins a transaction; one that writes takes the lock now, or raises when it is not free for so long."""
    raw = driver(connection)
    if reading:
        _wait(raw, busy_seconds)
        raw.execute("BEGIN")
        return
    _wait(raw, 0)
    _patiently(raw, "BEGIN IMMEDIATE", busy_seconds)


def _patiently(raw: Driver, statement: str, seconds: float) -> None:
    """Executes what somebody else's lock may stand against, again and again by lot, and raises after so long."""
    end_of_patience = time.monotonic() + seconds
    while True:
        try:
            raw.execute(statement)
            return
        except sqlite3.OperationalError as cause:
            if "locked" not in str(cause) or time.monotonic() > end_of_patience:
                raise
        time.sleep(os.urandom(1)[0] / 256 * _LOOK)  # `random` would cost every verb its import


def _wait(raw: Driver, seconds: float) -> None:
    """Says how long SQLite itself waits on a connection, where that is not so already."""
    if raw.waits != seconds:
        raw.execute(f"PRAGMA busy_timeout={int(seconds * 1000):d}").close()
        raw.waits = seconds


def end(connection: Connection, *, keeping: bool) -> None:
    """Ends a transaction, keeping what it did or undoing all of it."""
    driver(connection).execute("COMMIT" if keeping else "ROLLBACK")


def changes(raw: Driver) -> int:
    """Gives a number that changes whenever another connection has committed."""
    return int(raw.execute("PRAGMA data_version").fetchone()[0])


def use_write_ahead_log(connection: Connection) -> None:
    """Turns the write-ahead log on, for good; only for a database of ours.

    SQLite does not wait for whoever is at the same just now, so it is waited for here.
    """
    raw = driver(connection)
    raw.execute("ROLLBACK")
    _patiently(raw, "PRAGMA journal_mode=WAL", BUSY_SECONDS)
    raw.execute("BEGIN")


def schema_of(connection: Connection) -> int:
    """Gives the schema number of the database: 0 for an empty file."""
    return int(driver(connection).execute("PRAGMA user_version").fetchone()[0])


def stamp(connection: Connection, schema: int) -> None:
    """Writes the schema number inside the transaction."""
    driver(connection).execute(f"PRAGMA user_version={schema:d}")


def path_of(connection: Connection) -> str:
    """Gives the path of the database's file."""
    return str(driver(connection).execute("PRAGMA database_list").fetchone()[2])


def is_empty(connection: Connection) -> bool:
    """Tells whether the database has no table at all."""
    return not driver(connection).execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def condition(connection: Connection) -> tuple[str, int, str]:
    """Gives journal mode, synchronous level and the first damage found (`ok`: none), for `charter doctor`."""
    ask = driver(connection).execute
    return tuple(ask(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "quick_check(1)"))


@contextmanager
def as_it_stands(connection: Connection) -> Iterator[None]:
    """Has whatever a column of text holds read, a byte that is no UTF-8 as half a character, in place of an error."""
    raw = driver(connection)
    before, raw.text_factory = raw.text_factory, partial(str, encoding="utf-8", errors="surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = before


def damage(connection: Connection) -> str | None:
    """Gives the first thing that is wrong with the pages of the database or with an index, None where nothing is."""
    found = str(driver(connection).execute("PRAGMA integrity_check(1)").fetchone()[0])
    return None if found == "ok" else found.splitlines()[-1]


def columns(connection: Connection, table: str) -> set[str]:
    """Names the columns of a table, none where it is not there."""
    return {row[0] for row in driver(connection).execute("SELECT name FROM pragma_table_info(?)", (table,))}


def unguarded(connection: Connection) -> list[str]:
    """Names the triggers that are missing or are others than ours."""
    found = driver(connection).execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    there = {row[0]: row[1] for row in found}
    return [name for name, sql in TRIGGERS.items() if there.get(name) != sql]


def is_there(connection: Connection, name: str) -> bool:
    """Tells whether there is a table or an index of this name, or a column `TABLE.COLUMN`."""
    table, _, column = name.partition(".")
    if column:
        return column in columns(connection, table)
    return bool(driver(connection).execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone())


def upsert(table: Table, key: Sequence[str], others: Sequence[str]) -> ClauseElement:
    """Gives the statement that adds a row, or gives the row of that key these other columns anew."""
    from sqlalchemy.dialects.sqlite import insert

    added = insert(table)
    return added.on_conflict_do_update(index_elements=key, set_={name: added.excluded[name] for name in others})
