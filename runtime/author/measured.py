"""What a scenario expects of KPIs, held against the cases that it has played: now, or in a period that is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from charter.dsl.build import scenarios as s
from charter.engine import feel, kpis, reports, trends, values, verdicts
from charter.engine.definition import Definition, Kpi
from charter.engine.feel.own import Span
from charter.engine.periods import Period, called, every, period_at
from charter.engine.plan.program import prepare
from charter.engine.state import CaseState

Said = tuple[str, Mapping[str, Any]]  # a key under [test] and what its sentence names


def unlike(
    step: s.ExpectKpi | s.ExpectReport, definition: Definition, cases: Sequence[CaseState], now: int
) -> tuple[Said, Said] | None:
    """Gives what was expected and what there is, None where that is as expected; `cases`: those of the process."""
    if isinstance(step, s.ExpectReport):
        return _unlike_report(step, definition, cases, now)
    of = {"name": step.name if step.period is None else f"{step.name} {step.period}"}
    figures = _figures(step, definition, cases, now)
    if figures is None:
        return ("period_over", of), ("period_open", {"period": step.period})
    if step.verdict is not None:
        found = list(dict.fromkeys(figure.status for figure in figures))
        wanted = ("kpi_verdict", {**of, "verdict": step.verdict})
        return None if found == [step.verdict] else (wanted, ("kpi_verdict", {**of, "verdict": ", ".join(found)}))
    known = [values.decode(figure.value) for figure in figures if figure.value is not None]
    actual: Said = ("kpi_value", {**of, "value": ", ".join(map(shown, known))}) if known else ("kpi_unknown", of)
    if step.test is None:
        return (("kpi_unknown", of), actual) if known else None
    if _passes(step.test, known, definition):
        return None
    return ("kpi_wanted", {**of, "test": step.test}), actual


def _unlike_report(
    step: s.ExpectReport, definition: Definition, cases: Sequence[CaseState], now: int
) -> tuple[Said, Said] | None:
    report = next(report for report in definition.reports if report.name == step.report)
    shown_ = report.shown(step.figure)
    of = {"name": f"{step.report}.{step.figure}"}
    over = reports.Over(cases, {}, now)
    rows = [] if shown_ is None else list(reports.figures(definition, shown_, over))
    known = [values.decode(row.value) for row in rows if row.value is not None]
    actual: Said = ("report_value", {**of, "value": ", ".join(map(shown, known))}) if known else ("report_unknown", of)
    return None if _passes(step.test, known, definition) else (("report_wanted", {**of, "test": step.test}), actual)


def _passes(text: str, known: Sequence[Any], definition: Definition) -> bool:
    """Says whether there are values and all pass a unary test."""
    test = feel.compile(tree_of(text, unary=True))
    names = kpis.bound_in(prepare(definition), test)
    return bool(known) and all(test.evaluate({**names, "?": value}) is True for value in known)


def _figures(
    step: s.ExpectKpi, definition: Definition, cases: Sequence[CaseState], now: int
) -> Sequence[kpis.Figure] | None:
    """Measures a KPI now, or of a period, as the cases stand; None where that is not over."""
    kpi = next(kpi for kpi in definition.kpis if kpi.name == step.name)
    if step.period is None:
        return kpis.measure(kpi, definition, cases, now)
    span = every(prepare(definition), kpi)
    period = None if span is None else called(definition.calendar.zone, span, step.period)
    if span is None or period is None or period.until > now:
        return None
    return verdicts.figures_of(kpi, definition, cases, period, _past(kpi, definition, cases, span, period))


def _past(
    kpi: Kpi, definition: Definition, cases: Sequence[CaseState], span: Span, until: Period
) -> Sequence[trends.Past]:
    """Gives the figures of the periods before one, as the cases stand, as far as it is judged by them."""
    at = min((case.opened_at for case in cases if case.opened_at is not None), default=until.since)
    found: list[trends.Past] = []
    while trends.asks(kpi) and at < until.since:
        period = period_at(definition.calendar.zone, span, at)
        found.append(verdicts.past_of(verdicts.figures_of(kpi, definition, cases, period)))
        at = period.until
    return found


def shown(value: Any) -> str:
    """Shows a value in one line: numbers, texts and other tagged values plainly, the rest as canonical JSON."""
    encoded = values.encode(value)
    if isinstance(encoded, dict) and len(encoded) == 1:
        encoded = next(iter(encoded.values()))
    return encoded if isinstance(encoded, str) else values.canonical(encoded).decode()


def tree_of(text: str, *, unary: bool = False) -> feel.Node:
    tree = feel.parse(text, kind="unary" if unary else "expression").tree
    assert tree is not None, "the checker has parsed it before"
    return tree
