"""A definition with the public days by which one of its cases counts.

Its calendars are those of the process with these days in them; all else is the same. Knows no case.
"""

from __future__ import annotations

from msgspec.structs import replace

from charter.engine.days import Calendar, Days, days_digest
from charter.engine.definition import Definition
from charter.engine.plan.program import Program, prepare
from charter.engine.state import CaseState

# So many definitions are kept with their days; one more drops the one that was made first.
_MOST_DATED = 256
_dated: dict[tuple[int, Days], tuple[Definition, Definition]] = {}


def prepared(definition: Definition, state: CaseState) -> Program:
    """Prepares a definition for a case: with the public days by which it counts."""
    return prepare(dated(definition, state.days))


def dated(definition: Definition, days: Days) -> Definition:
    """Gives a definition whose calendars keep these public days; KeyError where it does not know them."""
    if not days and all(c.public is None for c in (definition.calendar, *definition.calendars)):
        return definition
    found = _dated.get((id(definition), days))
    if found is None:
        if len(_dated) >= _MOST_DATED:
            del _dated[next(iter(_dated))]
        known = {days_digest(version): version for version in definition.known_days}
        wanted = {country: known[digest] for country, digest in days}

        def keeping(calendar: Calendar) -> Calendar:
            return replace(calendar, public=wanted.get(calendar.holidays or ""))

        made = replace(
            definition,
            calendar=keeping(definition.calendar),
            calendars=tuple(map(keeping, definition.calendars)),
        )
        # The definition stands beside what was made of it, so that its id cannot come to mean another one.
        found = _dated[id(definition), days] = (definition, made)
    return found[1]
