"""Checks what a KPI's formula measures: that there is one, and that it does not count the unknown as a failure.

Types and names in it are `typecheck.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Part, ProcessScope, Symbol
from charter.dsl.diagnostic import Edit, Fix
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled
from charter.engine import feel
from charter.engine.feel import tree as ft
from charter.engine.feel.comparison import COMPARISONS
from charter.engine.feel.own import Span
from charter.engine.periods import called, is_period
from charter.engine.trends import better

_ADDS_UP = frozenset({"sum", "mean", "min", "max", "median", "stddev"})
# facts that are unknown until something has happened
_LATE = frozenset({"on_time", "outcome", "due", "ready_at", "started_at", "ended_at", "duration", "closed_at"})

# the lists of cases that a figure sees: those closed in its time, and of a report those opened in it
_LISTS = frozenset({"cases", "opened"})

# what each round of an element has of its own; that it is done, and how often, is said of all of them
_OF_A_ROUND = frozenset({"on_time", "overdue", "due", "duration", "ready_at", "started_at", "doer"})


def check_figures(scope: ProcessScope, findings: Findings) -> None:
    """Reports KPIs without a formula, and shares of all cases that a case counts against until it has the fact."""
    for symbol in scope.kpis.values():
        for line in symbol.node.body:
            if isinstance(line, t.Figure) and line.kind == "every" and not divides(line.expr.text):
                findings.add("CH480", line.expr.span, name=symbol.name, span=line.expr.text)
        formulas = [line.expr for line in symbol.node.body if isinstance(line, t.Figure) and line.kind == "formula"]
        if not formulas:
            findings.add("CH411", symbol.span, name=symbol.name)
        _twice(symbol, findings)
        _trends(symbol, findings)
        for expr in formulas:
            check_formula(symbol.name, expr, scope, findings)


def check_formula(figure: str, expr: t.Expr, scope: ProcessScope, findings: Findings) -> None:
    """Reports what a formula over cases takes for a value, or asks of cases that have it no more, or not yet."""
    tree = read(expr.text).tree
    if tree is None:
        return
    for bare in _bare(tree, scope):
        span = (expr.span[0] + bare.start, expr.span[0] + bare.end)
        findings.add("CH481", span, name=figure, element=bare.name)
    alone: dict[str, list[int]] = {}
    for one in sorted(_alone(tree, scope), key=lambda node: node.start):
        alone.setdefault(one.name, []).append(expr.span[0] + one.start)
    for name, places in alone.items():
        fix = Fix(tuple(Edit((place, place), "cases.") for place in places))
        findings.add("CH482", (places[0], places[0] + len(name)), fix=fix, name=figure, of=name)
    passing = {last.name: (last, around) for last, around in _passing(tree, scope)}
    for last, around in passing.values():
        span = (expr.span[0] + last.start, expr.span[0] + last.end)
        findings.add("CH467", span, name=figure, element=last.name, around=around.name)
    for node in ft.walk(tree):
        asked = _asked_of_all(node, scope)
        if asked is not None:
            span = (expr.span[0] + node.start, expr.span[0] + node.end)
            fact = expr.text[asked.start : asked.end]
            findings.add("CH437", span, name=figure, fact=fact)


def _twice(symbol: Symbol, findings: Findings) -> None:
    """Reports a line that a KPI has already: only one of the two could count."""
    seen: set[str] = set()
    for line in symbol.node.body:
        key = _key(line)
        if key in seen:
            findings.add("CH213", line.span, word=spelled(key, findings.language), element=symbol.name)
        seen |= {key} if key else set()


def _key(line: t.Line) -> str:
    """Gives the keyword of a line that a KPI may have once."""
    if isinstance(line, t.Figure):
        return "GROUP_BY" if line.kind == "by" else line.kind.upper()
    if isinstance(line, t.Trend):
        return "IMPROVES_OVER" if line.kind == "improves" else "IN_CONTROL"
    return {t.Unit: "UNIT", t.Over: "OVER", t.Owner: "OWNER"}.get(type(line), "")


def _trends(symbol: Symbol, findings: Findings) -> None:
    """Reports what is asked of a row of figures that there is not, or that nobody can judge."""
    texts = {line.kind: line.expr.text for line in symbol.node.body if isinstance(line, t.Figure)}
    for line in (line for line in symbol.node.body if isinstance(line, t.Trend)):
        word = spelled(_key(line), findings.language)
        if "every" not in texts:
            findings.add("CH446", line.span, name=symbol.name, line=word)
        if line.kind == "improves" and better(texts.get("target")) is None:
            findings.add("CH447", line.span, name=symbol.name)
        if line.periods is not None and line.periods < 2:
            findings.add("CH448", line.span, name=symbol.name)


def _bare(tree: ft.Node, scope: ProcessScope) -> Iterator[Any]:
    """Finds elements where a value is wanted: as the figure, as a condition on a case, or added up."""
    wanted: list[Any] = [tree]
    for node in ft.walk(tree):
        if isinstance(node, ft.Filter) and _is_cases(node.of):
            wanted += _conditions(node.test)
        elif isinstance(node, ft.Call) and isinstance(node.function, ft.Name) and node.function.name in _ADDS_UP:
            wanted += node.arguments
    for found in wanted:
        whole = isinstance(found, ft.Name) or (isinstance(found, ft.Path) and _is_cases(found.of))
        if whole and found.name in scope.elements:
            yield found


def _alone(tree: ft.Node, scope: ProcessScope) -> Iterator[Any]:
    """Finds elements and records that are named as in one case, where a figure is of all of them."""
    bound = {one.name for node in ft.walk(tree) if isinstance(node, ft.For | ft.Quantified) for one in node.iterations}
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ft.Name) and (node.name in scope.elements or scope.is_record(node.name)):
            if node.name not in bound:
                yield node
        elif isinstance(node, ft.Filter) and _of_cases(node.of):
            waiting.append(node.of)  # its condition is asked of each case
        else:
            waiting += ft.children(node)


def _of_cases(node: ft.Node) -> bool:
    while isinstance(node, ft.Filter | ft.Path):
        node = node.of
    return isinstance(node, ft.Name) and node.name in _LISTS


def _conditions(test: ft.Node) -> list[ft.Node]:
    """The parts of a condition that stand between `and` and `or`."""
    if isinstance(test, ft.Binary) and test.op in ("and", "or"):
        return [*_conditions(test.left), *_conditions(test.right)]
    return [test]


def has_period(symbol: Symbol, name: str) -> bool:
    """Says whether a KPI has a closed period of a name; of one whose length rests on a parameter, nobody knows yet."""
    texts = [line.expr.text for line in symbol.node.body if isinstance(line, t.Figure) and line.kind == "every"]
    span = _span(texts[0]) if texts else None
    return bool(texts) and (span is None or not is_period(span) or called("UTC", span, name) is not None)


def divides(text: str) -> bool:
    """Says whether a length of time has periods; of what is none, or rests on a parameter, others tell."""
    span = _span(text)
    return span is None or is_period(span)


def _span(text: str) -> Span | None:
    tree = read(text).tree
    span = None if tree is None else feel.compile(tree).evaluate({})
    return span if isinstance(span, Span) else None


def _passing(tree: ft.Node, scope: ProcessScope) -> Iterator[tuple[Any, Part]]:
    """Finds elements of which a formula asks, behind the dot, for what each round has of its own; with what repeats.

    Inside a `for each` an element is a list, which has the instances of every round.
    """
    for node in ft.walk(tree):
        last = node.of if isinstance(node, ft.Path) and node.name in _OF_A_ROUND else None
        part = scope.elements.get(last.name) if isinstance(last, ft.Name | ft.Path) else None
        if part is not None and not (part.parent and part.parent.instances):
            yield from ((last, one) for one in (part, *part.ancestors()) if t.Repeat in one.lines)


def _asked_of_all(node: ft.Node, scope: ProcessScope) -> ft.Node | None:
    """The fact that `count(cases[…]) / count(cases)` asks for and not every case has; None for any other expression."""
    if not isinstance(node, ft.Binary) or node.op != "/":
        return None
    some, every = _counted(node.left), _counted(node.right)
    if (
        not isinstance(some, ft.Filter)
        or not _is_cases(some.of)
        or every is None
        or isinstance(every, ft.Filter)
        or not _is_cases(every)
    ):
        return None
    if any(isinstance(part, ft.Null) for part in ft.walk(some.test)):
        return None
    return next((fact for fact in _demands(some.test) if _may_lack(fact, scope)), None)


def _counted(node: ft.Node) -> ft.Node | None:
    if isinstance(node, ft.Call) and isinstance(node.function, ft.Name) and node.function.name == "count":
        return node.arguments[0] if len(node.arguments) == 1 else None
    return None


def _is_cases(node: ft.Node) -> bool:
    return not isinstance(node, ft.Path) and _of_cases(node)


def _demands(test: ft.Node) -> list[ft.Node]:
    """The paths that a condition compares by order or takes for true."""
    if isinstance(test, ft.Binary) and test.op in ("and", "or"):
        return [*_demands(test.left), *_demands(test.right)]
    if isinstance(test, ft.Binary):
        return [side for side in (test.left, test.right) if test.op in COMPARISONS and isinstance(side, ft.Path)]
    return [test] if isinstance(test, ft.Path) else []


def _may_lack(path: ft.Node, scope: ProcessScope) -> bool:
    names: list[str] = []
    while isinstance(path, ft.Path):
        names.insert(0, path.name)
        path = path.of
    if not isinstance(path, ft.Name):
        return False
    if path.name in scope.elements or path.name == "case":
        return names[0] in _LATE
    return scope.is_record(path.name)
