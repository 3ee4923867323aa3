"""Lowers what a scenario expects of figures and rules: names found in the processes that it plays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from charter.dsl.build.turns import ExpectFired, ExpectKpi, ExpectReport, Step
from charter.dsl.check.figures import has_period
from charter.dsl.check.findings import Findings
from charter.dsl.check.reports import reporting
from charter.dsl.check.scopes import ProcessScope
from charter.dsl.text import tree as t
from charter.engine import feel


class Lowering(Protocol):
    """A scenario as it is lowered: its own process, all that it plays, and where findings go."""

    @property
    def scope(self) -> ProcessScope: ...

    @property
    def reached(self) -> Iterable[ProcessScope]: ...

    @property
    def findings(self) -> Findings: ...

    def at(self, line: t.Line) -> dict[str, Any]: ...

    def expression(self, expr: t.Expr, wanted: Any, word: str, kind: feel.Kind, scope: ProcessScope | None) -> str: ...


def kpi(lowering: Lowering, line: t.ExpectKpi) -> Step:
    """Lowers `expect kpi`."""
    scope = next((s for s in lowering.reached if line.name.text in s.kpis), lowering.scope)
    symbol = scope.kpis.get(line.name.text)
    if symbol is None:
        lowering.findings.unknown("CH234", line.name, [name for s in lowering.reached for name in s.kpis])
    elif line.period is not None and not has_period(symbol, line.period.text):
        lowering.findings.add("CH478", line.period.span, name=line.name.text, period=line.period.text)
    test = lowering.expression(line.test, None, "target", "unary", scope) if line.test is not None else None
    period = None if line.period is None else line.period.text
    return ExpectKpi(line.name.text, test, scope.name, line.verdict, period, **lowering.at(line))


def report(lowering: Lowering, line: t.ExpectReport) -> Step:
    """Lowers `expect report`."""
    scope = reporting(line.figure, lowering.reached, lowering.findings) or lowering.scope
    test = lowering.expression(line.test, None, "target", "unary", scope)
    name, _, figure = line.figure.text.partition(".")
    return ExpectReport(name, figure, test, scope.name, **lowering.at(line))


def fired(lowering: Lowering, line: t.ExpectFired) -> Step:
    """Lowers `expect rule … fired`."""
    rules = [name for scope in lowering.reached for name in scope.rules]
    if line.rule.text not in rules:
        lowering.findings.unknown("CH495", line.rule, rules)
    return ExpectFired(line.rule.text, line.times, **lowering.at(line))
