"""The texts, types and tables of the boxes of a DMN model, each with the way to it and the names that it may use.

Knows how boxes nest and which names each part sees; judges nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from charter.engine import feel
from charter.engine.decisions import model as m
from charter.engine.decisions.graph import Element, Graph

# a step into a box: what it is (`entry`, `rule`, `input` …) and which, a name or a number from 1
Step = tuple[str, str | int]
At = tuple[Step, ...]
# names that an expression may use; None where they cannot be known (the fields of a filtered item)
Bound = frozenset[str] | None


class Written(Struct, frozen=True):
    """A FEEL text of a model, where it stands and what it may name."""

    at: At
    text: str
    kind: feel.Kind
    names: frozenset[str]
    bound: Bound


class Typed(Struct, frozen=True):
    at: At
    type: str


class Foreign(Struct, frozen=True):
    """Logic in a language other than FEEL."""

    at: At
    language: str


class Tabled(Struct, frozen=True):
    """A decision table in its place."""

    at: At
    table: m.Table


Part = Written | Typed | Foreign | Tabled


def headings(table: m.Table) -> Iterator[str]:
    """Yields what a reader knows each column of conditions by: its expression, its label, or its number."""
    for number, clause in enumerate(table.inputs, 1):
        yield clause.expression if clause.expression != m.NOTHING else clause.label or f"#{number}"


def walk(box: m.Box | None, at: At, names: frozenset[str], bound: Bound) -> Iterator[Part]:
    """Yields all texts, type names and tables of a box, with the names that each text is read with and may use."""
    if box is None:
        return
    if box.type is not None:
        yield Typed(at, box.type)
    match box:
        case m.Literal():
            if box.language is None:
                yield Written(at, box.text, "expression", names, bound)
            else:
                yield Foreign(at, box.language)
        case m.Context():
            for entry in box.entries:
                known, free = names | {entry.name}, _with(bound, entry.name)
                # A function sees its own entry too, so that it may call itself.
                itself = isinstance(entry.value, m.FunctionBox)
                yield from _entry(entry, (*at, ("entry", entry.name)), *((known, free) if itself else (names, bound)))
                names, bound = known, free
            yield from walk(box.result, (*at, ("result", "")) if box.result is not None else at, names, bound)
        case m.Items():
            for number, item in enumerate(box.items, 1):
                yield from walk(item, (*at, ("item", number)), names, bound)
        case m.Relation():
            for number, row in enumerate(box.rows, 1):
                for column, cell in zip(box.columns, row, strict=False):
                    yield from walk(cell, (*at, ("row", number), ("column", column)), names, bound)
        case m.Invocation():
            yield from walk(box.function, at, names, bound)
            for argument in box.arguments:
                yield from _entry(argument, (*at, ("argument", argument.name)), names, bound)
        case m.FunctionBox():
            inner = [p.name for p in box.parameters]
            yield from (Typed((*at, ("parameter", p.name)), p.type) for p in box.parameters if p.type is not None)
            if box.kind == "FEEL":
                yield from walk(box.body, at, names.union(inner), _with(bound, *inner))
            elif box.kind != "Java":
                yield Foreign(at, box.kind)
        case m.Conditional():
            for word, part in (("if", box.condition), ("then", box.then), ("else", box.otherwise)):
                yield from walk(part, (*at, ("part", word)), names, bound)
        case m.FilterBox():
            yield from walk(box.items, (*at, ("part", "in")), names, bound)
            yield from walk(box.match, (*at, ("part", "match")), names | {"item"}, None)
        case m.Iterator():
            yield from walk(box.items, (*at, ("part", "in")), names, bound)
            inner_names, inner_bound = names | {box.variable}, _with(bound, box.variable, "partial")
            word = "return" if box.kind == "for" else "satisfies"
            yield from walk(box.body, (*at, ("part", word)), inner_names, inner_bound)
        case m.Table():
            yield from _columns(box, at, names, bound)


def _with(bound: Bound, *names: str) -> Bound:
    return None if bound is None else bound.union(names)


def _entry(entry: m.Entry, at: At, names: frozenset[str], bound: Bound) -> Iterator[Part]:
    if entry.type is not None:
        yield Typed(at, entry.type)
    yield from walk(entry.value, at, names, bound)


def _columns(table: m.Table, at: At, names: frozenset[str], bound: Bound) -> Iterator[Part]:
    clauses = [(*at, ("input", heading)) for heading in headings(table)]
    results = [(*at, ("output", clause.name or number)) for number, clause in enumerate(table.outputs, 1)]
    for place, clause in zip(clauses, table.inputs, strict=True):
        yield Written(place, clause.expression, "expression", names, bound)
        if clause.allowed is not None:
            yield Written((*place, ("allowed", "")), clause.allowed, "unary", names, bound)
        if clause.type is not None:
            yield Typed(place, clause.type)
    for place, output in zip(results, table.outputs, strict=True):
        if output.allowed is not None:
            yield Written((*place, ("allowed", "")), output.allowed, "unary", names, bound)
        if output.default is not None:
            yield Written((*place, ("default", "")), output.default, "expression", names, bound)
        if output.type is not None:
            yield Typed(place, output.type)
    for number, rule in enumerate(table.rules, 1):
        for place, text in zip(clauses, rule.tests, strict=False):
            yield Written((*at, ("rule", number), place[-1]), text, "unary", names, bound)
        for place, text in zip(results, rule.outputs, strict=False):
            yield Written((*at, ("rule", number), place[-1]), text, "expression", names, bound)
    yield Tabled(at, table)


def tables(graph: Graph) -> Iterator[tuple[Element, At, m.Table, frozenset[str]]]:
    """Yields every table of the graph's model with its element and place, and the names its texts are read with."""
    for element in graph.own().values():
        if isinstance(element, m.Decision | m.Knowledge):
            yield from ((element, at, table, names) for at, table, names in _tables(element.logic, (), graph))


def _tables(box: m.Box | None, at: At, graph: Graph) -> Iterator[tuple[At, m.Table, frozenset[str]]]:
    names = graph.names(graph.model)
    local: frozenset[str] = names
    for part in walk(box, at, names, frozenset()):
        if isinstance(part, Written):
            local = part.names  # every text of a table is read with the same names
        elif isinstance(part, Tabled):
            yield part.at, part.table, local
