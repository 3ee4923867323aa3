"""Built-in functions on ranges and points (DMN 1.5 table 78). Rows only; the registry is `builtins`.

A point counts as the range from itself to itself, and an end that a range does not have lies beyond every value, so
each relation is written once, on ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from charter.engine.feel.builtins import builtin
from charter.engine.feel.comparison import compare, equal
from charter.engine.feel.frames import NoValue
from charter.engine.feel.ranges import Range

# -1 and +1 for no end below and above, 0 for a value; and the value
End = tuple[int, Any]
Interval = tuple[End, bool, End, bool]  # low, low included, high, high included


def _interval(value: Any) -> Interval:
    if type(value) is Range:
        if value.test == "!=":
            raise NoValue("only single values can be compared with a range")
        low, high = (-(value.low is None), value.low), (int(value.high is None), value.high)
        return low, value.low_included, high, value.high_included
    return (0, value), True, (0, value), True


def _less(a: End, b: End) -> bool:
    if a[0] or b[0]:
        return a[0] < b[0]
    found = compare("<", a[1], b[1])
    if found is None:
        raise NoValue("the ends cannot be ordered")
    return found


def _equal(a: End, b: End) -> bool:
    return a[0] == b[0] and equal(a[1], b[1]) is True


def _before(a: Interval, b: Interval) -> bool:
    return _less(a[2], b[0]) or (_equal(a[2], b[0]) and not (a[3] and b[1]))


def _meets(a: Interval, b: Interval) -> bool:
    return a[3] and b[1] and _equal(a[2], b[0])


def _starts_later(a: Interval, b: Interval) -> bool:
    """Tell whether a starts at or after b's start."""
    return _less(b[0], a[0]) or (_equal(a[0], b[0]) and (b[1] or not a[1]))


def _ends_earlier(a: Interval, b: Interval) -> bool:
    """Tell whether a ends at or before b's end."""
    return _less(a[2], b[2]) or (_equal(a[2], b[2]) and (b[3] or not a[3]))


def _includes(a: Interval, b: Interval) -> bool:
    return _starts_later(b, a) and _ends_earlier(b, a)


def _overlaps(a: Interval, b: Interval) -> bool:
    return not _before(a, b) and not _before(b, a)


def _overlaps_before(a: Interval, b: Interval) -> bool:
    starts = _less(a[0], b[0]) or (_equal(a[0], b[0]) and a[1] and not b[1])
    meets = _less(b[0], a[2]) or (_equal(a[2], b[0]) and a[3] and b[1])
    return starts and meets and _ends_earlier(a, b)


def _overlaps_after(a: Interval, b: Interval) -> bool:
    starts = _less(b[0], a[0]) or (_equal(a[0], b[0]) and b[1] and not a[1])
    meets = _less(a[0], b[2]) or (_equal(a[0], b[2]) and a[1] and b[3])
    return starts and meets and _ends_earlier(b, a)


def _finishes(a: Interval, b: Interval) -> bool:
    return _equal(a[2], b[2]) and a[3] == b[3] and _starts_later(a, b)


def _starts(a: Interval, b: Interval) -> bool:
    return _equal(a[0], b[0]) and a[1] == b[1] and _ends_earlier(a, b)


def _coincides(a: Interval, b: Interval) -> bool:
    return _equal(a[0], b[0]) and _equal(a[2], b[2]) and a[1] == b[1] and a[3] == b[3]


Relation = Callable[[Interval, Interval], bool]

_POINT_POINT, _POINT_RANGE, _RANGE_POINT, _RANGE_RANGE = (
    ("point1: point, point2: point"),
    ("point: point, range: range"),
    ("range: range, point: point"),
    ("range1: range, range2: range"),
)

# name, relation, whether the operands change places, the signatures the standard gives it
_RELATIONS: tuple[tuple[str, Relation, bool, tuple[str, ...]], ...] = (
    ("before", _before, False, (_POINT_POINT, _POINT_RANGE, _RANGE_POINT, _RANGE_RANGE)),
    ("after", _before, True, (_POINT_POINT, _POINT_RANGE, _RANGE_POINT, _RANGE_RANGE)),
    ("meets", _meets, False, (_RANGE_RANGE,)),
    ("met by", _meets, True, (_RANGE_RANGE,)),
    ("overlaps", _overlaps, False, (_RANGE_RANGE,)),
    ("overlaps before", _overlaps_before, False, (_RANGE_RANGE,)),
    ("overlaps after", _overlaps_after, False, (_RANGE_RANGE,)),
    ("finishes", _finishes, False, (_POINT_RANGE, _RANGE_RANGE)),
    ("finished by", _finishes, True, (_RANGE_POINT, _RANGE_RANGE)),
    ("includes", _includes, False, (_RANGE_POINT, _RANGE_RANGE)),
    ("during", _includes, True, (_POINT_RANGE, _RANGE_RANGE)),
    ("starts", _starts, False, (_POINT_RANGE, _RANGE_RANGE)),
    ("started by", _starts, True, (_RANGE_POINT, _RANGE_RANGE)),
    ("coincides", _coincides, False, (_POINT_POINT, _RANGE_RANGE)),
)


def _enter(name: str, relation: Relation, turned: bool, forms: tuple[str, ...]) -> None:
    @builtin(*(f"{name}({form}) -> boolean" for form in forms))
    def relate(one: Any, other: Any) -> bool:
        a, b = _interval(one), _interval(other)
        return relation(b, a) if turned else relation(a, b)


for _name, _relation, _turned, _forms in _RELATIONS:
    _enter(_name, _relation, _turned, _forms)
