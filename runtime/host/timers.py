"""Whatever time itself makes happen in cases: a case's own row says when it wants to be woken; there is no other timer.

What is due is taken in batches: many cases a transaction, each for itself, and of each a few ticks a turn, so that one
which has much to make up holds up no other. A batch writes beside whoever writes to other cases; what would touch more
(`parts.Beyond`) is done after it, over the whole database. Invariants: what is due is read in the transaction that
makes it happen, so of several hosts one only does it; a case that fails, or that never comes to rest, is an incident
(`outbox.WAKE`), and is left alone while it is one. Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from charter.engine.hosting import MOST_TICKS, let_pass
from charter.runtime.host import outbox
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.transaction import InTransaction
from charter.runtime.store import Store
from charter.runtime.store.errors import ENVIRONMENT
from charter.runtime.store.parts import Shards, in_shards, part_of
from charter.runtime.store.prepared import ask, value
from charter.runtime.store.sql import Sql, joined

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Before every case: where a walk over what is due begins.
BEGINNING = (-(2**62), "")
_WANTS = Sql(f"c.wake IS NOT NULL AND NOT {outbox.STUCK}")
# A batch holds the lock that people wait for: so many cases, or so many seconds of them, and of each so many ticks.
_CASES, _SECONDS, _TURN = 100, 0.1, 20


def due(
    connection: Connection,
    until: int,
    after: tuple[int, str] = BEGINNING,
    limit: int = _CASES,
    *,
    shards: Shards = None,
    among: Sequence[str] | None = None,
) -> list[tuple[int, str]]:
    """Lists (wake, case) of the cases that want a tick at or before an instant, the longest overdue first.

    `after`: the last one seen, so that a case which stays due does not hold up the others. `shards`, `among`: of these
    cases alone.
    """
    parts = [_WANTS, Sql("c.wake <= ? AND (c.wake, c.id) > (?, ?)", (until, *after)), in_shards("c.id", shards)]
    if among is not None:
        parts.append(Sql("c.id IN (…)", (list(among),)))
    wanted = joined("AND", parts)
    query = f"SELECT c.wake, c.id FROM cases c WHERE {wanted.text} ORDER BY c.wake, c.id LIMIT ?"
    return [(row[0], row[1]) for row in ask(connection, query, *wanted.values, limit)]


def earliest(connection: Connection, shards: Shards = None) -> int | None:
    """Gives the instant at which the first case wants to be woken."""
    wanted = joined("AND", (_WANTS, in_shards("c.id", shards)))
    query = (
        f"SELECT c.wake FROM cases c WHERE {wanted.text} ORDER BY c.wake LIMIT 1"  # read off the index, unlike `min`
    )
    found: int | None = value(connection, query, *wanted.values)
    return found


class Batch(Struct, frozen=True):
    """What a batch came to: `ticks`, and the cases in which nothing could happen, each with what was raised.

    `left`: how many cases have something due that this batch did not come to.
    """

    ticks: int = 0
    stuck: tuple[tuple[str, Exception], ...] = ()
    left: int = 0


class NeverRests(outbox.Told):
    """A case is due again as soon as it has been ticked, and its time does not go on."""

    def __str__(self) -> str:
        return "what is due here is due again at the same instant, and never comes to an end"


class Timers:
    """A walk over the cases that have something due; it begins anew where it has come to their end.

    `shards`: those whose cases it walks over.
    """

    shards: Shards = None

    def __init__(self, store: Store, caseload: Caseload) -> None:
        self._store = store
        self._caseload = caseload
        self._after = BEGINNING
        self._standing: dict[str, tuple[int, int]] = {}  # of a case: how far its time has come, and the ticks since

    def walk(self, shards: Shards) -> None:
        """Has the walk be over the cases of some shards; where these are others than before, it begins anew."""
        if shards != self.shards:
            self.shards, self._after = shards, BEGINNING

    def batch(self, until: int) -> Batch | None:
        """Makes the next cases have what is due by an instant; None where there is no other that has."""
        with self._store.read() as connection:  # nobody is kept from writing for nothing
            found = due(connection, until, self._after, shards=self.shards) or due(
                connection, until, shards=self.shards
            )
        if not found:
            return None
        end = time.monotonic() + _SECONDS
        cases = [case for _, case in found]
        with self._store.write(part=part_of(cases)) as connection:
            ticks, stuck, beyond = self._go(connection, until, cases, end)
        if beyond:
            with self._store.write() as connection:
                more, others, _ = self._go(connection, until, beyond, end)
            ticks, stuck = ticks + more, [*stuck, *others]
        if len(found) < _CASES and time.monotonic() <= end:
            self._after = BEGINNING  # all were come to: what has come due before them since is not to wait
        return Batch(ticks, tuple(stuck))

    def _go(
        self, connection: Connection, until: int, cases: Sequence[str], end: float
    ) -> tuple[int, list[tuple[str, Exception]], list[str]]:
        """Gives those of some cases that are still due some ticks: how many, what failed, and what needs the whole."""
        ticks = 0
        stuck: list[tuple[str, Exception]] = []
        beyond: list[str] = []
        for wake, case in due(connection, until, among=cases):
            self._after = (wake, case)
            try:
                with self._store.part(connection):
                    came, rests = self._turn(connection, case, until)
                ticks += came
                if not rests:
                    raise NeverRests
            except ENVIRONMENT:
                raise
            except Exception as cause:
                if self._store.is_beyond(cause):
                    beyond.append(case)
                    continue
                stuck.append((case, cause))
                self._standing.pop(case, None)
                outbox.post_stuck(connection, case, outbox.line(cause), self._caseload.clock())
            if time.monotonic() > end:
                break
        return ticks, stuck, beyond

    def those(self, cases: Sequence[str], until: int) -> Batch:
        """Makes these cases have all that is due by an instant, whether they are incidents or not."""
        ticks = left = 0
        stuck: list[tuple[str, Exception]] = []
        for case in cases:
            try:
                while True:
                    came, rests = self._store.within((case,), partial(self._turn, case=case, until=until))
                    ticks += came
                    if came < _TURN or not rests:
                        left += not rests
                        break
            except ENVIRONMENT:
                raise
            except Exception as cause:
                stuck.append((case, cause))
        return Batch(ticks, tuple(stuck), left)

    def _turn(self, connection: Connection, case: str, until: int) -> tuple[int, bool]:
        """Gives a case some of its ticks: how many it took, and whether its time goes on.

        It does not where a tick changed nothing, or `MOST_TICKS` of them came to one instant.
        """
        host = InTransaction(self._caseload, connection)
        came = let_pass(host, case, until, _TURN)
        found = host.find(case)
        wake = None if found is None else found[1].wake
        if wake is None or wake > until:
            self._standing.pop(case, None)
            return came, True
        furthest, since = self._standing.get(case, (wake, 0))
        since = came if wake > furthest else since + came
        self._standing[case] = (max(wake, furthest), since)
        return came, came == _TURN and since < MOST_TICKS
