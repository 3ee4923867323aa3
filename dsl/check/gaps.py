"""Approvals that divide a record among them by their conditions: values that none of them applies to (CH426).

The conditions are asked themselves, at the values that they tell apart: each constant that they name, what lies
between and beyond, each choice, true and false; as `engine.decisions.analysis` cuts the columns of a table. So every
example is real. What reads anything else than fields of records and parameters is unknown here, and no gap is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, product
from typing import Any

from charter.dsl.check.expressions import constant, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.text import tree as t
from charter.engine import feel
from charter.engine.decisions.analysis import numbers
from charter.engine.feel import tree as ft
from charter.engine.feel.conversion import text_of
from charter.engine.feel.own import Money
from charter.engine.feel.printer import quoted

# So many conditions are asked for one record.
MOST_TRIED = 20_000

Path = tuple[str, ...]


def check_gaps(scope: ProcessScope, findings: Findings) -> None:
    """Reports, with an example, where no approval of a record applies and none lets it pass so."""
    told: set[tuple[tuple[str, ...], ...]] = set()
    for (name, record), approvals in scope.granted.items():
        if len(approvals) < 2:
            continue
        around = {id(part) for part in scope.elements[name].ancestors()}
        conditions = [_conditions(approval, around) for approval in approvals]
        if not all(conditions) or any(f.kind == "otherwise_passes" for a in approvals for f in a.all(t.Flag)):
            continue
        asked = tuple((approval.name, *texts) for approval, texts in zip(approvals, conditions, strict=True))
        if asked in told:
            continue
        told.add(asked)
        example = _Values(scope, conditions).gap()
        if example is not None:
            span = approvals[0].one(t.When) or approvals[0].node.name
            names = ", ".join(f"`{approval.name}`" for approval in approvals)
            findings.add("CH426", span.span, record=record, approvals=names, example=example)


def check_stages(scope: ProcessScope, findings: Findings) -> None:
    """Reports, with an example, where an approval is due and none of its stages is asked (CH257)."""
    for approval in scope.elements.values():
        stages = _stages(approval)
        if not stages:
            continue
        due = [f"not({text})" for text in _conditions(approval, set(), stages=False)]
        example = _Values(scope, [[text] for text in (*stages, *due)]).gap()
        if example is not None:
            record = approval.of.text if approval.of is not None else approval.name
            by = approval.all(t.By)[0]
            findings.add("CH257", by.span, element=approval.name, record=record, example=example)


def _stages(approval: Part) -> list[str]:
    """Gives the conditions of an approval's stages, none where one of them is always asked."""
    stages = [stage for line in approval.all(t.By) for stage in line.stages]
    found = [stage.when.text for stage in stages if stage.when is not None]
    return found if len(found) == len(stages) else []


def _conditions(approval: Part, around: set[int], *, stages: bool = True) -> list[str]:
    """Gives what has to hold for an approval to be asked, beside what holds for whoever takes the record."""
    parts = [approval, *(part for part in approval.ancestors() if id(part) not in around)]
    texts = [line.expr.text for part in parts for line in part.all(t.When) if line.kind != "exit"]
    asked = _stages(approval) if stages else []
    return [*texts, " or ".join(f"({text})" for text in asked)] if asked else texts


