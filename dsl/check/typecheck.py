"""Checks every expression of a process: syntax, names, fields, types and units, and the result its line asks for.

The scope of an expression is that of its line: the case as its element sees it, inside a `for each` the variable,
inside `where` the record's own fields, in a KPI the `cases`. FEEL does the inference; what each line
wants is said in its row of `lines.py`. What expressions read is kept in `scope.used`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from msgspec import structs

from charter.dsl.check import reports
from charter.dsl.check.asks import LIST, MOMENT, Ask, of_clocks
from charter.dsl.check.choices import impossible, item_types, report
from charter.dsl.check.counters import check_expressions
from charter.dsl.check.domains import Domains
from charter.dsl.check.doubtful import Placed, check_choices, check_declared, check_doubts
from charter.dsl.check.expressions import read
from charter.dsl.check.fields import check_fields
from charter.dsl.check.findings import Findings, alike
from charter.dsl.check.habits import in_language
from charter.dsl.check.known import Known
from charter.dsl.check.lines import spec_of
from charter.dsl.check.lists import alone
from charter.dsl.check.mends import Fault, Mend, Place, find_all
from charter.dsl.check.queues import of_queues
from charter.dsl.check.registers import of_reviews
from charter.dsl.check.rules import of_rules
from charter.dsl.check.scopes import Part, ProcessScope, own
from charter.dsl.check.types import (
    CASE,
    FORMS,
    PROCESS,
    case_type,
    fits,
    parameter_type,
    seen_from,
    trend_fits,
    type_word,
    unit_fits,
)
from charter.dsl.check.valueless import check_values
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.engine import feel
from charter.engine.feel import tree as ft, types as y
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
        for table, check in (("records", self._record), ("registers", self._record), ("parameters", self._parameter)):
            for symbol in own(scope, table).values():
                check(symbol.node, symbol.file)
        for part in scope.elements.values():
            inside = self._variables(part)
            outside = self._variables(part.parent)
            for line in part.every_line():
                spec = spec_of(line)
                for ask in spec.asks(line, spec.word, scope):
                    self.expression(ask, *((part.parent, outside) if ask.outer else (part, inside)))
        for link in scope.links.values():
            self.expression(Ask(link.node.by, y.STRING, "by"), None, {})
        for line in scope.header.get(t.CaseSubject, []):
            self.expression(Ask(line.expr, y.STRING, "subject"), None, {})
        for symbol in scope.kpis.values():
            self._kpi(symbol.node)
        for around, ask in (*of_clocks(scope), *of_rules(scope), *of_reviews(scope), *of_queues(scope)):
            self.expression(ask, around, {**self._variables(around), **ask.seen})
        check_expressions(scope, self.expression)
        reports.check_expressions(scope, case_type(scope), self.expression)

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

    def _record(self, node: t.Record | t.Register, file: str) -> None:
        def expression(ask: Ask, part: Part | None, own: dict[str, y.Type], **given: Any) -> None:
            self.expression(ask, part, {**self._variables(part), **own}, **given)

        check_fields(node, file, self.scope, self.findings, expression)

    def _parameter(self, node: t.Parameter, file: str) -> None:
        if node.value is not None:
            ask = Ask(node.value, parameter_type(node, self.scope), "parameter", field=node.name.text)
            tree, at = read(node.value.text).tree, node.value.span[0]
            if self.expression(ask, None, {}, file=file) and tree is not None and node.type is not None:
                check_declared(tree, node.type, node.name.text, at, self.findings, file)

    def _kpi(self, node: t.Kpi) -> None:
        case = case_type(self.scope)
        cases: dict[str, y.Type] = {"cases": y.ListType(item=case)}
        figures = {line.kind: line.expr for line in node.body if isinstance(line, t.Figure)}
        formula = figures.get("formula")
        shown = any(isinstance(line, t.Unit) and line.name.text == "percent" for line in node.body)
        value = None if formula is None else self.expression(Ask(formula, None, "formula"), None, cases)
        for kind, expr in figures.items():
            if kind in ("target", "warn"):
                self.expression(Ask(expr, None, kind, share=shown), None, {"?": value or y.ANY}, kind="unary")
            elif kind == "every":
                self.expression(Ask(expr, y.SPAN, "every"), None, {})
            elif kind == "by":
                self.expression(Ask(expr, None, "by"), None, dict(case.fields))
        for line in node.body:
            if isinstance(line, t.Over):
                self.expression(Ask(line.window, y.SPAN, "over"), None, {})
            elif isinstance(line, t.Trend) and not trend_fits(value):
                self.findings.add("CH449", line.span, name=node.name.text, given=type_word(value or y.ANY))
            elif isinstance(line, t.Unit) and not unit_fits(line.name.text, value):
                given = type_word(value or y.ANY)
                self.findings.add("CH313", line.name.span, unit=line.name.text, given=given)

    def expression(
        self,
        ask: Ask,
        part: Part | None,
        extra: dict[str, y.Type],
        *,
        file: str | None = None,
        kind: feel.Kind = "expression",
        declared: Mapping[str, t.Type] | None = None,
    ) -> y.Type | None:
        """Reports what is wrong in one expression; gives its type, None when it is wrong."""
        expr = ask.expr
        told = _Asked(self, ask, part, extra, file, kind, dict(declared or {}))
        if (parsed := read(expr.text, kind)).tree is None:
            told.unreadable(parsed.problems[0])
            return None
        tree = as_typed(parsed.tree) if ask.word == "formula" else parsed.tree
        types = self._types(expr.text, part, extra, kind)
        found, problems = feel.infer(tree, types)
        told.problems(parsed.tree, problems)
        if not problems:
            for node, function, name in alone(tree, types, part, self.scope):
                span = (expr.span[0] + node.start, expr.span[0] + node.end)
                self.findings.add("CH435", span, file=file, function=function, name=name)
        before = len(self.findings.diagnostics)
        for node, name, values in told.impossible(parsed.tree):
            report(node, name, values, expr.span[0], self.findings, file)
        if problems:
            return None
        check_values(parsed.tree, expr, part, self.scope, self.findings, file)
        if len(self.findings.diagnostics) == before:
            told.doubts(parsed.tree)
        if ask.wanted is not None and not fits(found, ask.wanted):
            told.unfit(parsed.tree, found)
            return None
        return found

    def _types(
        self,
        text: str,
        part: Part | None,
        extra: dict[str, y.Type],
        kind: feel.Kind = "expression",
        *,
        note: bool = True,
    ) -> dict[str, y.Type]:
        """The types of the names an expression reads, and no others, because FEEL copies them for each inner scope."""
        found: dict[str, y.Type] = {}
        for path in read(text, kind).paths:
            name = path[0]
            if note:
                self.scope.used.add(path[1] if name in ("cases", "opened") and len(path) > 1 else name)
            known = extra.get(name) or (None if self.alone else _GIVEN.get(name) or seen_from(name, part, self.scope))
            if known is not None:
                found[name] = known
        if "?" in extra:
            found["?"] = extra["?"]
        return found

    def _names(self, extra: dict[str, y.Type]) -> Iterator[str]:
        s = self.scope
        if self.alone:
            return (name for name in extra if name != "?")
        own = (s.elements, s.records, s.producers, s.inputs, s.slas, s.ledgers, s.parameters, s.shared.parameters)
        return chain(extra, *own, s.registers, s.shared.registers, s.links, _GIVEN)


# What is told once of an expression, however often it is in it.
_ONCE = frozenset({"choice", "bare_text", "currency", "unit"})


class _Asked:
    """One expression with what its line wants of it, and what is told where it gives something else."""

    def __init__(
        self,
        checker: _Checker,
        ask: Ask,
        part: Part | None,
        extra: dict[str, y.Type],
        file: str | None,
        kind: feel.Kind,
        declared: dict[str, t.Type],
    ) -> None:
        self.checker = checker
        self.ask = ask
        self.part = part
        self.extra = extra
        self.file = file
        self.kind = kind
        self.declared = declared
        self.mended: set[tuple[int, int, str | None]] = set()
        self.hints: set[str] = set()

    def unreadable(self, problem: feel.Problem) -> None:
        """Reports a text that is no FEEL."""
        end = max(problem.start + 1, problem.end)
        self._tell("CH301", problem.start, end, None, {"text": self.ask.expr.text, "detail": problem.message})

    def problems(self, tree: feel.Node, problems: Iterable[feel.Problem]) -> None:
        """Reports names, fields and functions that there are not, and values that do not go together."""
        for problem in problems:
            code = _CODES.get(problem.code, "CH304")
            start, end = problem.start, max(problem.start + 1, problem.end)
            written = problem.given or self.ask.expr.text[problem.start : problem.end]
            if code == "CH312":
                said: dict[str, Any] = {"name": written}
                if any(row.takes(0) for row in load()[written]):
                    said |= {"guess": f"{written}()", "fix": self._fix(start, end, f"{written}()")}
                self._add(code, start, end, said)
            elif code in ("CH302", "CH303", "CH307"):
                candidates = self.checker._names(self.extra) if code == "CH302" else problem.candidates
                said = {"name": written, "detail": problem.message}
                self._tell(code, start, end, tree, said, candidates)
            else:
                self._tell(code, start, end, tree, {"detail": problem.message})

    def unfit(self, tree: feel.Node, found: y.Type) -> None:
        """Reports an expression that gives something else than its line wants."""
        expr, wanted = self.ask.expr, self.ask.wanted
        if wanted is LIST:
            self._tell("CH309", 0, len(expr.text), tree, {"text": expr.text, "given": type_word(found)})
        elif wanted is not None:
            words = {"wanted": type_word(wanted), "given": type_word(found)}
            parameter = self.ask.word == "parameter"
            words |= {"name": self.ask.field} if parameter else {"word": self.ask.word}
            if self.ask.word == "due" and fits(found, y.SPAN):
                words |= {"hint": "due_span", "text": expr.text}
            elif self.ask.word == "within" and fits(found, MOMENT):
                words |= {"hint": "within_date", "text": expr.text}
            elif wanted in FORMS:
                words |= {"hint": "form", "example": FORMS[wanted]}
            self._tell("CH310" if parameter else "CH308", 0, len(expr.text), tree, words)

    def doubts(self, tree: feel.Node) -> None:
        """Reports what cannot be meant."""
        checker, expr = self.checker, self.ask.expr
        check_choices(tree, self.ask, checker.findings)
        if not checker.findings.warned:
            return
        own: dict[str, t.Type | None] = dict.fromkeys(self.extra)
        own |= {**item_types(self.part, checker.scope), **self.declared}
        place = Placed(expr, self.file, self.part.name if self.part is not None else self.ask.table)
        check_doubts(tree, place, Domains(checker.scope, own), checker.findings, self.ask)

    def impossible(self, tree: feel.Node) -> Iterator[tuple[ft.String, str, tuple[str, ...]]]:
        """Gives the comparisons that never hold."""
        own = {**item_types(self.part, self.checker.scope), **self.declared}
        return impossible(tree, self.part, self.checker.scope, own)

    def _faults(self, text: str) -> tuple[Fault, ...]:
        """What is wrong with another text in the place of the expression."""
        parsed = read(text, self.kind)
        if parsed.tree is None:
            return tuple(Fault("CH301", p.start, p.end) for p in parsed.problems[:1])
        tree = as_typed(parsed.tree) if self.ask.word == "formula" else parsed.tree
        found, problems = feel.infer(tree, self.checker._types(text, self.part, self.extra, self.kind, note=False))
        faults = [Fault(_CODES.get(p.code, "CH304"), p.start, p.end, p.message) for p in problems]
        faults += [Fault("CH311", node.start, node.end) for node, *_ in self.impossible(parsed.tree)]
        if not problems and self.ask.wanted is not None and not fits(found, self.ask.wanted):
            faults.append(Fault("CH308", 0, len(text)))
        return tuple(faults)

    def _tell(
        self,
        code: str,
        start: int,
        end: int,
        tree: feel.Node | None,
        said: dict[str, Any],
        candidates: Iterable[str] = (),
    ) -> None:
        """Reports a fault with its cause and the mend, where they are known, else with a guess at the name."""
        from charter.dsl.check.causes import CAUSES  # a file without faults does without the table

        checker, text = self.checker, self.ask.expr.text
        before = self._faults(text)
        place = Place(
            text=text,
            fault=Fault(code, start, end),
            message=str(said.get("detail", "")),
            before=before,
            faults=self._faults,
            tree=tree,
            reread=lambda other: read(other, self.kind).tree,
            field=self.ask.field if self.ask.word == "where" else "",
            unary=self.kind == "unary",
            alone=checker.alone,
            near=None,
            known=Known(checker.scope, self.extra),
        )
        guess = checker.findings.guess(str(said["name"]), candidates) if "name" in said else None
        fits_not = guess is not None and len(self._faults(text[:start] + guess + text[end:])) >= len(before)
        if fits_not and code == ("CH303" if not alike(str(said["name"]), str(guess)) else "CH307"):
            guess = None  # somewhat like in letters, and it does not fit
        place = structs.replace(place, near=guess)
        found, mended, safe = find_all(place, CAUSES, checker.findings.budget)
        if found is not None:
            cause, mend, _ = found
            if mend[:3] in self.mended:
                return  # another sign of what has been told
            self.mended.add(mend[:3])
            if cause.hint in _ONCE and cause.hint in self.hints:
                self._again(mend, start, end)
                return
            self.hints.add(cause.hint)
            mend = mend._replace(text=mend.text and in_language(mend.text, checker.findings.language))
            mended = mended and in_language(mended, checker.findings.language)
            said |= {"hint": cause.hint, **mend.said}
            start, end = mend.start, mend.end
            if mend.text is not None and mended is not None:
                only = mended == text[:start] + mend.text + text[end:]
                said["fix"] = self._fix(*((start, end, mend.text) if only else (0, len(text), mended)), safe=safe)
                shown = mend.text if only or safe else mended
                said |= {"guess": shown.strip()} if shown.strip() else {}
        elif guess is not None:
            said |= {"guess": guess, "fix": self._fix(start, end, guess)}
        self._add(code, start, end, said)

    def _again(self, mend: Mend, start: int, end: int) -> None:
        """Adds to what was told of the expression that the same is wrong in another place."""
        told = self.checker.findings.diagnostics
        if mend.text is not None and told[-1].fix is not None:
            more = self._fix(mend.start, mend.end, mend.text, safe=told[-1].fix.safe)
            told[-1] = structs.replace(told[-1], fix=Fix((*told[-1].fix.edits, *more.edits), told[-1].fix.safe))

    def _fix(self, start: int, end: int, text: str, *, safe: bool = False) -> Fix:
        at = self.ask.expr.span[0]
        return Fix.at((at + start, at + end), text, safe=safe)

    def _add(self, code: str, start: int, end: int, said: dict[str, Any]) -> None:
        written = self.ask.expr.text[start:end]
        at = self.ask.expr.span[0]
        if written.strip():  # blanks around what is wrong may go with it, and are not told
            start, end = start + len(written) - len(written.lstrip()), end - len(written) + len(written.rstrip())
        self.checker.findings.add(code, (at + start, at + end), file=self.file, **said)
