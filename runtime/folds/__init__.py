"""What is kept beside the trail because it follows from it, in one list.

A new fold is a table (`store/tables.py`, and its columns in `store/rows.py`), a function from a stride to its change,
and its row in FOLDS. Kept along, made anew and compared it is from then on; a property test holds that all three agree.
What follows from the chain of the organisation is in `organisation.py`. Outbox, queue, cursors, keys, turns and clock
are no folds but working memory: what is still to be done, what a caller asked before, whose turn was last, how the
clock stood. No entry tells of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charter.engine.entries import Entry
from charter.engine.state import CaseState
from charter.runtime.folds.clocks import CLOCKS
from charter.runtime.folds.fold import Fold, Row, Stride, whole
from charter.runtime.folds.lists import LISTS
from charter.runtime.folds.measures import MEASURES
from charter.runtime.folds.registers import REGISTERS
from charter.runtime.folds.shape import Shape
from charter.runtime.folds.state import CONTENTS, NODES
from charter.runtime.folds.trail import NOTICES, NUMBERS, VERSIONS
from charter.runtime.folds.work import WORK

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.step.transition import Step

# what a case's state is read from, and what follows from it and from the entries
STATE: tuple[Fold, ...] = (NODES, CONTENTS)
FOLLOWING: tuple[Fold, ...] = (WORK, LISTS, CLOCKS, NUMBERS, VERSIONS, NOTICES, MEASURES, *REGISTERS)
FOLDS = (*STATE, *FOLLOWING)
# what stays empty where a process knows neither registers nor other cases
_REFERRING = frozenset(REGISTERS)
# What a case ran before, each up to the number of the entry that began the next.
Earlier = Sequence[tuple[int, Shape]]


def keep(connection: Connection, shape: Shape, before: CaseState, done: Step, first: int) -> None:
    """Brings all folds of a case along with a step, in its transaction; `first` is the number of its first entry."""
    after = done.state
    nodes = [after.nodes[key] for key in done.nodes]
    taken = Stride(after.case, shape, before, after, done.entries, first, nodes)
    for fold in FOLDS:
        if shape.refers or fold not in _REFERRING:
            fold.keep(connection, taken)


def cross(connection: Connection, shape: Shape, before: CaseState, done: Step, first: int) -> None:
    """Brings all folds of a case along with a step that has led it to another definition: of `shape`."""
    renew(connection, shape, done.state)
    taken = Stride(done.state.case, shape, before, done.state, done.entries, first, ())
    for fold in (VERSIONS, NOTICES, *REGISTERS):
        fold.keep(connection, taken)


def rebuild(
    connection: Connection, shape: Shape, state: CaseState, entries: Sequence[Entry], earlier: Earlier = ()
) -> None:
    """Makes all folds of a case anew from its entries and the state that they lead to."""
    taken = whole(state.case, shape, state, entries, earlier)
    for fold in FOLDS:
        fold.rebuild(connection, taken)


def fill(connection: Connection, rows: Mapping[str, Sequence[Row]]) -> None:
    """Writes the rows of new cases, as `rows_of` gives them, a table at a time."""
    for fold in FOLDS:
        if rows.get(fold.table):
            fold.put(connection, rows[fold.table])


def rows_of(shape: Shape, state: CaseState, entries: Sequence[Entry]) -> dict[str, Sequence[Row]]:
    """Gives all rows of a case by their tables."""
    taken = whole(state.case, shape, state, entries)
    return {fold.table: fold.change(taken).come for fold in FOLDS}


def renew(connection: Connection, shape: Shape, state: CaseState) -> None:
    """Writes the rows that follow from a case's state alone anew, in the form that this build gives them."""
    taken = whole(state.case, shape, state, ())
    for fold in (*STATE, WORK, LISTS, CLOCKS, MEASURES):
        fold.rebuild(connection, taken)


def differs(
    connection: Connection,
    shape: Shape,
    state: CaseState,
    entries: Sequence[Entry],
    among: Sequence[Fold] = FOLDS,
    earlier: Earlier = (),
) -> str | None:
    """Names the first table whose rows of a case are not what its entries lead to, None when all are."""
    taken = whole(state.case, shape, state, entries, earlier)
    return next((fold.table for fold in among if fold.differs(connection, taken)), None)


def snapshot(connection: Connection, case: str) -> dict[str, list[list[Any]]]:
    """Gives the rows of a case as they are stored, a table each, to compare with."""
    return {fold.table: fold.rows(connection, case) for fold in FOLDS}
