"""What is wrong with a DMN model, found without running it: references, types, FEEL that cannot be read, tables.

Takes a linked model (`Graph`) and gives findings as data; it says nothing in any human language but what FEEL's own
problems say, and reads no files. A finding names the element and the way into its boxes (`At`).
Invariant: total; every text of the model is looked at exactly once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from difflib import get_close_matches
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.dsl.dmn.boxes import At, Foreign, Tabled, Typed, Written, headings, walk
from charter.engine import feel
from charter.engine.decisions import model as m
from charter.engine.decisions.analysis import Open, analyse, kind_of
from charter.engine.decisions.graph import Graph
from charter.engine.decisions.items import BORROWED
from charter.engine.decisions.tables import POLICIES
from charter.engine.feel import tree as ft, types as y
from charter.engine.feel.builtins import load
from charter.engine.feel.reads import reads

AGGREGATES = ("SUM", "COUNT", "MIN", "MAX")


class DmnFinding(Struct, frozen=True):
    """One thing that is wrong: a slug, the element, the way into it, the values its sentence names, the text meant.

    A `note` is no more than said: the model is read as it is meant.
    """

    slug: str
    error: bool
    element: str
    at: At = ()
    values: tuple[tuple[str, Any], ...] = ()
    text: str | None = None
    span: tuple[int, int] | None = None
    note: bool = False

    @property
    def level(self) -> str:
        return "error" if self.error else "note" if self.note else "warning"


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
        yield DmnFinding("service-without-output", False, element.name)


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


def _type(graph: Graph, name: str | None, element: str, at: At) -> Iterator[DmnFinding]:
    """Looks at the name of a type: that of a definition, of FEEL, or one that other tools write for FEEL's."""
    if name is None or name in graph.items(graph.model).definitions or name in y.NAMED:
        return
    if name in BORROWED:
        values = (("name", name), ("type", BORROWED[name].name))
        yield DmnFinding("borrowed-type", False, element, at, values, note=True)
    else:
        yield DmnFinding("unknown-type", True, element, at, (("name", name),))


def _item(graph: Graph, item: m.ItemDefinition, element: str, at: At) -> Iterator[DmnFinding]:
    yield from _type(graph, item.type, element, at)
    names = graph.names(graph.model)
    for text in (item.allowed, item.constraint):
        if text is not None:
            yield from _written(Written((*at, ("allowed", "")), text, "unary", names, None), element)
    for part in item.components:
        yield from _item(graph, part, element, (*at, ("component", part.name)))


def _element(graph: Graph, key: str) -> Iterator[DmnFinding]:
    element = graph.elements[key]
    yield from _type(graph, element.type, element.name, ())
    if not isinstance(element, m.Decision | m.Knowledge):
        return
    if element.logic is None:
        yield DmnFinding("no-logic", False, element.name)
    taken = undeclared(graph, key)
    for part in walk(element.logic, (), graph.names(graph.model), _seen(graph, key)):
        match part:
            case Typed(type=element.type, at=()):
                continue  # said of the element already
            case Typed():
                yield from _type(graph, part.type, element.name, part.at)
            case Foreign():
                yield DmnFinding("foreign", True, element.name, part.at, (("name", part.language),))
            case Written():
                yield from _written(part, element.name, taken)
            case Tabled():
                yield from _table(graph, part, element.name)


def _seen(graph: Graph, key: str) -> frozenset[str]:
    """Gives the names that an element's logic may use: what it requires, and knowledge itself."""
    names = {name if alias is None else alias for alias, name, _ in graph.requires(key)}
    element = graph.elements[key]
    return frozenset(names | {element.name} if isinstance(element, m.Knowledge) else names)


def undeclared(graph: Graph, key: str) -> dict[str, str | None]:
    """Gives the names that a decision's logic reads and nothing declares: the inputs of tools that declare none.

    With the type that a table says of the column that is such a name.
    """
    element = graph.elements[key]
    if not isinstance(element, m.Decision):
        return {}
    declared = {each.name for each in graph.elements.values()} | {used.name for used in graph.model.imports}
    found: dict[str, str | None] = {}
    for part in walk(element.logic, (), graph.names(graph.model), _seen(graph, key)):
        if isinstance(part, Written):
            tree = feel.parse(part.text, names=part.names, dialect="dmn", kind=part.kind).tree
            called = _called(tree)
            found |= {name: found.get(name) for name in _unbound(part, tree) if name not in declared | called}
        elif isinstance(part, Tabled):
            found |= {c.expression: c.type for c in part.table.inputs if c.expression in found}
    return found


def _unbound(part: Written, tree: ft.Node | None) -> list[str]:
    """Lists the names that a text reads and may not; inside a filter they may be fields of its items."""
    if tree is None or part.bound is None or any(isinstance(node, ft.Filter) for node in ft.walk(tree)):
        return []
    return sorted({path[0] for path in reads(tree)} - part.bound - {"?", "item"} - load().keys())


def _called(tree: ft.Node | None) -> set[str]:
    calls = (node.function for node in ft.walk(tree) if isinstance(node, ft.Call | ft.NamedCall)) if tree else ()
    return {function.name for function in calls if isinstance(function, ft.Name)}


def _written(part: Written, element: str, taken: Container[str] = ()) -> Iterator[DmnFinding]:
    """Looks at a text; `taken` are names that count as inputs though nothing declares them."""
    parsed = feel.parse(part.text, names=part.names, dialect="dmn", kind=part.kind)
    if parsed.tree is None:
        problem = parsed.problems[0]
        values = (("detail", problem.message),)
        yield DmnFinding("unreadable", True, element, part.at, values, part.text, (problem.start, problem.end))
        return
    called = _called(parsed.tree)
    for name in _unbound(part, parsed.tree):
        place = next((n for n in ft.walk(parsed.tree) if isinstance(n, ft.Name) and n.name == name), parsed.tree)
        span = (place.start, place.end)
        known = part.names | (part.bound or frozenset()) | (load().keys() if name in called else frozenset())
        near = "" if name in part.names else next(iter(get_close_matches(name, known - {name}, 1)), "")
        about = (("name", name), ("guess", near))
        none = name in called and name not in part.names
        slug = "unknown-function" if none else "undeclared" if name in taken else "unknown-name"
        yield DmnFinding(slug, none, element, part.at, about, part.text, span)


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
        example = found.shown(headings(table))
        said = (
            ("rules", ", ".join(str(rule + 1) for rule in found.rules[:1])),
            ("others", ", ".join(str(rule + 1) for rule in found.rules[1:])),
            ("example", example),
        )
        yield DmnFinding(found.kind, found.kind in ("overlap", "conflict", "empty"), element, part.at, said)


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
