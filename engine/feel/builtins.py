"""The registry of FEEL's built-in functions: one row each, and how a row is called.

A row is a signature in plain text and the Python function that does it, so that adding a built-in is one row
in the family module it belongs to. Signatures use the standard's parameter names (DMN 1.5 tables 71 to 82);
`?` behind a parameter makes it optional, and null is then as good as nothing; `...` takes any number, `= null` fills
it in calls with names; else only `any` takes null. An implementation raises NoValue or ArithmeticError where the
result is null.

The modules of `feel` import each other in a circle, here and nowhere else in the engine, because expressions are
recursive by nature: a built-in may call a function that is an expression, which calls built-ins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from charter.engine.feel import types as y
from charter.engine.feel.frames import Frame, NoValue
from charter.engine.feel.operators import plain
from charter.engine.feel.ranges import Function, Range

_ROW = re.compile(r"([\w ]+)\((.*)\) -> (.+)")


class Parameter(Struct, frozen=True):
    """A formal parameter of a built-in."""

    name: str
    type: y.Type
    classes: frozenset[Any]  # the value classes that fit without a closer look
    optional: bool = False
    variadic: bool = False
    filled: bool = False  # null where a call with named arguments leaves it out


class Builtin(Struct, frozen=True):
    """A row of the registry; `framed` implementations take the Frame first."""

    name: str
    parameters: tuple[Parameter, ...]
    result: y.Type
    call: Callable[..., Any]
    framed: bool
    least: int
    most: int | None

    def takes(self, count: int) -> bool:
        """Tell whether a call may give so many positional arguments."""
        return self.least <= count and (self.most is None or count <= self.most)


REGISTRY: dict[str, list[Builtin]] = {}

# what a signature may call a type
_POINTS = (y.NUMBER, y.STRING, y.DATE, y.TIME, y.DATE_TIME, y.DAYS_DURATION, y.YEARS_DURATION, y.MONEY, y.SPAN)
_TYPES: dict[str, y.Type] = {
    **{type.name: type for type in (*_POINTS, y.BOOLEAN, y.ANY, y.LIST, y.CONTEXT, y.RANGE, y.FUNCTION)},
    "duration": y.OneOf(options=(y.DAYS_DURATION, y.YEARS_DURATION)),
    "day": y.OneOf(options=(y.DATE, y.DATE_TIME)),
    "point": y.OneOf(options=_POINTS),
    "quantity": y.OneOf(options=(y.NUMBER, y.DAYS_DURATION, y.YEARS_DURATION, y.MONEY, y.SPAN)),
    "sum": y.OneOf(options=(y.NUMBER, y.DAYS_DURATION, y.YEARS_DURATION, y.MONEY, y.SPAN)),
    "names": y.ListType(y.STRING),
    "numbers": y.ListType(y.NUMBER),
    "contexts": y.ListType(y.CONTEXT),
}


def _classes(type: y.Type) -> frozenset[type]:
    options = type.options if isinstance(type, y.OneOf) else (type,)
    found = {kind for kind, plain in y.CLASSES.items() if plain in options and kind is not int}
    if y.RANGE in options:
        found.add(Range)
    if y.LIST in options:
        found.add(list)
    if y.CONTEXT in options:
        found.add(dict)
    if y.FUNCTION in options:
        found.add(Function)
    return frozenset(found)


def _parameter(text: str) -> Parameter:
    name, _, kind = text.partition(":")
    kind, _, default = kind.partition("=")
    type, filled = _TYPES[kind.strip()], default.strip() == "null"
    bare = name.strip().rstrip("?").removeprefix("...")
    return Parameter(bare, type, _classes(type), name.strip().endswith("?"), name.strip().startswith("..."), filled)


Implementation = TypeVar("Implementation", bound=Callable[..., Any])


def builtin(*signatures: str, framed: bool = False) -> Callable[[Implementation], Implementation]:
    """Enter a function into the registry under its signatures."""

    def enter(call: Implementation) -> Implementation:
        for signature in signatures:
            match = _ROW.fullmatch(signature)
            if match is None:
                raise ValueError(signature)
            name, inside, result = match.groups()
            parameters = tuple(_parameter(part) for part in inside.split(",") if part.strip())
            least = sum(not (p.optional or p.variadic) for p in parameters) or int(inside.startswith("..."))
            most = None if any(p.variadic for p in parameters) else len(parameters)
            row = Builtin(name, parameters, _TYPES[result], call, framed, least, most)
            REGISTRY.setdefault(name, []).append(row)
        return call

    return enter


class _Ungiven:
    """Stands for an optional argument left out before a given one."""


UNGIVEN: Any = _Ungiven()

_MISFIT = y.MISFIT


def _fitted(row: Builtin, values: tuple[Any, ...]) -> list[Any] | None:
    """Fit positional arguments to a row; None where one does not fit."""
    fitted = []
    last = len(row.parameters) - 1
    for index, value in enumerate(values):
        parameter = row.parameters[min(index, last)]
        if value is UNGIVEN or (value is None and parameter.optional):
            value = None  # what named arguments leave out is null too (DMN 1.5, 10.3.2.13.5)
        elif type(value) not in parameter.classes and parameter.type is not y.ANY:
            if value is None:
                return None
            value = y.coerce(plain(value), parameter.type)
            if value is _MISFIT or value is None:
                return None
        fitted.append(value)
    return fitted


def rows_of(name: str, count: int) -> tuple[Builtin, ...]:
    """List the rows of a built-in that take so many positional arguments."""
    return tuple(row for row in REGISTRY.get(name, ()) if row.takes(count))


_SIZED = frozenset((str, list, dict))


def apply(rows: tuple[Builtin, ...], name: str, values: tuple[Any, ...], frame: Frame) -> Any:
    """Call the first row whose parameters take the arguments; null with a reason where none does."""
    for row in rows:
        fitted = _fitted(row, values)
        if fitted is None:
            continue
        try:
            value = row.call(frame, *fitted) if row.framed else row.call(*fitted)
            if type(value) in _SIZED:
                frame.state.spend(len(value) >> 4 if type(value) is str else len(value))
            return value
        except (NoValue, ArithmeticError) as why:
            return frame.note(f"`{name}`: {_said(why)}")
    if not rows:
        return frame.note(f"`{name}` does not take {len(values)} argument{'' if len(values) == 1 else 's'}")
    given = ", ".join(y.kind_of(value) for value in values)
    return frame.note(f"`{name}` does not take {given}")


def _said(why: Exception) -> str:
    if isinstance(why, NoValue) or type(why).__module__.endswith("temporal"):
        return str(why)
    return str(why) if type(why).__module__.startswith("charter") else "the result is not a number"


def ordered(row: Builtin, named: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Put named arguments into a row's order; None where a name is unknown or one is missing."""
    parameters = row.parameters
    known = {parameter.name for parameter in parameters}
    if not known.issuperset(named):
        return None
    values: list[Any] = []
    for parameter in parameters:
        if parameter.name in named:
            values.append(named[parameter.name])
        elif parameter.filled:
            values.append(None)
        elif not parameter.optional:
            return None
        elif any(later.name in named for later in parameters[len(values) :]):
            values.append(UNGIVEN)
    return tuple(values)


