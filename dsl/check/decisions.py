"""Decision tables of a process: checks head and rows, proves gaps, overlaps and idle rules, and lowers them.

Cells are FEEL like every expression; the proofs are `engine.decisions.analysis`. What the parameters can be is taken
from the elements that `decide` by the table: the types of what they give, and the choices of a field.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import Any

from msgspec.structs import replace

from charter.dsl.check.asks import Ask
from charter.dsl.check.choices import Declared, declared_of, item_types
from charter.dsl.check.doubtful import check_declared
from charter.dsl.check.expressions import canonical, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import misnamed
from charter.dsl.check.scopes import Part, ProcessScope, Symbol
from charter.dsl.check.typecheck import argument_types, check_cell
from charter.dsl.check.types import fits, parameter_type, type_of
from charter.dsl.check.works import not_given
from charter.dsl.diagnostic import Fix, Place
from charter.dsl.text import tree as t
from charter.engine import definition as d, feel
from charter.engine.decisions import model as m
from charter.engine.decisions.analysis import Finding, Open, analyse, kind_of
from charter.engine.decisions.tables import equalled
from charter.engine.feel import tree as ft, types as y
from charter.engine.feel.printer import quoted
from charter.engine.feel.tree import Node

LIMITS = {"rules": 20_000}

# kind of finding -> code of its diagnostic
_FOUND = {
    "gap": "CH603",
    "overlap": "CH604",
    "conflict": "CH605",
    "masked": "CH606",
    "subsumed": "CH607",
    "empty": "CH608",
}


def check_decisions(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is wrong with the decision tables that a process declares, and with those who decide by them."""
    for part in scope.elements.values():
        for line in part.all(t.Work):
            if line.kind == "decide":
                _decider(part, line, scope, findings)
    for symbol in list(scope.decisions.values()):
        table = _Table(symbol, scope, findings)
        if scope.shared.decisions.get(symbol.name) is not symbol:
            table.check()
        if not findings.failed:
            # Without those who decide by it nothing is known of the inputs, and any other text would be a gap.
            table.prove(gaps=bool(scope.deciders(symbol.name)))
    if findings.failed:
        return
    for symbol in scope.decisions.values():
        for part, line in scope.deciders(symbol.name):
            _fits_record(part, line, symbol, scope, findings)


def _decider(part: Part, line: t.Work, scope: ProcessScope, findings: Findings) -> None:
    """Reports a table that is not there, arguments it does not take or lacks, and more or less than one output."""
    symbol = scope.decision(line.target.text)
    if symbol is None:
        known = chain(scope.decisions, scope.shared.decisions)
        misnamed(line.target, "decision", "CH226", known, scope, findings)
        return
    takes = [name.text for name in symbol.node.parameters]
    unknown = [a.name for a in line.arguments if a.name.text not in takes]
    for name in unknown:
        findings.unknown("CH227", name, takes, decision=symbol.name)
    for lacking in not_given(takes, line.arguments, unknown, findings):
        findings.add("CH228", line.target.span, decision=symbol.name, name=lacking)
    if len(part.outputs) != 1:
        findings.add("CH229", line.target.span, element=part.name, count=len(part.outputs))


_RULE = re.compile(r":?-{2,}:?")  # what other notations draw below a head
_ARROW = re.compile(r"(?:[-=]*[>→⇒➔➜]+|-{2,}|[:=])\s*")


