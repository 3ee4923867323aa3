"""Closures that open a scope: filters, loops, quantifiers, functions, contexts.

The second part of `compiler`; the same invariants. Source: DMN 1.5 tables 44 to 47, 60 to 64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from charter.engine.feel import tree as t, types as y
from charter.engine.feel.compiler import Scope, closure
from charter.engine.feel.compiler_tests import resolved
from charter.engine.feel.external import foreign
from charter.engine.feel.frames import Frame, NoValue, Run
from charter.engine.feel.limits import MAX_LIST
from charter.engine.feel.operators import plain
from charter.engine.feel.own import Described
from charter.engine.feel.ranges import Function, Range
from charter.engine.feel.temporal import Date, date_from_number

_NOTHING: Mapping[str, Any] = {}

# -- filters

# A test of one of these kinds is a condition; any other may turn out to be a position.
_CONDITIONS = (t.Between, t.In, t.InstanceOf, t.Quantified, t.Boolean)
_POSITIONS = (t.Number, t.Negation)


def _is_condition(test: t.Node) -> bool:
    if type(test) is t.Binary:
        return test.op in ("=", "!=", "<", "<=", ">", ">=", "and", "or")
    return type(test) in _CONDITIONS


def _position(items: Any, position: Decimal, frame: Frame) -> Any:
    if position != position.to_integral_value() or abs(position.adjusted()) > 9:
        return frame.note(f"there is no position {position}")
    index = int(position)
    if not index or abs(index) > len(items):
        return frame.note(f"there is no position {index} in a list of {len(items)}")
    return items[index - 1] if index > 0 else items[index]


def _as_items(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return value
    return [] if value is None else [value]


def _filter(node: t.Filter, scope: Scope) -> Run:
    of = closure(node.of, scope)
    outside = closure(node.test, scope)
    if type(node.test) in _POSITIONS:

        def position(frame: Frame) -> Any:
            items, place = _as_items(of(frame)), outside(frame)
            return _position(items, place, frame) if type(place) is Decimal else frame.note("positions are numbers")

        return position
    inside = closure(node.test, scope.within_item())
    condition = _is_condition(node.test)

    def filtered(frame: Frame) -> Any:
        value = of(frame)
        items = _as_items(value)
        if not condition and type(value) is Described and value.key is not None:
            name = plain(outside(frame))
            if type(name) is str:
                return next((item for item in value if item[value.key] == name), None)
        if not condition and (not items or type(plain(_on_item(inside, items[0], frame))) is Decimal):
            place = plain(outside(frame))
            if type(place) is Decimal:
                return _position(items, place, frame)
        frame.state.spend(len(items))
        return [item for item in items if _on_item(inside, item, frame) is True]

    return filtered


def _on_item(test: Run, item: Any, frame: Frame) -> Any:
    named = Frame({"item": item}, frame, frame.state)
    fields = item.own if type(item) is Described else item if isinstance(item, Mapping) else _NOTHING
    return test(Frame(fields, named, frame.state))


# -- loops


def _walked(iteration: t.Iteration, scope: Scope) -> Callable[[Frame], Any]:
    """Make the closure that gives what one iteration walks over; None where it is nothing to walk over."""
    items = closure(iteration.items, scope)
    if iteration.to is None:

        def walk(frame: Frame) -> Any:
            value = items(frame)
            if type(value) is Range:
                return _counted(value, frame)
            return None if value is None else _as_items(value)

        return walk
    to = closure(iteration.to, scope)
    return lambda frame: _counted(Range(items(frame), to(frame), True, True), frame)


def _whole(number: Decimal) -> bool:
    return number == number.to_integral_value()


def _counted(range_: Range, frame: Frame) -> Any:
    """Count a range of whole numbers or of dates out, upwards or downwards."""
    low, high = plain(range_.low), plain(range_.high)
    if type(low) is Date and type(high) is Date:
        return _between(low.number, high.number, range_, date_from_number, frame)
    if type(low) is not Decimal or type(high) is not Decimal or not _whole(low) or not _whole(high):
        return frame.note("only whole numbers and dates can be listed")
    if abs(low) > 10**15 or abs(high) > 10**15:
        return frame.note("the range is too long to list")
    return _between(int(low), int(high), range_, Decimal, frame)


def _between(low: int, high: int, range_: Range, make: Callable[[int], Any], frame: Frame) -> Any:
    step = 1 if high >= low else -1
    first = low if range_.low_included else low + step
    last = high if range_.high_included else high - step
    length = max((last - first) * step + 1, 0)
    if length > MAX_LIST:
        return frame.note(f"the range holds more than {MAX_LIST} items")
    frame.state.spend(length)
    return [make(value) for value in range(first, last + step, step)] if length else []


Walk = Callable[[Frame], Iterator[Frame | None]]


def _iterated(iterations: tuple[t.Iteration, ...], scope: Scope) -> tuple[Walk, Scope]:
    """Make the walk over the combinations of several iterations, a frame each; None is an iteration over nothing."""
    sources = []
    for iteration in iterations:
        sources.append((iteration.name, _walked(iteration, scope)))
        scope = scope.within(iteration.name)

    def walk(frame: Frame, level: int = 0) -> Iterator[Frame | None]:
        name, source = sources[level]
        items = source(frame)
        if items is None:
            yield None
            return
        state, last = frame.state, level == len(sources) - 1
        for item in items:
            state.spend(1)
            inner = Frame({name: item}, frame, state)
            if last:
                yield inner
            else:
                yield from walk(inner, level + 1)

    return walk, scope


def _keeps_partial(result: t.Node) -> bool:
    """Tell whether a result may hold on to `partial` as a whole, more than an item of it or what is filtered."""
    read = {id(node.of) for node in t.walk(result) if isinstance(node, t.Filter | t.Path)}
    return any(isinstance(node, t.Name) and node.name == "partial" and id(node) not in read for node in t.walk(result))


def _for(node: t.For, scope: Scope) -> Run:
    walk, inside = _iterated(node.iterations, scope.within("partial"))
    result = closure(node.result, inside)
    kept = _keeps_partial(node.result)

    def loop(frame: Frame) -> Any:
        made: list[Any] = []
        # What has been made so far never changes for whoever has seen it.
        seen = {"partial": made}
        for inner in walk(Frame(seen, frame, frame.state)):
            if inner is None:
                return frame.note("there is no list to iterate over")
            if kept:
                frame.state.spend(len(made))
                seen["partial"] = [*made]
            made.append(result(inner))
            if len(made) > MAX_LIST:
                return frame.note(f"the list would hold more than {MAX_LIST} items")
        return made

    return loop


def _quantified(node: t.Quantified, scope: Scope) -> Run:
    walk, inside = _iterated(node.iterations, scope)
    test = closure(node.test, inside)
    decisive = node.kind == "some"

    def quantified(frame: Frame) -> Any:
        unknown = False
        for inner in walk(frame):
            if inner is None:
                return frame.note("there is no list to iterate over")
            found = test(inner)
            if found is decisive:
                return decisive
            unknown = unknown or type(found) is not bool
        return frame.note("a condition was neither true nor false") if unknown else not decisive

    return quantified


# -- functions and contexts


def _lambda(node: t.Lambda, scope: Scope) -> Run:
    names = tuple(parameter.name for parameter in node.parameters)
    body = closure(node.body, scope.within(*names))
    written = tuple(parameter.type for parameter in node.parameters)

    def function(frame: Frame) -> Any:
        types = tuple(resolved(type, frame) for type in written)
        if node.external:
            found = foreign(body(Frame({}, frame, frame.state)), frame.state.env)
            if found is None:
                return frame.note("the external function is not supported")
            return Function(names, lambda values, caller: _called_foreign(found, values, caller), types=types)

        def call(values: tuple[Any, ...], caller: Frame) -> Any:
            fitted = tuple(
                value if type is None else y.coerce(value, type) for value, type in zip(values, types, strict=True)
            )
            if any(value is y.MISFIT for value in fitted):
                return caller.note("an argument has the wrong type")
            return body(Frame(dict(zip(names, fitted, strict=True)), frame, caller.state))

        return Function(names, call, types=types)

    return function


def _called_foreign(function: Callable[..., Any], values: tuple[Any, ...], frame: Frame) -> Any:
    try:
        return function(*values)
    except (NoValue, ArithmeticError, ValueError, TypeError) as why:
        return frame.note(f"the external function failed: {why}")


def _makes_function(node: t.Node) -> bool:
    return node.function if type(node) is t.Embedded else type(node) is t.Lambda


def _context(node: t.Context, scope: Scope) -> Run:
    entries: list[tuple[str, Run]] = []
    for position, entry in enumerate(node.entries):
        # A function sees its own entry too, so that it may call itself.
        seen = position + _makes_function(entry.value)
        known = tuple(other.key for other in node.entries[:seen])
        entries.append((entry.key, closure(entry.value, scope.within(*known))))
    if len({key for key, _ in entries}) < len(entries):
        return lambda frame: frame.note("a context has a duplicate key")

    def context(frame: Frame) -> Any:
        made: dict[str, Any] = {}
        inner = Frame(made, frame, frame.state)
        for key, run in entries:
            made[key] = run(inner)
        return made

    return context


def _items(node: t.Items, scope: Scope) -> Run:
    runs = tuple(closure(item, scope) for item in node.items)
    return lambda frame: [run(frame) for run in runs]


COMPILERS: dict[type, Callable[[Any, Scope], Run]] = {
    t.Filter: _filter,
    t.For: _for,
    t.Quantified: _quantified,
    t.Lambda: _lambda,
    t.Context: _context,
    t.Items: _items,
}
