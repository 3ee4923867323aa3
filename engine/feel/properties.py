"""What stands behind the dot: fields of contexts, and the properties of temporal values, ranges and Charter's own.

One table, keyed by class and name. A path on a list is the path on each of its items (DMN table 59).
Source: DMN 1.5 tables 65 to 67.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from charter.engine.feel import types as y
from charter.engine.feel.frames import Frame
from charter.engine.feel.operators import NUMBERS
from charter.engine.feel.own import Described, File, Money, Span
from charter.engine.feel.ranges import Range
from charter.engine.feel.temporal import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    Time,
    YearsDuration,
    offset_seconds,
    time_offset_seconds,
)


def _offset(seconds: int | None) -> DaysDuration | None:
    return None if seconds is None else DaysDuration(seconds * SECOND)


def _part(unit: int, cycle: int | None) -> Callable[[DaysDuration], Decimal]:
    def part(duration: DaysDuration) -> Decimal:
        count = abs(duration.nanoseconds) // unit
        count = count if cycle is None else count % cycle
        return Decimal(-count if duration.nanoseconds < 0 else count)

    return part


def _seconds(duration: DaysDuration) -> Decimal:
    count = abs(duration.nanoseconds) % MINUTE
    return NUMBERS.divide(Decimal(-count if duration.nanoseconds < 0 else count), Decimal(SECOND))


def _signed(whole: int, part: int) -> Decimal:
    return Decimal(-part if whole < 0 else part)


def _second(time: Time) -> Decimal:
    if not time.nanosecond:
        return Decimal(time.second)
    return NUMBERS.divide(Decimal(time.of_day % MINUTE), Decimal(SECOND))


_OF_DATE: dict[str, Callable[[Date], Any]] = {
    "year": lambda d: Decimal(d.year),
    "month": lambda d: Decimal(d.month),
    "day": lambda d: Decimal(d.day),
    "weekday": lambda d: Decimal(d.weekday),
}
_OF_TIME: dict[str, Callable[[Time], Any]] = {
    "hour": lambda t: Decimal(t.hour),
    "minute": lambda t: Decimal(t.minute),
    "second": _second,
    "timezone": lambda t: t.zone.name if t.zone else None,
}


def _of_day(get: Callable[[Date], Any]) -> Callable[[DateTime], Any]:
    return lambda moment: get(moment.date)


def _of_clock(get: Callable[[Time], Any]) -> Callable[[DateTime], Any]:
    return lambda moment: get(moment.time)


Property = tuple[y.Type, Callable[[Any], Any]]

PROPERTIES: dict[type, dict[str, Property]] = {
    Date: {name: (y.NUMBER, get) for name, get in _OF_DATE.items()},
    Time: {
        **{name: (y.NUMBER, get) for name, get in _OF_TIME.items()},
        "timezone": (y.STRING, _OF_TIME["timezone"]),
        "time offset": (y.DAYS_DURATION, lambda t: _offset(time_offset_seconds(t))),
    },
    DateTime: {
        **{name: (y.NUMBER, _of_day(get)) for name, get in _OF_DATE.items()},
        **{name: (y.NUMBER, _of_clock(get)) for name, get in _OF_TIME.items()},
        "timezone": (y.STRING, lambda v: _OF_TIME["timezone"](v.time)),
        "time offset": (y.DAYS_DURATION, lambda v: _offset(offset_seconds(v))),
    },
    DaysDuration: {
        "days": (y.NUMBER, _part(DAY, None)),
        "hours": (y.NUMBER, _part(HOUR, 24)),
        "minutes": (y.NUMBER, _part(MINUTE, 60)),
        "seconds": (y.NUMBER, _seconds),
    },
    YearsDuration: {
        "years": (y.NUMBER, lambda d: _signed(d.months, abs(d.months) // 12)),
        "months": (y.NUMBER, lambda d: _signed(d.months, abs(d.months) % 12)),
    },
    Range: {
        "start": (y.ANY, lambda r: r.low),
        "end": (y.ANY, lambda r: r.high),
        "start included": (y.BOOLEAN, lambda r: r.low_included),
        "end included": (y.BOOLEAN, lambda r: r.high_included),
    },
    Money: {
        "amount": (y.NUMBER, lambda m: m.amount),
        "currency": (y.STRING, lambda m: m.currency),
    },
    Span: {
        "months": (y.NUMBER, lambda s: Decimal(s.months)),
        "days": (y.NUMBER, lambda s: Decimal(s.days)),
        "seconds": (y.NUMBER, lambda s: Decimal(s.seconds)),
        "working days": (y.NUMBER, lambda s: Decimal(s.working_days)),
        "working seconds": (y.NUMBER, lambda s: Decimal(s.working_seconds)),
    },
    File: {
        "sha256": (y.STRING, lambda f: f.sha256),
        "name": (y.STRING, lambda f: f.name),
        "size": (y.NUMBER, lambda f: Decimal(f.size)),
        "media type": (y.STRING, lambda f: f.media_type),
    },
}


def read(value: Any, name: str, frame: Frame) -> Any:
    """Give the field or property of a value; null with a reason where it has none."""
    if type(value) is Described:
        value = value.own
    if isinstance(value, Mapping):
        try:
            return value[name]
        except KeyError:
            return frame.note(f"there is no `{name}`")
    if isinstance(value, (list, tuple)):
        frame.state.spend(len(value))
        return [read(item, name, frame) for item in value]
    found = PROPERTIES.get(type(value), {}).get(name)
    if found is None:
        return frame.note(f"{'null' if value is None else 'the value'} has no `{name}`")
    return found[1](value)