def apply_named(name: str, named: Mapping[str, Any], frame: Frame) -> Any:
    """Call a built-in with named arguments."""
    if name not in REGISTRY:
        return frame.broken(f"unknown function `{name}`")
    rows = []
    for row in REGISTRY.get(name, ()):
        values = ordered(row, named)
        if values is not None:
            rows.append((row, values))
    # Two rows may have the same names: `before(point: …, range: …)` and `before(range: …, point: …)`.
    rows.sort(key=lambda found: [p.name for p in found[0].parameters if p.name in named] != [*named])
    for row, values in rows:
        if _fitted(row, values) is not None:
            return apply((row,), name, values, frame)
    if rows:
        return apply((rows[0][0],), name, rows[0][1], frame)
    return frame.note(f"`{name}` has no parameters `{', '.join(named)}`")


def function_value(name: str) -> Function:
    """Make the function value that a built-in's bare name stands for."""
    row = REGISTRY[name][0]

    def call(values: tuple[Any, ...], frame: Any) -> Any:
        return apply(rows_of(name, len(values)), name, values, frame)

    return Function(tuple(p.name for p in row.parameters), call, name, variadic=True)


def load() -> dict[str, list[Builtin]]:
    """Give the registry with every family in it."""
    from charter.engine.feel import conversion, on_contexts, on_lists, on_numbers, on_ranges, on_strings, on_time  # noqa: F401

    return REGISTRY
