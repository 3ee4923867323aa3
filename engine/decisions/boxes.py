"""Boxed expressions as FEEL trees (DMN 1.5, 10.2): whatever a box can say, a tree of engine.feel says.

What FEEL text cannot say, a decision table and a declared type, is embedded in the tree as a closure. Names with
blanks or operators must be known before a text can be read, so `Names` grows as boxes nest. A text that cannot be
read has no value and says why when it is asked for one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from charter.engine.decisions import model as m
from charter.engine.decisions.items import Item, Items
from charter.engine.decisions.tables import table
from charter.engine.feel import parse, tree as t, types as y
from charter.engine.feel.compiler import Scope, closure
from charter.engine.feel.frames import Frame, NoValue, Run
from charter.engine.feel.ranges import Function

RESULT = "\0result"  # the nameless last entry of a context; no FEEL name can be spelled so


class Builder:
    """Makes trees for the boxes of one model; `names` are those that any text of it may use."""

    def __init__(self, items: Items, names: frozenset[str]) -> None:
        self.items = items
        self.names = names

    def tree(self, box: m.Box | None, names: frozenset[str] | None = None) -> t.Node:
        """Gives the tree of a box, its declared type checked."""
        if box is None:
            return failing("no expression is defined here")
        known = self.names if names is None else names
        node, item = _MAKERS[type(box)](self, box, known), self.items.named(box.type)
        return answering(node, item) if isinstance(box, m.FunctionBox) else typed(node, item)

    def entry(self, entry: m.Entry, names: frozenset[str]) -> t.Node:
        return typed(self.tree(entry.value, names), self.items.named(entry.type))


def failing(reason: str) -> t.Node:
    """Makes a tree without a value, and with the reason."""
    return t.Embedded(lambda scope: lambda frame: frame.broken(reason))


def typed(node: t.Node, item: Item | None) -> t.Node:
    """Makes a tree whose value is fitted to a type; one that does not fit is null."""
    if item is None:
        return node

    def make(scope: Scope) -> Run:
        run = closure(node, scope)
        return lambda frame: item.fit(run(frame), frame)

    return t.Embedded(make)


def answering(node: t.Node, item: Item | None) -> t.Node:
    """Makes a tree of a function whose result is fitted to a type: that of a function, or that of the result."""
    if item is None:
        return node
    result = Item(item.type.result) if isinstance(item.type, y.FunctionType) else item

    def make(scope: Scope) -> Run:
        run = closure(node, scope)

        def answers(frame: Frame) -> Any:
            function = run(frame)
            if type(function) is not Function:
                return function

            def call(values: tuple[Any, ...], caller: Frame) -> Any:
                return result.fit(function.call(values, caller), caller)

            return replace(function, call=call, result=result.type)

        return answers

    return t.Embedded(make, True)


def read(text: str, names: frozenset[str], kind: Any = "expression") -> t.Node:
    """Reads FEEL text of the standard's dialect; what cannot be read becomes a failing tree."""
    parsed = parse(text, names=names, dialect="dmn", kind=kind)
    if parsed.tree is None:
        return failing(f"`{text[:60]}` cannot be read: {parsed.problems[0].message}")
    return parsed.tree


def _literal(builder: Builder, box: m.Literal, names: frozenset[str]) -> t.Node:
    if box.language is not None:
        return failing(f"expressions in {box.language} are not supported")
    return read(box.text, names)


def _context(builder: Builder, box: m.Context, names: frozenset[str]) -> t.Node:
    entries = []
    for entry in box.entries:
        known = names | {entry.name}
        # A function sees its own entry too, so that it may call itself.
        seen = known if isinstance(entry.value, m.FunctionBox) else names
        entries.append(t.Entry(entry.name, builder.entry(entry, seen)))
        names = known
    if box.result is None:
        return t.Context(tuple(entries))
    entries.append(t.Entry(RESULT, builder.tree(box.result, names)))
    return t.Path(t.Context(tuple(entries)), RESULT)


def _items(builder: Builder, box: m.Items, names: frozenset[str]) -> t.Node:
    return t.Items(tuple(builder.tree(item, names) for item in box.items))


def _relation(builder: Builder, box: m.Relation, names: frozenset[str]) -> t.Node:
    return t.Items(
        tuple(
            t.Context(tuple(t.Entry(c, builder.tree(cell, names)) for c, cell in zip(box.columns, row, strict=False)))
            for row in box.rows
        )
    )


def _invocation(builder: Builder, box: m.Invocation, names: frozenset[str]) -> t.Node:
    arguments = tuple(t.Argument(a.name, builder.entry(a, names)) for a in box.arguments)
    return t.NamedCall(builder.tree(box.function, names), arguments)


