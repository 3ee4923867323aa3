"""What lies in the database beside the entries, held against what the entries say.

Everything that somebody could change to get another answer from Charter without touching an entry is looked at:
a case's row and its folds, definitions and the texts they were built from, the directory of people,
deployments, the connectors' mark, attached files. Reads only; knows nothing of chains and hashes of entries. Working
memory that entries do not tell of (outbox, keys, turns, clock) is no part of it. Every function gives what disagrees (a
table's or a file's name) or None.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, select

from charter.engine import definition as definitions, plain
from charter.engine.definition import Definition
from charter.engine.entries import Entry
from charter.engine.entries.organisation import (
    Deployed,
)
from charter.engine.state import CaseState
from charter.runtime import folds
from charter.runtime.audit.log import Chain, Sealed
from charter.runtime.folds import organisation
from charter.runtime.host.casefile import READ, ROW, Pinned, row_of
from charter.runtime.store import tables as t
from charter.runtime.store.prepared import first
from charter.runtime.store.schema import ORGANISATION

_HEAD = ROW.index("head")


def case_differs(
    connection: Connection,
    past: Sequence[tuple[int, Pinned]],
    case: str,
    state: CaseState,
    entries: Sequence[Entry],
    *,
    read: bool = False,
) -> str | None:
    """Compares a case's row and its folds with the entries, and with the state that they lead to.

    `past`: what the case has run (`Archive.past`). `read`: the state is the one that the rows hold, so that only what
    follows from it is left to compare.
    """
    row = first(connection, READ, case)
    _, pinned = past[-1]
    # That the head is the last entry's is a question of integrity, and asked there.
    chain = Chain(case, len(entries), row[_HEAD], entries[-1].at if entries else 0)
    if tuple(row) != row_of(pinned, chain, state):
        return "cases"
    among = folds.FOLLOWING if read else folds.FOLDS
    earlier = [(until, one.shape) for (_, one), (until, _) in pairwise(past)]
    return folds.differs(connection, pinned.shape, state, entries, among, earlier)


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


def organisation_differs(connection: Connection, sealed: Sequence[Sealed], last_at: int) -> str | None:
    """Compares directory, deployments and connectors' mark with the fold of the organisation's entries.

    `last_at`: the time of the last one, which may be none of those that say something of the tables.

    Raises KeyError, TypeError or ValueError on entries that Charter did not write.
    """
    kept = connection.execute(select(t.chains.c.last_at).where(t.chains.c.chain == ORGANISATION)).scalar()
    if kept != last_at:
        return "chains"
    entries = [one.entry for one in sealed]
    differs = organisation.differs(connection, ((one.seq, one.entry) for one in sealed))
    return _definitions_differ(connection, entries) if differs is None else differs


def _definitions_differ(connection: Connection, entries: Iterable[Entry]) -> str | None:
    """Compares the stored definitions with those that were deployed, byte for byte, and the roles they declare."""
    deployed: dict[str, Deployed] = {}
    for entry in entries:
        if isinstance(entry.told, Deployed):
            deployed.setdefault(entry.told.definition, entry.told)
    d, x = t.definitions.c, t.texts.c
    found = {digest: sha256(body.encode()).hexdigest() for digest, body in connection.execute(select(d.digest, d.body))}
    if found != {digest: new.body for digest, new in deployed.items()}:
        return "definitions"
    texts = {tuple(row) for row in connection.execute(select(x.digest, x.name, x.sha256))}
    if texts != {(digest, *text) for digest, new in deployed.items() for text in new.texts.items()}:
        return "texts"
    for digest in found:
        if (differs := definition_differs(connection, digest)) is not None:
            return differs
    roles: set[tuple[str, str]] = set()
    for process, body in connection.execute(select(d.process, d.body)):
        roles.update((role["name"], process) for role in json.loads(body).get("roles", ()))
    known = {tuple(row) for row in connection.execute(select(t.process_roles.c.role, t.process_roles.c.process))}
    return None if known == roles else "process_roles"


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
