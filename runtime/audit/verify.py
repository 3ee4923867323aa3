"""Checks a trail and gives three verdicts: integrity, completeness, truth, each with the first entry at fault.

Integrity: every stored body is well-formed, says what its columns say, and continues the chain of hashes; hashed
are the stored bytes, nothing is written anew. Completeness: sequence numbers are dense from 1 to the count the
chain's owner keeps, and the head is the last entry's hash. Truth: replaying the entries through the definitions that
the case ran gives them again, and all that lies beside them (`consistency.py`) says the same. Where other rules judged
than this build has (`engine/law.py`) and playing them again gives something else, truth is neither sound nor at fault:
it is unjudged, and the verdict says from which entry on. Whatever stands in the database, the answer is a verdict,
never an exception, and what could not be looked at is not sound; where nothing stands in it there is none. Somebody who
can write the database can recompute all of it; what stops them is a head held outside.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Text, select, true, type_coerce

from charter.engine import law
from charter.engine.entries import BadEntry, law_named
from charter.engine.entries.cases import Migrated
from charter.engine.law import Rules
from charter.engine.replay import replay
from charter.runtime import clock
from charter.runtime.audit.asof import begun_with
from charter.runtime.audit.consistency import case_differs, definition_differs, files_of, organisation_differs
from charter.runtime.audit.findings import NAMES, UNREADABLE, Fault, Findings, Unjudged, Verdict, Verification, shown
from charter.runtime.audit.log import GENESIS, Sealed, joined, record_of, to_entries
from charter.runtime.folds import FOLDS
from charter.runtime.host.casefile import Archive
from charter.runtime.store import Store, sqlite, tables as t
from charter.runtime.store.errors import Unfounded
from charter.runtime.store.schema import ORGANISATION, SCHEMA

if TYPE_CHECKING:
    from charter.runtime.author.files import Files


class _NotPlain(ValueError):
    pass


def _refuse_float(_: str) -> Any:
    raise _NotPlain


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
    findings, heads, cases, entries = Findings(), {}, 0, 0
    known: set[str] = set()
    archive, definitions = Archive(remembered=0), _Definitions()
    with store.read() as connection, sqlite.as_it_stands(connection):
        _check_schema(connection, findings)
        if case is None:
            _check_pages(connection, findings)
            with findings.judging("completeness"):
                _check_numbers(connection, findings)
        for chain, count, head in along(_chains(connection, case, findings)):
            cases += chain != ORGANISATION
            sealed: list[Sealed] = []
            with findings.judging(*NAMES, case=chain):
                sealed = list(_check_chain(connection, chain, count, head, findings))
            entries += len(sealed)
            known.add(chain)
            heads[shown(chain) or ""] = (count, shown(head) or "")
            if files is not None:
                with findings.judging("integrity", case=chain):
                    _check_files(files, sealed, findings)
            with findings.judging("truth", case=chain):
                if chain == ORGANISATION:
                    _check_organisation(connection, sealed, findings)
                else:
                    _check_truth(connection, archive, definitions, chain, sealed, findings)
        if case is None:
            with findings.judging("completeness", "truth"):
                _check_strays(connection, known, findings)
            if not heads and not any(findings.faults):
                raise Unfounded("there is nothing to verify", url=store.url)
        elif not heads:
            findings.note("completeness", Fault(case, None, "no_such_case"))
    integrity, completeness, truth = map(findings.verdict, NAMES)
    return Verification(integrity, completeness, truth, cases, entries, heads)


def _check_schema(connection: Connection, findings: Findings) -> None:
    with findings.judging(*NAMES):
        schema = sqlite.schema_of(connection)
        if schema != SCHEMA:
            findings.note("integrity", Fault(None, None, "other_schema", str(schema)))
        for table in t.metadata.sorted_tables:
            there = sqlite.columns(connection, table.name)
            missing = [column.name for column in table.columns if column.name not in there]
            if missing:
                what = table.name if len(missing) == len(table.columns) else f"{table.name}.{missing[0]}"
                findings.note("completeness", Fault(None, None, "table_missing", what))


def _check_pages(connection: Connection, findings: Findings) -> None:
    with findings.judging("integrity"):
        damage = sqlite.damage(connection)
        if damage is not None:
            findings.note("integrity", Fault(None, None, "damaged", damage))


def _chains(connection: Connection, case: str | None, findings: Findings) -> list[tuple[str, int, str]]:
    """Lists the chains that are to be looked at, with their counts and heads; notes those that are none."""
    c, k, found = t.cases.c, t.chains.c, []
    wanted = []
    if case != ORGANISATION:
        wanted.append(
            select(c.id, c.entries, c.head).where(true() if case is None else c.id == case).order_by(c.number)
        )
    if case is None or case == ORGANISATION:
        wanted.append(select(k.chain, k.entries, k.head).order_by(k.chain))
    for query in wanted:
        with findings.judging(*NAMES):
            found += [(row[0], row[1], row[2]) for row in connection.execute(query)]
    sound = [chain for chain in found if tuple(map(type, chain)) == (str, int, str)]
    for chain in found:
        if chain not in sound:
            for name in NAMES:
                findings.note(name, Fault(str(chain[0]), None, "not_ours"))
    return sound


_r = t.entries.c


def _check_chain(connection: Connection, chain: str, count: int, head: str, findings: Findings) -> Iterator[Sealed]:
    """Walks one chain and yields its readable entries."""
    # `body` as it is: SQLAlchemy would make as many zeros of a number.
    query = select(*(type_coerce(c, Text) if c is _r.body else c for c in _r)).where(_r.case == chain).order_by(_r.seq)
    prev, expected, position = GENESIS, 1, 0
    for row in connection.execute(query):
        body = row.body
        if not isinstance(body, bytes):
            raise TypeError(body)
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
    except UNREADABLE:
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
    findings: Findings,
) -> None:
    row = connection.execute(select(t.cases.c.definition).where(t.cases.c.id == case)).one_or_none()
    if row is None:
        findings.note("completeness", Fault(case, 1, "no_such_case"))
        return
    bad = _first_bad(sealed)
    stray = _stray(sealed if bad is None else [s for s in sealed if s.seq < bad], row.definition, whole=bad is None)
    if stray is not None:
        findings.note("truth", Fault(case, stray, "other_definition"))
        return
    for digest in dict.fromkeys((*(begun_with(s) for s in sealed), row.definition)):
        if (differs := definitions.differs(connection, digest)) is not None:
            findings.note("truth", Fault(case, None, "table_differs", differs))
            return
    if bad is not None:
        _cannot_read(case, bad, law_named(sealed[0].data), findings)
        return
    past = archive.past(connection, sealed) or [(1, archive.pinned(connection, row.definition))]
    known = {one.digest: one.definition for _, one in past}
    played = replay(past[0][1].definition, to_entries(sealed), known.get)
    if played.foreign is not None:
        findings.unjudged.append(Unjudged(case, _seq(sealed, played.foreign.index), played.foreign.rules))
    if played.difference is not None:
        findings.note("truth", Fault(case, _seq(sealed, played.difference.index), "differs_from_replay"))
        return
    state = played.state
    differs = None if state is None else case_differs(connection, past, case, state, sealed)
    if state is None or (differs is not None and sealed and state.rules != law.PRESENT):
        # Nobody here knows better how the case stands than its rows, which have to agree with each other.
        if state is not None and played.foreign is None:
            findings.unjudged.append(Unjudged(case, sealed[-1].seq, state.rules))
        try:
            stored = archive.load(connection, case).state
            differs = case_differs(connection, past, case, stored, sealed, read=True)
        except UNREADABLE:
            differs = t.cases.name
    if differs is not None:
        findings.note("truth", Fault(case, None, "table_differs", differs))


def _stray(sealed: Sequence[Sealed], last: str, *, whole: bool) -> int | None:
    """Gives the number of the first entry written under another definition than the one that the case ran then.

    Only a `migrated` entry leads to another one, which it names; the last one is that of the case's row.
    """
    runs = begun_with(sealed[0]) if sealed else last
    for one in sealed:
        told = one.entry.told
        runs = told.definition if isinstance(told, Migrated) else runs
        if begun_with(one) != runs:
            return one.seq
    return sealed[-1].seq if sealed and whole and runs != last else None


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


def _cannot_read(chain: str, seq: int, judged: object, findings: Findings) -> None:
    """Notes an entry that tells what this build does not write: a fault, unless another law's build wrote it."""
    if isinstance(judged, int) and judged != law.LAW:
        findings.unjudged.append(Unjudged(chain, seq, Rules(judged)))
    else:
        findings.note("truth", Fault(chain, seq, "not_replayable"))


