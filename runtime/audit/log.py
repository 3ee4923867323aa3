"""The audit log: what happened becomes sealed bytes in a chain, and comes back out of it.

An entry's body is canonical JSON (sorted keys, NFC, no floats), written once and hashed as stored. `prev` in it is
the SHA-256 of the body before it in the same chain; a chain is a case, or `organisation` for what concerns no
single case. Times within a chain run backwards only where a clock that stood far ahead was set right. What is absent
is left out; null and "" in `data` are themselves. `element` is an element's name, `node` the key of its instance where
that is another. The module leaves what entries tell to `engine/entries`, and gives no way to change one. See
docs/audit.md for the fields.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import is_normalized

from msgspec import DecodeError, Struct, convert
from msgspec.json import Decoder
from msgspec.structs import replace

from charter import __version__
from charter.engine.commands import SYSTEM
from charter.engine.compact import compact_sorted
from charter.engine.entries import BadEntry, Entry, Told, from_json, to_json
from charter.engine.entries.cases import Amended, Written
from charter.engine.entries.organisation import ClockSteppedBack
from charter.engine.keys import name_of
from charter.engine.law import LAW
from charter.engine.text import composed
from charter.runtime import clock
from charter.runtime.store.errors import NotText
from charter.runtime.store.prepared import ask, driver
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

GENESIS = "0" * 64  # `prev` of the first entry of a chain


class Chain(NamedTuple):
    """Where a chain stands: so many entries, the hash of the last one, its time."""

    case: str
    entries: int = 0
    head: str = GENESIS
    last_at: int = 0


class Origin(NamedTuple):
    """What the host adds to every entry: where the command came from and under what it was judged."""

    channel: str
    host: str = ""
    process: str | None = None
    definition: str | None = None
    law: int | None = None


class Sealed:
    """An entry in its chain: `body` is what is stored and hashed; `position` is None until it is stored."""

    __slots__ = ("_entry", "_fields", "body", "case", "position", "seq")

    def __init__(
        self, case: str, seq: int, body: bytes, position: int | None = None, fields: dict[str, Any] | None = None
    ) -> None:
        self.case = case
        self.seq = seq
        self.body = body
        self.position = position
        self._fields = fields
        self._entry: Entry | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """The parsed body, whatever it says."""
        if self._fields is None:
            self._fields = _read(self.body)
        return self._fields

    @property
    def entry(self) -> Entry:
        """The entry as it was made, but for `cause`: the sequence number of that entry; raises BadEntry."""
        if self._entry is None:
            try:
                self._entry = _entry(self.fields, self.node)
            except (ValueError, AttributeError, RecursionError) as cause:
                raise BadEntry(str(cause), entry=self.id) from cause
        return self._entry

    @entry.setter
    def entry(self, entry: Entry) -> None:
        self._entry = entry

    def told_otherwise(self, fields: dict[str, Any]) -> Sealed:
        """Gives the same entry with other fields, as somebody reads it."""
        return Sealed(self.case, self.seq, self.body, self.position, fields)

    @property
    def node(self) -> str | None:
        """The key of the node that it is about, None for the case; earlier builds wrote it as `element`."""
        node: str | None = self.fields.get("node", self.fields.get("element"))
        return node

    @property
    def element(self) -> str | None:
        """The name of the element that it is about, None for the case."""
        return None if self.node is None else name_of(self.node)

    @property
    def data(self) -> Any:
        """What it tells, as it stands in the body; its parts are read through `entry`."""
        return self.fields.get("data", {})

    @property
    def hash(self) -> str:
        """The SHA-256 (hex) of the stored bytes."""
        return sha256(self.body).hexdigest()

    @property
    def id(self) -> str:
        """The entry's name everywhere: `CASE.SEQ`."""
        return f"{self.case}.{self.seq}"

    @property
    def at(self) -> int:
        """The entry's time in microseconds since the epoch."""
        return self.entry.at


def _read(body: bytes) -> Any:
    try:
        return _decode(body)
    except DecodeError:  # what the fast reader takes is what the standard one gives, which takes more
        return json.loads(body)


_decode = Decoder().decode


class _Body(Struct):
    """What of a body is the entry's own."""

    kind: str
    at: str
    actor: str
    outcome: str
    element: str | None = None
    node: str | None = None
    before: str | None = None
    after: str | None = None
    role: str | None = None
    on_behalf_of: str | None = None
    reason: str | None = None
    cause: int | None = None
    clauses: tuple[str, ...] = ()
    data: dict[str, Any] = {}


