"""The types of calls of built-ins: which row fits, and what it gives.

A call is wrong only when no row could take the arguments. Results that depend on the arguments (the sum of
amounts is an amount) are a table here; the rest is in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from charter.engine.feel import tree as t, types as y
from charter.engine.feel.builtins import UNGIVEN, Builtin

if TYPE_CHECKING:
    from charter.engine.feel.inference import Inference

Given = Sequence[y.Type]


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


def call_type(
    inference: Inference, node: t.Node, arguments: Sequence[t.Node], rows: Sequence[tuple[Builtin, Given]]
) -> y.Type:
    """Give the type of a call whose rows have the right number of parameters, reporting where none fits."""
    fitting = [(row, given) for row, given in rows if _fits(row, given)]
    if not fitting:
        row, given = rows[0]
        return _report(inference, node, arguments, row, given)
    row, given = fitting[0]
    special = _RESULTS.get(row.name)
    if special and given:
        return special(given)
    results = {row.result for row, _ in fitting}
    return results.pop() if len(results) == 1 else y.ANY


def _parameter(row: Builtin, index: int) -> y.Type:
    return row.parameters[min(index, len(row.parameters) - 1)].type


def _fits(row: Builtin, given: Given) -> bool:
    return all(may_fit(type, _parameter(row, index)) for index, type in enumerate(given))


def _report(inference: Inference, node: t.Node, arguments: Sequence[t.Node], row: Builtin, given: Given) -> y.Type:
    for index, type in enumerate(given):
        wanted = _parameter(row, index)
        if not may_fit(type, wanted):
            place = arguments[index] if index < len(arguments) else node
            name = row.parameters[min(index, len(row.parameters) - 1)].name
            message = f"`{row.name}` takes {wanted} as `{name}`, this is {type}"
            return inference.report("type", message, place, str(type))
    return y.ANY
