"""Looks at one chain after another of a trail, and notes what is at fault in each: the inner part of `verify.py`.

Integrity: every stored body is well-formed, says what its columns say, and continues the chain of hashes; hashed are
the stored bytes, nothing is written anew. Completeness: sequence numbers are dense from 1 to the count the chain's
owner keeps, and the head is the last entry's hash. Truth: replaying the entries through the definitions that the case
ran gives them again, and all that lies beside them (`consistency.py`) says the same. Each body is parsed once. Knows
nothing of the database as a whole, nor of who else looks at other chains of it meanwhile (`apart.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec.json import Decoder

from charter.engine import law
from charter.engine.entries import BadEntry, Entry, law_named
from charter.engine.entries.cases import Migrated
from charter.engine.law import Rules
from charter.engine.replay import replay
from charter.runtime import clock
from charter.runtime.audit.asof import begun_with
from charter.runtime.audit.consistency import case_differs, definition_differs, files_of, organisation_differs
from charter.runtime.audit.findings import NAMES, UNREADABLE, Fault, Findings, Unjudged, shown
from charter.runtime.audit.log import GENESIS, Sealed, joined, record_of, to_entries
from charter.runtime.audit.obligations import Keyed, begins, differs as owes_differently
from charter.runtime.audit.opened import is_opening
from charter.runtime.host.casefile import Archive
from charter.runtime.store.prepared import ask, first
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.runtime.author.files import Files


class _NotPlain(ValueError):
    pass


def _refuse_float(_: str) -> Any:
    raise _NotPlain


_plain = Decoder(float_hook=_refuse_float).decode
_READ = (
    "SELECT position, seq, at, actor, kind, outcome, element, record, clauses, body FROM entries"
    ' WHERE "case" = ? ORDER BY seq'
)
_CASE = "SELECT id, entries, head FROM cases WHERE id = ?"
_CHAIN = "SELECT chain, entries, head FROM chains WHERE chain = ?"
_RUNS = "SELECT definition FROM cases WHERE id = ?"


class Looked:
    """What looking at chains has come to: which there are, with count and head, and how many entries and cases."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.heads: dict[str, tuple[int, str]] = {}
        self.known: set[str] = set()
        self.entries = 0
        self.cases = 0
        self.keyed = Keyed()

    def add(self, found: Looked) -> None:
        """Adds what somebody else has come to with the chains after these."""
        self.findings.add(found.findings)
        self.heads |= found.heads
        self.known |= found.known
        self.entries += found.entries
        self.cases += found.cases
        self.keyed.add(found.keyed)


