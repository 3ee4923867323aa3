"""The decision tables of a DMN model as tables of the language, with all that could not be said told.

A table is taken over only where it gives the same answers: its names become identifiers, its cells canonical FEEL,
priorities an order of rows, a default a last row. What the language cannot say (functions of the model, the present,
names as texts) leaves the table out with a reason. Invariant: every table that is taken over passes the checks of a
process file by itself, and every table of the model is either taken over or told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from charter.dsl.dmn.boxes import At, tables
from charter.dsl.dmn.findings import AGGREGATES
from charter.dsl.passes import compile
from charter.dsl.text import tree as t
from charter.dsl.text.printer import to_text
from charter.engine import feel
from charter.engine.decisions import model as m
from charter.engine.decisions.analysis import analyse
from charter.engine.decisions.graph import Element, Graph
from charter.engine.decisions.items import Items
from charter.engine.decisions.tables import POLICIES, in_column
from charter.engine.feel import tree as ft, types as y
from charter.engine.feel.builtins import load
from charter.engine.feel.comparison import compare, equal
from charter.engine.feel.frames import Env, Frame, State
from charter.engine.feel.reads import reads
from charter.engine.feel.words import KEYWORDS, PROPERTIES
from charter.engine.names import compiled, marks
from charter.engine.placed import parts

# Functions whose answer depends on what no table is given, and those that take names as texts.
_UNSAYABLE = frozenset({"now", "today", "get value", "get entries", "context", "context put", "context merge"})
_SORTED = {"PRIORITY": "first", "OUTPUT ORDER": "rule order"}


class Told(Struct, frozen=True):
    """What the language does not say, or says otherwise: a slug, the element, and the values its sentence names.

    `lost`: the part of the model is not in the text at all.
    """

    slug: str
    lost: bool
    element: str
    at: At = ()
    values: tuple[tuple[str, Any], ...] = ()


class Taken(Struct, frozen=True):
    """A table that was taken over: its decision, where it comes from, its parameters' names in the model.

    `names`: the identifier of every name of the model that its cells use, fields too.
    """

    decision: t.Decision
    element: Element
    at: At
    table: m.Table
    parameters: tuple[tuple[str, str], ...]
    names: dict[str, str]


class Import(Struct):
    """What a model came to."""

    taken: list[Taken] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def file(self) -> t.File:
        """Gives the tree of a file with all the decisions."""
        return t.File(tuple(each.decision for each in self.taken))


class _Unsaid(Exception):
    def __init__(self, slug: str, **values: Any) -> None:
        super().__init__(slug)
        self.slug = slug
        self.values = tuple(values.items())


def import_model(graph: Graph) -> Import:
    """Takes over the tables of a graph's model, those inside contexts and functions too."""
    found = Import()
    titles: set[str] = set()
    for element, at, table, names in tables(graph):
        try:
            taken = _take(graph, element, at, table, names, found, titles)
        except _Unsaid as why:
            found.told.append(Told(why.slug, True, element.name, at, why.values))
            continue
        text = to_text(t.File((taken.decision,)))
        wrong = next((d for d in compile("import.charter", text).diagnostics if d.is_error), None)
        if wrong is not None:
            found.told.append(Told("unfit", True, element.name, at, (("code", wrong.code),)))
            continue
        titles.add(taken.decision.name.text)
        found.taken.append(taken)
    whole = {each.element.id for each in found.taken if not each.at}
    for each in graph.own().values():
        if isinstance(each, m.Service):
            found.told.append(Told("service", True, each.name))
        elif not (isinstance(each, m.InputData) or each.id in whole or isinstance(_body(each.logic), m.Table)):
            found.told.append(Told("no-table", True, each.name))
    return found


def _body(box: m.Box | None) -> m.Box | None:
    return box.body if isinstance(box, m.FunctionBox) else box


