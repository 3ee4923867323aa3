"""The one clock of the runtime: the server's time and zone, and how both are written.

Times are microseconds since the epoch, UTC, everywhere in Charter. What comes of a clock that was set is said here
(`following`): a chain goes by its numbers, and its times are what the clock said, but for a small step back. The module
does not know cases.
"""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime, timedelta, timezone
from functools import cache, lru_cache

from charter.engine.errors import CharterError

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


# So far back (microseconds) the next entry keeps the time of the last one: clocks of several hosts differ a little.
HELD = 3_600_000_000
# Only a step back of more than this is worth an entry.
JITTER = 1_000_000
_FIRST, _LAST = 0, 253_402_300_800_000_000  # the years that a time can be written in: 1970 to 9999


class WrongClock(CharterError):
    """The machine's clock says what cannot be: a year before computers, or one of five digits."""

    code = "CH046"
    exit_code = 74


def now() -> int:
    """Gives the server's time in microseconds since the epoch, UTC; raises WrongClock."""
    at = time.time_ns() // 1000
    if not _FIRST <= at < _LAST:
        raise WrongClock("the clock is out of its mind", seconds=at // 1_000_000)
    return at


def following(at: int, last: int) -> int:
    """Gives the time of an entry that is made at `at` and follows one of `last`: never before it by a small step.

    A clock that stood far ahead and was set right holds nothing up: what is made now is made now.
    """
    return last if 0 < last - at <= HELD else at


_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,3}").fullmatch
_LOCALTIME = "/etc/localtime"


@cache
def zone() -> str:
    """Names the server's time zone as the IANA database does, or by its offset where no name is known.

    The machine's own (`/etc/localtime`), whatever the caller's `TZ` says: an entry tells of the server.
    """
    try:
        named = os.readlink(_LOCALTIME).rpartition("zoneinfo/")[2]
    except OSError:
        named = ""
    return named if _ZONE(named) else _offset()


def _offset() -> str:
    """Gives how far the machine's clock on the wall is from UTC now."""
    try:
        with open(_LOCALTIME, "rb") as file:
            from zoneinfo import ZoneInfo

            away = datetime.now(ZoneInfo.from_file(file)).utcoffset() or timedelta()
    except (OSError, ValueError):
        away = timedelta()  # no file is UTC, to the system too
    return str(timezone(timedelta(minutes=round(away / timedelta(minutes=1))))).removeprefix("UTC") or "UTC"


def wall() -> str:
    """Names the zone in which this process shows times: what `TZ` says, else the server's."""
    named = os.environ.get("TZ", "").lstrip(":")
    return named if named and not named.startswith("/") else zone()


@lru_cache(maxsize=64)
def text(at: int) -> str:
    """Writes an instant as `2026-03-02T01:00:00.000000Z`: UTC, six decimals, so that text order is time order."""
    seconds, micros = divmod(at, 1_000_000)
    return f"{_seconds(seconds)}.{micros:06d}Z"


@lru_cache(maxsize=64)
def _seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def iso(at: int | None) -> str | None:
    """Writes an instant for JSON (RFC 3339, as `text`), or None where there is none."""
    return None if at is None else text(at)


@lru_cache(maxsize=64)
def read(written: str) -> int:
    """Reads what `text` wrote; raises ValueError on anything else."""
    moment = datetime.fromisoformat(written)  # a tenth of what strptime costs, but more lenient
    if len(written) != 27 or written[10] != "T" or written[26] != "Z":
        raise ValueError(written)
    return (moment - _EPOCH) // _MICROSECOND  # exact for every year; `timestamp()` is a float
