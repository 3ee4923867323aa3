"""The canonical JSON form of every value Charter stores, hashes or sends, both ways.

A value is what FEEL knows (None, bool, Decimal, str, list, dict, temporal values, ranges) and Charter's own
Money, Span and File. Invariants: floats never appear; texts are in their one form (`text.py`), and but for that
`decode(encode(v)) == v`; equal values have equal bytes, so a digest tells whether content changed. The module knows
nothing of records or of files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import sha256
from typing import Any
from unicodedata import is_normalized

from charter.engine.compact import compact_sorted
from charter.engine.errors import CharterError
from charter.engine.feel.own import File, Money, Span
from charter.engine.feel.ranges import Range
from charter.engine.feel.temporal import Date, DateTime, DaysDuration, Time, YearsDuration
from charter.engine.feel.temporal_text import (
    read_date,
    read_date_time,
    read_duration,
    read_time,
    write_date,
    write_date_time,
    write_days,
    write_time,
    write_years,
)
from charter.engine.once import once
from charter.engine.text import composed

__all__ = [
    "Date",
    "DateTime",
    "DaysDuration",
    "File",
    "Money",
    "NotAValue",
    "Range",
    "Span",
    "Time",
    "YearsDuration",
    "canonical",
    "data_digest",
    "decode",
    "digest",
    "encode",
]

# Integers up to here are exact in every JSON reader (2**53); longer numbers travel as text.
_PLAIN = 10**15


class NotAValue(CharterError):
    """A Python object or JSON text that stands for no FEEL value."""


def _plain_text(number: Decimal) -> str:
    """Write a number without superfluous zeros, so that equal numbers have equal text."""
    if not number:
        return "0"
    # normalize() would round to the context of the thread, so the digits are stripped by hand.
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise NotAValue("not a finite number")
    text = "".join(map(str, digits)).rstrip("0")
    exponent += len(digits) - len(text)
    prefix = "-" if sign else ""
    if exponent >= 0:
        return f"{prefix}{text}{'0' * exponent}" if exponent < 34 else f"{prefix}{text}E{exponent}"
    point = len(text) + exponent
    if point > 0:
        return f"{prefix}{text[:point]}.{text[point:]}"
    return f"{prefix}0.{'0' * -point}{text}" if point > -34 else f"{prefix}{text}E{exponent}"


def _encode_number(number: Decimal) -> Any:
    text = str(number)
    if len(text) > 15 or not text.isdigit():
        text = _plain_text(number)
    if len(text) <= 15 and "." not in text and "E" not in text:
        return int(text)
    return {"number": text}


def _encode_int(number: int) -> Any:
    return number if -_PLAIN < number < _PLAIN else _encode_number(Decimal(number))


def _encode_list(items: list[Any] | tuple[Any, ...]) -> Any:
    return [item if type(item) is str and item.isascii() else encode(item) for item in items]


def _encode_context(context: Mapping[str, Any]) -> Any:
    entries = {}
    for key, value in context.items():
        if type(key) is not str:
            raise NotAValue("a context key is not a text")
        name = composed(key)
        if name in entries:
            raise NotAValue(f"the key {name} is there twice, spelled with different characters")
        entries[name] = value if type(value) is str and value.isascii() else encode(value)
    # Only a context with exactly the keys of a tagged form could be taken for one.
    return {"context": entries} if len(entries) < 5 and frozenset(entries) in _DECODERS else entries


def _encode_range(value: Range) -> Any:
    return {
        "range": [encode(value.low), encode(value.high)],
        "ends": ("[" if value.low_included else "(") + ("]" if value.high_included else ")"),
        **({"test": value.test} if value.test else {}),
    }


def _encode_file(value: File) -> Any:
    return {"file": value.sha256, "name": composed(value.name), "size": value.size, "media_type": value.media_type}


@once(1024)  # of a few parameters, each written at every look at a clock
def _span_text(span: Span) -> str:
    return str(span)


def _same(value: Any) -> Any:
    return value


_ENCODERS: dict[type, Callable[[Any], Any]] = {
    type(None): _same,
    bool: _same,
    str: composed,
    Decimal: _encode_number,
    int: _encode_int,
    list: _encode_list,
    tuple: _encode_list,
    dict: _encode_context,
    Money: lambda money: {"money": _plain_text(money.amount), "currency": money.currency},
    Span: lambda span: {"span": _span_text(span)},
    File: _encode_file,
    Date: lambda date: {"date": write_date(date)},
    Time: lambda time: {"time": write_time(time)},
    DateTime: lambda moment: {"date and time": write_date_time(moment)},
    DaysDuration: lambda duration: {"duration": write_days(duration)},
    YearsDuration: lambda duration: {"duration": write_years(duration)},
    Range: _encode_range,
}


def encode(value: Any) -> Any:
    """Turn a value into JSON-able, self-describing data; raise NotAValue for anything else (a float, a function)."""
    encoder = _ENCODERS.get(type(value))
    if encoder is not None:
        try:
            return encoder(value)
        except RecursionError:
            raise NotAValue("the value is nested too deep") from None
    if isinstance(value, Mapping):
        return _encode_context(value)
    if isinstance(value, (list, tuple)):
        return _encode_list(value)
    if isinstance(value, str):
        return composed(str(value))
    raise NotAValue(f"a {type(value).__name__} is not a value")


def _read(reader: Callable[[str], Any], kind: str) -> Callable[[Mapping[str, Any]], Any]:
    def read(data: Mapping[str, Any]) -> Any:
        text = data[kind]
        value = reader(text) if type(text) is str else None
        if value is None:
            raise NotAValue(f"`{text}` is not a valid {kind}")
        return value

    return read


def _number(text: Any) -> Decimal:
    try:
        number = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        raise NotAValue(f"`{text}` is not a number") from None
    if not number.is_finite():
        raise NotAValue(f"`{text}` is not a finite number")
    return number


def _decode_span(data: Mapping[str, Any]) -> Span:
    return _span_of(str(data["span"]))


@lru_cache(maxsize=1024)  # of a few parameters, each read at every look at a clock
def _span_of(text: str) -> Span:
    span = Span()
    for part in text.split(", "):
        amount, _, unit = part.partition(" ")
        try:
            span = span.plus(Span.of(_number(amount), unit))
        except KeyError:
            raise NotAValue(f"`{part}` is not a span of time") from None
    return span


def _decode_money(data: Mapping[str, Any]) -> Money:
    return Money(_number(data["money"]), _text(data, "currency"))


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if type(value) is not str:
        raise NotAValue(f"`{key}` is missing")
    return value


def _decode_file(data: Mapping[str, Any]) -> File:
    size = data.get("size")
    if type(size) is not int:
        raise NotAValue("`size` is missing")
    return File(_text(data, "file"), _text(data, "name"), size, data.get("media_type", "application/octet-stream"))


def _decode_range(data: Mapping[str, Any]) -> Range:
    ends, limits = _text(data, "ends"), data["range"]
    if ends not in ("[]", "[)", "(]", "()") or type(limits) is not list or len(limits) != 2:
        raise NotAValue("a range needs two limits and two ends")
    low, high = map(decode, limits)
    test = data.get("test", "")
    if test not in ("", "=", "!="):
        raise NotAValue("the test of a range is `=` or `!=`")
    return Range(low, high, ends[0] == "[", ends[1] == "]", test)


def _decode_context(data: Mapping[str, Any]) -> dict[str, Any]:
    entries = data["context"]
    if not isinstance(entries, Mapping):
        raise NotAValue("`context` holds no context")
    return {key: decode(value) for key, value in entries.items()}


def _withheld(_: Mapping[str, Any]) -> Any:
    # What stands where somebody may not read a value (`reading.py`) must never be written back as one.
    raise NotAValue("a value that is withheld stands for none")


# exactly these keys -> what they stand for
_DECODERS: dict[frozenset[str], Callable[[Mapping[str, Any]], Any]] = {
    frozenset({"number"}): lambda data: _number(data["number"]),
    frozenset({"money", "currency"}): _decode_money,
    frozenset({"span"}): _decode_span,
    frozenset({"file", "name", "size"}): _decode_file,
    frozenset({"file", "name", "size", "media_type"}): _decode_file,
    frozenset({"date"}): _read(read_date, "date"),
    frozenset({"time"}): _read(read_time, "time"),
    frozenset({"date and time"}): _read(read_date_time, "date and time"),
    frozenset({"duration"}): _read(read_duration, "duration"),
    frozenset({"range", "ends"}): _decode_range,
    frozenset({"range", "ends", "test"}): _decode_range,
    frozenset({"context"}): _decode_context,
    frozenset({"withheld"}): _withheld,
}


def decode(data: Any) -> Any:
    """Turn what `encode` made back into the value; raise NotAValue for JSON that stands for none."""
    try:
        return _decode(data)
    except RecursionError:
        raise NotAValue("the value is nested too deep") from None


def _decode(data: Any) -> Any:
    kind = type(data)
    if kind is str or data is None or kind is bool:
        return data
    if kind is int:
        return Decimal(data)
    if kind is list or kind is tuple:
        return [_decode(item) for item in data]
    if kind is dict or isinstance(data, Mapping):
        tagged = _DECODERS.get(frozenset(data)) if len(data) < 5 else None
        if tagged is not None:
            return tagged(data)
        return {key: _decode(value) for key, value in data.items()}
    if kind is Decimal:
        return data
    raise NotAValue(f"a {kind.__name__} stands for no value")


def canonical(data: Any) -> bytes:
    """Write JSON-able data as its one canonical byte string: sorted keys, NFC, no spaces, UTF-8.

    Raises NotAValue for text that has no UTF-8 form (half a surrogate pair), SameKey.
    """
    text = compact_sorted(data)
    if not text.isascii() and not is_normalized("NFC", text):
        text = compact_sorted(composed(data))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotAValue("a text holds half a character") from None


def digest(value: Any) -> str:
    """Hash a value: hex SHA-256 of the canonical bytes of its encoded form."""
    return data_digest(encode(value))


def data_digest(data: Any) -> str:
    """Hash an encoded value: the `digest` of what it stands for."""
    return sha256(canonical(data)).hexdigest()


def is_count(value: Any) -> bool:
    """Says whether a decoded value can be a number of things: whole, and at least one."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= 1 and value == int(value)
