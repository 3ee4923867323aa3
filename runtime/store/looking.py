"""Opens a database for looking at alone, whatever its state: nothing of it is written, not even its schema.

What SQLite cannot read where it stands (its log must be written even to be read, and nobody may write there) is looked
at in a private copy of file and log. So is one of an earlier schema, which is brought up to date in the copy: the same
questions are asked of every age. Where it cannot be, it is looked at as it is, which the verdicts will say.
SQLite's `immutable` would spare the copy, but it leaves the log unread, and believes that nobody else writes.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from charter.engine.errors import CharterError
from charter.runtime.store import sqlite
from charter.runtime.store.errors import (
    CannotOpen,
    Locked,
    Missing,
    NewerSchema,
    NotADatabase,
    ReadOnly,
    Unfounded,
)
from charter.runtime.store.prepared import driver
from charter.runtime.store.schema import SCHEMA
from charter.runtime.store.store import Store, address, bring_up_to_date, sqlite_path

# names of SQLite's errors by which a file cannot be read where it stands, or is none of SQLite's
_ELSEWHERE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_NOTADB", "SQLITE_BUSY")


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
    path = sqlite_path(address(url))
    if not path.exists():
        raise Missing(f"no database at {path}", url=str(path))
    if not path.is_file():
        raise CannotOpen(f"{path} is not a file", url=str(path), told="is_folder")
    with ExitStack() as left:
        store = _looked(left, path)
        try:
            schema = _schema(store)
        except (ReadOnly, CannotOpen):
            store = _looked(left, _copy(left, store), path)
            schema = _schema(store)
        if 0 < schema < SCHEMA and not standing:
            store = _looked(left, _brought_up_to_date(left, store), path)
        store.schema = schema
        yield store


def _looked(left: ExitStack, path: Path, stands: Path | None = None) -> Looked:
    """Opens a file; `stands`: what it is a copy of, beside which the companions are."""
    store = Looked(path, busy_seconds=sqlite.BUSY_SECONDS, looking=True)
    if stands is not None:
        store.url, store.folder = str(stands), stands.parent
    left.callback(store.close)
    return store


def _schema(store: Store) -> int:
    """Gives the schema's number; raises as `looking` does, and ReadOnly or CannotOpen where it must be copied first."""
    schema, ours, empty = SCHEMA, True, False
    with store.read() as connection, sqlite.as_it_stands(connection):
        try:
            schema = sqlite.schema_of(connection)
            ours, empty = bool(sqlite.columns(connection, "entries")), sqlite.is_empty(connection)
        except sqlite3.DatabaseError as cause:
            if getattr(cause, "sqlite_errorname", "").startswith(_ELSEWHERE):
                raise
            # What stands in it cannot be read, of which there will be a verdict.
    if schema == 0 and empty:
        raise Unfounded("nothing was ever entered here, or all of it is gone", url=store.url)
    if schema == 0 and not ours:
        raise NotADatabase("a database of another program", url=store.url)
    if schema > SCHEMA:
        raise NewerSchema(f"schema {schema}, this build knows {SCHEMA}", url=store.url, schema=schema, known=SCHEMA)
    return schema


def _copy(left: ExitStack, store: Store) -> Path:
    """Copies file and log to where they can be read; raises Locked where somebody writes meanwhile."""
    there = [path for path in (*store.companions[:2], Path(f"{store.path}-journal")) if path.exists()]
    try:
        folder = Path(left.enter_context(TemporaryDirectory(prefix="charter-")))
        before = [(path.stat().st_mtime_ns, path.stat().st_size) for path in there]
        for path in there:
            shutil.copyfile(path, folder / path.name)
        after = [(path.stat().st_mtime_ns, path.stat().st_size) for path in there]
    except OSError as cause:
        raise CannotOpen(str(cause), url=store.url) from cause
    if before != after:
        raise Locked("somebody writes to it while it is copied", url=store.url)
    return folder / store.path.name


def _brought_up_to_date(left: ExitStack, store: Store) -> Path:
    """Gives a copy of the present schema, or of the database's own where the migrations fail on it."""
    folder = Path(left.enter_context(TemporaryDirectory(prefix="charter-")))
    copy = folder / store.path.name
    with store.read() as connection, closing(sqlite3.connect(copy)) as raw:
        driver(connection).backup(raw)
    # What fails is undone, and Corrupt where it is not SQLite's own (`migrations.upgrade`).
    with suppress(CharterError), Store(copy, busy_seconds=sqlite.BUSY_SECONDS) as own:
        bring_up_to_date(own)
    return copy


__all__ = ["Looked", "looking"]
