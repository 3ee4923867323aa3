"""The periods of KPIs in a world in memory, as far as rules wait for their verdicts: closed in virtual time.

What a verdict is and leads to is `engine/verdicts`'. Facts that come late revise nothing here: a scenario that asks for
a closed period is told its figure as the cases stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from charter.engine import verdicts
from charter.engine.commands import SYSTEM
from charter.engine.definition import Definition, Kpi
from charter.engine.entries import Entry
from charter.engine.hosting import Host
from charter.engine.periods import Period, every, period_at
from charter.engine.plan.program import prepare
from charter.engine.state import CaseState
from charter.engine.trends import Past, key_of
from charter.runtime import clock


class Closing:
    """`cases` gives those of a process, as they stand."""

    def __init__(self, definitions: Iterable[Definition], cases: Callable[[str], Sequence[CaseState]]) -> None:
        self.entries: list[Entry] = []
        self._cases = cases
        self._until: dict[tuple[str, str], int] = {}
        self._verdicts: dict[tuple[str, str], dict[str, str]] = {}
        self._past: dict[tuple[str, str], list[Past]] = {}
        self._awaited = [
            (definition, kpi)
            for definition in definitions
            for kpi in definition.kpis
            if kpi.name in {on.name for rule in definition.rules for on in rule.occasions if on.kind == "verdict"}
        ]

    def earliest(self) -> int | None:
        """Gives when the next period ends."""
        found = (self._next(definition, kpi) for definition, kpi in self._awaited)
        return min((period.until for period in found if period is not None), default=None)

    def close(self, host: Host, now: int) -> None:
        """Closes the periods that are over by then, the earliest first."""
        for definition, kpi in self._awaited:
            period = self._next(definition, kpi)
            if period is not None and period.until <= now:
                self._close(host, definition, kpi, period, now)

    def _next(self, definition: Definition, kpi: Kpi) -> Period | None:
        span = every(prepare(definition), kpi)
        if span is None:
            return None
        at = self._until.get((definition.name, kpi.name))
        if at is None:
            at = min((c.opened_at for c in self._cases(definition.name) if c.opened_at is not None), default=None)
            if at is not None:
                self._until[definition.name, kpi.name] = at
        return None if at is None else period_at(definition.calendar.zone, span, at)

    def _close(self, host: Host, definition: Definition, kpi: Kpi, period: Period, now: int) -> None:
        key = (definition.name, kpi.name)
        self._until[key] = period.until
        before = self._verdicts.setdefault(key, {})
        past = self._past.setdefault(key, [])
        found = verdicts.figures_of(kpi, definition, self._cases(definition.name), period, past)
        past.append(verdicts.past_of(found))
        figures = [{"group": each.group, "value": each.value, "status": each.status} for each in found]
        since, until = clock.text(period.since), clock.text(period.until)
        for verdict in list(verdicts.changes(kpi.name, period, figures, before)):
            before[key_of(verdict.group)] = verdict.verdict
            told = verdicts.told(definition, verdict, since, until)
            for each in (told, *verdicts.apply(host, definition, verdict, since, until)):
                self.entries.append(Entry(each, now, SYSTEM.person))
