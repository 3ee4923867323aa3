"""The opening hours of a calendar as one line of time: stretches in order, with the working time before each.

A line holds the days that it was asked for and those around them, and grows at both ends, so that a question is a
search in it and not a walk. What a day's hours are, its calendar says: its own days, public ones, weekdays.
A shift belongs to the day on which it begins; where two would overlap, the later one begins when the earlier ends.
Instants are microseconds since the epoch, UTC; days are ordinals of dates. Knows no spans and no cases.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from charter.engine import zones
from charter.engine.days import Calendar, Minutes
from charter.engine.once import once

MINUTE = 60_000_000
DAY = 1440 * MINUTE
# Nothing is looked for farther away, so that no span makes a step run long; beyond it there is no due date.
MOST_DAYS = 20_000
_EPOCH = date(1970, 1, 1).toordinal()
_BEGINNING, _END = date.min.toordinal() + 3, date.max.toordinal() - 3
# A shift lasts until the end of the day after it at most, and no zone is farther from UTC than a day.
_MARGIN = 3


class Line:
    """See the module's text. `before[n]` is the working time in the stretches before the n-th.

    Of each day that has hours: `days` its ordinal, `begins` and `ends` when its hours do, `midnights` when it does,
    `even` whether its clock is not set back or forward. `line_of` gives the one of a calendar.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._zone = zones.rules(calendar.zone)
        self._own = _special(calendar)
        self._clear(_EPOCH)

    def _clear(self, since: int) -> None:
        self.opens: list[int] = []
        self.closes: list[int] = []
        self.before: list[int] = []
        self.days: list[int] = []
        self.begins: list[int] = []
        self.ends: list[int] = []
        self.midnights: list[int] = []
        self.even: list[bool] = []
        self.total = self._low = self._high = 0
        self.since = self.until = since

    # -- what a day is -------------------------------------------------------------------------------------------

    def hours(self, day: int) -> tuple[tuple[int, int], ...]:
        """Gives the hours that begin on a day, in minutes of its clock."""
        own = self._own.get(day)
        return own if own is not None else self.calendar.hours[(day + 6) % 7]

    def instant(self, day: int, minute: int) -> int:
        """Gives when the clock shows a minute of a day, the first time that it does."""
        local = datetime.fromordinal(day) + timedelta(minutes=minute)
        offset = self._zone.utcoffset(local.replace(tzinfo=self._zone))
        assert offset is not None
        return (day - _EPOCH) * DAY + minute * MINUTE - offset // timedelta(microseconds=1)

    def _stretches(self, day: int) -> tuple[int, bool, list[tuple[int, int]]]:
        """Gives a day's midnight, whether its clock and that of the next day run evenly, and its hours as instants."""
        midnight = self.instant(day, 0)
        even = self.instant(day + 2, 0) - midnight == 2 * DAY and self.instant(day + 1, 0) - midnight == DAY
        if even:
            found = [(midnight + opens * MINUTE, midnight + closes * MINUTE) for opens, closes in self.hours(day)]
        else:
            found = [(self.instant(day, opens), self.instant(day, closes)) for opens, closes in self.hours(day)]
        return midnight, even, found

    def stretches(self, day: int) -> Iterator[tuple[int, int]]:
        """Yields the opening hours from a day on, for as long as there are years."""
        over = self._over(day)
        while True:
            if not _BEGINNING <= day <= _END:
                raise OverflowError("the calendar ends")
            if self.hours(day):
                for opens, closes in self._stretches(day)[2]:
                    if max(opens, over) < closes:
                        yield max(opens, over), closes
                        over = closes
            day += 1

    def _over(self, day: int) -> int:
        """Gives when the hours of the day before are over."""
        return max((closes for _, closes in self._stretches(day - 1)[2]), default=self.instant(day, 0))

    # -- the line ------------------------------------------------------------------------------------------------

    def _append(self, until: int) -> None:
        over = self.closes[-1] if self.closes else self._over(self.since)
        for day in range(self.until, until):
            if not self.hours(day):
                continue
            midnight, even, found = self._stretches(day)
            number = len(self.opens)
            for opens, closes in found:
                opens = max(opens, over)
                if opens < closes:
                    self.opens.append(opens)
                    self.closes.append(closes)
                    self.before.append(self.total)
                    self.total += closes - opens
                    over = closes
            if len(self.opens) > number:
                self.days.append(day)
                self.begins.append(self.opens[number])
                self.ends.append(over)
                self.midnights.append(midnight)
                self.even.append(even)
        self.until = until
        self._low, self._high = ((day - _EPOCH) * DAY for day in (self.since + _MARGIN, until - _MARGIN))

    def cover(self, low: int, high: int) -> None:
        """Makes the line hold all from one instant to another; OverflowError where they are too far away."""
        if not (self._low <= low and high <= self._high):
            if high - low > MOST_DAYS * DAY:
                raise OverflowError("too many days")
            self._reach(low, high)

    def _reach(self, low: int, high: int) -> None:
        first, last = low // DAY + _EPOCH - _MARGIN, high // DAY + _EPOCH + _MARGIN + 1
        if first < _BEGINNING or last > _END:
            raise OverflowError("the calendar ends")
        known = self.until - self.since
        if not known or max(last, self.until) - min(first, self.since) > 2 * MOST_DAYS:
            self._clear(max(first - 31, _BEGINNING))
        elif first < self.since:
            until, since = self.until, max(min(first, self.since - known), _BEGINNING)
            self._clear(since)
            last = max(last, until)
        if last > self.until:
            self._append(min(max(last, self.until + min(known, MOST_DAYS), self.until + 62), _END))

    def later(self, at: int) -> None:
        """Makes the line longer at its end; OverflowError where an instant lies too far before that already."""
        end = self._high + DAY
        if end > at + (MOST_DAYS + 2 * _MARGIN) * DAY:
            raise OverflowError("too many days")
        self._reach(at, end)

    def earlier(self, at: int) -> None:
        """Makes the line longer at its beginning, as `later` does at its end."""
        start = self._low - DAY
        if start < at - (MOST_DAYS + 2 * _MARGIN) * DAY:
            raise OverflowError("too many days")
        self._reach(start, at)

    # -- questions -----------------------------------------------------------------------------------------------

    def worked(self, start: int, end: int) -> int:
        """Gives the working time from one instant to a later one."""
        if not (self._low <= start and end <= self._high):
            self.cover(start, end)
        opens, closes, before = self.opens, self.closes, self.before
        one, two = bisect_right(opens, start) - 1, bisect_right(opens, end) - 1
        gone = 0
        if two >= 0:
            close = closes[two]
            gone = before[two] + (end if end < close else close) - opens[two]
        if one >= 0:
            close = closes[one]
            gone -= before[one] + (start if start < close else close) - opens[one]
        return gone

    def forward(self, at: int, work: int) -> int:
        """Gives the first instant by which so much working time, more than none, has gone by since another."""
        if not self._low <= at <= self._high:
            self.cover(at, at)
        while True:
            number = bisect_right(self.closes, at)
            if number < len(self.closes):
                opens = self.opens[number]
                wanted = self.before[number] + work + (at - opens if at > opens else 0)
                if wanted <= self.total:
                    break
            self.later(at)
        number = bisect_left(self.before, wanted) - 1
        return _near(at, self.opens[number] + wanted - self.before[number])

    def backward(self, at: int, work: int) -> int:
        """Gives the last instant since which so much working time, more than none, has gone by until another."""
        if not self._low <= at <= self._high:
            self.cover(at, at)
        while True:
            number = bisect_left(self.opens, at) - 1
            if number >= 0:
                wanted = self.before[number] + min(at, self.closes[number]) - self.opens[number] - work
                if wanted >= 0:
                    break
            self.earlier(at)
        number = bisect_right(self.before, wanted) - 1
        return _near(at, self.opens[number] + wanted - self.before[number])

    def places(self, at: int, number: int) -> tuple[int, int]:
        """Gives the place among the days with hours of the last one that has opened by an instant, and the n-th after.

        Places hold until the line grows.
        """
        if not self._low <= at <= self._high:
            self.cover(at, at)
        while True:
            own = bisect_right(self.begins, at) - 1
            if own < 0 or own + number < 0:
                self.earlier(at)
            elif own + number >= len(self.begins):
                self.later(at)
            else:
                return own, own + number


def _special(calendar: Calendar) -> dict[int, Minutes]:
    """Gives the days that are unlike their weekday: those of the calendar itself, else public ones.

    Where work is made up for, the hours are those of the first weekday that has any.
    """
    found: dict[int, Minutes] = {}
    usual = next((hours for hours in calendar.hours if hours), ())
    for year in calendar.public.years if calendar.public is not None else ():
        for days, hours in ((year.closed, ()), (year.open, usual)):
            found.update((date.fromisoformat(day.date).toordinal(), hours) for day in days)
    found.update((date.fromisoformat(day.date).toordinal(), day.hours) for day in calendar.days)
    return found


def _near(at: int, found: int) -> int:
    """Gives what was found, where it is not too far away; whatever the line happens to hold."""
    if abs(found - at) > MOST_DAYS * DAY:
        raise OverflowError("too many days")
    return found


@once(64)
def line_of(calendar: Calendar) -> Line:
    """Gives the line of a calendar, once: the same object gives the same line."""
    return Line(calendar)
