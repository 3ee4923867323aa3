"""The register of cases: which there are, where they stand, what is open in each. Reads the rows; decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, desc, func, or_, select

from charter.runtime.clock import iso
from charter.runtime.store import tables as t


class Listed(Struct, frozen=True):
    """One case: its number here, when and by whom it was opened, its open elements, the first due date among them."""

    number: int
    id: str
    process: str
    status: str
    opened_at: int | None
    opened_by: str | None
    closed_at: int | None
    elements: tuple[str, ...]
    due: int | None

    def to_json(self) -> dict[str, Any]:
        """Gives the row as JSON data."""
        return {
            "number": self.number,
            "case": self.id,
            "process": self.process,
            "status": self.status,
            "opened_at": iso(self.opened_at),
            "opened_by": self.opened_by,
            "closed_at": iso(self.closed_at),
            "waiting": list(self.elements),
            "due": iso(self.due),
        }


def listed(
    connection: Connection,
    *,
    process: str | None = None,
    status: str | None = None,
    person: str | None = None,
    limit: int,
) -> list[Listed]:
    """Lists cases, newest first; `person`: opened by them, or with work that they hold."""
    c, w = t.cases.c, t.work_items.c
    query = select(c.number, c.id, c.process, c.status, c.opened_at, c.opened_by, c.closed_at)
    if process:
        query = query.where(c.process == process)
    if status:
        query = query.where(c.status == status)
    if person:
        held = select(w.case).where(w.holder == person)
        query = query.where(or_(c.opened_by == person, c.id.in_(held)))
    rows = connection.execute(query.order_by(desc(c.number)).limit(limit)).all()
    ids = [row.id for row in rows]
    elements: dict[str, list[str]] = {}
    due: dict[str, int | None] = {}
    open_work = select(w.case, w.node, func.min(w.due)).where(w.case.in_(ids)).group_by(w.case, w.node)
    for case, node, at in connection.execute(open_work.order_by(w.case, w.node)):
        elements.setdefault(case, []).append(node)
        if at is not None:
            due[case] = min(at, due.get(case) or at)
    return [Listed(*row, tuple(elements.get(row.id, ())), due.get(row.id)) for row in rows]


def titles(connection: Connection, cases: Iterable[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """Gives each case's elements by name: (title, kind), read off the stored definitions without building them."""
    c, d = t.cases.c, t.definitions.c
    rows = connection.execute(select(c.id, c.definition).where(c.id.in_(set(cases)))).all()
    bodies = connection.execute(select(d.digest, d.body).where(d.digest.in_({row.definition for row in rows})))
    known = {
        digest: {e["name"]: (e["title"], e["kind"]) for e in json.loads(body)["elements"]} for digest, body in bodies
    }
    return {row.id: known[row.definition] for row in rows}


def processes(connection: Connection, cases: Iterable[str]) -> dict[str, str]:
    """Gives the title of each case's process, in the version that the case runs."""
    c, d = t.cases.c, t.definitions.c
    named = select(c.id, d.title).join(t.definitions, c.definition == d.digest)
    rows = connection.execute(named.where(c.id.in_(set(cases))))
    return dict(map(tuple[str, str], rows))


def number_of(connection: Connection, case: str) -> int | None:
    """Gives a case's short number."""
    found: int | None = connection.execute(select(t.cases.c.number).where(t.cases.c.id == case)).scalar()
    return found


def barred(connection: Connection, case: str, node: str) -> set[str]:
    """Names who may not do a piece of open work because of their own part in the case."""
    w = t.work_items.c
    rows = connection.execute(select(w.barred).where(w.case == case, w.node == node)).scalars()
    return {person for row in rows for person in row.split("|") if person}