def identifier(name: str, taken: frozenset[str] | set[str]) -> str:
    """Makes a name of words with blanks, signs and capitals one of the language: lower case, words joined by `_`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    made = compiled(r"(?s)(?:(?!\w).|_)+", marks(apart)).sub("_", apart).strip("_").lower() or "value"
    if made[0].isdigit() or made in KEYWORDS or made in load() or made in _AWKWARD:
        made = f"the_{made}"
    number, free = 1, made
    while free in taken:
        number += 1
        free = f"{made}_{number}"
    return free


# words that FEEL or the language reads in their own way where a name could stand
_AWKWARD = frozenset({"item", "partial", "instance", "of", "case", "cases", "list", "context", "range", "function"})


class _Names:
    """The identifiers of the names that one table uses."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def of(self, name: str) -> str:
        if name not in self.known:
            self.known[name] = identifier(name, set(self.known.values()))
        return self.known[name]

    def tree(self, node: ft.Node) -> ft.Node:
        """Gives the tree with every name of the model replaced."""
        match node:
            case ft.Name(name="?"):
                return node
            case ft.Name():
                return replace(node, name=node.name if node.name in ("item", "partial") else self.of(node.name))
            case ft.Path():
                kept = node.name in PROPERTIES or node.name in _FIELDS
                return replace(node, of=self.tree(node.of), name=node.name if kept else self.of(node.name))
            case ft.Call() | ft.NamedCall() if isinstance(node.function, ft.Name):
                return replace(node, arguments=tuple(self.tree(a) for a in node.arguments))
            case ft.Iteration() | ft.Parameter():
                node = replace(node, name=self.of(node.name))
            case ft.Entry():
                node = replace(node, key=self.of(node.key))
        return self._below(node)

    def _below(self, node: ft.Node) -> ft.Node:
        changed: dict[str, Any] = {}
        for name in parts(type(node)):
            value = getattr(node, name)
            if isinstance(value, ft.Node):
                changed[name] = self.tree(value)
            elif type(value) is tuple and value and isinstance(value[0], ft.Node):
                changed[name] = tuple(self.tree(part) for part in value)
        return replace(node, **changed) if changed else node


# what values of FEEL's own have as fields
_FIELDS = frozenset(
    (
        "year",
        "month",
        "day",
        "weekday",
        "hour",
        "minute",
        "second",
        "days",
        "hours",
        "minutes",
        "seconds",
        "years",
        "months",
        "value",
        "start",
        "end",
        "timezone",
    )
)


def _take(
    graph: Graph, element: Element, at: At, table: m.Table, names: frozenset[str], found: Import, titles: set[str]
) -> Taken:
    model_names = _Names()
    path = [element.name, *(str(which) for kind, which in at if kind == "entry")]
    title = " / ".join(dict.fromkeys(path))
    inputs = [_read(clause.expression, "expression", names) for clause in table.inputs]
    kinds = {number: graph.items(graph.model).named(clause.type) for number, clause in enumerate(table.inputs)}
    rules = [
        (
            [in_column(_read(x, "unary", names), kinds.get(number)) for number, x in enumerate(rule.tests)],
            [_read(x, "expression", names) for x in rule.outputs],
        )
        for rule in table.rules
    ]
    wide = (len(table.inputs), len(table.outputs))
    if not rules or any((len(tests), len(outputs)) != wide for tests, outputs in rules) or not wide[1]:
        raise _Unsaid("ragged")
    texts = [*inputs, *(tree for row in rules for part in row for tree in part)]
    if table.hit_policy not in POLICIES or table.aggregation not in (None, *AGGREGATES):
        raise _Unsaid("unknown-policy", name=" ".join(filter(None, (table.hit_policy, table.aggregation))))
    if table.aggregation == "COUNT" and wide[1] > 1:
        raise _Unsaid("count-of-several")
    told: list[Told] = []
    _fitting(graph.items(graph.model), table, rules)
    policy, ordered = _policy(graph.items(graph.model), table, rules, names)
    if ordered is not rules and policy in ("first", "rule order"):
        told.append(Told("sorted", False, element.name, at))
    policy, rules = _default(table, policy, ordered, names)
    read = _parameters(texts, element, names)
    parameters = tuple((model_names.of(name), name) for name in read)
    columns = t.Columns(
        tuple(_cell(tree, "expression", model_names) for tree in inputs),
        tuple(t.Name(text) for text in _outputs(table, element, at, model_names)),
    )
    rows = tuple(
        t.Row(
            (
                *(_cell(tree, "unary", model_names) for tree in tests),
                *(_cell(tree, "expression", model_names) for tree in outputs),
            )
        )
        for tests, outputs in rules
    )
    allowed = [(c.expression, c.allowed) for c in table.inputs if c.allowed is not None]
    told += [
        Told("inputs-open", False, element.name, at, pair)
        for pair in ((("input", text), ("values", values)) for text, values in allowed)
    ]
    found.told += told
    short = identifier(path[-1], frozenset())
    name = short if short not in titles else identifier(title, titles)
    decision = t.Decision(
        t.Name(name),
        t.Text(title) if title != name else None,
        tuple(t.Name(made) for made, _ in parameters),
        (*((t.HitPolicy(policy),) if policy != "unique" else ()), columns, *rows),
        comments=t.Comments(before=tuple(_comments(element, parameters, dict(allowed)))),
    )
    return Taken(decision, element, at, table, parameters, model_names.known)


