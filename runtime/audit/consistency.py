"""What lies in the database beside the entries, held against what the entries say.

Everything that somebody could change to get another answer from Charter without touching an entry is looked at:
a case's row and its folds, definitions and the texts they were built from, the directory of people,
deployments, the connectors' mark, attached files. Reads only; knows nothing of chains and hashes of entries. Working
memory that entries do not tell of (outbox, keys, turns) is no part of it. Every function gives what disagrees (a
table's or a file's name) or None.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Table, select

from charter.engine import definition as definitions, plain
from charter.engine.definition import Definition
from charter.engine.entries import Entry, Told
from charter.engine.entries.organisation import (
    AbsenceNoted,
    CertificateNoted,
    ConnectorsChanged,
    Deployed,
    PersonAdded,
    PersonChanged,
    PersonDeactivated,
    RoleGranted,
    RoleRevoked,
    SkillSet,
    StandInAccepted,
    StandInNamed,
    StandInRevoked,
)
from charter.engine.state import CaseState
from charter.runtime import clock, folds
from charter.runtime.audit.log import Chain, Sealed, to_entries
from charter.runtime.casefile import ROW, Pinned, row_of
from charter.runtime.store import tables as t
from charter.runtime.store.schema import ORGANISATION

_CASE = select(*(t.cases.c[name] for name in ROW))
_Row = tuple[Any, ...]


def case_differs(
    connection: Connection, pinned: Pinned, case: str, state: CaseState, sealed: Sequence[Sealed]
) -> str | None:
    """Compares a case's row and its folds with the entries, and with the state that they lead to."""
    row = connection.execute(_CASE.where(t.cases.c.id == case)).one()
    # That the head is the last entry's is a question of integrity, and asked there.
    chain = Chain(case, len(sealed), row.head, sealed[-1].at if sealed else 0)
    if tuple(row) != row_of(pinned, chain, state):
        return "cases"
    return folds.differs(connection, pinned.shape, state, list(to_entries(sealed)))


def definition_differs(connection: Connection, digest: str) -> str | None:
    """Compares a stored definition with the digest it is known by, and its texts with their hashes."""
    row = connection.execute(select(t.definitions).where(t.definitions.c.digest == digest)).one_or_none()
    if row is None:
        return "definitions"
    try:
        stored: Definition = plain.from_json(Definition, json.loads(row.body))
    except (KeyError, TypeError, ValueError, AttributeError):
        return "definitions"
    if definitions.digest(stored) != digest or (row.process, row.version, row.title) != (
        stored.name,
        stored.version,
        stored.title,
    ):
        return "definitions"
    texts = connection.execute(select(t.texts.c.sha256, t.texts.c.text).where(t.texts.c.digest == digest))
    return "texts" if any(sha256(text.encode()).hexdigest() != hashed for hashed, text in texts) else None


def organisation_differs(connection: Connection, sealed: Sequence[Sealed]) -> str | None:
    """Compares directory, deployments and connectors' mark with the fold of the organisation's entries.

    Raises KeyError, TypeError or ValueError on entries that Charter did not write.
    """
    kept = connection.execute(select(t.chains.c.last_at).where(t.chains.c.chain == ORGANISATION)).scalar()
    if kept != (sealed[-1].at if sealed else 0):
        return "chains"
    told = _fold(sealed)
    for name, (table, columns) in _TABLES.items():
        # Rows of a numbered table come in the order of their entries; the others have keys of their own.
        found = [tuple(row) for row in connection.execute(_rows(table, columns))]
        rows = getattr(told, name)
        expected = rows.values() if isinstance(rows, dict) else rows
        if sorted(found, key=repr) != sorted(expected, key=repr):
            return name
    last: dict[str, str] = {process: digest for process, digest, _at, _by in told.deployments}
    newest = connection.execute(
        select(t.deployments.c.process, t.deployments.c.digest).order_by(t.deployments.c.number)
    )
    if {row[0]: row[1] for row in newest} != last:
        return "deployments"
    return _definitions_differ(connection, told)


def _rows(table: Table, columns: tuple[str, ...]) -> Any:
    return select(*(table.c[name] for name in columns))


def _definitions_differ(connection: Connection, told: _Tables) -> str | None:
    """Compares the stored definitions with those that were deployed, byte for byte, and the roles they declare."""
    bodies = {
        d: sha256(body.encode()).hexdigest()
        for d, body in connection.execute(select(t.definitions.c.digest, t.definitions.c.body))
    }
    if bodies != told.bodies:
        return "definitions"
    for digest in bodies:
        if (differs := definition_differs(connection, digest)) is not None:
            return differs
    roles: set[tuple[str, str]] = set()
    for process, body in connection.execute(select(t.definitions.c.process, t.definitions.c.body)):
        roles.update((role["name"], process) for role in json.loads(body).get("roles", ()))
    found = {tuple(row) for row in connection.execute(select(t.process_roles.c.role, t.process_roles.c.process))}
    return None if found == roles else "process_roles"


