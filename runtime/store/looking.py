"""Opens a database for looking at alone, whatever its state: nothing of it is written, not even its schema.

What SQLite cannot read where it stands (its log must be written even to be read, and nobody may write there) is looked
at in a private copy of file and log. So is one of an earlier schema, which is brought up to date in the copy: the same
questions are asked of every age. Where it cannot be, it is looked at as it is, which the verdicts will say.
SQLite's `immutable` would spare the copy, but it leaves the log unread, and believes that nobody else writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from charter.engine.errors import CharterError
from charter.runtime.store.backends import backend
from charter.runtime.store.connection import Backend
from charter.runtime.store.errors import CannotOpen, NewerSchema, NotADatabase, ReadOnly, Unfounded, failures
from charter.runtime.store.prepared import driver
from charter.runtime.store.schema import SCHEMA
from charter.runtime.store.store import Store, bring_up_to_date


class Looked(Store):
    """A database for looking at alone. `schema` is the number that it has where it stands."""

    schema = SCHEMA


@contextmanager
def looking(url: str | None = None, *, standing: bool = False) -> Iterator[Looked]:
    """Gives a database that is there for looking at alone, closed and its copies removed at the end of the block.

    `url` as for `open_store`; `standing`: it is left in the schema that it has. Raises a `StorageError`: Missing,
    Unfounded (an empty file), NotADatabase (no file of SQLite's, or another program's), NewerSchema, Locked,
    CannotOpen, BadAddress, DiskFull (no room for a copy).
    """
    place = backend(url)
    place.find()
    with ExitStack() as left:
        store = _looked(left, place)
        try:
            schema = _schema(store)
        except (ReadOnly, CannotOpen):
            if (copy := place.copied(_folder(left, store))) is None:
                raise
            store = _looked(left, copy, place)
            schema = _schema(store)
        if 0 < schema < SCHEMA and not standing:
            store = _brought_up_to_date(left, store, place)
        store.schema = schema
        yield store


def _folder(left: ExitStack, store: Store) -> Path:
    try:
        return Path(left.enter_context(TemporaryDirectory(prefix="charter-")))
    except OSError as cause:
        raise CannotOpen(str(cause), url=store.url) from cause


def _looked(left: ExitStack, place: Backend, stands: Backend | None = None) -> Looked:
    """Opens a database; `stands`: what it is a copy of, beside which the companions are."""
    store = Looked(place, looking=True)
    if stands is not None:
        store.url, store.folder = stands.url, stands.folder
    left.callback(store.close)
    return store


def _schema(store: Store) -> int:
    """Gives the schema's number; raises as `looking` does, and ReadOnly or CannotOpen where it must be copied first."""
    schema, ours, empty = SCHEMA, True, False
    with store.read() as connection, driver(connection).as_it_stands():
        raw = driver(connection)
        try:
            schema = raw.schema()
            ours, empty = bool(raw.columns("entries")), raw.is_empty()
        except failures() as cause:
            if store.backend.elsewhere(cause):
                raise
            # What stands in it cannot be read, of which there will be a verdict.
    if schema == 0 and empty:
        raise Unfounded("nothing was ever entered here, or all of it is gone", url=store.url)
    if schema == 0 and not ours:
        raise NotADatabase("a database of another program", url=store.url)
    if schema > SCHEMA:
        raise NewerSchema(f"schema {schema}, this build knows {SCHEMA}", url=store.url, schema=schema, known=SCHEMA)
    return schema


def _brought_up_to_date(left: ExitStack, store: Looked, stands: Backend) -> Looked:
    """Gives a copy of the present schema, or of the database's own where the migrations fail on it; else itself."""
    folder = _folder(left, store)
    with store.read() as connection:
        copy = store.backend.backed_up(driver(connection), folder)
    if copy is None:
        return store
    # What fails is undone, and Corrupt where it is not the database's own (`migrations.upgrade`).
    with suppress(CharterError), Store(copy) as own:
        bring_up_to_date(own)
    return _looked(left, copy, stands)


__all__ = ["Looked", "looking"]
