"""A person's open work: what they hold, what is offered to their roles, and what they may do for somebody else.

Beside it stand the open lists that they are in charge of, which wait for more items or for their end. Reads the rows by
index, never by walking cases. What a person may not do because of an earlier part in the case (they, or whom they stand
in for, voted already, or did what another must check) is left out. Sorted by due date, or by when a service-level clock
about the work is used up where that comes first; then by age.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from charter.engine.personal import whose as named_by
from charter.engine.refusals import Refusal
from charter.runtime.people.directory import ANY, Directory
from charter.runtime.refusals import UNKNOWN_PERSON, refusal
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection


class WorkItem(Struct, frozen=True):
    """One piece of work. `why`: `held`, `offered`, or, with `on_behalf_of`, `stand_in`; times in microseconds.

    `size`: the number of items of an open `for each`, which waits to be added to or closed; None for work.
    """

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
    size: int | None = None

    @property
    def is_list(self) -> bool:
        """Tells whether it is a list that takes more items, and no work."""
        return self.size is not None

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
    lanes: list[tuple[_Lane, tuple[str, ...], str, str | None]] = [(_HELD, (person,), "held", None)]
    lanes += [(_OFFERED, pair, "offered", None) for pair in granted(connection, known.grants, process)]
    for where in _reach(connection, known.stands_in, process):
        for principal, roles in directory.principals(connection, known, where, now):
            lanes += [(_OFFERED, (where, role), "stand_in", principal) for role in roles]
            lanes.append((_HELD_IN, (principal, where), "stand_in", principal))
    found: dict[tuple[str, str], WorkItem] = {}
    for lane, where_in, why, whose in lanes:
        rows = ask(connection, lane[0], *where_in, f"|{person}|", f"|{whose or person}|", *(after or _BEGINNING), limit)
        rows += ask(connection, lane[1], *where_in, *(after or _BEGINNING), limit)
        for case, node, role, at, element, state, iteration, assigned, since, due, rank, size in rows:
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
                    role if role and named_by(role) is None else None,
                    "offered" if why == "held" and role else why,
                    whose,
                    bool(assigned),
                    since,
                    due,
                    rank,
                    size,
                )
    return _numbered(connection, sorted(found.values(), key=lambda item: item.place)[:limit])


_BEGINNING = (-1, "", "")


_Lane = tuple[str, str]  # the statements for work, and for open lists


def _lane(where: str) -> _Lane:
    # LIKE would not tell `Li` from `li` on every database.
    work = (
        "SELECT case_, node, role, process, element, state, iteration, assigned, since, due, rank, NULL FROM work_items"
        f" WHERE {where} AND replace(barred, ?, '') = barred AND replace(barred, ?, '') = barred"
        " AND (rank, case_, node) > (?, ?, ?)"
    )
    lists = (
        "SELECT case_, node, role, process, element, 'active', iteration, 0, since, due, rank, size FROM open_lists"
        f" WHERE {where} AND (rank, case_, node) > (?, ?, ?)"
    )
    order = " ORDER BY rank, case_, node LIMIT ?"
    return (work + order).replace("case_", '"case"'), (lists + order).replace("case_", '"case"')


_HELD = _lane("holder = ?")
_HELD_IN = _lane("holder = ? AND process = ?")
_OFFERED = _lane("process = ? AND role = ? AND holder IS NULL")


def granted(connection: Connection, grants: Iterable[tuple[str, str]], process: str | None) -> list[tuple[str, str]]:
    """Gives the (process, role) pairs of grants, all or of one process; a grant for every process is looked up."""
    pairs = {(where, role) for role, where in grants if where != ANY}
    everywhere = [role for role, where in grants if where == ANY]
    if everywhere:
        pairs.update(ask(connection, "SELECT process, role FROM process_roles WHERE role IN (…)", everywhere))
    return sorted(pair for pair in pairs if process is None or pair[0] == process)


def _reach(connection: Connection, stands_in: Iterable[object], process: str | None) -> list[str]:
    """Lists the processes in which a person may stand in for somebody at all."""
    if not list(stands_in):
        return []
    return processes(connection) if process is None else [process]


def processes(connection: Connection) -> list[str]:
    """Lists the processes that have roles."""
    return [row[0] for row in ask(connection, "SELECT DISTINCT process FROM process_roles ORDER BY process")]


def _numbered(connection: Connection, items: list[WorkItem]) -> list[WorkItem]:
    numbers = dict(ask(connection, "SELECT id, number FROM cases WHERE id IN (…)", {item.case for item in items}))
    return [replace(item, number=numbers[item.case]) for item in items]