# table -> its columns as the fold below gives them
_TABLES: Mapping[str, tuple[Table, tuple[str, ...]]] = {
    "persons": (t.persons, ("id", "name", "active")),
    "grants": (t.grants, ("person", "role", "process")),
    "skills": (t.skills, ("person", "skill", "level")),
    "certificates": (t.certificates, ("person", "certificate", "valid_until")),
    "absences": (t.absences, ("person", "since", "until", "reason")),
    "substitutions": (
        t.substitutions,
        ("number", "kind", "principal", "person", "process", "role", "since", "until", "accepted_at", "revoked_at"),
    ),
    "deployments": (t.deployments, ("process", "digest", "at", "by")),
    "texts": (t.texts, ("digest", "name", "sha256")),
    "settings": (t.settings, ("name", "value")),
}


class _Tables(Struct):
    """The organisation's tables as its entries tell them: rows by what they are known by, or in order."""

    persons: dict[str, _Row] = {}
    grants: dict[_Row, _Row] = {}
    skills: dict[_Row, _Row] = {}
    certificates: dict[_Row, _Row] = {}
    absences: list[_Row] = []
    substitutions: dict[int, _Row] = {}
    deployments: list[_Row] = []
    texts: dict[_Row, _Row] = {}
    settings: dict[str, _Row] = {}
    bodies: dict[str, str | None] = {}  # digest -> SHA-256 of the definition


def _fold(sealed: Iterable[Sealed]) -> _Tables:
    told = _Tables()
    for one in sealed:
        tell = _TELL.get(type(one.entry.told))
        if tell is not None:
            tell(told, one.entry.told, one.entry)
    return told


def _person(told: _Tables, new: PersonAdded | PersonChanged, _: Entry) -> None:
    told.persons[new.person] = (new.person, new.name, 1)


def _gone(told: _Tables, gone: PersonDeactivated, _: Entry) -> None:
    person, name, _active = told.persons[gone.person]
    told.persons[person] = (person, name, 0)


def _granted(told: _Tables, role: RoleGranted, _: Entry) -> None:
    row = (role.person, role.role, role.process)
    told.grants[row] = row


def _revoked(told: _Tables, role: RoleRevoked, _: Entry) -> None:
    told.grants.pop((role.person, role.role, role.process), None)


def _skill(told: _Tables, set_: SkillSet, _: Entry) -> None:
    told.skills[set_.person, set_.skill] = (set_.person, set_.skill, set_.new)


def _certificate(told: _Tables, noted: CertificateNoted, _: Entry) -> None:
    row = (noted.person, noted.certificate, noted.valid_until)
    told.certificates[row[:2]] = row


def _absence(told: _Tables, noted: AbsenceNoted, entry: Entry) -> None:
    told.absences.append((noted.person, clock.read(noted.since), clock.read(noted.until), entry.reason))


def _stand_in(told: _Tables, named: StandInNamed, _: Entry) -> None:
    told.substitutions[named.number] = (
        named.number,
        named.mode,
        named.principal,
        named.person,
        named.process,
        named.role,
        clock.read(named.since),
        clock.read(named.until),
        None if named.accepted_at is None else clock.read(named.accepted_at),
        None,
    )


def _accepted(told: _Tables, accepted: StandInAccepted, _: Entry) -> None:
    row = told.substitutions[accepted.number]
    told.substitutions[accepted.number] = (*row[:8], clock.read(accepted.accepted_at), row[9])


def _ended(told: _Tables, ended: StandInRevoked, _: Entry) -> None:
    row = told.substitutions[ended.number]
    told.substitutions[ended.number] = (*row[:9], clock.read(ended.revoked_at))


def _deployed(told: _Tables, new: Deployed, entry: Entry) -> None:
    digest = new.definition
    told.deployments.append((new.process, digest, entry.at, entry.actor))
    if digest not in told.bodies:
        told.bodies[digest] = new.body
        told.texts.update(((digest, name), (digest, name, hashed)) for name, hashed in new.texts.items())


def _connectors(told: _Tables, changed: ConnectorsChanged, _: Entry) -> None:
    told.settings["connectors"] = ("connectors", changed.new)


# kind of entry -> what it says of the tables
_TELL: Mapping[type[Told], Callable[[_Tables, Any, Entry], None]] = {
    PersonAdded: _person,
    PersonChanged: _person,
    PersonDeactivated: _gone,
    RoleGranted: _granted,
    RoleRevoked: _revoked,
    SkillSet: _skill,
    CertificateNoted: _certificate,
    AbsenceNoted: _absence,
    StandInNamed: _stand_in,
    StandInAccepted: _accepted,
    StandInRevoked: _ended,
    Deployed: _deployed,
    ConnectorsChanged: _connectors,
}


def files_of(fields: Any) -> Iterator[str]:
    """Yields the SHA-256 of every file that an entry's fields name."""
    if isinstance(fields, Mapping):
        if "file" in fields and "media_type" in fields and isinstance(fields["file"], str):
            yield fields["file"]
        for value in fields.values():
            yield from files_of(value)
    elif isinstance(fields, list):
        for value in fields:
            yield from files_of(value)


__all__ = ["case_differs", "definition_differs", "files_of", "organisation_differs"]
