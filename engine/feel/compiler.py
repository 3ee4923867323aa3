"""Tree to closures: each node becomes one Python function of a Frame.

Names are resolved to a number of frames up while compiling; only names inside a filter are looked up by trial.
A closure gives null where the standard says so and raises nothing but OverBudget. Scopes and loops are in
`compiler_loops`, ranges and tests in `compiler_tests`; what a user of an expression sees is in `expression`.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from msgspec import Struct

from charter.engine.feel import tree as t, types as y
from charter.engine.feel.builtins import apply, apply_named, function_value, load, rows_of
from charter.engine.feel.comparison import COMPARISONS, ORDERS, equal
from charter.engine.feel.frames import Frame, Run
from charter.engine.feel.operators import ARITHMETIC, NEGATE, NUMBERS, NeedsCalendar, plain
from charter.engine.feel.own import Money, Span
from charter.engine.feel.properties import read
from charter.engine.feel.ranges import Function
from charter.engine.feel.temporal_text import read_temporal

_MISSING: Any = object()


class Scope(Struct, frozen=True):
    """The frames that will be there when a closure runs, innermost first; None is the fields of a filter's item."""

    layers: tuple[frozenset[str] | None, ...] = ()

    def within(self, *names: str) -> Scope:
        """Add a frame with these names."""
        return Scope((frozenset(names), *self.layers))

    def within_item(self) -> Scope:
        """Add the two frames of a filter: `item`, and over it the item's own fields."""
        return Scope((None, frozenset(("item",)), *self.layers))


# -- names and literals


def _constant(value: Any) -> Run:
    return lambda frame: value


def _at(node: t.At, scope: Scope) -> Run:
    value = read_temporal(node.value)
    if value is None:
        reason = f"`{node.value[:60]}` is not a date, time or duration"
        return lambda frame: frame.note(reason)
    return _constant(value)


def _unknown(name: str, scope: Scope) -> Callable[[Frame], Any]:
    if name in load():
        value = function_value(name)
        return lambda frame: value
    if None in scope.layers:  # an item of a list may lack a field that others have
        return lambda frame: frame.note(f"unknown name `{name}`")
    return lambda frame: frame.broken(f"unknown name `{name}`")


def lookup(name: str, scope: Scope, otherwise: Callable[[Frame], Any]) -> Run:
    """Make the closure that finds a name; `otherwise` answers when no frame has it."""
    trials: list[int] = []
    hops = 0
    for layer in scope.layers:
        if layer is None:
            trials.append(hops)
        elif name in layer:
            break
        hops += 1
    if trials:
        return _lookup_by_trial(name, tuple(trials), hops, otherwise)

    def at_once(frame: Frame) -> Any:
        try:
            return frame.names[name]
        except KeyError:
            return otherwise(frame)

    def further(frame: Frame) -> Any:
        here = frame
        for _ in range(hops):
            here = here.up  # type: ignore[assignment]
        try:
            return here.names[name]
        except KeyError:
            return otherwise(frame)

    return at_once if hops == 0 else further


def _lookup_by_trial(name: str, trials: tuple[int, ...], hops: int, otherwise: Callable[[Frame], Any]) -> Run:
    def by_trial(frame: Frame) -> Any:
        here: Any = frame
        for hop in range(hops):
            if hop in trials and name in here.names:
                return here.names[name]
            here = here.up
        try:
            return here.names[name]
        except KeyError:
            return otherwise(frame)

    return by_trial


def _name(node: t.Name, scope: Scope) -> Run:
    return lookup(node.name, scope, _unknown(node.name, scope))


def _path(node: t.Path, scope: Scope) -> Run:
    of, name = closure(node.of, scope), node.name

    def path(frame: Frame) -> Any:
        value = of(frame)
        if type(value) is dict and name in value:
            return value[name]
        return read(value, name, frame)

    return path


# -- operators


