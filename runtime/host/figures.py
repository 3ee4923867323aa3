"""Figures of periods that are over: closed once, with the digest of their facts, and revised when these change.

What a period's figure was is an entry of the organisation's chain and never changes; facts that come late (a closed
case is reopened, or amended) make a revision, an entry of its own. Before periods are closed, all that happened since
the last one is looked through, so that nothing late is passed over. A verdict that changes is an entry too, and so is
what a rule does then, all in the transaction of the figure: once, however many workers there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, func, select

from charter.engine import kpis, trends, verdicts
from charter.engine.commands import SYSTEM
from charter.engine.compact import compact_sorted
from charter.engine.definition import Definition, Kpi
from charter.engine.entries.organisation import PeriodClosed, PeriodRevised
from charter.engine.measures import read_by_class
from charter.engine.periods import Period, every, period_at
from charter.engine.plan.program import prepare
from charter.runtime import clock
from charter.runtime.desk import classes
from charter.runtime.desk.population import Population
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.transaction import InTransaction
from charter.runtime.people.organisation import note
from charter.runtime.store import Store, tables as t
from charter.runtime.store.errors import ENVIRONMENT
from charter.runtime.store.schema import ORGANISATION

_f, _m, _e = t.figures.c, t.measures.c, t.entries.c
_BATCH = 4  # periods that are closed in one transaction
_LOOK = 60_000_000  # microseconds between two looks for late facts


class Reckoned(Struct, frozen=True):
    """A period's figures, one a group, as they stand in its entry; `digest`: of the facts they come from."""

    figures: Sequence[dict[str, Any]]
    digest: str


