"""A lexer for Pygments: process files, and pieces of them, cut as the parser reads them.

Keywords are soft, so only the parser knows which words are keywords: a line is coloured by the lexemes that it is read
as. What cannot be read is coloured by the keyword that it begins with and by the pieces of FEEL. A text that begins
indented is a piece of a process, as on the pages of the documentation. Pygments itself comes with Rich.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from pygments import token as k
from pygments.lexer import Lexer
from pygments.token import _TokenType as Kind

from charter.dsl.text.layout import HEADERS
from charter.dsl.text.lexer import ENDS, Lexeme, Mode, Unreadable
from charter.dsl.text.parser import Reading, table
from charter.dsl.text.source import Source, read
from charter.dsl.text.words import keyword_terminals
from charter.engine.feel.tokens import cut
from charter.engine.feel.words import KEYWORDS
from charter.engine.names import marks
from charter.engine.text import composed

Painted = tuple[int, int, Kind]  # from, to, and what stands there

# What a terminal is to a reader; any other word of the tables is a keyword.
KINDS = {
    **dict.fromkeys(("WEEKDAY", "WEEKDAYS", "POLICY", "STATE", "VERDICT"), k.Keyword.Constant),
    **dict.fromkeys(("NAME", "PATH", "KEY", "POINT", "SUBJECT"), k.Name),
    **dict.fromkeys(("DATE", "CLOCK", "CLOSED_PERIOD"), k.Literal.Date),
    **dict.fromkeys(("INT", "SHARE"), k.Number),
    **dict.fromkeys(("COMMA", "BAR", "LPAR", "RPAR"), k.Punctuation),
    **dict.fromkeys(("EQUALS", "GE", "DASH"), k.Operator),
    "TYPE": k.Keyword.Type,
    "STRING": k.String,
    "ID": k.Name.Label,
    "WORD": k.Literal,
}
# What a piece of an expression is, by the name that its pattern has.
_PIECES = {
    "string": k.String,
    "date": k.Literal.Date,
    "number": k.Number,
    "money": k.Number,
    "word": k.Name,
    "mark": k.Operator,
}
_CONSTANTS = frozenset({"true", "false", "null"})
_PIECE_OF = "process _\n"  # what an indented text is read below


class CharterLexer(Lexer):
    """Colours the Charter language, whichever of its three keyword languages a line is in."""

    name = "Charter"
    aliases = ("charter",)
    filenames = ("*.charter",)

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Kind, str]]:
        kinds = [k.Whitespace if c.isspace() else k.Text for c in text]
        for start, end, kind in painted(text):
            kinds[start:end] = [kind] * (end - start)
        at = 0
        for kind, run in groupby(kinds):
            length = len(list(run))
            yield at, kind, text[at : at + length]
            at += length


def painted(text: str) -> Iterator[Painted]:
    """Says what stands where in a text, comments last, as they may stand within an expression."""
    if composed(text) != text:
        yield from _pieces(text, 0, len(text))  # places in its one form would be others
        return
    source, by = read(text), 0
    if source.lines and source.lines[0][2]:
        source, by = read(_PIECE_OF + text), len(_PIECE_OF)
    reading = _Reading(source)
    reading.run()
    for start, stop, _ in source.lines:
        for begin, end, kind in _line(source.working, start, stop, reading.lexemes.get(start, [])):
            if begin >= by:
                yield begin - by, end - by, kind
    for begin, end in _comments(source):
        yield begin - by, end - by, k.Comment.Single


class _Reading(Reading):
    """Keeps the lexemes of each line, and leaves a line alone that cannot be read."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.lexemes: dict[int, list[Lexeme]] = {}

    def feed(self, start: int, stop: int, doubts: dict[int, bool], line: str | None = None) -> list[Lexeme]:
        try:
            self.lexemes[start] = super().feed(start, stop, doubts, line)
        except Unreadable as error:
            self.lexemes[start] = max(self.lexemes.get(start, []), error.read, key=len)
            raise
        return self.lexemes[start]

    def mend(self, start: int, stop: int, error: Unreadable) -> bool:
        return False


@cache
def _declaring() -> frozenset[str]:
    """The terminals behind which a name is given to something: those of elements, and all that take a title."""
    states = table().states
    titled = (n for rows in states for n, to in rows.items() if n.isupper() and to >= 0 and "titled" in states[to])
    return HEADERS | frozenset(titled)


@cache
def _any_keyword() -> Mode:
    return Mode(keyword_terminals())


def _line(text: str, start: int, stop: int, lexemes: list[Lexeme]) -> Iterator[Painted]:
    at, declares = start, False
    if not lexemes and (first := _any_keyword().next(text, start, stop, {}, marks(text[start:stop]))) is not None:
        lexemes = [first]
    for lexeme in lexemes:
        at = lexeme.end_pos
        if lexeme.type in ENDS or lexeme.type == "ROW":
            yield from _pieces(text, lexeme.start_pos, at)
        elif declares and lexeme.type == "NAME":
            yield *lexeme.span, k.Name.Class
        else:
            yield *lexeme.span, KINDS.get(lexeme.type, k.Keyword)
        declares = lexeme.type in _declaring()
    yield from _pieces(text, at, stop)


def _pieces(text: str, start: int, stop: int) -> Iterator[Painted]:
    for name, piece, begin, end in cut(text[start:stop], True):
        kind = _PIECES.get(name, k.Punctuation if piece in "()[]{},;:|" else k.Operator)
        if piece in KEYWORDS and name == "word":
            kind = k.Keyword.Constant if piece in _CONSTANTS else k.Operator.Word
        yield start + begin, start + end, kind


def _comments(source: Source) -> Iterator[tuple[int, int]]:
    """Gives where comments stand: a `#` that the reader has blanked, up to the end of its line."""
    end = -1
    for mark in re.finditer("[#＃]", source.text):
        if mark.start() >= end and source.working[mark.start()] == " ":
            end = source.text.find("\n", mark.start()) % (len(source.text) + 1)
            yield mark.start(), end
