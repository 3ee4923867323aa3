"""Checks reports: that they show something, each thing once, and that what they show is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from charter.dsl.check.asks import Ask
from charter.dsl.check.figures import check_formula, divides
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import check_roles, misnamed
from charter.dsl.check.scopes import ProcessScope, Symbol
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled
from charter.engine.feel import types as y


def check_reports(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is missing or twice in reports, and what their lines name."""
    for symbol in scope.reports.values():
        node: t.Report = symbol.node
        lines = list(shown_lines(node))
        if not lines:
            findings.add("CH290", node.name.span, name=symbol.name)
        _twice([*node.body, *lines], symbol, findings)
        for line in node.body:
            if isinstance(line, t.Figure) and not divides(line.expr.text):
                findings.add("CH480", line.expr.span, name=symbol.name, span=line.expr.text)
            elif isinstance(line, t.Answering):
                check_roles(line.roles, spelled(line.kind.upper(), findings.language), scope, findings)
            elif isinstance(line, t.Visible):
                check_roles(line.roles, "visible to", scope, findings)
        for reported in lines:
            if isinstance(reported, t.Reported):
                _there(reported, scope, findings)
            elif isinstance(reported, t.OwnFigure):
                check_formula(symbol.name, reported.expr, scope, findings)


def shown_lines(node: t.Report) -> Iterator[t.Reported | t.OwnFigure]:
    """Yields what a report shows, section after section."""
    for section in node.body:
        if isinstance(section, t.Section):
            yield from (line for line in section.body if not isinstance(line, t.Source))


def figure_names(node: t.Report) -> Iterator[str]:
    """Names what a scenario may expect of a report: its own figures and KPIs."""
    for line in shown_lines(node):
        if isinstance(line, t.OwnFigure):
            yield line.name.text
        elif isinstance(line, t.Reported) and line.kind == "kpi":
            yield from (name.text for name in line.names)


def reporting(name: t.Name, reached: Iterable[ProcessScope], findings: Findings) -> ProcessScope | None:
    """Finds the process whose report has a figure, `report.figure`, as a scenario names it."""
    known: dict[str, ProcessScope] = {}
    for scope in reached:
        for report, symbol in scope.reports.items():
            known |= {f"{report}.{figure}": scope for figure in figure_names(symbol.node)}
    if name.text not in known:
        findings.unknown("CH294", name, known)
    return known.get(name.text)


def _twice(lines: Iterable[t.Line], symbol: Symbol, findings: Findings) -> None:
    """Reports a line that a report has already, and a name that it shows twice."""
    seen: set[str] = set()
    shown: set[tuple[str, str]] = set()
    for line in lines:
        key = (
            line.kind.upper()
            if isinstance(line, t.Figure | t.Answering) or (isinstance(line, t.Reported) and line.kind == "open_work")
            else ""
        )
        if key in seen:
            findings.add("CH213", line.span, word=spelled(key, findings.language), element=symbol.name)
        seen |= {key} if key else set()
        names = line.names if isinstance(line, t.Reported) else (line.name,) if isinstance(line, t.OwnFigure) else ()
        kind = line.kind if isinstance(line, t.Reported) and line.kind != "kpi" else "figure"
        for name in names:
            if (kind, name.text) in shown:
                findings.add("CH292", name.span, name=name.text, report=symbol.name)
            shown.add((kind, name.text))


def _there(line: t.Reported, scope: ProcessScope, findings: Findings) -> None:
    tables = {"kpi": scope.kpis, "sla": scope.slas, "ledger": scope.ledgers}
    for name in line.names:
        if line.kind == "record":
            if scope.is_record(name.text):
                scope.used.add(name.text)
            else:
                candidates = chain(scope.records, scope.shared.records, scope.producers)
                misnamed(name, "record", "CH202", candidates, scope, findings)
        elif name.text not in tables[line.kind]:
            findings.unknown("CH291", name, tables[line.kind], kind=line.kind)


def check_expressions(
    scope: ProcessScope, case: y.Type, infer: Callable[[Ask, None, dict[str, y.Type]], y.Type | None]
) -> None:
    """Has the expressions of reports checked; a figure sees the cases that were closed and opened in the period."""
    seen: dict[str, y.Type] = dict.fromkeys(("cases", "opened"), y.ListType(item=case))
    for symbol in scope.reports.values():
        for line in symbol.node.body:
            if isinstance(line, t.Figure):
                infer(Ask(line.expr, y.SPAN, "every"), None, {})
        for reported in shown_lines(symbol.node):
            if isinstance(reported, t.OwnFigure):
                infer(Ask(reported.expr, None, "formula"), None, seen)
