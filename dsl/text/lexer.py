"""Cuts a logical line into the grammar's terminals, one at a time, as the parser can take them.

A word is a keyword only where the parser could shift that keyword, so keywords are soft without the grammar having
to say so. Where a keyword and a name could both stand, the keyword is chosen and the place is remembered (`doubts`):
when the line turns out unreadable, the parser asks again with names there.

Expressions are one lexeme. EXPR reaches to the end of the line; the others end before a word (or comma) that the
line goes on with, outside quotes and brackets: see `ENDS`. A word that follows an operator or a dot is part of the
expression. Knows nothing of lines, blocks and trees.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache

from charter.dsl.text.tree import NO_COMMENTS, Comments, Span
from charter.dsl.text.words import day_range, spellings
from charter.engine.names import NAME, compiled

_PATH = rf"{NAME}(?:\.{NAME})*"
_INDEX = r"(?:\[\d+(?:\.\d+)*\])?"
_KEY = rf"{_PATH}{_INDEX}"
_AFTER_SUBJECT = "|".join(
    re.escape(w).replace(r"\ ", r"\s+")
    for w, terminal, _, _ in spellings()
    if terminal in ("IS", "WAS_DONE_BY", "SEES", "CANNOT_SEE")
)

# Terminals that are not words, in the order in which they are tried.
PATTERNS: Mapping[str, str] = {
    "WEEKDAYS": day_range(),
    "SUBJECT": rf"{_KEY}(?=\s+(?:{_AFTER_SUBJECT})(?!\w))",
    "KEY": _KEY,
    "POINT": rf"{NAME}{_INDEX}",
    "PATH": _PATH,
    "NAME": NAME,
    "STATE": NAME,
    "STRING": r'"(?:[^"\\\n]|\\.)*"',
    "CLOSED_PERIOD": r"\d{4}(?:-(?:[QW]\d{1,2}|\d\d(?:-\d\d)?))?(?![\w.-])",
    "DATE": r"\d{4}-\d\d-\d\d(?!\d)",
    "CLOCK": r"(?:[01]?\d|2[0-3]):[0-5]\d|24:00",
    "SHARE": r"\d{1,4}\s*[%％]",
    "INT": r"\d{1,9}(?![0-9A-Za-z_.:])",
    "ID": r'(?=[^\s,"]*\d)[^\s,"]+',
    "WORD": r'[^\s"]+',
    "COMMA": ",",
    "EQUALS": "=",
    "ROW": r"\|[^\n]*",
    "BAR": r"\|",
    "LPAR": r"\(",
    "RPAR": r"\)",
    "GE": ">=|≥",
    "DASH": r"[-–—~至到]|to\b",
}
# What ends an expression before the end of its line.
ENDS: Mapping[str, Collection[str]] = {
    "EXPR": (),
    "ITEMS": ("OPEN", "KEPT", "EVIDENCE", "CHECK_BY", "SOURCE", "CALL", "RUN", "START", "DECIDE"),
    "PERIOD": ("WHILE",),
    "CYCLE": ("BY",),
    "AGREED": ("WHEN",),
    "AMOUNT": ("PER",),
    "RANK": ("COMMA", "MOST_FIRST"),
    "COUNT": ("OF_DONE",),
    "COND": ("OPTIONAL", "VISIBLE_TO", "SOURCE", "DEFAULT", "REQUIRED_WHEN", "DRAWN"),
    "FILLED": ("OPTIONAL", "VISIBLE_TO", "SOURCE", "DEFAULT", "REQUIRED_WHEN", "DRAWN", "WHERE"),
    "VALUE": ("COMMA", "BECAUSE", "FOR_EACH"),
    "LEAD": ("BEFORE_DUE",),
    "GROUND": ("BECAUSE",),
    "ASKED": ("THEN",),
    "POOLED": ("OF",),
    "TRIGGER": ("NOTIFY", "ESCALATE_TO", "START"),
}
# What may stand right before that, beside a blank: 完成条件 3项完成.
_BEFORE: Mapping[str, str] = {"COUNT": r"\d)\]"}
# Words that spell a terminal only when this follows.
FOLLOWED: Mapping[str, str] = {
    "FILE_AT": r'(?=\s*")',
    "BECAUSE": r'(?=\s*"|\s*$|\s*\n)',
    "BECAUSE_CODE": r'(?=\s*[^\s"])',
    "OF_REPORT": r"(?=\s+[^\s=<>]+\.[^\s\d])",
    "KPI": r'(?=\s+["\w])',
    "RULE": r'(?=\s+["\w])',
}
# Patterns that a keyword must not cut short: 周一至周五 begins with one where blanks are in it.
_WHOLE = frozenset({"WEEKDAYS"})
_NAMES = ("NAME", "PATH", "KEY", "POINT", "SUBJECT", "ID")
# The pattern of several words, or of a word with a condition (empty: the plain word), its terminal and value.
_Spelling = tuple[str, str, str]


class Lexeme:
    """A terminal with its place. `value` is the word's row in the keyword tables, or the text itself."""

    __slots__ = ("comments", "end_pos", "span", "start_pos", "type", "value")
    line = column = end_line = end_column = None  # what Lark copies from one token to another

    def __init__(self, type: str, value: str, start: int, end: int, comments: Comments = NO_COMMENTS) -> None:
        self.type = type
        self.value = value
        self.start_pos = start
        self.end_pos = end
        self.span: Span = (start, end)
        self.comments = comments

    def shift(self, by: int) -> None:
        """Moves the lexeme, of a text that stands at `by` of another, to where it stands there."""
        self.start_pos += by
        self.end_pos += by
        self.span = (self.start_pos, self.end_pos)

    def __repr__(self) -> str:
        return f"Lexeme({self.type}, {self.value!r})"


