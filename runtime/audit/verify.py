"""Checks a trail and gives three verdicts: integrity, completeness, truth, each with the first entry at fault.

Integrity: every stored body is well-formed, says what its columns say, and continues the chain of hashes; hashed
are the stored bytes, nothing is written anew. Completeness: sequence numbers are dense from 1 to the count the
chain's owner keeps, and the head is the last entry's hash. Truth: replaying the entries through the pinned
definition gives them again, and all that lies beside them (`consistency.py`) says the same. Where other rules judged
than this build has (`engine/law.py`) and playing them again gives something else, truth is neither sound nor at fault:
it is unjudged, and the verdict says from which entry on. Whatever stands in the database, the answer is a verdict,
never an exception; where nothing stands in it there is none. Somebody who can write the database can recompute all of
it; what stops them is a head held outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from sqlalchemy import Connection, select

from charter.engine import law
from charter.engine.entries import BadEntry, law_named
from charter.engine.law import Rules
from charter.engine.replay import replay
from charter.runtime import clock
from charter.runtime.audit.consistency import case_differs, definition_differs, files_of, organisation_differs
from charter.runtime.audit.log import GENESIS, Sealed, joined, record_of, to_entries
from charter.runtime.folds import FOLDS
from charter.runtime.host.casefile import Archive
from charter.runtime.store import Store, tables as t
from charter.runtime.store.errors import Unfounded
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from charter.runtime.author.files import Files


class Fault(Struct, frozen=True):
    """What is wrong, and at which entry: `why` is a key of the message tables (section `verify`).

    `seq` is None where no entry is at fault but what stands beside them: the case's row, or `what`, a table or file.
    """

    case: str
    seq: int | None
    why: str
    what: str | None = None


class Unjudged(Struct, frozen=True):
    """From which entry of a case on this build's rules give something else than `rules`, which judged there, gave."""

    case: str
    seq: int
    rules: Rules


class Verdict(Struct, frozen=True):
    """Sound, or the first fault. name: `integrity`, `completeness`, `truth`.

    `unjudged`: what only other rules than this build's could judge, the first of each case.
    """

    name: str
    fault: Fault | None = None
    unjudged: tuple[Unjudged, ...] = ()

    @property
    def sound(self) -> bool:
        """Tells whether nothing is at fault and nothing was left unjudged."""
        return self.fault is None and not self.unjudged


class Verification(Struct, frozen=True):
    """The three verdicts over what was looked at."""

    integrity: Verdict
    completeness: Verdict
    truth: Verdict
    cases: int
    entries: int
    # chain -> (entries, head): what to compare with a head held outside
    heads: dict[str, tuple[int, str]]

    @property
    def sound(self) -> bool:
        """Tells whether all three verdicts are good."""
        return all(verdict.sound for verdict in self.verdicts)

    @property
    def faulty(self) -> bool:
        """Tells whether anything is at fault."""
        return any(verdict.fault is not None for verdict in self.verdicts)

    @property
    def verdicts(self) -> tuple[Verdict, Verdict, Verdict]:
        """The three, in the order in which they are told."""
        return self.integrity, self.completeness, self.truth


# What reading a body comes to whose parts are of other kinds than Charter writes.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class _NotPlain(ValueError):
    pass


def _refuse_float(_: str) -> Any:
    raise _NotPlain


_NAMES = ("integrity", "completeness", "truth")


class _Findings:
    def __init__(self) -> None:
        self.faults: dict[str, Fault] = {}
        self.unjudged: list[Unjudged] = []

    def note(self, name: str, fault: Fault) -> None:
        self.faults.setdefault(name, fault)

    def verdict(self, name: str) -> Verdict:
        return Verdict(name, self.faults.get(name), tuple(self.unjudged) if name == "truth" else ())


class _Definitions(dict[str, str | None]):
    """What is wrong with each definition: looked at once, however many cases run it."""

    def differs(self, connection: Connection, digest: str) -> str | None:
        if digest not in self:
            self[digest] = definition_differs(connection, digest)
        return self[digest]


Chains = Sequence[tuple[str, int, str]]


