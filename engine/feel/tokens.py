"""The pieces a FEEL text falls into, the tokens made of them, and the names that hold several pieces.

A Problem says what is wrong with a text and where. The module knows how names are matched, not where.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from charter.engine.feel.own import MONEY_BEFORE
from charter.engine.feel.words import PROPERTIES, SPACED_BUILTINS, TYPE_NAMES

_START = (
    "?_A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3005-\u3007\u3021-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff10-\ufffd\U00010000-\U000effff"
)
_INSIDE = "0-9\u00b7\u0300-\u036f\u203f-\u2040"  # of a name, but not at its start
# What a name of a process file (`engine/names.py`) may hold besides: our own dialect reads it as one word.
_BESIDES = "\u00aa\u00b2\u00b3\u00b5\u00b9\u00ba\u00bc-\u00be\u2054\u2460-\u249b\u24ea-\u24ff\u2776-\u2793"
# What a keyboard gives for the marks of a comparison, in our own dialect: the standard has none of them.
_TWINS = {"≤": "<=", "≥": ">=", "≠": "!="}


def _raw(own: bool) -> str:
    """Give the pattern of a piece. A large set of characters is dear to compile: that of names stands in it once."""
    besides, twins = (_BESIDES, "|[≤≥≠]") if own else ("", "")
    money = rf"|(?P<money>{MONEY_BEFORE})" if own else ""
    return rf"""(?P<space>(?:[\s\u180e\u200b\ufeff]|//[^\n]*|/\*.*?\*/)+)
    |(?P<string>@?"(?:[^"\\]|\\.)*")
    |(?P<mark>\.\.|\*\*|<=|>=|!=|->{twins})
    {money}
    |(?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<word>(?![{_INSIDE}])[{_START}{_INSIDE}{besides}]+)
    |(?P<sign>.)"""


_DATE = (
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?(?![0-9-]))|"
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6})|(.))", re.DOTALL)
_SURROGATES = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_HALVES = re.compile("[\ud800-\udfff]")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}

Raw = tuple[str, str, int, int]  # kind, text, start, end
Names = dict[str, list[tuple[tuple[str, ...], str]]]  # first piece -> (pieces, name), longest first


class Problem(Struct, frozen=True):
    """What is wrong with an expression, and where; `code` is a FEEL-local slug."""

    code: str
    message: str
    start: int
    end: int
    given: str = ""
    candidates: tuple[str, ...] = ()


class Malformed(Exception):
    """Carries the one Problem that ends a parse; never leaves this package."""

    def __init__(self, code: str, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.problem = Problem(code, message, start, end)


class Token:
    """A terminal of feel.lark with its value and place."""

    __slots__ = ("end", "start", "type", "value")

    def __init__(self, type: str, value: Any, start: int, end: int) -> None:
        self.type = type
        self.value = value
        self.start = start
        self.end = end


@cache
def _pattern(dated: bool) -> re.Pattern[str]:
    """Give the pattern of a piece; each takes milliseconds to compile, and one dialect is mostly all that is read."""
    return re.compile(_DATE + _raw(True) if dated else _raw(False), re.VERBOSE | re.DOTALL)


def cut(text: str, dated: bool) -> list[Raw]:
    """Cut a text into pieces. `dated`: a date is one, as people write it; in the standard it is a subtraction.

    `≤` counts as the `<=` that it stands for, and its like.
    """
    return [
        (match.lastgroup or "", _TWINS.get(match.group(), match.group()), match.start(), match.end())
        for match in _pattern(dated).finditer(text)
        if match.lastgroup != "space"
    ]


def tabulate(names: Iterable[str], known: Names, dated: bool = True) -> Names:
    """Enter the names that hold several pieces, the longest first."""
    for name in names:
        pieces = tuple(piece for _, piece, _, _ in cut(name, dated))
        if len(pieces) > 1:
            rows = known.setdefault(pieces[0], [])
            rows[:] = [row for row in rows if row[0] != pieces]
            rows.append((pieces, name))
            rows.sort(key=lambda row: -len(row[0]))
    return known


_BUILTIN_NAMES = tabulate(SPACED_BUILTINS, {})
TYPES = tabulate(TYPE_NAMES, {})
PROPERTY_NAMES = tabulate(PROPERTIES, {})


def copied(known: Names) -> Names:
    """Copy a table of names, so that it may grow."""
    return {first: list(rows) for first, rows in known.items()}


@lru_cache(maxsize=512)
def known_names(names: frozenset[str], dated: bool) -> Names:
    """Give the table of the built-ins' names and these."""
    spaced = [name for name in names if len(cut(name, dated)) > 1]
    return tabulate(spaced, copied(_BUILTIN_NAMES), dated) if spaced else _BUILTIN_NAMES


def unescaped(text: str) -> str:
    """Resolve the escapes of a string literal's inside (DMN grammar rule 35)."""
    if "\\" not in text:
        return text

    def replaced(match: re.Match[str]) -> str:
        short, long, single = match.groups()
        if single is not None:
            # FEEL keeps an unknown escape as written, so that regular expressions stay readable.
            return _ESCAPES.get(single, "\\" + single)
        code = int(short or long, 16)
        return chr(code) if code <= 0x10FFFF else match.group()

    whole = _SURROGATES.sub(
        lambda pair: chr(0x10000 + ((ord(pair[1]) - 0xD800) << 10) + ord(pair[2]) - 0xDC00), _ESCAPE.sub(replaced, text)
    )
    # Half a character has no bytes in UTF-8.
    return _HALVES.sub("\ufffd", whole)
