"""The entries of the trail as somebody may read them, chain by chain, in bounded memory.

Reads by key, a thousand entries at a time, so that no database need hold an answer as a whole; all of it is of one
moment, since it is asked in one transaction. The order is that of the chains' ids, within a chain that of its entries.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from charter.runtime.audit.log import Sealed
from charter.runtime.exports.columns import Chain, Row, row
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.definition import Definition

_AT_ONCE = 1_000
_CASE = (
    "SELECT c.number, n.number, c.process, c.status, c.opened_at, c.closed_at, c.opened_by, c.definition, c.parent"
    ' FROM cases c LEFT JOIN case_numbers n ON n."case" = c.id WHERE c.id = ?'
)
_STARTED = 'SELECT body FROM entries WHERE "case" = ? AND seq = 1'


class Trail:
    """What is exported: of `cases`, of `processes`, or everything; `organisation`: with the organisation's chain.

    `connection` shows what its reader may read; `seen` gives an entry as they may read it; `find` the definition of a
    digest.
    """

    def __init__(
        self,
        connection: Connection,
        seen: Callable[[Sealed], Sealed],
        *,
        cases: Sequence[str] = (),
        processes: Sequence[str] = (),
        organisation: bool = True,
        find: Callable[[str], Definition] | None = None,
    ) -> None:
        self.connection = connection
        self.find = find
        self._seen = seen
        wheres: list[str] = []
        self._values: list[Any] = []
        if cases:
            wheres.append('"case" IN (…)')
            self._values.append(list(cases))
        if processes:
            wheres.append('"case" IN (SELECT id FROM cases WHERE process IN (…))')
            self._values.append(list(processes))
        if not organisation:
            wheres.append('"case" <> ?')
            self._values.append(ORGANISATION)
        self._where = " AND ".join(wheres)
        self.withheld = 0

    def count(self) -> int:
        """Counts the entries."""
        where = f" WHERE {self._where}" if self._where else ""
        return int(ask(self.connection, f"SELECT count(*) FROM entries{where}", *self._values)[0][0])

    def has(self, case: str) -> bool:
        """Tells whether a case is among what is exported."""
        where = f" AND {self._where}" if self._where else ""
        return bool(
            ask(self.connection, f'SELECT 1 FROM entries WHERE "case" = ? AND seq = 1{where}', case, *self._values)
        )

    def sealed(self) -> Iterator[Sealed]:
        """Yields the entries as they are stored."""
        where = f" AND {self._where}" if self._where else ""
        query = (
            f'SELECT position, "case", seq, body FROM entries WHERE ("case", seq) > (?, ?){where}'
            f' ORDER BY "case", seq LIMIT {_AT_ONCE}'
        )
        last: tuple[str, int] = ("", 0)
        while found := ask(self.connection, query, *last, *self._values):
            for position, case, seq, body in found:
                yield Sealed(case, seq, bytes(memoryview(body)), position)
            if len(found) < _AT_ONCE:
                return
            last = found[-1][1], found[-1][2]

    def rows(self, among: Container[str] | None = None) -> Iterator[tuple[Chain, Row]]:
        """Yields each entry with its chain; `among`: of these alone."""
        chain = Chain("")
        for sealed in self.sealed():
            if among is not None and sealed.case not in among:
                continue
            if sealed.case != chain.id:
                chain = self.chain(sealed.case)
            read = self._seen(sealed)
            self.withheld += read is not sealed
            yield chain, row(chain, sealed, read)

    def chain(self, case: str) -> Chain:
        """Gives what is known of a chain as a whole."""
        found = ask(self.connection, _CASE, case) if case != ORGANISATION else ()
        if not found:
            return Chain(case)
        serial, number, process, status, opened, closed, by, definition, parent = found[0]
        first = ask(self.connection, _STARTED, case)
        drill = bool(first) and bool(Sealed(case, 1, bytes(memoryview(first[0][0]))).data.get("drill"))
        runs = None if parent is None else parent.split()[0]
        return Chain(case, number or str(serial), process, drill, status, opened, closed, by, definition, runs)