def _check_organisation(connection: Connection, sealed: list[Sealed], findings: Findings) -> None:
    if (bad := _first_bad(sealed)) is not None:
        _cannot_read(ORGANISATION, bad, next(one.fields.get("law", 0) for one in sealed if one.seq == bad), findings)
        return
    try:
        differs = organisation_differs(connection, sealed)
    except UNREADABLE:
        findings.note("truth", Fault(ORGANISATION, None, "not_replayable"))
        return
    if differs is not None:
        findings.note("truth", Fault(ORGANISATION, None, "table_differs", differs))


def _check_files(files: Files, sealed: list[Sealed], findings: Findings) -> None:
    for entry in sealed:
        for digest in files_of(entry.data):
            condition = files.condition(digest)
            if condition != "kept":
                findings.note("integrity", Fault(entry.case, entry.seq, f"file_{condition}", digest))


def _check_numbers(connection: Connection, findings: Findings) -> None:
    # A case that is started gets the next number in the same transaction, so a number without a case was a case.
    numbers = connection.execute(select(t.cases.c.number).order_by(t.cases.c.number)).scalars()
    for expected, number in enumerate(numbers, 1):
        if number != expected:
            findings.note("completeness", Fault(f"#{expected}", None, "case_missing"))
            return


def _check_strays(connection: Connection, known: set[str], findings: Findings) -> None:
    for (case,) in connection.execute(select(_r.case).distinct()):
        if case not in known:
            findings.note("completeness", Fault(case, 1, "no_such_case"))
    for table in (fold.table for fold in FOLDS):
        for (case,) in connection.execute(select(table.c.case).distinct()):
            # Notices of the organisation are held against its chain.
            if case not in known and (table, case) != (t.notices, ORGANISATION):
                findings.note("truth", Fault(case, None, "table_differs", table.name))


__all__ = ["Fault", "Unjudged", "Verdict", "Verification", "verify"]
