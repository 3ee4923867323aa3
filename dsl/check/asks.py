"""What a line wants of its expressions: the type each must give, and how messages call it.

Knows the types of names and of FEEL; whether an expression gives what is wanted is `typecheck.py`'s to find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from charter.dsl.check.links import amended_type
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.check.types import type_of
from charter.dsl.text import tree as t
from charter.engine.feel import types as y

MOMENT = y.OneOf(options=(y.DATE, y.DATE_TIME))
LIST = y.ListType(item=y.ANY)


class Ask(Struct, frozen=True):
    """An expression, the type its line wants (None: any), and the line's word. `outer`: seen from outside.

    `seen`: names beside those of its place, with their types.

    `field` is the one that a `where` stands behind, the parameter or the head of the column. `share`: it tests a figure
    in per cent. `choices`: all that the input of its column can be, in
    a cell of `table`.
    """

    expr: t.Expr
    wanted: y.Type | None
    word: str
    outer: bool = False
    field: str = ""
    share: bool = False
    choices: tuple[str, ...] = ()
    table: str | None = None
    seen: Mapping[str, y.Type] = MappingProxyType({})


# What a line, called by its word, asks in a process.
Asks = Callable[[Any, str, ProcessScope], Iterator[Ask]]


def nothing(line: t.Line, word: str, scope: ProcessScope) -> Iterator[Ask]:
    """Asks nothing: the line holds no expression."""
    return iter(())


def wants(wanted: y.Type, field: str = "expr", word: str | None = None, *, outer: bool = False) -> Asks:
    """Gives what asks for a type in one field of a line, where the line has an expression there."""

    def asks(line: Any, of_line: str, scope: ProcessScope) -> Iterator[Ask]:
        expr = getattr(line, field)
        if expr is not None:
            yield Ask(expr, wanted, word or of_line, outer)

    return asks


def each(*asks: Asks) -> Asks:
    """Gives what asks several things of a line."""
    return lambda line, word, scope: (ask for one in asks for ask in one(line, word, scope))


def points(line: t.Checklist, word: str, scope: ProcessScope) -> Iterator[Ask]:
    """Asks for lists in the `for each` of a checklist's points."""
    for check in line.checks:
        for below in check.body:
            if isinstance(below, t.ForEach) and below.items is not None:
                yield Ask(below.items, LIST, "for each")


def stages(line: t.By, word: str, scope: ProcessScope) -> Iterator[Ask]:
    """Asks for truth in the conditions of stages."""
    yield from (Ask(stage.when, y.BOOLEAN, "when") for stage in line.stages if stage.when is not None)


def arguments(line: t.Work, word: str, scope: ProcessScope) -> Iterator[Ask]:
    """Asks for values of the types that the parameters of the other process declare, or a record of it."""
    if line.kind == "amend":
        wanted = amended_type(line, scope)
        return (Ask(a.value, wanted, "amends") for a in line.arguments if a.value is not None)
    return _with(line.target.text if line.kind in ("run", "start") else None, line.arguments, scope)


_OF_CLOCK: Mapping[str, tuple[y.Type, str]] = {
    "from": (MOMENT, "from"),
    "starts": (y.BOOLEAN, "starts when"),
    "pauses": (y.BOOLEAN, "pauses while"),
    "stops": (y.BOOLEAN, "stops when"),
    "restarts": (y.BOOLEAN, "restarts when"),
}


def of_clocks(scope: ProcessScope) -> Iterator[tuple[Part | None, Ask]]:
    """Asks what service-level clocks want of their expressions, with the elements in which they stand."""
    for symbol in scope.slas.values():
        for line in symbol.node.body:
            yield from ((scope.clocked.get(symbol.name), ask) for ask in _of_clock(line, scope))


def _of_clock(line: t.Line, scope: ProcessScope) -> Iterator[Ask]:
    match line:
        case t.ClockWhen():
            yield Ask(line.expr, *_OF_CLOCK[line.kind])
        case t.Agreed():
            yield Ask(line.span_, y.SPAN, "target")
            if line.when is not None:
                yield Ask(line.when, y.BOOLEAN, "when")
        case t.At():
            yield from given(line, "at", scope)


def given(
    line: t.OnOverdue | t.Happens | t.At | t.Reaches | t.Response | t.Review, word: str, scope: ProcessScope
) -> Iterator[Ask]:
    """Asks the same of what the actions of a line start."""
    return (ask for action in line.actions for ask in _with(action.names[0].text, action.arguments, scope))


def _with(process: str | None, given: tuple[t.Argument, ...], scope: ProcessScope) -> Iterator[Ask]:
    symbol = scope.shared.processes.get(process) if process is not None else None
    wanted: dict[str, y.Type] = {}
    for other in symbol.node.body if symbol is not None else ():
        if isinstance(other, t.Parameter) and other.type is not None:
            wanted[other.name.text] = type_of(other.type, scope)
    for argument in given:
        if argument.value is not None:
            name = argument.name.text
            yield Ask(argument.value, wanted.get(name), name)
