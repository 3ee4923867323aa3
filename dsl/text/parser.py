"""Source -> tree: drives the automaton of charter.lark over the logical lines and goes on after errors.

lexer.py feeds it what each state can take, and the functions of from_parse.py build the nodes as rules are recognised,
so that no other tree is ever made.

Recovery works by lines, because a rule never ends in the middle of one. An unreadable line is mended if it can be (a
keyword misspelt, a rest too much, a part missing) so that its block is still read, else left out with its block; the
automaton goes back to where it stood before the line. Nothing is read twice but the line, so time stays linear.
Invariant: diagnostics of an item put its index into `broken`; the tree of a broken item may lack lines.
"""

from __future__ import annotations

import gc
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.dsl.diagnostic import Diagnostic, Edit, Fault, Fix
from charter.dsl.text import from_events, from_fields, from_ledgers, from_queues, from_rules, from_scenario, tree as t
from charter.dsl.text.causes import EVERYWHERE, foreign, unbraced
from charter.dsl.text.from_parse import CALLBACKS, Unbuildable
from charter.dsl.text.layout import Layout
from charter.dsl.text.lexer import Lexeme, Mode, Unreadable
from charter.dsl.text.source import LIMIT_ERRORS, LIMITS, Source
from charter.dsl.text.words import keyword_terminals
from charter.engine.lalr import Automaton, Table, Unexpected
from charter.engine.names import marks
from charter.engine.shipped import shipped

# their imports put their functions into CALLBACKS
assert from_events and from_fields and from_ledgers and from_queues and from_rules and from_scenario

TABLE = "charter.table.json"
STARTS = ("file",)
LINES_EDITED = 20  # of one file; at further lines that cannot be read, only causes that are known are looked for
_TRIES = 4  # how many doubtful keywords of one line are read as names
_LONG_COMMENT = re.compile(r"(/\*+|<!--)[^\n]*\n(?s:.*?)(\*+/|-->)[ \t;]*(?=\r?\n|$)")
_COMMENT = re.compile(r"(?:^|\s+)#[^\"]*$")
# What stands for a missing part of a header, so that its block can be read.
_STAND_INS = dict.fromkeys(("NAME", "PATH", "KEY", "POINT"), "_")
_STAND_INS |= {"STRING": '""', "EXPR": "null", "ITEMS": "[]", "ID": "0"}


class Parsed(Struct, frozen=True):
    """A file's tree, what is wrong with its text, and which items of the tree later passes must leave alone."""

    tree: t.File
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[int] = frozenset()
    faults: tuple[Fault, ...] = ()


def parse(source: Source) -> Parsed:
    """Parses a file; every text gives a tree, with diagnostics when it is wrong."""
    with collection_paused():
        return Reading(source).run()


