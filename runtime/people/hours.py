"""The hours of people: their own, or those of a calendar that the organisation keeps by a name.

They say when somebody works, and nothing of when work is due: an agreed date counts by the calendar of its element,
whoever takes the work on. So they serve who plans, looks or is chosen, and no case depends on them. Lines are those of
a `calendar` in a process file. Reading a person's authority is in `directory.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.days import Calendar
    from charter.engine.entries.organisation import CalendarDefined, HoursGiven

# Whoever has no hours of their own need not wait in their inbox until calendars are loaded.
_CALENDAR, _HOURS = "calendar:", "hours:"  # how their settings begin


class Hours(Struct, frozen=True):
    """Hours as they were given: the `lines` and what they come to; `calendar`: the name under which they are kept."""

    lines: tuple[str, ...] = ()
    body: Calendar | None = None
    calendar: str | None = None


def data(hours: Hours) -> dict[str, Any]:
    """Gives hours as JSON data, without what they come to."""
    return {"lines": list(hours.lines), "calendar": hours.calendar}


def setting_of_calendar(name: str) -> str:
    return _CALENDAR + name


def setting_of(person: str) -> str:
    return _HOURS + person


def kept(lines: Iterable[str], body: Mapping[str, Any] | None, calendar: str | None) -> str:
    """Gives hours as they are stored."""
    return json.dumps({"lines": list(lines), "body": body, "calendar": calendar}, ensure_ascii=False, sort_keys=True)


def _read(text: str) -> Hours:
    from charter.engine import plain
    from charter.engine.days import Calendar

    data = json.loads(text)
    body = None if data["body"] is None else plain.from_json(Calendar, data["body"])
    return Hours(tuple(data["lines"]), body, data["calendar"])


def named(connection: Connection) -> dict[str, Hours]:
    """Gives the calendars that the organisation keeps, by name."""
    rows = ask(connection, "SELECT name, value FROM settings WHERE name LIKE 'calendar:%' ORDER BY name")
    return {name.removeprefix(_CALENDAR): _read(value) for name, value in rows}


def given(connection: Connection, persons: Iterable[str]) -> dict[str, Hours]:
    """Gives the hours of those people who have any, as they were given."""
    wanted = [setting_of(person) for person in persons]
    rows = ask(connection, "SELECT name, value FROM settings WHERE name IN (…)", wanted) if wanted else []
    return {name.removeprefix(_HOURS): _read(value) for name, value in rows if value != "null"}


def calendars_of(connection: Connection, persons: Iterable[str]) -> dict[str, Calendar]:
    """Gives the calendars by which people work, with the public days in force; of those who have hours."""
    found = given(connection, persons)
    if not found:
        return {}
    by_name = named(connection) if any(hours.calendar for hours in found.values()) else {}
    bodies = {
        person: by_name[hours.calendar].body if hours.calendar in by_name else hours.body
        for person, hours in found.items()
    }
    return {person: _dated(connection, body) for person, body in bodies.items() if body is not None}


def left(calendar: Calendar, at: int, until: int) -> int | None:
    """Gives how long somebody works between two instants, in microseconds; None where that is too far to count."""
    from charter.engine.calendars import worked

    try:
        return worked(calendar, at, until)
    except OverflowError:
        return None


# -- changing -------------------------------------------------------------------------------------------------


def given_to(connection: Connection, person: str, lines: Sequence[str]) -> HoursGiven | None:
    """Gives the entry of hours for a person: lines, the name of a calendar, or nothing; None where nothing changes."""
    from charter.engine.entries.organisation import HoursGiven

    was, known = given(connection, [person]).get(person), named(connection)
    calendar = lines[0] if len(lines) == 1 and lines[0] in known else None
    own = tuple(lines) if lines and calendar is None else None
    body = None if own is None else _body(person, own, known)
    if (own, calendar) == ((was.lines or None, was.calendar) if was is not None else (None, None)):
        return None
    return HoursGiven(person, own, body, calendar, None if was is None else data(was))


def defined(connection: Connection, name: str, lines: Sequence[str]) -> CalendarDefined | None:
    """Gives the entry of a calendar that is kept by a name; None where it is the same as before."""
    from charter.engine.entries.organisation import CalendarDefined

    was, body = named(connection).get(name), _body(name, lines)
    if was is not None and was.lines == tuple(lines):
        return None
    return CalendarDefined(name, tuple(lines), body, None if was is None else data(was))


def _body(of: str, lines: Sequence[str], known: Iterable[str] = ()) -> dict[str, Any]:
    """Gives what lines come to, as an entry keeps it; raises BadPerson."""
    from charter.engine import plain
    from charter.runtime.author import own_hours
    from charter.runtime.people.files import BadPerson

    found = own_hours.read(lines)
    if isinstance(found, own_hours.Wrong):
        raise BadPerson(
            "person_hours",
            person=of,
            field="hours",
            written=found.line,
            wrong=found.code,
            calendars=", ".join(known) or "-",
        )
    body: dict[str, Any] = plain.to_json(found)
    return body


def _dated(connection: Connection, calendar: Calendar) -> Calendar:
    if calendar.holidays is None:
        return calendar
    from charter.engine import plain
    from charter.engine.days import PublicDays

    query = "SELECT body FROM public_days WHERE country = ? ORDER BY number DESC LIMIT 1"
    rows = ask(connection, query, calendar.holidays)
    public = plain.from_json(PublicDays, json.loads(rows[0][0])) if rows else None
    return replace(calendar, public=public)
