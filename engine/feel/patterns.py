"""Regular expressions as XPath 3.1 and XML Schema write them, run by Python's `re`.

Translates the syntax, the flags and the replacement text, and keeps the time bounded: where `re` might try too
many ways, `automaton` follows them all at once. `compiled` raises NoValue for a text that is no pattern.
Source: DMN 1.5 table 74 (matches, replace, split), XQuery and XPath Functions 3.1 chapter 5.6.
"""

from __future__ import annotations

import math
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from .automaton import Automaton, Unsupported
from .frames import NoValue
from .limits import MAX_PATTERN, MAX_PATTERN_SUBJECT

_FLAGS = {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": 0, "q": 0}

# XML name characters, for \i and \c
_INITIAL = (
    "_:A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd"
)
_NAME = _INITIAL + r"\-.0-9\u00b7\u0300-\u036f\u203f-\u2040"

_BLOCKS = {
    "IsBasicLatin": "\\x00-\\x7f",
    "IsLatin-1Supplement": "\\x80-\\xff",
    "IsLatinExtended-A": "\u0100-\u017f",
    "IsLatinExtended-B": "\u0180-\u024f",
    "IsGreek": "\u0370-\u03ff",
    "IsGreekandCoptic": "\u0370-\u03ff",
    "IsCyrillic": "\u0400-\u04ff",
    "IsHebrew": "\u0590-\u05ff",
    "IsArabic": "\u0600-\u06ff",
    "IsThai": "\u0e00-\u0e7f",
    "IsHiragana": "\u3040-\u309f",
    "IsKatakana": "\u30a0-\u30ff",
    "IsCJKUnifiedIdeographs": "\u4e00-\u9fff",
    "IsHangulSyllables": "\uac00-\ud7af",
}


@lru_cache(maxsize=64)
def _category(name: str) -> str:
    """List the characters of a Unicode category such as `Lu` or `L`, as the inside of a bracket."""
    if name in _BLOCKS:
        return _BLOCKS[name]
    if not re.fullmatch("[CLMNPSZ][a-z]?", name):
        raise NoValue(f"there is no character class `{name}`")
    spans: list[str] = []
    first = None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code)).startswith(name)
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            spans.append(f"\\U{first:08x}-\\U{code - 1:08x}")
            first = None
    return "".join(spans)


_CLASSES = {"i": _INITIAL, "c": _NAME}
_PLAIN_ESCAPES = frozenset("nrt\\|.?*+(){}-[]^$/")


class _Translator:
    """Walks an XPath pattern once and writes Python's; `x` mode drops white space outside brackets."""

    def __init__(self, pattern: str, spaced: bool) -> None:
        self.pattern = pattern
        self.spaced = spaced
        self.at = 0
        self.groups = 0

    def translated(self) -> str:
        out: list[str] = []
        while self.at < len(self.pattern):
            character = self.pattern[self.at]
            if character == "[":
                out.append(self._bracket())
                continue
            self.at += 1
            if character == "\\":
                out.append(self._escape(False))
            elif self.spaced and character in " \t\r\n":
                continue
            elif character == "$":
                out.append("$" if self.multiline else r"\Z")
            elif character == "(":
                out.append(self._group())
            elif character == "{" and not re.match(r"\{\d{1,4}(,\d{0,4})?\}", self.pattern[self.at - 1 :]):
                raise NoValue("`{` needs a count behind it")
            else:
                out.append("\\#" if character == "#" else character)
        return "".join(out)

    multiline = False

    def _group(self) -> str:
        if self.pattern.startswith("?:", self.at):
            self.at += 2
            return "(?:"
        if self.pattern.startswith("?", self.at):
            raise NoValue("`(?` is no group")
        self.groups += 1
        return "("

    def _escape(self, inside: bool) -> str:
        if self.at >= len(self.pattern):
            raise NoValue("the pattern ends in a backslash")
        character = self.pattern[self.at]
        self.at += 1
        if character in "pP":
            end = self.pattern.find("}", self.at)
            if self.pattern[self.at : self.at + 1] != "{" or end < 0:
                raise NoValue(f"`\\{character}` needs a class in braces")
            body = _category(self.pattern[self.at + 1 : end])
            self.at = end + 1
            if character == "P":
                if inside:
                    raise NoValue("a class in brackets cannot hold `\\P`")
                return f"[^{body}]"
            return body if inside else f"[{body}]"
        if character.lower() in _CLASSES:
            body = _CLASSES[character.lower()]
            if inside:
                return body
            return f"[{'^' if character.isupper() else ''}{body}]"
        if character in "dDwWsS":
            return "\\" + character
        if character in _PLAIN_ESCAPES:
            return "\\" + character
        if character.isdigit() and character != "0" and not inside and int(character) <= self.groups:
            return f"(?:\\{character})"
        raise NoValue(f"`\\{character}` is no escape of a pattern")

    def _bracket(self) -> str:
        """Read `[…]`, with subtraction `[a-z-[aeiou]]` as a look-ahead."""
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        body: list[str] = []
        while True:
            if self.at >= len(self.pattern):
                raise NoValue("`[` has no `]`")
            character = self.pattern[self.at]
            if character == "]" and body:
                self.at += 1
                return f"[{'^' if negated else ''}{''.join(body)}]"
            if character == "-" and self.pattern.startswith("-[", self.at):
                self.at += 1
                minus = self._bracket()
                if not self.pattern.startswith("]", self.at):
                    raise NoValue("a subtraction must end its brackets")
                self.at += 1
                return f"(?:(?!{minus})[{'^' if negated else ''}{''.join(body)}])"
            self.at += 1
            if character == "\\":
                body.append(self._escape(True))
            elif character == "[":
                raise NoValue("`[` must be escaped inside brackets")
            else:
                body.append("\\" + character if character in "&~|^" else character)


