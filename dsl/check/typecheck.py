"""Checks every expression of a process: syntax, names, fields, types and units, and the result its line asks for.

The scope of an expression is that of its line: the case as its element sees it, inside a `for each` the variable,
inside `where` the record's own fields, in a KPI the `cases`. FEEL does the inference; what each line
wants is said in its row of `lines.py`. What expressions read is kept in `scope.used`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from charter.dsl.check.asks import LIST, Ask
from charter.dsl.check.choices import impossible, item_types
from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.lines import spec_of
from charter.dsl.check.lists import alone, reads_itself
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.check.types import CASE, PROCESS, case_type, parameter_type, seen_from, type_of, type_word
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.engine import feel
from charter.engine.feel import types as y
from charter.engine.feel.builtins import load
from charter.engine.formulas import as_typed

_CODES = {
    "unknown-name": "CH302",
    "unknown-field": "CH303",
    "type": "CH304",
    "unit": "CH305",
    "arity": "CH306",
    "unknown-function": "CH307",
    "function": "CH312",
}

# what the engine puts into every scope
_GIVEN: dict[str, y.Type] = {"case": CASE, "process": PROCESS}


# What people write who know another language, and how FEEL says it.
_HABITS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), meant)
    for pattern, meant in (
        (r"==", "="),
        (r"<>", "!="),
        (r"=>", ">="),
        (r"=<", "<="),
        (r"&&?", "and"),
        (r"\|\|?", "or"),
        (r"\b(?:并且|而且|且|和)\b", "and"),
        (r"\b(?:或者|或)\b", "or"),
        (r"\b(?:大于等于|不小于|不少于|不低于)\b", ">="),
        (r"\b(?:小于等于|不大于|不超过|不高于|不晚于)\b", "<="),
        (r"\b(?:大于|超过|高于|晚于)\b", ">"),
        (r"\b(?:小于|低于|早于|少于)\b", "<"),
        (r"\b(?:不等于|不是)\b", "!="),
        (r"\b(?:等于|是|为)\b", "="),
        (r"'([^'\"]*)'", r'"\1"'),
        (r"(\w+(?:\.\w+)*) is (\w+)", r"\1.\2"),
    )
)


# How often, as people say it and as FEEL writes a length of time.
_OFTEN: dict[str, str] = {
    said: meant
    for meant, words in {
        "1 天": ("每天", "每日"),
        "1 周": ("每周", "每星期", "每週"),
        "1 个月": ("每月", "每个月", "月"),
        "1 個月": ("每個月",),
        "1 季度": ("每季度", "每季", "每个季度"),
        "1 年": ("每年",),
        "day": ("daily",),
        "week": ("weekly",),
        "month": ("monthly",),
        "quarter": ("quarterly",),
        "year": ("yearly", "annually"),
    }.items()
    for said in words
}


def check_types(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is wrong in the expressions and declared types of a process."""
    _Checker(scope, findings).check()


def check_expression(ask: Ask, scope: ProcessScope, findings: Findings, kind: feel.Kind = "expression") -> None:
    """Reports what is wrong in one expression that sees the case from outside."""
    extra = {"?": y.ANY} if kind == "unary" else {}
    _Checker(scope, findings).expression(ask, None, extra, kind=kind)


def check_cell(
    ask: Ask, types: dict[str, y.Type], scope: ProcessScope, findings: Findings, kind: feel.Kind = "expression"
) -> y.Type | None:
    """Reports what is wrong in a cell of a decision table, which sees these names and no others; gives its type."""
    return _Checker(scope, findings, alone=True).expression(ask, None, types, kind=kind)


def argument_types(line: t.Work, part: Part, scope: ProcessScope) -> dict[str, y.Type]:
    """Gives the types of what an element's `with` gives, by name; only of those that are right."""
    checker = _Checker(scope, Findings(scope.file))
    variables = checker._variables(part)
    found = {
        a.name.text: checker.expression(Ask(a.value, None, "with"), part, variables)
        for a in line.arguments
        if a.value is not None
    }
    return {name: kind for name, kind in found.items() if kind is not None}


