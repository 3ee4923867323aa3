"""The content store: attached files kept once, by the SHA-256 of their bytes, beside the database.

A file is copied aside first (`ingest`); only a command that was allowed puts it in its place (`keep`, inside the
command's transaction), and whoever asked throws away what is left (`discard`). Invariants: a stored file is whole
(written aside, synced, then renamed, its folders synced) and read-only; its name is its hash, so what is there is what
was hashed, or `verify` says otherwise; no record names a file that is not there. The module does not know cases.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from charter.engine.commands import Command, to_json
from charter.engine.compact import compact
from charter.engine.values import File
from charter.runtime.author.handed import FileNotReadable, opened, replace_durably, sync_folder, unreadable
from charter.runtime.store.errors import DiskFull, StorageError

LARGEST = 100  # MiB of one file, unless CHARTER_LARGEST_FILE says otherwise
_BLOCK = 1 << 20
_ASIDE = ".incoming-"
_ABANDONED = 86_400  # seconds after which nobody can still be writing what is kept aside


def largest() -> int:
    """Gives how many MiB one file may have."""
    given = os.environ.get("CHARTER_LARGEST_FILE", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else LARGEST


def described(path: Path) -> File:
    """Gives the value that a file would have as an attachment, without keeping it; raises FileNotReadable."""
    try:
        with opened(path) as stream:
            return _file(path.name, *_copied(stream, path, None))
    except OSError as cause:
        raise unreadable(path, cause) from None


def _file(name: str, digest: str, size: int) -> File:
    import mimetypes

    return File(digest, name, size, mimetypes.guess_type(name)[0] or "application/octet-stream")


def _copied(stream: BinaryIO, path: Path, out: BinaryIO | None) -> tuple[str, int]:
    """Hashes a file, and writes it to `out`; gives the SHA-256 and the size. Raises FileNotReadable."""
    limit, size = largest(), os.fstat(stream.fileno()).st_size
    if size > limit << 20:  # holes count: what is kept is the whole of the file
        raise FileNotReadable(path, "too_large", limit=f"{limit} MiB")
    hasher, read = sha256(), 0
    while (block := stream.read(_BLOCK)) and read <= size:
        hasher.update(block)
        read += len(block)
        if out is not None:
            out.write(block)
    if read != size:  # still written to; or none at all, like those that the system makes up under /proc
        raise FileNotReadable(path, "unsteady")
    return hasher.hexdigest(), size


class Files:
    """The files of one database, in the folder `charter-files` beside it; `own` are the installation's other files."""

    def __init__(self, folder: Path, own: Iterable[Path] = ()) -> None:
        self.folder = folder / "charter-files"
        self._own = tuple(own)
        self._aside: dict[str, str] = {}

    def path(self, digest: str) -> Path:
        """Says where the file with this SHA-256 (hex) is kept."""
        return self.folder / digest[:2] / digest

    def ingest(self, path: str | Path, *, name: str | None = None) -> File:
        """Copies a file aside and gives its value; raises FileNotReadable, DiskFull, StorageError."""
        import tempfile

        source = Path(path)
        try:
            stream = opened(source, links=False)
        except OSError as cause:
            raise unreadable(path, cause) from None
        with stream, self._storing():
            there = os.fstat(stream.fileno())
            if any(own.exists() and os.path.samestat(there, own.stat()) for own in self._own):
                raise FileNotReadable(path, "own")
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._sweep()
            handle, aside = tempfile.mkstemp(prefix=_ASIDE, dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as out:
                    digest, size = _copied(stream, source, out)
                    out.flush()
                    os.fsync(out.fileno())
                os.chmod(aside, 0o400)
            except BaseException:
                Path(aside).unlink()
                raise
            if self._aside.setdefault(digest, aside) != aside:
                Path(aside).unlink()
        return _file(name or source.name, digest, size)

    def keep(self, command: Command) -> None:
        """Puts what lies aside in its place, as far as a command names it; raises DiskFull, StorageError.

        To be called in the transaction of the command, when it has been allowed.
        """
        if not self._aside:
            return
        said = compact(to_json(command))
        for digest in [digest for digest in self._aside if digest in said]:
            with self._storing():
                place = self.path(digest)
                place.parent.mkdir(mode=0o700, exist_ok=True)
                # Even where it is there already: whoever put it there may not have come as far as syncing its name.
                replace_durably(self._aside.pop(digest), place)
                sync_folder(self.folder)
                sync_folder(self.folder.parent)

    def adopt(self, digest: str, source: Path) -> bool:
        """Copies a file of another installation that is not here yet; False where it is not what its name says.

        Raises OSError.
        """
        import tempfile

        place = self.path(digest)
        for folder in (self.folder, place.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=_ASIDE, dir=self.folder)
        try:
            hasher = sha256()
            with os.fdopen(handle, "wb") as out, source.open("rb") as stream:
                while block := stream.read(_BLOCK):
                    hasher.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            if hasher.hexdigest() != digest:
                return False
            os.chmod(aside, 0o400)
            replace_durably(aside, place)
        finally:
            Path(aside).unlink(missing_ok=True)
        for folder in (self.folder, self.folder.parent):
            sync_folder(folder)
        return True

    def discard(self) -> None:
        """Throws away what lies aside and nobody kept."""
        while self._aside:
            with contextlib.suppress(OSError):  # it is swept later
                Path(self._aside.popitem()[1]).unlink()

    def stored(self) -> Iterator[tuple[str, Path]]:
        """Yields every kept file with the SHA-256 that is its name."""
        for path in sorted(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            yield path.name, path

    @contextlib.contextmanager
    def _storing(self) -> Iterator[None]:
        try:
            yield
        except OSError as cause:
            full = cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            raise (DiskFull if full else StorageError)(str(cause), url=str(self.folder)) from cause

    def _sweep(self) -> None:
        """Removes what an intake that was killed left behind; a young one may still be written."""
        for left in self.folder.glob(f"{_ASIDE}*"):
            with contextlib.suppress(OSError):  # another process may sweep too
                if left.stat().st_mtime < time.time() - _ABANDONED:
                    left.unlink()

    def condition(self, digest: str) -> str:
        """Hashes a kept file again: `kept`, `changed` when its content is another, `missing` when it cannot be read."""
        hasher = sha256()
        try:
            with self.path(digest).open("rb") as stream:
                while block := stream.read(_BLOCK):
                    hasher.update(block)
        except OSError:
            return "missing"
        return "kept" if hasher.hexdigest() == digest else "changed"
