"""Open work as cards: what it is, how it stands, who holds it and when it is due."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, func, select

from charter.runtime.desk.register import drills, titles
from charter.runtime.store import tables as t


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


def cards(connection: Connection, process: str | None) -> list[Card]:
    """Lists the open work of a process, or of all, the most urgent first."""
    w, c = t.work_items.c, t.cases.c
    # Offered to several roles it has as many rows, and is one piece of work.
    same = (w.case, c.number, w.process, w.node, w.element, w.state, w.due)
    query = select(*same, func.max(w.holder).label("holder")).join(t.cases, c.id == w.case).group_by(*same)
    if process is not None:
        query = query.where(w.process == process)
    rows = connection.execute(query.order_by(func.min(w.rank), c.number, w.node)).all()
    cases = {row.case for row in rows}
    known, practised = titles(connection, cases), drills(connection, cases)
    return [
        Card(
            r.case,
            r.number,
            r.process,
            r.node,
            known[r.case][r.element][0],
            r.state,
            r.holder,
            r.due,
            r.case in practised,
        )
        for r in rows
    ]