class Chains:
    """Looks at chains of a database, as one transaction sees them. `files`: where attached files are, to be hashed."""

    def __init__(self, connection: Connection, files: Files | None) -> None:
        self._connection = connection
        self._files = files
        self._archive = Archive(remembered=0)
        self._definitions: dict[str, str | None] = {}  # what is wrong with each, however many cases run it

    def find(self, chain: str, looked: Looked) -> None:
        """Looks at the chain of this name, as it stands here."""
        with looked.findings.judging(*NAMES, case=chain):
            wanted = _CHAIN if chain == ORGANISATION else _CASE
            found = first(self._connection, wanted, chain)
            if found is None:
                looked.findings.note("completeness", Fault(chain, 1, "no_such_case"))
                return
            name, count, head = found
            self.look(name, count, head, looked)

    def look(self, chain: str, count: int, head: str, looked: Looked) -> None:
        """Looks at a chain that has so many entries, by what its owner keeps, and this head."""
        findings = looked.findings
        looked.cases += chain != ORGANISATION
        sealed: list[Sealed] = []
        last: Sealed | None = None
        keyed: Sealed | None = None
        opening: Sealed | None = None
        with findings.judging(*NAMES, case=chain):
            for last in self._entries(chain, count, head, findings):
                looked.entries += 1
                if begins(last):
                    looked.keyed.step(keyed, last.seq)
                    keyed = last
                if is_opening(last):  # of which there are as many as cases, and `opened.py` looks at them
                    opening = last
                else:
                    sealed.append(last)
            looked.keyed.step(keyed, 1 if last is None else last.seq + 1)
            if opening is not None:  # the last one says how far they go
                sealed.append(opening)
        looked.known.add(chain)
        looked.heads[shown(chain) or ""] = (count, shown(head) or "")
        if self._files is not None:
            with findings.judging("integrity", case=chain):
                _check_files(self._files, sealed, findings)
        with findings.judging("truth", case=chain):
            if chain == ORGANISATION:
                self._organisation(sealed, last, findings)
            else:
                self._truth(chain, sealed, findings)

    def _entries(self, chain: str, count: int, head: str, findings: Findings) -> Iterator[Sealed]:
        """Walks one chain and yields its readable entries."""
        prev, expected, last = GENESIS, 1, 0
        for position, seq, *columns, body in ask(self._connection, _READ, chain):
            if not isinstance(body, bytes):
                raise TypeError(body)
            if position <= last:
                findings.note("completeness", Fault(chain, seq, "out_of_order"))
            last = position
            if seq != expected:
                findings.note("completeness", Fault(chain, expected, "gap" if seq > expected else "repeated"))
                expected = seq
            fields = _parse(body)
            if fields is None:
                findings.note("integrity", Fault(chain, seq, "unreadable"))
            else:
                if fields.get("prev") != prev:
                    findings.note("integrity", Fault(chain, seq, "chain_broken"))
                sealed = Sealed(chain, seq, body, position, fields)
                if not _agrees(columns, sealed):
                    findings.note("integrity", Fault(chain, seq, "columns_differ"))
                yield sealed
            prev = sha256(body).hexdigest()
            expected += 1
        if expected - 1 != count:
            findings.note("completeness", Fault(chain, min(expected, count + 1), "count_differs"))
        elif prev != head:
            findings.note("integrity", Fault(chain, count or None, "head_differs"))

    def _truth(self, case: str, sealed: list[Sealed], findings: Findings) -> None:
        connection, archive = self._connection, self._archive
        row = first(connection, _RUNS, case)
        if row is None:
            findings.note("completeness", Fault(case, 1, "no_such_case"))
            return
        (definition,) = row
        bad = _first_bad(sealed)
        begun = [begun_with(one) for one in sealed]
        readable = sealed if bad is None else [one for one in sealed if one.seq < bad]
        stray = _stray(readable, begun, definition, whole=bad is None)
        if stray is not None:
            findings.note("truth", Fault(case, stray, "other_definition"))
            return
        for digest in dict.fromkeys((*begun, definition)):
            if (differs := self._definition_differs(digest)) is not None:
                findings.note("truth", Fault(case, None, "table_differs", differs))
                return
        if bad is not None:
            _cannot_read(case, bad, law_named(sealed[0].data), findings)
            return
        past = archive.past(connection, sealed) or [(1, archive.pinned(connection, definition))]
        known = {one.digest: one.definition for _, one in past}
        entries = list(to_entries(sealed))
        played = replay(past[0][1].definition, entries, known.get)
        if played.foreign is not None:
            findings.unjudged.append(Unjudged(case, _seq(sealed, played.foreign.index), played.foreign.rules))
        if played.difference is not None:
            findings.note("truth", Fault(case, _seq(sealed, played.difference.index), "differs_from_replay"))
            return
        state = played.state
        differs = None if state is None else case_differs(connection, past, case, state, entries)
        if state is None or (differs is not None and sealed and state.rules != law.PRESENT):
            # Nobody here knows better how the case stands than its rows, which have to agree with each other.
            if state is not None and played.foreign is None:
                findings.unjudged.append(Unjudged(case, sealed[-1].seq, state.rules))
            try:
                stored = archive.load(connection, case).state
                differs = case_differs(connection, past, case, stored, entries, read=True)
            except UNREADABLE:
                differs = "cases"
        if differs is not None:
            findings.note("truth", Fault(case, None, "table_differs", differs))
        elif state is not None:
            fault = owes_differently(connection, past[-1][1].definition, state, sealed, played)
            if fault is not None:
                findings.note("truth", fault)

    def _definition_differs(self, digest: str) -> str | None:
        if digest not in self._definitions:
            self._definitions[digest] = definition_differs(self._connection, digest)
        return self._definitions[digest]

    def _organisation(self, sealed: list[Sealed], last: Sealed | None, findings: Findings) -> None:
        if (bad := _first_bad(sealed)) is not None:
            judged = next(one.fields.get("law", 0) for one in sealed if one.seq == bad)
            _cannot_read(ORGANISATION, bad, judged, findings)
            return
        try:
            differs = organisation_differs(self._connection, sealed, last.at if last is not None else 0)
        except UNREADABLE:
            findings.note("truth", Fault(ORGANISATION, None, "not_replayable"))
            return
        if differs is not None:
            findings.note("truth", Fault(ORGANISATION, None, "table_differs", differs))


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        fields = _plain(body)
    except (ValueError, RecursionError):
        # What the fast reader takes is what the standard one gives; what it does not take may still be JSON.
        try:
            fields = json.loads(body, parse_float=_refuse_float, parse_constant=_refuse_float)
        except (ValueError, RecursionError):
            return None
    return fields if isinstance(fields, dict) else None


