"""Built-in functions that convert (DMN 1.5 table 71), and the text of every value. Rows only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from charter.engine import zones
from charter.engine.feel import tree as t
from charter.engine.feel.builtins import builtin
from charter.engine.feel.frames import Frame, NoValue, check_length
from charter.engine.feel.limits import MAX_STRING
from charter.engine.feel.operators import NUMBERS
from charter.engine.feel.own import File, Money
from charter.engine.feel.printer import quoted
from charter.engine.feel.ranges import Function, Range
from charter.engine.feel.temporal import (
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    Time,
    YearsDuration,
    Zone,
    date_of,
    datetime_from_instant,
)
from charter.engine.feel.temporal_text import read_date, read_date_time, read_duration, read_time, write
from charter.engine.names import NAME, compiled, marks


def number_text(number: Decimal) -> str:
    """Write a number without exponent and without superfluous zeros behind the point."""
    if not number:
        return "0"
    if -40 < number.adjusted() < 40:
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(number)


_WORDS = rf"{NAME}( \w+)*"


def _key(key: str) -> str:
    return key if compiled(_WORDS, marks(key)).fullmatch(key) else quoted(key)


def text_of(value: Any) -> str:
    """Write any value as `string()` does; texts inside lists and contexts stand in quotation marks.

    Raises NoValue for a value whose text would be longer than any text may be.
    """
    return value if isinstance(value, str) else _text(value, [MAX_STRING])


def _text(value: Any, budget: list[int]) -> str:
    kind = type(value)
    budget[0] -= len(value) + 2 if kind is str else 1
    check_length(MAX_STRING - budget[0])
    writer = _WRITERS.get(kind)
    if writer is not None:
        return writer(value, budget)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (list, tuple)):
        return _list_text(value, budget)
    return _context_text(value, budget) if isinstance(value, Mapping) else str(value)


def _list_text(items: Any, budget: list[int]) -> str:
    return f"[{', '.join(_text(item, budget) for item in items)}]"


def _context_text(context: Mapping[str, Any], budget: list[int]) -> str:
    return f"{{{', '.join(f'{_key(key)}: {_text(item, budget)}' for key, item in context.items())}}}"


def _range_text(value: Range, budget: list[int]) -> str:
    if value.test:
        return f"({value.test} {_end_text(value.low, budget)})"
    if value.low is None or value.high is None:
        end = value.high if value.low is None else value.low
        mark = "<" if value.low is None else ">"
        return f"({mark}{'=' if value.low_included or value.high_included else ''} {_end_text(end, budget)})"
    low, high = _end_text(value.low, budget), _end_text(value.high, budget)
    return f"{'[' if value.low_included else '('}{low}..{high}{']' if value.high_included else ')'}"


def _end_text(value: Any, budget: list[int]) -> str:
    return f'@"{write(value)}"' if type(value) in _TEMPORAL else _text(value, budget)


_TEMPORAL = (Date, Time, DateTime, DaysDuration, YearsDuration)
_WRITERS: dict[type, Callable[[Any, list[int]], str]] = {
    type(None): lambda value, budget: "null",
    bool: lambda value, budget: "true" if value else "false",
    str: lambda value, budget: quoted(value),
    Decimal: lambda value, budget: number_text(value),
    int: lambda value, budget: number_text(Decimal(value)),
    **{kind: lambda value, budget: write(value) for kind in _TEMPORAL},
    list: _list_text,
    dict: _context_text,
    Range: _range_text,
    Money: lambda value, budget: f"{number_text(value.amount)} {value.currency}",
    File: lambda value, budget: str(value.name),
    Function: lambda value, budget: f"function({', '.join(value.parameters)})",
}


@builtin("string(from: any) -> string")
def string(value: Any) -> str | None:
    if value is None:
        raise NoValue("null has no text")
    return text_of(value)


_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?").fullmatch


def _read_number(text: str) -> Decimal:
    if not _NUMBER(text) or len(text) > 7_000:
        raise NoValue(f"`{text[:40]}` is not a number")
    return NUMBERS.create_decimal(text)


@builtin("number(from: string) -> number")
def number(text: str) -> Decimal:
    return _read_number(text)


@builtin("number(from: string, grouping separator: any, decimal separator: any) -> number")
def number_separated(text: str, grouping: Any, point: Any) -> Decimal:
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", ".") or (grouping and grouping == point):
        raise NoValue("the separators must be a space, comma or point, and differ")
    if grouping:
        text = text.replace(grouping, "")
    if point and point != ".":
        if "." in text:
            raise NoValue(f"`{text[:40]}` is not a number")
        text = text.replace(point, ".")
    return _read_number(text)


@builtin("number(from: number) -> number")
def number_itself(value: Decimal) -> Decimal:
    return value


def _found(value: Any, text: str, kind: str) -> Any:
    if value is None:
        raise NoValue(f"`{text[:60]}` is not a valid {kind}")
    return value


def _integer(value: Decimal) -> int:
    if value != value.to_integral_value() or abs(value.adjusted()) > 12:
        raise NoValue(f"{value} is not a whole number")
    return int(value)


@builtin("date(from: string) -> date")
def date_from_text(text: str) -> Date:
    return _found(read_date(text), text, "date")  # type: ignore[no-any-return]


@builtin("date(from: day) -> date")
def date_from_day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


@builtin("date(year: number, month: number, day: number) -> date")
def date_from_parts(year: Decimal, month: Decimal, day: Decimal) -> Date:
    return date_of(_integer(year), _integer(month), _integer(day))


@builtin("date and time(from: string) -> date and time")
def date_time_from_text(text: str) -> DateTime:
    return _found(read_date_time(text), text, "date and time")  # type: ignore[no-any-return]


@builtin("date and time(date: day, time: time) -> date and time")
def date_time_from_day(day: Date | DateTime, time: Time) -> DateTime:
    return DateTime(date_from_day(day), time)


@builtin("date and time(date: date and time, timezone: string) -> date and time")
def date_time_in_zone(moment: DateTime, timezone: str) -> DateTime:
    zone = _zone(timezone)
    instant = moment.instant
    if instant is None:
        return DateTime(moment.date, Time(moment.time.hour, moment.time.minute, moment.time.second, 0, zone))
    return datetime_from_instant(instant, zone)


def _zone(name: str) -> Zone:
    if zones.find(name) is not None:
        return Zone(None, name)
    time = read_time("00:00:00" + name)
    if time is None or time.zone is None:
        raise NoValue(f"`{name}` is not a time zone")
    return time.zone


_PARTS = "year: number, month: number, day: number, hour: number, minute: number, second: number"


def _clock(hour: Decimal, minute: Decimal, second: Decimal, zone: Zone | None) -> Time:
    whole = int(second)
    hours, minutes = _integer(hour), _integer(minute)
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= second < 60):
        raise NoValue("there is no such time of day")
    return Time(hours, minutes, whole, int(NUMBERS.multiply(second, Decimal(SECOND))) % SECOND, zone)


def _from_parts(parts: tuple[Any, ...], zone: Zone | None) -> DateTime:
    year, month, day, hour, minute, second = parts[:6]
    return DateTime(date_from_parts(year, month, day), _clock(hour, minute, second, zone))


@builtin(f"date and time({_PARTS}) -> date and time")
def date_time_from_parts(*parts: Any) -> DateTime:
    return _from_parts(parts, None)


@builtin(f"date and time({_PARTS}, offset: duration) -> date and time")
def date_time_with_offset(*parts: Any) -> DateTime:
    return _from_parts(parts, _offset(parts[6]))


@builtin(f"date and time({_PARTS}, timezone: string) -> date and time")
def date_time_with_zone(*parts: Any) -> DateTime:
    return _from_parts(parts, _zone(parts[6]))


def _offset(duration: Any) -> Zone:
    if type(duration) is not DaysDuration or abs(duration.nanoseconds) > 18 * 3600 * SECOND:
        raise NoValue("an offset is a duration of at most 18 hours")
    return Zone(abs(duration.nanoseconds) // SECOND * (1 if duration.nanoseconds > 0 else -1))


@builtin("time(from: string) -> time")
def time_from_text(text: str) -> Time:
    return _found(read_time(text), text, "time")  # type: ignore[no-any-return]


@builtin("time(from: time) -> time")
def time_itself(value: Time) -> Time:
    return value


@builtin("time(from: day) -> time")
def time_from_day(value: Date | DateTime) -> Time:
    return value.time if isinstance(value, DateTime) else Time(0, 0, 0, 0, Zone(0))


@builtin("time(hour: number, minute: number, second: number) -> time")
def time_from_parts(hour: Decimal, minute: Decimal, second: Decimal) -> Time:
    return _clock(hour, minute, second, None)


@builtin("time(hour: number, minute: number, second: number, offset: any) -> time")
def time_with_offset(hour: Decimal, minute: Decimal, second: Decimal, offset: Any) -> Time:
    return _clock(hour, minute, second, None if offset is None else _offset(offset))


@builtin("duration(from: string) -> duration")
def duration_from_text(text: str) -> Any:
    return _found(read_duration(text), text, "duration")


@builtin("duration(from: duration) -> duration")
def duration_itself(value: Any) -> Any:
    return value


@builtin("years and months duration(from: day, to: day) -> years and months duration")
def years_between(start: Date | DateTime, to: Date | DateTime) -> YearsDuration:
    earlier, later = date_from_day(start), date_from_day(to)
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    # A month counts when its day is reached; times of day do not matter (DMN table 71).
    if months > 0 and later.day < earlier.day:
        months -= 1
    elif months < 0 and later.day > earlier.day:
        months += 1
    return YearsDuration(months)


_ENDS = (t.Number, t.String, t.At, t.Negation)
_CONSTRUCTORS = frozenset(("date", "time", "date and time", "duration"))


def _literal(node: t.Node) -> bool:
    if type(node) is t.Negation:
        return type(node.of) is t.Number
    if type(node) is t.Call and type(node.function) is t.Name and node.function.name in _CONSTRUCTORS:
        return len(node.arguments) == 1 and type(node.arguments[0]) is t.String
    return type(node) in _ENDS


@builtin("range(from: string) -> range", framed=True)
def range_from_text(frame: Frame, text: str) -> Range:
    from charter.engine.feel.expression import compile
    from charter.engine.feel.parser import parse

    node = parse(text, dialect="dmn").tree
    if type(node) is not t.Interval or not all(_literal(end) for end in (node.low, node.high)):
        raise NoValue(f"`{text[:60]}` is not a range")
    value, reasons = compile(node).explain({})
    if type(value) is not Range or value.low is None or type(value.low) is not type(value.high):
        raise NoValue(reasons[0] if reasons else f"`{text[:60]}` is not a range")
    return value