class _Values:
    """The values that the conditions of some approvals tell apart, and what they say of them."""

    def __init__(self, scope: ProcessScope, conditions: list[list[str]]) -> None:
        self.scope = scope
        self.conditions = [[tree for text in texts if (tree := read(text).tree) is not None] for texts in conditions]
        self.constants: list[Any] = []
        self.paths: dict[Path, t.Type | None] = {}
        self.fixed: dict[str, Any] = {}
        self.assumed: dict[str, Any] = {}
        trees = [tree for found in self.conditions for tree in found]
        for node in (node for tree in trees for node in ft.walk(tree)):
            if isinstance(node, ft.Number | ft.Percent | ft.Amount | ft.String | ft.Negation | ft.At):
                value = feel.compile(node).evaluate({})
                self.constants += [value] if value is not None else []
        for texts in conditions:
            for path in sorted({path for text in texts for path in read(text).paths}):
                self._place(path)

    def _place(self, path: Path) -> None:
        parameter = self.scope.parameter(path[0])
        symbol = self.scope.record(path[0])
        if parameter is not None and len(path) == 1:
            bound = parameter.node.value
            value = constant(bound.text) if bound is not None else self._some(parameter.node.type)
            (self.fixed if bound is not None else self.assumed)[path[0]] = value
            self.constants += [value] if value is not None else []
        elif symbol is not None and len(path) == 2:
            fields = {field.name.text: field.type for field in symbol.node.fields}
            self.paths[path] = fields.get(path[1])

    def _some(self, type_: t.Type | None) -> Any:
        """Gives some value for a parameter that is not bound, of which only the order to the others matters."""
        name = type_.name if type_ is not None else ""
        if name == "money":
            return Money(Decimal(1000), self._currency())
        return Decimal(1000) if name in ("number", "integer") else Decimal("0.5") if name == "percent" else None

    def _currency(self) -> str:
        return next((value.currency for value in self.constants if isinstance(value, Money)), "CNY")

    def _tried(self, type_: t.Type | None) -> list[Any]:
        """Lists the values of a field to be tried, those that are named first; none for what is not known here."""
        name = type_.name if type_ is not None else ""
        if type_ is not None and type_.choices:
            return [choice.text for choice in type_.choices]
        if name == "boolean":
            return [True, False]
        if name == "text":
            texts = [value for value in self.constants if isinstance(value, str)]
            return [*dict.fromkeys(texts), "other"]
        if name == "money":
            amounts = sorted({value.amount for value in self.constants if isinstance(value, Money)} | self._zero())
            return [Money(amount, self._currency()) for amount in _spread(amounts, whole=False)]
        if name in ("number", "integer", "percent"):
            points = sorted({value for value in self.constants if isinstance(value, Decimal)})
            return _spread(points, whole=name == "integer")
        return list(dict.fromkeys(value for value in self.constants if not isinstance(value, str | Decimal | Money)))

    def _zero(self) -> set[Decimal]:
        return {value for value in self.constants if isinstance(value, Decimal)}

    def gap(self) -> str | None:
        """Finds values for which every approval has a condition that is false, and writes them."""
        runs = [[feel.compile(tree) for tree in trees] for trees in self.conditions]
        tried = [self._tried(type_) for type_ in self.paths.values()]
        for values in islice(product(*tried), MOST_TRIED // len(runs)):
            given: dict[str, Any] = {**self.fixed, **self.assumed}
            for (record, field), value in zip(self.paths, values, strict=True):
                given.setdefault(record, {})[field] = value
            if all(any(run.evaluate(given) is False for run in each) for each in runs) and self._allowed(given):
                return ", ".join(self._shown(values)) or None
        return None

    def _allowed(self, given: dict[str, Any]) -> bool:
        """Says whether the records may hold these values, as far as their own conditions tell."""
        for record in dict.fromkeys(record for record, _ in self.paths):
            symbol = self.scope.record(record)
            for field in symbol.node.fields if symbol is not None else ():
                tree = read(field.where.text).tree if field.where is not None else None
                if tree is not None and feel.compile(tree).evaluate({**given, **given[record]}) is False:
                    return False
        return True

    def _shown(self, values: tuple[Any, ...]) -> Iterator[str]:
        for path, value in zip(self.paths, values, strict=True):
            same = next((name for name, assumed in self.assumed.items() if assumed == value), None)
            yield f"{'.'.join(path)} = {same or (quoted(value) if isinstance(value, str) else text_of(value))}"


def _spread(points: list[Decimal], *, whole: bool) -> list[Any]:
    """Gives the points, then what lies between and beyond them."""
    return [*points, *(value for value in numbers(points, whole=whole) if value not in points)]
