"""What is wrong with a DMN model, found without running it: references, types, FEEL that cannot be read, tables.

Takes a linked model (`Graph`) and gives findings as data; it says nothing in any human language but what FEEL's own
problems say, and reads no files. A finding names the element and the way into its boxes (`At`).
Invariant: total; every text of the model is looked at exactly once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import feel
from charter.engine.decisions import model as m
from charter.engine.decisions.analysis import Open, analyse, kind_of
from charter.engine.decisions.graph import Element, Graph
from charter.engine.decisions.tables import POLICIES
from charter.engine.feel import tree as ft, types as y
from charter.engine.feel.builtins import load
from charter.engine.feel.reads import reads

AGGREGATES = ("SUM", "COUNT", "MIN", "MAX")

# a step into a box: what it is (`entry`, `rule`, `input` …) and which, a name or a number from 1
Step = tuple[str, str | int]
At = tuple[Step, ...]
# names that an expression may use; None where they cannot be known (the fields of a filtered item)
Bound = frozenset[str] | None


class DmnFinding(Struct, frozen=True):
    """One thing that is wrong: a slug, the element, the way into it, the values its sentence names, the text meant."""

    slug: str
    error: bool
    element: str
    at: At = ()
    values: tuple[tuple[str, Any], ...] = ()
    text: str | None = None
    span: tuple[int, int] | None = None


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


def check_model(graph: Graph) -> Iterator[DmnFinding]:
    """Yields what is wrong with the model of a graph; its imports are looked at when they are checked themselves."""
    model = graph.model
    for used in model.imports:
        if used.namespace not in graph.models:
            values = (("name", used.name or "-"), ("namespace", used.namespace))
            yield DmnFinding("unknown-import", True, used.name or used.namespace, values=values)
    keys = list(graph.own())
    for key in keys:
        graph.requires(key)
        yield from _references(graph, key)
    names = [graph.elements[key].name for key in keys if not isinstance(graph.elements[key], m.Service)]
    for name in (name for name, count in Counter(names).items() if count > 1):
        yield DmnFinding("name-twice", False, name, values=(("name", name),))
    for problem in graph.problems:
        if problem.slug == "duplicate-id" or any(problem.element == graph.elements[k].name for k in keys):
            yield DmnFinding(problem.slug, True, problem.element, values=(("name", problem.detail or problem.element),))
    for key in keys:
        if _requires_itself(graph, key):
            yield DmnFinding("circle", True, graph.elements[key].name)
    for item in model.items:
        yield from _item(graph, item, item.name, ())
    for key in keys:
        yield from _element(graph, key)


def _references(graph: Graph, key: str) -> Iterator[DmnFinding]:
    """Looks at what a service refers to; what decisions require is the graph's own matter."""
    element = graph.elements[key]
    if not isinstance(element, m.Service):
        return
    for reference in (*element.outputs, *element.encapsulated, *element.input_decisions, *element.input_data):
        target = reference if "#" in reference else f"{graph.model.namespace}#{reference}"
        if target not in graph.elements:
            yield DmnFinding("unknown-reference", True, element.name, values=(("name", reference),))
    if not element.outputs:
        yield DmnFinding("service-without-output", True, element.name)


def _requires_itself(graph: Graph, key: str) -> bool:
    """Says whether a decision needs its own answer; a function of knowledge may well call itself."""
    if not isinstance(graph.elements[key], m.Decision):
        return False
    seen: set[str] = set()
    todo = [key]
    while todo:
        for _, _, target in graph.requires(todo.pop()):
            if target == key:
                return True
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return False


def _known_type(graph: Graph, name: str) -> bool:
    return name in graph.items(graph.model).definitions or name in y.NAMED


def _item(graph: Graph, item: m.ItemDefinition, element: str, at: At) -> Iterator[DmnFinding]:
    if item.type is not None and not _known_type(graph, item.type):
        yield DmnFinding("unknown-type", True, element, at, (("name", item.type),))
    names = graph.names(graph.model)
    for text in (item.allowed, item.constraint):
        if text is not None:
            yield from _written(Written((*at, ("allowed", "")), text, "unary", names, None), element)
    for part in item.components:
        yield from _item(graph, part, element, (*at, ("component", part.name)))


