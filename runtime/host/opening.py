"""The set of cases, as the chain of the organisation commits to it: each that is opened is an entry there.

In a file it is written in the transaction that opens the case. On a server, where others write to other cases
meanwhile and that chain changes only while nobody does (`store/parts.py`), it is written by whoever next seals the
trail, and before it is sealed. A database that has cases nothing says of says once how many those are, by one hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from charter.engine.commands import SYSTEM
from charter.engine.entries import Entry
from charter.engine.entries.keeping import CaseOpened, CasesCounted
from charter.runtime.audit import log
from charter.runtime.audit.log import Origin
from charter.runtime.store.prepared import ask, driver

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.runtime.store import Store

AT_ONCE = 5_000  # cases that are entered within one transaction


class Case(NamedTuple):
    """A case as it stands: its number, its id, and the bytes of its first entry, None where that is gone."""

    number: int
    case: str
    body: bytes | None

    @property
    def first(self) -> str | None:
        """The SHA-256 of its first entry."""
        return None if self.body is None else sha256(self.body).hexdigest()


_LAST = "SELECT value FROM settings WHERE name = 'cases'"
_CASES = (
    'SELECT c.number, c.id, e.body FROM cases c LEFT JOIN entries e ON e."case" = c.id AND e.seq = 1'
    " WHERE c.number > ? ORDER BY c.number LIMIT ?"
)
_ALL = 1 << 62


def standing(connection: Connection, after: int = 0, most: int = _ALL) -> Iterator[Case]:
    """Gives cases by number, those after one."""
    for number, case, body in driver(connection).execute(_CASES, (after, most)):
        yield Case(number, case, None if body is None else bytes(body))


def line(case: Case) -> bytes:
    """Gives the line of a case in the list that `cases_counted` has the hash of."""
    return f"{case.number} {case.case} {case.first}\n".encode()


def enter(connection: Connection, *, at: int, origin: Origin) -> int:
    """Enters cases that nothing says of yet, so many at once; gives how many; none in a part of the database."""
    if driver(connection).part is not None:
        return 0
    kept = ask(connection, _LAST)
    if not kept:
        return _count(connection, at, origin)
    found = list(standing(connection, int(kept[0][0]), AT_ONCE))
    entries = []
    for case in found:
        fields = json.loads(case.body or b"{}")
        told = CaseOpened(case.number, case.case, fields["process"], fields["definition"], case.first or "")
        entries.append(Entry(told, at, fields["actor"]))
    if entries:
        _write(connection, entries, origin)
    return len(entries)


def _count(connection: Connection, at: int, origin: Origin) -> int:
    """Says how many cases there are, of which nothing has been said."""
    count, last, digest = 0, 0, sha256()
    for case in standing(connection):
        count, last = count + 1, case.number
        digest.update(line(case))
    if count:
        _write(connection, [Entry(CasesCounted(count, last, digest.hexdigest()), at, SYSTEM.person)], origin)
    return count


def _write(connection: Connection, entries: list[Entry], origin: Origin) -> None:
    from charter.runtime.folds.organisation import keep  # whoever only looks need not wait for it

    sealed, kept = log.append(connection, entries, origin)
    keep(connection, kept[-1], sealed[-1].seq)


def enter_all(store: Store, at: int) -> None:
    """Enters all cases that nothing says of yet: on a server, where whoever opens them cannot. `at`: microseconds."""
    with store.read() as connection:
        kept = ask(connection, _LAST)
        last = int(kept[0][0]) if kept else 0
        waits = bool(ask(connection, "SELECT 1 FROM cases WHERE number > ? LIMIT 1", last))
    while waits:
        with store.write() as connection:
            waits = enter(connection, at=at, origin=Origin("seal")) == AT_ONCE


__all__ = ["Case", "enter", "enter_all", "line", "standing"]
