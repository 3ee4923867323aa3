"""What operators and paths make of types, without an expression.

Nothing here repeats the operators' own tables: one sample a pair of types is computed to learn what they give.
Invariant: whatever has a sample has a class, and the other types are those of which nothing definite is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from charter.engine.feel import types as y
from charter.engine.feel.operators import ARITHMETIC
from charter.engine.feel.own import File, Money, Span
from charter.engine.feel.properties import PROPERTIES
from charter.engine.feel.temporal import Date, DateTime, DaysDuration, Time, YearsDuration

SAMPLES: dict[y.Type, Any] = {
    y.BOOLEAN: True,
    y.NUMBER: Decimal(1),
    y.STRING: "a",
    y.DATE: Date(2020, 1, 1),
    y.TIME: Time(1, 0, 0),
    y.DATE_TIME: DateTime(Date(2020, 1, 1), Time(1, 0, 0)),
    y.DAYS_DURATION: DaysDuration(1),
    y.YEARS_DURATION: YearsDuration(1),
    y.MONEY: Money(Decimal(1), "XXX"),
    y.SPAN: Span(days=1),
    y.FILE: File("", "", 0),
}
CLASS_OF = {type: kind for kind, type in y.CLASSES.items() if kind is not int}


@lru_cache(maxsize=1024)
def arithmetic_type(op: str, left: y.Type, right: y.Type) -> y.Type | None:
    """Give the type of `left op right`, None where the operator does not apply."""
    operation = ARITHMETIC[op].get((CLASS_OF[left], CLASS_OF[right]))
    if operation is None:
        return None
    try:
        return y.type_of(operation(SAMPLES[left], SAMPLES[right]))
    except ArithmeticError:
        return y.ANY


def fields_of(type: y.Type) -> tuple[Mapping[str, y.Type], bool]:
    """Give the fields of a value of a type, and whether there may be others."""
    if isinstance(type, y.DescribedType):
        type = type.own
    if isinstance(type, y.ContextType):
        return type.fields, type.open
    if isinstance(type, y.ListType):
        fields, open = fields_of(type.item)
        return {name: y.ListType(field) for name, field in fields.items()}, open
    if isinstance(type, y.RangeType):
        properties = {name: kind for name, (kind, _) in PROPERTIES[_RANGE].items()}
        return {**properties, "start": type.item, "end": type.item}, False
    kind = CLASS_OF.get(type)
    if type is y.ANY or type is y.NULL or isinstance(type, y.OneOf) or kind is None:
        return {}, True
    return {name: found for name, (found, _) in PROPERTIES.get(kind, {}).items()}, False


_RANGE = next(kind for kind in PROPERTIES if kind.__name__ == "Range")


def kind_of(type: y.Type) -> object:
    """Give what must agree for two values to be equal; None where it is not known."""
    if type in SAMPLES:
        return type
    return type.name if isinstance(type, (y.ListType, y.ContextType, y.RangeType, y.FunctionType)) else None
