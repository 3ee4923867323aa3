"""Times as other systems write them, read into instants: by a pattern such as `dd/MM/yyyy HH:mm`, or as ISO 8601.

A time without a zone of its own counts in the zone that is given. Instants are microseconds since the epoch, UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

# letters of a pattern -> what they match; `y`, `M`, `d`, `H` (or `h` with `a`), `m`, `s`, `S`, `Z`
_LETTERS = {
    "yyyy": r"(?P<year>\d{4})",
    "yy": r"(?P<short>\d{2})",
    "MMM": r"(?P<name>[A-Za-z]{3,})",
    "MM": r"(?P<month>\d{1,2})",
    "M": r"(?P<month>\d{1,2})",
    "dd": r"(?P<day>\d{1,2})",
    "d": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "H": r"(?P<hour>\d{1,2})",
    "hh": r"(?P<hour>\d{1,2})",
    "h": r"(?P<hour>\d{1,2})",
    "mm": r"(?P<minute>\d{1,2})",
    "m": r"(?P<minute>\d{1,2})",
    "ss": r"(?P<second>\d{1,2})",
    "s": r"(?P<second>\d{1,2})",
    "S": r"(?P<part>\d{1,9})",
    "a": r"(?P<half>[AaPp][Mm])",
    "Z": r"(?P<zone>Z|[+-]\d\d:?\d\d)",
}
_TOKEN = re.compile(r"yyyy|yy|MMM|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s|S+|a|Z|.", re.DOTALL)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

Pattern = re.Pattern[str]


def pattern(text: str) -> Pattern | None:
    """Reads a pattern, None where it has no year, month and day, or a part twice."""
    parts = (_LETTERS.get("S" if one[0] == "S" else one, re.escape(one)) for one in _TOKEN.findall(text))
    try:
        made = re.compile("".join(parts))
    except re.error:
        return None
    named = made.groupindex
    has_day = ("year" in named or "short" in named) and ("month" in named or "name" in named) and "day" in named
    return made if has_day else None


def reader(written: Pattern | None, zone: tzinfo | None) -> Callable[[str], int | None]:
    """Gives what reads a time; None from it means that the text is none, or has no zone and nobody said one."""
    known: dict[str, int | None] = {}

    def read(text: str) -> int | None:
        if text in known:
            return known[text]
        try:
            moment = _iso(text) if written is None else _by(written, text)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is None:
            moment = None if zone is None else moment.replace(tzinfo=zone)
        found = None if moment is None else (moment - _EPOCH) // _MICROSECOND
        if len(known) > 200_000:
            known.clear()
        known[text] = found
        return found

    return read


def _iso(text: str) -> datetime | None:
    # Python reads at most six decimals; the rest is less than a microsecond.
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.strip()))


def _by(written: Pattern, text: str) -> datetime | None:
    found = written.fullmatch(text.strip())
    if found is None:
        return None
    parts = found.groupdict()
    year = int(parts["year"]) if parts.get("year") else 2000 + int(parts["short"])
    month = _MONTHS.index(parts["name"][:3].lower()) + 1 if parts.get("name") else int(parts["month"])
    hour = int(parts.get("hour") or 0)
    if parts.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (parts["half"][0] in "pP")
    micro = int((parts.get("part") or "0").ljust(6, "0")[:6])
    return datetime(
        year, month, int(parts["day"]), hour, int(parts.get("minute") or 0), int(parts.get("second") or 0), micro,
        tzinfo=_offset(parts.get("zone")),
    )  # fmt: skip


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
