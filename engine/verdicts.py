"""What the figures of a period lead to: verdicts that are others than before, and the rules that wait for these.

A verdict says how a figure stands to its target. It belongs to no case, so a rule `on kpi` sees the figure, the process
and its parameters, and no case; it takes effect once for each verdict that comes about and is not the one before. What
it does is done here for every host, in the transaction that closes the period. Knows neither storage nor schedules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from charter.engine import kpis, values
from charter.engine.definition import Action, Definition, Kpi, Rule
from charter.engine.effects import StartCase
from charter.engine.entries.organisation import RuleApplied, VerdictChanged
from charter.engine.happenings import FIGURE
from charter.engine.hosting import Host, begin
from charter.engine.periods import Period, named
from charter.engine.plan.facts import moment
from charter.engine.plan.program import Program, prepare
from charter.engine.plan.scope import Scope
from charter.engine.refusals import recorded
from charter.engine.state import NEW, View
from charter.engine.trends import Past, judged, key_of

# What is a verdict; a figure that is unknown has none.
VERDICTS = ("met", "warn", "missed")


class Verdict(Struct, frozen=True):
    """One that is not as before (`was`, None for the first); `group` and `value` are encoded."""

    kpi: str
    group: Any
    value: Any
    was: str | None
    verdict: str
    period: Period


def begins(kpi: Kpi, program: Program, period: Period) -> int | None:
    """Gives the instant since which the cases of a period count: from its own beginning, or as `over` says."""
    return period.since if kpi.over is None else kpis.window_start(kpi, program, period.until)


def figures_of(
    kpi: Kpi, definition: Definition, cases: Iterable[View], period: Period, past: Sequence[Past] = ()
) -> Sequence[kpis.Figure]:
    """Measures a period over cases as they stand, and judges it by those before it."""
    low = begins(kpi, prepare(definition), period)
    if low is None:
        return (kpis.Figure(kpi.name, None, "unknown"),)
    taken = [case for case in cases if kpis.is_within(kpi, case, low, period.until - 1)]
    return judged(kpi, kpis.measure(kpis.plain_kpi(kpi), definition, taken, period.until), past)


def past_of(figures: Iterable[kpis.Figure]) -> Past:
    """Gives the figures of a period as later ones are judged by them."""
    return {key_of(figure.group): figure.value for figure in figures}


def changes(
    kpi: str, period: Period, figures: Iterable[Mapping[str, Any]], before: Mapping[str, str]
) -> Iterator[Verdict]:
    """Yields the verdicts that are others than before; figures have `group`, `value` and `status`."""
    for figure in figures:
        was, status = before.get(key_of(figure["group"])), figure["status"]
        if status in VERDICTS and status != was:
            yield Verdict(kpi, figure["group"], figure["value"], was, status, period)


def told(definition: Definition, verdict: Verdict, since: str, until: str) -> VerdictChanged:
    """Gives the entry of a verdict. Its KPI's owner hears of it, but not that all is well from the first."""
    kpi = next(kpi for kpi in definition.kpis if kpi.name == verdict.kpi)
    owner = kpi.owner or definition.owner
    news = owner is not None and (verdict.was is not None or verdict.verdict != "met")
    to = (owner,) if news and owner is not None else ()
    name, group = definition.name, verdict.group
    return VerdictChanged(name, verdict.kpi, group, since, until, verdict.was, verdict.verdict, to)


def apply(host: Host, definition: Definition, verdict: Verdict, since: str, until: str) -> Iterator[RuleApplied]:
    """Lets the rules that wait for a verdict take effect, in the order of the file."""
    scope = _Scope(prepare(definition), verdict)
    for rule in definition.rules:
        waits = any((on.kind, on.name, on.state) == ("verdict", verdict.kpi, verdict.verdict) for on in rule.occasions)
        if waits and (rule.when is None or scope.value(rule.when) is True):
            to = tuple(dict.fromkeys(role for action in rule.actions for role in action.roles))
            opened = [_begin(host, definition, rule, action, scope) for action in rule.actions if action.process]
            name, group = definition.name, verdict.group
            yield RuleApplied(name, rule.name, verdict.kpi, group, since, until, verdict.verdict, to, opened)


def _begin(host: Host, definition: Definition, rule: Rule, action: Action, scope: _Scope) -> dict[str, Any]:
    given = [(name, scope.encoded(text)) for name, text in action.arguments]
    return begun(host, action.process or "", given, f"{definition.name}.{rule.name}")


def begun(host: Host, process: str, given: Sequence[tuple[str, Any]], cause: str) -> dict[str, Any]:
    """Opens a case that no case asked for, and tells of it as entries do; `cause`: the line that it follows from."""
    case, refusal = begin(host, StartCase("", process, 0, tuple(given), False, 1, (), (cause,)))
    because = None
    if refusal is not None:
        reason = recorded(refusal.reasons)[0]
        because = {"code": reason.code, "arguments": reason.arguments}
    return {"process": process, "arguments": dict(given), "case": case, "because": because}


class _Scope:
    """What a rule on a verdict sees: the figure, the process and its parameters."""

    def __init__(self, program: Program, verdict: Verdict) -> None:
        since, until = (moment(at, program.zone) for at in verdict.period)
        figure = {
            "kpi": verdict.kpi,
            "value": values.decode(verdict.value),
            "group": values.decode(verdict.group),
            "verdict": verdict.verdict,
            "was": verdict.was,
            "period": named(program.definition.calendar.zone, verdict.period),
            "since": since,
            "until": until,
        }
        self._extra = {FIGURE: figure}
        self._scope = Scope(program, NEW, None, (), verdict.period.until)

    def value(self, text: str) -> Any:
        return self._scope.value(text, self._extra)

    def encoded(self, text: str) -> Any:
        try:
            return values.encode(self.value(text))
        except values.NotAValue:
            return None
