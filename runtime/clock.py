"""The one clock of the runtime: the server's time and zone, and how both are written.

Times are microseconds since the epoch, UTC, everywhere in Charter. The module does not know cases; that a case's
entries never run backwards is settled where a command gets its time (`cases.py`).
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def now() -> int:
    """Gives the server's time in microseconds since the epoch, UTC."""
    return time.time_ns() // 1000


def zone() -> str:
    """Names the server's time zone as the IANA database does, or by its offset where no name is known."""
    return _zone(os.environ.get("TZ", "").lstrip(":"))


@lru_cache(maxsize=8)
def _zone(named: str) -> str:
    if named and not named.startswith("/"):
        return named
    try:
        target = os.readlink("/etc/localtime")
    except OSError:
        target = ""
    if "zoneinfo/" in target:
        return target.split("zoneinfo/", 1)[1]
    offset = time.localtime().tm_gmtoff // 60
    return "UTC" if offset == 0 else f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"


@lru_cache(maxsize=64)
def text(at: int) -> str:
    """Writes an instant as `2026-03-02T01:00:00.000000Z`: UTC, six decimals, so that text order is time order."""
    seconds, micros = divmod(at, 1_000_000)
    return f"{_seconds(seconds)}.{micros:06d}Z"


@lru_cache(maxsize=64)
def _seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso(at: int | None) -> str | None:
    """Writes an instant for JSON (RFC 3339, as `text`), or None where there is none."""
    return None if at is None else text(at)


def read(written: str) -> int:
    """Reads what `text` wrote; raises ValueError on anything else."""
    moment = datetime.fromisoformat(written)  # a tenth of what strptime costs, but more lenient
    if len(written) != 27 or written[10] != "T" or written[26] != "Z":
        raise ValueError(written)
    return (moment - _EPOCH) // _MICROSECOND  # exact for every year; `timestamp()` is a float