def _entry(fields: Mapping[str, Any], node: str | None) -> Entry:
    body = convert(fields, _Body)
    told, command = from_json(body.kind, body.data)
    if told.outcome != body.outcome:
        raise BadEntry(f"an entry `{body.kind}` has the outcome {told.outcome}")
    return Entry(
        told,
        clock.read(body.at),
        body.actor,
        node,
        body.before,
        body.after,
        body.role,
        body.on_behalf_of,
        body.reason,
        body.cause,
        body.clauses,
        command,
    )


def _field(name: str, value: str | None) -> str:
    return "" if value is None else f',"{name}":{encode_basestring(value)}'


_BUILD = f',"build":{encode_basestring(__version__)},"case":'


@lru_cache(maxsize=8192)
def _frame(
    origin: Origin,
    zone: str,
    told: type[Told],
    actor: str,
    node: str | None,
    before: str | None,
    after: str | None,
    role: str | None,
    on_behalf_of: str | None,
    clauses: tuple[str, ...],
) -> tuple[str, ...]:
    """Gives what is the same in all entries of one move, whatever the case: the text between what is an entry's own."""
    element = None if node is None else name_of(node)
    return (
        f'{{"account":{encode_basestring(_account())},"actor":{encode_basestring(actor)}{_field("after", after)}'
        ',"at":"',
        f'"{_field("before", before)}{_BUILD}',
        f',"channel":{encode_basestring(origin.channel)}'
        f'{f""","clauses":{compact_sorted(list(clauses))}""" if clauses else ""}',
        f"{_field('definition', origin.definition)}{_field('element', element)}"
        f',"host":{encode_basestring(origin.host or _node())},"id":',
        f',"kind":"{told.kind}"{"" if origin.law is None else f""","law":{origin.law}"""}'
        f"{'' if node == element else _field('node', node)}{_field('on_behalf_of', on_behalf_of)}"
        f',"outcome":"{told.outcome}","prev":"',
        f'"{_field("process", origin.process)}',
        f'{_field("role", role)},"seq":',
        f',"zone":{encode_basestring(zone)}}}',
    )


def seal(
    chain: Chain, entries: Sequence[Entry], origin: Origin, key: str | None = None
) -> tuple[Chain, list[Sealed], Sequence[Entry]]:
    """Makes the bodies of one step's entries (at least one), the chain that ends with them, and the entries as sealed.

    An entry is sealed as the step made it: that its time is not before the chain's last is the caller's to see to,
    before the step, so that the entry, the state and a replay agree. Should a text of it not be in its one form
    (`engine/text.py`), it comes back as its body says it: whatever is kept beside the trail is to be made of what is
    given here, so that no door can be forgotten at which the two come apart.

    `key`: what the first of them says of the key that its command came with (`host/keys.py`).

    The body is put together key by key in their order, which costs less than half of encoding a mapping.
    Raises NotText.
    """
    head, seq = chain.head, chain.entries
    first = seq + 1
    case = chain.case
    named, zone = encode_basestring(case), clock.zone()
    numbered = f"{named[:-1]}."
    sealed: list[Sealed] = []
    told = list(entries)
    for index, r in enumerate(entries):
        seq += 1
        data = to_json(r.told, r.command)
        begin, build, channel, definition, kind, process, number, end = _frame(
            origin, zone, type(r.told), r.actor, r.node, r.before, r.after, r.role, r.on_behalf_of, r.clauses
        )
        text = (
            f"{begin}{clock.text(r.at)}{build}{named}"
            f'{"" if r.cause is None else f""","cause":{first + r.cause}"""}{channel}'
            f'{f""","data":{compact_sorted(data)}""" if data else ""}{definition}{numbered}{seq}"'
            f"{'' if key is None or index else _field('key', key)}{kind}{head}{process}"
            f"{'' if r.reason is None else _field('reason', r.reason)}{number}{seq}{end}"
        )
        as_made = is_normalized("NFC", text)
        one = Sealed(case, seq, _bytes(text if as_made else _composed(text)))
        if not as_made:
            told[index] = _counted_from(first, one.entry)
        head = one.hash
        sealed.append(one)
    return Chain(case, seq, head, entries[-1].at), sealed, told


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def _composed(text: str) -> str:
    """Gives JSON all of whose texts are in NFC, sorted anew; goes by the marks, however deep it is nested.

    Not the whole at once: a mark may follow an escape, whose letter is not meant.
    """
    return compact_sorted(json.loads(_STRING.sub(lambda m: encode_basestring(composed(json.loads(m[0]))), text)))