def _arithmetic(node: t.Binary, scope: Scope) -> Run:
    left, right, op = closure(node.left, scope), closure(node.right, scope), node.op
    table = ARITHMETIC[op]
    numeric = table[Decimal, Decimal]

    def fallback(frame: Frame, a: Any, b: Any) -> Any:
        operation = table.get((type(a), type(b)))
        if operation is None:
            a, b = plain(a), plain(b)
            operation = table.get((type(a), type(b)))
            if operation is None:
                return frame.note(f"`{op}` does not work with {y.kind_of(a)} and {y.kind_of(b)}")
        try:
            value = operation(a, b)
            if type(value) is str:
                frame.state.spend(len(value) >> 4)
            return value
        except NeedsCalendar as why:
            reckon = frame.state.env.reckon
            reckoned = reckon(why.moment, why.span) if reckon is not None else None
            return reckoned if reckoned is not None else frame.note(str(why))
        except ArithmeticError as why:
            return frame.note(_reason(why, op))

    def arithmetic(frame: Frame) -> Any:
        a, b = left(frame), right(frame)
        if type(a) is Decimal and type(b) is Decimal:
            try:
                return numeric(a, b)
            except ArithmeticError as why:
                return frame.note(_reason(why, op))
        return fallback(frame, a, b)

    return arithmetic


def _reason(why: ArithmeticError, op: str) -> str:
    own = type(why).__module__.startswith("charter")
    return str(why) if own else f"`{op}` has no result here (by zero, or too large)"


def _order(node: t.Binary, scope: Scope) -> Run:
    left, right, op = closure(node.left, scope), closure(node.right, scope), node.op
    return _ordering(left, right, op)


def _ordering(left: Run, right: Run, op: str) -> Run:
    holds = COMPARISONS[op]

    def order(frame: Frame) -> Any:
        a, b = left(frame), right(frame)
        if type(a) is Decimal and type(b) is Decimal:
            return holds(a, b)
        return order_values(a, b, frame)

    def order_values(a: Any, b: Any, frame: Frame) -> Any:
        a, b = plain(a), plain(b)
        keys_of = ORDERS.get((type(a), type(b)))
        keys = keys_of(a, b) if keys_of else None
        if keys is None:
            return frame.note(f"{y.kind_of(a)} and {y.kind_of(b)} cannot be ordered")
        return holds(*keys)

    return order


def _equality(node: t.Binary, scope: Scope) -> Run:
    left, right = closure(node.left, scope), closure(node.right, scope)
    wanted = node.op == "="

    def equality(frame: Frame) -> Any:
        a, b = left(frame), right(frame)
        if type(a) is type(b) and (type(a) is str or type(a) is Decimal):
            return (a == b) is wanted
        found = equal(a, b)
        if found is None:
            return frame.note(f"{y.kind_of(a)} and {y.kind_of(b)} cannot be compared")
        return found is wanted

    return equality


def _and(node: t.Binary, scope: Scope) -> Run:
    left, right = closure(node.left, scope), closure(node.right, scope)

    def conjunction(frame: Frame) -> Any:
        a = left(frame)
        if a is False:
            return False
        b = right(frame)
        if b is False:
            return False
        return True if a is True and b is True else frame.note("`and` needs true or false on both sides")

    return conjunction


def _or(node: t.Binary, scope: Scope) -> Run:
    left, right = closure(node.left, scope), closure(node.right, scope)

    def disjunction(frame: Frame) -> Any:
        a = left(frame)
        if a is True:
            return True
        b = right(frame)
        if b is True:
            return True
        return False if a is False and b is False else frame.note("`or` needs true or false on both sides")

    return disjunction


_BINARY: dict[str, Callable[[t.Binary, Scope], Run]] = {
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    **dict.fromkeys(COMPARISONS, _order),
    "=": _equality,
    "!=": _equality,
    "and": _and,
    "or": _or,
}


def _negation(node: t.Negation, scope: Scope) -> Run:
    of = closure(node.of, scope)

    def negation(frame: Frame) -> Any:
        value = plain(of(frame))
        negate = NEGATE.get(type(value))
        return negate(value) if negate else frame.note(f"{y.kind_of(value)} cannot be negated")

    return negation


def _between(node: t.Between, scope: Scope) -> Run:
    of, low, high = closure(node.of, scope), closure(node.low, scope), closure(node.high, scope)

    def between(frame: Frame) -> Any:
        value = of(frame)
        above = _ordering(_constant(value), low, ">=")(frame)
        below = _ordering(_constant(value), high, "<=")(frame)
        if above is None or below is None:
            return None
        return above and below

    return between


