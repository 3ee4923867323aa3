"""What a fold is: rows that follow from what happened to a case, kept beside it so that nobody need work them out.

A fold says one thing: which rows come and which go between two states of a case, given the entries between them. From
that, all else is made here and once: `keep` brings the rows along with each step, in its transaction; `rebuild` makes
them anew from the beginning of the case to its end in one stride; `differs` says whether they are what that stride
gives. Invariant, and a property test: many small strides and one long one lead to the same rows. Knows no fold in
particular, and no case's own row (`runtime/host/casefile.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from charter.engine.entries import Entry
from charter.engine.state import NEW, CaseState, Node
from charter.engine.values import canonical
from charter.runtime.folds.shape import Shape
from charter.runtime.store.prepared import ask, do, do_each, equal, named, upsert
from charter.runtime.store.rows import ROWS, Rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

Row = tuple[Any, ...]


class Stride(NamedTuple):
    """What happened to a case between two of its states; `first` is the number of `entries[0]` in its chain.

    `nodes`: those that may be new or other than before, the new ones in the order in which they came. `earlier`: what
    the case ran before `shape`, each up to the number of the entry that began the next.
    """

    case: str
    shape: Shape
    before: CaseState
    after: CaseState
    entries: Sequence[Entry]
    first: int
    nodes: Sequence[Node]
    earlier: Sequence[tuple[int, Shape]] = ()

    def shape_of(self, seq: int) -> Shape:
        """Gives the shape by which an entry is to be read: of the definition that the case ran then."""
        return next((shape for until, shape in self.earlier if seq < until), self.shape)


def whole(
    case: str,
    shape: Shape,
    state: CaseState,
    entries: Sequence[Entry],
    earlier: Sequence[tuple[int, Shape]] = (),
) -> Stride:
    """Gives the one stride from the beginning of a case to its present state."""
    return Stride(case, shape, NEW, state, entries, 1, list(state.nodes.values()), earlier)


class Change(NamedTuple):
    """Keys of rows that go, and whole rows that come, perhaps in the place of one of the same key."""

    gone: Sequence[Row] = ()
    come: Sequence[Row] = ()


NOTHING = Change()


def difference(was: Sequence[Row], now: Sequence[Row], key: int) -> Change:
    """Says what of a node's rows goes and comes; the first `key` columns of a row are its key."""
    if was == now:
        return NOTHING
    there = {row[:key] for row in now}
    return Change([row[:key] for row in was if row[:key] not in there], now)


class Fold:
    """One table whose rows follow from a case; their key begins with `case`.

    `change` says what a stride changes. `steady`: columns that a row keeps from when it came. `unordered`: the list in
    a body whose order says nothing.
    """

    __slots__ = ("_body", "_clear", "_drop", "_put", "_read", "_unordered", "change", "table")

    def __init__(
        self,
        table: str | Rows,
        change: Callable[[Stride], Change],
        *,
        steady: Sequence[str] = (),
        unordered: str | None = None,
    ) -> None:
        rows = ROWS[table] if isinstance(table, str) else table
        self.table, key, names = rows
        assert key[0] == "case", rows
        self.change = change
        self._unordered = unordered
        self._body = names.index("body") if "body" in names else None
        self._put = upsert(self.table, key, names, [n for n in names if n not in (*key, *steady)])
        self._drop = f"DELETE FROM {self.table} WHERE {equal(key)}"
        self._clear = f'DELETE FROM {self.table} WHERE "case" = ?'
        self._read = f'SELECT {named(names)} FROM {self.table} WHERE "case" = ?'

    def keep(self, connection: Connection, stride: Stride) -> None:
        """Brings the rows from one state of a case to another, in the transaction of what happened."""
        gone, come = self.change(stride)
        if gone:
            do_each(connection, self._drop, gone)
        if come:
            self.put(connection, come)

    def put(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Writes whole rows."""
        do_each(connection, self._put, rows)

    def rebuild(self, connection: Connection, whole: Stride) -> None:
        """Makes a case's rows anew; `whole` goes from its beginning to its present state."""
        do(connection, self._clear, whole.case)
        self.keep(connection, whole)

    def differs(self, connection: Connection, whole: Stride) -> bool:
        """Tells whether a case's rows are other than what follows from all that happened."""
        come = self.change(whole).come
        there = ask(connection, self._read, whole.case)
        if len(there) == len(come) and set(there) == set(come):  # text by text, as nearly always
            return False
        expected = sorted(map(self._told, come))
        try:
            return sorted(map(self._told, there)) != expected
        except ValueError:  # a body that Charter did not write
            return True

    def rows(self, connection: Connection, case: str) -> list[list[Any]]:
        """Gives a case's rows as they are stored, by key, each body as what it says."""
        return sorted(map(self._told, ask(connection, self._read, case)))

    def _told(self, row: Row) -> list[Any]:
        # One content has several texts: a trail is kept in the canonical one, a state as it was handed over.
        told = list(row)
        if self._body is not None:
            said = json.loads(row[self._body])
            if self._unordered is not None and self._unordered in said:
                said[self._unordered].sort()
            told[self._body] = canonical(said)
        return told