@contextmanager
def collection_paused() -> Iterator[None]:
    """Keeps Python's cyclic collector off, which would look at all nodes again and again and find no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Reading:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.working
        self.marks = marks(source.working)
        self.state = Automaton(table(), STARTS[0])
        self.diagnostics = list(source.diagnostics)
        self.errors = len(source.diagnostics)
        self.excused = False  # something else is wrong with the line: what follows from that need not be said
        self.base = -1  # how many states stood before the line being read, -1 while none of it is taken
        self.lost = False  # a line at the top could not be read at all
        self.mended = False  # the line before this one had a mistake: nobody knows what could stand below it
        self.deeper = False  # the next line stands deeper
        self.vague = False  # the line before this one begins with nothing that anybody knows
        self.faults: list[Fault] = []
        self.skipped = 0  # where a comment of another language ends, which goes over several lines
        self.patience = LINES_EDITED  # at how many lines edits are still tried

    # --- the file --------------------------------------------------------------------------------

    def run(self) -> Parsed:
        source, skip_above = self.source, -1
        layout = Layout(source, self.state, self.marks)
        levels = layout.levels
        starts = [line[0] for line in source.lines] if source.diagnostics else []
        wrong = {(d.code, starts[max(0, bisect_right(starts, d.span[1]) - 1)]) for d in source.diagnostics if starts}
        excused = {start for _, start in wrong} | source.tabs
        unclosed = {start for code, start in wrong if code == "CH107"}
        end = len(self.text)
        if source.lines and (other := foreign(self.text[slice(*source.lines[0][:2])])) is not None:
            start, stop, _ = source.lines[0]
            stop = min(stop, self.text.find("\n", start) % (end + 1))
            found = Diagnostic("CH114", (start, stop), {"found": "", "expected": (), "hint": other}, None, source.path)
            return Parsed(t.File((), span=(0, end)), (found,))
        for number, (start, stop, indent) in enumerate(source.lines):
            if start < self.skipped:
                continue
            if skip_above >= 0:
                if indent > skip_above:
                    continue
                skip_above = -1
            if self.errors >= LIMIT_ERRORS:
                self.report("CH116", start, stop, limit=LIMIT_ERRORS)
                self.lost = True
                break
            self.excused = start in excused
            self.deeper = number + 1 < len(source.lines) and source.lines[number + 1][2] > indent
            if indent > levels[-1]:
                if len(levels) > LIMITS["depth"]:
                    self.report("CH109", start, stop, limit=LIMITS["depth"])
                    skip_above = levels[-1]
                    continue
                unsure = self.mended or (self.excused and start not in source.tabs)
                if unsure and not self.state.takes("INDENT"):
                    skip_above = levels[-1]  # the line above may have meant to open a block
                    continue
            depth = len(self.state.stack)
            opened, slip = layout.enter(number)
            if slip is not None:
                self.errors += 1
                self.diagnostics.append(slip)
                self.excused = True
            known = len(self.diagnostics)
            read = self.line(start, stop)
            self.mended = len(self.diagnostics) > known
            if read:
                if opened:
                    layout.opened(number)
                if self.excused and start in unclosed:
                    skip_above = indent  # what stands deeper was meant to be inside the bracket
            else:
                skip_above = levels[-1] if opened else indent
                self.lost = self.lost or not indent
                if opened:
                    self.base = depth
                    self.retreat()
                    skip_above = indent
        for _ in levels[1:]:
            self.state.feed(Lexeme("DEDENT", "", end, end))
        items: tuple[t.Line, ...] = self.state.feed(Lexeme("$END", "", end, end))
        tree = t.File(items, source.last_comments, span=(0, end))
        if layout.untabbed:
            fix = Fix(tuple(layout.untabbed), safe=not layout.mixed)
            self.diagnostics = [replace(d, fix=fix) if d.code == "CH104" else d for d in self.diagnostics]
        return Parsed(
            tree, tuple(sorted(self.diagnostics, key=Diagnostic.sort_key)), self.broken(items), tuple(self.faults)
        )

    def broken(self, items: tuple[t.Line, ...]) -> frozenset[int]:
        """Says which items have a diagnostic between their first line and the next item's."""
        if self.lost:
            return frozenset(range(len(items)))
        if not self.diagnostics:
            return frozenset()
        tops = [start for start, _, indent in self.source.lines if not indent]
        hit = {tops[max(0, bisect_right(tops, d.span[0]) - 1)] for d in self.diagnostics if tops}
        return frozenset(n for n, item in enumerate(items) if item.span[0] in hit)

    def report(self, code: str, start: int, end: int, *, fix: Fix | None = None, **arguments: Any) -> None:
        self.errors += 1
        self.diagnostics.append(Diagnostic(code, (start, end), arguments, fix, self.source.path))

    # --- a line --------------------------------------------------------------------------------

    def line(self, start: int, stop: int) -> bool:
        """Reads a logical line up to its NL, mending it if it must be; False when the parser stands before it still."""
        doubts: dict[int, bool] = {}
        try:
            self.feed(start, stop, doubts)
            self.vague = False
            return True
        except Unreadable as unreadable:
            error = unreadable
        for place in [p for p in sorted(doubts, reverse=True) if p <= error.place][:_TRIES]:
            self.retreat()
            try:
                self.feed(start, stop, {place: True})
                return True
            except Unreadable as unreadable:
                if unreadable.place > error.place:
                    error = unreadable
        self.retreat()
        return self.mend(start, stop, error)

    def feed(self, start: int, stop: int, doubts: dict[int, bool], line: str | None = None) -> list[Lexeme]:
        """Feeds a line's lexemes, which it gives, and its NL; `line` is read in the place of what stands there."""
        text, state = self.text, self.state
        stack = state.stack
        self.base = -1
        first, shift = start, 0
        if line is not None:
            text, first, stop, shift = line, 0, len(line), start
        pos, read = first, list[Lexeme]()
        while pos < stop:
            mode = _mode(state)
            lexeme = mode.next(text, pos, stop, doubts, self.marks)
            if lexeme is None:
                raise Unreadable(pos + shift, read)
            end = lexeme.end_pos
            if shift:
                lexeme.shift(shift)
            if pos == first:
                lexeme.comments = self.source.comments.get(start, t.NO_COMMENTS)
            try:
                state.feed(lexeme)
            except Unexpected:
                # The tables may reduce first and refuse then; where that leads, another word may be meant.
                now = _mode(state)
                if now is mode:
                    raise Unreadable(pos + shift, read) from None
                continue
            except Unbuildable as why:
                raise Unreadable(pos + shift, read, why) from None
            read.append(lexeme)
            opens = pos == first
            if opens:
                self.base = len(stack) - 1
            pos = end
            while pos < stop and (text[pos] == " " or (opens and text[pos] == ":")):
                # People write a colon after a line's first word, and it can mean nothing else there.
                opens, pos = opens and text[pos] == " ", pos + 1
        stop += shift
        if line is not None and self.deeper and not state.takes("NL", "INDENT"):
            raise Unreadable(stop, read)  # what stands below it would have no place
        if "NL" not in state.states[stack[-1]]:
            raise Unreadable(stop, read)
        try:
            state.feed(Lexeme("NL", "", stop, stop))
        except Unbuildable as why:
            raise Unreadable(stop, read, why) from None
        except Unexpected:
            raise Unreadable(stop, read) from None
        return read

    def retreat(self) -> None:
        """Takes the parser back to where it stood before the line."""
        if self.base >= 0:
            del self.state.stack[self.base :]
            del self.state.values[self.base - 1 :]
        self.base = -1

    def mend(self, start: int, stop: int, error: Unreadable) -> bool:
        """Reports an unreadable line once and reads what can be read of it, so that its block is not lost."""
        from charter.dsl.text.repair import Repair  # what only files with mistakes need

        text, place = self.text, error.place
        if isinstance(error.why, Unbuildable):
            self.report(error.why.code, *error.why.span, **error.why.arguments)
            return False
        if text[place : place + 1] == "{" and (block := self.braced(start, stop, place)) is not None:
            return block
        if place == start and (comment := _LONG_COMMENT.match(text, start)) is not None:
            return self.commented(start, comment)
        repair = Repair(self, start, stop, error)
        fault = repair.fault()
        if repair.mends:
            line = repair.mends[0].line
            self.complain(fault)
            self.trial(start, line)
            return not line.startswith("#") and line != ""
        found = fault.told
        vague = place == start and found.fix is None and "hint" not in found.arguments
        if not (vague and self.vague):  # of lines that nobody can read, one under another, the first is told
            self.complain(fault)
        self.vague = vague
        if place == start:
            return False
        end = place
        while text[end - 1] == " ":
            end -= 1
        try:
            self.feed(start, end, {})
            return True
        except Unreadable as unreadable:
            if unreadable.place < end:
                self.retreat()
                return False
        return self.complete(end)

    def commented(self, start: int, comment: re.Match[str]) -> bool:
        """Reports a comment over several lines once, with the mend that makes each of them a comment."""
        self.skipped = comment.end()
        edits = [Edit(comment.span(1), "#")]
        edits += [
            Edit((at.end(), at.end()), "# ") for at in re.finditer(r"\n[ \t]*(?=\S)", comment[0][: -len(comment[2])])
        ]
        edits = [edits[0], *(Edit((start + e.span[0], start + e.span[1]), e.text) for e in edits[1:])]
        edits.append(Edit(comment.span(2), ""))
        arguments = {"found": comment[1], "written": comment[1], "expected": (), "hint": "comment", "instead": "# …"}
        told = Diagnostic("CH114", comment.span(1), arguments, Fix(tuple(edits), safe=True), self.source.path)
        self.complain(Fault(told, replace(told, fix=None), (start, comment.end()), (told,), (0,)))
        return False

    def braced(self, start: int, stop: int, place: int) -> bool | None:
        """Reads a line whose block stands in braces, with the mend of its lines; None where it is no such line."""
        written = self.source.text
        if written[place + 1 : stop].lstrip(" \t\r")[:1] not in ("", "\n"):
            return None
        for number, known in enumerate(self.diagnostics):
            if known.code == "CH107" and known.span[0] == place:
                del self.diagnostics[number]  # what is wrong with the brace is not that it is open
                self.excused = False
                break
        edits = [Edit((start + a, start + b), "") for a, b in unbraced(written[start:stop])]
        arguments = {"found": "{", "written": "{", "expected": (), "hint": "braces"}
        told = Diagnostic("CH112", (place, place + 1), arguments, Fix(tuple(edits), safe=True), self.source.path)
        self.complain(Fault(told, replace(told, fix=None), (start, stop), (told,), (0,)))
        return (header := self.text[start:place].rstrip()) != "" and self.trial(start, header) is None

    def complain(self, fault: Fault) -> None:
        """Adds what is told of a line; a cause that runs through the whole file is told once."""
        if self.excused:
            return
        found = fault.told
        hint = found.arguments.get("hint")
        for number, known in enumerate(self.faults) if hint in EVERYWHERE and found.fix is not None else ():
            if known.told.arguments.get("hint") == hint and known.told.fix is not None and found.fix is not None:
                fix = Fix((*known.told.fix.edits, *found.fix.edits), safe=known.told.fix.safe)
                told = replace(known.told, fix=fix)
                self.faults[number] = replace(known, told=told, offers=(told,), ranks=(0,))
                self.diagnostics[self.diagnostics.index(known.told)] = told
                return
        self.errors += 1
        self.diagnostics.append(found)
        self.faults.append(fault)

    def accepted(self, read: Sequence[Lexeme] = ()) -> frozenset[str]:
        """Gives the terminals that may follow the first lexemes of a line."""
        for number, lexeme in enumerate(read):
            self.state.feed(lexeme)
            if not number:
                self.base = len(self.state.stack) - 1
        found = frozenset(name for name in _mode(self.state).accepted if self.state.takes(name))
        self.retreat()
        return found

    def trial(self, start: int, line: str) -> Unreadable | None:
        """Reads a line in the place of that at `start`: it is taken in, or why it cannot be."""
        if not (line := _COMMENT.sub("", line)):
            return None
        try:
            self.feed(start, start, {}, line)
            return None
        except Unreadable as unreadable:
            self.retreat()
            return unreadable

    def complete(self, end: int) -> bool:
        """Stands something in for the parts that a line lacks at its end."""
        for _ in range(4):
            accepted = self.state.states[self.state.stack[-1]]
            lacking = next((name for name in ("NL", *_STAND_INS) if name in accepted), None)
            if lacking is None:
                break
            try:
                self.state.feed(Lexeme(lacking, _STAND_INS.get(lacking, ""), end, end))
            except Unexpected:
                break
            if lacking == "NL":
                return True
        self.retreat()
        return False


# --- the automaton --------------------------------------------------------------------------------


_BY_STATE: dict[int, Mode] = {}
_BY_TERMINALS: dict[frozenset[str], Mode] = {}


def _mode(automaton: Automaton) -> Mode:
    """How to read where the automaton is; states that take the same terminals share it."""
    state = automaton.stack[-1]
    mode = _BY_STATE.get(state)
    if mode is None:
        accepted = frozenset(name for name in automaton.states[state] if name.isupper())
        mode = _BY_TERMINALS.get(accepted)
        if mode is None:
            mode = _BY_TERMINALS[accepted] = Mode(accepted)
        _BY_STATE[state] = mode
    return mode


def grammar() -> str:
    """Gives the grammar in Lark's notation, with its keyword terminals declared."""
    text = shipped("charter.dsl.text", "charter.lark")
    return f"{text}%declare {' '.join(sorted(keyword_terminals() - _declared(text)))}\n"


def _declared(text: str) -> set[str]:
    return {name for line in text.splitlines() if line.startswith("%declare") for name in line.split()[1:]}


@cache
def table() -> Table:
    """Gives the table of the grammar, as it is kept beside it."""
    return Table(shipped("charter.dsl.text", TABLE), CALLBACKS)
