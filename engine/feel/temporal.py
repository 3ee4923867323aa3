"""Dates, times and the two kinds of duration, as OMG DMN 1.5 chapter 10.3.2.3 defines them.

Values are immutable. Years run to ±999 999 999, seconds to the nanosecond, zones are an offset or an IANA
name. Python equality is structural (same fields); what FEEL's `=` and `<` mean is in `operators`. The module
knows no clock and no text form (see `temporal_text`).
"""

from __future__ import annotations

from datetime import UTC as PLAIN_UTC, datetime
from typing import Any

from msgspec import Struct

from charter.engine import zones
from charter.engine.feel.limits import MAX_YEAR

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_leap(year: int) -> bool:
    """Tell whether a proleptic Gregorian year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    """Count the days of a month of the proleptic Gregorian calendar."""
    return 29 if month == 2 and is_leap(year) else _MONTH_DAYS[month - 1]


def day_number(year: int, month: int, day: int) -> int:
    """Count days since 1970-01-01; earlier days are negative."""
    y = year - (month <= 2)
    era = y // 400
    year_of_era = y - era * 400
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * 146_097 + day_of_era - 719_468


class Date(Struct, frozen=True):
    """A calendar day without zone."""

    year: int
    month: int
    day: int

    @property
    def number(self) -> int:
        """Count days since 1970-01-01."""
        return day_number(self.year, self.month, self.day)

    @property
    def weekday(self) -> int:
        """Number the day of the week, Monday 1 to Sunday 7 (ISO 8601)."""
        return (self.number + 3) % 7 + 1

    def plus_months(self, months: int) -> Date:
        """Move by calendar months, holding to the last day of a shorter month."""
        count = self.year * 12 + self.month - 1 + months
        year, month = divmod(count, 12)
        return date_of(year, month + 1, min(self.day, days_in_month(year, month + 1)))


class OutOfRange(ArithmeticError):
    """A date, time or duration beyond what FEEL can hold; caught where an expression is evaluated."""


def date_of(year: int, month: int, day: int) -> Date:
    """Make a date; raise OutOfRange when the calendar has no such day."""
    if not -MAX_YEAR <= year <= MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        raise OutOfRange("the calendar has no such day")
    return Date(year, month, day)


def date_from_number(number: int) -> Date:
    """Make the date that is so many days after 1970-01-01."""
    shifted = number + 719_468
    era, day_of_era = divmod(shifted, 146_097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return date_of(year_of_era + era * 400 + (month <= 2), month, day)


class Zone(Struct, frozen=True):
    """A time zone: seconds east of UTC, or an IANA name whose offset depends on the day."""

    offset: int | None = None
    name: str | None = None


UTC = Zone(0)


class Time(Struct, frozen=True):
    """A time of day, with or without a zone."""

    hour: int
    minute: int
    second: int
    nanosecond: int = 0
    zone: Zone | None = None

    @property
    def of_day(self) -> int:
        """Count nanoseconds since midnight, local."""
        return ((self.hour * 60 + self.minute) * 60 + self.second) * SECOND + self.nanosecond


def time_from_nanoseconds(count: int, zone: Zone | None) -> Time:
    """Make the time of day so many nanoseconds after midnight, going round the clock."""
    seconds, nanosecond = divmod(count % DAY, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return Time(hour, minute, second, nanosecond, zone)


class DateTime(Struct, frozen=True):
    """A day and a time of day; its zone is the zone of the time."""

    date: Date
    time: Time

    @property
    def zone(self) -> Zone | None:
        """Give the zone, None for a local date and time."""
        return self.time.zone

    @property
    def local(self) -> int:
        """Count nanoseconds since 1970-01-01T00:00:00 on the local clock."""
        return self.date.number * DAY + self.time.of_day

    @property
    def instant(self) -> int | None:
        """Count nanoseconds since the epoch in UTC; None for a local date and time."""
        offset = offset_seconds(self)
        return None if offset is None else self.local - offset * SECOND


def offset_seconds(moment: DateTime) -> int | None:
    """Give the offset from UTC in seconds that holds at that moment; None when it has no zone."""
    zone = moment.time.zone
    if zone is None:
        return None
    if zone.name is None:
        return zone.offset
    return _offset_by_rule(moment, zones.find(zone.name), utc=False)


def _offset_by_rule(moment: DateTime, rules: Any, *, utc: bool) -> int:
    """Ask an IANA zone for its offset at a moment told in local time, or in UTC."""
    date, time = moment.date, moment.time
    # Python's rules end at years 1 and 9999; outside them the first and last known rule go on.
    year = min(max(date.year, 2), 9998)
    day = min(date.day, days_in_month(year, date.month))
    zone = PLAIN_UTC if utc else rules
    stamp = datetime(year, date.month, day, time.hour, time.minute, time.second, tzinfo=zone)
    difference = stamp.astimezone(rules).utcoffset() if utc else stamp.utcoffset()
    return 0 if difference is None else difference.days * 86400 + difference.seconds


def time_offset_seconds(time: Time) -> int | None:
    """Give the offset of a time of day; a named zone counts with its rule of 1 January 1970."""
    return offset_seconds(DateTime(Date(1970, 1, 1), time))


def datetime_from_local(count: int, zone: Zone | None) -> DateTime:
    """Make the date and time so many local nanoseconds after 1970-01-01T00:00:00."""
    days, rest = divmod(count, DAY)
    return DateTime(date_from_number(days), time_from_nanoseconds(rest, zone))


def datetime_from_instant(count: int, zone: Zone) -> DateTime:
    """Make the date and time a clock in `zone` shows so many nanoseconds after the epoch."""
    if zone.name is None:
        return datetime_from_local(count + (zone.offset or 0) * SECOND, zone)
    offset = _offset_by_rule(datetime_from_local(count, None), zones.find(zone.name), utc=True)
    return datetime_from_local(count + offset * SECOND, zone)


class DaysDuration(Struct, frozen=True):
    """A days and time duration, in nanoseconds."""

    nanoseconds: int


class YearsDuration(Struct, frozen=True):
    """A years and months duration, in months."""

    months: int


# No duration is longer than the calendar; without this bound repeated products would grow for ever.
MAX_DURATION = 2 * 366 * MAX_YEAR * DAY
MAX_MONTHS = 2 * 12 * (MAX_YEAR + 1)


def days_duration(nanoseconds: int) -> DaysDuration:
    """Make a days and time duration; raise OutOfRange beyond the calendar."""
    if abs(nanoseconds) > MAX_DURATION:
        raise OutOfRange("the duration is longer than the calendar")
    return DaysDuration(nanoseconds)


def years_duration(months: int) -> YearsDuration:
    """Make a years and months duration; raise OutOfRange beyond the calendar."""
    if abs(months) > MAX_MONTHS:
        raise OutOfRange("the duration is longer than the calendar")
    return YearsDuration(months)
