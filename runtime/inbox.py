"""A person's open work: what they hold, what is offered to their roles, and what they may do for somebody else.

Reads the work items by index, never by walking cases. What a person may not do because of their own earlier part in
the case (they voted already, or did what another must check) is left out. Sorted by due date, then by age.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, literal_column, select, tuple_

from charter.engine.refusals import Refusal
from charter.runtime.directory import ANY, Directory
from charter.runtime.refusals import UNKNOWN_PERSON, refusal
from charter.runtime.store import tables as t
from charter.runtime.store.prepared import Prepared

_w = t.work_items.c


class WorkItem(Struct, frozen=True):
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
    # A lane is one index range that comes in the inbox's order: (statement, its parameters, why, on behalf of whom).
    lanes: list[tuple[Prepared, tuple[str, ...], str, str | None]] = [(_HELD, (person,), "held", None)]
    lanes += [(_OFFERED, pair, "offered", None) for pair in granted(connection, known.grants, process)]
    for where in _reach(connection, known.stands_in, process):
        for principal, roles in directory.principals(connection, known, where, now):
            lanes += [(_OFFERED, (where, role), "stand_in", principal) for role in roles]
            lanes.append((_HELD_IN, (principal, where), "stand_in", principal))
    found: dict[tuple[str, str], WorkItem] = {}
    for statement, lane, why, whose in lanes:
        for row in statement.run(connection, *lane, f"|{person}|", *(after or _BEGINNING), limit).fetchall():
            case, node, role, at, element, state, iteration, assigned, since, due, rank = row
            # Work offered through several roles is one piece of work; one's own right comes before another's.
            if (case, node) not in found and (process is None or at == process):
                found[case, node] = WorkItem(
                    case,
                    0,
                    at,
                    node,
                    element,
                    state,
                    iteration,
                    role or None,
                    why,
                    whose,
                    bool(assigned),
                    since,
                    due,
                    rank,
                )
    return _numbered(connection, sorted(found.values(), key=lambda item: item.place)[:limit])


def _lane(*where: ColumnElement[bool]) -> Select[Any]:
    return (
        select(
            _w.case,
            _w.node,
            _w.role,
            _w.process,
            _w.element,
            _w.state,
            _w.iteration,
            _w.assigned,
            _w.since,
            _w.due,
            _w.rank,
        )
        .where(*where)
        # LIKE would not tell `Li` from `li` on every database.
        .where(func.replace(_w.barred, bindparam("who"), literal_column("''")) == _w.barred)
        .where(tuple_(_w.rank, _w.case, _w.node) > tuple_(*(bindparam(n) for n in ("rank", "case", "node"))))
        .order_by(_w.rank, _w.case, _w.node)
        .limit(bindparam("most"))
    )


_REST = ("who", "rank", "case", "node", "most")
_BEGINNING = (-1, "", "")
_HELD = Prepared(_lane(_w.holder == bindparam("holder")), "holder", *_REST)
_HELD_IN = Prepared(
    _lane(_w.holder == bindparam("holder"), _w.process == bindparam("process")), "holder", "process", *_REST
)
_OFFERED = Prepared(
    _lane(_w.process == bindparam("process"), _w.role == bindparam("role"), _w.holder.is_(None)),
    "process",
    "role",
    *_REST,
)


def granted(connection: Connection, grants: Iterable[tuple[str, str]], process: str | None) -> list[tuple[str, str]]:
    """Gives the (process, role) pairs of grants, all or of one process; a grant for every process is looked up."""
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
