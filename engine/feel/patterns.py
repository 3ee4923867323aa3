"""Regular expressions as XPath 3.1 and XML Schema write them, run by Python's `re`.

Translates the syntax, the flags and the replacement text, and keeps the time bounded: a pattern whose repeats
may backtrack into one another is only matched against short texts. `compiled` raises NoValue for a text that is
no pattern. Source: DMN 1.5 table 74 (matches, replace, split), XQuery and XPath Functions 3.1 chapter 5.6.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache

from .frames import NoValue
from .limits import MAX_NESTED_SUBJECT, MAX_PATTERN, MAX_PATTERN_SUBJECT

_FLAGS = {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": 0, "q": 0}

# XML name characters, for \i and \c
_INITIAL = "_:A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd"
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


def _backtracks(pattern: str) -> bool:
    """Tell whether an unbounded repeat stands inside another, or two alternatives inside one.

    Errs towards yes; such patterns may take time exponential in the length of what they are matched against.
    """
    stack: list[bool] = [False]  # whether the group so far holds an unbounded repeat or alternatives
    closed = False  # whether the piece before was a group that holds one
    for match in _REPEAT.finditer(pattern):
        piece = match.group()
        if piece in ("(", "(?:", "(?!"):
            stack.append(False)
            closed = False
        elif piece == ")":
            closed = stack.pop() if len(stack) > 1 else False
            stack[-1] = stack[-1] or closed
        elif piece in ("*", "+") or (piece[0] == "{" and (piece[-2] == "," or int(re.findall(r"\d+", piece)[-1]) > 1)):
            if closed:
                return True
            stack[-1] = True
        elif piece == "|":
            stack[-1] = True
            closed = False
        elif piece != "?":
            closed = False
    return False


def _repeats(pattern: str) -> int:
    return sum(1 for match in _REPEAT.finditer(pattern) if match.group() in ("*", "+") or match.group()[-2:] == ",}")


class Pattern:
    """A checked pattern and how long a text it may be matched against."""

    __slots__ = ("longest", "regex")

    def __init__(self, regex: re.Pattern[str], longest: int) -> None:
        self.regex = regex
        self.longest = longest

    def on(self, text: str) -> re.Pattern[str]:
        """Give the compiled pattern for use on a text; NoValue when the text is too long for it."""
        if len(text) > self.longest:
            raise NoValue(f"the pattern may take too long on more than {self.longest} characters")
        return self.regex


# Longest text for a pattern by what its repeats may do; times stay under a second on one slow core.
_EXPONENTIAL_SUBJECT = 22


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
        return Pattern(re.compile(re.escape(pattern), options), MAX_PATTERN_SUBJECT)
    translator = _Translator(pattern, "x" in flags)
    translator.multiline = "m" in flags
    try:
        python = translator.translated()
        regex = re.compile(python, options)
    except (re.error, OverflowError, RecursionError, IndexError):
        raise NoValue(f"`{pattern}` is no pattern") from None
    if _backtracks(python) or re.search(r"\(\?:\\\d\)", python):
        longest = _EXPONENTIAL_SUBJECT
    else:
        # k repeats side by side cost at most length ** k.
        longest = {0: MAX_PATTERN_SUBJECT, 1: MAX_PATTERN_SUBJECT}.get(_repeats(python), MAX_NESTED_SUBJECT)
    return Pattern(regex, longest)


def replacement(text: str, groups: int) -> str:
    """Translate `$1` and `\\$` of an XPath replacement into Python's template."""
    out: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        at += 1
        if character == "\\":
            if at >= len(text) or text[at] not in "\\$":
                raise NoValue("a backslash in a replacement stands before `$` or another backslash")
            out.append("\\\\" if text[at] == "\\" else "$")
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
            out.append(f"\\g<{number}>" if int(number) <= groups else "")
        else:
            out.append(character)
    return "".join(out)
