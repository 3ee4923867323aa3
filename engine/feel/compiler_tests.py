"""Closures that make ranges and ask of values: intervals, `in`, the unary tests of table cells, `instance of`.

The third part of `compiler`; the same invariants. Source: DMN 1.5 tables 51 and 55, 7.3.3 (unary tests).

**Null picks no row.** A cell that does not ask for `?` compares, and what is not known is equal to nothing that a cell
says, nor different from it: only `-` and a cell that writes `null` hold for an unknown input. A cell that is a whole
condition of its own (`some x in list satisfies …`) compares nothing; it holds where it is true, as the standard has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from charter.engine.feel import tree as t, types as y
from charter.engine.feel.comparison import COMPARISONS, compare, equal, matches
from charter.engine.feel.compiler import Scope, closure
from charter.engine.feel.frames import Frame, Run
from charter.engine.feel.operators import plain
from charter.engine.feel.ranges import Range


def _interval(node: t.Interval, scope: Scope) -> Run:
    low, high = closure(node.low, scope), closure(node.high, scope)
    low_included, high_included = node.ends[0] == "[", node.ends[1] == "]"

    def interval(frame: Frame) -> Any:
        a, b = plain(low(frame)), plain(high(frame))
        if a is None or b is None:
            return frame.note("an end of the range is null")
        ordered = compare("<=", a, b)
        if ordered is None:
            return frame.note(f"{y.kind_of(a)} and {y.kind_of(b)} cannot be the ends of a range")
        if not ordered:  # 10.3.2.7; what `for` counts down is two expressions (10.3.2.14)
            return frame.note("the range ends before it starts")
        return Range(a, b, low_included, high_included)

    return interval


# unary operator -> the range that holds what it accepts
_OPEN_RANGES: dict[str, Callable[[Any], Range]] = {
    "<": lambda value: Range(None, value, False, False),
    "<=": lambda value: Range(None, value, False, True),
    ">": lambda value: Range(value, None, False, False),
    ">=": lambda value: Range(value, None, True, False),
    "=": lambda value: Range(value, value, True, True, "="),
    "!=": lambda value: Range(value, value, True, True, "!="),
}


def _comparison(node: t.Comparison, scope: Scope) -> Run:
    of, make = closure(node.of, scope), _OPEN_RANGES[node.op]
    return lambda frame: make(plain(of(frame)))


Test = Callable[[Any, Frame], Any]


def _compared(op: str, value: Any, limit: Any) -> Any:
    if op in ("=", "!="):
        found = equal(value, limit)
        return None if found is None else found is (op == "=")
    return compare(op, value, limit)


def _test(node: t.Node, scope: Scope) -> Test:
    """Make the closure that asks whether a value meets one test."""
    if isinstance(node, t.Comparison):
        limit, op = closure(node.of, scope), node.op
        return lambda value, frame: _compared(op, value, limit(frame))
    run = closure(node, scope)
    if isinstance(node, t.Interval):
        return lambda value, frame: matches(value, found) if (found := run(frame)) is not None else None
    return lambda value, frame: matches(value, plain(run(frame)))


def _any_of(tests: tuple[Test, ...], value: Any, frame: Frame) -> Any:
    unknown = False
    for test in tests:
        found = test(value, frame)
        if found is True:
            return True
        unknown = unknown or found is None
    return None if unknown else False


def _in(node: t.In, scope: Scope) -> Run:
    of = closure(node.of, scope)
    tests = tuple(_test(test, scope) for test in node.tests)

    def within(frame: Frame) -> Any:
        found = _any_of(tests, plain(of(frame)), frame)
        return frame.note("the value cannot be compared with a test") if found is None else found

    return within


# -- cells

# A cell of one of these kinds is a condition; any other but a literal may turn out to be one.
_CONDITIONS = (t.Between, t.In, t.InstanceOf, t.Quantified, t.Call, t.NamedCall)


def is_condition(node: t.Node) -> bool:
    """Tell whether a cell without `?` is a whole condition of its own, which compares nothing with the input."""
    if type(node) is t.Binary:
        return node.op in ("=", "!=", "and", "or", *COMPARISONS)
    if type(node) is t.If:
        return any(is_condition(branch) or type(branch) is t.Boolean for branch in (node.yes, node.no))
    return type(node) in _CONDITIONS


def asks_input(node: t.Node) -> bool:
    """Tell whether a cell's test asks for `?` itself."""
    return any(isinstance(part, t.Name) and part.name == "?" for part in t.walk(node))


def _names_null(node: t.Node) -> bool:
    return any(isinstance(part, t.Null) for part in t.walk(node))


def _cell_test(node: t.Node, scope: Scope) -> Test:
    """Make the closure for one test of a table cell: its value is matched, or is the answer where it asks for `?`."""
    compared = _test(node, scope)
    if isinstance(node, t.Comparison):
        return compared if _names_null(node) else _of_known(compared)
    run = closure(node, scope)
    if asks_input(node):
        return lambda value, frame: run(frame)
    if isinstance(node, t.Boolean):
        return _of_known(compared)
    whole, null = is_condition(node), _names_null(node)

    def met(value: Any, frame: Frame) -> Any:
        wanted = plain(run(frame))
        if value is None and not null:
            return True if whole and wanted is True else None
        return True if wanted is True and type(value) is not bool else matches(value, wanted)

    return met


def _of_known(test: Test) -> Test:
    return lambda value, frame: None if value is None else test(value, frame)


def _tests(node: t.Tests, scope: Scope) -> Run:
    if not node.tests:
        return lambda frame: True
    tests = tuple(_cell_test(test, scope) for test in node.tests)
    value = closure(t.Name("?"), scope)

    def met(frame: Frame) -> Any:
        found = _any_of(tests, plain(value(frame)), frame)
        return found if not node.negated or found is None else not found

    return met


def resolved(written: t.TypeName | None, frame: Frame) -> y.Type | None:
    """Give the type that is meant where the text names one; None for no name and for names that nothing defines."""
    return None if written is None else y.resolve(written, frame.state.env.types or y.NAMED)


def _instance_of(node: t.InstanceOf, scope: Scope) -> Run:
    of = closure(node.of, scope)

    def instance_of(frame: Frame) -> Any:
        value = of(frame)
        type = resolved(node.type, frame)
        if type is None:
            return frame.broken(f"`{node.type.name}` is not a type")
        if value is None:
            return type is y.NULL
        return y.conforms(value, type) and type is not y.NULL

    return instance_of


COMPILERS: dict[type, Callable[[Any, Scope], Run]] = {
    t.Interval: _interval,
    t.Comparison: _comparison,
    t.In: _in,
    t.Tests: _tests,
    t.InstanceOf: _instance_of,
}
