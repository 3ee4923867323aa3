"""Opens a database and hands out transactions.

A `Store` knows where the database is and that its schema is current; it knows nothing of cases. Invariants: what
happens in one `write` block is committed whole or not at all; every failure of the database leaves as a
`StorageError`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar, cast

from charter.runtime.store.backends import backend
from charter.runtime.store.connection import BUSY_SECONDS, Backend, Division, Driver, Lazy, core
from charter.runtime.store.errors import (
    NewerSchema,
    NotADatabase,
    NotText,
    StorageError,
    Unfounded,
    failures,
)
from charter.runtime.store.parts import Beyond, Part, part_of
from charter.runtime.store.prepared import driver
from charter.runtime.store.schema import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Connection


_T = TypeVar("_T")
_WATCHED = 60.0  # seconds between two looks at the clock
_SET = 60.0  # so far (seconds) the clock has gone apart from the count of this process where somebody set it


class Store:
    """A database whose schema is current. `folder` is where its companions (files, connectors) stand.

    `looking`: for looking at alone, nothing of it can be written.
    """

    def __init__(self, backend: Backend, *, busy_seconds: float = BUSY_SECONDS, looking: bool = False) -> None:
        self.backend = backend
        self.url, self.folder, self.companions = backend.url, backend.folder, backend.companions
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
    def write(self, *, trusting: bool = False, part: Part | None = None) -> Iterator[Connection]:
        """Gives a connection that holds the write lock; commits at the end of the block, or undoes all of it.

        `part`: of these cases alone, beside others who write to other cases; what would touch more raises Beyond.
        Raises ClockJumped, unless the clock is to be trusted.
        """
        yield from self._transaction(reading=False, trusting=trusting, part=part if self.backend.parted else None)

    def within(self, cases: Collection[str], work: Callable[[Connection], _T], turn: str | None = None) -> _T:
        """Has some cases written to in one transaction, beside others who write to other cases.

        Where that will not do, it is undone, and `work` is called again over the whole database. `turn`: what else it
        writes to, which one at a time may.
        """
        if self.backend.parted:
            try:
                with self.write(part=part_of(cases, turn)) as connection:
                    return work(connection)
            except (Beyond, StorageError) as cause:
                if not self.is_beyond(cause):
                    raise
        with self.write() as connection:
            return work(connection)

    def is_beyond(self, cause: Exception) -> bool:
        """Tells of what was raised in a transaction of a part whether it would do over the whole database."""
        return isinstance(cause, Beyond) or (cause.__cause__ is not None and self.backend.crossed(cause.__cause__))

    @contextmanager
    def part(self, connection: Connection) -> Iterator[None]:
        """Undoes what the block did, and nothing else of the transaction, where the block raises."""
        raw = driver(connection)
        raw.execute("SAVEPOINT part").close()
        try:
            yield
        except Exception as cause:
            with suppress(*failures()):
                raw.execute("ROLLBACK TO part").close()
                raw.execute("RELEASE part").close()
            if isinstance(cause, failures()):
                raise self.backend.error(cause) from cause
            raise
        raw.execute("RELEASE part").close()

    def changes(self) -> int:
        """Gives a number that is another one once anybody has committed; cheap enough to ask ten times a second."""
        try:
            if self._seen_by is None:
                self._seen_by = self.backend.connect(seconds=self.busy_seconds)
            return self._seen_by.changes()
        except failures() as cause:
            if self._seen_by is not None:
                self._seen_by.close()
                self._seen_by = None
            raise self.backend.error(cause) from cause

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

    def _transaction(self, *, reading: bool, trusting: bool = False, part: Part | None = None) -> Iterator[Connection]:
        # SQLAlchemy's own pool and transactions cost more than ours do on the driver, so idle connections are kept
        # here, and transactions are begun and ended beneath it.
        try:
            connection = self._begun(reading, part)
        except failures() as cause:
            raise self.backend.error(cause) from cause
        try:
            if not (reading or trusting):
                self._look(connection)
            yield connection
            if self._looking:  # where pages are damaged, not even the end of a transaction is sure
                self._abandon(connection)
                return
            driver(connection).end(keeping=True)
        except failures() as cause:
            self._abandon(connection)
            raise self.backend.error(cause) from cause
        except UnicodeEncodeError as cause:
            self._abandon(connection)
            raise NotText(str(cause)) from cause
        except BaseException:
            self._abandon(connection)
            raise
        else:
            self._idle.append(connection)

    def _begun(self, reading: bool, part: Part | None) -> Connection:
        while True:
            known = bool(self._idle)
            connection = self._idle.pop() if known else self._connect()
            try:
                driver(connection).begin(reading=reading, seconds=self.busy_seconds, part=part)
                return connection
            except failures():
                broken = driver(connection).closed
                self._abandon(connection)
                if not (known and broken):  # one that broke while it was idle had nothing under way
                    raise

    def _connect(self) -> Connection:
        # Typed as what it answers as: the few who only run prepared statements never load SQLAlchemy.
        return cast("Connection", Lazy(self.backend.connect(seconds=self.busy_seconds, looking=self._looking)))

    def _abandon(self, connection: Connection) -> None:
        # After a failure the connection is not used again. Closing alone would not end the transaction while some
        # cursor is still referred to (by a traceback, say), so it is rolled back first.
        with suppress(*failures()):
            driver(connection).end(keeping=False)
        with suppress(*failures()):
            driver(connection).close()

    def division(self, most: int | None, moved: Callable[[], None]) -> Division | None:
        """Has this worker's share of the work go with its life (`Backend.division`), by connections that begin now."""
        found = self.backend.division(most, moved)
        if found is not None:
            self.close()
        return found

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


