"""Opens a database and hands out transactions.

A `Store` knows where the database is and that its schema is current; it knows nothing of cases. Invariants: what
happens in one `write` block is committed whole or not at all; every failure of the database leaves as a
`StorageError`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from charter.runtime.store import sqlite
from charter.runtime.store.connection import Driver, Lazy, core
from charter.runtime.store.errors import (
    BadAddress,
    CannotOpen,
    Missing,
    NewerSchema,
    NotADatabase,
    NotText,
    ReadOnly,
    StorageError,
    Unfounded,
    storage_error,
)
from charter.runtime.store.prepared import driver
from charter.runtime.store.schema import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Connection


def address(url: str | None) -> str:
    """Gives where the database is: the path or URL given, else `$CHARTER_DB`, else `charter.db` in the folder."""
    return url or os.environ.get("CHARTER_DB") or "charter.db"


def sqlite_path(address: str) -> Path:
    """Gives the file that a path or an SQLAlchemy URL names; raises BadAddress."""
    if "://" not in address:
        return Path(address).absolute()
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(address)
    except ArgumentError as cause:
        raise BadAddress(f"cannot read the database URL {address}", url=address) from cause
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise BadAddress(f"cannot use the database {address}", url=address)
    return Path(parsed.database).absolute()


_WATCHED = 60.0  # seconds between two looks at the clock
_SET = 60.0  # so far (seconds) the clock has gone apart from the count of this process where somebody set it


class Store:
    """A database whose schema is current. `folder` is where its companions (files, connectors) stand.

    `looking`: for looking at alone, nothing of it can be written.
    """

    def __init__(self, path: Path, *, busy_seconds: float, looking: bool = False) -> None:
        self.url = str(path)
        self.folder = path.parent
        self.path = path
        self.companions = tuple(path.with_name(path.name + ending) for ending in ("", "-wal", "-shm"))
        self.busy_seconds = busy_seconds
        self._looking = looking
        self._idle: list[Connection] = []
        self._seen_by: Driver | None = None  # the connection that `changes` looks through
        self._offset = 0.0  # of the clock from this process's own count, when it was last looked at
        self._watched: float | None = None  # when the clock was last looked at; None before the schema is up to date

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Gives a connection that sees one unchanging state of the database."""
        yield from self._transaction(reading=True)

    @contextmanager
    def write(self, *, trusting: bool = False) -> Iterator[Connection]:
        """Gives a connection that holds the write lock; commits at the end of the block, or undoes all of it.

        Raises ClockJumped, unless the clock is to be trusted.
        """
        yield from self._transaction(reading=False, trusting=trusting)

    @contextmanager
    def part(self, connection: Connection) -> Iterator[None]:
        """Undoes what the block did, and nothing else of the transaction, where the block raises."""
        raw = driver(connection)
        raw.execute("SAVEPOINT part").close()
        try:
            yield
        except Exception as cause:
            with suppress(*sqlite.failures()):
                raw.execute("ROLLBACK TO part").close()
                raw.execute("RELEASE part").close()
            if isinstance(cause, sqlite.failures()):
                raise storage_error(cause, self.url) from cause
            raise
        raw.execute("RELEASE part").close()

    def changes(self) -> int:
        """Gives a number that is another one once anybody has committed; cheap enough to ask ten times a second."""
        try:
            if self._seen_by is None:
                self._seen_by = sqlite.connect(self.path, busy_seconds=self.busy_seconds)
            return sqlite.changes(self._seen_by)
        except sqlite.failures() as cause:
            raise storage_error(cause, self.url) from cause

    def watch(self) -> None:
        """Has the clock looked at from now on: about once a minute of work, and at once where it was set."""
        self._watched = -_WATCHED

    def _look(self, connection: Connection) -> None:
        if self._watched is None:
            return
        now = time.monotonic()
        offset = time.time() - now
        if now - self._watched >= _WATCHED or abs(offset - self._offset) > _SET:
            from charter.runtime.store import watch

            watch.look(connection)
            self._watched, self._offset = now, offset

    def _transaction(self, *, reading: bool, trusting: bool = False) -> Iterator[Connection]:
        # SQLAlchemy's own pool and transactions cost more than ours do on the driver, so idle connections are kept
        # here, and transactions are begun and ended beneath it.
        try:
            connection = self._idle.pop() if self._idle else self._connect()
            sqlite.begin(connection, reading=reading, busy_seconds=self.busy_seconds)
        except sqlite.failures() as cause:
            failure = storage_error(cause, self.url)
            if isinstance(failure, CannotOpen) and not os.access(self.folder, os.W_OK):
                # SQLite keeps its log beside the database even while it reads.
                failure = ReadOnly(str(cause), url=self.url)
            raise failure from cause
        try:
            if not (reading or trusting):
                self._look(connection)
            yield connection
            if self._looking:  # where pages are damaged, not even the end of a transaction is sure
                self._abandon(connection)
                return
            sqlite.end(connection, keeping=True)
        except sqlite.failures() as cause:
            self._abandon(connection)
            raise storage_error(cause, self.url) from cause
        except UnicodeEncodeError as cause:
            self._abandon(connection)
            raise NotText(str(cause)) from cause
        except BaseException:
            self._abandon(connection)
            raise
        else:
            self._idle.append(connection)

    def _connect(self) -> Connection:
        # Typed as what it answers as: the few who only run prepared statements never load SQLAlchemy.
        return cast(
            "Connection", Lazy(sqlite.connect(self.path, busy_seconds=self.busy_seconds, looking=self._looking))
        )

    def _abandon(self, connection: Connection) -> None:
        # After a failure the connection is not used again. Closing alone would not end the transaction while some
        # cursor is still referred to (by a traceback, say), so it is rolled back first.
        with suppress(*sqlite.failures()):
            sqlite.end(connection, keeping=False)
        with suppress(*sqlite.failures()):
            driver(connection).close()

    def close(self) -> None:
        """Closes every connection that is not in use."""
        while self._idle:
            driver(self._idle.pop()).close()
        if self._seen_by is not None:
            self._seen_by.close()
            self._seen_by = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(url: str | None = None, *, busy_seconds: float = sqlite.BUSY_SECONDS) -> Store:
    """Opens a database that is there and brings its schema up to date; it never makes one.

    `url` is a file path or an SQLAlchemy URL; for None see `address`. Raises a `StorageError`: Missing, Unfounded (an
    empty file), NotADatabase, NewerSchema, Locked, ReadOnly, DiskFull, CannotOpen, BadAddress.
    """
    path = sqlite_path(address(url))
    if not path.exists():
        raise Missing(f"no database at {path}", url=str(path))
    return _opened(path, busy_seconds, create=False)


