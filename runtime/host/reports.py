"""Reports: made of the cases as they stand, frozen as an entry of the organisation, signed off, and made again.

A frozen report says what it said for ever, and every figure names the entries that it comes from. Made again, it is
measured over the cases as their trails left them at the position that its entry names; what came later is no part of
it. Figures of a period that later facts have changed are told beside it, and become a revision only where somebody
freezes one. What a report shows is `engine/reports.py`'s; who may read it, `desk/reading.py`'s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, func, select

from charter.engine import zones
from charter.engine.compact import compact_sorted
from charter.engine.definition import Definition
from charter.engine.entries.cases import Refused
from charter.engine.entries.organisation import ReportFrozen, ReportSigned
from charter.engine.periods import Period, named, period_at
from charter.engine.refusals import Refusal
from charter.engine.replay import replay
from charter.engine.reports import OF_PERIOD, Over, Report, Row, measured, rhythm
from charter.engine.state import CaseState
from charter.runtime import clock
from charter.runtime.audit import log
from charter.runtime.audit.asof import begun_with
from charter.runtime.audit.log import Sealed, to_entries
from charter.runtime.desk.population import Population
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.evidence import Evidence
from charter.runtime.people.organisation import note
from charter.runtime.people.rights import rights
from charter.runtime.refusals import (
    NOT_OVER,
    NOT_THE_MAKER,
    NOT_THE_SIGNER,
    SIGNED_ALREADY,
    SIGNS_OWN,
    refusal,
)
from charter.runtime.store import Store, tables as t
from charter.runtime.store.prepared import ask
from charter.runtime.store.schema import ORGANISATION

_e = t.entries.c
_KINDS = (ReportFrozen.kind, ReportSigned.kind)


class Wanted(Struct, frozen=True):
    """Which report: of a process as it is now, over a period or not, of all cases or one."""

    definition: Definition
    report: Report
    period: Period | None = None
    case: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None, str | None]:
        """What tells frozen ones of several periods and cases apart."""
        since = None if self.period is None else clock.text(self.period.since)
        return self.definition.name, self.report.name, self.case, since


class Signature(Struct, frozen=True):
    """By whom a report was signed off, in which role, when and why; `entry`: its id."""

    by: str
    role: str
    at: int
    reason: str | None
    entry: str


class Frozen(Struct, frozen=True):
    """A report as it was frozen: what its entry tells, by whom and when, its id, and who signed it off."""

    told: ReportFrozen
    by: str
    at: int
    entry: str
    reason: str | None = None
    signatures: tuple[Signature, ...] = ()

    @property
    def key(self) -> tuple[str, str, str | None, str | None]:
        """What it has in common with its revisions."""
        return self.told.process, self.told.report, self.told.case, self.told.since

    @property
    def period(self) -> Period | None:
        """The period that it is of."""
        since, until = self.told.since, self.told.until
        return None if since is None or until is None else Period(clock.read(since), clock.read(until))


class Change(Struct, frozen=True):
    """A figure that is another: `was` and `now` as entries keep them, None where there is none."""

    was: Mapping[str, Any] | None
    now: Mapping[str, Any] | None

    @property
    def figure(self) -> Mapping[str, Any]:
        """The figure, as there is one."""
        found = self.now or self.was
        assert found is not None
        return found


class Reports:
    """The reports of one database."""

    def __init__(self, store: Store, caseload: Caseload) -> None:
        self._store = store
        self._caseload = caseload

    # -- what there is -------------------------------------------------------------------------------------------------

    def frozen(self, process: str | None = None, report: str | None = None) -> list[Frozen]:
        """Lists what was frozen, the oldest first."""
        with self._store.read() as connection:
            return frozen(connection, process, report)

    def last(self, wanted: Wanted, number: int | None = None) -> Frozen | None:
        """Finds what was frozen of a report last, or with a number."""
        with self._store.read() as connection:
            return _last(connection, wanted, number)

    def draft(self, wanted: Wanted) -> tuple[list[dict[str, Any]], int]:
        """Gives what a report says now, and the position of the last entry that it takes in; changes nothing."""
        with self._store.read() as connection:
            return self._measured(connection, wanted)

    def late(self, wanted: Wanted, last: Frozen) -> list[Change]:
        """Lists the figures of a period that facts have changed since they were frozen."""
        if last.period is None or last.told.case is not None:
            return []
        now, _ = self.draft(wanted)
        return differences(*([f for f in each if f["kind"] in OF_PERIOD] for each in (last.told.figures, now)))

    def unable(self, wanted: Wanted, by: str) -> Refusal | None:
        """Says why somebody may not freeze a report, None where they may; changes nothing."""
        with self._store.read() as connection:
            return self._may_make(connection, wanted, by, self._caseload.clock())

    # -- what is done --------------------------------------------------------------------------------------------------

    def freeze(self, wanted: Wanted, *, by: str, reason: str | None) -> tuple[Frozen | None, Refusal | None]:
        """Freezes a report, or a revision of it where it says something else; gives the one that counts then."""
        at = self._caseload.clock()
        with self._store.write() as connection:
            refused = self._may_make(connection, wanted, by, at)
            if refused is not None:
                told = Refused(refused.reasons, verb="report", process=wanted.definition.name)
                note(connection, told, by, at=at, origin=self._caseload.origin)
                return None, refused
            last = _last(connection, wanted)
            figures, position = self._measured(connection, wanted)
            digest = digest_of(figures)
            if last is not None and last.told.digest == digest:
                return last, None
            process, name, case, since = wanted.key
            frozen_ = ReportFrozen(
                process,
                wanted.definition.version,
                self._caseload.latest(connection, process).digest,
                name,
                case,
                since,
                None if wanted.period is None else clock.text(wanted.period.until),
                1 if last is None else last.told.number + 1,
                position,
                figures,
                digest,
                None if last is None else last.told.digest,
            )
            note(connection, frozen_, by, at=at, origin=self._caseload.origin, reason=reason)
            return _last(connection, wanted), None

    def sign(self, wanted: Wanted, last: Frozen, *, by: str, reason: str) -> Refusal | None:
        """Signs a report off as it was frozen last."""
        at, origin = self._caseload.clock(), self._caseload.origin
        with self._store.write() as connection:
            held = rights(connection, by, at).roles(wanted.definition.name)
            roles = [role for role in wanted.report.signers if role in held]
            named_, refused = {"person": by, "report": wanted.report.name}, None
            if not roles:
                refused = refusal(NOT_THE_SIGNER, **named_, roles=", ".join(wanted.report.signers))
            elif last.by == by:
                refused = refusal(SIGNS_OWN, **named_)
            elif any(each.by == by for each in last.signatures):
                refused = refusal(SIGNED_ALREADY, **named_)
            if refused is not None:
                note(
                    connection,
                    Refused(refused.reasons, verb="report", process=last.told.process),
                    by,
                    at=at,
                    origin=origin,
                )
                return refused
            f = last.told
            told = ReportSigned(f.process, f.report, f.case, f.since, f.until, f.number, f.digest, roles[0])
            note(connection, told, by, at=at, origin=origin, reason=reason)
        return None

    def again(self, last: Frozen) -> list[Change]:
        """Makes a frozen report again from the trails as they stood then; lists the figures that differ."""
        with self._store.read() as connection:
            told = last.told
            definition = self._caseload.archive.pinned(connection, told.definition).definition
            report = next(each for each in definition.reports if each.name == told.report)
            wanted = Wanted(definition, report, last.period, told.case)
            cases = self._then(connection, told)
            found = self._rows(connection, wanted, cases, last.at, told.position)
        return differences(told.figures, found, sources=True)

    # -- measuring -----------------------------------------------------------------------------------------------------

    def _may_make(self, connection: Connection, wanted: Wanted, by: str, at: int) -> Refusal | None:
        report, definition = wanted.report, wanted.definition
        found = rights(connection, by, at)
        makers = report.makers or ((definition.owner,) if definition.owner else ())
        if found.roles(definition.name).isdisjoint(makers) if makers else not found.every_case:
            return refusal(NOT_THE_MAKER, person=by, report=report.name, roles=", ".join(makers) or "steward")
        if wanted.period is not None and wanted.period.until > at:
            period = named(definition.calendar.zone, wanted.period)
            return refusal(NOT_OVER, report=report.name, period=period, until=_day(definition, wanted.period.until))
        return None

    def _measured(self, connection: Connection, wanted: Wanted) -> tuple[list[dict[str, Any]], int]:
        position = connection.execute(select(func.max(_e.position))).scalar() or 0
        cases: Collection[Any]
        if wanted.case is None:
            cases = Population(connection, wanted.definition.name).cases.values()
        else:
            cases = [self._caseload.archive.load(connection, wanted.case).state]
        return self._rows(connection, wanted, cases, self._caseload.clock(), position), position

    def _rows(
        self, connection: Connection, wanted: Wanted, cases: Collection[Any], now: int, position: int
    ) -> list[dict[str, Any]]:
        numbers = dict(ask(connection, "SELECT id, number FROM cases WHERE process = ?", wanted.definition.name))
        over = Over(list(cases), numbers, now, wanted.period, alone=wanted.case is not None)
        rows = list(measured(wanted.definition, wanted.report, over))
        evidence = Evidence(connection, wanted.definition, position)
        return [_told(row, evidence) for row in rows]

    def _then(self, connection: Connection, told: ReportFrozen) -> list[Any]:
        """Gives the cases of a process, or one, as their trails left them at a position."""
        only = [told.case] if told.case is not None else None
        query = select(t.cases.c.id).where(t.cases.c.process == told.process).order_by(t.cases.c.number)
        found = []
        for case in only or list(connection.execute(query).scalars()):
            sealed = [s for s in log.load(connection, case) if (s.position or 0) <= told.position]
            state = self._played(connection, sealed) if sealed else None
            if state is not None and (only or not state.state.drill):
                found.append(state)
        return found

    def _played(self, connection: Connection, sealed: Sequence[Sealed]) -> _Then | None:
        def find(digest: str) -> Definition:
            return self._caseload.archive.pinned(connection, digest).definition

        state = replay(find(begun_with(sealed[0])), to_entries(sealed), find).state
        return None if state is None else _Then(state, find(begun_with(sealed[-1])).version)


class _Then:
    """A case as it stood, with the version that it ran; a `scope.View`."""

    def __init__(self, state: CaseState, version: str) -> None:
        self.state = state
        self.version = version

    def __getattr__(self, name: str) -> Any:
        return getattr(self.state, name)


def _told(row: Row, evidence: Evidence) -> dict[str, Any]:
    entries, count, digest = evidence.of(row.facts)
    value = row.value
    if row.kind == "open_work" and value["due"] is not None:
        value = {**value, "due": clock.text(value["due"])}
    return {
        "section": row.section,
        "kind": row.kind,
        "name": row.name,
        "title": row.title,
        "of": row.of,
        "value": value,
        "status": row.status,
        "case_count": row.cases,
        "missing_count": row.missing,
        "entries": entries,
        "entry_count": count,
        "entries_digest": digest,
    }


def digest_of(figures: Sequence[Mapping[str, Any]]) -> str:
    """Gives the SHA-256 (hex) of what a report says."""
    return sha256(compact_sorted(list(figures)).encode()).hexdigest()


_SAID = ("value", "status", "case_count", "missing_count")


def differences(
    was: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]], *, sources: bool = False
) -> list[Change]:
    """Lists the figures that say something else; `sources`: or come from other entries."""
    asked = (*_SAID, "entry_count", "entries_digest") if sources else _SAID

    def by_key(figures: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
        return {compact_sorted([f["kind"], f["name"], f["of"], f["section"]]): f for f in figures}

    before, after = by_key(was), by_key(now)
    found = []
    for key in dict.fromkeys((*before, *after)):
        one, other = before.get(key), after.get(key)
        if one is None or other is None or any(one[name] != other[name] for name in asked):
            found.append(Change(one, other))
    return found


def _day(definition: Definition, at: int) -> str:
    """Gives the day on which an instant lies where the process is."""
    return datetime.fromtimestamp(at / 1_000_000, zones.rules(definition.calendar.zone)).date().isoformat()


def previous(definition: Definition, report: Report, now: int) -> Period | None:
    """Gives the last period of a report that is over."""
    span = rhythm(definition, report)
    if span is None:
        return None
    zone = definition.calendar.zone
    return period_at(zone, span, period_at(zone, span, now).since - 1)


def frozen(connection: Connection, process: str | None, report: str | None) -> list[Frozen]:
    """Reads what was frozen, with its signatures, off the chain of the organisation, the oldest first."""
    query = select(_e.seq, _e.position, _e.body).where(_e.case == ORGANISATION, _e.kind.in_(_KINDS)).order_by(_e.seq)
    found: dict[tuple[Any, ...], Frozen] = {}
    for seq, position, body in connection.execute(query):
        sealed = Sealed(ORGANISATION, seq, bytes(body), position)
        entry = sealed.entry
        told = entry.told
        if isinstance(told, ReportFrozen):
            one = Frozen(told, entry.actor, entry.at, sealed.id, entry.reason)
            found[(*one.key, told.number)] = one
        elif isinstance(told, ReportSigned):
            key = (told.process, told.report, told.case, told.since, told.number)
            if key in found:
                signed = Signature(entry.actor, told.role, entry.at, entry.reason, sealed.id)
                one = found[key]
                found[key] = Frozen(one.told, one.by, one.at, one.entry, one.reason, (*one.signatures, signed))
    return [f for f in found.values() if process in (None, f.told.process) and report in (None, f.told.report)]


def _last(connection: Connection, wanted: Wanted, number: int | None = None) -> Frozen | None:
    found = [each for each in frozen(connection, wanted.definition.name, wanted.report.name) if each.key == wanted.key]
    found = [each for each in found if number in (None, each.told.number)]
    return found[-1] if found else None


__all__ = ["Change", "Frozen", "Reports", "Signature", "Wanted", "differences", "digest_of", "frozen", "previous"]