def _entry(sealed: Sealed) -> Entry | None:
    try:
        return sealed.entry
    except BadEntry:
        return None


def _agrees(columns: Sequence[Any], sealed: Sealed) -> bool:
    """Tells whether the columns beside a body say what the body says, also where only another build knows its kind.

    `columns`: at, actor, kind, outcome, element, record, clauses.
    """
    fields = sealed.fields
    at, actor, kind, outcome, element, record, clauses = columns
    entry = _entry(sealed)
    if entry is not None:
        told = entry.at, entry.element, record_of(entry.told), joined(entry.clauses)
    else:
        try:
            told = clock.read(fields["at"]), sealed.element, record, joined(fields.get("clauses", ()))
        except UNREADABLE:
            return False
    return (
        fields.get("case") == sealed.case
        and fields.get("seq") == sealed.seq
        and fields.get("id") == f"{sealed.case}.{sealed.seq}"
        and fields.get("actor") == actor
        and fields.get("kind") == kind
        and fields.get("outcome") == outcome
        and told == (at, element, record, clauses)
    )


def _stray(sealed: Sequence[Sealed], begun: Sequence[str], last: str, *, whole: bool) -> int | None:
    """Gives the number of the first entry written under another definition than the one that the case ran then.

    Only a `migrated` entry leads to another one, which it names; the last one is that of the case's row. `begun`: under
    which definition each entry was written.
    """
    runs = begun[0] if sealed else last
    for one, digest in zip(sealed, begun, strict=False):
        told = one.entry.told
        runs = told.definition if isinstance(told, Migrated) else runs
        if digest != runs:
            return one.seq
    return sealed[-1].seq if sealed and whole and runs != last else None


def _seq(sealed: Sequence[Sealed], index: int) -> int:
    """Gives the number of an entry by its place; that after the last where one is missing at the end."""
    return sealed[index].seq if index < len(sealed) else sealed[-1].seq + 1


def _first_bad(sealed: list[Sealed]) -> int | None:
    """Gives the number of the first entry that tells what Charter does not write."""
    return next((one.seq for one in sealed if _entry(one) is None), None)


def _cannot_read(chain: str, seq: int, judged: object, findings: Findings) -> None:
    """Notes an entry that tells what this build does not write: a fault, unless another law's build wrote it."""
    if isinstance(judged, int) and judged != law.LAW:
        findings.unjudged.append(Unjudged(chain, seq, Rules(judged)))
    else:
        findings.note("truth", Fault(chain, seq, "not_replayable"))


def _check_files(files: Files, sealed: list[Sealed], findings: Findings) -> None:
    for entry in sealed:
        for digest in files_of(entry.data):
            condition = files.condition(digest)
            if condition != "kept":
                findings.note("integrity", Fault(entry.case, entry.seq, f"file_{condition}", digest))


__all__ = ["Chains", "Looked"]
