"""The audit log: what happened becomes sealed bytes in a chain, and comes back out of it.

A record's body is canonical JSON (sorted keys, NFC, no floats), written once and hashed as stored. `prev` in it is
the SHA-256 of the body before it in the same chain; a chain is a case, or `organisation` for what concerns no
single case. Times within a chain never run backwards. What is absent is left out; null and "" in `data` are
themselves. The module does not know what records mean, and gives no way to change one. See docs/audit.md for the
fields.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from ... import __version__
from ...engine.records import Record
from ...engine.values import canonical
from .. import clock
from ..store import tables
from ..store.errors import NotText
from ..store.prepared import Prepared

ORGANISATION = "organisation"
GENESIS = "0" * 64  # `prev` of the first record of a chain


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a chain stands: so many records, the hash of the last one, its time."""

    case: str
    records: int = 0
    head: str = GENESIS
    last_at: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """What the host adds to every record: where the command came from and under what it was judged."""

    channel: str
    host: str = ""
    process: str | None = None
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record in its chain. `fields` is the parsed body; `position` is None until it is stored."""

    case: str
    seq: int
    body: bytes
    fields: dict[str, Any]
    position: int | None = None

    @property
    def hash(self) -> str:
        """The SHA-256 (hex) of the stored bytes."""
        return sha256(self.body).hexdigest()

    @property
    def id(self) -> str:
        """The record's name everywhere: `CASE.SEQ`."""
        return f"{self.case}.{self.seq}"

    @property
    def at(self) -> int:
        """The record's time in microseconds since the epoch."""
        return clock.read(self.fields["at"])


# name of the plain fields: in Record and in the body alike
_PLAIN = ("element", "before", "after", "role", "on_behalf_of", "reason")


def seal(chain: Chain, records: Sequence[Record], origin: Origin) -> tuple[Chain, list[Sealed]]:
    """Makes the bodies of one step's records and the chain that ends with them."""
    head, seq, last_at = chain.head, chain.records, chain.last_at
    first = seq + 1
    host, zone = origin.host or platform.node(), clock.zone()
    sealed: list[Sealed] = []
    for record in records:
        seq += 1
        last_at = max(last_at, record.at)
        fields: dict[str, Any] = {
            "id": f"{chain.case}.{seq}",
            "case": chain.case,
            "seq": seq,
            "prev": head,
            "kind": record.kind,
            "at": clock.text(last_at),
            "zone": zone,
            "actor": record.actor,
            "outcome": record.outcome,
            "build": __version__,
            "channel": origin.channel,
            "host": host,
        }
        if origin.process is not None:
            fields["process"] = origin.process
            fields["definition"] = origin.definition
        for name in _PLAIN:
            value = getattr(record, name)
            if value is not None:
                fields[name] = value
        if record.cause is not None:
            fields["cause"] = first + record.cause
        if record.clauses:
            fields["clauses"] = list(record.clauses)
        if record.data:
            fields["data"] = dict(record.data)
        body = canonical(fields)
        if not body.isascii():
            _must_be_text(body)
        head = sha256(body).hexdigest()
        sealed.append(Sealed(chain.case, seq, body, fields))
    return Chain(chain.case, seq, head, last_at), sealed


def _must_be_text(body: bytes) -> None:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as cause:
        raise NotText("a record holds half a character") from cause


_COLUMNS = ("case", "seq", "at", "actor", "kind", "outcome", "element", "record", "clauses", "body")
_INSERT = Prepared(insert(tables.records).inline(), *_COLUMNS)
# the kinds whose `data` names a record (`record`, `version`, `digest`, `value`) that got a version
WRITES = frozenset({"written", "amended"})


def store(connection: Connection, sealed: Sequence[Sealed], records: Sequence[Record], last_at: int) -> None:
    """Writes sealed records; their chain's new end is the caller's to write in the same transaction."""
    rows = []
    for s, r in zip(sealed, records, strict=True):
        element = r.element
        about = r.data.get("record") if r.kind in WRITES else None
        rows.append((
            s.case, s.seq, last_at if r.at < last_at else r.at, r.actor, r.kind, r.outcome,
            element.partition("[")[0] if element else None,
            about.partition("[")[0] if isinstance(about, str) else None,
            f" {' '.join(r.clauses)} " if r.clauses else None,
            s.body,
        ))  # fmt: skip
    _INSERT.run_many(connection, rows)


_chain = tables.chains.c
_HEAD = Prepared(
    select(_chain.records, _chain.head, _chain.last_at).where(_chain.chain == bindparam("chain")), "chain"
)


def append(
    connection: Connection, records: Sequence[Record], origin: Origin, chain: str = ORGANISATION
) -> list[Sealed]:
    """Appends records to a chain that belongs to no case, and moves its head; inside the caller's transaction."""
    found = _HEAD.run(connection, chain).fetchone()
    before = Chain(chain, *found) if found else Chain(chain)
    records = [r if r.at >= before.last_at else replace(r, at=before.last_at) for r in records]
    after, sealed = seal(before, records, origin)
    store(connection, sealed, records, before.last_at)
    values = {"records": after.records, "head": after.head, "last_at": after.last_at}
    if found:
        connection.execute(update(tables.chains).where(_chain.chain == chain).values(values))
    else:
        connection.execute(insert(tables.chains).values(chain=chain, **values))
    return sealed


_r = tables.records.c


def load(connection: Connection, case: str, *, since: int = 1, until: int | None = None) -> Iterator[Sealed]:
    """Reads a chain's records in order, from sequence number `since` to `until` (both included)."""
    query = select(_r.position, _r.seq, _r.body).where(_r.case == case, _r.seq >= since).order_by(_r.seq)
    if until is not None:
        query = query.where(_r.seq <= until)
    for position, seq, body in connection.execute(query):
        yield Sealed(case, seq, bytes(body), json.loads(body), position)


def to_records(sealed: Iterable[Sealed]) -> Iterator[Record]:
    """Gives sealed records back as the step made them, `cause` counted within the step again."""
    first = 1
    for s in sealed:
        fields = s.fields
        data = fields.get("data", {})
        if "command" in data:
            first = s.seq
        cause = fields.get("cause")
        yield Record(
            kind=fields["kind"],
            at=clock.read(fields["at"]),
            actor=fields["actor"],
            cause=None if cause is None else cause - first,
            outcome=fields["outcome"],
            clauses=tuple(fields.get("clauses", ())),
            data=data,
            **{name: fields.get(name) for name in _PLAIN},
        )
