"""A definition with the public days by which one of its cases counts.

Its calendars are those of the process with these days in them; all else is the same. Knows no case.
"""

from __future__ import annotations

from msgspec.structs import replace

from charter.engine.days import Calendar, Days, days_digest
from charter.engine.definition import Definition
from charter.engine.once import once
from charter.engine.plan.program import Program, prepare
from charter.engine.state import CaseState


def prepared(definition: Definition, state: CaseState) -> Program:
    """Prepares a definition for a case: with the public days by which it counts."""
    return prepare(dated(definition, state.days))


def dated(definition: Definition, days: Days) -> Definition:
    """Gives a definition whose calendars keep these public days; KeyError where it does not know them."""
    if not days and all(c.public is None for c in (definition.calendar, *definition.calendars)):
        return definition
    return _made(definition, days)


def counted_by(definition: Definition) -> Days:
    """Gives the public days that a definition's calendars keep; none where they only say whose they would."""
    calendars = (definition.calendar, *definition.calendars)
    return tuple(
        sorted({(c.holidays, days_digest(c.public)) for c in calendars if c.holidays and c.public is not None})
    )


@once(256)
def _made(definition: Definition, days: Days) -> Definition:
    known = {days_digest(version): version for version in definition.known_days}
    wanted = {country: known[digest] for country, digest in days}

    def keeping(calendar: Calendar) -> Calendar:
        return replace(calendar, public=wanted.get(calendar.holidays or ""))

    return replace(
        definition, calendar=keeping(definition.calendar), calendars=tuple(map(keeping, definition.calendars))
    )
