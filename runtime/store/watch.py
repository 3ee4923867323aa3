"""The machine's clock, held against its own count since it started: a jump ahead is refused until it is confirmed.

A database notes when it was last written, by the clock and by that count (Linux: CLOCK_BOOTTIME, which goes on while
the machine sleeps and which nobody sets), at most once a minute. While the machine has not started anew, the two go
alike. Across a start there is no such count, and only a silence of more than a year is doubted. A clock that was set
back is not: what it says counts (`clock.following`), and the note stays, so that setting it right is no jump.
"""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from charter.engine.errors import CharterError
from charter.runtime import clock
from charter.runtime.store.prepared import driver

if TYPE_CHECKING:
    from sqlalchemy import Connection

_DAY = 86_400_000_000
AHEAD = 3 * _DAY  # a machine that is held (a virtual one, over a weekend) is not started anew, nor counts on
SILENCE = 366 * _DAY
_FRESH = 60_000_000
_SLIP = 3_600_000_000


class ClockJumped(CharterError):
    """The clock stands further ahead than time can have passed; nothing was written."""

    code = "CH053"
    exit_code = 74


def look(connection: Connection) -> None:
    """Raises ClockJumped, or notes how the clock stands; within the transaction of a write."""
    now, (start, count) = clock.now(), uptime()
    noted = _noted(connection)
    if noted is None:
        _note(connection, now, start, count)
        return
    expected, bound = _expected(noted, start, count)
    if now > expected + bound:
        raise ClockJumped("the clock jumped", now=clock.text(now), expected=clock.text(expected))
    same = start == noted[0]
    if not same or (now >= expected - _SLIP and count - noted[1] > _FRESH):
        _note(connection, now, start, count)


def accept(connection: Connection) -> tuple[int, int]:
    """Takes the clock as right; gives how it stands and how it was expected to, both in microseconds."""
    now, (start, count) = clock.now(), uptime()
    noted = _noted(connection)
    _note(connection, now, start, count)
    return now, now if noted is None else _expected(noted, start, count)[0]


def _expected(noted: tuple[str, int, int], start: str, count: int) -> tuple[int, int]:
    """Gives when it should be now, and how far beyond that nobody doubts it."""
    known, then, at = noted
    return (at + count - then, AHEAD) if start and start == known else (at, SILENCE)


def uptime() -> tuple[str, int]:
    """Names this start of the machine, and gives the microseconds since; the name is empty where there is none."""
    kind = getattr(time, "CLOCK_BOOTTIME", None)
    return ("", 0) if kind is None else (_start(), time.clock_gettime_ns(kind) // 1000)


@cache
def _start() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _noted(connection: Connection) -> tuple[str, int, int] | None:
    """Reads the row; None where there is none of ours, as on a database that was never written by this build."""
    found: tuple[str, int, int] | None = driver(connection).execute("SELECT start, count, at FROM clock").fetchone()
    return found if found is not None and isinstance(found[1], int) and isinstance(found[2], int) else None


_NOTE = (
    "INSERT INTO clock (number, start, count, at) VALUES (1, ?, ?, ?)"
    " ON CONFLICT (number) DO UPDATE SET start = excluded.start, count = excluded.count, at = excluded.at"
)


def _note(connection: Connection, at: int, start: str, count: int) -> None:
    driver(connection).execute(_NOTE, (start, count, at)).close()
