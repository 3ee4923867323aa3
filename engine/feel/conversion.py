"""Built-in functions that convert (DMN 1.5 table 71), and the text of every value. Rows only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from . import tree as t
from .builtins import builtin
from .frames import Frame, NoValue
from .limits import MAX_STRING
from .operators import NUMBERS, compare
from .own import File, Money
from .ranges import Function, Range
from .temporal import (
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    Time,
    YearsDuration,
    Zone,
    date_of,
    zone_rules,
)
from .temporal_text import read_date, read_date_time, read_duration, read_time, write


def number_text(number: Decimal) -> str:
    """Write a number without exponent and without superfluous zeros behind the point."""
    if not number:
        return "0"
    if -40 < number.adjusted() < 40:
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(number)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + escaped.replace("\r", "\\r") + '"'


def _key(key: str) -> str:
    return key if re.fullmatch(r"[^\W\d]\w*( \w+)*", key) else _quoted(key)


def text_of(value: Any, inside: bool = False, depth: int = 0) -> str:
    """Write any value as `string()` does; texts inside lists and contexts stand in quotation marks."""
    kind = type(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value) if inside else value
    if kind in (Decimal, int):
        return number_text(Decimal(value))
    if kind in (Date, Time, DateTime, DaysDuration, YearsDuration):
        return f'@"{write(value)}"' if inside and depth < 0 else write(value)
    if depth > 50:
        raise NoValue("the value is nested too deep")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(text_of(item, True, depth + 1) for item in value)}]"
    if isinstance(value, Mapping):
        entries = (f"{_key(key)}: {text_of(item, True, depth + 1)}" for key, item in value.items())
        return f"{{{', '.join(entries)}}}"
    if kind is Range:
        return _range_text(value)
    if kind is Money:
        return f"{number_text(value.amount)} {value.currency}"
    if kind is File:
        return str(value.name)
    if kind is Function:
        return f"function({', '.join(value.parameters)})"
    return str(value)


def _range_text(value: Range) -> str:
    low, high = (_end_text(end) for end in (value.low, value.high))
    return f"{'[' if value.low_included else '('}{low}..{high}{']' if value.high_included else ')'}"


def _end_text(value: Any) -> str:
    if type(value) in (Date, Time, DateTime, DaysDuration, YearsDuration):
        return f'@"{write(value)}"'
    return text_of(value, True)


@builtin("string(from: any) -> string")
def string(value: Any) -> str | None:
    if value is None:
        raise NoValue("null has no text")
    text = text_of(value)
    if len(text) > MAX_STRING:
        raise NoValue(f"the text would hold more than {MAX_STRING} characters")
    return text


_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?").fullmatch


def _read_number(text: str) -> Decimal:
    if not _NUMBER(text) or len(text) > 7_000:
        raise NoValue(f"`{text[:40]}` is no number")
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
            raise NoValue(f"`{text[:40]}` is no number")
        text = text.replace(point, ".")
    return _read_number(text)


@builtin("number(from: number) -> number")
def number_itself(value: Decimal) -> Decimal:
    return value


def _found(value: Any, text: str, kind: str) -> Any:
    if value is None:
        raise NoValue(f"`{text[:60]}` is no {kind}")
    return value


def _integer(value: Decimal) -> int:
    if value != value.to_integral_value() or abs(value.adjusted()) > 12:
        raise NoValue(f"{value} is no whole number")
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
    from .temporal import datetime_from_instant

    zone = _zone(timezone)
    instant = moment.instant
    if instant is None:
        return DateTime(moment.date, Time(moment.time.hour, moment.time.minute, moment.time.second, 0, zone))
    return datetime_from_instant(instant, zone)


def _zone(name: str) -> Zone:
    if zone_rules(name) is not None:
        return Zone(None, name)
    time = read_time("00:00:00" + name)
    if time is None or time.zone is None:
        raise NoValue(f"`{name}` is no time zone")
    return time.zone


_PARTS = "year: number, month: number, day: number, hour: number, minute: number, second: number"


def _clock(hour: Decimal, minute: Decimal, second: Decimal, zone: Zone | None) -> Time:
    whole = int(second)
    hours, minutes = _integer(hour), _integer(minute)
    if not (0 <= hours < 24 and 0 <= minutes < 60 and 0 <= second < 60):
        raise NoValue("there is no such time of day")
    return Time(hours, minutes, whole, int((second - whole) * SECOND), zone)


@builtin(f"date and time({_PARTS}) -> date and time")
def date_time_from_parts(*parts: Decimal) -> DateTime:
    return DateTime(date_from_parts(*parts[:3]), _clock(*parts[3:6], None))


@builtin(f"date and time({_PARTS}, offset: duration) -> date and time")
def date_time_with_offset(*parts: Any) -> DateTime:
    return DateTime(date_from_parts(*parts[:3]), _clock(*parts[3:6], _offset(parts[6])))


@builtin(f"date and time({_PARTS}, timezone: string) -> date and time")
def date_time_with_zone(*parts: Any) -> DateTime:
    return DateTime(date_from_parts(*parts[:3]), _clock(*parts[3:6], _zone(parts[6])))


def _offset(duration: Any) -> Zone:
    if type(duration) is not DaysDuration or abs(duration.nanoseconds) > 18 * 3600 * SECOND:
        raise NoValue("an offset is a duration of at most 18 hours")
    return Zone(int(duration.nanoseconds / SECOND))


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
    from .compiler import compile
    from .parser import parse

    node = parse(text, dialect="dmn").tree
    if type(node) is not t.Interval or not all(_literal(end) for end in (node.low, node.high)):
        raise NoValue(f"`{text[:60]}` is no range")
    value = compile(node).evaluate({})
    if type(value) is not Range or value.low is None or type(value.low) is not type(value.high):
        raise NoValue(f"`{text[:60]}` is no range")
    if compare("<=", value.low, value.high) is not True:
        raise NoValue("the range ends before it starts")
    return value


