"""Which cases somebody may read: by roles, by their part in a case, as steward or as reader of trails.

What `visible to` means is `engine/reading.py`'s; who holds what, the directory's. A steward reads every case and the
chain of the organisation, whoever is `auditor` of the organisation whatever is withheld from others as well. Whom
somebody stands in for counts as they do. A role held for every process is neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from charter.engine.reading import readers
from charter.runtime.people.directory import ANY, Directory
from charter.runtime.people.ids import AUDITOR, STEWARD
from charter.runtime.store.prepared import ask, driver
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Rights(Struct, frozen=True):
    """By what somebody reads. `lent`: of each process the people they stand in for, with the roles that these lend."""

    person: str
    grants: tuple[tuple[str, str], ...] = ()
    lent: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {}

    @property
    def trail(self) -> bool:
        """Tells whether they read whatever the trail holds."""
        return (AUDITOR, ORGANISATION) in self.grants

    @property
    def every_case(self) -> bool:
        """Tells whether they read the cases of every process, and the chain of the organisation."""
        return self.trail or (STEWARD, ORGANISATION) in self.grants

    def roles(self, process: str) -> frozenset[str]:
        """Names the roles that they hold in a process, own and lent ones."""
        own = {role for role, where in self.grants if where in (process, ANY)}
        return frozenset(own.union(*(roles for _, roles in self.lent.get(process, ()))))

    def persons(self, process: str) -> frozenset[str]:
        """Names them and whom they stand in for in a process."""
        return frozenset({self.person, *(principal for principal, _ in self.lent.get(process, ()))})


def rights(connection: Connection, person: str, at: int) -> Rights:
    """Gives by what somebody reads at an instant; of whom the directory does not know, by nothing."""
    directory = Directory()
    known = directory.person(connection, person)
    if known is None or not known.active:
        return Rights(person)
    lent = {}
    if known.stands_in:
        for (process,) in ask(connection, "SELECT DISTINCT process FROM process_roles"):
            lent[process] = tuple(directory.principals(connection, known, process, at))
    return Rights(person, known.grants, {process: found for process, found in lent.items() if found})


_READERS = (
    "SELECT digest, process, json_extract(body, '$.visible'), json_extract(body, '$.owner'),"
    " json_extract(body, '$.roles') FROM definitions"
)


def whole(connection: Connection, of: Rights) -> dict[str, tuple[str, bool]]:
    """Gives of every definition (its digest) the process, and whether they read all of its cases."""
    return {
        digest: (
            process,
            of.every_case
            or not of.roles(process).isdisjoint(
                readers(json.loads(visible or "[]"), [role["name"] for role in json.loads(roles or "[]")], owner)
            ),
        )
        for digest, process, visible, owner, roles in ask(connection, _READERS)
    }


_PARTS = (
    "SELECT 1 FROM entries WHERE \"case\" = ? AND actor = ? AND outcome <> 'refused' LIMIT 1",
    'SELECT 1 FROM work_items WHERE "case" = ? AND holder = ? LIMIT 1',
    'SELECT 1 FROM open_lists WHERE "case" = ? AND holder = ? LIMIT 1',
    "SELECT 1 FROM cases WHERE id = ? AND opened_by = ?",
)


def reads(connection: Connection, of: Rights, case: str) -> bool:
    """Tells whether somebody may read one case, by what they hold in their own right."""
    found = ask(connection, "SELECT definition, process FROM cases WHERE id = ?", case)
    if not found or whole(connection, of)[found[0][0]][1]:
        return bool(found)
    if any(ask(connection, statement, case, of.person) for statement in _PARTS):
        return True
    offered = 'SELECT 1 FROM work_items WHERE "case" = ? AND role IN (…) LIMIT 1'
    return bool(ask(connection, offered, case, of.roles(found[0][1])))


# Tables whose rows are each of a case.
_OF_CASES = (
    *("entries", "nodes", "contents", "work_items", "open_lists", "running_clocks", "measures"),
    *("record_versions", "notices", "queue", "outbox", "keys", "register_uses", "case_links"),
)
_ONCE = " ON CONFLICT DO NOTHING"
_OWN = (
    "INSERT INTO {temp}.parts SELECT id FROM {own}.cases WHERE opened_by = ? AND (? IN ('*', process))" + _ONCE,
    "INSERT INTO {temp}.parts SELECT \"case\" FROM {own}.work_items WHERE holder = ? AND (? IN ('*', process))" + _ONCE,
    "INSERT INTO {temp}.parts SELECT \"case\" FROM {own}.open_lists WHERE holder = ? AND (? IN ('*', process))" + _ONCE,
    'INSERT INTO {temp}.parts SELECT DISTINCT e."case" FROM {own}.entries e JOIN {own}.cases c ON c.id = e."case"'
    " WHERE e.actor = ? AND e.outcome <> 'refused' AND (? IN ('*', c.process))" + _ONCE,
)
_TOLD = 'INSERT INTO {temp}.told SELECT seq FROM {own}.notices WHERE "case" = ? AND role = ? AND process = ?' + _ONCE
_OFFERED = (
    'INSERT INTO {temp}.parts SELECT "case" FROM {own}.work_items WHERE role = ? AND process = ?' + _ONCE,
    'INSERT INTO {temp}.parts SELECT "case" FROM {own}.open_lists WHERE role = ? AND process = ?' + _ONCE,
)


def narrow(connection: Connection, of: Rights) -> None:
    """Makes a connection see the rows of those cases alone that somebody may read, whatever is asked through it.

    Each table that holds any is covered by a view of the same name, for this connection alone.
    """
    if of.every_case:
        return
    raw = driver(connection)
    names = {"own": raw.own, "temp": raw.temporary}

    def execute(text: str, values: Sequence[str] = ()) -> None:
        raw.execute(text.format_map(names), values).close()

    read = whole(connection, of)
    execute("CREATE TEMP TABLE wholes (digest TEXT PRIMARY KEY)")
    execute("CREATE TEMP TABLE parts (id TEXT PRIMARY KEY)")
    for digest, (_, all_of_it) in read.items():
        if all_of_it:
            execute("INSERT INTO {temp}.wholes VALUES (?)", (digest,))
    processes = {process for process, all_of_it in read.values() if not all_of_it}
    if processes:
        standing = [(of.person, ANY), *((who, where) for where, found in of.lent.items() for who, _ in found)]
        for pair in standing:
            for statement in _OWN:
                execute(statement, pair)
        for process in processes:
            for role in of.roles(process):
                for statement in _OFFERED:
                    execute(statement, (role, process))
    execute(
        "CREATE TEMP VIEW cases AS SELECT * FROM {own}.cases WHERE definition IN (SELECT digest FROM {temp}.wholes)"
        " OR id IN (SELECT id FROM {temp}.parts)"
    )
    # What the organisation's chain tells the roles that they hold: verdicts, rules, reviews.
    execute("CREATE TEMP TABLE told (seq INTEGER PRIMARY KEY)")
    for process in {process for process, _ in read.values()}:
        for role in of.roles(process):
            execute(_TOLD, (ORGANISATION, role, process))
    for table in _OF_CASES:
        known = ' t WHERE EXISTS (SELECT 1 FROM {temp}.cases c WHERE c.id = t."case")'
        if table in ("entries", "notices"):
            known += f" OR (t.\"case\" = '{ORGANISATION}' AND t.seq IN (SELECT seq FROM {{temp}}.told))"
        execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM {{own}}.{table}{known}")
    execute(
        "CREATE TEMP VIEW figures AS SELECT * FROM {own}.figures t WHERE NOT EXISTS (SELECT 1 FROM {own}.definitions d"
        " WHERE d.process = t.process AND d.digest NOT IN (SELECT digest FROM {temp}.wholes))"
    )