def _comments(element: Element, parameters: tuple[tuple[str, str], ...], allowed: dict[str, str]) -> Iterator[str]:
    """Says above a table what it answers, which values its inputs may have, and names that were not plain words."""
    question = getattr(element, "question", None)
    if question:
        yield from (line.strip() for line in question.splitlines() if line.strip())
    for made, name in parameters:
        plain = name.replace(" ", "").replace("_", "").isalnum() and made == identifier(name, frozenset())
        parts = [] if plain else [f"({' '.join(name.split())})"]
        parts += [" ".join(allowed[name].split())] if name in allowed else []
        if parts:
            yield f"{made}: {' '.join(parts)}"


def _read(text: str, kind: feel.Kind, names: frozenset[str]) -> ft.Node:
    tree = feel.parse(text, names=names, dialect="dmn", kind=kind).tree
    if tree is None:
        raise _Unsaid("unreadable", text=text)
    for node in ft.walk(tree):
        if isinstance(node, ft.Call | ft.NamedCall):
            called = node.function.name if isinstance(node.function, ft.Name) else feel.text(node.function)
            if called not in load():
                raise _Unsaid("calls", name=called)
            if called in _UNSAYABLE:
                raise _Unsaid("unsayable", name=called)
        elif isinstance(node, ft.TypeName) and not node.members and node.name not in y.NAMED:
            raise _Unsaid("names-type", name=node.name)
    return tree


def _cell(tree: ft.Node, kind: feel.Kind, names: _Names) -> t.Expr:
    """Writes a cell; it must read the same in a process file."""
    said = names.tree(tree)
    text = feel.text(said)
    if feel.parse(text, dialect="charter", kind=kind).tree != said:
        raise _Unsaid("reads-otherwise", text=text)
    return t.Expr(text)


def _parameters(texts: list[ft.Node], element: Element, names: frozenset[str]) -> list[str]:
    found: dict[str, None] = {}
    for tree in texts:
        if any(isinstance(node, ft.Filter) for node in ft.walk(tree)):
            raise _Unsaid("filters")
        free = {path[0] for path in reads(tree)} - {"?"}
        for node in ft.walk(tree):
            if isinstance(node, ft.Name) and node.name in free:
                found.setdefault(node.name)
    return list(found)


def _outputs(table: m.Table, element: Element, at: At, names: _Names) -> Iterator[str]:
    last = next((str(which) for kind, which in reversed(at) if kind == "entry"), element.name)
    for clause in table.outputs:
        yield names.of(clause.name or last)


Rows = list[tuple[list[ft.Node], list[ft.Node]]]