class Unreadable(Exception):
    """Control flow within a line: no lexeme at `place`, or the parser cannot take this one; `why`: or build of it."""

    def __init__(self, place: int, read: list[Lexeme], why: Exception | None = None) -> None:
        self.place = place
        self.read = read
        self.why = why


class Mode:
    """How to read the next lexeme where just these terminals may stand."""

    def __init__(self, accepted: Collection[str]) -> None:
        self.accepted = frozenset(accepted)
        self.words: dict[str, list[_Spelling]] = {}
        for terminal, rows in _spelled().items():
            if terminal in self.accepted:
                for first, row in rows:
                    self.words.setdefault(first, []).append(row)
        for found in self.words.values():
            found.sort(key=lambda row: -len(row[0]))
        self.whole = not _WHOLE.isdisjoint(self.accepted)
        self.shape = "|".join(f"(?P<{name}>{PATTERNS[name]})" for name in PATTERNS if name in self.accepted)
        self.expression = next((name for name in ENDS if name in self.accepted), None)
        self.soft = bool(self.accepted.intersection(_NAMES))

    def next(self, text: str, pos: int, end: int, doubts: dict[int, bool], marks: str = "") -> Lexeme | None:
        """Reads the lexeme at `pos` of a logical line that ends at `end`; None when nothing here may stand.

        `marks`: those of the text that continue a name (`names.marks`).
        """
        if self.whole and (match := compiled(self.shape, marks).match(text, pos, end)) and match.lastgroup in _WHOLE:
            return Lexeme(match.lastgroup, match.group(), pos, match.end())
        word = compiled(NAME, marks).match(text, pos, end)
        if word:
            chosen = self.keyword(text, pos, end, word, marks)
            if chosen:
                if not self.soft:
                    return chosen
                if not doubts.get(pos):
                    doubts[pos] = False
                    return chosen
        if self.shape:
            match = compiled(self.shape, marks).match(text, pos, end)
            if match:
                return Lexeme(match.lastgroup or "", match.group(), pos, match.end())
        if self.expression:
            stop = _expression_end(self.expression, text, pos, end, marks)
            if stop > pos:
                return Lexeme(self.expression, text[pos:stop], pos, stop)
        return None

    def keyword(self, text: str, pos: int, end: int, word: re.Match[str], marks: str) -> Lexeme | None:
        for pattern, terminal, value in self.words.get(word.group(), ()):
            if not pattern:
                return Lexeme(terminal, value, pos, word.end())
            match = compiled(pattern, marks).match(text, pos, end)
            if match:
                return Lexeme(terminal, value, pos, match.end())
        return None


@cache
def _spelled() -> Mapping[str, list[tuple[str, _Spelling]]]:
    """The spellings of each terminal by their first words."""
    found: dict[str, list[tuple[str, _Spelling]]] = {}
    for words, terminal, value, _ in spellings():
        first, *more = words.split()
        pattern = ""
        if more or terminal in FOLLOWED:
            pattern = r"\s+".join(map(re.escape, (first, *more))) + r"(?!\w)" + FOLLOWED.get(terminal, "")
        found.setdefault(terminal, []).append((first, (pattern, terminal, value)))
    return found


@cache
def _scanner(kind: str) -> str:
    """What may matter inside an expression of a kind: quoted texts, brackets, and what ends it."""
    ends = ENDS[kind]
    marked = r'"(?:[^"\\]|\\.)*"?|[()\[\]{}]' + ("|," if "COMMA" in ends else "")
    words = sorted({w for w, t, _, _ in spellings() if t in ends}, key=len, reverse=True)
    spelled = "|".join(r"\s+".join(map(re.escape, w.split())) for w in words)
    return rf"{marked}|(?<=[\s{_BEFORE.get(kind, '')}])(?:{spelled})(?!\w)"


def _expression_end(kind: str, text: str, pos: int, end: int, marks: str) -> int:
    if kind == "EXPR":
        return end
    depth = 0
    for match in compiled(_scanner(kind), marks).finditer(text, pos, end):
        mark = match.group()
        if mark in "([{":
            depth += 1
        elif mark in ")]}":
            depth -= 1
        elif mark[0] == '"' or depth:
            continue
        elif mark == ",":
            return _trim(text, pos, match.start())
        elif match.start() > pos:
            stop = _trim(text, pos, match.start())
            if stop > pos and text[stop - 1] not in "=<>≤≥≠+-*/,.(":
                return stop
    return end


def _trim(text: str, pos: int, end: int) -> int:
    while end > pos and text[end - 1].isspace():
        end -= 1
    return end
