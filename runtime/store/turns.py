"""Whose turn it is to write: a queue of processes before SQLite's one write lock, which knows none.

Left alone, whoever has just written is the first to find the lock free again, and others starve. So whoever would have
to wait takes the next number from a small file beside the database and locks the byte of that number until the turn is
over; the turn comes when the byte before it is free. All of it is advice: what keeps two from writing at once is
SQLite's lock alone. So whatever becomes of a process, nothing is held (the system frees its bytes when it ends), and
one that stands still is passed after `_STUCK`. Where the system has no locks of open files (`F_OFD_SETLK`), or the file
cannot be made, nobody queues. No number and no byte outlives its meaning: those that are over are never looked at.
"""

from __future__ import annotations

import os
import struct
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl

    _SET: int | None = getattr(fcntl, "F_OFD_SETLK", None)
except ImportError:  # Windows
    _SET = None

_STUCK = 0.5  # seconds after which a queue in which nothing moves is not waited in
# Who is next looks this often (seconds), whoever stands behind the more rarely, the longer the way; at most `_RARELY`.
_OFTEN, _RARELY = 0.0003, 0.02
# the file: the next number, the number up to which all is over; then a byte for each number, of which none is written
_COUNTS = struct.Struct("<QQ")
_FIRST = 64
_LOCK = struct.Struct("hhqqi0q")  # type, whence, start, length, process (0: of the open file)


class Turns:
    """One place to queue from: for one connection, which writes one transaction at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-queue")
        self._file: int | None = None
        self._mine: int | None = None  # the number whose byte is held

    def waits(self) -> bool:
        """Tells whether anybody stands in the queue."""
        if _SET is None or not self._opened(0):
            return False
        following, over = self._counts()
        return following > over

    def wait(self, until: float) -> None:
        """Takes a number and waits for its turn, at most until an instant of `time.monotonic`."""
        if self._mine is not None or _SET is None or not self._opened(os.O_CREAT) or not self._take(until):
            return
        mine = self._mine
        assert mine is not None
        moved, was = time.monotonic(), -1
        while not self._free(mine - 1):
            now = time.monotonic()
            over = self._counts()[1]
            if over != was:
                moved, was = now, over
            if now > until or now - moved > _STUCK:
                return
            time.sleep(min(_OFTEN * max(mine - over, 1), _RARELY))

    def over(self) -> None:
        """Gives the turn to whoever is next."""
        if self._mine is None or self._file is None:
            return
        mine, self._mine = self._mine, None
        with suppress(OSError):
            if self._counts()[1] <= mine:
                os.pwrite(self._file, struct.pack("<Q", mine + 1), 8)
            self._lock(mine, fcntl.F_UNLCK)

    def close(self) -> None:
        """Leaves the queue for good."""
        if self._file is not None:
            os.close(self._file)
            self._file = self._mine = None

    def _opened(self, making: int) -> bool:
        if self._file is None and (making or os.access(self._path, os.F_OK)):  # which is less to ask than to fail
            with suppress(OSError):
                self._file = os.open(self._path, os.O_RDWR | making | os.O_CLOEXEC, 0o600)
        return self._file is not None

    def _counts(self) -> tuple[int, int]:
        assert self._file is not None
        found = os.pread(self._file, _COUNTS.size, 0)
        following, over = _COUNTS.unpack(found) if len(found) == _COUNTS.size else (1, 1)
        return following, over

    def _take(self, until: float) -> bool:
        """Takes the next number, while nobody else does; False where that could not be had."""
        assert self._file is not None
        until = min(until, time.monotonic() + _STUCK)
        while not self._lock(-1, fcntl.F_WRLCK):
            if time.monotonic() > until:
                return False
            time.sleep(_OFTEN)
        try:
            mine, over = self._counts()
            if not self._lock(mine, fcntl.F_WRLCK):
                return False
            os.pwrite(self._file, _COUNTS.pack(mine + 1, over), 0)
            self._mine = mine
            return True
        except OSError:
            return False
        finally:
            self._lock(-1, fcntl.F_UNLCK)

    def _free(self, number: int) -> bool:
        """Tells whether the turn of a number is over, or was never taken."""
        if not self._lock(number, fcntl.F_WRLCK):
            return False
        self._lock(number, fcntl.F_UNLCK)
        return True

    def _lock(self, number: int, kind: int) -> bool:
        """Locks or frees the byte of a number (-1: the counts), where that goes without waiting."""
        assert self._file is not None and _SET is not None
        try:
            fcntl.fcntl(self._file, _SET, _LOCK.pack(kind, os.SEEK_SET, _FIRST + number, 1, 0))
        except OSError:
            return False
        return True
