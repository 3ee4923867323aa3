"""Built-in functions on strings (DMN 1.5 table 74). Rows only; the registry is `builtins`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from charter.engine.feel.builtins import builtin
from charter.engine.feel.frames import NoValue, check_length
from charter.engine.feel.patterns import Pattern, compiled, replacement


@builtin("substring(string: string, start position: number, length?: number) -> string")
def substring(string: str, start: Decimal, length: Decimal | None = None) -> str:
    position = int(start)
    if not position or abs(position) > len(string):
        raise NoValue(f"there is no position {start}")
    first = position - 1 if position > 0 else len(string) + position
    if length is None:
        return string[first:]
    if length < 1:
        raise NoValue("the length must be at least 1")
    return string[first : first + int(min(length, Decimal(len(string))))]


@builtin("string length(string: string) -> number")
def string_length(string: str) -> Decimal:
    return Decimal(len(string))


def _fitting(text: str) -> str:
    check_length(len(text))
    return text


@builtin("upper case(string: string) -> string")
def upper_case(string: str) -> str:
    return _fitting(string.upper())


@builtin("lower case(string: string) -> string")
def lower_case(string: str) -> str:
    return _fitting(string.lower())


@builtin("substring before(string: string, match: string) -> string")
def substring_before(string: str, match: str) -> str:
    before, found, _ = string.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin("substring after(string: string, match: string) -> string")
def substring_after(string: str, match: str) -> str:
    if not match:
        return string
    return string.partition(match)[2]


@builtin("contains(string: string, match: string) -> boolean")
def contains(string: str, match: str) -> bool:
    return match in string


@builtin("starts with(string: string, match: string) -> boolean")
def starts_with(string: str, match: str) -> bool:
    return string.startswith(match)


@builtin("ends with(string: string, match: string) -> boolean")
def ends_with(string: str, match: str) -> bool:
    return string.endswith(match)


@builtin("matches(input: string, pattern: string, flags?: string) -> boolean")
def matches(input: str, pattern: str, flags: str | None = None) -> bool:
    return compiled(pattern, flags or "").found_in(input)


def _taking(pattern: str, flags: str = "") -> Pattern:
    """Compile a pattern that takes at least one character wherever it matches (XPath error FORX0003)."""
    regex = compiled(pattern, flags)
    if regex.found_in(""):
        raise NoValue("the pattern matches empty text")
    return regex


@builtin("replace(input: string, pattern: string, replacement: string, flags?: string) -> string")
def replace(input: str, pattern: str, new: str, flags: str | None = None) -> str:
    regex = _taking(pattern, flags or "")
    parts = (new,) if flags and "q" in flags else replacement(new, regex.regex.groups)
    out: list[str] = []
    at = length = 0
    for places in regex.matches(input):
        out.append(input[at : places[0]])
        for part in parts:
            out.append(part if isinstance(part, str) else _group(input, places, part))
            length += len(out[-1]) or 1  # a group without text is work as well
            check_length(length)
        at = places[1]
    return _fitting("".join([*out, input[at:]]))


def _group(text: str, places: tuple[int, ...], number: int) -> str:
    start, end = places[2 * number : 2 * number + 2]
    return text[start:end] if start >= 0 else ""


@builtin("split(string: string, delimiter: string) -> names")
def split(string: str, delimiter: str) -> list[str]:
    parts, at = [], 0
    for start, end, *_ in _taking(delimiter).matches(string):
        parts.append(string[at:start])
        at = end
    return [*parts, string[at:]]


@builtin("string join(list: list, delimiter?: any) -> string")
def string_join(list: Sequence[str | None], delimiter: str | None = None) -> str:
    texts = [item for item in list if item is not None]
    if any(type(text) is not str for text in texts) or not (delimiter is None or type(delimiter) is str):
        raise NoValue("only texts can be joined")
    between = delimiter or ""
    check_length(sum(map(len, texts)) + len(between) * (len(texts) - 1))
    return between.join(texts)
