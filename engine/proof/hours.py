"""Working time as a straight line: how much of it lies between a beginning and an instant, and back.

Holds the opening hours of a calendar from its beginning on, as far as they were asked for. Times are microseconds;
instants are since the epoch, UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from decimal import Decimal

from charter.engine import calendars
from charter.engine.definition import Calendar
from charter.engine.feel.own import Span

_HOUR = 3_600_000_000
_WEEK_DAYS = 7
_MONTH_DAYS = Decimal("365.2425") / 12  # of the Gregorian calendar, on average


class Hours:
    """The opening hours of a calendar from `start` on; raises OverflowError beyond year 9999."""

    def __init__(self, calendar: Calendar, start: int) -> None:
        if not any(calendar.hours):
            raise OverflowError("no working hours")
        self.start = start
        self._openings = calendars.openings(calendar, start)
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._before: list[int] = []
        self._all = 0

    def _more(self) -> None:
        opens, closes = next(self._openings)
        self._opens.append(opens)
        self._closes.append(closes)
        self._before.append(self._all)
        self._all += closes - opens

    def until(self, at: int) -> int:
        """Gives the working time from the beginning to an instant."""
        while not self._closes or self._closes[-1] < at:
            self._more()
        number = bisect_right(self._opens, at) - 1
        return 0 if number < 0 else self._before[number] + min(at, self._closes[number]) - self._opens[number]

    def at(self, work: int) -> int:
        """Gives the first instant by which so much working time has gone by."""
        while self._all < work or not self._opens:
            self._more()
        number = max(bisect_left(self._before, work) - 1, 0)
        return self._opens[number] + work - self._before[number]

    def opening(self, at: int) -> int:
        """Gives the instant itself where it is in the hours, else when they open next."""
        while not self._closes or self._closes[-1] <= at:
            self._more()
        return max(at, self._opens[bisect_right(self._closes, at)])


def day(calendar: Calendar) -> float:
    """Gives the working time of a day that has any, on average."""
    days = [sum(closes - opens for opens, closes in hours) for hours in calendar.hours if hours]
    return sum(days) * _HOUR / 60 / max(len(days), 1)


def working(calendar: Calendar, span: Span) -> float:
    """Gives the working time that a length of time has on average, in microseconds.

    Hours are hours of work; a day that need not be a working day has its share of the hours of a week.
    """
    week = day(calendar) * sum(map(bool, calendar.hours))
    days = float(span.days) + float(span.months) * float(_MONTH_DAYS)
    seconds = float(span.seconds) + float(span.working_seconds)
    return days * week / _WEEK_DAYS + float(span.working_days) * day(calendar) + seconds * 1_000_000
