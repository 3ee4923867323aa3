"""Regular expressions in time linear in the text: a program of small steps run for all ways at once.

Python's `re` tries one way after the other and may need exponential time; this follows every way in order of
preference, so that it finds what `re` would find, groups included (Pike's construction). It takes the Python
patterns that `patterns` writes: literals, classes, groups, alternatives, repeats, the start and end of text and
line; no references back. Slower than `re` on tame patterns, so `patterns` only uses it where `re` could blow up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from charter.engine.feel.frames import NoValue
from charter.engine.feel.limits import MAX_PROGRAM

# Where a line starts: at the very start, and behind a line's end unless nothing follows it (XPath 5.6.1).
LINE_START = r"(?:\A|(?<=\n)(?!\Z))"

_PIECE = re.compile(
    rf"""(?P<anchor>{re.escape(LINE_START)}|\^|\$|\\Z)
    |(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])
    |(?P<repeat>(?:[*+?]|\{{\d+(?:,\d*)?\}})\??)
    |(?P<open>\((?:\?:)?)
    |(?P<close>\))
    |(?P<or>\|)
    |(?P<one>\\.|.)""",
    re.VERBOSE | re.DOTALL,
)

# Instructions: (kind, argument, next, other). `char` tests one character, `split` prefers next to other,
# `save` notes a place, `anchor` tests the place.
Instruction = list[Any]
Saved = tuple[int, ...]
Steps = list[tuple[int, Saved]]


class Unsupported(Exception):
    """A pattern this construction cannot hold; it then stays with `re` and its bounds."""


class _Builder:
    """Recursive descent over the pieces of a pattern, to a program."""

    def __init__(self, pattern: str, flags: int) -> None:
        self.pieces = [(match.lastgroup or "", match.group()) for match in _PIECE.finditer(pattern)]
        self.flags = flags
        self.at = 0
        self.groups = 0
        self.program: list[Instruction] = []
        self.tests: dict[str, Callable[[str], Any]] = {}

    def emit(self, kind: str, argument: Any = None) -> int:
        if len(self.program) >= MAX_PROGRAM:
            raise NoValue("the pattern repeats too much")
        self.program.append([kind, argument, len(self.program) + 1, None])
        return len(self.program) - 1

    def alternatives(self) -> Node:
        branches = [self.sequence()]
        while self.at < len(self.pieces) and self.pieces[self.at][0] == "or":
            self.at += 1
            branches.append(self.sequence())
        return ("or", branches) if len(branches) > 1 else branches[0]

    def sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.pieces) and self.pieces[self.at][0] not in ("or", "close"):
            kind, text = self.pieces[self.at]
            self.at += 1
            if kind == "repeat":
                if not parts:
                    raise Unsupported
                parts.append(("repeat", parts.pop(), *_counts(text)))
            elif kind == "open":
                number = 0
                if text == "(":
                    self.groups += 1
                    number = self.groups
                inner = self.alternatives()
                if self.at >= len(self.pieces):
                    raise Unsupported
                self.at += 1
                parts.append(("group", inner, number))
            elif kind == "anchor":
                parts.append(("anchor", text))
            else:
                if text[0] == "\\" and text[1:].isdigit():
                    raise Unsupported
                parts.append(("char", text))
        return ("sequence", parts)

    def compile(self, node: Node) -> None:
        getattr(self, f"_{node[0]}")(*node[1:])

    def _sequence(self, parts: list[Node]) -> None:
        for part in parts:
            self.compile(part)

    def _char(self, text: str) -> None:
        if text not in self.tests:
            self.tests[text] = re.compile(text, self.flags).fullmatch
        self.emit("char", self.tests[text])

    def _anchor(self, text: str) -> None:
        self.emit("anchor", text)

    def _group(self, inner: Node, number: int) -> None:
        if number:
            self.emit("save", 2 * number)
        self.compile(inner)
        if number:
            self.emit("save", 2 * number + 1)

    def _or(self, branches: list[Node]) -> None:
        ends: list[int] = []
        for branch in branches[:-1]:
            split = self.emit("split")
            self.compile(branch)
            ends.append(self.emit("jump"))
            self.program[split][3] = len(self.program)
        self.compile(branches[-1])
        for end in ends:
            self.program[end][2] = len(self.program)

    def _repeat(self, inner: Node, least: int, most: int | None, lazy: bool) -> None:
        if most is None:
            self._endless(inner, least, lazy)
            return
        for _ in range(least):
            self.compile(inner)
        splits = []
        for _ in range(most - least):
            splits.append(self.emit("split"))
            self.compile(inner)
        for split in splits:
            self._choose(split, split + 1, len(self.program), lazy)

    def _endless(self, inner: Node, least: int, lazy: bool) -> None:
        for _ in range(least - 1):
            self.compile(inner)
        enter = self.emit("split") if not least else None
        start = len(self.program)
        self.compile(inner)
        # The way back stands behind the part, so that a part that took nothing leads out and not in a circle.
        self._choose(self.emit("split"), start, len(self.program), lazy)
        if enter is not None:
            self._choose(enter, start, len(self.program), lazy)

    def _choose(self, split: int, on: int, out: int, lazy: bool) -> None:
        """Let a split go on with a repeat or out of it, out first when it is lazy."""
        self.program[split][2:] = [out, on] if lazy else [on, out]


Node = tuple[Any, ...]


def _counts(text: str) -> tuple[int, int | None, bool]:
    lazy = len(text) > 1 and text.endswith("?")
    mark = text[:-1] if lazy else text
    simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(mark)
    if simple:
        return *simple, lazy
    least, comma, most = mark[1:-1].partition(",")
    return int(least), (int(most) if most else None) if comma else int(least), lazy


class Automaton:
    """A compiled program; `search` and `finditer` give the places of a match and of its groups."""

    __slots__ = ("groups", "multiline", "program")

    def __init__(self, pattern: str, flags: int) -> None:
        builder = _Builder(pattern, flags & ~re.MULTILINE)
        tree = builder.alternatives()
        if builder.at < len(builder.pieces):
            raise Unsupported
        builder.compile(tree)
        builder.emit("match")
        self.program = [tuple(instruction) for instruction in builder.program]
        self.groups = builder.groups
        self.multiline = bool(flags & re.MULTILINE)

    def _holds(self, anchor: str, text: str, at: int) -> bool:
        if anchor == "^":
            return at == 0
        if anchor == LINE_START:
            return at == 0 or (text[at - 1] == "\n" and at < len(text))
        return at == len(text) or (anchor == "$" and self.multiline and text[at] == "\n")

    def _follow(self, start: int, saved: Saved, text: str, at: int, seen: set[int], out: Steps) -> None:
        """Add every step that can be reached without a character, in order of preference."""
        waiting = [(start, saved)]
        while waiting:
            step, saved = waiting.pop()
            if step in seen:
                continue
            seen.add(step)
            kind, argument, following, other = self.program[step]
            if kind == "split":
                waiting.append((other, saved))
                waiting.append((following, saved))
            elif kind == "jump":
                waiting.append((following, saved))
            elif kind == "save":
                waiting.append((following, (*saved[:argument], at, *saved[argument + 1 :])))
            elif kind == "anchor":
                if self._holds(argument, text, at):
                    waiting.append((following, saved))
            else:
                out.append((step, saved))

    def search(self, text: str, begin: int = 0) -> Saved | None:
        """Find the first match at or behind `begin`: start, end, then the places of each group, -1 where unused."""
        nothing = (-1,) * (2 * self.groups + 2)
        best: Saved | None = None
        here: Steps = []
        for at in range(begin, len(text) + 1):
            seen: set[int] = {step for step, _ in here}
            if best is None:
                self._follow(0, (at, -1, *nothing[2:]), text, at, seen, here)
            if not here:
                if best is not None:
                    break
                continue
            following: Steps = []
            reached: set[int] = set()
            character = text[at : at + 1]
            for step, saved in here:
                kind, test, onward, _ = self.program[step]
                if kind == "match":
                    best = (saved[0], at, *saved[2:])
                    break
                if character and test(character):
                    self._follow(onward, saved, text, at + 1, reached, following)
            here = following
        return best

    def finditer(self, text: str) -> Iterator[Saved]:
        """Find all matches that do not overlap."""
        at = 0
        while at <= len(text):
            found = self.search(text, at)
            if found is None:
                return
            yield found
            at = found[1] if found[1] > found[0] else found[1] + 1
