"""Open work as cards: what it is, how it stands, who holds it and when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from charter.runtime.desk.register import drills, titles
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Card(Struct, frozen=True):
    """One piece of open work."""

    case: str
    number: int
    process: str
    node: str
    title: str
    state: str
    holder: str | None
    due: int | None
    drill: bool


# Offered to several roles, work has as many rows, and is one piece.
_SAME = 'w."case", c.number, w.process, w.node, w.element, w.state, w.due'
_CARDS = (
    f'SELECT {_SAME}, max(w.holder) FROM work_items w JOIN cases c ON c.id = w."case" {{}}GROUP BY {_SAME}'
    " ORDER BY min(w.rank), c.number, w.node"
)


def cards(connection: Connection, process: str | None) -> list[Card]:
    """Lists the open work of a process, or of all, the most urgent first."""
    query, wanted = (_CARDS.format(""), ()) if process is None else (_CARDS.format("WHERE w.process = ? "), (process,))
    rows = ask(connection, query, *wanted)
    cases = {case for case, *_ in rows}
    known, practised = titles(connection, cases), drills(connection, cases)
    return [
        Card(case, number, of, node, known[case][element][0], state, holder, due, case in practised)
        for case, number, of, node, element, state, due, holder in rows
    ]