class _Table:
    def __init__(self, symbol: Symbol, scope: ProcessScope, findings: Findings) -> None:
        self.node: t.Decision = symbol.node
        self.name = symbol.name
        self.file = symbol.file
        self.scope = scope
        self.findings = findings
        self.rows = self.node.rows

    def check(self) -> None:
        columns = self._head()
        if columns is None:
            return
        self._cells(columns)
        policies = [line for line in self.node.body if isinstance(line, t.HitPolicy)]
        for extra in policies[1:]:
            self.findings.add("CH213", extra.span, word="hit policy", element=self.name)

    def _cells(self, columns: t.Columns) -> None:
        types = _parameters(self.node, self.scope)
        inside = _inside(columns, types, self.scope, self.findings)
        wanted = len(columns.inputs) + len(columns.outputs)
        allowed = [_choices(self._given(expr)) for expr in columns.inputs]
        for row in self.rows:
            if all(_RULE.fullmatch(cell.text) for cell in row.cells):
                fix = Fix.at(row.span, "", safe=True)
                self.findings.add("CH602", row.span, fix=fix, count=len(row.cells), wanted=wanted, hint="table_rule")
                continue
            if len(row.cells) != wanted:
                left = tuple(name.text for name in columns.outputs[len(row.cells) - wanted :])
                shown: dict[str, Any] = (
                    {"hint": "no_result", "names": left} if len(columns.inputs) <= len(row.cells) < wanted else {}
                )
                span, more = row.span, None
                if len(row.cells) > wanted:
                    span = (row.cells[wanted].span[0], row.cells[-1].span[1])
                    shown = {"hint": "beyond", "text": " | ".join(cell.text for cell in row.cells[wanted:])}
                    last = row.cells[wanted - 1].span[1]
                    more = Fix.at((last, row.span[1]), " |") if not re.search(r"\w", shown["text"]) else None
                self.findings.add("CH602", span, fix=more, count=len(row.cells), wanted=wanted, **shown)
                continue
            for cell, kind, head, choices in zip(row.cells, inside, columns.inputs, allowed, strict=False):
                seen = {**types, "?": kind}
                ask = Ask(cell, None, "decision", field=head.text, choices=choices, table=self.name)
                check_cell(ask, seen, self.scope, self.findings, kind="unary")
            for cell in row.cells[len(columns.inputs) :]:
                check_cell(Ask(cell, None, "decision"), types, self.scope, self.findings)

    def _headless(self, table: list[t.Columns | t.Row]) -> None:
        """Reports a table without a head, where its first row may be one: with another arrow, or with none."""
        first = table[0] if table else None
        reads = {name.text for name in self.node.parameters}
        for number, cell in enumerate(first.cells if isinstance(first, t.Row) else ()):
            arrow = _ARROW.match(cell.text)
            outputs = [_ARROW.sub("", each.text) for each in first.cells[number:]] if isinstance(first, t.Row) else []
            if not number or cell.text in reads or not all(map(str.isidentifier, outputs)):
                continue
            begin = cell.span[0]
            end = begin + (len(arrow[0]) if arrow is not None else 0)
            fix = Fix.at((begin, end), "-> ")
            span = (begin, begin + len(arrow[0].rstrip())) if arrow is not None else cell.span
            self.findings.add("CH601", span, fix=fix, name=self.name, hint="table_arrow", output=outputs[0])
            return
        self.findings.add("CH601", self.node.name.span, name=self.name)

    def _head(self) -> t.Columns | None:
        """Gives the head of the table; reports a missing, second or late one, and columns named twice."""
        table = [line for line in self.node.body if isinstance(line, t.Columns | t.Row)]
        heads = [line for line in table if isinstance(line, t.Columns)]
        if not heads or table[0] is not heads[0] or not heads[0].outputs or not all(n.text for n in heads[0].outputs):
            self._headless(table)
            return None
        for extra in heads[1:]:
            self.findings.add("CH213", extra.span, word="->", element=self.name)
        if len(table) - 1 > LIMITS["rules"]:
            limit = LIMITS["rules"]
            self.findings.add("CH220", self.node.name.span, what="rules", count=len(table) - 1, limit=limit)
        for name in heads[0].outputs:
            if not name.text.isidentifier():
                self.findings.add("CH601", name.span, name=self.name, hint="column_name", text=name.text)
                return None
        seen: dict[str, t.Name] = {}
        for name in heads[0].outputs:
            earlier = seen.setdefault(name.text, name)
            if earlier is not name:
                place = Place(earlier.span, self.scope.file, "first_declared")
                self.findings.add("CH205", name.span, also=(place,), name=name.text, kind="output")
        return heads[0]

    def prove(self, *, gaps: bool) -> None:
        """Reports what the rows leave open (if `gaps`), say twice or never say."""
        columns = self.node.columns
        if columns is None:
            return
        inside = _inside(columns, _parameters(self.node, self.scope), self.scope, Findings(self.file))
        lowered = lower_decision(self.node, self.scope)
        given = [self._given(expr) for expr in columns.inputs]
        allowed = [_choices(each) for each in given]
        inputs = tuple(
            m.InputClause(text, None, ", ".join(quoted(v) for v in values) if values else None)
            for text, values in zip(lowered.inputs, allowed, strict=True)
        )
        values = {name: line.value for name, line in bound(self.node, self.scope).items()}
        rules = tuple(m.Rule(tuple(_valued(text, values) for text in r.tests), r.outputs) for r in lowered.rules)
        outputs = tuple(m.OutputClause(o.name) for o in lowered.outputs)
        table = m.Table(inputs, outputs, rules, lowered.hit_policy, lowered.aggregation)  # type: ignore[arg-type]
        kinds = ["integer" if _whole(of) else kind_of(each) for each, of in zip(inside, given, strict=True)]
        opens = [_open(each) for each in given]
        found = analyse(table, kinds, opens)
        # What a record never holds leaves no gap; that a row is for it is no mistake.
        limits = [_limits(each) for each in given]
        narrowed = found
        if gaps and any(limits):
            inputs = tuple(
                m.InputClause(clause.expression, None, limit or clause.allowed)
                for clause, limit in zip(inputs, limits, strict=True)
            )
            narrowed = analyse(replace(table, inputs=inputs), kinds, opens)
        for finding in found.findings:
            if finding.kind != "gap":
                self._report(finding, columns)
        for finding in narrowed.findings if gaps else ():
            if finding.kind == "gap":
                self._report(finding, columns)
        if not found.complete:
            self.findings.add("CH612", self.node.name.span, file=self.file, name=self.name)

    def _given(self, expr: t.Expr) -> list[tuple[Declared | None, Open]]:
        """What a column's parameter is declared to be by each of those who decide, and whether it may be null.

        An author who makes a field optional leaves it open; it is never null where the element takes its record.
        """
        found: list[tuple[Declared | None, Open]] = []
        for part, line in self.scope.deciders(self.name):
            items = item_types(part, self.scope)
            taken = {*items, *(name.text for name in part.inputs)}
            for argument in line.arguments:
                if argument.name.text == expr.text and argument.value is not None:
                    text = argument.value.text
                    known = declared_of(text, self.scope, items)
                    there = known is not None and text.partition(".")[0] in taken
                    open_: Open = "open" if known is not None and known.optional else "never" if there else "perhaps"
                    found.append((known, open_))
        return found

    def _report(self, finding: Finding, columns: t.Columns) -> None:
        rows = [rule + 1 for rule in finding.rules]
        said: dict[str, Any] = {"name": self.name, "example": finding.shown(expr.text for expr in columns.inputs)}
        if finding.kind == "gap":
            self.findings.add(_FOUND[finding.kind], self.node.name.span, file=self.file, **said)
            return
        said |= {"row": rows[0], "other": ", ".join(map(str, rows[1:])) or "-"}
        # Of a pair, it is the later row that is one too many.
        at = max(finding.rules) if finding.kind in ("overlap", "conflict") else finding.rules[0]
        self.findings.add(_FOUND[finding.kind], self.rows[at].span, file=self.file, **said)