def _if(node: t.If, scope: Scope) -> Run:
    condition, yes, no = closure(node.condition, scope), closure(node.yes, scope), closure(node.no, scope)
    return lambda frame: yes(frame) if condition(frame) is True else no(frame)


# -- calls


def invoke(function: Any, values: tuple[Any, ...], frame: Frame, name: str) -> Any:
    """Call a function value; anything else, and a wrong number of arguments, gives null."""
    if type(function) is not Function:
        return frame.note(f"`{name}` is not a function")
    if len(values) != len(function.parameters) and not function.variadic:
        return frame.note(f"`{name}` takes {len(function.parameters)} arguments, not {len(values)}")
    frame.state.deeper()
    try:
        return function.call(values, frame)
    finally:
        frame.state.depth -= 1


def _call(node: t.Call, scope: Scope) -> Run:
    arguments = tuple(closure(argument, scope) for argument in node.arguments)
    if type(node.function) is not t.Name:
        of = closure(node.function, scope)
        return lambda frame: invoke(of(frame), tuple(a(frame) for a in arguments), frame, "function")
    name = node.function.name
    find = lookup(name, scope, lambda frame: _MISSING)
    known, rows = name in load(), rows_of(name, len(arguments))

    def call(frame: Frame) -> Any:
        function = find(frame)
        values = tuple([argument(frame) for argument in arguments])
        if function is not _MISSING:
            return invoke(function, values, frame, name)
        return apply(rows, name, values, frame) if known else frame.broken(f"unknown function `{name}`")

    return call


def _named_call(node: t.NamedCall, scope: Scope) -> Run:
    arguments = tuple((argument.name, closure(argument.value, scope)) for argument in node.arguments)
    repeated = len({name for name, _ in arguments}) < len(arguments)
    name = node.function.name if type(node.function) is t.Name else "function"
    if type(node.function) is t.Name:
        find = lookup(name, scope, lambda frame: _MISSING)
    else:
        find = closure(node.function, scope)

    def call(frame: Frame) -> Any:
        function = find(frame)
        if repeated:
            return frame.note(f"`{name}` gets one argument twice")
        named = {key: argument(frame) for key, argument in arguments}
        if function is _MISSING:
            return apply_named(name, named, frame)
        values = function.ordered(named) if type(function) is Function else ()
        if values is None:
            return frame.note(f"`{name}` has no parameters `{', '.join(named)}`")
        return invoke(function, values, frame, name)

    return call


Compile = Callable[[Any, Scope], Run]


def _compilers() -> dict[type, Compile]:
    from charter.engine.feel import compiler_loops as loops, compiler_tests as tests

    return {
        t.Null: lambda node, scope: _constant(None),
        t.Boolean: lambda node, scope: _constant(node.value),
        t.Number: lambda node, scope: _made(lambda: NUMBERS.plus(node.value)),
        t.Percent: lambda node, scope: _made(lambda: NUMBERS.divide(node.value, Decimal(100))),
        t.Amount: lambda node, scope: _made(lambda: Money(NUMBERS.plus(node.value), node.currency)),
        t.Length: lambda node, scope: _made(lambda: Span.of(NUMBERS.plus(node.value), node.unit)),
        t.String: lambda node, scope: _constant(node.value),
        t.At: _at,
        t.Name: _name,
        t.Path: _path,
        t.Binary: lambda node, scope: _BINARY[node.op](node, scope),
        t.Negation: _negation,
        t.Between: _between,
        t.If: _if,
        t.Call: _call,
        t.NamedCall: _named_call,
        t.Embedded: lambda node, scope: node.make(scope),
        **loops.COMPILERS,
        **tests.COMPILERS,
    }


_table: dict[type, Compile] = {}


def _made(make: Callable[[], Any]) -> Run:
    """Make the closure of a literal that holds a number, which may be beyond what a number can be."""
    try:
        return _constant(make())
    except ArithmeticError:
        return lambda frame: frame.note("the number is too large")


def closure(node: t.Node, scope: Scope) -> Run:
    """Compile one node for the frames it will find."""
    if not _table:
        _table.update(_compilers())
    return _table[type(node)](node, scope)
