"""The tree of a FEEL expression: frozen dataclasses that mirror the grammar of DMN 1.5 chapter 10.3.1.2.

Every node knows where it stands in the text (`start`, `end`), which takes no part in equality. A tree is
JSON-able both ways and says nothing of names in scope, types or values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator as Walk
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

Place = int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Any part of an expression, with its offsets in the text."""

    start: Place = field(default=0, compare=False, repr=False)
    end: Place = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Null(Node):
    """`null`"""


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    """`true` or `false`"""

    value: bool


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A numeric literal; never negative, a minus sign is a Negation."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Percent(Node):
    """`95%`, which is the number 0.95 (Charter dialect)."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Amount(Node):
    """`500000 CNY` (Charter dialect)."""

    value: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Length(Node):
    """`3 working days` (Charter dialect); `unit` is the word as written, a key of `own.UNITS`."""

    value: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class String(Node):
    """A string literal, its escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class At(Node):
    """`@"2026-03-02"`: a date, time, date and time or duration."""

    value: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable, built-in function or parameter, in its normal form (single spaces)."""

    name: str


@dataclass(frozen=True, slots=True)
class Path(Node):
    """`of.name`"""

    of: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """`of[test]`: a position or a condition."""

    of: Node
    test: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`function(a, b)`"""

    function: Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """`name: value` inside a call."""

    name: str
    value: Node


@dataclass(frozen=True, slots=True)
class NamedCall(Node):
    """`function(name: a)`"""

    function: Node
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """`-of`"""

    of: Node


@dataclass(frozen=True, slots=True)
class Binary(Node):
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


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`of between low and high`"""

    of: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """`of in test` or `of in (test, test)`"""

    of: Node
    tests: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`< of` and the like: a unary test, or between parentheses a range without one end."""

    op: str
    of: Node


@dataclass(frozen=True, slots=True)
class Interval(Node):
    """`[low..high]`; `ends` is the two brackets as `[` or `(`, `]` or `)`."""

    low: Node
    high: Node
    ends: str


@dataclass(frozen=True, slots=True)
class TypeName(Node):
    """A named type, or `list`, `range`, `context`, `function` with what stands in angle brackets.

    For a context `keys` names the members; for a function the last member is the result.
    """

    name: str
    members: tuple[TypeName, ...] = ()
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Embedded(Node):
    """What no text can say and yet has a value in its place, such as a decision table.

    `make` takes the scope (compiler.Scope) and gives the closure; `function` tells whether that makes a function. It
    stands only in trees that are not read from text.
    """

    make: Callable[[Any], Callable[[Any], Any]]
    function: bool = False


@dataclass(frozen=True, slots=True)
class InstanceOf(Node):
    """`of instance of type`"""

    of: Node
    type: TypeName


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if condition then yes else no`"""

    condition: Node
    yes: Node
    no: Node


@dataclass(frozen=True, slots=True)
class Iteration(Node):
    """`name in items`, or `name in items..to` counting."""

    name: str
    items: Node
    to: Node | None = None


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for … return result`"""

    iterations: tuple[Iteration, ...]
    result: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`some … satisfies test` or `every … satisfies test`"""

    kind: str
    iterations: tuple[Iteration, ...]
    test: Node


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A formal parameter, with its type where one is given."""

    name: str
    type: TypeName | None = None


@dataclass(frozen=True, slots=True)
class Lambda(Node):
    """`function(parameters) body`, or with `external` a mapping that describes a foreign function."""

    parameters: tuple[Parameter, ...]
    body: Node
    external: bool = False


@dataclass(frozen=True, slots=True)
class Items(Node):
    """`[a, b]`"""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry(Node):
    """`key: value` of a context."""

    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class Context(Node):
    """`{key: value}`"""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Tests(Node):
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

_FIELDS = {kind: tuple(f.name for f in fields(kind) if f.name not in ("start", "end")) for kind in KINDS.values()}


def children(node: Node) -> Walk[Node]:
    """Yield the nodes directly below a node, in the order of the text."""
    for name in _FIELDS[type(node)]:
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
    for name in _FIELDS[type(node)]:
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
    values = {name: _value_from_json(data[name]) for name in _FIELDS[kind]}
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