def open_store(url: str | None = None, *, busy_seconds: float = BUSY_SECONDS) -> Store:
    """Opens a database that is there and brings its schema up to date; it never makes one.

    `url` is a file path or a URL; for None see `backends.address`. Raises a `StorageError`: Missing, Unfounded (an
    empty file), NotADatabase, NewerSchema, Locked, ReadOnly, DiskFull, CannotOpen, BadAddress.
    """
    place = backend(url)
    place.find()
    return _opened(place, busy_seconds, create=False)


def create_store(url: str | None = None, *, busy_seconds: float = BUSY_SECONDS) -> Store:
    """Makes a database in a place that is absent or empty; one that is there is opened as `open_store` does.

    Who may work with it is for `People.found`.
    """
    place = backend(url)
    place.make()
    return _opened(place, busy_seconds, create=True)


def _opened(place: Backend, busy_seconds: float, *, create: bool) -> Store:
    store = Store(place, busy_seconds=busy_seconds)
    try:
        bring_up_to_date(store, create=create)
        store.watch()
    except BaseException:
        store.close()
        raise
    return store


def bring_up_to_date(store: Store, *, create: bool = False) -> None:
    """Brings the schema up to date, and makes that of a new file; raises as `open_store` does."""
    # The usual case costs one question: neither the table list nor Alembic is looked at.
    with store.read() as connection:
        raw = driver(connection)
        schema = raw.schema()
        empty = schema == 0 and raw.is_empty()
        if empty and not create:
            raise Unfounded("nothing was ever entered here, or all of it is gone", url=store.url)
        if empty:
            raw.prepare()
    if schema == SCHEMA:
        return
    if schema > SCHEMA:
        raise NewerSchema(f"schema {schema}, this build knows {SCHEMA}", url=store.url, schema=schema, known=SCHEMA)
    if schema == 0 and not empty:
        raise NotADatabase("a database of another program", url=store.url)
    with store.write() as connection:
        if driver(connection).schema() == SCHEMA:  # another process was quicker
            return
        if schema == 0:
            _create(connection)
        else:
            from charter.runtime.store.migrations import upgrade

            upgrade(core(connection))
        driver(connection).stamp(SCHEMA)


def _create(connection: Connection) -> None:
    # A new database gets the present schema at once; a test holds that the migrations arrive at the same one.
    from charter.runtime.store.tables import metadata

    first, last = driver(connection).statements()
    for statement in first:
        driver(connection).execute(statement)
    metadata.create_all(core(connection))
    for statement in last:
        driver(connection).execute(statement)


__all__ = ["BUSY_SECONDS", "StorageError", "Store", "create_store", "open_store"]