def _constant(tree: ft.Node) -> Any:
    if reads(tree):
        raise _Unsaid("priority-computed", text=feel.text(tree))
    return feel.compile(tree).evaluate({})


def _fitting(items: Items, table: m.Table, rules: Rows) -> None:
    """Refuses outputs that the model's own types would make into something else."""
    frame = Frame({}, None, State(Env(), False))
    for number, clause in enumerate(table.outputs):
        item = items.named(clause.type)
        for _, outputs in rules if item is not None else ():
            if not reads(outputs[number]):
                value = feel.compile(outputs[number]).evaluate({})
                if value is not None and equal(item.fit(value, frame), value) is not True:  # type: ignore[union-attr]
                    raise _Unsaid("not-allowed", text=feel.text(outputs[number]), type=clause.type)


def _policy(items: Items, table: m.Table, rules: Rows, names: frozenset[str]) -> tuple[str, Rows]:
    """Gives the hit policy in the language's words; an order of outputs becomes an order of rows where it must."""
    if table.hit_policy not in _SORTED:
        aggregation = table.aggregation if table.hit_policy == "COLLECT" else None
        return " ".join(filter(None, (table.hit_policy.lower(), (aggregation or "").lower()))), rules
    ranked = [clause.allowed or items.allowed(clause.type or table.type) for clause in table.outputs]
    orders = [_order(text, names) for text in ranked]
    if not any(order is not None for order in orders):
        return _SORTED[table.hit_policy], rules
    values = [[_constant(tree) for tree in outputs] for _, outputs in rules]

    def rank(number: int) -> tuple[int, ...]:
        return tuple(
            next((i for i, each in enumerate(order) if equal(each, value) is True), len(order))
            for order, value in zip(orders, values[number], strict=True)
            if order is not None
        )

    ranks = [rank(number) for number in range(len(rules))]
    # The language weighs an output by where the rows name it first.
    firsts = list(dict.fromkeys(ranks))
    plain = all(clause.default is None for clause in table.outputs)
    if plain and len(orders) == 1 and firsts == sorted(firsts) and all(r[0] < len(orders[0] or ()) for r in ranks):
        return table.hit_policy.lower(), rules
    return _SORTED[table.hit_policy], [rules[n] for n in sorted(range(len(rules)), key=ranks.__getitem__)]


def _order(text: str | None, names: frozenset[str]) -> list[Any] | None:
    if text is None:
        return None
    tree = feel.parse(f"[{text}]", names=names, dialect="dmn").tree
    return None if tree is None else list(feel.compile(tree).evaluate({}) or [])


# aggregation -> whether a default beside a rule's output would change nothing
_NEUTRAL: dict[str, Callable[[Any, Any], Any]] = {
    "collect sum": lambda default, output: equal(default, Decimal(0)),
    "collect min": lambda default, output: compare(">=", default, output),
    "collect max": lambda default, output: compare("<=", default, output),
}


def _default(table: m.Table, policy: str, rules: Rows, names: frozenset[str]) -> tuple[str, Rows]:
    """Writes default outputs as a last row that always holds, where that says the same."""
    if all(clause.default is None for clause in table.outputs):
        return policy, rules
    if policy in ("unique", "any"):
        found = analyse(table)
        apart = not any(each.kind in ("overlap", "conflict") for each in found.findings)
        if not found.complete or found.undecided or not apart:
            raise _Unsaid("default-overlapped")
        policy = "first"
    elif policy in _NEUTRAL and len(table.outputs) == 1:
        last = _constant(_read(table.outputs[0].default or "null", "expression", names))
        if not all(_NEUTRAL[policy](last, _constant(outputs[0])) is True for _, outputs in rules):
            raise _Unsaid("default-of-many")
    elif policy != "first":
        raise _Unsaid("default-of-many")
    outputs = [_read(clause.default or "null", "expression", names) for clause in table.outputs]
    return policy, [*rules, ([ft.Tests(()) for _ in table.inputs], outputs)]
