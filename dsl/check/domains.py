"""The values that what an expression reads can have: of a field by its declared type, of a fact by its element's kind.

A domain gives the values that some constants tell apart. Knows no conditions: what they come to is for `outcomes.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from charter.dsl.check.choices import OUTCOMES, declared_at, path_of, values_of
from charter.dsl.check.expressions import constant, read
from charter.dsl.check.scopes import ProcessScope
from charter.dsl.check.types import states_of
from charter.dsl.text import tree as t
from charter.engine.feel import tree as ft
from charter.engine.feel.own import Money, Span
from charter.engine.feel.temporal import Date, date_from_number
from charter.engine.machines import SETTLED

ORDERED = ("number", "money", "date", "span")
_KINDS: dict[type, str] = {
    Decimal: "number",
    int: "number",
    Money: "money",
    Date: "date",
    str: "text",
    bool: "boolean",
    Span: "span",
    type(None): "null",
}
_TYPES = {
    "number": "number",
    "integer": "number",
    "percent": "number",
    "money": "money",
    "date": "date",
    "boolean": "boolean",
    "choice": "text",
    "text": "text",
    "person": "text",
}
_COUNTS = frozenset({"count", "string length"})
# The parts of dates, and from where to where they run.
_PARTS = {"month": (1, 12), "day": (1, 31), "weekday": (1, 7), "hour": (0, 23), "minute": (0, 59)}


def kind_of(value: Any) -> str | None:
    return _KINDS.get(type(value))


class Domain(Struct, frozen=True):
    """What a term can be: all its `values`, or any of its kind within bounds."""

    kind: str
    values: tuple[str, ...] = ()
    whole: bool = False
    least: Decimal | None = None
    most: Decimal | None = None
    unit: str | None = None  # the currency of money, the field of a length of time
    declared: bool = False  # its field has a condition of its own
    blank: bool = True  # a text that may be empty

    def limited(self, constants: list[Any]) -> bool:
        """Whether its values are fewer than those of its kind, as far as these constants can tell."""
        fractions = any(isinstance(c, Decimal) and c != c.to_integral_value() for c in constants)
        bounded = self.values or self.least is not None or self.most is not None
        blanks = any(isinstance(c, str) and not c.strip() for c in constants)
        limited = (self.whole and fractions) or (blanks and not self.blank)
        return bool(bounded or self.unit or self.declared or limited)

    def tried(self, constants: list[Any], beside: list[Domain]) -> list[Any]:
        """Gives the values that constants and the terms of a condition tell apart."""
        count = sum(domain.kind == self.kind for domain in beside)
        if self.kind == "boolean":
            return [True, False]
        if self.kind == "text":
            texts = [value for value in constants if isinstance(value, str)]
            others = [f"…{number}" for number in range(count)]
            return list(self.values) or [
                text for text in (*dict.fromkeys(texts), *others) if self.blank or text.strip()
            ]
        if self.kind == "money":
            amounts = [c.amount if isinstance(c, Money) else c for c in constants if isinstance(c, Money | Decimal)]
            named = {c.currency for c in constants if isinstance(c, Money)}
            named |= {domain.unit for domain in beside if domain.kind == "money" and domain.unit}
            units = [self.unit] if self.unit else sorted(named) or ["XXX"]
            return [Money(amount, unit) for unit in units for amount in self._points(amounts, count)]
        if self.kind == "date":
            days = [Decimal(c.number) for c in constants if isinstance(c, Date)]
            return [date_from_number(int(day)) for day in self._points(days, count)]
        if self.kind == "span":
            lengths = [Decimal(getattr(c, self.unit or "")) for c in constants if isinstance(c, Span)]
            return [Span(**{self.unit or "": amount}) for amount in self._points(lengths, count)]
        return self._points([c for c in constants if isinstance(c, Decimal)], count)

    def _points(self, constants: list[Decimal], count: int) -> list[Decimal]:
        """Gives the points, and as many between and beyond them as there are terms to be told apart."""
        ends = [end for end in (self.least, self.most) if end is not None]
        points = sorted({*constants, *ends})
        if not points:
            points = [Decimal(0)]
        floor = [point.to_integral_value(rounding="ROUND_FLOOR") for point in points]
        found = [*points, *(floor[0] - 1 - n for n in range(count)), *(floor[-1] + 1 + n for n in range(count))]
        for low, high, start in zip(points, points[1:], floor, strict=False):
            found += [start + 1 + n for n in range(count) if start + 1 + n < high]
            found += [low + (high - low) * (n + 1) / (count + 1) for n in range(count)]
        least, most = self.least, self.most
        return sorted(
            point
            for point in set(found)
            if (least is None or point >= least)
            and (most is None or point <= most)
            and not ((self.whole or self.kind == "date") and point != point.to_integral_value())
        )


class Domains:
    """The domains of what one expression reads: a process's names, and those that it sees alone (None: not known)."""

    def __init__(self, scope: ProcessScope, own: Mapping[str, t.Type | None], *, blind: bool = False) -> None:
        self.scope = scope
        self.own = own
        self.blind = blind  # names may be fields of something that nobody declared
        self.known: dict[tuple[str, ...], Domain | None] = {}

    def of(self, node: ft.Node) -> Domain | None:
        """Gives what a name, a path or a call can be; None where that is not known."""
        match node:
            case ft.Call(ft.Name(name), (_,)) if name in _COUNTS and name not in self.own:
                return Domain("number", whole=True, least=Decimal(0))
            case ft.Path(of, name) if name in _PARTS and self._is_day(of):
                least, most = _PARTS[name]
                return Domain("number", whole=True, least=Decimal(least), most=Decimal(most))
            case ft.Name() | ft.Path() if not self.blind:
                path = path_of(node)
                if path not in self.known:
                    self.known[path] = self._declared(path)
                return self.known[path]
        return None

    def type_of(self, node: ft.Node) -> t.Type | None:
        """Gives what a name or a path is declared to be."""
        path = path_of(node)
        if not path or self.blind or (path[0] in self.own and self.own[path[0]] is None):
            return None
        parameter = self.scope.parameter(path[0]) if len(path) == 1 and path[0] not in self.own else None
        if parameter is not None:
            found: t.Type | None = parameter.node.type
            return found
        declared = declared_at(path, self.scope, self._own(path))
        return declared.type if declared is not None else None

    def texts(self, node: ft.Node) -> tuple[str, ...]:
        """Gives the texts that a choice or a state can be; none for anything else."""
        domain = self.of(node)
        return domain.values if domain is not None else ()

    def is_text(self, node: ft.Node) -> bool:
        found = self.type_of(node)
        return found is not None and found.name == "text"

    def _is_day(self, node: ft.Node) -> bool:
        found = self.type_of(node)
        return found is not None and found.name in ("date", "datetime")

    def _own(self, path: tuple[str, ...]) -> Mapping[str, t.Type]:
        return {name: kind for name, kind in self.own.items() if kind is not None} if path[0] in self.own else {}

    def _declared(self, path: tuple[str, ...]) -> Domain | None:
        if not path or (path[0] in self.own and self.own[path[0]] is None):
            return None
        parameter = self.scope.parameter(path[0]) if len(path) == 1 and path[0] not in self.own else None
        if parameter is not None:
            return _parameter(parameter.node)
        texts = values_of(path, self.scope, self._own(path))
        part = self.scope.elements.get(path[0]) if path[0] not in self.own else None
        if part is not None and path[1:] in (("state",), ("outcome",)):
            known = states_of(part.kind) if path[1] == "state" else OUTCOMES[part.kind]
            return Domain("text", (*known, *(states_of("phase") if t.ForEach in part.lines else ())))
        if part is not None:
            return (
                Domain("number", whole=True, least=Decimal(0)) if path[1:] in (("iteration",), ("rejects",)) else None
            )
        found = declared_at(path, self.scope, self._own(path))
        kind = _TYPES.get(found.type.name) if found is not None and found.type.item is None else None
        if texts and (found is None or kind == "text"):
            return Domain("text", texts)
        if found is None or kind is None:
            return None
        filled = kind == "text" and len(path) > 1 and not found.optional
        return Domain(kind, whole=found.type.name == "integer", declared=found.limited, blank=not filled)

    def as_comparison(self, node: ft.Node) -> ft.Node | None:
        """Reads a fact that is a state (`review.granted`) as what it says: the state is this one."""
        match node:
            case ft.Path(ft.Name(name) as of, fact) if name not in self.own and not self.blind:
                part = self.scope.elements.get(name)
                if part is None or part.instances:
                    return None
                if fact == "settled":
                    return ft.In(ft.Path(of, "state"), tuple(map(ft.String, sorted(SETTLED & {*states_of(part.kind)}))))
                if fact in states_of(part.kind):
                    return ft.Binary("=", ft.Path(of, "state"), ft.String(fact))
        return None

    def wheres(self, terms: Iterable[str]) -> Iterator[ft.Node]:
        """Gives the conditions of the records whose fields are among some terms, said of these."""
        seen: set[tuple[str, ...]] = set()
        for term in list(terms):
            tree = read(term).tree
            path = path_of(tree) if tree is not None else ()
            if len(path) < 2 or path[:-1] in seen:
                continue
            seen.add(path[:-1])
            record = declared_at(path[:-1], self.scope, self._own(path))
            symbol = self.scope.record(record.type.name) if record is not None else None
            for field in symbol.node.fields if symbol is not None else ():
                where = read(field.where.text).tree if field.where is not None else None
                if where is not None:
                    names = {line.name.text for line in symbol.node.fields}  # type: ignore[union-attr]
                    yield _said_of(where, names, path[:-1])

    def inside(self, node: ft.Node) -> Iterator[tuple[ft.Node, Domains]]:
        """Gives the nodes right inside one, each with what is known there."""
        if isinstance(node, ft.Filter):
            yield node.of, self
            yield node.test, self._filtered(node.of)
        elif isinstance(node, ft.Quantified | ft.For):
            seen = self
            for iteration in node.iterations:
                yield iteration.items, seen
                item = seen._item(iteration.items) if iteration.to is None else None
                seen = Domains(self.scope, {**seen.own, iteration.name: item}, blind=self.blind)
            yield (node.test if isinstance(node, ft.Quantified) else node.result), seen
        elif isinstance(node, ft.Lambda | ft.Context):
            blind = Domains(self.scope, self.own, blind=True)
            yield from ((child, blind) for child in ft.children(node))
        else:
            yield from ((child, self) for child in ft.children(node))

    def _item(self, items: ft.Node) -> t.Type | None:
        while isinstance(items, ft.Filter):
            items = items.of
        found = self.type_of(items)
        return found.item if found is not None else None

    def _filtered(self, of: ft.Node) -> Domains:
        if of == ft.Name("cases"):
            return self
        item = self._item(of)
        if item is None:
            return Domains(self.scope, self.own, blind=True)
        symbol = self.scope.record(item.name) if item.item is None else None
        fields = {line.name.text: line.type for line in symbol.node.fields} if symbol is not None else {}
        return Domains(self.scope, {**self.own, **fields, "item": item}, blind=self.blind)


def _parameter(node: t.Parameter) -> Domain | None:
    """Gives what a parameter may be set to: with its value's unit, where it has one."""
    value = constant(node.value.text) if node.value is not None else None
    if isinstance(value, Span):
        parts = value.parts()
        return Domain("span", unit=parts[0][0]) if len(parts) == 1 else None
    name = node.type.name if node.type is not None and node.type.item is None else ""
    kind = _TYPES.get(name, kind_of(value) if value is not None and not name else None)
    if kind is None:
        return None
    if node.type is not None and node.type.choices:
        return Domain("text", tuple(choice.text for choice in node.type.choices))
    return Domain(kind, whole=name == "integer", unit=value.currency if isinstance(value, Money) else None)


def _said_of(node: Any, fields: set[str], record: tuple[str, ...]) -> Any:
    """Gives a record's own condition with its fields named from outside."""
    if isinstance(node, ft.Name) and node.name in fields:
        found: ft.Node = ft.Name(record[0])
        for name in (*record[1:], node.name):
            found = ft.Path(found, name)
        return found
    return ft.mapped(node, lambda inner: _said_of(inner, fields, record))
