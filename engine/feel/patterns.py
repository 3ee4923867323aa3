"""Regular expressions as XPath 3.1 and XML Schema write them, run by Python's `re`.

Translates the syntax, the flags and the replacement text, and keeps the time bounded: where `re` might try too
many ways, `automaton` follows them all at once. `compiled` raises NoValue for a text that is no pattern.
Source: DMN 1.5 table 74 (matches, replace, split), XQuery and XPath Functions 3.1 chapter 5.6.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache

from charter.engine.feel.automaton import LINE_START, Automaton, Unsupported
from charter.engine.feel.charsets import Spans, bracket, complement, escape, minus, named, union, with_cases
from charter.engine.feel.frames import NoValue
from charter.engine.feel.limits import MAX_PATTERN, MAX_PATTERN_SUBJECT

_FLAGS = frozenset("smixq")
_PLAIN_ESCAPES = {**{mark: mark for mark in "\\|.?*+(){}-[]^$/"}, "n": "\n", "r": "\r", "t": "\t"}
_QUANTIFIER = re.compile(r"[*+?]|\{\d{1,4}(,\d{0,4})?\}")
_SPACE = " \t\r\n"


def _unspaced(pattern: str) -> str:
    """Drop the white space that the flag `x` makes meaningless: all but that inside brackets."""
    out: list[str] = []
    depth, escaped = 0, False
    for character in pattern:
        if character in _SPACE and not depth:
            continue
        if not escaped:
            depth = max(0, depth + (character == "[") - (character == "]"))
        escaped = character == "\\" and not escaped
        out.append(character)
    return "".join(out)


class _Translator:
    """Walks an XPath pattern once and writes Python's, every class as the characters it holds."""

    def __init__(self, pattern: str, flags: str) -> None:
        self.pattern = _unspaced(pattern) if "x" in flags else pattern
        self.any_case = "i" in flags
        self.any = "." if "s" in flags else r"[^\n\r]"
        self.start, self.end = (LINE_START, "$") if "m" in flags else ("^", r"\Z")
        self.at = 0
        self.open: list[int] = []  # numbers of the groups that are not closed yet, 0 where one has none
        self.closed: set[int] = set()
        self.groups = 0

    def translated(self) -> str:
        """Give the pattern for `re`, to be compiled without the flags `i`, `m` and `x`."""
        out: list[str] = []
        while self.at < len(self.pattern):
            mark = self.pattern[self.at]
            if mark in "|(":
                self.at += 1
                out.append(self._group() if mark == "(" else mark)
                continue
            out.append(self._atom(mark))
            out.append(self._quantifier())
        if self.open:
            raise NoValue("`(` has no `)`")
        return "".join(out)

    def _atom(self, mark: str) -> str:
        if mark == "[":
            return bracket(self._bracket())
        self.at += 1
        if mark == "\\":
            return self._escape()
        if mark == ")":
            if not self.open:
                raise NoValue("`)` has no `(`")
            self.closed.add(self.open.pop())
            return ")"
        if mark in "*+?{}]":
            raise NoValue(f"unexpected `{mark}`")
        anchor = {"^": self.start, "$": self.end}.get(mark)
        return self.any if mark == "." else f"(?:{anchor})" if anchor else self._one(mark)

    def _one(self, character: str) -> str:
        if self.any_case:
            return bracket(with_cases(((ord(character), ord(character)),)))
        return re.escape(character)

    def _quantifier(self) -> str:
        found = _QUANTIFIER.match(self.pattern, self.at)
        if not found:
            return ""
        self.at = found.end()
        if self.pattern.startswith("?", self.at):
            self.at += 1
            return f"{found.group()}?"
        return found.group()

    def _group(self) -> str:
        if self.pattern.startswith("?:", self.at):
            self.at += 2
            self.open.append(0)
            return "(?:"
        if self.pattern.startswith("?", self.at):
            raise NoValue("`(?` does not begin a group")
        self.groups += 1
        self.open.append(self.groups)
        return "("

    def _escape(self) -> str:
        digits = re.compile("[1-9][0-9]*").match(self.pattern, self.at)
        if digits is None:
            found = self._escaped()
            return self._one(found) if isinstance(found, str) else bracket(found)
        # `\\12` is group 12 where there are so many, otherwise group 1 and the text `2`.
        number = digits.group()
        while int(number) > self.groups and len(number) > 1:
            number = number[:-1]
        if int(number) not in self.closed:
            raise NoValue(f"there is no group {number} before `\\{number}`")
        self.at += len(number)
        return f"(?i:\\{number})" if self.any_case else f"(?:\\{number})"

    def _escaped(self) -> str | Spans:
        """Read what follows a backslash: one character, or a set of them."""
        if self.at >= len(self.pattern):
            raise NoValue("the pattern ends in a backslash")
        letter = self.pattern[self.at]
        self.at += 1
        if letter in "pP":
            end = self.pattern.find("}", self.at)
            if self.pattern[self.at : self.at + 1] != "{" or end < 0:
                raise NoValue(f"`\\{letter}` needs a class in braces")
            spans = named(self.pattern[self.at + 1 : end])
            self.at = end + 1
            return spans if letter == "p" else complement(spans)
        found = _PLAIN_ESCAPES.get(letter) or escape(letter)
        if found is None:
            raise NoValue(f"`\\{letter}` is not a valid escape in a pattern")
        return found

    def _bracket(self) -> Spans:
        """Read `[…]`, with ranges, escapes and subtraction: `[a-z-[aeiou]]`."""
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        written: list[tuple[int, int]] = []
        classes: list[Spans] = []
        first = self.at
        while not self.pattern.startswith(("]", "-["), self.at):
            one = self._member(self.at == first)
            if not isinstance(one, str):
                classes.append(one)
                continue
            low = high = ord(one)
            if self.pattern.startswith("-", self.at) and not self.pattern.startswith(("-]", "-["), self.at):
                self.at += 1
                last = self._member(False)
                if not isinstance(last, str) or ord(last) < low:
                    raise NoValue("a range in brackets goes from one character to a later one")
                high = ord(last)
            written.append((low, high))
        if self.at == first:
            raise NoValue("the brackets are empty")
        spans = union(written)
        spans = union(with_cases(spans) if self.any_case else spans, *classes)
        spans = complement(spans) if negated else spans
        if self.pattern.startswith("-[", self.at):
            self.at += 1
            spans = minus(spans, self._bracket())
            if not self.pattern.startswith("]", self.at):
                raise NoValue("a subtraction must come last in its brackets")
        self.at += 1
        return spans

    def _member(self, first: bool) -> str | Spans:
        mark = self.pattern[self.at : self.at + 1]
        self.at += 1
        if mark == "\\":
            return self._escaped()
        if not mark:
            raise NoValue("`[` has no `]`")
        if mark == "[" or (mark == "-" and not first and not self.pattern.startswith(("]", "-["), self.at)):
            raise NoValue(f"`{mark}` must be escaped inside brackets")
        return mark


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
    if not _FLAGS.issuperset(flags):
        raise NoValue(f"`{flags}` are not flags of a pattern")
    if "q" in flags:
        return Pattern(re.compile(re.escape(pattern), re.IGNORECASE if "i" in flags else 0), None)
    python = _Translator(pattern, flags).translated()
    options = (re.DOTALL if "s" in flags else 0) | (re.MULTILINE if "m" in flags else 0)
    try:
        return Pattern(re.compile(python, options), _Choices(python))
    except (re.error, OverflowError, RecursionError, IndexError):
        raise NoValue(f"`{pattern}` is not a valid pattern") from None


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
                raise NoValue("a backslash in a replacement must come before `$` or another backslash")
            out.append(text[at])
            at += 1
        elif character == "$":
            number, first = 0, at
            # `$12` is group 12 where there are so many groups, otherwise group 1 and the text `2`.
            while (
                at < len(text) and text[at] in "0123456789" and (at == first or number * 10 + int(text[at]) <= groups)
            ):
                number = number * 10 + int(text[at])
                at += 1
            if at == first:
                raise NoValue("`$` in a replacement needs the number of a group")
            if number <= groups:
                out.append(number)
        else:
            out.append(character)
    return tuple(out)
