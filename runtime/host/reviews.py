"""The reviews of registers that are due: told once for each version of an entry, with the case that is opened for it.

What is told stands in the organisation's chain, and what comes of it in the same transaction: once, however many
workers there are. Which entries wait is asked of an index, as long as nothing is due once a minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from charter.engine import reviews
from charter.engine.commands import SYSTEM
from charter.engine.registers import Row
from charter.engine.reviews import Reviewed
from charter.runtime import clock
from charter.runtime.host.caseload import DEPLOYED, Caseload
from charter.runtime.host.transaction import InTransaction
from charter.runtime.people.organisation import note
from charter.runtime.store import Store
from charter.runtime.store.errors import ENVIRONMENT
from charter.runtime.store.prepared import ask, column

if TYPE_CHECKING:
    from sqlalchemy import Connection

_BATCH = 20  # reviews that are told in one transaction
_LOOK = 60_000_000  # microseconds between two looks
# The newest versions of a register's entries that have not been told, the oldest first.
_WAITING = (
    'SELECT e."key", e.version, e.digest, e.body, e.at FROM register_entries e'
    " WHERE e.register = ? AND e.body <> 'null' AND NOT EXISTS (SELECT 1 FROM register_entries n"
    ' WHERE n.register = e.register AND n."key" = e."key" AND n.version > e.version)'
    " AND NOT EXISTS (SELECT 1 FROM register_reviews r"
    ' WHERE r.register = e.register AND r."key" = e."key" AND r.version = e.version)'
    ' ORDER BY e.at, e."key" LIMIT ?'
)


class Reviews:
    """See the module's text. `failed`: entries whose review could not be told, by register, key and version."""

    def __init__(self, store: Store, caseload: Caseload) -> None:
        self._store = store
        self._caseload = caseload
        self._looked: int | None = None
        self._first: int | None = None
        self.failed: set[tuple[str, str, int]] = set()

    def earliest(self, connection: Connection, now: int) -> int | None:
        """Gives when the next review is due, as the latest look has it; None where none is."""
        stale = self._looked is None or not self._looked <= now < self._looked + _LOOK
        if stale or (self._first is not None and self._first <= now):
            self._looked, self._first = now, self.first(connection)
        return self._first

    def first(self, connection: Connection) -> int | None:
        """Gives when the next review is due."""
        return min((due for due, _, _ in self._waiting(connection)), default=None)

    def turn(self, now: int) -> int:
        """Tells of reviews that are due, the earliest first; says how many these are."""
        done = 0
        with self._store.write() as connection:
            waiting = [each for each in self._waiting(connection) if each[0] <= now]
            for due, one, row in sorted(waiting, key=lambda w: (w[0], w[1].register.name, w[2].key))[:_BATCH]:
                done += self._part(connection, one, row, due, now)
        self._looked = None
        return done

    def _waiting(self, connection: Connection) -> Iterator[tuple[int, Reviewed, Row]]:
        """Yields what is due next of each register, a batch of each."""
        names = column(connection, DEPLOYED)
        definitions = (self._caseload.latest(connection, name).definition for name in names)
        for register, one in reviews.reviewed(definitions).items():
            for key, version, digest, body, at in ask(connection, _WAITING, register, _BATCH + len(self.failed)):
                due = one.due(at)
                if due is not None and (register, key, version) not in self.failed:
                    yield due, one, Row(key, version, digest, json.loads(body), at)

    def _part(self, connection: Connection, one: Reviewed, row: Row, due: int, now: int) -> int:
        """Tells of one; where that fails it stops no other, and is let be until the next start."""
        try:
            with self._store.part(connection):
                host = InTransaction(self._caseload, connection)
                told = reviews.apply(host, one, row, due, now, clock.text(due))
                note(connection, told, SYSTEM.person, at=now, origin=self._caseload.origin)
                return 1
        except ENVIRONMENT:
            raise
        except Exception:
            self.failed.add((one.register.name, row.key, row.version))
            return 0
