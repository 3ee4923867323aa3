"""When a message may be sent: after the quiet hours of its recipient, or with their next digest, by the clock there.

Pure. A time that a zone leaves out counts as come when its clock is beyond it; one that comes twice counts twice.
Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from charter.engine import zones

_MINUTE = 60_000_000
_LONGEST = 2 * 1440  # minutes: no day is longer, whatever its zone does
HOURLY = "hour"
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"


def is_quiet_hours(text: str) -> bool:
    """Says whether a text is `HH:MM-HH:MM`, of two different times."""
    begin, _, end = text.partition("-")
    return re.fullmatch(f"{_CLOCK}-{_CLOCK}", text) is not None and begin != end


def is_digest(text: str) -> bool:
    """Says whether a text is `hour`, or the time of a digest a day."""
    return text == HOURLY or re.fullmatch(_CLOCK, text) is not None


def send_at(at: int, zone: str, quiet: str | None, digest: str | None) -> int:
    """Gives the first instant from `at` on at which a message may go: a whole minute, or `at` itself."""
    if digest is not None:
        hourly = digest == HOURLY
        at = _first(at + 1, zone, lambda before, now: now[-2:] == "00" if hourly else _comes(digest, before, now))
    if quiet is None:
        return at
    begin, _, end = quiet.partition("-")

    def allowed(_: str, now: str) -> bool:
        time = now[-5:]
        return not (begin <= time < end if begin < end else time >= begin or time < end)

    return at if allowed("", _clock(at, zone)) else _first(at, zone, allowed)


def _comes(wanted: str, before: str, now: str) -> bool:
    """Says whether a time of the day has just come, also where the zone's clock jumps over it."""
    return before < f"{now[:-5]}{wanted}" <= now


def _first(at: int, zone: str, fits: Callable[[str, str], bool]) -> int:
    """Gives the first whole minute from `at` on that fits, by the day and time there a minute before and then."""
    minute = -(-at // _MINUTE) * _MINUTE
    before = _clock(minute - _MINUTE, zone)
    for _ in range(_LONGEST):
        now = _clock(minute, zone)
        if fits(before, now):
            break
        before, minute = now, minute + _MINUTE
    return minute


def _clock(at: int, zone: str) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(zones.rules(zone)).strftime("%Y-%m-%d %H:%M")
