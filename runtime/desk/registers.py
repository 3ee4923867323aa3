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
from charter.engine.plan.looking import review_due
from charter.engine.plan.program import Program, prepare
from charter.engine.reading import WITHHELD
from charter.runtime.clock import iso
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Known(Struct, frozen=True):
    """A register with the definition that it is taken from, and the elements that file into it and read it."""

    register: Register
    definition: Definition
    processes: tuple[str, ...]
    files: tuple[str, ...]
    reads: tuple[str, ...]


class Version(Struct, frozen=True):
    """A version of an entry; `fields` are encoded, None where it was withdrawn.

    `case`: the id of the case that filed it, where one did, and `number` that case's. `entry`: the entry of the trail
    that tells of it; `due`: when it is to be reviewed.
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
            )
    return dict(sorted(found.items()))


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
    'e."key", e.version, e.at, e.by, c.number, e."case", e.seq, e.digest, e.body FROM register_entries e'
    ' LEFT JOIN cases c ON c.id = e."case" WHERE e.register = ? AND e.at <= ?'
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
    found: int = ask(connection, f"SELECT count(*) FROM ({_NEWEST})", one.register.name, at, at)[0][0]
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
    key, version, at, by, number, chain, seq, digest, body = row
    fields = json.loads(body)
    if fields is not None:
        fields = {name: WITHHELD if name in hidden else value for name, value in fields.items()}
    due = review_due(prepare(one.definition), one.register, at)
    case = None if chain == ORGANISATION else chain
    return Version(key, version, at, by, case, number, f"{chain}.{seq}", None if hidden else digest, fields, due)