def bound(node: t.Decision, scope: ProcessScope) -> dict[str, t.Parameter]:
    """Gives the parameters of the process that a table reads beside its own."""
    own = {name.text for name in node.parameters}
    heads = node.columns.inputs if node.columns is not None else ()
    texts = [(expr.text, "expression") for expr in heads]
    for row in node.rows:
        texts += [(cell.text, "unary" if n < len(heads) else "expression") for n, cell in enumerate(row.cells)]
    names = dict.fromkeys(path[0] for text, kind in texts for path in read(text, kind).paths)
    symbols = {name: symbol for name in names if name not in own and (symbol := scope.parameter(name)) is not None}
    return {name: symbol.node for name, symbol in symbols.items()}


def _parameters(node: t.Decision, scope: ProcessScope) -> dict[str, y.Type]:
    """Gives the types of what a table reads: its own parameters, where all who decide agree, and its process's."""
    given = [argument_types(line, part, scope) for part, line in scope.deciders(node.name.text)]
    found: dict[str, y.Type] = {}
    for name in node.parameters:
        types = [types[name.text] for types in given if name.text in types]
        found[name.text] = types[0] if types and all(kind == types[0] for kind in types) else y.ANY
    return found | {name: parameter_type(line, scope) for name, line in bound(node, scope).items()}


def _inside(columns: t.Columns, types: dict[str, y.Type], scope: ProcessScope, findings: Findings) -> list[y.Type]:
    """Gives the types of the inputs' expressions; anything for a wrong one."""
    found = [check_cell(Ask(expr, None, "decision"), types, scope, findings) for expr in columns.inputs]
    return [y.ANY if kind is None else kind for kind in found]


def _cell(text: str, kind: y.Type) -> str:
    """Gives a cell under what is looked at as its column means it."""
    tree = read(text, "unary").tree if kind is y.BOOLEAN else None
    return canonical(text, "unary") if tree is None else feel.text(equalled(tree))


def _valued(text: str, values: dict[str, t.Expr | None]) -> str:
    """Gives a cell with the values that the file gives to the parameters that it names."""
    known = {name: read(value.text).tree for name, value in values.items() if value is not None}
    tree = read(text, "unary").tree if known else None

    def change(node: Any) -> Any:
        value = known.get(node.name) if isinstance(node, ft.Name) else None
        return ft.mapped(node, change) if value is None else value

    return text if tree is None else feel.text(change(tree))


def _choices(given: list[tuple[Declared | None, Open]]) -> tuple[str, ...]:
    """What a parameter can be, where all who decide give a field of type choice that can be the same."""
    found = {tuple(c.text for c in each.type.choices) if each is not None else () for each, _ in given}
    return next(iter(found)) if len(found) == 1 else ()


