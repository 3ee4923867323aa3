"""A backup of an installation while it is in use: the database as it stood at one moment, and what belongs to it.

The copy is written aside, synced and verified, and only then gets its name: under that name there is a whole database
or none, and no file that was there is replaced. Attached files go into `charter-files` beside it, once each, however
many copies share that folder; the connectors file gets the copy's own name. The original is only read, and so may be of
an earlier schema. Invariant: the database is copied before the files, which are only ever added.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from charter.engine.errors import CharterError
from charter.runtime.audit.verify import Chain, Verification, verify
from charter.runtime.author.files import Files
from charter.runtime.author.handed import opened, sync_folder
from charter.runtime.host import connectors
from charter.runtime.store import Store
from charter.runtime.store.connection import Counted
from charter.runtime.store.errors import CannotOpen, DiskFull, StorageError
from charter.runtime.store.looking import looking
from charter.runtime.store.prepared import driver
from charter.runtime.store.sqlite import SQLite

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Taken(CharterError):
    """There is something of this name already, which a backup would replace."""

    code = "CH061"
    exit_code = 2


class Backup(Struct, frozen=True):
    """What was copied: the file and its size (bytes), how many attached files came and how many were there, the
    connectors file where there is one, files that are not what their names say (not copied), and what `verify` found.
    """

    path: Path
    size: int
    files: int
    there: int
    damaged: tuple[str, ...]
    connectors: Path | None
    found: Verification


def back_up(
    url: str | None, to: str | Path, *, counted: Counted, along: Callable[[Sequence[Chain]], Iterable[Chain]]
) -> Backup:
    """Copies the database at `url` to a new file and verifies the copy, whatever the verdicts then are.

    `counted` and `along` show how far it is. Raises Taken, Missing, and a `StorageError` of either place.
    """
    place = Path(to).absolute()
    beside = place.with_name(f"{place.stem}.{connectors.FILE}")
    with looking(url, standing=True) as store, _aside(place, beside) as aside:
        _copy(store, aside, place, counted)
        came, there, damaged = _files(Files(store.folder), Files(place.parent), counted, place)
        registered = _connectors(store.folder / connectors.FILE, beside, place)
        with looking(str(aside)) as copy:
            copy.folder = place.parent
            found = verify(copy, files=Files(place.parent), along=along)
        size = aside.stat().st_size
        with _writing(place):
            _give_name(aside, place)
    return Backup(place, size, came, there, damaged, beside if registered else None, found)


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    """Tells what fails while something is written beside a place as a failure of that place."""
    try:
        yield
    except OSError as cause:
        if isinstance(cause, FileExistsError):
            raise Taken(f"{place} exists", path=str(place)) from cause
        kind = DiskFull if cause.errno in _FULL else StorageError
        if isinstance(cause, PermissionError):
            kind = CannotOpen
        raise kind(cause.strerror or str(cause), url=str(place)) from cause


@contextmanager
def _aside(place: Path, beside: Path) -> Iterator[Path]:
    """Gives a file of our own (0600) beside a place, gone at the end of the block with what SQLite left by it."""
    for path in (place, beside):
        if os.path.lexists(path):
            raise Taken(f"{path} exists", path=str(path))
    if not place.parent.is_dir():
        raise CannotOpen(f"no folder {place.parent}", url=str(place), told="no_folder", folder=str(place.parent))
    with _writing(place):
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".part", dir=place.parent)
        os.close(handle)
    try:
        yield Path(name)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(OSError):
                os.unlink(name + ending)


def _copy(store: Store, aside: Path, place: Path, counted: Counted) -> None:
    with store.read() as connection:
        raw = driver(connection)
        raw.schema()  # from here on one unchanging state is read, so that writers cannot begin it anew
        try:
            raw.copy(aside, counted)
        except sqlite3.Error as cause:
            raise SQLite(place).error(cause) from cause
    with _writing(place):
        _sync(aside)


def _files(source: Files, target: Files, counted: Counted, place: Path) -> tuple[int, int, tuple[str, ...]]:
    """Copies the attached files that are not there yet; gives how many came, how many were there, and the damaged."""
    stored = list(source.stored())
    came, there, damaged = 0, 0, list[str]()
    with counted(len(stored)) as told:
        for digest, path in stored:
            if target.path(digest).exists():
                there += 1
            else:
                with _writing(place):
                    if target.adopt(digest, path):
                        came += 1
                    else:
                        damaged.append(digest)
            told()
    return came, there, tuple(damaged)


def _connectors(source: Path, beside: Path, place: Path) -> bool:
    if not source.exists():
        return False
    with _writing(place):
        with opened(source) as stream:
            content = stream.read()
        handle, name = tempfile.mkstemp(prefix=f".{beside.name}.", suffix=".part", dir=beside.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            _give_name(Path(name), beside)
        finally:
            os.unlink(name)
    return True


def _give_name(aside: Path, place: Path) -> None:
    """Gives a written and synced file its name, unless something has it; raises FileExistsError."""
    try:
        os.link(aside, place)
    except OSError as cause:
        if isinstance(cause, FileExistsError):
            raise
        # Not every file system has a second name for a file; there nobody is kept from taking it in between.
        if os.path.lexists(place):
            raise FileExistsError(place) from cause
        os.rename(aside, place)
    sync_folder(place.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = ["Backup", "Taken", "back_up"]
