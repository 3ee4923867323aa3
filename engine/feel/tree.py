"""The tree of a FEEL expression: frozen structs that mirror the grammar of DMN 1.5 chapter 10.3.1.2.

Every node knows where it stands in the text (`start`, `end`), which takes no part in equality. A tree is
JSON-able both ways and says nothing of names in scope, types or values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator as Walk
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from charter.engine.placed import Placed, parts

Place = int


class Node(Placed, frozen=True, kw_only=True):
    """Any part of an expression, with its offsets in the text."""

    start: Place = 0
    end: Place = 0


class Null(Node, frozen=True):
    """`null`"""


class Boolean(Node, frozen=True):
    """`true` or `false`"""

    value: bool


class Number(Node, frozen=True):
    """A numeric literal; never negative, a minus sign is a Negation."""

    value: Decimal


class Percent(Node, frozen=True):
    """`95%`, which is the number 0.95 (Charter dialect)."""

    value: Decimal


class Amount(Node, frozen=True):
    """`500000 CNY` (Charter dialect)."""

    value: Decimal
    currency: str


class Length(Node, frozen=True):
    """`3 working days` (Charter dialect); `unit` is the word as written, a key of `own.UNITS`."""

    value: Decimal
    unit: str


class String(Node, frozen=True):
    """A string literal, its escapes resolved."""

    value: str


class At(Node, frozen=True):
    """`@"2026-03-02"`: a date, time, date and time or duration."""

    value: str


class Name(Node, frozen=True):
    """A variable, built-in function or parameter, in its normal form (single spaces)."""

    name: str


class Path(Node, frozen=True):
    """`of.name`"""

    of: Node
    name: str


class Filter(Node, frozen=True):
    """`of[test]`: a position or a condition."""

    of: Node
    test: Node


class Call(Node, frozen=True):
    """`function(a, b)`"""

    function: Node
    arguments: tuple[Node, ...]


class Argument(Node, frozen=True):
    """`name: value` inside a call."""

    name: str
    value: Node


class NamedCall(Node, frozen=True):
    """`function(name: a)`"""

    function: Node
    arguments: tuple[Argument, ...]


class Negation(Node, frozen=True):
    """`-of`"""

    of: Node


class Binary(Node, frozen=True):
    """`left op right`, op one of OPERATORS."""

    op: str
    left: Node
    right: Node


# operator -> how tightly it binds; equal levels group to the left (DMN grammar rules 2 to 4 and 49 to 51)
OPERATORS = {
    "or": 1,
    "and": 2,
    "=": 3,
    "!=": 3,
    "<": 3,
    "<=": 3,
    ">": 3,
    ">=": 3,
    "+": 4,
    "-": 4,
    "*": 5,
    "/": 5,
    "**": 6,
}


class Between(Node, frozen=True):
    """`of between low and high`"""

    of: Node
    low: Node
    high: Node


class In(Node, frozen=True):
    """`of in test` or `of in (test, test)`"""

    of: Node
    tests: tuple[Node, ...]


class Comparison(Node, frozen=True):
    """`< of` and the like: a unary test, or between parentheses a range without one end."""

    op: str
    of: Node


class Interval(Node, frozen=True):
    """`[low..high]`; `ends` is the two brackets as `[` or `(`, `]` or `)`."""

    low: Node
    high: Node
    ends: str


class TypeName(Node, frozen=True):
    """A named type, or `list`, `range`, `context`, `function` with what stands in angle brackets.

    For a context `keys` names the members; for a function the last member is the result.
    """

    name: str
    members: tuple[TypeName, ...] = ()
    keys: tuple[str, ...] = ()


class Embedded(Node, frozen=True):
    """What no text can say and yet has a value in its place, such as a decision table.

    `make` takes the scope (compiler.Scope) and gives the closure; `function` tells whether that makes a function. It
    stands only in trees that are not read from text.
    """

    make: Callable[[Any], Callable[[Any], Any]]
    function: bool = False


class InstanceOf(Node, frozen=True):
    """`of instance of type`"""

    of: Node
    type: TypeName


class If(Node, frozen=True):
    """`if condition then yes else no`"""

    condition: Node
    yes: Node
    no: Node


class Iteration(Node, frozen=True):
    """`name in items`, or `name in items..to` counting."""

    name: str
    items: Node
    to: Node | None = None


class For(Node, frozen=True):
    """`for … return result`"""

    iterations: tuple[Iteration, ...]
    result: Node


class Quantified(Node, frozen=True):
    """`some … satisfies test` or `every … satisfies test`"""

    kind: str
    iterations: tuple[Iteration, ...]
    test: Node


class Parameter(Node, frozen=True):
    """A formal parameter, with its type where one is given."""

    name: str
    type: TypeName | None = None


class Lambda(Node, frozen=True):
    """`function(parameters) body`, or with `external` a mapping that describes a foreign function."""

    parameters: tuple[Parameter, ...]
    body: Node
    external: bool = False


class Items(Node, frozen=True):
    """`[a, b]`"""

    items: tuple[Node, ...]


class Entry(Node, frozen=True):
    """`key: value` of a context."""

    key: str
    value: Node


class Context(Node, frozen=True):
    """`{key: value}`"""

    entries: tuple[Entry, ...]


class Tests(Node, frozen=True):
    """The unary tests of a decision table cell; none at all is `-`, which anything meets."""

    tests: tuple[Node, ...]
    negated: bool = False


KINDS: dict[str, type[Node]] = {
    kind.__name__: kind
    for kind in (
        Null,
        Boolean,
        Number,
        Percent,
        Amount,
        Length,
        String,
        At,
        Name,
        Path,
        Filter,
        Call,
        Argument,
        NamedCall,
        Negation,
        Binary,
        Between,
        In,
        Comparison,
        Interval,
        TypeName,
        InstanceOf,
        If,
        Iteration,
        For,
        Quantified,
        Parameter,
        Lambda,
        Items,
        Entry,
        Context,
        Tests,
    )
}


def children(node: Node) -> Walk[Node]:
    """Yield the nodes directly below a node, in the order of the text."""
    for name in parts(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif type(value) is tuple:
            for item in value:
                if isinstance(item, Node):
                    yield item


def walk(node: Node) -> Walk[Node]:
    """Yield a node and everything below it in the order of the text, without recursion."""
    waiting = [node]
    while waiting:
        top = waiting.pop()
        yield top
        waiting.extend(reversed(list(children(top))))


def mapped(node: Any, change: Callable[[Any], Any]) -> Any:
    """Give a node, or a tuple of nodes, with each node right inside it changed."""
    if isinstance(node, tuple):
        return tuple(change(item) for item in node)
    if not isinstance(node, Node):
        return node
    inner = {name: getattr(node, name) for name in parts(type(node))}
    return replace(node, **{name: change(item) for name, item in inner.items() if isinstance(item, Node | tuple)})


def depth(node: Node) -> int:
    """Count the levels of a tree, without recursion."""
    deepest, level = 0, [node]
    while level:
        deepest += 1
        level = [child for parent in level for child in children(parent)]
    return deepest


def to_json(node: Node) -> dict[str, Any]:
    """Turn a tree into JSON-able data; numbers travel as text, positions as `at`."""
    data: dict[str, Any] = {"node": type(node).__name__, "at": [node.start, node.end]}
    for name in parts(type(node)):
        data[name] = _value_to_json(getattr(node, name))
    return data


def _value_to_json(value: Any) -> Any:
    if isinstance(value, Node):
        return to_json(value)
    if type(value) is tuple:
        return [_value_to_json(item) for item in value]
    if type(value) is Decimal:
        return str(value)
    return value


def from_json(data: dict[str, Any]) -> Node:
    """Make the tree again that `to_json` wrote."""
    kind = KINDS[data["node"]]
    start, end = data["at"]
    values = {name: _value_from_json(data[name]) for name in parts(kind)}
    if kind in _NUMERIC:
        values["value"] = Decimal(values["value"])
    return kind(**values, start=start, end=end)


_NUMERIC = frozenset((Number, Percent, Amount, Length))


def _value_from_json(value: Any) -> Any:
    if isinstance(value, dict):
        return from_json(value)
    if isinstance(value, list):
        return tuple(_value_from_json(item) for item in value)
    return value
