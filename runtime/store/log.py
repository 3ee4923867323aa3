"""SQLite's write-ahead log, synced by whoever has committed to it, once the write lock is free again.

SQLite would sync it within the lock (`synchronous=FULL`), so that everybody waits for everybody's disk. It is told not
to (`NORMAL`: it still syncs around checkpoints, which is what keeps the database whole), and each one who has committed
syncs the log before anything is answered. Syncs that run at the same time are one to the disk: the system groups them.
Invariants: a commit that was answered is on the disk, and so is all that it was based on, because a sync is of the
whole log; what was not answered is there whole, with all before it, or not at all. Without a write-ahead log nothing
is changed.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path

from charter.runtime.store.errors import Unconfirmed

_fdatasync = getattr(os, "fdatasync", os.fsync)


class Log:
    """The log of one connection, which holds the file as long as it is open. To be made outside of a transaction.

    `ours`: it is synced here, not by SQLite.
    """

    def __init__(self, raw: sqlite3.Connection, path: Path) -> None:
        self._raw = raw
        self._database = path
        self._file: int | None = None
        self.ours = raw.execute("PRAGMA journal_mode").fetchone()[0] == "wal" and os.name == "posix"
        if self.ours:
            raw.execute("PRAGMA synchronous=NORMAL").close()

    def sync(self) -> None:
        """Waits until the disk has all that was committed; raises Unconfirmed."""
        if not self.ours:
            return
        try:
            if self._file is None:
                self._file = os.open(f"{self._database}-wal", os.O_RDWR | os.O_CLOEXEC)
            _fdatasync(self._file)
        except OSError as cause:
            if not self._carried_over():
                raise Unconfirmed(cause.strerror or str(cause), url=str(self._database)) from cause

    def _carried_over(self) -> bool:
        """Brings the log's content into the database, and that to the disk: what a failed sync has left may be gone."""
        with suppress(self._raw.Error):
            busy, log, done = self._raw.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
            return not busy and log == done
        return False

    def close(self) -> None:
        """Lets go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


__all__ = ["Log"]
