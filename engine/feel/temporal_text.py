"""The text of dates, times and durations: ISO 8601 as XML Schema narrows it, and FEEL's `@zone` suffix.

`read_*` functions give None for a text that is none; `write` is total on temporal values, and reading what
it wrote gives an equal value. Source: DMN 1.5 tables 50 to 56.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from charter.engine import zones
from charter.engine.feel.limits import MAX_YEAR
from charter.engine.feel.temporal import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    UTC,
    Date,
    DateTime,
    DaysDuration,
    OutOfRange,
    Time,
    YearsDuration,
    Zone,
    date_from_number,
    date_of,
    days_duration,
    years_duration,
)

Temporal = Date | Time | DateTime | DaysDuration | YearsDuration

_DATE = r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)"
_TIME = (
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?"
    r"(?:(Z)|([+-])(\d\d):(\d\d)(?::(\d\d))?|@([A-Za-z][A-Za-z0-9_+\-]*(?:/[A-Za-z0-9_+\-]+)*))?"
)
_date = re.compile(_DATE, re.ASCII).fullmatch
_time = re.compile(_TIME, re.ASCII).fullmatch
_date_time = re.compile(f"{_DATE}T{_TIME}", re.ASCII).fullmatch
_days = re.compile(
    r"(-)?P(?:(\d{1,15})D)?(?:(T)(?:(\d{1,15})H)?(?:(\d{1,15})M)?(?:(\d{1,15})(?:\.(\d{0,9})\d*)?S)?)?", re.ASCII
).fullmatch
_years = re.compile(r"(-)?P(?:(\d{1,10})Y)?(?:(\d{1,12})M)?", re.ASCII).fullmatch

# Java writes UTC offsets up to 18 hours, XML Schema up to 14; FEEL takes what either writes.
_MAX_OFFSET_HOURS = 18

Groups = tuple[str | None, ...]


def _day(groups: Groups) -> Date | None:
    year, month, day = (int(part or 0) for part in groups)
    if abs(year) > MAX_YEAR:
        return None
    try:
        return date_of(year, month, day)
    except OutOfRange:
        return None


def _clock(groups: Groups) -> tuple[Time, int] | None:
    """Read a time and the days it carries over: 24:00:00 is midnight of the next day."""
    hour, minute, second = (int(part or 0) for part in groups[:3])
    fraction, zulu, sign, offset_hours, offset_minutes, offset_seconds, name = groups[3:]
    zone: Zone | None = None
    if zulu:
        zone = UTC
    elif sign:
        parts = (int(offset_hours or 0), int(offset_minutes or 0), int(offset_seconds or 0))
        if parts[1] > 59 or parts[2] > 59 or parts > (_MAX_OFFSET_HOURS, 0, 0):
            return None
        seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
        zone = Zone(-seconds if sign == "-" else seconds)
    elif name:
        if zones.find(name) is None:
            return None
        zone = Zone(None, name)
    nanosecond = int(((fraction or "") + "000000000")[:9])
    carried = 0
    if hour == 24 and minute == 0 and second == 0 and nanosecond == 0:
        hour, carried = 0, 1
    if hour > 23 or minute > 59 or second > 59:
        return None
    return Time(hour, minute, second, nanosecond, zone), carried


def read_date(text: str) -> Date | None:
    """Read `2026-03-02`; None when the text is no day of the calendar."""
    match = _date(text)
    return _day(match.groups()) if match else None


def read_time(text: str) -> Time | None:
    """Read `10:30:00`, with fraction and zone where given."""
    match = _time(text)
    clock = _clock(match.groups()) if match else None
    return clock[0] if clock else None


def read_date_time(text: str) -> DateTime | None:
    """Read `2026-03-02T10:30:00`; a bare date is its midnight."""
    match = _date_time(text)
    if not match:
        day = read_date(text)
        return DateTime(day, Time(0, 0, 0)) if day else None
    groups = match.groups()
    date, clock = _day(groups[:3]), _clock(groups[3:])
    if date is None or clock is None:
        return None
    try:
        return DateTime(date_from_number(date.number + clock[1]) if clock[1] else date, clock[0])
    except OutOfRange:
        return None


def read_duration(text: str) -> DaysDuration | YearsDuration | None:
    """Read `P3D`, `PT2H30M` or `P1Y2M`; the two kinds do not mix."""
    try:
        match = _years(text)
        if match and (match[2] or match[3]):
            months = int(match[2] or 0) * 12 + int(match[3] or 0)
            return years_duration(-months if match[1] else months)
        match = _days(text)
        if not match or not any(match.group(2, 4, 5, 6)) or (match[3] and not any(match.group(4, 5, 6))):
            return None
        count = int(match[2] or 0) * DAY + int(match[4] or 0) * HOUR + int(match[5] or 0) * MINUTE
        count += int(match[6] or 0) * SECOND + int(((match[7] or "") + "000000000")[:9])
        return days_duration(-count if match[1] else count)
    except OutOfRange:
        return None


def read_temporal(text: str) -> Temporal | None:
    """Read what an `@"…"` literal holds (DMN 10.3.2.3 and grammar rule 65): any of the five kinds."""
    if "T" in text and _date_time(text):
        return read_date_time(text)
    return read_date(text) or read_time(text) or read_duration(text)


def write_date(date: Date) -> str:
    """Write a date as ISO 8601, the year with at least four digits."""
    sign = "-" if date.year < 0 else ""
    return f"{sign}{abs(date.year):04d}-{date.month:02d}-{date.day:02d}"


def write_zone(zone: Zone | None) -> str:
    """Write a zone as it stands behind a time."""
    if zone is None:
        return ""
    if zone.name is not None:
        return "@" + zone.name
    offset = zone.offset or 0
    if offset == 0:
        return "Z"
    hours, rest = divmod(abs(offset), 3600)
    minutes, seconds = divmod(rest, 60)
    text = f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"
    return f"{text}:{seconds:02d}" if seconds else text


def _fraction(nanosecond: int) -> str:
    return "" if not nanosecond else f".{nanosecond:09d}".rstrip("0")


def write_time(time: Time) -> str:
    """Write a time as ISO 8601 with its zone."""
    clock = f"{time.hour:02d}:{time.minute:02d}:{time.second:02d}"
    return clock + _fraction(time.nanosecond) + write_zone(time.zone)


def write_days(duration: DaysDuration) -> str:
    """Write a days and time duration in its shortest ISO 8601 form."""
    count = abs(duration.nanoseconds)
    if not count:
        return "PT0S"
    days, rest = divmod(count, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, nanosecond = divmod(rest, SECOND)
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    if seconds or nanosecond:
        clock += f"{seconds}{_fraction(nanosecond)}S"
    sign = "-" if duration.nanoseconds < 0 else ""
    return f"{sign}P" + (f"{days}D" if days else "") + (f"T{clock}" if clock else "")


def write_years(duration: YearsDuration) -> str:
    """Write a years and months duration in its shortest ISO 8601 form."""
    if not duration.months:
        return "P0M"
    years, months = divmod(abs(duration.months), 12)
    sign = "-" if duration.months < 0 else ""
    return f"{sign}P" + (f"{years}Y" if years else "") + (f"{months}M" if months else "")


def write_date_time(moment: DateTime) -> str:
    """Write a date and time as ISO 8601 with its zone."""
    return f"{write_date(moment.date)}T{write_time(moment.time)}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    Date: write_date,
    Time: write_time,
    DateTime: write_date_time,
    DaysDuration: write_days,
    YearsDuration: write_years,
}


def write(value: Temporal) -> str:
    """Write any temporal value so that `read_temporal` gives it back."""
    return _WRITERS[type(value)](value)
