"""What is peculiar to SQLite: its file, how a connection is set up, how a transaction begins, and what it complains of.

Invariants: write-ahead log, which is synced before a commit returns (it survives a power cut), foreign keys on, a write
takes the lock at its beginning, in turn (`turns.py`), so that it never fails half-way for want of it. `user_version`
carries the schema number.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charter.runtime.store import errors as e
from charter.runtime.store.connection import BUSY_SECONDS, Backend, Counted, Kept
from charter.runtime.store.log import Log
from charter.runtime.store.turns import Turns

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from charter.runtime.store import connection as c
    from charter.runtime.store.connection import Part

_PAGES = 256  # copied at a time: a megabyte between two looks at the progress bar
FULL = 2  # synchronous=FULL: a commit that returned survives a power cut
# Who finds the lock taken looks again after a while drawn by lot, up to this long (seconds). SQLite's own waiting grows
# to a tenth of a second a look, and whoever has waited longest is the last to notice that the lock is free.
_LOOK = 0.03
_NEXT = 0.002  # whose turn it is looks as often as that

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


class Driver(sqlite3.Connection):
    """SQLite's connection, whose transactions are the store's alone: it begins and ends them in SQL.

    `waits`: how long SQLite itself waits for a lock, seconds, once that was said. `turns`: where it queues to write,
    and `log`: what syncs what it commits; None before it first writes. `writes`: it is in a transaction that does.
    SQLAlchemy rolls back once it has looked at a database for the first time, which may be amid a transaction of ours.
    """

    url = ""
    own, temporary = "main", "temp"
    part: Part | None = None  # one writes at a time, and to all
    closed = False  # a file does not break off
    waits: float | None = None
    turns: Turns | None = None
    log: Log | None = None
    writes = False

    def close(self) -> None:
        """Closes the connection, and leaves the queue."""
        super().close()
        for each in (self.turns, self.log):
            if each is not None:
                each.close()

    def rollback(self) -> None:
        """Does nothing."""

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        """Executes a statement; a complaint of SQLite's that is no text, of a damaged schema, is one all the same."""
        try:
            return super().execute(*statement)
        except UnicodeDecodeError as cause:
            raise sqlite3.DatabaseError("malformed database schema") from cause

    def stream(self, text: str, values: Any = (), /) -> Iterator[Any]:
        return self.execute(text, values)

    def engine(self) -> Engine:
        from sqlalchemy import StaticPool, create_engine

        return create_engine("sqlite://", creator=lambda: self, poolclass=StaticPool)

    def turn(self, name: str) -> None:
        """Does nothing: one writes at a time."""

    def begin(self, *, reading: bool, seconds: float = BUSY_SECONDS, part: Part | None = None) -> None:
        if reading:
            _wait(self, seconds)
            self.execute("BEGIN")
            return
        _wait(self, 0)
        if self.log is None or self.turns is None:
            path = Path(self._one("SELECT file FROM pragma_database_list WHERE name = 'main'"))
            self.log, self.turns = Log(self, path), Turns(path)
        until = time.monotonic() + seconds
        if self.turns.waits() or not _at_once(self):
            self.turns.wait(until)
            try:
                _patiently(self, "BEGIN IMMEDIATE", until - time.monotonic(), _NEXT)
            except BaseException:
                self.turns.over()
                raise
        self.writes = True

    def end(self, *, keeping: bool) -> None:
        writes = self.writes
        try:
            self.execute("COMMIT" if keeping else "ROLLBACK")
        finally:
            if writes and not self.in_transaction:
                self.writes = False
                assert self.turns is not None
                self.turns.over()
        if keeping and writes:
            # Once the lock is free, so that one sync may serve many.
            assert self.log is not None
            self.log.sync()

    def changes(self) -> int:
        return int(self._one("PRAGMA data_version"))

    def schema(self) -> int:
        return int(self._one("PRAGMA user_version"))

    def stamp(self, schema: int) -> None:
        self.execute(f"PRAGMA user_version={schema:d}")

    def is_empty(self) -> bool:
        return not self._one("SELECT count(*) FROM sqlite_master")

    def prepare(self) -> None:
        # SQLite does not wait for whoever is at the same just now, so it is waited for here.
        self.execute("ROLLBACK")
        _patiently(self, "PRAGMA journal_mode=WAL", BUSY_SECONDS)
        self.execute("BEGIN")

    def statements(self) -> tuple[Sequence[str], Sequence[str]]:
        return (), tuple(TRIGGERS.values())

    def unguarded(self) -> list[str]:
        there = dict(self.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
        return [name for name, sql in TRIGGERS.items() if there.get(name) != sql]

    def unlike(self) -> list[str]:
        from charter.runtime.store.sqlite_shape import unlike

        return unlike(self, tuple(TRIGGERS.values()))

    def columns(self, table: str) -> set[str]:
        return {row[0] for row in self.execute("SELECT name FROM pragma_table_info(?)", (table,))}

    def is_there(self, name: str) -> bool:
        table, _, column = name.partition(".")
        if column:
            return column in self.columns(table)
        return bool(self.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone())

    def kept(self) -> Kept:
        journal, synchronous = self._one("PRAGMA journal_mode"), self._one("PRAGMA synchronous")
        if self.log is not None and self.log.ours:
            synchronous = FULL  # which comes to the same
        return Kept(
            "kept_by", {"journal": journal, "synchronous": synchronous}, (journal, synchronous) == ("wal", FULL)
        )

    def damage(self, *, quick: bool = False) -> str | None:
        found = str(self._one(f"PRAGMA {'quick' if quick else 'integrity'}_check(1)"))
        return None if found == "ok" else found.splitlines()[-1]

    def copy(self, to: Path, counted: Counted) -> None:
        with unnamed(to) as target, counted(self._one("PRAGMA page_count")) as told:
            left: list[int] = []

            def step(_: int, remaining: int, total: int) -> None:
                told((left[-1] if left else total) - remaining)
                left.append(remaining)

            self.backup(target, pages=_PAGES, progress=step)

    @contextmanager
    def as_it_stands(self) -> Iterator[None]:
        """Has whatever a column of text holds read, a byte that is no UTF-8 as half a character, not as an error."""
        before, self.text_factory = self.text_factory, partial(str, encoding="utf-8", errors="surrogateescape")
        try:
            yield
        finally:
            self.text_factory = before

    def _one(self, text: str) -> Any:
        return self.execute(text).fetchone()[0]


@contextmanager
def unnamed(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens a file that gets a name once it is whole and synced: it needs no journal of its own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=OFF").close()
        raw.execute("PRAGMA synchronous=OFF").close()
        yield raw


def connect(path: Path, *, seconds: float = BUSY_SECONDS, looking: bool = False) -> Driver:
    """Opens a database file, as every connection of ours is set up; `looking`: nothing of it can be written."""
    # Transactions begin where `begin` says, not where the driver guesses.
    raw = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro" if looking else path,
        uri=looking,
        timeout=seconds,
        check_same_thread=False,
        cached_statements=256,
        isolation_level=None,
        factory=Driver,
    )
    raw.url = str(path)
    for pragma in _PRAGMAS:
        # A damaged one is looked at all the same, and says so itself.
        with suppress(*e.failures() if looking else ()):
            raw.execute(pragma).close()
    return raw


def _at_once(raw: Driver) -> bool:
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as cause:
        if "locked" not in str(cause):
            raise
        return False
    return True


def _patiently(raw: Driver, statement: str, seconds: float, look: float = _LOOK) -> None:
    """Executes what somebody else's lock may stand against, again and again by lot, and raises after so long."""
    end_of_patience = time.monotonic() + seconds
    while True:
        try:
            raw.execute(statement)
            return
        except sqlite3.OperationalError as cause:
            if "locked" not in str(cause) or time.monotonic() > end_of_patience:
                raise
        time.sleep(os.urandom(1)[0] / 256 * look)  # `random` would cost every verb its import


def _wait(raw: Driver, seconds: float) -> None:
    """Says how long SQLite itself waits on a connection, where that is not so already."""
    if raw.waits != seconds:
        raw.execute(f"PRAGMA busy_timeout={int(seconds * 1000):d}").close()
        raw.waits = seconds


# words of SQLite's sentence -> what it is; the first that fits
_BY_SENTENCE: tuple[tuple[str, type[e.StorageError]], ...] = (
    ("audit entries are append-only", e.AppendOnly),
    ("database is locked", e.Locked),
    ("database table is locked", e.Locked),
    ("database or disk is full", e.DiskFull),
    ("no space left", e.DiskFull),
    ("file is not a database", e.NotADatabase),
    ("readonly database", e.ReadOnly),
    ("malformed", e.Corrupt),
    ("unable to open database file", e.CannotOpen),
    ("no such table", e.NotADatabase),
    ("no such column", e.NotADatabase),
)
# names of SQLite's errors by which a file cannot be read where it stands, or is none of SQLite's
_ELSEWHERE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_NOTADB", "SQLITE_BUSY")


class SQLite:
    """A database in a file, beside which its companions and everything else of it stand."""

    parted = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = self.address = str(path)
        self.folder = path.parent
        self.companions = tuple(path.with_name(path.name + ending) for ending in ("", "-wal", "-shm", "-queue"))

    @classmethod
    def at(cls, address: str) -> SQLite:
        """Reads a path or an SQLAlchemy URL; raises BadAddress."""
        if "://" not in address:
            return cls(Path(address).absolute())
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            parsed = make_url(address)
        except ArgumentError as cause:
            raise e.BadAddress(f"cannot read the database URL {address}", url=address) from cause
        if not parsed.database or parsed.database == ":memory:":
            raise e.BadAddress(f"cannot use the database {address}", url=address)
        return cls(Path(parsed.database).absolute())

    def connect(self, *, seconds: float, looking: bool = False) -> c.Driver:
        return connect(self.path, seconds=seconds, looking=looking)

    def error(self, cause: BaseException) -> e.StorageError:
        original = getattr(cause, "orig", None) or cause
        sentence, kind = str(original), e.StorageError
        # A file that may not grow further (a size limit) reports the same as a failing disk: an I/O error.
        if getattr(original, "sqlite_errorname", "").startswith("SQLITE_IOERR_WRITE"):
            kind = e.DiskFull
        else:
            kind = next((kind for words, kind in _BY_SENTENCE if words in sentence.lower()), kind)
        if kind is e.CannotOpen and self.folder.is_dir() and not os.access(self.folder, os.W_OK):
            kind = e.ReadOnly  # SQLite keeps its log beside the database even while it reads
        return kind(sentence, url=self.url)

    def crossed(self, cause: BaseException) -> bool:
        return False

    def division(self, most: int | None, moved: Callable[[], None]) -> None:
        return None

    def find(self) -> None:
        if not self.path.exists():
            raise e.Missing(f"no database at {self.path}", url=self.url)
        self._folder()

    def make(self) -> None:
        """Makes an empty file that its owner alone may read and write."""
        if not self.path.exists() and self.folder.is_dir():
            try:
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                pass
            except OSError as cause:
                kind = e.ReadOnly if isinstance(cause, PermissionError) else e.CannotOpen
                raise kind(str(cause), url=self.url) from cause
        self._folder()

    def _folder(self) -> None:
        if not self.folder.is_dir():
            raise e.CannotOpen(f"no folder {self.folder}", url=self.url, told="no_folder", folder=str(self.folder))
        if self.path.is_dir():
            raise e.CannotOpen(f"{self.path} is a folder", url=self.url, told="is_folder")

    def elsewhere(self, cause: BaseException) -> bool:
        return getattr(cause, "sqlite_errorname", "").startswith(_ELSEWHERE)

    def copied(self, folder: Path) -> Backend | None:
        there = [path for path in (*self.companions[:2], Path(f"{self.path}-journal")) if path.exists()]
        try:
            before = [(path.stat().st_mtime_ns, path.stat().st_size) for path in there]
            for path in there:
                shutil.copyfile(path, folder / path.name)
            after = [(path.stat().st_mtime_ns, path.stat().st_size) for path in there]
        except OSError as cause:
            raise e.CannotOpen(str(cause), url=self.url) from cause
        if before != after:
            raise e.Locked("somebody writes to it while it is copied", url=self.url)
        return SQLite(folder / self.path.name)

    def backed_up(self, driver: c.Driver, folder: Path) -> Backend | None:
        assert isinstance(driver, Driver)
        copy = folder / self.path.name
        with closing(sqlite3.connect(copy)) as raw:
            driver.backup(raw)
        return SQLite(copy)
