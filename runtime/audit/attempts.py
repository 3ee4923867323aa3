"""How many refused attempts are entered: each, as long as they are not so many that nobody could read them.

Whoever sends what is refused over and over must not be able to fill the trail. Of a person, and of all together, so
many are entered within an hour; then the trail says so once, and until the hour is over the rest are refused and not
entered. It rests on the entries alone: nothing else counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from charter.engine.entries import Entry
from charter.engine.entries.keeping import RefusalsUnentered
from charter.runtime import clock
from charter.runtime.audit import log
from charter.runtime.audit.log import Origin
from charter.runtime.store.parts import claim
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST, MOST_OF_ALL = 1_000, 10_000
HOUR = 3_600_000_000  # microseconds

_QUERY = "SELECT actor, count(*) FROM entries WHERE outcome = 'refused' AND at > ? GROUP BY actor"


def too_many(connection: Connection, person: str, at: int, origin: Origin) -> bool:
    """Tells whether a refused attempt of a person is one too many to be entered; the first that is, is told of."""
    found = bounded(connection, person, at)
    if not isinstance(found, bool):
        claim(connection)
        log.append(connection, [Entry(found, at, person)], origin)
    return bool(found)


def bounded(connection: Connection, person: str, at: int) -> RefusalsUnentered | bool:
    """Tells whether a refused attempt of a person is one too many; for the first, gives what is entered in its place,
    which counts as one of that person: so there is one of these an hour.

    What stands ahead of the clock (entries of a clock that was ahead) counts as well.
    """
    found = dict[str, int](map(tuple, ask(connection, _QUERY, at - HOUR)))
    for who, count, most in ((person, found.get(person, 0), MOST), (None, sum(found.values()), MOST_OF_ALL)):
        if count >= most:
            return count > most or RefusalsUnentered(who, most, clock.text(at + HOUR))
    return False


__all__ = ["bounded", "too_many"]
