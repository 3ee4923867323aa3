"""The register of cases: which there are, where they stand, what is open in each. Reads the rows; decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.runtime.clock import iso
from charter.runtime.people.ids import AUDITOR, STEWARD
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Listed(Struct, frozen=True):
    """One case: its number here, when and by whom it was opened, its open elements, the first due date among them.

    `version` and `definition`: the number and the digest of what it runs.
    """

    number: int
    id: str
    process: str
    status: str
    opened_at: int | None
    opened_by: str | None
    closed_at: int | None
    definition: str
    version: str
    drill: bool
    elements: tuple[str, ...]
    due: int | None

    def to_json(self) -> dict[str, Any]:
        """Gives the row as JSON data."""
        return {
            "number": self.number,
            "case": self.id,
            "process": self.process,
            "version": self.version,
            "definition": self.definition,
            "status": self.status,
            "drill": self.drill,
            "opened_at": iso(self.opened_at),
            "opened_by": self.opened_by,
            "closed_at": iso(self.closed_at),
            "waiting": list(self.elements),
            "due": iso(self.due),
        }


_LISTED = (
    "SELECT c.number, c.id, c.process, c.status, c.opened_at, c.opened_by, c.closed_at, c.definition, d.version,"
    " json_extract(c.state, '$.drill') IS NOT NULL FROM cases c JOIN definitions d ON d.digest = c.definition"
    " WHERE {} ORDER BY c.number DESC LIMIT ?"
)
_OPEN = 'SELECT "case", node, min(due) FROM work_items WHERE "case" IN (…) GROUP BY "case", node ORDER BY "case", node'


def listed(
    connection: Connection,
    *,
    process: str | None = None,
    status: str | None = None,
    person: str | None = None,
    limit: int,
) -> list[Listed]:
    """Lists cases, newest first; `person`: opened by them, or with work that they hold."""
    wanted, given = ["1 = 1"], list[Any]()
    if process:
        wanted, given = [*wanted, "c.process = ?"], [*given, process]
    if status:
        wanted, given = [*wanted, "c.status = ?"], [*given, status]
    if person:
        held = '(c.opened_by = ? OR c.id IN (SELECT "case" FROM work_items WHERE holder = ?))'
        wanted, given = [*wanted, held], [*given, person, person]
    rows = ask(connection, _LISTED.format(" AND ".join(wanted)), *given, limit)
    ids = [row[1] for row in rows]
    elements: dict[str, list[str]] = {}
    due: dict[str, int | None] = {}
    for case, node, at in ask(connection, _OPEN, ids):
        elements.setdefault(case, []).append(node)
        if at is not None:
            due[case] = min(at, due.get(case) or at)
    return [Listed(*(*row[:9], bool(row[9]), tuple(elements.get(row[1], ())), due.get(row[1]))) for row in rows]


def drilled(state: str) -> bool:
    """Tells of what is known of a case as a whole whether it is a drill."""
    return json.loads(state).get("drill", False) is True


def drills(connection: Connection, cases: Iterable[str]) -> frozenset[str]:
    """Names those of these cases that are drills."""
    return frozenset(
        id for id, state in ask(connection, "SELECT id, state FROM cases WHERE id IN (…)", set(cases)) if drilled(state)
    )


def titles(connection: Connection, cases: Iterable[str]) -> dict[str, dict[str, tuple[str, str]]]:
    """Gives each case's elements by name: (title, kind), read off the stored definitions without building them."""
    pinned = ask(connection, "SELECT id, definition FROM cases WHERE id IN (…)", set(cases))
    digests = {digest for _, digest in pinned}
    bodies = ask(connection, "SELECT digest, body FROM definitions WHERE digest IN (…)", digests)
    known = {
        digest: {e["name"]: (e["title"], e["kind"]) for e in json.loads(body)["elements"]} for digest, body in bodies
    }
    return {case: known[digest] for case, digest in pinned}


def processes(connection: Connection, cases: Iterable[str]) -> dict[str, str]:
    """Gives the title of each case's process, in the version that the case runs."""
    query = "SELECT c.id, d.title FROM cases c JOIN definitions d ON d.digest = c.definition WHERE c.id IN (…)"
    return dict(ask(connection, query, set(cases)))


def provisional(connection: Connection, due: Iterable[tuple[str, str, int, int]]) -> set[tuple[str, str]]:
    """Tells of due dates, (case, element, since, instant), which rest on a year whose public days are not published."""
    wanted = list(due)
    query = (
        "SELECT c.id, d.body, c.state FROM cases c JOIN definitions d ON d.digest = c.definition"
        " WHERE d.body LIKE '%\"holidays\"%' AND c.id IN (…)"
    )
    found = {case: (body, state) for case, body, state in ask(connection, query, {case for case, *_ in wanted})}
    if not found:
        return set()
    from charter.engine import calendars, plain
    from charter.engine.dated import dated
    from charter.engine.definition import Definition
    from charter.engine.plan.program import prepare
    from charter.runtime.host.days import knowing

    uncertain = set()
    for case, element, since, at in wanted:
        if case in found:
            body, state = found[case]
            definition = knowing(connection, plain.from_json(Definition, json.loads(body)))
            days = tuple((country, digest) for country, digest in json.loads(state).get("days", ()))
            if calendars.is_provisional(prepare(dated(definition, days)).plans[element].calendar, at, since):
                uncertain.add((case, element))
    return uncertain


def known_roles(connection: Connection) -> set[str]:
    """Names the roles of every version of every process, and those that the engine and the organisation have."""
    return {"opener", STEWARD, AUDITOR, *roles_of(connection, None)}


def roles_of(connection: Connection, process: str | None) -> set[str]:
    """Names the roles of every deployed version of a process, or of all processes; or those of the organisation."""
    if process == ORGANISATION:
        return {STEWARD, AUDITOR}
    rows = ask(connection, "SELECT role, process FROM process_roles")
    return {role for role, where in rows if process in (None, where)}


def number_of(connection: Connection, case: str) -> int | None:
    """Gives a case's short number."""
    found = ask(connection, "SELECT number FROM cases WHERE id = ?", case)
    return found[0][0] if found else None


def barred(connection: Connection, case: str, node: str) -> set[str]:
    """Names who may not do a piece of open work because of their own part in the case."""
    rows = ask(connection, 'SELECT barred FROM work_items WHERE "case" = ? AND node = ?', case, node)
    return {person for (row,) in rows for person in row.split("|") if person}
