"""A plain working week in one zone: adding spans of time to an instant, and working time between two instants.

Instants are microseconds since the epoch, UTC. A day is a step on the calendar and not 24 hours; a working day is a
step to the next day that has hours and not eight of them. An instant outside the hours counts from the next opening,
which is no working time away from the closing before it: Saturday and one working day is Monday's closing. Spans below
zero go backwards by the same rules. Knows no holidays and no cases.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from charter.engine import zones
from charter.engine.definition import Calendar
from charter.engine.feel.own import Span
from charter.engine.feel.temporal import (
    Date,
    DateTime,
    DaysDuration,
    YearsDuration,
    date_from_number,
    datetime_from_instant,
    datetime_from_local,
)

SECOND = 1_000_000
_DAY = 86_400 * SECOND
# Years 1 to 9999, with room for every zone.
_FIRST, _LAST = -62_135_500_000 * SECOND, 253_402_200_000 * SECOND
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


def _hours(calendar: Calendar, day: datetime) -> list[tuple[int, int]]:
    """Gives the opening hours that begin on a day, as instants."""
    return [
        (_instant(_at_minute(day, opens)), _instant(_at_minute(day, closes)))
        for opens, closes in calendar.hours[day.weekday()]
    ]


def _days(moment: datetime, step: int) -> Iterator[datetime]:
    """Yields the midnights of a day and of those after it (or before it, `step` -1)."""
    day = moment.date()
    for _ in range(_MOST_DAYS):
        yield datetime.combine(day, time(), tzinfo=moment.tzinfo)
        day += timedelta(days=step)
    raise OverflowError("too many days")


def _working_days(calendar: Calendar, at: int, days: int) -> int:
    """Steps to the same time on the n-th following day that has hours, drawn into that day's hours.

    From outside the hours it steps from the closing before, and so to a closing; backwards, to an opening.
    """
    step = 1 if days > 0 else -1
    walk = _days(_local(calendar, at), step)
    day = next(walk)
    today = _hours(calendar, day)
    # A break counts as the time at which it ends.
    at = next((max(at, opens) for opens, closes in today if today[0][0] <= at < closes), at)
    left = abs(days)
    if today:
        left -= at < today[0][0] if step > 0 else at >= today[-1][1]  # a day that is all ahead counts itself
    while left:
        day = next(walk)
        left -= bool(calendar.hours[day.weekday()])
    hours = _hours(calendar, day)
    if not today or not today[0][0] <= at < today[-1][1]:
        return hours[-1][1] if step > 0 else hours[0][0]
    there = _instant(datetime.combine(day.date(), _local(calendar, at).time(), tzinfo=day.tzinfo))
    return min(max(there, hours[0][0]), hours[-1][1])


def _part_of_day(calendar: Calendar, at: int, part: Decimal) -> int:
    """Adds a part of a working day: of the hours of the day that counts next."""
    for day in _days(_local(calendar, at), 1):
        hours = _hours(calendar, day)
        if hours and hours[-1][1] > at:
            return advance(calendar, at, int(part * sum(closes - opens for opens, closes in hours)))
    raise OverflowError("no working days")


def advance(calendar: Calendar, at: int, work: int) -> int:
    """Walks through the opening hours until so much working time (microseconds) has gone by; OverflowError beyond."""
    left, step = abs(work), 1 if work > 0 else -1
    if not left:
        return at
    for day in _days(_local(calendar, at), step):
        for opens, closes in _hours(calendar, day)[::step]:
            start, end = (max(at, opens), closes) if step > 0 else (min(at, closes), opens)
            length = (end - start) * step
            if length <= 0:
                continue
            if left <= length:
                return start + left * step
            left -= length
    raise OverflowError("too many working hours")


def openings(calendar: Calendar, at: int) -> Iterator[tuple[int, int]]:
    """Yields the opening hours that are not over by an instant, (from, to), for as long as there are years."""
    day = _local(calendar, at) - timedelta(days=1)  # hours may run past midnight
    while True:
        yield from ((max(opens, at), closes) for opens, closes in _hours(calendar, day) if closes > at)
        day += timedelta(days=1)


def worked(calendar: Calendar, start: int, end: int) -> int:
    """Gives the working time between two instants in microseconds; 0 where the first is not the earlier."""
    total = 0
    if start < end:
        for day in _days(_local(calendar, start), 1):
            hours = _hours(calendar, day)
            total += sum(max(0, min(end, closes) - max(start, opens)) for opens, closes in hours)
            if _instant(day + timedelta(days=1)) >= end:
                break
    return total


def keeps_hours(span: Any) -> bool:
    """Tells whether a span counts working time, so that its clock runs in the opening hours alone."""
    return isinstance(span, Span) and bool(span.working_days or span.working_seconds)


def times(span: Any, count: int) -> Any:
    """Gives a span so many times over; None where it is no span."""
    if isinstance(span, DaysDuration):
        return DaysDuration(span.nanoseconds * count)
    if isinstance(span, YearsDuration):
        return YearsDuration(span.months * count)
    return span.scaled(Decimal(count)) if isinstance(span, Span) else None


def turn(calendar: Calendar, anchor: int, span: Any, number: int) -> int | None:
    """Gives when a rhythm comes round for the n-th time, counted from its anchor: so it never drifts.

    The 31st, and each month from there, is the last day of a shorter month and the 31st again.
    """
    return add(calendar, anchor, times(span, number))


def turns_by(calendar: Calendar, anchor: int, span: Any, at: int, known: int = 0) -> int:
    """Gives how often a rhythm has come round by an instant; at least `known`, of which that is known.

    One that takes no time, or goes back, does not come round.
    """

    def by(number: int) -> bool:
        comes = turn(calendar, anchor, span, number)
        return comes is not None and anchor < comes <= at

    step = 1
    while by(known + step):
        known, step = known + step, step * 2
    while step > 1:
        step //= 2
        known += step if by(known + step) else 0
    return known


def add(calendar: Calendar, at: int, span: Any) -> int | None:
    """Adds a Span (or a FEEL duration) to an instant; None when it is no span, leaves the calendar or parts a month.

    Months, then days, then working days step along the calendar's local clock; then working and plain seconds run.
    A part of a day is so much of 24 hours, a part of a working day so much of its hours.
    """
    if isinstance(span, DaysDuration):
        at += span.nanoseconds // 1000
        return at if _FIRST <= at < _LAST else None
    if isinstance(span, YearsDuration):
        span = Span(months=span.months)
    if not isinstance(span, Span):
        return None
    try:
        months, days, working = (divmod(Decimal(n), 1) for n in (span.months, span.days, span.working_days))
        if months[1]:
            return None
        if months[0] or days[0]:
            at = _instant(_months(_local(calendar, at), int(months[0])) + timedelta(days=int(days[0])))
        at += int(days[1] * _DAY)
        if working[0]:
            at = _working_days(calendar, at, int(working[0]))
        if working[1]:
            at = _part_of_day(calendar, at, working[1])
        if span.working_seconds:
            at = advance(calendar, at, int(span.working_seconds * SECOND))
        at += int(span.seconds * SECOND)
    except (ArithmeticError, ValueError):
        return None
    return at if _FIRST <= at < _LAST else None


def reckon(calendar: Calendar, moment: Date | DateTime, span: Span) -> Date | DateTime | None:
    """Adds a span of working time to a date (the n-th working day after it) or a date and time; None where it cannot.

    A date has no hours to add to. A date and time without a zone is one on the calendar's clock, and stays so.
    """
    try:
        if isinstance(moment, Date):
            return _reckoned_date(calendar, moment, span)
        at = deadline(calendar, moment)
        later = None if at is None else add(calendar, at, span)
        if later is None:
            return None
        rest = moment.local % 1000
        if moment.zone is not None:
            return datetime_from_instant(later * 1000 + rest, moment.zone)
        local = _local(calendar, later).replace(tzinfo=UTC)
        return datetime_from_local((local - _EPOCH) // timedelta(microseconds=1) * 1000 + rest, None)
    except (ArithmeticError, ValueError):
        return None


def _reckoned_date(calendar: Calendar, start: Date, span: Span) -> Date | None:
    amounts = [Decimal(amount) for amount in (span.months, span.days, span.working_days)]
    if span.seconds or span.working_seconds or any(amount % 1 for amount in amounts):
        return None
    months, days, working = map(int, amounts)
    moved = date_from_number(start.plus_months(months).number + days)
    day = date(moved.year, moved.month, moved.day)
    left, step = abs(working), 1 if working > 0 else -1
    for _ in range(_MOST_DAYS):
        if not left:
            return Date(day.year, day.month, day.day)
        day += timedelta(days=step)
        left -= bool(calendar.hours[day.weekday()])
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
