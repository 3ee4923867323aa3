"""Checks a trail and gives three verdicts: integrity, completeness, truth, each with the first entry at fault.

What each of them means for one chain is said in `chains.py`; here is what concerns the database as a whole, and who
looks at which chain: a long trail is looked at by as many processes as there are cores (`apart.py`), a short one here.
Where other rules judged than this build has (`engine/law.py`) and playing them again gives something else, truth is
neither sound nor at fault: it is unjudged, and the verdict says from which entry on. Whatever stands in the database,
the answer is a verdict, never an exception, and what could not be looked at is not sound; where nothing stands in it
there is none. Somebody who can write the database can recompute all of it; what stops them is a head held outside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select, true

from charter.runtime.audit import apart, obligations, opened
from charter.runtime.audit.chains import Chains, Looked
from charter.runtime.audit.findings import NAMES, Fault, Findings, Unjudged, Verdict, Verification
from charter.runtime.audit.held import Held, check as check_seals
from charter.runtime.folds import FOLDS
from charter.runtime.store import Store, tables as t
from charter.runtime.store.errors import Unfounded
from charter.runtime.store.prepared import column, driver
from charter.runtime.store.schema import ORGANISATION, SCHEMA

if TYPE_CHECKING:
    from charter.runtime.author.files import Files


# A chain's name, how many entries it should have, and its head.
Chain = tuple[str, int, str]
# So many entries are looked at while other processes would only start.
ALONE = 20_000


def verify(
    store: Store,
    case: str | None = None,
    *,
    files: Files | None = None,
    along: Callable[[Sequence[Chain]], Iterable[Chain]] = iter,
    processes: int | None = None,
    held: Sequence[Held] = (),
) -> Verification:
    """Verifies one case's trail, or every trail of the database and the organisation's.

    `files`: where the files that entries name are kept, to be hashed too. `along` is handed the chains and gives them
    back one by one, so that a host can show how far it is. `processes`: how many look at cases, None for as many as
    there are cores where the trail is long. The verdicts are the same. `held`: checkpoints that are kept outside, which
    the whole trail is held against. Raises Unfounded where there is nothing to verify.
    """
    looked = Looked()
    findings, sealed_by = looked.findings, None
    with store.read() as connection, driver(connection).as_it_stands():
        _check_schema(connection, findings)
        chains = _chains(connection, case, findings)
        with apart.looking(store, files, chains, _processes(chains, processes)) as others:
            if case is None:
                _check_pages(connection, findings)
                with findings.judging("completeness"):
                    _check_numbers(connection, findings)
            one = Chains(connection, files)
            shown = iter(along(chains))
            for part, found in others:
                for name, count, head in part:
                    next(shown, None)
                    if found is None:
                        one.look(name, count, head, looked)
                if found is not None:
                    looked.add(found)
            next(shown, None)  # which ends it
        if case is None:
            with findings.judging("completeness", "truth"):
                _check_strays(connection, looked.known, findings)
            opened.check(connection, findings, later=store.backend.parted)
            obligations.check(connection, looked.keyed, findings)
            sealed_by = check_seals(connection, findings, held)
            if not looked.heads and not any(findings.faults):
                raise Unfounded("there is nothing to verify", url=store.url)
        elif not looked.heads:
            findings.note("completeness", Fault(case, None, "no_such_case"))
        _check_guards(connection, findings)
    integrity, completeness, truth = map(findings.verdict, NAMES)
    return Verification(integrity, completeness, truth, looked.cases, looked.entries, looked.heads, sealed_by)


def _processes(chains: Sequence[Chain], wanted: int | None) -> int:
    if wanted is not None:
        return wanted
    if sum(count for _, count, _ in chains) < ALONE:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_schema(connection: Connection, findings: Findings) -> None:
    with findings.judging(*NAMES):
        schema = driver(connection).schema()
        if schema != SCHEMA:
            findings.note("integrity", Fault(None, None, "other_schema", str(schema)))
        for table in t.metadata.sorted_tables:
            there = driver(connection).columns(table.name)
            missing = [column.name for column in table.columns if column.name not in there]
            if missing:
                what = table.name if len(missing) == len(table.columns) else f"{table.name}.{missing[0]}"
                findings.note("completeness", Fault(None, None, "table_missing", what))


def _check_guards(connection: Connection, findings: Findings) -> None:
    """Notes missing triggers and another schema: after all else, for they say of no entry that it was changed."""
    with findings.judging("integrity"):
        for guard in driver(connection).unguarded():
            findings.note("integrity", Fault(None, None, "unguarded", guard))
        for part in driver(connection).unlike():
            findings.note("integrity", Fault(None, None, "schema_differs", part))


def _check_pages(connection: Connection, findings: Findings) -> None:
    with findings.judging("integrity"):
        damage = driver(connection).damage()
        if damage is not None:
            findings.note("integrity", Fault(None, None, "damaged", damage))


def _chains(connection: Connection, case: str | None, findings: Findings) -> list[Chain]:
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


def _check_numbers(connection: Connection, findings: Findings) -> None:
    # A case that is started gets the next number in the same transaction, so a number without a case was a case.
    numbers = connection.execute(select(t.cases.c.number).order_by(t.cases.c.number)).scalars()
    for expected, number in enumerate(numbers, 1):
        if number != expected:
            findings.note("completeness", Fault(f"#{expected}", None, "case_missing"))
            return


def _check_strays(connection: Connection, known: set[str], findings: Findings) -> None:
    for (case,) in connection.execute(select(t.entries.c.case).distinct()):
        if case not in known:
            findings.note("completeness", Fault(case, 1, "no_such_case"))
    for table in (fold.table for fold in FOLDS):
        for case in column(connection, f'SELECT DISTINCT "case" FROM {table}'):
            # Notices of the organisation are held against its chain.
            if case not in known and (table, case) != ("notices", ORGANISATION):
                findings.note("truth", Fault(case, None, "table_differs", table))


__all__ = ["Fault", "Unjudged", "Verdict", "Verification", "verify"]
