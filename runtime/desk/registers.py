"""The registers of an organisation as people look at them: entries, their versions, and who read which.

What they are is said by the definitions that new cases run; what is in them, by the database. Reads the rows; decides
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine import plain
from charter.engine.definition import Definition, Register
from charter.engine.machines import UNDER_WAY
from charter.engine.plan.program import Program, prepare
from charter.engine.reading import WITHHELD
from charter.engine.reviews import Reviewed, reviewed
from charter.runtime.clock import iso
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.runtime.people.rights import Rights


class Known(Struct, frozen=True):
    """A register with the definition that it is taken from, and the elements that file into it and read it.

    `visible`: the roles that may know of its entries, any where it names none; `review`: how its entries are reviewed.
    """

    register: Register
    definition: Definition
    processes: tuple[str, ...]
    files: tuple[str, ...]
    reads: tuple[str, ...]
    visible: frozenset[str] = frozenset()
    review: Reviewed | None = None


class Version(Struct, frozen=True):
    """A version of an entry; `fields` are encoded, None where it was withdrawn.

    `case`: the id of the case that filed it, where one did, and `number` that case's. `entry`: the entry of the trail
    that tells of it; `due`: when it is to be reviewed; `review`: the id and number of the case in which it is, and
    whether that is under way.
    """

    key: str
    version: int
    at: int
    by: str
    case: str | None
    number: int | None
    entry: str
    digest: str | None
    fields: Mapping[str, Any] | None
    due: int | None
    review: tuple[str, int, bool] | None = None

    def late(self, now: int) -> bool:
        """Tells whether its review is overdue."""
        return self.due is not None and self.due <= now and self.fields is not None

    def to_json(self, now: int) -> dict[str, Any]:
        """Gives the version as JSON data."""
        return {
            "key": self.key,
            "entry_version": self.version,
            "at": iso(self.at),
            "by": self.by,
            "case": self.case,
            "entry": self.entry,
            "digest": self.digest,
            "fields": self.fields,
            "review_due": iso(self.due),
            "review_overdue": self.late(now),
            "review_case": None if self.review is None else self.review[0],
        }


class Use(Struct, frozen=True):
    """An element of a case that was given a version of an entry; `entry`: the entry of the trail that tells of it."""

    case: str
    number: int | None
    element: str | None
    version: int
    at: int
    entry: str

    def to_json(self) -> dict[str, Any]:
        """Gives the use as JSON data."""
        return {
            "case": self.case,
            "element": self.element,
            "entry_version": self.version,
            "at": iso(self.at),
            "entry": self.entry,
        }


def known(definitions: Iterable[Definition]) -> dict[str, Known]:
    """Gives the registers of some definitions, by name."""
    found: dict[str, Known] = {}
    definitions = list(definitions)
    reviews = reviewed(definitions)
    for definition in definitions:
        program = prepare(definition)
        for register in definition.registers:
            filing = [e.name for e in definition.elements if any(f.register == register.name for f in e.files)]
            filing += ["case"] if any(c.name == register.name for c in definition.counters) else []
            reading = [e.name for e in definition.elements if register.name in _read(program, plain.to_json(e))]
            before = found.get(register.name)
            found[register.name] = Known(
                register,
                definition,
                (*(before.processes if before else ()), definition.name),
                (*(before.files if before else ()), *(f"{definition.name}.{name}" for name in filing)),
                (*(before.reads if before else ()), *(f"{definition.name}.{name}" for name in reading)),
                (before.visible if before else frozenset()).union(register.visible),
                reviews.get(register.name),
            )
    return dict(sorted(found.items()))


def withheld(one: Known, rights: Rights) -> set[str] | None:
    """Names the fields of a register that somebody may not read; None for whom its entries do not exist."""
    held = set().union(*(rights.roles(process) for process in one.processes))
    if rights.trail:
        return set()
    if (one.visible and held.isdisjoint(one.visible)) or not (held or rights.every_case):
        return None
    return {field.name for field in one.register.fields if field.visible and held.isdisjoint(field.visible)}


# What of an element is no expression.
_WORDS = frozenset({"name", "title", "reason", "clauses", "register", "source"})


def _read(program: Program, data: Any) -> frozenset[str]:
    """Names the registers that the expressions of an element read."""
    if isinstance(data, Mapping):
        parts: Iterable[Any] = (value for key, value in data.items() if key not in _WORDS)
    elif isinstance(data, list):
        parts = data
    else:
        return program.names(data).intersection(program.registers) if isinstance(data, str) else frozenset()
    return frozenset().union(*(_read(program, part) for part in parts))


_COLUMNS = (
    'e."key", e.version, e.at, e.by, c.number, e."case", e.seq, e.digest, e.body, w.id, w.number, w.status'
    ' FROM register_entries e LEFT JOIN cases c ON c.id = e."case" LEFT JOIN register_reviews r'
    ' ON r.register = e.register AND r."key" = e."key" AND r.version = e.version'
    " LEFT JOIN cases w ON w.id = r.opened WHERE e.register = ? AND e.at <= ?"
)
_NEWEST = (
    f"SELECT {_COLUMNS} AND e.body <> 'null' AND NOT EXISTS (SELECT 1 FROM register_entries n"
    ' WHERE n.register = e.register AND n."key" = e."key" AND n.version > e.version AND n.at <= ?)'
)


def entries(connection: Connection, one: Known, at: int, hidden: Collection[str], most: int) -> list[Version]:
    """Lists the entries of a register as they stood at an instant, by key; `hidden`: fields that are withheld."""
    rows = ask(connection, f'{_NEWEST} ORDER BY e."key" LIMIT ?', one.register.name, at, at, most)
    return [_version(one, row, hidden) for row in rows]


def count(connection: Connection, one: Known, at: int) -> int:
    """Counts the entries of a register at an instant."""
    found: int = ask(connection, f"SELECT count(*) FROM ({_NEWEST}) newest", one.register.name, at, at)[0][0]
    return found


def versions(connection: Connection, one: Known, key: str, at: int, hidden: Collection[str]) -> list[Version]:
    """Lists the versions of an entry up to an instant, the oldest first."""
    query = f'SELECT {_COLUMNS} AND e."key" = ? ORDER BY e.version'
    return [_version(one, row, hidden) for row in ask(connection, query, one.register.name, at, key)]


def uses(connection: Connection, name: str, key: str, at: int) -> list[Use]:
    """Lists who was given a version of an entry up to an instant, the first reader first."""
    query = (
        'SELECT c.number, u.node, u.version, u.at, u."case", u.seq FROM register_uses u'
        ' LEFT JOIN cases c ON c.id = u."case" WHERE u.register = ? AND u."key" = ? AND u.at <= ? ORDER BY u.at, u.seq'
    )
    found = ask(connection, query, name, key, at)
    return [Use(chain, number, node, v, when, f"{chain}.{seq}") for number, node, v, when, chain, seq in found]


def _version(one: Known, row: tuple[Any, ...], hidden: Collection[str]) -> Version:
    key, version, at, by, number, chain, seq, digest, body, opened, opened_number, status = row
    fields = json.loads(body)
    if fields is not None:
        fields = {name: WITHHELD if name in hidden else value for name, value in fields.items()}
    due = None if one.review is None else one.review.due(at)
    review = None if opened is None else (opened, opened_number, status in UNDER_WAY)
    case = None if chain == ORGANISATION else chain
    entry = f"{chain}.{seq}"
    return Version(key, version, at, by, case, number, entry, None if hidden else digest, fields, due, review)


class Neglected(Struct, frozen=True):
    """An entry whose review is due, and which nobody is looking at: no case of its review is under way."""

    register: str
    key: str
    process: str
    roles: tuple[str, ...]
    due: int
    review: int | None


_OVERDUE = (
    f"{_NEWEST} AND r.version IS NOT NULL AND (w.status IS NULL OR w.status NOT IN ('open', 'suspended'))"
    ' ORDER BY e.at, e."key" LIMIT ?'
)


def neglected(connection: Connection, one: Known, now: int, most: int) -> list[Neglected]:
    """Lists the entries whose review has been told to be due and is not under way, the longest overdue first."""
    if one.review is None or one.review.register.review is None:
        return []
    rows = ask(connection, _OVERDUE, one.register.name, now, now, most)
    found = []
    for version in (_version(one, row, ()) for row in rows):
        number = None if version.review is None else version.review[1]
        roles = one.review.register.review.roles
        if version.due is not None and version.late(now):
            process = one.review.definition.name
            found.append(Neglected(one.register.name, version.key, process, roles, version.due, number))
    return found