def _bytes(text: str) -> bytes:
    """Gives a body as it is stored; raises NotText for half a character."""
    try:
        return text.encode()
    except UnicodeEncodeError as cause:
        raise NotText("an entry holds half a character") from cause


def _counted_from(first: int, entry: Entry) -> Entry:
    """Gives an entry with `cause` counted within its step, which begins with the entry numbered `first`."""
    return entry if entry.cause is None else replace(entry, cause=entry.cause - first)


@cache
def _node() -> str:
    return platform.node()


@cache
def _account() -> str:
    """Names the account that runs this process: the system's word, not the environment's, which anybody may set."""
    if not hasattr(os, "getuid"):
        return os.getlogin()
    import pwd  # only where there are user numbers

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


# Plain SQL, like all that a look asks (`store/prepared.py`): whoever only reads does not wait for SQLAlchemy to load.
_INSERT = (
    'INSERT INTO entries ("case", seq, at, actor, kind, outcome, element, record, clauses, body)'
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_HEAD = "SELECT entries, head, last_at FROM chains WHERE chain = ?"
_MOVE = "UPDATE chains SET entries = ?, head = ?, last_at = ? WHERE chain = ?"
_BEGIN = "INSERT INTO chains (entries, head, last_at, chain) VALUES (?, ?, ?, ?)"


def store(connection: Connection, sealed: Sequence[Sealed], entries: Sequence[Entry]) -> None:
    """Writes sealed entries; their chain's new end is the caller's to write in the same transaction."""
    insert(connection, rows_of(sealed, entries))


def rows_of(sealed: Sequence[Sealed], entries: Sequence[Entry]) -> list[tuple[Any, ...]]:
    """Gives the rows of sealed entries."""
    rows: list[tuple[Any, ...]] = []
    for s, r in zip(sealed, entries, strict=True):
        told, about = r.told, (r.element, record_of(r.told), joined(r.clauses))
        rows.append((s.case, s.seq, r.at, r.actor, told.kind, told.outcome, *about, s.body))
    return rows


def insert(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Writes rows of entries."""
    driver(connection).executemany(_INSERT, rows).close()


# An abstract class asks long who its instances are, and a kind of entry has no subclasses.
_WRITING = frozenset((Written, Amended))


def record_of(told: Told) -> str | None:
    """Gives what the column `record` holds: the name of the record that got a version."""
    return name_of(told.record) if type(told) in _WRITING else None  # type: ignore[attr-defined]


def joined(clauses: Sequence[str]) -> str | None:
    """Gives what the column `clauses` holds."""
    return f" {' '.join(clauses)} " if clauses else None


def append(
    connection: Connection, entries: Sequence[Entry], origin: Origin, chain: str = ORGANISATION
) -> tuple[list[Sealed], Sequence[Entry]]:
    """Appends entries to a chain that belongs to no case, and moves its head; inside the caller's transaction.

    Gives them as sealed and as told, as `seal` does, behind one that tells of a clock that was set back, if it was.
    """
    found = ask(connection, _HEAD, chain)
    before = Chain(chain, *found[0]) if found else Chain(chain)
    entries = [replace(r, at=clock.following(r.at, before.last_at)) if r.at < before.last_at else r for r in entries]
    if entries[0].at < before.last_at:
        told = ClockSteppedBack(chain, clock.text(entries[0].at), clock.text(before.last_at))
        entries = [Entry(told, entries[0].at, SYSTEM.person), *entries]
    # A case names the law that judges it once; what belongs to no case names that of the build that wrote it.
    after, sealed, kept = seal(before, entries, origin._replace(law=LAW))
    store(connection, sealed, kept)
    moved = after.entries, after.head, after.last_at, chain
    driver(connection).execute(_MOVE if found else _BEGIN, moved).close()
    return sealed, kept


def load(connection: Connection, case: str, *, since: int = 1, until: int | None = None) -> Iterator[Sealed]:
    """Reads a chain's entries in order, from sequence number `since` to `until` (both included)."""
    query = 'SELECT position, seq, body FROM entries WHERE "case" = ? AND seq >= ?'
    values: list[Any] = [case, since]
    if until is not None:
        query += " AND seq <= ?"
        values.append(until)
    for position, seq, body in driver(connection).execute(f"{query} ORDER BY seq", values):
        yield Sealed(case, seq, bytes(memoryview(body)), position)


def to_entries(sealed: Iterable[Sealed]) -> Iterator[Entry]:
    """Gives sealed entries back as the step made them, `cause` counted within the step again; raises BadEntry."""
    first = 1
    for s in sealed:
        entry = s.entry
        if entry.command is not None:
            first = s.seq
        yield _counted_from(first, entry)