def _element(graph: Graph, key: str) -> Iterator[DmnFinding]:
    element = graph.elements[key]
    if element.type is not None and not _known_type(graph, element.type):
        yield DmnFinding("unknown-type", True, element.name, (), (("name", element.type),))
    if not isinstance(element, m.Decision | m.Knowledge):
        return
    if element.logic is None:
        yield DmnFinding("no-logic", False, element.name)
    bound = frozenset(name if alias is None else alias for alias, name, _ in graph.requires(key))
    if isinstance(element, m.Knowledge):
        bound |= {element.name}
    for part in walk(element.logic, (), graph.names(graph.model), bound):
        match part:
            case Typed(type=element.type, at=()):
                continue  # said of the element already
            case Typed() if not _known_type(graph, part.type):
                yield DmnFinding("unknown-type", True, element.name, part.at, (("name", part.type),))
            case Foreign():
                yield DmnFinding("foreign", True, element.name, part.at, (("name", part.language),))
            case Written():
                yield from _written(part, element.name)
            case Tabled():
                yield from _table(graph, part, element.name)


def _written(part: Written, element: str) -> Iterator[DmnFinding]:
    parsed = feel.parse(part.text, names=part.names, dialect="dmn", kind=part.kind)
    if parsed.tree is None:
        problem = parsed.problems[0]
        values = (("detail", problem.message),)
        yield DmnFinding("unreadable", True, element, part.at, values, part.text, (problem.start, problem.end))
        return
    if part.bound is None or any(isinstance(node, ft.Filter) for node in ft.walk(parsed.tree)):
        return
    for name in sorted({path[0] for path in reads(parsed.tree)} - part.bound - {"?", "item"} - load().keys()):
        place = next((n for n in ft.walk(parsed.tree) if isinstance(n, ft.Name) and n.name == name), parsed.tree)
        span = (place.start, place.end)
        near = "" if name in part.names else next(iter(get_close_matches(name, part.names | part.bound, 1)), "")
        about = (("name", name), ("guess", near))
        yield DmnFinding("unknown-name", False, element, part.at, about, part.text, span)


def _table(graph: Graph, part: Tabled, element: str) -> Iterator[DmnFinding]:
    table = part.table
    for slug, word, words in (
        ("unknown-policy", table.hit_policy, POLICIES),
        ("unknown-aggregation", table.aggregation, (None, *AGGREGATES)),
    ):
        if word not in words:
            yield DmnFinding(slug, True, element, part.at, (("name", word), ("known", ", ".join(filter(None, words)))))
            return
    wide = (len(table.inputs), len(table.outputs))
    for number, rule in enumerate(table.rules, 1):
        if (len(rule.tests), len(rule.outputs)) != wide:
            values = (("inputs", wide[0]), ("outputs", wide[1]))
            yield DmnFinding("ragged", True, element, (*part.at, ("rule", number)), values)
            return
    typed = replace(table, inputs=tuple(_clause(graph, clause) for clause in table.inputs))
    # A list of what holds, and a count of it, may well be empty.
    gapless = table.hit_policy == "COLLECT" and table.aggregation in (None, "COUNT")
    items = [graph.items(graph.model).named(clause.type) for clause in typed.inputs]
    kinds = [kind_of(y.ANY if item is None else item.type) for item in items]
    # A value that is not allowed has no answer, and null is not unless the table says so.
    opens: list[Open] = ["perhaps" if "null" in (clause.allowed or "null") else "never" for clause in table.inputs]
    proof = analyse(typed, kinds, opens)
    if not proof.complete:
        yield DmnFinding("unproved", False, element, part.at, (("count", len(table.rules)),))
    for found in proof.findings:
        if found.kind == "gap" and gapless:
            continue
        example = found.shown(_headings(table))
        said = (
            ("rules", ", ".join(str(rule + 1) for rule in found.rules[:1])),
            ("others", ", ".join(str(rule + 1) for rule in found.rules[1:])),
            ("example", example),
        )
        yield DmnFinding(found.kind, found.kind in ("overlap", "conflict", "empty"), element, part.at, said)


def _headings(table: m.Table) -> Iterator[str]:
    """Yields what a reader knows each column of conditions by: its expression, its label, or its number."""
    for number, clause in enumerate(table.inputs, 1):
        yield clause.expression if clause.expression != m.NOTHING else clause.label or f"#{number}"


def _clause(graph: Graph, clause: m.InputClause) -> m.InputClause:
    """Gives a column the type and allowed values that its input's own type has."""
    data = (e for e in graph.own().values() if isinstance(e, m.InputData))
    given = next((e.type for e in data if e.name == clause.expression), None)
    type_ = clause.type or given
    allowed, seen = clause.allowed, type_
    definitions = graph.items(graph.model).definitions
    for _ in definitions:
        definition = definitions.get(seen or "")
        if allowed is not None or definition is None or definition.collection:
            break
        allowed, seen = definition.allowed, definition.type
    return replace(clause, type=type_, allowed=allowed)


# -- the texts, types and tables of a box


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
    headings = _headings(table)
    clauses = [
        (*at, ("input", clause.label or heading)) for clause, heading in zip(table.inputs, headings, strict=True)
    ]
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
