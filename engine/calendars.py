"""A plain working week in one zone: adding spans of time to an instant, and working time between two instants.

Instants are microseconds since the epoch, UTC. A day is a step on the calendar and not 24 hours; a working day is a
step to the next day that has hours and not eight of them. Knows no holidays and no cases.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from charter.engine import zones
from charter.engine.definition import Calendar
from charter.engine.feel.own import Span
from charter.engine.feel.temporal import Date, DateTime, DaysDuration, YearsDuration

SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Walking day by day stops here, so that no span makes a step run long; beyond it there is no due date.
_MOST_DAYS = 20_000


def _local(calendar: Calendar, at: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zones.rules(calendar.zone))


def _instant(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _at_minute(day: datetime, minute: int) -> datetime:
    midnight = datetime.combine(day.date() + timedelta(days=minute // 1440), time(), tzinfo=day.tzinfo)
    return midnight.replace(hour=minute % 1440 // 60, minute=minute % 60)


def _working_days(calendar: Calendar, moment: datetime, days: int) -> datetime:
    """Steps to the same time on the n-th following day that has hours, drawn into that day's hours."""
    left, walked = days, 0
    while left > 0 and walked < _MOST_DAYS:
        moment += timedelta(days=1)
        walked += 1
        left -= bool(calendar.hours[moment.weekday()])
    if left:
        raise OverflowError("too many working days")
    hours = calendar.hours[moment.weekday()]
    if hours:
        opens, closes = _at_minute(moment, hours[0][0]), _at_minute(moment, hours[-1][1])
        moment = min(max(moment, opens), closes)
    return moment


def _working_seconds(calendar: Calendar, at: int, seconds: int) -> int:
    """Walks through the opening hours until so many working seconds have gone by."""
    left = seconds * SECOND
    day = _local(calendar, at)
    for _ in range(_MOST_DAYS):
        for opens, closes in calendar.hours[day.weekday()]:
            start = max(at, _instant(_at_minute(day, opens)))
            end = _instant(_at_minute(day, closes))
            if start >= end:
                continue
            if left <= end - start:
                return start + left
            left -= end - start
        day = datetime.combine(day.date() + timedelta(days=1), time(), tzinfo=day.tzinfo)
    raise OverflowError("too many working hours")


def add(calendar: Calendar, at: int, span: Any) -> int | None:
    """Adds a Span (or a FEEL duration) to an instant; None when it is no span or leaves the calendar.

    Months, then days, then working days step along the calendar's local clock; then working and plain seconds run.
    """
    if isinstance(span, DaysDuration):
        return at + span.nanoseconds // 1000
    if isinstance(span, YearsDuration):
        span = Span(months=span.months)
    if not isinstance(span, Span):
        return None
    try:
        if span.months or span.days or span.working_days:
            moment = _months(_local(calendar, at), int(span.months)) + timedelta(days=int(span.days))
            if span.working_days:
                moment = _working_days(calendar, moment, int(span.working_days))
            at = _instant(moment)
        if span.working_seconds:
            at = _working_seconds(calendar, at, int(span.working_seconds))
        return at + int(span.seconds * SECOND)
    except (OverflowError, ValueError):
        return None


def deadline(calendar: Calendar, value: Any) -> int | None:
    """Gives the instant a date (its end, in the calendar's zone) or a date and time stands for, else None."""
    if isinstance(value, DateTime):
        instant = value.instant
        if instant is not None:
            return instant // 1000
        try:
            local = _EPOCH + timedelta(microseconds=value.local // 1000)
        except OverflowError:
            return None
        return _instant(local.replace(tzinfo=zones.rules(calendar.zone)))
    if isinstance(value, Date):
        try:
            day = date(value.year, value.month, value.day) + timedelta(days=1)
            return _instant(datetime.combine(day, time(), tzinfo=zones.rules(calendar.zone)))
        except (OverflowError, ValueError):
            return None
    return None