class Figures:
    """See the module's text."""

    def __init__(self, store: Store, caseload: Caseload) -> None:
        self._store = store
        self._caseload = caseload
        self._seen = 0  # the position up to which entries have been looked through for late facts
        self._looked = 0
        self.failed: set[tuple[str, str]] = set()  # processes and KPIs whose figures cannot be made

    def earliest(self, connection: Connection, now: int) -> int | None:
        """Gives the instant at which a period ends that is not closed, or late facts are looked for."""
        instants = [ends for _, _, ends in self._due(connection, now)]
        if instants and self._news(connection):
            instants.append(self._looked + _LOOK)
        return min(instants, default=None)

    def turn(self, now: int) -> int:
        """Revises what late facts have changed, then closes periods that are over; says how many entries came of it."""
        with self._store.read() as connection:
            late = self._looked + _LOOK <= now and self._news(connection)
            if not late and not any(ends <= now for _, _, ends in self._due(connection, now)):
                return 0
        with self._store.write() as connection:
            done = self._revise(connection, now)
            for definition, kpi, ends in self._due(connection, now)[:_BATCH]:
                if ends <= now:
                    key = (definition.name, kpi.name)
                    done += self._part(connection, key, self._close, definition, kpi, ends, now)
        return done

    def _part(self, connection: Connection, key: tuple[str, str], work: Callable[..., int], *given: Any) -> int:
        """Does something for one KPI; one that fails stops no other, and is let be until the next start."""
        try:
            with self._store.part(connection):
                return work(connection, *given)
        except ENVIRONMENT:
            raise
        except Exception:
            self.failed.add(key)
            return 0

    def _due(self, connection: Connection, now: int) -> list[tuple[Definition, Kpi, int]]:
        """Lists the KPIs that have periods, with the end of the next one that is not closed, the earliest first."""
        d = t.deployments.c
        found = []
        for name in list(connection.execute(select(d.process).distinct().order_by(d.process)).scalars()):
            definition = self._caseload.latest(connection, name).definition
            for kpi in definition.kpis:
                period = self._next(connection, definition, kpi)
                if period is not None and (name, kpi.name) not in self.failed:
                    found.append((definition, kpi, period.until))
        return sorted(found, key=lambda each: each[2])

    def _next(self, connection: Connection, definition: Definition, kpi: Kpi) -> Period | None:
        span = every(prepare(definition), kpi)
        if span is None:
            return None
        last = select(func.max(_f.until)).where(_f.process == definition.name, _f.kpi == kpi.name)
        at = connection.execute(last).scalar()
        if at is None:
            first = select(func.min(_m.opened_at)).where(_m.process == definition.name)
            at = connection.execute(first).scalar()
        return None if at is None else period_at(definition.calendar.zone, span, at)

    def _close(self, connection: Connection, definition: Definition, kpi: Kpi, ends: int, now: int) -> int:
        period = self._next(connection, definition, kpi)
        if period is None or period.until != ends:
            return 0
        found = reckon(connection, definition, kpi, period)
        before = self._verdicts(connection, definition.name, kpi.name, period.since)
        since, until = clock.text(period.since), clock.text(period.until)
        told = PeriodClosed(
            definition.name, definition.version, kpi.name, since, until, list(found.figures), found.digest
        )
        self._note(connection, told, now)
        return 1 + self._changed(connection, definition, told, before, now)

    def _changed(
        self,
        connection: Connection,
        definition: Definition,
        told: PeriodClosed | PeriodRevised,
        before: dict[str, str],
        now: int,
    ) -> int:
        """Tells the verdicts that are others than before, where there is one, and lets the rules take effect."""
        changed = 0
        period = Period(clock.read(told.since), clock.read(told.until))
        host = InTransaction(self._caseload, connection)
        for verdict in verdicts.changes(told.kpi, period, told.figures, before):
            self._note(connection, verdicts.told(definition, verdict, told.since, told.until), now)
            applied = list(verdicts.apply(host, definition, verdict, told.since, told.until))
            for entry in applied:
                self._note(connection, entry, now)
            changed += 1 + len(applied)
        return changed

    def _verdicts(self, connection: Connection, process: str, kpi: str, until: int) -> dict[str, str]:
        """Gives the last known verdict of each group in the periods before an instant."""
        found: dict[str, str] = {}
        for row in in_force(connection, process, kpi):
            if row["since"] < until:
                for figure in row["figures"]:
                    if figure["status"] in verdicts.VERDICTS:
                        found[trends.key_of(figure["group"])] = figure["status"]
        return found

    def _news(self, connection: Connection) -> bool:
        return (connection.execute(select(func.max(_e.position))).scalar() or 0) > self._seen

    def _revise(self, connection: Connection, now: int) -> int:
        """Reckons the closed periods anew in which cases lie or lay that something has happened to."""
        seen = self._seen or self._last(connection)
        done = 0
        if seen is not None:
            changed = select(_e.case).where(_e.position > seen, _e.case != ORGANISATION).distinct()
            instants = self._instants(connection, list(connection.execute(changed).scalars()))
            for process in sorted(instants):
                for row in self._touched(connection, process, sorted(instants[process])):
                    done += self._part(connection, (process, row["declared"].name), self._revised, row, now)
        self._seen = connection.execute(select(func.max(_e.position))).scalar() or 0
        self._looked = now
        return done

    def _last(self, connection: Connection) -> int | None:
        """Gives the position of the entry of the last period that was closed or revised."""
        at = connection.execute(select(func.max(_f.at))).scalar()
        kinds = (PeriodClosed.kind, PeriodRevised.kind)
        last = select(func.max(_e.position)).where(_e.at == at, _e.case == ORGANISATION, _e.kind.in_(kinds))
        return None if at is None else connection.execute(last).scalar()

    def _instants(self, connection: Connection, cases: Sequence[str]) -> dict[str, set[int]]:
        """Gives, by process, when cases were opened, and each time they were closed."""
        found: dict[str, set[int]] = {}
        for case in cases:
            row = connection.execute(select(_m.process, _m.opened_at, _m.closed_at).where(_m.case == case)).fetchone()
            if row is None:
                continue
            # Every instant of the case's past: it was closed at one of them, if it ever was.
            ended = _e.kind.in_(("completed", "cancelled"))
            ends = select(_e.at).where(_e.case == case, _e.element.is_(None), ended)
            at = {*connection.execute(ends).scalars(), row.opened_at, row.closed_at}
            found.setdefault(row.process, set()).update(each for each in at if each is not None)
        return found

    def _touched(self, connection: Connection, process: str, instants: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Lists the closed periods whose cases may lie at some instants."""
        kpis_of = list(connection.execute(select(_f.kpi).where(_f.process == process).distinct()).scalars())
        for name in kpis_of:
            touched = False
            for row in in_force(connection, process, name):
                definition = self._of_version(connection, process, row["version"])
                kpi = next((each for each in definition.kpis if each.name == name), None) if definition else None
                if kpi is None or definition is None:
                    continue
                low = verdicts.begins(kpi, prepare(definition), Period(row["since"], row["until"]))
                touched = touched and trends.asks(kpi)  # later ones are judged by this one
                touched = touched or (low is not None and any(low <= at < row["until"] for at in instants))
                if touched:
                    yield {**row, "definition": definition, "declared": kpi}

    def _of_version(self, connection: Connection, process: str, version: str) -> Definition | None:
        d = t.definitions.c
        query = select(d.digest).where(d.process == process, d.version == version)
        digest = connection.execute(query.join(t.deployments, t.deployments.c.digest == d.digest)).scalar()
        return None if digest is None else self._caseload.archive.pinned(connection, digest).definition

    def _revised(self, connection: Connection, row: dict[str, Any], now: int) -> int:
        period = Period(row["since"], row["until"])
        definition, kpi = row["definition"], row["declared"]
        found = reckon(connection, definition, kpi, period)
        if found.digest == row["digest"]:
            return 0
        told = PeriodRevised(
            definition.name,
            definition.version,
            kpi.name,
            clock.text(period.since),
            clock.text(period.until),
            list(found.figures),
            found.digest,
            row["digest"],
        )
        before = self._verdicts(connection, definition.name, kpi.name, period.until)
        self._note(connection, told, now)
        return 1 + self._changed(connection, definition, told, before, now)

    def _note(self, connection: Connection, told: Any, now: int) -> None:
        note(connection, told, SYSTEM.person, at=now, origin=self._caseload.origin)


def reckon(connection: Connection, definition: Definition, kpi: Kpi, period: Period) -> Reckoned:
    """Measures a KPI over the cases of a period, from the facts that there are now, and judges it by those before."""
    program = prepare(definition)
    low = verdicts.begins(kpi, program, period)
    if low is None:
        return Reckoned([_told(kpis.Figure(kpi.name, None, "unknown"))], sha256(b"").hexdigest())
    column = classes.instant(kpi)
    wanted = (column >= low, column < period.until)
    reading = read_by_class(program, kpi)
    figures = None if reading is None else classes.figures(connection, program, kpi, wanted, period.until)
    facts: list[Any] = []
    if figures is None:
        cases = Population(connection, definition.name).cases.values()
        figures = verdicts.figures_of(replace(kpi, improves=None, controlled=False), definition, cases, period)
        facts = [] if reading else sorted([case, path, value] for f in figures for case, path, value in f.facts)
    digest = sha256()
    rows = select(_m.case, _m.version, _m.body).where(_m.process == definition.name, *wanted).order_by(_m.case)
    for case, version, body in connection.execute(rows):
        kept = json.loads(body)
        read = kept if reading is None else {path: kept[path] for path in reading.paths if path in kept}
        digest.update(compact_sorted([case, version, read]).encode())
    if facts:
        digest.update(compact_sorted(facts).encode())
    if trends.asks(kpi):
        past = _past(connection, definition.name, kpi, period)
        figures = trends.judged(kpi, figures, past)
        digest.update(compact_sorted(past).encode())
    return Reckoned([_told(figure) for figure in figures], digest.hexdigest())


def _past(connection: Connection, process: str, kpi: Kpi, period: Period) -> list[trends.Past]:
    """Gives the closed figures before a period, as far as it is judged by them."""
    rows = [row for row in in_force(connection, process, kpi.name) if row["since"] < period.since]
    reach = trends.reach(kpi)
    last = rows if reach is None else rows[len(rows) - reach :] if reach < len(rows) else rows
    return [{trends.key_of(figure["group"]): figure["value"] for figure in row["figures"]} for row in last]


def _told(figure: kpis.Figure) -> dict[str, Any]:
    missing = len({case for case, _ in figure.missing})
    return {
        "group": figure.group,
        "value": figure.value,
        "status": figure.status,
        "cases": figure.cases,
        "missing": missing,
        **({"unmet": list(figure.unmet)} if figure.unmet else {}),
    }


def in_force(connection: Connection, process: str, kpi: str) -> list[dict[str, Any]]:
    """Lists the closed periods of a KPI, the oldest first, each as it stands and how often it was revised."""
    query = select(_f.since, _f.until, _f.digest, _f.body, _f.at).where(_f.process == process, _f.kpi == kpi)
    found: dict[int, dict[str, Any]] = {}
    for since, until, digest, body, at in connection.execute(query.order_by(_f.since, _f.number)):
        revisions = found[since]["revisions"] + 1 if since in found else 0
        told = json.loads(body)
        found[since] = {
            "since": since,
            "until": until,
            "digest": digest,
            "at": at,
            "revisions": revisions,
            "version": told["version"],
            "figures": told["figures"],
        }
    return list(found.values())
