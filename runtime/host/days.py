"""Public days: the versions that a database knows, which one is in force, and what comes of another one.

A version is known by its digest, which the entries of cases name, so that replaying them needs the database alone.
Cases are brought along when a version is published, and each before its next command at the latest (`caseload.py`).
Knows nothing of where days come from (`runtime/author/public_days.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import plain
from charter.engine.dated import dated
from charter.engine.days import Days, PublicDays, Year, days_digest
from charter.engine.definition import Definition
from charter.engine.entries.organisation import DaysPublished
from charter.engine.refusals import Refusal
from charter.runtime.audit.log import Origin
from charter.runtime.people.organisation import admit, note
from charter.runtime.store.prepared import ask, value

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Version(Struct, frozen=True):
    """A version of public days as it was published."""

    days: PublicDays
    digest: str
    source: str
    at: int
    by: str


def mark(connection: Connection) -> int:
    """Gives a number that grows with each version."""
    return value(connection, "SELECT max(number) FROM public_days") or 0


def versions(connection: Connection, countries: Iterable[str] | None = None) -> list[Version]:
    """Lists the versions of some countries, or all, in the order in which they came."""
    query = "SELECT body, digest, source, at, by FROM public_days{} ORDER BY number"
    if countries is None:
        rows = ask(connection, query.format(""))
    else:
        rows = ask(connection, query.format(" WHERE country IN (…)"), sorted(countries))
    return [Version(plain.from_json(PublicDays, json.loads(body)), *rest) for body, *rest in rows]


def knowing(connection: Connection, definition: Definition) -> Definition:
    """Gives a definition with the public days that its cases may count by."""
    countries = definition.countries()
    if not countries:
        return definition
    return replace(definition, known_days=tuple(version.days for version in versions(connection, countries)))


def present(connection: Connection, definition: Definition) -> Definition:
    """Gives a definition whose calendars keep the public days in force, for what is no case: figures, simulations."""
    return dated(knowing(connection, definition), in_force(connection, definition.countries()))


def in_force(connection: Connection, countries: Iterable[str]) -> Days:
    """Gives the digests of the versions by which cases count now, by country."""
    wanted = sorted(countries)
    if not wanted:
        return ()
    rows = ask(connection, "SELECT country, digest FROM public_days WHERE country IN (…) ORDER BY number", wanted)
    return tuple(sorted({row[0]: row[1] for row in rows}.items()))


def with_year(days: PublicDays, year: Year) -> PublicDays:
    """Gives public days with a year in the place of what they had of it."""
    years = {known.number: known for known in days.years} | {year.number: year}
    return replace(days, years=tuple(years[number] for number in sorted(years)))


def publish(
    connection: Connection, days: PublicDays, *, source: str, by: str, at: int, origin: Origin
) -> tuple[bool, Refusal | None]:
    """Puts a version in force, for stewards; tells whether it is another one than before."""
    refused = admit(connection, by, "calendar", at=at, origin=origin)
    if refused is not None:
        return False, refused
    digest = days_digest(days)
    was = dict(in_force(connection, (days.country,))).get(days.country)
    if was == digest:
        return False, None
    note(connection, DaysPublished(days.country, digest, plain.to_json(days), was, source), by, at=at, origin=origin)
    return True, None
