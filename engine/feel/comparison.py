"""Order and equality of FEEL values, and what `in` and unary tests ask.

Order is a table keyed by the types of the two operands; a pair without a row has none (null), and so has a pair whose
values cannot be ordered. Source: DMN 1.5 tables 42, 53 and 54; money and spans are Charter's own rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from decimal import Decimal
from typing import Any

from charter.engine.feel.limits import MAX_COMPARED, OverBudget
from charter.engine.feel.operators import Operation, midnight, plain, since_midnight
from charter.engine.feel.own import FIELDS, File, Money, Span
from charter.engine.feel.ranges import Function, Range
from charter.engine.feel.temporal import (
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    Time,
    YearsDuration,
)


def _order_moments(a: DateTime, b: DateTime) -> tuple[int, int] | None:
    one, other = a.instant, b.instant
    if (one is None) != (other is None):
        return None
    return (a.local, b.local) if one is None or other is None else (one, other)


def _order_times(a: Time, b: Time) -> tuple[int, int] | None:
    if (a.zone is None) != (b.zone is None):
        return None
    return since_midnight(a), since_midnight(b)


def _order_spans(a: Span, b: Span) -> tuple[Any, Any] | None:
    used = [name for name in FIELDS if getattr(a, name) or getattr(b, name)]
    if len(used) > 1:
        return None
    return (getattr(a, used[0]), getattr(b, used[0])) if used else (0, 0)


def _order_exact(a: DaysDuration, b: Span) -> tuple[Any, Any] | None:
    # Hours, minutes and seconds are exact; a day, a month or a working day is not.
    exact = b.months == b.days == b.working_days == b.working_seconds == 0
    return (a.nanoseconds, b.seconds * SECOND) if exact else None


def _order_nothing(a: Money, b: Decimal) -> tuple[Any, Any] | None:
    # Nothing is nothing in every currency; any other number lacks one.
    return None if b else (a.amount, b)


def _itself(a: Any, b: Any) -> tuple[Any, Any]:
    return a, b


# two types -> the two keys whose order is the order of the values; None where they have none
ORDERS: dict[tuple[type, type], Callable[[Any, Any], tuple[Any, Any] | None]] = {
    (Decimal, Decimal): _itself,
    (str, str): _itself,
    (Date, Date): lambda a, b: (a.number, b.number),
    (Time, Time): _order_times,
    (DateTime, DateTime): _order_moments,
    (Date, DateTime): lambda a, b: _order_moments(midnight(a), b),
    (DateTime, Date): lambda a, b: _order_moments(a, midnight(b)),
    (DaysDuration, DaysDuration): lambda a, b: (a.nanoseconds, b.nanoseconds),
    (YearsDuration, YearsDuration): lambda a, b: (a.months, b.months),
    (Money, Money): lambda a, b: (a.amount, b.amount) if a.currency == b.currency else None,
    (Money, Decimal): _order_nothing,
    (Decimal, Money): lambda a, b: (keys := _order_nothing(b, a)) and keys[::-1],
    (Span, Span): _order_spans,
    (DaysDuration, Span): _order_exact,
    (Span, DaysDuration): lambda a, b: (keys := _order_exact(b, a)) and keys[::-1],
}

COMPARISONS: dict[str, Operation] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def compare(op: str, a: Any, b: Any) -> bool | None:
    """Order two values by `<`, `<=`, `>` or `>=`; None where they have no order."""
    order = ORDERS.get((type(a), type(b))) or ORDERS.get((type(plain(a)), type(plain(b))))
    keys = order(plain(a), plain(b)) if order else None
    return None if keys is None else COMPARISONS[op](*keys)


_SIMPLE = frozenset((bool, Decimal, str, Date, DaysDuration, YearsDuration, Money, File))


def equal(a: Any, b: Any, budget: list[int] | None = None) -> bool | None:
    """Apply FEEL's `=` (DMN table 42): null equals only null, unlike types have no answer (None).

    Times are equal when they agree to the second, as the standard's kit has it; order is exact. Raises OverBudget
    for values so deeply shared that comparing them would not end.
    """
    kind = type(a)
    if kind is type(b):
        if kind in _SIMPLE:
            return bool(a == b)
        if kind is Time or kind is DateTime:
            keys = ORDERS[kind, kind](a, b)
            return keys is not None and bool(keys[0] // SECOND == keys[1] // SECOND)
        if kind is Span:
            return bool(a == b)
    if a is None or b is None:
        return a is b
    a, b = plain(a), plain(b)
    if a is b and type(a) in (list, dict):
        return True
    budget = [MAX_COMPARED] if budget is None else budget
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and _all_equal(zip(a, b, strict=True), budget)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and _all_equal(((a[key], b[key]) for key in a), budget)
    if type(a) is Range and type(b) is Range:
        alike = (a.low_included, a.high_included, a.test) == (b.low_included, b.high_included, b.test)
        return alike and _all_equal(((a.low, b.low), (a.high, b.high)), budget)
    if type(a) is Function and type(b) is Function:
        return a is b
    return bool(a == b) if type(a) is type(b) else None


def _charge(parts: int, budget: list[int]) -> None:
    # Only what is inside lists and contexts counts: sharing there is what makes small values large.
    budget[0] -= parts
    if budget[0] < 0:
        raise OverBudget("the values are too large to compare")


def _all_equal(pairs: Any, budget: list[int]) -> bool:
    for a, b in pairs:
        if type(a) is list or type(a) is dict:
            _charge(len(a), budget)
        if equal(a, b, budget) is not True:
            return False
    return True


def likeness(value: Any, budget: list[int]) -> Hashable:
    """Give a key that two values share exactly when `equal` says true; the budget is as in `equal`."""
    value = plain(value)
    kind = type(value)
    if kind is list or kind is dict:
        _charge(len(value) + 1, budget)
    if kind is DateTime or kind is Time:
        keys = ORDERS[kind, kind](value, value)
        return kind, value.zone is None, keys[0] // SECOND if keys else None
    if kind is list:
        return kind, tuple(likeness(item, budget) for item in value)
    if isinstance(value, Mapping):
        return dict, frozenset((key, likeness(item, budget)) for key, item in value.items())
    if kind is Range:
        ends = likeness(value.low, budget), likeness(value.high, budget)
        return kind, ends, value.low_included, value.high_included, value.test
    return kind, value


def same(a: Any, b: Any) -> bool:
    """Tell whether two values are the same item of a list: equal, and of one type."""
    return equal(a, b) is True


def contains(range: Range, value: Any) -> bool | None:
    """Tell whether a value lies in a range; None where it cannot be compared with the ends."""
    if value is None:
        return None
    inside: bool | None = True
    if range.low is not None:
        inside = compare(">=" if range.low_included else ">", value, range.low)
    if range.high is not None and inside:
        inside = compare("<=" if range.high_included else "<", value, range.high)
    return inside if inside is None or range.test != "!=" else not inside


def matches(value: Any, test: Any) -> bool | None:
    """Tell whether a value meets what a test evaluated to: an equal value, a range or a list around it."""
    if type(test) is Range:
        return True if type(value) is Range and equal(value, test) else contains(test, value)
    if isinstance(test, (list, tuple)):
        unknown = False
        for item in test:
            found = matches(value, item) if type(item) is Range else equal(value, item)
            if found:
                return True
            unknown = unknown or found is None
        if isinstance(value, (list, tuple)) and equal(value, test):
            return True
        return None if unknown and value is None else False
    return equal(value, test)