def create_store(url: str | None = None, *, busy_seconds: float = sqlite.BUSY_SECONDS) -> Store:
    """Makes a database in a file that is absent or empty; one that is there is opened as `open_store` does.

    Who may work with it is for `People.found`. The file is readable and writable by its owner alone.
    """
    path = sqlite_path(address(url))
    if not path.exists() and path.parent.is_dir():
        with suppress(FileExistsError):
            os.close(_create_file(path))
    return _opened(path, busy_seconds, create=True)


def _create_file(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise
    except OSError as cause:
        raise (ReadOnly if isinstance(cause, PermissionError) else CannotOpen)(str(cause), url=str(path)) from cause


def _opened(path: Path, busy_seconds: float, *, create: bool) -> Store:
    if not path.parent.is_dir():
        raise CannotOpen(f"no folder {path.parent}", url=str(path), told="no_folder", folder=str(path.parent))
    if path.is_dir():
        raise CannotOpen(f"{path} is a folder", url=str(path), told="is_folder")
    store = Store(path, busy_seconds=busy_seconds)
    try:
        bring_up_to_date(store, create=create)
        store.watch()
    except BaseException:
        store.close()
        raise
    return store


def bring_up_to_date(store: Store, *, create: bool = False) -> None:
    """Brings the schema up to date, and makes that of a new file; raises as `open_store` does."""
    # The usual case costs one PRAGMA: neither the table list nor Alembic is looked at.
    with store.read() as connection:
        schema = sqlite.schema_of(connection)
        empty = schema == 0 and sqlite.is_empty(connection)
        if empty and not create:
            raise Unfounded("nothing was ever entered here, or all of it is gone", url=store.url)
        if empty:
            sqlite.use_write_ahead_log(connection)
    if schema == SCHEMA:
        return
    if schema > SCHEMA:
        raise NewerSchema(f"schema {schema}, this build knows {SCHEMA}", url=store.url, schema=schema, known=SCHEMA)
    if schema == 0 and not empty:
        raise NotADatabase("a database of another program", url=store.url)
    with store.write() as connection:
        if sqlite.schema_of(connection) == SCHEMA:  # another process was quicker
            return
        if schema == 0:
            _create(connection)
        else:
            from charter.runtime.store.migrations import upgrade

            upgrade(core(connection))
        sqlite.stamp(connection, SCHEMA)


def _create(connection: Connection) -> None:
    # A new file gets the present schema at once; a test holds that the migrations arrive at the same one.
    from charter.runtime.store.tables import metadata

    metadata.create_all(core(connection))
    for trigger in sqlite.TRIGGERS.values():
        driver(connection).execute(trigger)


__all__ = ["StorageError", "Store", "create_store", "open_store"]
