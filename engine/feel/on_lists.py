"""Built-in functions on lists (DMN 1.5 tables 75 and 79). Rows only; the registry is `builtins`.

No function changes a list it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from functools import cmp_to_key
from typing import Any

from charter.engine.feel.builtins import builtin
from charter.engine.feel.comparison import compare, likeness, same
from charter.engine.feel.frames import Frame, NoValue, State
from charter.engine.feel.limits import MAX_COMPARED, MAX_LIST
from charter.engine.feel.operators import ADD, DIVIDE, MULTIPLY, NUMBERS, plain
from charter.engine.feel.ranges import Function

Items = Sequence[Any]


def _bounded(items: list[Any]) -> list[Any]:
    if len(items) > MAX_LIST:
        raise NoValue(f"the list would hold more than {MAX_LIST} items")
    return items


def _operands(c: tuple[Any, ...]) -> Items:
    """Take `f([1, 2])` and `f(1, 2)` alike."""
    return c[0] if len(c) == 1 and isinstance(c[0], (list, tuple)) else c


def _index(position: Decimal, length: int) -> int:
    """Turn a position, counted from 1 or from the end by -1, into an index."""
    if position != position.to_integral_value() or not position or abs(position) > length:
        raise NoValue(f"there is no position {position}")
    return int(position) - 1 if position > 0 else length + int(position)


def _folded(table: dict[Any, Any], items: Items, name: str) -> Any:
    total = plain(items[0])
    for item in items[1:]:
        operation = table.get((type(total), type(plain(item))))
        if operation is None:
            raise NoValue(f"the items have no {name}")
        total = operation(total, plain(item))
    return total


@builtin("list contains(list: list, element: any) -> boolean")
def list_contains(list: Items, element: Any) -> bool:
    return any(same(item, element) for item in list)


@builtin("count(list: list) -> number")
def count(list: Items) -> Decimal:
    return Decimal(len(list))


def _extreme(op: str, items: Items) -> Any:
    if not items:
        raise NoValue("an empty list has no minimum or maximum")
    best = items[0]
    if compare(op, best, best) is None and compare("<=", best, best) is None:
        raise NoValue("the items cannot be ordered")
    for item in items[1:]:
        better = compare(op, item, best)
        if better is None:
            raise NoValue("the items cannot be ordered together")
        if better:
            best = item
    return best


@builtin("min(list: list) -> any", "min(...c: any) -> any")
def minimum(*c: Any) -> Any:
    return _extreme("<", _operands(c))


@builtin("max(list: list) -> any", "max(...c: any) -> any")
def maximum(*c: Any) -> Any:
    return _extreme(">", _operands(c))


def _summable(items: Items, name: str) -> Items:
    if not items:
        raise NoValue(f"an empty list has no {name}")
    for item in items:
        if type(item) is str or (type(plain(item)), Decimal) not in MULTIPLY:
            raise NoValue(f"only numbers, amounts and durations have a {name}")
    return items


@builtin("sum(list: list) -> sum", "sum(...n: any) -> sum")
def total(*n: Any) -> Any:
    return _folded(ADD, _summable(_operands(n), "sum"), "sum")


@builtin("mean(list: list) -> sum", "mean(...n: any) -> sum")
def mean(*n: Any) -> Any:
    items = _summable(_operands(n), "mean")
    return _quotient(_folded(ADD, items, "mean"), Decimal(len(items)))


def _quotient(value: Any, divisor: Decimal) -> Any:
    return DIVIDE[type(value), Decimal](value, divisor)


def _numbers(items: Items) -> list[Decimal]:
    numbers = [plain(item) for item in items]
    if any(type(number) is not Decimal for number in numbers):
        raise NoValue("not every item is a number")
    return numbers


@builtin("product(list: list) -> number", "product(...n: any) -> number")
def product(*n: Any) -> Any:
    items = _numbers(_operands(n))
    if not items:
        raise NoValue("an empty list has no product")
    return _folded(MULTIPLY, items, "product")


@builtin("median(list: list) -> sum", "median(...n: any) -> sum")
def median(*n: Any) -> Any:
    items = _summable(_operands(n), "median")
    ranked = ordered(items, lambda a, b: compare("<", a, b))
    middle, odd = divmod(len(ranked), 2)
    if odd:
        return ranked[middle]
    return _quotient(_folded(ADD, ranked[middle - 1 : middle + 1], "median"), Decimal(2))


@builtin("stddev(list: list) -> number", "stddev(...n: any) -> number")
def standard_deviation(*n: Any) -> Decimal:
    items = _numbers(_operands(n))
    if len(items) < 2:
        raise NoValue("a standard deviation needs at least two numbers")
    average = NUMBERS.divide(_folded(ADD, items, "sum"), Decimal(len(items)))
    squares = [NUMBERS.power(NUMBERS.subtract(item, average), Decimal(2)) for item in items]
    return NUMBERS.sqrt(NUMBERS.divide(_folded(ADD, squares, "sum"), Decimal(len(items) - 1)))


@builtin("mode(list: list) -> numbers", "mode(...n: any) -> numbers")
def mode(*n: Any) -> list[Decimal]:
    items = _numbers(_operands(n))
    counts: dict[Decimal, int] = {}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(item for item, times in counts.items() if times == most)


@builtin("all(list: list) -> boolean", "all(...b: any) -> boolean")
def every(*b: Any) -> bool | None:
    items = _operands(b)
    if any(item is False for item in items):
        return False
    if any(item is not True for item in items):
        raise NoValue("not every item is true or false")
    return True


@builtin("any(list: list) -> boolean", "any(...b: any) -> boolean")
def some(*b: Any) -> bool | None:
    items = _operands(b)
    if any(item is True for item in items):
        return True
    if any(item is not False for item in items):
        raise NoValue("not every item is true or false")
    return False


@builtin("sublist(list: list, start position: number, length?: number) -> list")
def sublist(list: Items, start: Decimal, length: Decimal | None = None) -> Any:
    first = _index(start, len(list))
    if length is None:
        return [*list[first:]]
    if length < 0 or length != length.to_integral_value() or length > len(list) - first:
        raise NoValue("the list is too short")
    return [*list[first : first + int(length)]]


@builtin("append(list: list, ...item: any) -> list")
def append(list: Items, *item: Any) -> Any:
    return _bounded([*list, *item])


@builtin("concatenate(...list: list) -> list")
def concatenate(*list: Items) -> Any:
    return _bounded([item for items in list for item in items])


@builtin("insert before(list: list, position: number, newItem: any) -> list")
def insert_before(list: Items, position: Decimal, new: Any) -> Any:
    index = _index(position, len(list))
    return _bounded([*list[:index], new, *list[index:]])


@builtin("remove(list: list, position: number) -> list")
def remove(list: Items, position: Decimal) -> Any:
    index = _index(position, len(list))
    return [*list[:index], *list[index + 1 :]]


@builtin("list replace(list: list, position: number, newItem: any) -> list")
def replace_at(list: Items, position: Decimal, new: Any) -> Any:
    index = _index(position.to_integral_value(ROUND_DOWN), len(list))
    return [*list[:index], new, *list[index + 1 :]]


@builtin("list replace(list: list, match: function, newItem: any) -> list", framed=True)
def replace_where(frame: Frame, list: Items, match: Function, new: Any) -> Any:
    if len(match.parameters) != 2:
        raise NoValue("the function must take the item and the new item")
    replaced = []
    for item in list:
        frame.state.spend(3)
        found = match.call((item, new), frame)
        if type(found) is not bool:
            raise NoValue("the function must return true or false")
        replaced.append(new if found else item)
    return replaced


@builtin("reverse(list: list) -> list")
def reverse(list: Items) -> Any:
    return [*reversed(list)]


@builtin("index of(list: list, match: any) -> numbers")
def index_of(list: Items, match: Any) -> Any:
    return [Decimal(at) for at, item in enumerate(list, 1) if same(item, match)]


def _distinct(items: Items) -> list[Any]:
    budget = [MAX_COMPARED]
    kept: dict[Any, Any] = {}
    for item in items:
        kept.setdefault(likeness(item, budget), item)
    return [*kept.values()]


@builtin("union(...list: list) -> list")
def union(*list: Items) -> Any:
    return _distinct([item for items in list for item in items])


@builtin("distinct values(list: list) -> list")
def distinct_values(list: Items) -> Any:
    return _distinct(list)


@builtin("flatten(list: list) -> list")
def flatten(list: Items) -> Any:
    flat: Any = []
    waiting = [iter(list)]
    while waiting:
        for item in waiting[-1]:
            if isinstance(item, Sequence) and not isinstance(item, str):
                waiting.append(iter(item))
                break
            flat.append(item)
            if len(flat) > MAX_LIST:
                raise NoValue(f"the list would hold more than {MAX_LIST} items")
        else:
            waiting.pop()
    return flat


def ordered(items: Items, precedes: Any, state: State | None = None) -> list[Any]:
    """Sort by a function that tells whether one item comes before another."""

    def order(a: Any, b: Any) -> int:
        if state is not None:
            state.spend(3)
        before = precedes(a, b)
        if before is None:
            raise NoValue("the items cannot be ordered together")
        if before:
            return -1
        return 1 if precedes(b, a) else 0

    return sorted(items, key=cmp_to_key(order))


@builtin("sort(list: list, precedes?: function) -> list", framed=True)
def sort(frame: Frame, list: Items, precedes: Function | None = None) -> Any:
    if precedes is None:
        return ordered(list, lambda a, b: compare("<", a, b), frame.state)
    if len(precedes.parameters) != 2:
        raise NoValue("the function must take two items")
    return ordered(list, lambda a, b: precedes.call((a, b), frame), frame.state)
