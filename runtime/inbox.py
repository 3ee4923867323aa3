"""A person's open work: what they hold, what is offered to their roles, and what they may do for somebody else.

Reads the work items by index, never by walking cases. What a person may not do because of their own earlier part in
the case (they voted already, or did what another must check) is left out. Sorted by due date, then by age.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Select, literal_column, select, tuple_, union_all

from ..engine.records import Refusal
from .directory import ANY, Directory
from .refusals import UNKNOWN_PERSON, refusal
from .store import tables as t

_w = t.work_items.c
# SQLite joins at most 500 selects; this many keep well below it.
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One piece of work. `why`: `held`, `offered`, or, with `on_behalf_of`, `stand_in`; times in microseconds."""

    case: str
    number: int
    process: str
    node: str
    element: str
    state: str
    iteration: int
    role: str | None
    why: str
    on_behalf_of: str | None
    assigned: bool
    since: int
    due: int | None
    rank: int

    @property
    def place(self) -> tuple[int, str, str]:
        """Where it stands in the order; give it as `after` to go on behind it."""
        return self.rank, self.case, self.node


def inbox(
    connection: Connection,
    person: str,
    *,
    now: int,
    process: str | None = None,
    limit: int = 50,
    after: tuple[int, str, str] | None = None,
    directory: Directory | None = None,
) -> list[WorkItem] | Refusal:
    """Lists a person's work, at most `limit` items behind the place `after`; refuses an unknown person."""
    directory = directory or Directory()
    known = directory.person(connection, person)
    if known is None or not known.active:
        return refusal(UNKNOWN_PERSON, person=person)
    processes = _processes(connection, known.grants, process)
    lanes: list[tuple[Select[tuple[object, ...]], str, str | None]] = [(_held(person), "held", None)]
    lanes += [(_offered(p, r), "offered", None) for p, r in processes]
    for where in _reach(connection, known.stands_in, process):
        for principal, roles in directory.principals(connection, known, where, now):
            lanes += [(_offered(where, role), "stand_in", principal) for role in roles]
            lanes.append((_held(principal).where(_w.process == where), "stand_in", principal))
    found: dict[tuple[str, str], WorkItem] = {}
    for begin in range(0, len(lanes), _AT_ONCE):
        part = lanes[begin : begin + _AT_ONCE]
        parts = []
        for number, (query, _why, _principal) in enumerate(part):
            query = query.where(~_w.barred.contains(f"|{person}|", autoescape=True))
            if process is not None:
                query = query.where(_w.process == process)
            if after is not None:
                query = query.where(tuple_(_w.rank, _w.case, _w.node) > after)
            one = query.order_by(_w.rank, _w.case, _w.node).limit(limit).subquery()
            parts.append(select(one, literal_column(str(number)).label("lane")))
        for row in connection.execute(union_all(*parts)):
            _query, why, principal = part[row.lane]
            key = (row.case, row.node)
            if key in found:
                continue
            found[key] = WorkItem(
                row.case, 0, row.process, row.node, row.element, row.state, row.iteration, row.role or None, why,
                principal, bool(row.assigned), row.since, row.due, row.rank,
            )  # fmt: skip
    chosen = sorted(found.values(), key=lambda item: item.place)[:limit]
    return _numbered(connection, chosen)


def _held(person: str) -> Select[tuple[object, ...]]:
    return select(t.work_items).where(_w.holder == person)


def _offered(process: str, role: str) -> Select[tuple[object, ...]]:
    return select(t.work_items).where(_w.process == process, _w.role == role, _w.holder.is_(None))


def _processes(
    connection: Connection, grants: Iterable[tuple[str, str]], process: str | None
) -> list[tuple[str, str]]:
    """Turns grants into (process, role) pairs; one for every process is looked up."""
    pairs = {(where, role) for role, where in grants if where != ANY}
    everywhere = [role for role, where in grants if where == ANY]
    if everywhere:
        p = t.process_roles.c
        rows = connection.execute(select(p.process, p.role).where(p.role.in_(everywhere)))
        pairs.update((row.process, row.role) for row in rows)
    return sorted(pair for pair in pairs if process is None or pair[0] == process)


def _reach(connection: Connection, stands_in: Iterable[object], process: str | None) -> list[str]:
    """Lists the processes in which a person may stand in for somebody at all."""
    if not list(stands_in):
        return []
    if process is not None:
        return [process]
    return list(
        connection.execute(select(t.process_roles.c.process).distinct().order_by(t.process_roles.c.process)).scalars()
    )


def _numbered(connection: Connection, items: list[WorkItem]) -> list[WorkItem]:
    ids = {item.case for item in items}
    rows = connection.execute(select(t.cases.c.id, t.cases.c.number).where(t.cases.c.id.in_(ids)))
    numbers: dict[str, int] = dict(map(tuple[str, int], rows))
    return [replace(item, number=numbers[item.case]) for item in items]