def verify(
    store: Store,
    case: str | None = None,
    *,
    files: Files | None = None,
    along: Callable[[Chains], Iterable[tuple[str, int, str]]] = iter,
) -> Verification:
    """Verifies one case's trail, or every trail of the database and the organisation's.

    `files`: where the files that entries name are kept, to be hashed too. `along` is handed the chains and gives them
    back one by one, so that a host can show how far it is. Raises Unfounded where there is nothing to verify.
    """
    findings, heads, cases, entries = _Findings(), {}, 0, 0
    archive, definitions = Archive(remembered=0), _Definitions()
    with store.read() as connection:
        if case is None:
            _check_numbers(connection, findings)
        for chain, count, head in along(list(_chains(connection, case))):
            cases += chain != ORGANISATION
            sealed = list(_check_chain(connection, chain, count, head, findings))
            entries += len(sealed)
            heads[chain] = (count, head)
            if files is not None:
                _check_files(files, sealed, findings)
            if chain == ORGANISATION:
                _check_organisation(connection, sealed, findings)
            else:
                _check_truth(connection, archive, definitions, chain, sealed, findings)
        if case is None:
            _check_strays(connection, set(heads), findings)
            if not heads and not any(findings.faults):
                raise Unfounded("there is nothing to verify", url=store.url)
    integrity, completeness, truth = map(findings.verdict, _NAMES)
    return Verification(integrity, completeness, truth, cases, entries, heads)


def _chains(connection: Connection, case: str | None) -> Iterator[tuple[str, int, str]]:
    c, k = t.cases.c, t.chains.c
    query = select(c.id, c.entries, c.head).order_by(c.number)
    if case is not None:
        query = query.where(c.id == case)
    for row in connection.execute(query).fetchall():
        yield row[0], row[1], row[2]
    if case is None:
        for row in connection.execute(select(k.chain, k.entries, k.head).order_by(k.chain)).fetchall():
            yield row[0], row[1], row[2]


_r = t.entries.c


def _check_chain(connection: Connection, chain: str, count: int, head: str, findings: _Findings) -> Iterator[Sealed]:
    """Walks one chain and yields its readable entries."""
    query = select(t.entries).where(_r.case == chain).order_by(_r.seq)
    prev, expected, position = GENESIS, 1, 0
    for row in connection.execute(query):
        body = bytes(row.body)
        if row.position <= position:
            findings.note("completeness", Fault(chain, row.seq, "out_of_order"))
        position = row.position
        if row.seq != expected:
            findings.note("completeness", Fault(chain, expected, "gap" if row.seq > expected else "repeated"))
            expected = row.seq
        fields = _parse(body)
        if fields is None:
            findings.note("integrity", Fault(chain, row.seq, "unreadable"))
        else:
            if fields.get("prev") != prev:
                findings.note("integrity", Fault(chain, row.seq, "chain_broken"))
            sealed = Sealed(chain, row.seq, body, row.position)
            if not _agrees(row, sealed):
                findings.note("integrity", Fault(chain, row.seq, "columns_differ"))
            yield sealed
        prev = sha256(body).hexdigest()
        expected += 1
    if expected - 1 != count:
        findings.note("completeness", Fault(chain, min(expected, count + 1), "count_differs"))
    elif prev != head:
        findings.note("integrity", Fault(chain, count or None, "head_differs"))


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        fields = json.loads(body, parse_float=_refuse_float, parse_constant=_refuse_float)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _agrees(row: Any, sealed: Sealed) -> bool:
    """Tells whether the columns beside a body say what the body says, also where only another build knows its kind."""
    fields = sealed.fields
    try:
        at, element, clauses = clock.read(fields["at"]), sealed.element, joined(fields.get("clauses", ()))
    except _UNREADABLE:
        return False
    try:
        record = record_of(sealed.entry.told)
    except BadEntry:
        record = row.record
    return (
        fields.get("case") == row.case
        and fields.get("seq") == row.seq
        and fields.get("id") == f"{row.case}.{row.seq}"
        and fields.get("actor") == row.actor
        and fields.get("kind") == row.kind
        and fields.get("outcome") == row.outcome
        and (at, element, record, clauses) == (row.at, row.element, row.record, row.clauses)
    )


