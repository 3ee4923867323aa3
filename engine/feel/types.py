"""The types of FEEL values and how they relate (DMN 1.5 10.3.2.9), with Charter's money, span and file.

Types are immutable values. `conforms` asks a value, `is_subtype` asks another type, `coerce` makes the implicit
conversions of 10.3.2.9.4. The module knows no expressions.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from msgspec import Struct, field

from charter.engine.feel import tree as t
from charter.engine.feel.own import File, Money, Span
from charter.engine.feel.ranges import Function, Range
from charter.engine.feel.temporal import UTC, Date, DateTime, DaysDuration, Time, YearsDuration


class Type(Struct, frozen=True):
    """Any type; `name` is what messages call it."""

    name: ClassVar[str] = "any"

    def __str__(self) -> str:
        return self.name


class Plain(Type, frozen=True):
    """A type without parts, known by its name."""

    name: str  # type: ignore[misc]

    def __str__(self) -> str:
        return self.name


class ListType(Type, frozen=True):
    """A list whose items all have one type."""

    item: Type = field(default_factory=lambda: _any())
    name: ClassVar[str] = "list"

    def __str__(self) -> str:
        return "list" if self.item is ANY else f"list of {self.item}"


class ContextType(Type, frozen=True):
    """A context with known fields; an open one may hold others too."""

    fields: Mapping[str, Type] = field(default_factory=dict)
    open: bool = False
    name: ClassVar[str] = "context"

    def __str__(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return hash((self.name, self.open, frozenset(self.fields)))


class DescribedType(ListType, frozen=True):
    """A list that has properties of its own, which stand behind a dot in place of those of its items."""

    own: ContextType = field(default_factory=ContextType)
    keyed: bool = False  # whether a text in brackets finds one item


class KeyedType(ListType, frozen=True):
    """A list whose items have keys of a type: what stands in brackets behind it is a key, or a condition."""

    key: Type = field(default_factory=lambda: _any())


class RangeType(Type, frozen=True):
    """A range of values of one type."""

    item: Type = field(default_factory=lambda: _any())
    name: ClassVar[str] = "range"

    def __str__(self) -> str:
        return "range" if self.item is ANY else f"range of {self.item}"


class FunctionType(Type, frozen=True):
    """A function; `parameters` None means that nothing is known of them."""

    parameters: tuple[Type, ...] | None = None
    result: Type = field(default_factory=lambda: _any())
    name: ClassVar[str] = "function"

    def __str__(self) -> str:
        return self.name


class OneOf(Type, frozen=True):
    """A value of any of several types."""

    options: tuple[Type, ...] = ()
    name: ClassVar[str] = "one of"

    def __str__(self) -> str:
        return " or ".join(map(str, self.options))


def _any() -> Type:
    return ANY


ANY: Type = Plain("any")
NULL = Plain("null")
NUMBER = Plain("number")
PERCENT = NUMBER
STRING = Plain("string")
BOOLEAN = Plain("boolean")
DATE = Plain("date")
TIME = Plain("time")
DATE_TIME = Plain("date and time")
DAYS_DURATION = Plain("days and time duration")
YEARS_DURATION = Plain("years and months duration")
MONEY = Plain("money")
SPAN = Plain("span")
FILE = Plain("file")
LIST = ListType(ANY)
CONTEXT = ContextType({}, True)
RANGE = RangeType(ANY)
FUNCTION = FunctionType()

# the class of a plain value -> its type
CLASSES: dict[type, Type] = {
    type(None): NULL,
    bool: BOOLEAN,
    Decimal: NUMBER,
    int: NUMBER,
    str: STRING,
    Date: DATE,
    Time: TIME,
    DateTime: DATE_TIME,
    DaysDuration: DAYS_DURATION,
    YearsDuration: YEARS_DURATION,
    Money: MONEY,
    Span: SPAN,
    File: FILE,
}

# the names that `instance of` and typed parameters may use
NAMED: dict[str, Type] = {
    "Any": ANY,
    "any": ANY,
    "Null": NULL,
    "null": NULL,
    "number": NUMBER,
    "string": STRING,
    "text": STRING,
    "boolean": BOOLEAN,
    "date": DATE,
    "time": TIME,
    "date and time": DATE_TIME,
    "dateTime": DATE_TIME,
    "days and time duration": DAYS_DURATION,
    "day and time duration": DAYS_DURATION,
    "dayTimeDuration": DAYS_DURATION,
    "years and months duration": YEARS_DURATION,
    "yearMonthDuration": YEARS_DURATION,
    "list": LIST,
    "context": CONTEXT,
    "range": RANGE,
    "function": FUNCTION,
    "money": MONEY,
    "span": SPAN,
    "file": FILE,
}


def type_of(value: Any) -> Type:
    """Give the narrowest type of a value."""
    plain = CLASSES.get(type(value))
    if plain is not None:
        return plain
    if isinstance(value, (list, tuple)):
        kinds = {type_of(item) for item in value}
        return ListType(kinds.pop()) if len(kinds) == 1 else LIST
    if isinstance(value, Mapping):
        return ContextType({key: type_of(item) for key, item in value.items()})
    if type(value) is Range:
        return RangeType(type_of(value.low if value.low is not None else value.high))
    return FunctionType() if type(value) is Function else ANY


def kind_of(value: Any) -> str:
    """Name the kind of a value in a message, without looking inside it."""
    plain = CLASSES.get(type(value))
    if plain is not None:
        return plain.name
    if isinstance(value, (list, tuple)):
        return "list"
    if isinstance(value, Mapping):
        return "context"
    return "range" if type(value) is Range else "function" if type(value) is Function else "any"


def conforms(value: Any, type: Type) -> bool:
    """Tell whether a value belongs to a type; null belongs to every type (DMN 10.3.2.9.1)."""
    return value is None or type is NULL or type is ANY or _belongs(value, type)


def _belongs(value: Any, wanted: Type) -> bool:
    kind = type(wanted)
    if kind is Plain:
        return wanted is ANY or CLASSES.get(type(value)) == wanted
    if kind is ListType:
        item = wanted.item  # type: ignore[attr-defined]
        return isinstance(value, (list, tuple)) and (item is ANY or all(conforms(each, item) for each in value))
    if kind is ContextType:
        fields = wanted.fields  # type: ignore[attr-defined]
        return isinstance(value, Mapping) and all(
            name in value and conforms(value[name], type) for name, type in fields.items()
        )
    if kind is RangeType:
        item = wanted.item  # type: ignore[attr-defined]
        return type(value) is Range and conforms(value.low, item) and conforms(value.high, item)
    if kind is FunctionType:
        return type(value) is Function and _function_conforms(value, wanted)  # type: ignore[arg-type]
    return any(_belongs(value, option) for option in wanted.options)  # type: ignore[attr-defined]


def _function_conforms(function: Function, wanted: FunctionType) -> bool:
    if wanted.parameters is None:
        return True
    if len(wanted.parameters) != len(function.parameters):
        return False
    given = tuple(type or ANY for type in function.types) or (ANY,) * len(function.parameters)
    # Parameters may be wider than asked, the result narrower (contravariance, DMN table 49).
    return all(is_subtype(asked, has) for asked, has in zip(wanted.parameters, given, strict=True)) and (
        function.result is None or is_subtype(function.result, wanted.result)
    )


def is_subtype(narrow: Type, wide: Type) -> bool:
    """Tell whether every value of `narrow` is one of `wide` (DMN table 49)."""
    if wide is ANY or narrow is NULL or narrow == wide:
        return True
    if type(narrow) is OneOf:
        return all(is_subtype(option, wide) for option in narrow.options)
    if type(wide) is OneOf:
        return any(is_subtype(narrow, option) for option in wide.options)
    if isinstance(narrow, ListType) and type(wide) is ListType:
        return is_subtype(narrow.item, wide.item)
    if type(narrow) is RangeType and type(wide) is RangeType:
        return is_subtype(narrow.item, wide.item)
    if type(narrow) is ContextType and type(wide) is ContextType:
        return all(
            is_subtype(narrow.fields[name], type) if name in narrow.fields else narrow.open
            for name, type in wide.fields.items()
        )
    if type(narrow) is FunctionType and type(wide) is FunctionType:
        if wide.parameters is None or narrow.parameters is None:
            return wide.parameters is None
        return len(wide.parameters) == len(narrow.parameters) and (
            all(is_subtype(w, n) for w, n in zip(wide.parameters, narrow.parameters, strict=True))
            and is_subtype(narrow.result, wide.result)
        )
    return False


def join(types: list[Type]) -> Type:
    """Give the narrowest type that holds all of several; any where there is none."""
    known = [type for type in types if type is not NULL]
    if not known:
        return ANY
    first = known[0]
    return first if all(is_subtype(type, first) for type in known[1:]) else ANY


def item_of(type: Type) -> Type:
    """Give the type of what a loop or filter meets in a value of a type."""
    return type.item if isinstance(type, (ListType, RangeType)) else type


MISFIT: Any = object()  # what coerce gives for a value that no conversion makes fit


def coerce(value: Any, wanted: Type) -> Any:
    """Fit a value to a type by the implicit conversions of DMN 10.3.2.9.4; MISFIT where none applies."""
    if conforms(value, wanted):
        return value
    if type(wanted) is ListType:
        if not isinstance(value, (list, tuple)) and conforms(value, wanted.item):
            return [value]
        return MISFIT
    if isinstance(value, (list, tuple)) and len(value) == 1 and conforms(value[0], wanted):
        return value[0]
    if wanted is DATE_TIME and type(value) is Date:
        return DateTime(value, Time(0, 0, 0, 0, UTC))
    return MISFIT


def resolve(written: t.TypeName, named: Mapping[str, Type] = NAMED) -> Type | None:
    """Make the type that a type name in an expression stands for; None when the name is not known."""
    if not written.members and not written.keys and written.name not in ("context", "function"):
        return named.get(written.name) or NAMED.get(written.name)
    members = [resolve(member, named) for member in written.members]
    known = [member for member in members if member is not None]
    if len(known) < len(members):
        return None
    if written.name == "list" and len(known) == 1:
        return ListType(known[0])
    if written.name == "range" and len(known) == 1:
        return RangeType(known[0])
    if written.name == "context":
        return ContextType(dict(zip(written.keys, known, strict=True))) if written.keys else CONTEXT
    if written.name == "function":
        return FunctionType(tuple(known[:-1]), known[-1]) if known else FUNCTION
    return None
