"""Which block a line belongs to, by its indentation; and where that is wrong, by the word that it begins with.

A line stands beside lines above it, or opens a block below the last one. One that does neither is told once, with the
mend for all that stands as wrongly below it, and is read where it was probably meant to be, so that nothing is told of
the lines that follow. Knows what the automaton could take, and no grammar.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import takewhile

from charter.dsl.diagnostic import Diagnostic, Edit, Fix
from charter.dsl.text.lexer import Lexeme
from charter.dsl.text.source import Source
from charter.dsl.text.words import spellings
from charter.engine.lalr import Automaton
from charter.engine.names import NAME, compiled

STEP = 2  # blanks by which a block stands deeper


class Layout:
    """The blocks that are open, `levels` their indentations; it feeds the automaton what opens and closes them."""

    def __init__(self, source: Source, state: Automaton, marks: str) -> None:
        self.source = source
        self.state = state
        self.marks = marks
        self.levels = [0]
        self.begun = [0]  # which line opened each
        self.slip: tuple[int, int] | None = None  # an indentation that is wrong, and the level that is meant by it
        self.tabbed = source.tabs
        # Tabs among blanks have no width that anybody knows; where all is indented by tabs, they need none.
        self.mixed = bool(self.tabbed) and any(indent and start not in self.tabbed for start, _, indent in source.lines)
        self.untabbed: list[Edit] = []
        self.placed: dict[int, int] = {}  # where a line is read that stands elsewhere

    def enter(self, number: int) -> tuple[bool, Diagnostic | None]:
        """Goes to the block of a line: whether the line opens it, and what is wrong with its indentation."""
        start, _, indent = self.source.lines[number]
        levels, found = self.levels, None
        sure = indent in levels and self.slip is None and start not in self.tabbed
        words = frozenset[str]() if sure else self.words(start)
        tabbed = start in self.tabbed
        if tabbed and self.mixed:
            indent = self.meant(number, words)
        elif self.slip is not None and indent <= self.slip[0]:
            if indent == self.slip[0] and self.slip[1] in levels:
                below = self.slip[1] == levels[-1] and not self.fits(words) and self.fits(words, "INDENT")
                indent = self.slip[1] + below
                self.slip = None if below else self.slip
            elif indent < self.slip[0]:
                self.slip = None
        keywords = words - _SHAPES
        if sure and (found := self.loose(number)) is not None:
            indent = self.placed[number] = self.source.lines[number + 1][2]
        opens = indent > levels[-1]
        if found is not None:
            pass
        elif opens and self.sibling(number, words):
            found, opens = self.first(number, "CH111"), False
        elif (
            opens
            and not self.inside(number, keywords)
            and not (self.fits(words, "INDENT") or (self.state.takes("INDENT") and not self.fits(keywords)))
        ):
            found = self.first(number, "CH111") if self.is_first(number) else self.told("CH111", number, levels[-1])
            indent, opens = levels[-1], False
        while indent < levels[-1]:
            between = indent > levels[-2]
            if between and (self.stays(keywords) or not self.fits(keywords, "DEDENT")):
                found = self.first(number, "CH110") if self.is_first(number) else self.told("CH110", number, levels[-1])
                break
            levels.pop()
            self.begun.pop()
            self.state.feed(Lexeme("DEDENT", "", start, start))
            if between:
                found = self.told("CH110", number, levels[-1])
                break
        if opens:
            self.state.feed(Lexeme("INDENT", "", start, start))
        if tabbed:
            column = indent if not self.mixed else levels[-1] + STEP * opens
            self.untabbed.append(self.moved(number, column))
        return opens, None if self.tabbed else found

    def stays(self, keywords: frozenset[str]) -> bool:
        """Whether a line is one of the innermost block; elements stand in phases only, whatever the grammar takes."""
        around = self.words(self.source.lines[self.begun[-1] - 1][0]) if self.begun[-1] else frozenset[str]()
        return self.fits(keywords) and not (keywords & _NESTED and around & _WORK)

    def is_first(self, number: int) -> bool:
        """Whether the only line of a block before this one stands wrongly, as the next line tells."""
        if len(self.levels) == 1 or self.begun[-1] != number - 1:
            return False
        level, wrong = self.levels[-1], self.source.lines[number][2]
        following = [indent for _, _, indent in self.source.lines[number + 1 : number + 1 + _LOOKED_AT]]
        if wrong > level and level in takewhile(lambda indent: indent >= level, following):
            return False
        block = list(takewhile(lambda indent: indent >= wrong, following))
        return wrong in block or (wrong < level and level not in block)

    def loose(self, number: int) -> Diagnostic | None:
        """Tells of a line that stands beside its element, while the lines below it stand in it."""
        lines = self.source.lines
        start, stop, indent = lines[number]
        below, _, deeper = lines[number + 1] if number + 1 < len(lines) else (0, 0, 0)
        if deeper <= indent or not number or lines[number - 1][2] != indent or not self.state.takes("INDENT"):
            return None
        words, next_words = self.words(start), self.words(below) - _SHAPES - _OF_ROLES
        if not self.words(lines[number - 1][0]) & _NESTED or not words & _PLAIN or words & _NESTED:
            return None
        if not self.fits(words & _PLAIN, "INDENT") or not self.fits(next_words, "INDENT"):
            return None
        found = self.source.working[start:stop].split(maxsplit=1)[0]
        said = {"hint": "of_above", "found": found}
        return Diagnostic("CH110", (start, stop), said, Fix((self.moved(number, deeper),)), self.source.path)

    def inside(self, number: int, keywords: frozenset[str]) -> bool:
        """Whether a line declares something right below the header of a phase, where nothing can be declared."""
        return bool(keywords & DECLARING and self.words(self.source.lines[number - 1][0]) & {"PHASE"})

    def sibling(self, number: int, words: frozenset[str]) -> bool:
        """Whether a deeper line and the next one could stand beside the one line of their block, and not below it."""
        _, _, indent = self.source.lines[number]
        start, _, after = self.source.lines[number + 1] if number + 1 < len(self.source.lines) else (0, 0, 0)
        if after != indent or not self.is_first(number):
            return False
        return all(self.fits(each) and not self.fits(each, "INDENT") for each in (words, self.words(start)))

    def opened(self, number: int) -> None:
        """Takes note that the block which a line opens is open."""
        start, _, indent = self.source.lines[number]
        self.begun.append(number)
        indent = self.placed.get(number, indent)
        self.levels.append(self.levels[-1] + STEP if start in self.tabbed and self.mixed else indent)

    def meant(self, number: int, words: frozenset[str]) -> int:
        """The level at which a line was meant to stand whose indentation tells nothing."""
        below = self.words(self.source.lines[number - 1][0])
        for kind in (words - _SHAPES, words & _SHAPES):
            if self.fits(kind, "INDENT") and not (kind & _NESTED and below & _WORK):
                return self.levels[-1] + STEP
            closed: list[str] = []
            for level, begun in zip(reversed(self.levels), reversed(self.begun), strict=True):
                around = self.words(self.source.lines[begun - 1][0]) if begun else frozenset[str]()
                if self.fits(kind, *closed) and not (kind & _NESTED and around & _WORK):
                    return level
                closed.append("DEDENT")
        return self.levels[-1]

    def fits(self, words: Collection[str], *before: str) -> bool:
        """Says whether a line that begins with one of these terminals could stand here, after what is named."""
        return any(self.state.takes(*before, word) for word in words)

    def words(self, start: int) -> frozenset[str]:
        """The terminals that a line's beginning may be."""
        text = self.source.working
        shapes = {"STRING"} if text[start] == '"' else {"ROW"} if text[start] == "|" else set()
        match = compiled(NAME, self.marks).match(text, start)
        if match is None:
            return frozenset(shapes)
        spelled = _spelled().get(match.group(), ())
        found = {terminal for shape, terminal in spelled if compiled(shape).match(text, start)}
        return frozenset(found | {"NAME"})

    def told(self, code: str, number: int, level: int) -> Diagnostic:
        """Tells of a line at a wrong indentation, with the mend of all lines below that stand as wrongly."""
        start, stop, indent = self.source.lines[number]
        self.slip = (indent, level)
        return Diagnostic(code, (start, stop), {}, Fix(tuple(self.shifted(number, level))), self.source.path)

    def first(self, number: int, code: str) -> Diagnostic:
        """Tells of a line that stands otherwise than the one line of its block before it: that one is mended."""
        start, stop, indent = self.source.lines[number]
        self.levels[-1] = indent
        return Diagnostic(code, (start, stop), {}, Fix((self.moved(number - 1, indent),)), self.source.path)

    def shifted(self, number: int, level: int) -> Iterator[Edit]:
        """The edits that put a line, and those below that stand as wrongly, where they belong."""
        start, _, wrong = self.source.lines[number]
        header = self.words(start)
        for later in range(number, len(self.source.lines)):
            start, _, indent = self.source.lines[later]
            if indent < wrong:
                return
            words = self.words(start)
            child = not self.fits(words) or (header & _WORK and not words & _NESTED)
            beside = later == number or indent > wrong or not child
            if beside and (indent == wrong or wrong - level >= STEP):
                yield self.moved(later, indent + level - wrong)

    def moved(self, number: int, column: int) -> Edit:
        """The edit that puts a line into a column."""
        start = self.source.lines[number][0]
        return Edit((self.source.text.rfind("\n", 0, start) + 1, start), " " * column)


