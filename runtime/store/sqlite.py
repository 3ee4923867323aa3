"""What is peculiar to SQLite: how a connection is set up, how a transaction begins, and the append-only triggers.

Invariants: write-ahead log, synchronous=FULL (a commit that returned survives a power cut), foreign keys on, a
write takes the lock at its beginning, so that it never fails half-way for want of it. `user_version` carries the
schema number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.sql.expression import ClauseElement

from charter.runtime.store.prepared import driver

BUSY_SECONDS = 10.0

# What a statement can fail with: SQLAlchemy's wrapping, or the driver's own where `prepared.py` speaks to it.
FAILURES: tuple[type[Exception], ...] = (DBAPIError, sqlite3.Error)

# An UPDATE or DELETE of an entry fails whoever sends it; so does replacing one through INSERT OR REPLACE, because the
# delete trigger fires then too (recursive_triggers).
TRIGGERS: tuple[str, ...] = tuple(
    f"CREATE TRIGGER entries_no_{verb} BEFORE {verb} ON entries "
    "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
    for verb in ("update", "delete")
)

_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",
    "PRAGMA cache_size=-16384",
)


def make_engine(path: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Makes the engine for a database file; nothing is opened before the first connection."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_reset_on_return=None,
        connect_args={"timeout": busy_seconds, "check_same_thread": False, "cached_statements": 256},
    )

    @event.listens_for(engine, "connect")
    def _set_up(dbapi: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        dbapi.isolation_level = None  # transactions begin where `begin` says, not where the driver guesses
        for pragma in _PRAGMAS:
            dbapi.execute(pragma).close()

    return engine


def begin(connection: Connection, *, reading: bool) -> None:
    """Begins a transaction; one that writes takes the lock now."""
    driver(connection).execute("BEGIN" if reading else "BEGIN IMMEDIATE")


def use_write_ahead_log(connection: Connection) -> None:
    """Turns the write-ahead log on, for good; only for a database of ours."""
    raw = driver(connection)
    raw.execute("ROLLBACK")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("BEGIN")


def schema_of(connection: Connection) -> int:
    """Gives the schema number of the database: 0 for an empty file."""
    return int(driver(connection).execute("PRAGMA user_version").fetchone()[0])


def stamp(connection: Connection, schema: int) -> None:
    """Writes the schema number inside the transaction."""
    driver(connection).execute(f"PRAGMA user_version={schema:d}")


def is_empty(connection: Connection) -> bool:
    """Tells whether the database has no table at all."""
    return not driver(connection).execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def condition(connection: Connection) -> tuple[str, int, str]:
    """Gives journal mode, synchronous level and the first damage found (`ok`: none), for `charter doctor`."""
    ask = driver(connection).execute
    return tuple(ask(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "quick_check(1)"))


def upsert(table: Table, key: Sequence[str], others: Sequence[str]) -> ClauseElement:
    """Gives the statement that adds a row, or gives the row of that key these other columns anew."""
    added = insert(table)
    return added.on_conflict_do_update(index_elements=key, set_={name: added.excluded[name] for name in others})