def _check_truth(
    connection: Connection,
    archive: Archive,
    definitions: _Definitions,
    case: str,
    sealed: list[Sealed],
    findings: _Findings,
) -> None:
    row = connection.execute(select(t.cases.c.definition).where(t.cases.c.id == case)).one_or_none()
    if row is None:
        findings.note("completeness", Fault(case, 1, "no_such_case"))
        return
    stray = next((s for s in sealed if s.fields.get("definition") != row.definition), None)
    if stray is not None:
        findings.note("truth", Fault(case, stray.seq, "other_definition"))
        return
    if (differs := definitions.differs(connection, row.definition)) is not None:
        findings.note("truth", Fault(case, None, "table_differs", differs))
        return
    pinned = archive.pinned(connection, row.definition)
    if (bad := _first_bad(sealed)) is not None:
        _cannot_read(case, bad, law_named(sealed[0].data), findings)
        return
    played = replay(pinned.definition, to_entries(sealed))
    if played.foreign is not None:
        findings.unjudged.append(Unjudged(case, _seq(sealed, played.foreign.index), played.foreign.rules))
    if played.difference is not None:
        findings.note("truth", Fault(case, _seq(sealed, played.difference.index), "differs_from_replay"))
        return
    state = played.state
    differs = None if state is None else case_differs(connection, pinned, case, state, sealed)
    if state is None or (differs is not None and sealed and state.rules != law.PRESENT):
        # Nobody here knows better how the case stands than its rows, which have to agree with each other.
        if state is not None and played.foreign is None:
            findings.unjudged.append(Unjudged(case, sealed[-1].seq, state.rules))
        try:
            stored = archive.load(connection, case).state
            differs = case_differs(connection, pinned, case, stored, sealed, read=True)
        except _UNREADABLE:
            differs = t.cases.name
    if differs is not None:
        findings.note("truth", Fault(case, None, "table_differs", differs))


def _seq(sealed: Sequence[Sealed], index: int) -> int:
    """Gives the number of an entry by its place; that after the last where one is missing at the end."""
    return sealed[index].seq if index < len(sealed) else sealed[-1].seq + 1


def _first_bad(sealed: list[Sealed]) -> int | None:
    """Gives the number of the first entry that tells what Charter does not write."""
    for one in sealed:
        try:
            _ = one.entry
        except BadEntry:
            return one.seq
    return None


def _cannot_read(chain: str, seq: int, judged: object, findings: _Findings) -> None:
    """Notes an entry that tells what this build does not write: a fault, unless another law's build wrote it."""
    if isinstance(judged, int) and judged != law.LAW:
        findings.unjudged.append(Unjudged(chain, seq, Rules(judged)))
    else:
        findings.note("truth", Fault(chain, seq, "not_replayable"))


def _check_organisation(connection: Connection, sealed: list[Sealed], findings: _Findings) -> None:
    if (bad := _first_bad(sealed)) is not None:
        _cannot_read(ORGANISATION, bad, next(one.fields.get("law", 0) for one in sealed if one.seq == bad), findings)
        return
    try:
        differs = organisation_differs(connection, sealed)
    except _UNREADABLE:
        findings.note("truth", Fault(ORGANISATION, None, "not_replayable"))
        return
    if differs is not None:
        findings.note("truth", Fault(ORGANISATION, None, "table_differs", differs))


def _check_files(files: Files, sealed: list[Sealed], findings: _Findings) -> None:
    for entry in sealed:
        for digest in files_of(entry.data):
            condition = files.condition(digest)
            if condition != "kept":
                findings.note("integrity", Fault(entry.case, entry.seq, f"file_{condition}", digest))


def _check_numbers(connection: Connection, findings: _Findings) -> None:
    # A case that is started gets the next number in the same transaction, so a number without a case was a case.
    numbers = connection.execute(select(t.cases.c.number).order_by(t.cases.c.number)).scalars()
    for expected, number in enumerate(numbers, 1):
        if number != expected:
            findings.note("completeness", Fault(f"#{expected}", None, "case_missing"))
            return


def _check_strays(connection: Connection, known: set[str], findings: _Findings) -> None:
    for (case,) in connection.execute(select(_r.case).distinct()):
        if case not in known:
            findings.note("completeness", Fault(case, 1, "no_such_case"))
    for table in (fold.table for fold in FOLDS):
        for (case,) in connection.execute(select(table.c.case).distinct()):
            if case not in known:
                findings.note("truth", Fault(case, None, "table_differs", table.name))


__all__ = ["Fault", "Verdict", "Verification", "verify"]