_SHAPES = frozenset({"NAME", "STRING", "ROW"})
_LOOKED_AT = 100  # lines that tell which of two stands wrongly
_WORK = frozenset({"ACTIVITY", "APPROVAL", "MILESTONE"})
# What a process declares, and no element does.
DECLARING = frozenset({"RECORD", "PARAMETER", "CALENDAR", "DECISION", "KPI", "RULE"})
# Lines of elements below which nothing stands; what stands below a role.
_PLAIN = frozenset(
    {"DONE_BY", "INPUT", "OUTPUT", "AFTER", "WHEN", "WITHIN", "DUE", "BY", "ABOUT", "ACCOUNTABLE", "SEPARATE_FROM"}
)
_OF_ROLES = frozenset({"REQUIRES", "SOURCE"})
_NESTED = _WORK | {"PHASE"}
HEADERS = DECLARING | _NESTED | {"PROCESS", "ROLE"}


@cache
def _spelled() -> Mapping[str, list[tuple[str, str]]]:
    """The spellings of all terminals by their first words, as patterns; a file asks for few of them."""
    found: dict[str, list[tuple[str, str]]] = {}
    for words, terminal, _, _ in spellings():
        first, *_ = parts = words.split()
        found.setdefault(first, []).append((r"\s+".join(map(re.escape, parts)) + r"(?!\w)", terminal))
    return found