_REPEAT = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\.|\(\?:|\(\?!|[()]|[*+?]|\{\d+(?:,\d*)?\}|.", re.DOTALL)


class _Choices:
    """How many ways a pattern gives `re` to go wrong: repeats without end, optional parts, repeats in repeats."""

    def __init__(self, pattern: str) -> None:
        self.unbounded = 0
        self.optional = 0
        self.nested = False
        inside = [False]  # whether the group so far holds a choice
        closed = False  # whether the piece before was such a group
        for match in _REPEAT.finditer(pattern):
            piece = match.group()
            if piece in ("(", "(?:", "(?!"):
                inside.append(False)
                closed = False
            elif piece == ")":
                closed = inside.pop() if len(inside) > 1 else False
                inside[-1] = inside[-1] or closed
            elif piece in ("*", "+", "?", "|") or (piece[0] == "{" and len(piece) > 2):
                inside[-1] = inside[-1] or "," in piece or piece[0] != "{"
                self._count(piece, closed)
                closed = closed and piece == "?"
            else:
                closed = False

    def _count(self, piece: str, closed: bool) -> None:
        if piece in ("*", "+") or piece.endswith(",}"):
            self.unbounded += 1
            self.nested = self.nested or closed
        elif piece in ("?", "|"):
            self.optional += 1
        else:
            least, _, most = piece[1:-1].partition(",")
            self.optional += int(most or least) - int(least)
            self.nested = self.nested or (closed and int(most or least) > 1)

    def cost(self, length: int) -> float:
        """Estimate the tries of `re` on a text of that length, from above."""
        if self.nested and length > 18:
            return math.inf
        tries = (length + 1.0) ** (self.unbounded + bool(self.unbounded)) if self.unbounded < 12 else math.inf
        return max(tries * 2.0 ** min(self.optional, 60), length) * (2.0**length if self.nested else 1)


# Tries `re` may make before the automaton, which needs about as long for a tenth of it, takes over.
_MAX_TRIES = 3e6
_MAX_AUTOMATON = 4_000_000


class Pattern:
    """A checked pattern; it picks the way to match that is bounded for the text at hand."""

    __slots__ = ("_automaton", "_choices", "regex")

    def __init__(self, regex: re.Pattern[str], choices: _Choices | None) -> None:
        self.regex = regex
        self._choices = choices
        self._automaton: Automaton | None = None

    def _tame(self, text: str) -> bool:
        if len(text) > MAX_PATTERN_SUBJECT:
            raise NoValue(f"a pattern is matched against at most {MAX_PATTERN_SUBJECT} characters")
        return self._choices is None or self._choices.cost(len(text)) <= _MAX_TRIES

    def _steady(self, text: str) -> Automaton:
        if self._automaton is None:
            try:
                self._automaton = Automaton(self.regex.pattern, self.regex.flags)
            except Unsupported:
                raise NoValue("the pattern may take too long on a text of this length") from None
        if len(self._automaton.program) * (len(text) + 1) > _MAX_AUTOMATON:
            raise NoValue("the pattern takes too long on a text of this length")
        return self._automaton

    def found_in(self, text: str) -> bool:
        """Tell whether the pattern matches anywhere."""
        if self._tame(text):
            return self.regex.search(text) is not None
        return self._steady(text).search(text) is not None

    def matches(self, text: str) -> Iterator[tuple[int, ...]]:
        """Yield the places of each match and of its groups: start, end, start of group 1, its end, and so on."""
        if self._tame(text):
            for match in self.regex.finditer(text):
                yield tuple(place for group in match.regs for place in group)
        else:
            budget = _MAX_AUTOMATON
            automaton = self._steady(text)
            for places in automaton.finditer(text):
                budget -= len(automaton.program) * (places[1] - places[0] + 1)
                if budget < 0:
                    raise NoValue("the pattern takes too long on a text of this length")
                yield places


@lru_cache(maxsize=1024)
def compiled(pattern: str, flags: str = "") -> Pattern:
    """Compile an XPath pattern with its flags (`s m i x q`)."""
    if len(pattern) > MAX_PATTERN:
        raise NoValue(f"a pattern holds at most {MAX_PATTERN} characters")
    if not set(flags) <= _FLAGS.keys():
        raise NoValue(f"`{flags}` are no flags of a pattern")
    options = re.NOFLAG
    for flag in flags:
        options |= _FLAGS[flag]
    if "q" in flags:
        return Pattern(re.compile(re.escape(pattern), options), None)
    translator = _Translator(pattern, "x" in flags)
    translator.multiline = "m" in flags
    try:
        python = translator.translated()
        return Pattern(re.compile(python, options), _Choices(python))
    except (re.error, OverflowError, RecursionError, IndexError):
        raise NoValue(f"`{pattern}` is no pattern") from None


Part = str | int  # a piece of a replacement: a text, or the number of a group


def replacement(text: str, groups: int) -> tuple[Part, ...]:
    """Read the `$1` and `\\$` of an XPath replacement."""
    out: list[Part] = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "\\":
            if at >= len(text) or text[at] not in "\\$":
                raise NoValue("a backslash in a replacement stands before `$` or another backslash")
            out.append(text[at])
            at += 1
        elif character == "$":
            digits = re.match("[0-9]+", text[at:])
            if digits is None:
                raise NoValue("`$` in a replacement needs the number of a group")
            number = digits.group()
            # `$12` is group 12 where there are so many groups, otherwise group 1 and the text `2`.
            while len(number) > 1 and int(number) > groups:
                number = number[:-1]
            at += len(number)
            out.append(int(number) if int(number) <= groups else "")
        else:
            out.append(character)
    return tuple(out)
