"""The types of calls of built-ins: which row fits, and what it gives.

A call is wrong only when no row could take the arguments. Results that depend on the arguments (the sum of
amounts is an amount) are a table here; the rest is in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine.feel import tree as t, types as y
from charter.engine.feel.algebra import kind_of
from charter.engine.feel.builtins import UNGIVEN, Builtin, Parameter

if TYPE_CHECKING:
    from charter.engine.feel.inference import Inference

Given = Sequence[y.Type]


class Argument(Struct, frozen=True):
    """What a call gives for one parameter: its type and where it is written."""

    type: y.Type
    node: t.Node


# what a call gives a row, in its order; UNGIVEN or None for a parameter left out
Arguments = Sequence[Any]


def may_fit(given: y.Type, wanted: y.Type) -> bool:
    """Tell whether a value of one type may be an argument of another, implicit conversions counted."""
    if given is y.ANY or wanted is y.ANY or given is UNGIVEN or isinstance(given, y.OneOf):
        return True
    if given is y.NULL:
        return False
    if y.is_subtype(given, wanted) or (isinstance(wanted, y.OneOf) and any(may_fit(given, o) for o in wanted.options)):
        return True
    if isinstance(wanted, y.ListType):
        return may_fit(given.item if isinstance(given, y.ListType) else given, wanted.item)
    if isinstance(given, y.ListType):
        return may_fit(given.item, wanted)
    if isinstance(wanted, y.ContextType) and isinstance(given, y.ContextType):
        return True
    if isinstance(wanted, (y.FunctionType, y.RangeType)):
        return type(given) is type(wanted)
    return given is y.DATE and wanted is y.DATE_TIME


def _item(given: Given) -> y.Type:
    first = given[0]
    if isinstance(first, y.ListType):
        return first.item
    return first if all(type == first for type in given) else y.ANY


def _list(given: Given) -> y.Type:
    return given[0] if isinstance(given[0], y.ListType) else y.ListType(given[0])


def _flat(given: Given) -> y.Type:
    type = given[0]
    while isinstance(type, y.ListType):
        type = type.item
    return y.ListType(type)


# built-ins whose result has the type of an argument
_RESULTS: dict[str, Callable[[Given], y.Type]] = {
    **dict.fromkeys(("sum", "mean", "median", "min", "max"), _item),
    **dict.fromkeys(("sort", "reverse", "sublist", "remove", "distinct values", "union", "concatenate"), _list),
    "append": _list,
    "insert before": _list,
    "list replace": _list,
    "abs": lambda given: given[0],
    "flatten": _flat,
}


def call_type(inference: Inference, node: t.Node, rows: Sequence[tuple[Builtin, Arguments]]) -> y.Type:
    """Give the type of a call whose rows have the right number of parameters, reporting where none fits."""
    fitting = [(row, given) for row, given in rows if not any(_misfits(row, given))]
    if not fitting:
        return _report(inference, *rows[0])
    row, given = fitting[0]
    unlike = _unlike(row, given)
    if unlike is not None:
        return inference.report("type", f"`{row.name}` does not work with {unlike[0]} and {unlike[1]}", node, row.name)
    special = _RESULTS.get(row.name)
    if special and given:
        return special([_type(argument) for argument in given])
    results = {row.result for row, _ in fitting}
    return results.pop() if len(results) == 1 else y.ANY


# built-ins that compare their arguments with one another, or add them
_COMPARE = frozenset({"sum", "mean", "median", "min", "max"})
# built-ins that look for their second argument in the first, which is a list
_SEEK = frozenset({"list contains", "index of"})


def _unlike(row: Builtin, given: Arguments) -> tuple[y.Type, y.Type] | None:
    """Give two arguments' types that never compare where the function compares them; None where there are none."""
    types = [_type(argument) for argument in given]
    if row.name in _SEEK and len(types) == 2:
        types[0] = y.item_of(types[0])
    elif row.name not in _COMPARE or len(types) < 2:
        return None
    kinds = {kind_of(type): type for type in types if kind_of(type) is not None}
    nothing = row.name in ("min", "max") and set(kinds) == {y.MONEY, y.NUMBER} and _zeros(given)
    if len(kinds) < 2 or nothing or set(kinds) == {y.DATE, y.DATE_TIME}:
        return None
    one, other = list(kinds.values())[:2]
    return one, other


def _zeros(given: Arguments) -> bool:
    return any(isinstance(a, Argument) and isinstance(a.node, t.Number) and a.node.value == 0 for a in given)


def _type(argument: Any) -> Any:
    return argument.type if isinstance(argument, Argument) else argument


def _misfits(row: Builtin, given: Arguments) -> Iterator[tuple[Argument, Parameter]]:
    """List the arguments that a row does not take, with what it takes there."""
    last = len(row.parameters) - 1
    for index, argument in enumerate(given):
        parameter = row.parameters[min(index, last)]
        if isinstance(argument, Argument) and argument.type is y.NULL and parameter.optional:
            continue  # null is as good as nothing there
        if isinstance(argument, Argument) and not _suits(argument, parameter.type):
            yield argument, parameter


def _suits(argument: Argument, wanted: y.Type) -> bool:
    type, node = argument.type, argument.node
    if type is y.FUNCTION and isinstance(node, t.Name):
        return isinstance(wanted, y.FunctionType)
    # What is found by a filter may be one; what a plain path gives of many is as many.
    many = isinstance(type, y.ListType) and isinstance(node, t.Name | t.Path) and not _filters(node)
    return (takes_many(wanted) if many else True) and may_fit(type, wanted)


def takes_many(wanted: y.Type) -> bool:
    """Tell whether a parameter of a type has a use for a list."""
    options = wanted.options if isinstance(wanted, y.OneOf) else (wanted,)
    return any(option is y.ANY or isinstance(option, y.ListType | y.RangeType) for option in options)


def _filters(node: t.Node) -> bool:
    return any(isinstance(part, t.Filter) for part in t.walk(node))


def _report(inference: Inference, row: Builtin, given: Arguments) -> y.Type:
    for argument, parameter in _misfits(row, given):
        if argument.type is y.FUNCTION and isinstance(argument.node, t.Name):
            return inference.function(argument.node)
        message = f"`{row.name}` takes {parameter.type} as `{parameter.name}`, found {argument.type}"
        return inference.report("type", message, argument.node, str(argument.type))
    return y.ANY
