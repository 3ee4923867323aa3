"""Holds the cases that there are against those that the organisation's chain says were opened.

A case that is gone with all its entries leaves its opening behind; one that was put in, or goes by another number, or
begins with another entry, has none that fits. Reads the chain's openings by themselves, so that as many cases as there
are need not be held with all that the chain says.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import takewhile

from sqlalchemy import Connection

from charter.engine.entries.keeping import CaseOpened, CasesCounted
from charter.runtime.audit.findings import Fault, Findings
from charter.runtime.audit.log import Sealed
from charter.runtime.host.opening import Case, line, standing
from charter.runtime.store.prepared import ask, driver
from charter.runtime.store.schema import ORGANISATION

_QUERY = 'SELECT seq, body FROM entries WHERE "case" = ? AND kind IN (?, ?) ORDER BY seq'


def is_opening(sealed: Sealed) -> bool:
    """Tells whether an entry says that a case was opened."""
    return bool(sealed.fields.get("kind") == CaseOpened.kind and sealed.case == ORGANISATION)


def check(connection: Connection, findings: Findings, *, later: bool) -> None:
    """Notes the first case that is missing, or that nothing says was opened.

    `later`: openings are entered when the trail is sealed (`host/opening.py`), so that the last may still be to come.

    Where no entry says how many cases there were, only earlier builds have worked with the database.
    """
    with findings.judging("completeness"):
        told = _told(connection)
        first = next(told, None)
        if first is None:
            return
        seq, counted = first
        if not isinstance(counted, CasesCounted):
            findings.note("completeness", Fault(ORGANISATION, seq, "cases_uncounted"))
            return
        digest = sha256()
        for case in takewhile(lambda case: case.number <= counted.last, standing(connection)):
            digest.update(line(case))
        cases = standing(connection, counted.last)
        if digest.hexdigest() != counted.digest:
            findings.note("completeness", Fault(ORGANISATION, seq, "cases_differ", str(counted.cases)))
        _compare(told, cases, findings, connection, later)


def _told(connection: Connection) -> Iterator[tuple[int, CaseOpened | CasesCounted]]:
    for seq, body in driver(connection).execute(_QUERY, (ORGANISATION, CasesCounted.kind, CaseOpened.kind)):
        told = Sealed(ORGANISATION, seq, bytes(body)).entry.told
        assert isinstance(told, (CaseOpened, CasesCounted))
        yield seq, told


def _compare(
    told: Iterator[tuple[int, CaseOpened | CasesCounted]],
    cases: Iterator[Case],
    findings: Findings,
    connection: Connection,
    later: bool,
) -> None:
    """Goes through both by number, which is the order in which cases were opened."""
    case = next(cases, None)
    for seq, one in told:
        if isinstance(one, CasesCounted):
            findings.note("completeness", Fault(ORGANISATION, seq, "cases_uncounted"))
            return
        if case is None or case.number > one.number:
            findings.note("completeness", Fault(one.case, None, "case_gone", f"#{one.number}"))
            return
        if case.number < one.number or (case.case, case.first) != (one.case, one.first):
            findings.note("completeness", Fault(case.case, 1, "case_unopened", f"#{case.number}"))
            return
        case = next(cases, None)
    if case is not None and not (later and not _sealed(connection, case.case)):
        findings.note("completeness", Fault(case.case, 1, "case_unopened", f"#{case.number}"))


def _sealed(connection: Connection, case: str) -> bool:
    """Tells whether the first entry of a case is in the tree."""
    query = 'SELECT 1 FROM leaves l JOIN entries e ON e.position = l.position WHERE e."case" = ? AND e.seq = 1'
    return bool(ask(connection, query, case))


__all__ = ["check", "is_opening"]