def _whole(given: list[tuple[Declared | None, Open]]) -> bool:
    """Whether all who decide give a field of whole numbers."""
    return bool(given) and all(each is not None and each.type.name == "integer" for each, _ in given)


def _limits(given: list[tuple[Declared | None, Open]]) -> str:
    """What a parameter is limited to, where all who decide give a field that is limited in the same way."""
    found = {each.limits if each is not None else "" for each, _ in given}
    return next(iter(found)) if len(found) == 1 else ""


def _open(given: list[tuple[Declared | None, Open]]) -> Open:
    """Whether a parameter may be null, taken from all who decide; `perhaps` where nobody does."""
    return max((open_ for _, open_ in given), key=("never", "perhaps", "open").index, default="perhaps")


def _fits_record(part: Part, line: t.Work, symbol: Symbol, scope: ProcessScope, findings: Findings) -> None:
    """Reports outputs of a table that the record an element writes has no field for, and fields nothing fills."""
    record = scope.record(part.outputs[0].text)
    columns = symbol.node.columns
    if record is None or columns is None:
        return
    fields = {field.name.text: field for field in record.node.fields}
    several = lower_decision(symbol.node, scope)
    if several.hit_policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER") and several.aggregation is None:
        return  # the record is given a list in its only field: see engine/decisions/named.py
    for name in columns.outputs:
        if name.text not in fields:
            findings.unknown("CH609", t.Name(name.text, span=line.target.span), fields, record=record.name)
    filled = {name.text for name in columns.outputs}
    for field in fields.values():
        if field.needed and field.name.text not in filled:
            findings.add("CH610", line.target.span, record=record.name, decision=symbol.name, name=field.name.text)
    places = [fields.get(name.text) for name in columns.outputs]
    read_too = bound(symbol.node, scope)
    for row in symbol.node.rows:
        for cell, field_ in zip(row.cells[len(columns.inputs) :], places, strict=False):
            tree = read(cell.text).tree
            if field_ is None or not isinstance(tree, Node):
                continue
            wanted, name = type_of(field_.type, scope), field_.name.text
            seen = dict.fromkeys((*(n.text for n in symbol.node.parameters), *read_too), y.ANY)
            found, _ = feel.infer(tree, seen)
            if fits(found, wanted):
                check_declared(tree, field_.type, name, cell.span[0], findings, symbol.file)
                continue
            own = Findings(symbol.file, findings.budget, findings.language)
            check_cell(Ask(cell, wanted, "parameter", field=name), seen, scope, own)
            findings.diagnostics += own.diagnostics


def lower_decision(node: t.Decision, scope: ProcessScope) -> d.DecisionTable:
    """Gives the decision table as the engine asks it; rows are those that the checks have passed.

    The parameters of the process that it reads are among its own: whoever decides by it gives them.
    """
    columns = node.columns
    heads = columns.inputs if columns is not None else ()
    kinds = _inside(columns, _parameters(node, scope), scope, Findings(scope.file)) if columns is not None else []
    policy = next((x.policy for x in node.body if isinstance(x, t.HitPolicy)), "unique")
    word, _, aggregation = policy.partition(" ") if policy.startswith("collect") else (policy, "", "")
    rules = tuple(
        d.DecisionRule(
            tuple(_cell(cell.text, kind) for cell, kind in zip(row.cells, kinds, strict=False)),
            tuple(canonical(cell.text) for cell in row.cells[len(heads) :]),
        )
        for row in node.rows
    )
    outputs = tuple(
        d.DecisionOutput(name.text, _values(name.text, node, scope, len(heads) + number, rules))
        for number, name in enumerate(columns.outputs if columns is not None else ())
    )
    return d.DecisionTable(
        name=node.name.text,
        title=node.title.text if node.title else node.name.text,
        parameters=(*(name.text for name in node.parameters), *bound(node, scope)),
        inputs=tuple(canonical(expr.text) for expr in heads),
        outputs=outputs,
        rules=rules,
        hit_policy=word.upper(),
        aggregation=aggregation.upper() or None,
        clauses=tuple(n.text for line in node.body if isinstance(line, t.Source) for n in line.ids),
    )


def _values(
    name: str, node: t.Decision, scope: ProcessScope, column: int, rules: tuple[d.DecisionRule, ...]
) -> tuple[str, ...]:
    """What an output may be, the weightiest first: the choices of the field it fills, else as the rows name them."""
    for part, _ in scope.deciders(node.name.text):
        field = scope.field_of(part.outputs[0].text, name) if part.outputs else None
        if field is not None and field.type.choices:
            return tuple(quoted(choice.text) for choice in field.type.choices)
    number = column - (len(rules[0].tests) if rules else 0)
    return tuple(dict.fromkeys(rule.outputs[number] for rule in rules if number < len(rule.outputs)))
