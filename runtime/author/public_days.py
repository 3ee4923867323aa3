"""Years of public days, from a calendar file (iCalendar, RFC 5545) or from the `holidays` library.

Of a file, whole days are read, and what cannot be is told with its line. Work is made up for on a day whose event says
so: as calendars of China mark it (`X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY`), or with 班 in its title. The library is no
part of Charter, and guesses years that nobody has published; whoever takes its days says what they are. Knows no
database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from charter.engine.days import Day, Year
from charter.engine.errors import CharterError
from charter.runtime.author.data import LARGEST, Unreadable
from charter.runtime.author.handed import contents, unreadable

LIBRARY = "holidays"
_MOST_DAYS = 366  # of one event
_YEARS = range(1900, 2200)
_WORK = re.compile(r"班|work(?:ing)?\s*day|make-?up", re.IGNORECASE)


class NoPublicDays(CharterError):
    """The library is not installed, or has no such country or year."""

    code = "CH054"
    exit_code = 4


# -- the library ----------------------------------------------------------------------------------------------


def from_library(country: str, number: int, *, provisional: bool = False) -> Year:
    """Gives a year as the library has it; raises NoPublicDays."""
    try:
        from holidays import country_holidays
    except ImportError:
        raise NoPublicDays("the library is not installed", country=country, year=number) from None
    code, _, part = country.partition("-")
    try:
        found = country_holidays(code, subdiv=part or None, years=number, language=_LANGUAGES.get(code))
    except NotImplementedError:
        raise NoPublicDays("no such country", country=country, year=number) from None
    closed = tuple(Day(day.isoformat(), (), name) for day, name in sorted(found.items()) if day.year == number)
    if not closed:
        raise NoPublicDays("no such year", country=country, year=number)
    made_up = getattr(found, "weekend_workdays", ())
    open_ = tuple(Day(day.isoformat()) for day in sorted(made_up) if day.year == number)
    return Year(number, closed, open_, provisional)


# In which language the names of days are taken, where it is not the country's own by itself.
_LANGUAGES = {"CN": "zh_CN"}


# -- calendar files -------------------------------------------------------------------------------------------

_Line = tuple[int, str, dict[str, str], str]  # number, name, parameters, value


def from_file(path: str, *, provisional: bool = False) -> list[Year]:
    """Gives the years of a calendar file, in order; raises Unreadable, FileNotReadable."""
    try:
        data = contents(path, LARGEST + 1)
    except OSError as cause:
        raise unreadable(path, cause) from None
    try:
        if len(data) > LARGEST:
            raise Unreadable("ics_too_long", 1)
        return _years(data, provisional)
    except Unreadable as error:
        error.arguments["file"] = path
        raise


def _years(data: bytes, provisional: bool) -> list[Year]:
    lines = list(_lines(data))
    if not any((name, value.upper()) == ("BEGIN", "VCALENDAR") for _, name, _, value in lines):
        raise Unreadable("ics_no_calendar", 1)
    days: dict[date, tuple[bool, str | None]] = {}
    for event in _events(lines):
        works, title, dates = _days(event)
        for day in dates:
            # A day on which work is made up for is no holiday, whatever else falls on it.
            if works or day not in days or not days[day][0]:
                days[day] = (works, title)
    if not days:
        raise Unreadable("ics_no_days", 1)
    years: dict[int, tuple[list[Day], list[Day]]] = {}
    for day, (works, title) in sorted(days.items()):
        closed, open_ = years.setdefault(day.year, ([], []))
        (open_ if works else closed).append(Day(day.isoformat(), (), title))
    return [Year(number, tuple(closed), tuple(open_), provisional) for number, (closed, open_) in years.items()]


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _lines(data: bytes) -> Iterator[_Line]:
    """Yields the content lines, those that are folded put together."""
    joined: list[tuple[int, str]] = []
    for number, line in enumerate(re.split("\r\n|\n|\r", _text(data)), 1):
        if line[:1] in (" ", "\t") and joined:
            joined[-1] = (joined[-1][0], joined[-1][1] + line[1:])
        elif line.strip():
            joined.append((number, line))
    for number, line in joined:
        match = re.match(r'([\w-]+)((?:;[\w-]+=(?:"[^"]*"|[^";:])*)*):(.*)', line)
        if match is None:
            raise Unreadable("ics_no_line", number, text=line[:60])
        pairs = (part.partition("=") for part in match[2].split(";")[1:])
        yield number, match[1].upper(), {key.upper(): value.strip('"') for key, _, value in pairs}, match[3].strip()


def _events(lines: list[_Line]) -> Iterator[list[_Line]]:
    event: list[_Line] | None = None
    depth = 0  # what stands in an event, such as an alarm, is none of it
    for line in lines:
        _, name, _, value = line
        if name == "BEGIN" and value.upper() == "VEVENT":
            if event is not None:
                break
            event = [line]
        elif event is None:
            continue
        elif name == "BEGIN":
            depth += 1
        elif name == "END" and value.upper() != "VEVENT":
            depth -= 1
        elif name == "END":
            yield event
            event = None
        elif not depth:
            event.append(line)
    if event is not None:
        raise Unreadable("ics_no_end", event[0][0])


def _days(event: list[_Line]) -> tuple[bool, str | None, list[date]]:
    at = event[0][0]
    fields: dict[str, _Line] = {}
    for line in event[1:]:
        fields.setdefault(line[1], line)
    for name in ("RRULE", "RDATE"):
        if name in fields:
            raise Unreadable("ics_repeats", fields[name][0])
    if "DTSTART" not in fields:
        raise Unreadable("ics_no_start", at)
    if fields.get("STATUS", (0, "", {}, ""))[3].upper() == "CANCELLED":
        return False, None, []
    first = _date(fields["DTSTART"])
    last = first
    if "DTEND" in fields:
        last = max(first, _date(fields["DTEND"]) - timedelta(days=1))
    elif "DURATION" in fields:
        match = re.fullmatch(r"P(?:(\d{1,3})D|(\d{1,2})W)", fields["DURATION"][3])
        if match is None:
            raise Unreadable("ics_no_day", fields["DURATION"][0], text=fields["DURATION"][3][:60])
        last = first + timedelta(days=int(match[1] or 7 * int(match[2] or 0)) - 1)
    if first.year not in _YEARS or not 0 <= (last - first).days < _MOST_DAYS:
        raise Unreadable("ics_no_day", fields["DTSTART"][0], text=fields["DTSTART"][3][:60])
    said = fields["SUMMARY"][3] if "SUMMARY" in fields else ""
    title = re.sub(r"\\([\\;,nN])", lambda m: " " if m[1] in "nN" else m[1], said).strip() or None
    special = fields.get("X-APPLE-SPECIAL-DAY", (0, "", {}, ""))[3].upper()
    works = special == "ALTERNATE-WORKDAY" or (not special and bool(_WORK.search(said)))
    return works, title, [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _date(line: _Line) -> date:
    number, _, _, value = line
    match = re.fullmatch(r"(\d{8})(?:T000000Z?)?", value)
    try:
        if match is not None:
            return datetime.strptime(match[1], "%Y%m%d").date()
    except ValueError:
        pass
    raise Unreadable("ics_no_day", number, text=value[:60])
