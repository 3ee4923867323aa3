"""What the lines of a calendar say, and what is wrong with them: zones, hours that overlap, days that there are not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from charter.dsl.check.findings import Findings
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.engine import definition as d, zones

_MIDNIGHT = 1440
# An interval that ends before it begins is a shift into the next day; one as long as this was written the wrong way.
_LONGEST_SHIFT = 16 * 60
_MOST_DAYS = 366  # of one line
# A country by its two letters (ISO 3166-1), or a part of one (ISO 3166-2).
COUNTRY = r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?"
_ONCE: Mapping[type, str] = {t.Zone: "zone", t.Holidays: "holidays", t.EndsAtClose: "days end at close"}

Minutes = tuple[tuple[int, int], ...]


def weekdays(line: t.Hours) -> list[int]:
    """The weekdays that a line of opening hours covers; `Friday to Monday` runs over the week's end."""
    last = line.last if line.last >= line.first else line.last + 7
    return [day % 7 for day in range(line.first, last + 1)]


def shift(start: int, end: int) -> tuple[int, int]:
    """Gives an interval as minutes from its day's midnight; one over midnight ends on the next day."""
    return (start, end) if end > start else (start, end + _MIDNIGHT)


def _date(name: t.Name) -> date | None:
    try:
        return date.fromisoformat(name.text)
    except ValueError:
        return None


def dates(line: t.OwnDay) -> list[date]:
    """The days that a line is for; none where it names a day that there is not, or too many, or none."""
    first, last = _date(line.date), _date(line.last or line.date)
    if first is None or last is None or not 0 <= (last - first).days < _MOST_DAYS or not 2 < first.year < 9998:
        return []
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def week_of(calendar: t.Calendar) -> tuple[Minutes, ...]:
    """Gives the hours of the weekdays, each in order."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for line in calendar.body:
        if isinstance(line, t.Hours):
            for day in weekdays(line):
                found[day].extend(shift(*interval) for interval in line.intervals)
    return tuple(tuple(sorted(hours)) for hours in found)


def own_days(calendar: t.Calendar) -> tuple[d.Day, ...]:
    """Gives the days that have hours of their own, in order."""
    found: dict[date, d.Day] = {}
    for line in calendar.body:
        if isinstance(line, t.OwnDay):
            hours = tuple(sorted(shift(*interval) for interval in line.intervals))
            title = line.title.text if line.title else None
            found.update((day, d.Day(day.isoformat(), hours, title)) for day in dates(line))
    return tuple(day for _, day in sorted(found.items()))


def build(symbol_name: str, node: t.Calendar) -> d.Calendar:
    """Gives a calendar as the engine keeps it; one without hours of its own has those of the standard week."""
    zone = next((line.name for line in node.body if isinstance(line, t.Zone)), "UTC")
    at_close = any(isinstance(line, t.EndsAtClose) for line in node.body)
    holidays = next((line.country for line in node.body if isinstance(line, t.Holidays)), None)
    week = week_of(node)
    hours = week if any(week) else d.Calendar().hours
    return d.Calendar(symbol_name, zone, hours, own_days(node), at_close, holidays)


def check_calendar(calendar: t.Calendar, findings: Findings) -> None:
    """Reports a zone that does not exist, hours that overlap or run too long, and days that there are not."""
    taken: dict[int, list[tuple[int, int]]] = {}
    seen: set[type] = set()
    for line in calendar.body:
        word = _ONCE.get(type(line))
        if word is not None and type(line) in seen:
            findings.add("CH213", line.span, word=word, element=calendar.name.text)
        seen.add(type(line))
        if isinstance(line, t.Zone):
            if zones.find(line.name) is None:
                findings.add("CH217", line.span, name=line.name)
        elif isinstance(line, t.Holidays):
            if not re.fullmatch(COUNTRY, line.country):
                upper = line.country.upper()
                at = (line.span[1] - len(line.country), line.span[1])
                fix = Fix.at(at, upper) if re.fullmatch(COUNTRY, upper) else None
                findings.add("CH253", at, fix=fix, name=line.country)
        elif isinstance(line, t.Hours):
            for day in weekdays(line):
                for interval in line.intervals:
                    if not _fits(interval, day, taken, 7):
                        findings.add("CH222", line.span, hours=_shown(interval))
                        return
    _check_days(calendar, findings)


def _check_days(calendar: t.Calendar, findings: Findings) -> None:
    seen: dict[date, t.OwnDay] = {}
    for line in calendar.body:
        if not isinstance(line, t.OwnDay):
            continue
        found = dates(line)
        if not found:
            wrong = line.date if _date(line.date) is None or line.last is None else line.last
            findings.add("CH251", wrong.span, date=wrong.text)
        twice = next((day for day in found if day in seen), None)
        if twice is not None:
            findings.add("CH252", line.span, date=twice.isoformat())
        seen.update((day, line) for day in found)
    built = build(calendar.name.text, calendar)
    own = {date.fromisoformat(day.date): day.hours for day in built.days}
    for day, line in seen.items():
        around = {n: own.get(day + timedelta(days=n), built.hours[(day.weekday() + n) % 7]) for n in (-1, 1)}
        taken = {n: list(hours) for n, hours in around.items()}
        for interval in line.intervals:
            if not _fits(interval, 0, taken, None):
                findings.add("CH222", line.span, hours=_shown(interval))
                break


def _fits(interval: tuple[int, int], day: int, taken: dict[int, list[tuple[int, int]]], week: int | None) -> bool:
    """Takes an interval of a day, unless it is empty or too long or overlaps what that day and its neighbours have."""
    start, end = shift(*interval)
    if interval[0] == interval[1] or (end > _MIDNIGHT and end - start >= _LONGEST_SHIFT):
        return False
    for step in (-1, 0, 1):
        other = day + step if week is None else (day + step) % week
        moved = step * _MIDNIGHT
        if any(start < closes + moved and opens + moved < end for opens, closes in taken.get(other, ())):
            return False
    taken.setdefault(day, []).append((start, end))
    return True


def _shown(interval: tuple[int, int]) -> str:
    start, end = interval
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