class _Checker:
    def __init__(self, scope: ProcessScope, findings: Findings, *, alone: bool = False) -> None:
        self.scope = scope
        self.findings = findings
        self.alone = alone  # expressions see only the names they are given
        self.variables: dict[str, dict[str, y.Type]] = {}
        self.file: str | None = None

    def check(self) -> None:
        scope = self.scope
        for symbol in list(scope.records.values()):
            if scope.shared.records.get(symbol.name) is not symbol:
                self._record(symbol.node, symbol.file)
        for symbol in list(scope.parameters.values()):
            if scope.shared.parameters.get(symbol.name) is not symbol:
                self._parameter(symbol.node, symbol.file)
        for part in scope.elements.values():
            inside = self._variables(part)
            outside = self._variables(part.parent)
            for line in part.every_line():
                spec = spec_of(line)
                for ask in spec.asks(line, spec.word, scope):
                    if ask.outer:
                        self.expression(ask, part.parent, outside)
                    else:
                        self.expression(ask, part, inside)
        for symbol in scope.kpis.values():
            self._kpi(symbol.node)

    def _variables(self, part: Part | None) -> dict[str, y.Type]:
        """The `for each` variables around and on an element, with the types of their items."""
        if part is None:
            return {}
        known = self.variables.get(part.name)
        if known is None:
            known = self._variables(part.parent)
            line = part.one(t.ForEach)
            if line is not None:
                known = {**known, line.variable.text: self._item(line, part.parent, known)}
            self.variables[part.name] = known
        return known

    def _item(self, line: t.ForEach, outside: Part | None, known: dict[str, y.Type]) -> y.Type:
        tree = read(line.items.text).tree if line.items is not None else None
        if tree is None:
            return y.ANY
        found, _ = feel.infer(tree, self._types(line.items.text, outside, known))  # type: ignore[union-attr]
        return found.item if isinstance(found, y.ListType) else y.ANY

    def _record(self, node: t.Record, file: str) -> None:
        own = {line.name.text: type_of(line.type, self.scope) for line in node.fields}
        declared = {line.name.text: line.type for line in node.fields}
        for line in node.fields:
            if line.where is not None:
                self.expression(Ask(line.where, y.BOOLEAN, "where"), None, own, file=file, declared=declared)
                if node.name.text not in own and reads_itself(node.name.text, line.where, self.scope):
                    self.findings.add("CH436", line.where.span, file=file, name=node.name.text)

    def _parameter(self, node: t.Parameter, file: str) -> None:
        if node.value is not None:
            found = self.expression(Ask(node.value, None, "parameter"), None, {}, file=file)
            wanted = parameter_type(node, self.scope)
            if found is not None and not fits(found, wanted):
                self.findings.add(
                    "CH310",
                    node.value.span,
                    file=file,
                    name=node.name.text,
                    wanted=type_word(wanted),
                    given=type_word(found),
                )

    def _kpi(self, node: t.Kpi) -> None:
        case = case_type(self.scope)
        cases: dict[str, y.Type] = {"cases": y.ListType(item=case)}
        figures = {line.kind: line.expr for line in node.body if isinstance(line, t.Figure)}
        formula = figures.get("formula")
        value = None if formula is None else self.expression(Ask(formula, None, "formula"), None, cases)
        for kind, expr in figures.items():
            if kind in ("target", "warn"):
                self.expression(Ask(expr, None, kind), None, {"?": value or y.ANY}, kind="unary")
            elif kind == "every":
                self.expression(Ask(expr, y.SPAN, "every"), None, {})
            elif kind == "by":
                self.expression(Ask(expr, None, "by"), None, dict(case.fields))
        for line in node.body:
            if isinstance(line, t.Over):
                self.expression(Ask(line.window, y.SPAN, "over"), None, {})

    def expression(
        self,
        ask: Ask,
        part: Part | None,
        extra: dict[str, y.Type],
        *,
        file: str | None = None,
        kind: feel.Kind = "expression",
        declared: dict[str, t.Type] | None = None,
    ) -> y.Type | None:
        """Reports what is wrong in one expression; gives its type, None when it is wrong."""
        expr = ask.expr
        parsed = read(expr.text, kind)
        if parsed.tree is None:
            for problem in parsed.problems[:1]:
                self._unreadable(expr, problem, file)
            return None
        tree = as_typed(parsed.tree) if ask.word == "formula" else parsed.tree
        found, problems = feel.infer(tree, self._types(expr.text, part, extra, kind))
        for problem in problems:
            self._problem(_CODES.get(problem.code, "CH304"), expr, problem, file, extra)
        if not problems:
            for node, function, name in alone(tree, self._types(expr.text, part, extra, kind), part, self.scope):
                span = (expr.span[0] + node.start, expr.span[0] + node.end)
                self.findings.add("CH435", span, file=file, function=function, name=name)
        hidden = {**item_types(part, self.scope), **(declared or {})}
        for node, value, name, values in impossible(parsed.tree, self.scope, hidden):
            span = (expr.span[0] + node.start, expr.span[0] + node.end)
            guess = self.findings.guess(value, values)
            said: dict[str, Any] = {"guess": guess} if guess is not None else {}
            self.findings.add("CH311", span, file=file, value=value, name=name, **said)
        if problems:
            return None
        if ask.wanted is not None and not fits(found, ask.wanted):
            if ask.wanted is LIST:
                self.findings.add("CH309", expr.span, file=file, text=expr.text, given=type_word(found))
            else:
                words: dict[str, Any] = {"wanted": type_word(ask.wanted), "given": type_word(found)}
                if words["given"] == "element" and ask.wanted is y.BOOLEAN:
                    part = self.scope.elements.get(expr.text)
                    words["guess"] = f"{expr.text}.{'granted' if part and part.kind == 'approval' else 'done'}"
                self.findings.add("CH308", expr.span, file=file, word=ask.word, **words)
            return None
        return found

    def _unreadable(self, expr: t.Expr, problem: feel.Problem, file: str | None) -> None:
        """Reports a text that is no FEEL, with what its author may have meant from another language."""
        at = expr.span[0]
        start, end = problem.start, max(problem.start + 1, problem.end)
        said: dict[str, Any] = {"text": expr.text, "detail": problem.message}
        fix = None
        for pattern, meant in _HABITS:
            match = next((m for m in pattern.finditer(expr.text) if m.start() <= start <= m.end()), None)
            if match is not None:
                start, end = match.span()
                said["guess"] = match.expand(meant)
                fix = Fix.at((at + start, at + end), said["guess"], safe=meant != r"\1.\2")
                break
        self.findings.add("CH301", (at + start, at + end), file=file, fix=fix, **said)

    def _types(
        self, text: str, part: Part | None, extra: dict[str, y.Type], kind: feel.Kind = "expression"
    ) -> dict[str, y.Type]:
        """The types of the names an expression reads, and no others, because FEEL copies them for each inner scope."""
        found: dict[str, y.Type] = {}
        for path in read(text, kind).paths:
            name = path[0]
            self.scope.used.add(path[1] if name == "cases" and len(path) > 1 else name)
            known = extra.get(name) or (None if self.alone else _GIVEN.get(name) or seen_from(name, part, self.scope))
            if known is not None:
                found[name] = known
        if "?" in extra:
            found["?"] = extra["?"]
        return found

    def _problem(
        self, code: str, expr: t.Expr, problem: feel.Problem, file: str | None, extra: dict[str, y.Type]
    ) -> None:
        start = expr.span[0] + problem.start
        span = (start, max(start + 1, expr.span[0] + problem.end))
        written = problem.given or expr.text[problem.start : problem.end]
        if code == "CH312":
            given: dict[str, Any] = {"name": written}
            if any(row.takes(0) for row in load()[written]):
                given |= {"guess": f"{written}()", "fix": Fix.at(span, f"{written}()")}
            self.findings.add(code, span, file=file, **given)
        elif code in ("CH302", "CH303", "CH307"):
            candidates = self._names(extra) if code == "CH302" else problem.candidates
            name = t.Name(written, span=span)
            owners = [] if self.alone else self.scope.owners(written)
            meant = _OFTEN.get(written) if expr.text.strip() == written else None
            if len(owners) == 1:
                # A field is reached through its record, which people leave out.
                meant = f"{owners[0]}.{written}"
            if code == "CH302" and meant is not None:
                said: dict[str, Any] = {"name": written, "detail": problem.message, "guess": meant}
                self.findings.add(code, span, file=file, fix=Fix.at(span, meant), **said)
                return
            self.findings.unknown(code, name, candidates, file=file, detail=problem.message)
        else:
            self.findings.add(code, span, file=file, detail=problem.message)

    def _names(self, extra: dict[str, y.Type]) -> Iterator[str]:
        s = self.scope
        if self.alone:
            return (name for name in extra if name != "?")
        return chain(extra, s.elements, s.records, s.producers, s.inputs, s.parameters, s.shared.parameters, _GIVEN)


def fits(found: y.Type, wanted: y.Type) -> bool:
    """Whether a value of an inferred type can be what a line wants; what is not known may be anything."""
    if found is y.ANY or found is y.NULL:
        return True
    if isinstance(found, y.OneOf):
        return any(fits(option, wanted) for option in found.options)
    if isinstance(wanted, y.OneOf):
        return any(fits(found, option) for option in wanted.options)
    if isinstance(found, y.ListType) and isinstance(wanted, y.ListType):
        return fits(found.item, wanted.item)
    if isinstance(found, y.ContextType) and isinstance(wanted, y.ContextType):
        return all(name in found.fields and fits(found.fields[name], ty) for name, ty in wanted.fields.items())
    return y.is_subtype(found, wanted)