def _function(builder: Builder, box: m.FunctionBox, names: frozenset[str]) -> t.Node:
    """Makes a function value; foreign ones are described by a context under their language's name."""
    if box.body is None:
        return failing("the function has no body")
    inner = names | {p.name for p in box.parameters}
    if box.kind == "FEEL":
        body = builder.tree(box.body, inner)
    elif box.kind == "Java":
        body = t.Context((t.Entry("java", builder.tree(box.body, inner)),))
    else:
        return failing(f"functions in {box.kind} are not supported")
    parameters = tuple(t.Parameter(p.name, None) for p in box.parameters)
    made = t.Lambda(parameters, body, box.kind != "FEEL")
    return _fitting(made, tuple(builder.items.named(p.type) for p in box.parameters))


def _fitting(node: t.Lambda, items: tuple[Item | None, ...]) -> t.Node:
    """Has a function's arguments fitted to their declared types before its body sees them."""
    if not any(items):
        return node

    def make(scope: Scope) -> Run:
        run = closure(node, scope)

        def fitted(frame: Frame) -> Any:
            function = run(frame)
            if function is None:
                return None

            def call(values: tuple[Any, ...], caller: Frame) -> Any:
                fit = []
                for value, item in zip(values, items, strict=True):
                    good = value if item is None else item.fit(value, caller)
                    if good is None and value is not None:
                        return None
                    fit.append(good)
                return function.call(tuple(fit), caller)

            return replace(function, call=call, types=tuple(None if i is None else i.type for i in items))

        return fitted

    return t.Embedded(make, True)


def _conditional(builder: Builder, box: m.Conditional, names: frozenset[str]) -> t.Node:
    """Makes a choice; unlike FEEL's own `if`, a condition that is no truth value has no answer (10.2.1.8).

    Null is an unknown truth value and chooses as false does.
    """
    parts = [builder.tree(part, names) for part in (box.condition, box.then, box.otherwise)]

    def make(scope: Scope) -> Run:
        condition, then, otherwise = (closure(part, scope) for part in parts)

        def choose(frame: Frame) -> Any:
            value = condition(frame)
            if value is not None and type(value) is not bool:
                return frame.note("the condition is neither true nor false")
            return then(frame) if value else otherwise(frame)

        return choose

    return t.Embedded(make)


def _filter(builder: Builder, box: m.FilterBox, names: frozenset[str]) -> t.Node:
    """Makes a filter; unlike FEEL's own, its match must be a truth value, never a position (10.2.1.9)."""
    items, match = builder.tree(box.items, names), builder.tree(box.match, names | {"item"})

    def make(scope: Scope) -> Run:
        test = closure(match, scope.within_item())

        def checked(frame: Frame) -> Any:
            found = test(frame)
            if found is not None and type(found) is not bool:
                raise NoValue("the match is neither true nor false")
            return found is True

        of = closure(items, scope)

        def filtered(frame: Frame) -> Any:
            value = of(frame)
            if value is None:
                return frame.note("there is no list to filter")
            walked = value if isinstance(value, list | tuple) else [value]
            frame.state.spend(len(walked))
            try:
                return [item for item in walked if checked(item_frame(item, frame))]
            except NoValue as why:
                return frame.note(str(why))

        return filtered

    return t.Embedded(make)


def item_frame(item: Any, frame: Frame) -> Frame:
    """Gives the frames of a filter's item: `item`, and over it the item's own fields."""
    named = Frame({"item": item}, frame, frame.state)
    return Frame(item if isinstance(item, Mapping) else {}, named, frame.state)


def _iterator(builder: Builder, box: m.Iterator, names: frozenset[str]) -> t.Node:
    walk = (t.Iteration(box.variable, builder.tree(box.items, names), None),)
    body = builder.tree(box.body, names | {box.variable})
    return t.For(walk, body) if box.kind == "for" else t.Quantified(box.kind, walk, body)


def _table(builder: Builder, box: m.Table, names: frozenset[str]) -> t.Node:
    return t.Embedded(lambda scope: table(box, scope, names, builder.items, read))


_MAKERS: dict[type[m.Box], Callable[[Builder, Any, frozenset[str]], t.Node]] = {
    m.Literal: _literal,
    m.Context: _context,
    m.Items: _items,
    m.Relation: _relation,
    m.Invocation: _invocation,
    m.FunctionBox: _function,
    m.Conditional: _conditional,
    m.FilterBox: _filter,
    m.Iterator: _iterator,
    m.Table: _table,
}
