"""What a person should know beside their work: outcomes that they are informed of, missed dates, escalations, failures.

Read from the trail and from who holds which role now, so that nothing is kept twice and nobody is forgotten. Knows the
newest WINDOW of the trail only, and sends nothing. Invariant: what is told here is told by an entry.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from msgspec import Struct
from sqlalchemy import Connection, select

from charter.engine.definition import Definition, Element
from charter.engine.refusals import Refusal
from charter.runtime.directory import Directory
from charter.runtime.inbox import granted
from charter.runtime.refusals import UNKNOWN_PERSON, refusal
from charter.runtime.store import tables as t

WINDOW = 30 * 86_400_000_000  # microseconds
_OUTCOMES = frozenset({"completed", "granted", "rejected"})
_KINDS = _OUTCOMES | {"overdue", "escalated", "failed"}
_r, _c = t.entries.c, t.cases.c


class Notice(Struct, frozen=True):
    """An entry that a person should know of, and the role by which they should; `at` as in entries."""

    position: int
    case: str
    number: int
    process: str
    element: str
    title: str
    kind: str
    role: str
    by: str
    at: str
    reason: str | None


def notices(
    connection: Connection,
    person: str,
    definition: Callable[[str], Definition],
    *,
    now: int,
    process: str | None = None,
    limit: int = 50,
) -> list[Notice] | Refusal:
    """Lists a person's notices, the newest first; refuses an unknown person. `definition` finds one by its digest."""
    known = Directory().person(connection, person)
    if known is None or not known.active:
        return refusal(UNKNOWN_PERSON, person=person)
    roles: dict[str, set[str]] = {}
    for where, held in granted(connection, known.grants, process):
        roles.setdefault(where, set()).add(held)
    query = (
        select(_r.position, _r.body, _c.number, _c.process)
        .join_from(t.entries, t.cases, _c.id == _r.case)
        .where(_r.position >= _first(connection, now - WINDOW), _r.kind.in_(_KINDS), _c.process.in_(roles))
        .order_by(_r.position.desc())
    )
    found: list[Notice] = []
    for position, body, number, at in connection.execute(query):
        entry = json.loads(body)
        pinned = definition(entry["definition"])
        element = next((e for e in pinned.elements if e.name == entry.get("element")), None)
        if element is None:
            continue
        role = next((r for r in _told(entry, element, pinned.owner) if r in roles[at]), None)
        if role is not None and entry["actor"] != person:  # nobody need be told what they did
            found.append(
                Notice(
                    position,
                    entry["case"],
                    number,
                    at,
                    entry.get("node") or element.name,
                    element.title,
                    entry["kind"],
                    role,
                    entry["actor"],
                    entry["at"],
                    entry.get("reason"),
                )
            )
        if len(found) == limit:
            break
    return found


def _told(entry: dict[str, object], element: Element, owner: str | None) -> tuple[str, ...]:
    """Names the roles that an entry is news to, as `engine.effects.Notify` does."""
    kind = entry["kind"]
    if kind in _OUTCOMES:
        return element.informed
    if kind == "overdue":
        return element.accountable or element.roles
    if kind == "failed":
        return (owner,) if owner is not None else ()
    data = entry["data"]
    return (str(data["to"]),) if isinstance(data, dict) else ()


def _first(connection: Connection, since: int) -> int:
    """Finds where in the order of arrival the records of a time begin; positions and times grow together."""
    low, high = 1, (connection.execute(select(_r.position).order_by(_r.position.desc()).limit(1)).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        at = connection.execute(select(_r.at).where(_r.position >= middle).order_by(_r.position).limit(1)).scalar()
        if at is not None and at < since:
            low = middle + 1
        else:
            high = middle
    return low
