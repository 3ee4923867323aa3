"""The content store: attached files kept once, by the SHA-256 of their bytes, beside the database.

Invariants: a stored file is whole (written aside, synced, then renamed) and read-only; its name is its hash, so
what is there is what was hashed, or `verify` says otherwise. The module does not know cases.
"""

from __future__ import annotations

import contextlib
import errno
import mimetypes
import os
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from charter.engine.errors import CharterError
from charter.engine.values import File
from charter.runtime.store.errors import DiskFull, StorageError

_BLOCK = 1 << 20
_ASIDE = ".incoming-"
_ABANDONED = 86_400  # seconds after which nobody can still be writing what is kept aside


class FileNotReadable(CharterError):
    """A file that was to be attached is not there or may not be read."""

    code = "CH032"
    exit_code = 4


class Files:
    """The files of one database, in the folder `charter-files` beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "charter-files"

    def path(self, digest: str) -> Path:
        """Says where the file with this SHA-256 (hex) is kept."""
        return self.folder / digest[:2] / digest

    def ingest(self, path: str | Path, *, name: str | None = None) -> File:
        """Takes a copy of a file into the store and gives its value; raises FileNotReadable, DiskFull, StorageError."""
        source = Path(path)
        if source.exists() and not source.is_file():  # a pipe would be waited for, a device never ends
            raise FileNotReadable(f"{path} is no regular file", path=str(path))
        try:
            with source.open("rb") as stream:
                digest, size = self._keep(stream)
        except (FileNotFoundError, PermissionError, IsADirectoryError) as cause:
            if cause.filename == str(path):
                raise FileNotReadable(str(cause), path=str(path)) from cause
            raise StorageError(str(cause), url=str(self.folder)) from cause
        except OSError as cause:
            if cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise DiskFull(str(cause), url=str(self.folder)) from cause
            raise StorageError(str(cause), url=str(self.folder)) from cause
        kind = mimetypes.guess_type(source.name)[0] or "application/octet-stream"
        return File(digest, name or source.name, size, kind)

    def _keep(self, stream: BinaryIO) -> tuple[str, int]:
        self.folder.mkdir(exist_ok=True)
        self._sweep()
        hasher, size = sha256(), 0
        handle, aside = tempfile.mkstemp(prefix=_ASIDE, dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as out:
                while block := stream.read(_BLOCK):
                    hasher.update(block)
                    size += len(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            digest = hasher.hexdigest()
            place = self.path(digest)
            if not place.exists():
                place.parent.mkdir(exist_ok=True)
                os.chmod(aside, 0o444)
                os.replace(aside, place)
                _sync_folder(place.parent)
        finally:
            Path(aside).unlink(missing_ok=True)
        return digest, size

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


def _sync_folder(folder: Path) -> None:
    # The name itself must survive a power cut, not only the bytes.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
