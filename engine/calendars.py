"""Calendars: adding spans of time to an instant, and working time between two instants.

Instants are microseconds since the epoch, UTC. A day is a step on the calendar and not 24 hours; a working day is a
step to the next day that has hours and not eight of them. An instant outside the hours counts from the next opening,
which is no working time away from the closing before it: Saturday and one working day is Monday's closing. Spans below
zero go backwards by the same rules. When a calendar is open is the line's to know (`hours`). Knows no cases.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from charter.engine import zones
from charter.engine.definition import Calendar
from charter.engine.feel.own import Quantity, Span
from charter.engine.feel.temporal import (
    Date,
    DateTime,
    DaysDuration,
    YearsDuration,
    date_from_number,
    datetime_from_instant,
    datetime_from_local,
)
from charter.engine.hours import DAY, Line, line_of

SECOND = 1_000_000
# Years 1 to 9999, with room for every zone.
_FIRST, _LAST = -62_135_500_000 * SECOND, 253_402_200_000 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _local(calendar: Calendar, at: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zones.rules(calendar.zone))


def _instant(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def _months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _nth_day(line: Line, day: int, number: int) -> int:
    """Gives the place of the n-th day with hours after a day, or before it."""
    if number > 0:
        return line.places(line.instant(day + 1, 0) - 1, number)[1]
    return line.places(line.instant(day, 0) - 1, number + 1)[1]


def _working_days(calendar: Calendar, at: int, days: int) -> int:
    """Steps to the same time on the n-th following day that has hours, drawn into that day's hours.

    From outside the hours it steps from the closing before, and so to a closing; backwards, to an opening. Where days
    end at close, the day of the instant does not count: of a shift, that on which it began.
    """
    line = line_of(calendar)
    place, there = line.places(at, days)
    inside = at < line.ends[place]
    if calendar.ends_at_close:
        there = _nth_day(line, line.days[place] if inside else _local(calendar, at).toordinal(), days)
        return line.ends[there] if days > 0 else line.begins[there]
    if not inside:
        if days > 0:
            return line.ends[there]
        there = line.places(at, days + 1)[1]
        return line.begins[there]
    opens = line.opens[bisect_right(line.closes, at)]
    if opens > at:
        at = opens  # a break counts as the time at which it ends
    if line.even[place] and line.even[there]:
        same = line.midnights[there] + at - line.midnights[place]
    else:
        local = _local(calendar, at)
        minute = (local.toordinal() - line.days[place]) * 1440 + local.hour * 60 + local.minute
        same = line.instant(line.days[there], minute) + local.second * SECOND + local.microsecond
    return min(max(same, line.begins[there]), line.ends[there])


def _part_of_day(calendar: Calendar, at: int, part: Quantity) -> int:
    """Adds a part of a working day: of the hours of the day that counts next."""
    line = line_of(calendar)
    place, following = line.places(at, 1)
    day = place if at < line.ends[place] else following
    return advance(calendar, at, int(part * line.worked(line.begins[day], line.ends[day])))


def advance(calendar: Calendar, at: int, work: int) -> int:
    """Gives when so much working time (microseconds) has gone by, or began so long before; OverflowError beyond."""
    if work > 0:
        return line_of(calendar).forward(at, work)
    return line_of(calendar).backward(at, -work) if work else at


def openings(calendar: Calendar, at: int) -> Iterator[tuple[int, int]]:
    """Yields the opening hours that are not over by an instant, (from, to), for as long as there are years."""
    yesterday = _local(calendar, at).toordinal() - 1  # hours may run past midnight
    for opens, closes in line_of(calendar).stretches(yesterday):
        if closes > at:
            yield max(opens, at), closes


def worked(calendar: Calendar, start: int, end: int) -> int:
    """Gives the working time between two instants in microseconds; 0 where the first is not the earlier."""
    return line_of(calendar).worked(start, end) if start < end else 0


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
        if span.months or span.days:
            (months, part), (days, rest) = _parts(span.months), _parts(span.days)
            if part:
                return None
            if months or days:
                at = _instant(_months(_local(calendar, at), months) + timedelta(days=days))
            at += int(rest * DAY)
        if span.working_days:
            days, rest = _parts(span.working_days)
            if days:
                at = _working_days(calendar, at, days)
            if rest:
                at = _part_of_day(calendar, at, rest)
        if span.working_seconds:
            at = advance(calendar, at, int(span.working_seconds * SECOND))
        if span.seconds:
            at += int(span.seconds * SECOND)
    except (ArithmeticError, ValueError):
        return None
    return at if _FIRST <= at < _LAST else None


def _parts(amount: Quantity) -> tuple[int, Quantity]:
    if isinstance(amount, int):
        return amount, 0
    whole, part = divmod(amount, 1)
    return int(whole), part


def term(calendar: Calendar, at: int, span: Any) -> int | None:
    """Gives when a time limit of so much is over: `add`, but that days end at close where the calendar says so.

    A day that has no hours then passes the limit on to the next one that has.
    """
    end = add(calendar, at, span)
    if end is None or not calendar.ends_at_close:
        return end
    if not isinstance(span, YearsDuration):
        counts_days = isinstance(span, Span) and (span.months or span.days) and span.days == int(span.days)
        if not counts_days or span.seconds or span.working_days or span.working_seconds:
            return end
    try:
        line = line_of(calendar)
        last = _nth_day(line, _local(calendar, end).toordinal() - 1, 1)
        return line.ends[last]
    except (ArithmeticError, ValueError):
        return None


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
    if not working:
        return moved
    line = line_of(calendar)
    place = _nth_day(line, date(moved.year, moved.month, moved.day).toordinal(), working)
    day = date.fromordinal(line.days[place])
    return Date(day.year, day.month, day.day)


def is_provisional(calendar: Calendar, at: int, since: int | None = None) -> bool:
    """Tells whether an instant falls into a year whose public days the calendar keeps and nobody has published.

    `since`: from when it was counted; no year on the way may be one of these.
    """
    if calendar.holidays is None:
        return False
    years = () if calendar.public is None else calendar.public.years
    last = _local(calendar, at).year
    first = last if since is None else min(_local(calendar, since).year, last)
    return not {year.number for year in years if not year.provisional}.issuperset(range(first, last + 1))


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
