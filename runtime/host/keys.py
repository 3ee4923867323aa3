"""Idempotency keys: what a caller's key did the first time, given again instead of doing it twice."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from charter.engine.entries import Entry
from charter.engine.entries.cases import Refused
from charter.engine.refusals import Refusal
from charter.engine.values import NotAValue, canonical
from charter.runtime.audit import log
from charter.runtime.refusals import KEY_REUSED, refusal
from charter.runtime.store.errors import NotText
from charter.runtime.store.prepared import do, first, insert

if TYPE_CHECKING:
    from sqlalchemy import Connection

_READ = 'SELECT fingerprint, "case", seq, "count" FROM keys WHERE "key" = ?'
_NOTE = insert("keys", ("key", "fingerprint", "case", "seq", "count", "at"))

# (case, number of the first entry, entries, refusal)
Earlier = tuple[str, int, tuple[Entry, ...], Refusal | None]


def earlier(connection: Connection, key: str, mark: str) -> Earlier | None:
    """Gives what a key did before, None when it is new; without entries, and refused, where it was another command."""
    row = first(connection, _READ, key)
    if row is None:
        return None
    fingerprint, case, seq, count = row
    if fingerprint != mark:
        return case, seq, (), refusal(KEY_REUSED, None, key=key, case=case)
    entries = tuple(log.to_entries(log.load(connection, case, since=seq, until=seq + count - 1)))
    return case, seq, entries, _refusal(entries)


def note_key(connection: Connection, key: str, mark: str, case: str, since: int, count: int, at: int) -> None:
    """Keeps what a key did, in the transaction that did it: so many entries of a case, from `since` on."""
    do(connection, _NOTE, key, mark, case, since, count, at)


def of_key(key: str, mark: str) -> str:
    """Gives what the first entry of a command says of its key: a hash, by which the two are held together.

    Nobody who does not know the key can test a guess at what was asked against it.
    """
    return sha256(f"{key}\n{mark}".encode()).hexdigest()


def _refusal(entries: tuple[Entry, ...]) -> Refusal | None:
    told = entries[0].told if entries else None
    return Refusal(told.reasons) if isinstance(told, Refused) else None


def fingerprint(subject: str, person: str, verb: str, arguments: Mapping[str, Any]) -> str:
    """Hashes what a command asks, so that a key can be told from the same key on another command."""
    plain = {k: (sorted(map(list, v.items())) if isinstance(v, Mapping) else v) for k, v in arguments.items()}
    try:
        return sha256(canonical([subject, person, verb, plain])).hexdigest()
    except NotAValue as cause:
        raise NotText(str(cause)) from cause
