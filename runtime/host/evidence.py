"""From the facts of a figure to the entries of the trail that they came from.

A record's fact came from its version's entry, an element's from its last move, a clock's from the last entry about it,
and what a case says of itself from its first entry or from the one that opened or closed it last. Only entries up to a
position count, so that a report which is made again finds those that there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, get_args

from charter.engine.definition import Definition
from charter.engine.entries.clocks import (
    ClockPaused,
    ClockRecounted,
    ClockResumed,
    ClockStarted,
    ClockStopped,
    ThresholdReached,
)
from charter.engine.keys import name_of
from charter.runtime.audit.log import Sealed
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

# So many entries are named one by one; of more, their number and digest tell whether they are the same.
MOST_NAMED = 50
# Kinds of entry by which a case itself begins, ends, or goes on.
_OF_CASE = frozenset({"started", "completed", "cancelled", "reopened", "suspended", "resumed", "migrated"})
_BEGINNING = frozenset({"opened_at", "opened_by"})
_ClockTold = ClockStarted | ClockPaused | ClockResumed | ClockStopped | ThresholdReached | ClockRecounted
_CLOCKS = sorted(kind.kind for kind in get_args(_ClockTold))
_ROWS = "SELECT seq, kind, element FROM entries WHERE \"case\" = ? AND outcome = 'done' AND position <= ? ORDER BY seq"
_VERSIONS = 'SELECT record, seq FROM record_versions WHERE "case" = ? AND seq <= ? ORDER BY number'
_OF_CLOCKS = 'SELECT seq, body FROM entries WHERE "case" = ? AND position <= ? AND kind IN (…) ORDER BY seq'


class _Case:
    """What is known of a case: of each thing in it the entry that it came from last."""

    def __init__(self, connection: Connection, case: str, position: int) -> None:
        self.first = self.last = 0
        self.elements: dict[str, int] = {}
        top = 0
        for seq, kind, element in ask(connection, _ROWS, case, position):
            self.first, top = self.first or seq, seq
            if element is not None:
                self.elements[element] = seq
            elif kind in _OF_CASE:
                self.last = seq
        self.versions: dict[str, int] = dict(ask(connection, _VERSIONS, case, top))
        self.clocks: dict[str, int] | None = None


class Evidence:
    """The entries behind the figures of a report."""

    def __init__(self, connection: Connection, definition: Definition, position: int) -> None:
        self._connection = connection
        self._position = position
        self._records = {record.name for record in definition.records}
        self._clocks = {sla.name for sla in definition.slas}
        self._ledgers = {
            ledger.name: {name.partition(".")[0] for name in (ledger.baseline, *(b.items for b in ledger.bookings))}
            for ledger in definition.ledgers
        }
        self._cases: dict[str, _Case] = {}

    def of(self, facts: Iterable[tuple[str, str]]) -> tuple[list[str], int, str]:
        """Gives the ids of the entries, at most MOST_NAMED; how many there are; and the SHA-256 of all."""
        found = {(case, seq) for case, path in facts for seq in self._entries(case, path)}
        ids = [f"{case}.{seq}" for case, seq in sorted(found)]
        return ids[:MOST_NAMED], len(ids), sha256("\n".join(ids).encode()).hexdigest()

    def _entries(self, case: str, path: str) -> Sequence[int]:
        known = self._cases.get(case)
        if known is None:
            known = self._cases[case] = _Case(self._connection, case, self._position)
        head, _, rest = path.partition(".")
        root = name_of(head)
        if root in self._records:
            return _versions(known, head, root)
        if root in self._ledgers:
            return [seq for record in self._ledgers[root] for seq in _versions(known, record, record)]
        if root in self._clocks:
            return self._of_clock(known, case, head, root)
        if root in known.elements:
            return [known.elements[root]]
        fact = rest if root == "case" else root
        return [seq for seq in ((known.first if fact in _BEGINNING or root == "process" else known.last),) if seq]

    def _of_clock(self, known: _Case, case: str, head: str, root: str) -> list[int]:
        if known.clocks is None:
            rows = ask(self._connection, _OF_CLOCKS, case, self._position, _CLOCKS)
            told = ((Sealed(case, seq, bytes(body)).entry.told, seq) for seq, body in rows)
            known.clocks = {one.sla: seq for one, seq in told if isinstance(one, _ClockTold)}
        if head in known.clocks:
            return [known.clocks[head]]
        return [seq for key, seq in known.clocks.items() if name_of(key) == root]


def _versions(known: _Case, head: str, root: str) -> list[int]:
    if head in known.versions:
        return [known.versions[head]]
    return [seq for key, seq in known.versions.items() if name_of(key) == root]
