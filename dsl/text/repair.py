"""What a line that cannot be read may have been meant to be: every mend with which the parser reads it.

Causes that are known come first (`causes.py`, `turns.py`, `kinds.py`), then edits of a word or two (`edits.py`). Which
of them is told is for the whole check to judge (`dsl/judging.py`); this knows what can be read, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from charter.dsl.diagnostic import Diagnostic, Fault
from charter.dsl.text.causes import NAMES, Mend, Stop, declared
from charter.dsl.text.edits import edits
from charter.dsl.text.lexer import Lexeme, Unreadable
from charter.dsl.text.source import Source
from charter.dsl.text.syntax import complaint, mended, mends
from charter.dsl.text.words import language_of, table

_TRIES, _DEPTH = 60, 3  # how many mends of one line are tried, and how many of them together
_EDITS = 200  # how many edits of one line are tried
_OFFERS = 8  # how many of each kind are judged


# Lines whose form is told where no mend is certain; the forms stand in the message tables.
FORMS = frozenset(
    " ".join(
        (
            "USE CATALOGUE PROCESS SCENARIO GOAL OWNER CUSTOMER SOURCE PARAMETER INPUT OUTPUT CALENDAR DECISION ROLE",
            "REQUIRES RECORD SEPARATE SAME PHASE ACTIVITY APPROVAL MILESTONE DONE_BY ACCOUNTABLE CONSULTED INFORMED",
            "AFTER ALONGSIDE ABOUT BY VETO ON IF_REJECTED IF_RETURNED SEPARATE_FROM SAME_AS FOR_EACH DONE_WHEN CALL",
            "RUN START DECIDE WAIT_FOR RETRY CHECKLIST FIRST_OF ONE_AT_A_TIME KPI CASE EXPECT REFUSE CONNECTOR SIGNAL",
            "SUBJECT FIELD CHECK REGISTER FILES GIVEN CHOICE CASE_SUBJECT CASE_NUMBER",
        )
    ).split()
)


_SHAPES = frozenset({"@a_name", "@a_quoted_text", "@end_of_line"})


# What people do to an element of a kind, in a step of a scenario.
_STEPS = {"APPROVAL": ("approve", "reject", "return"), "ACTIVITY": ("complete", "claim", "begin", "skip")}


class Reading(Protocol):
    """The parser, which stands before the line."""

    source: Source
    text: str
    marks: str
    excused: bool
    patience: int

    def accepted(self, read: Sequence[Lexeme] = ()) -> frozenset[str]: ...

    def trial(self, start: int, line: str) -> Unreadable | None: ...

    def retreat(self) -> None: ...


class Repair:
    """The mends of one line, which stands at `start` and cannot be read; `lines` are those that can be."""

    def __init__(self, reading: Reading, start: int, stop: int, error: Unreadable) -> None:
        self.reading = reading
        self.start = start
        self.line = reading.text[start:stop]
        self.language = language_of(reading.text)
        self.read = [(lexeme.type, lexeme.start_pos - start, lexeme.end_pos - start) for lexeme in error.read]
        self.accepted = reading.accepted(error.read)
        self.opening = reading.accepted()
        self.above, self.indent = reading.source.above(start)
        self.tries = _TRIES
        self.lines: list[str] = []
        self.plain = complaint(reading.text, start, stop, error.place, self.accepted)
        self.mends: list[Mend] = [] if reading.excused else list(self._all(error))

    def fault(self) -> Fault:
        """What is to be told of the line."""
        offers = tuple(self._told(mend) for mend in self.mends)
        ranks = tuple(mend.rank for mend in self.mends)
        plain = self.plain
        if plain.fix is not None:
            offers, ranks = (*offers, plain), (*ranks, 0)
            arguments = {name: value for name, value in plain.arguments.items() if name != "guess"}
            plain = replace(plain, arguments=arguments, fix=None)
        if "hint" not in plain.arguments and plain.code != "CH115":
            plain = replace(plain, arguments={**plain.arguments, **self._form()})
        path = self.reading.source.path
        offers, plain = tuple(replace(d, file=path) for d in offers), replace(plain, file=path)
        span = (self.start, self.start + len(self.line))
        return Fault(offers[0] if offers else plain, plain, span, offers, ranks)

    def _form(self) -> dict[str, Any]:
        """How a line of this kind is written, with the name that its author gave."""
        if not self.read or not self.line[self.read[0][1] : self.read[0][2]].strip():
            return {}
        first, *rest = self.read
        kind = first[0]
        if kind == "BY" and rest and rest[-1][0] == "INT" and "OF" in self.accepted:
            return {"hint": "many_of", "role": self._role(self.line[rest[-1][2] :])}
        if kind in ("NAME", "STRING"):
            kind = "SUBJECT" if "EXPECT" in self.opening else "CHECK" if "STRING" in self.opening else "FIELD"
        if kind == "SUBJECT" and not rest and (verbs := self._verbs()):
            return {"expected": verbs}
        expected: Any = self.plain.arguments["expected"]
        if (
            kind not in FORMS
            or (len(expected) == 1 and expected[0] not in _SHAPES)
            or (kind == "SUBJECT" and len(rest) > 1)
        ):
            return {}  # what is missing is known
        named = [first, *rest] if kind in ("SUBJECT", "FIELD", "CHECK") else rest
        name = next((self.line[a:b] for terminal, a, b in named[:1] if terminal in NAMES), None)
        return {"hint": "line_form", "form": kind} | ({} if name is None else {"name": name})

    def _verbs(self) -> tuple[str, ...]:
        """What can be done to the element that a step is about."""
        words = re.findall(r"\w+", self.line[self.read[-1][2] :])
        kinds = declared(words[1], self.reading.text) if len(words) > 1 else frozenset()
        verbs = next((verbs for kind, verbs in _STEPS.items() if kind in kinds), ())
        return tuple(table(self.language)["verbs"][verb][0] for verb in verbs)

    def _role(self, written: str) -> str:
        """The role that is meant by a word in the plural, or with a counting word before it."""
        word = next(iter(re.findall(r"\w+", written)), "")
        for name in (word, word.removesuffix("s"), word.removesuffix("es"), word.lstrip("名位个個人")):
            if "ROLE" in declared(name, self.reading.text):
                return name
        return "ROLE" if self.language == "en" else "角色名"

    def _told(self, mend: Mend) -> Diagnostic:
        accepted = self.accepted if mend.span[0] else self.opening
        return mended(mend, self.start, self.line, mend.line, accepted, self.language, self.indent)

    def _all(self, error: Unreadable) -> Iterator[Mend]:
        found: dict[str, Mend] = {}
        known = self._causes(self.line, error, _DEPTH)
        for mend in known:
            found.setdefault(mend.line + "\n".join(mend.more), mend)
            if len(found) >= _OFFERS:
                break
        yield from found.values()
        self.reading.patience -= 1
        if self.reading.patience < 0 or (
            "hint" in self.plain.arguments and re.match(r"\w", str(self.plain.arguments["found"]))
        ):
            return  # many lines are wrong, or what is meant by the word is known
        tried = 0
        further: dict[str, Mend] = {}
        for mend in edits(self._stop(self.line, error, _DEPTH)):
            key = mend.line + "\n".join(mend.more)
            if key in found or key in further:
                continue
            tried += 1
            if tried > _EDITS or len(further) >= 2 * _OFFERS:
                break
            if self.reading.trial(self.start, mend.line) is None:
                self.reading.retreat()
                further[key] = mend
        yield from sorted(further.values(), key=lambda mend: mend.rank)

    def _causes(self, line: str, error: Unreadable, depth: int) -> Iterator[Mend]:
        """The mends with which a line reads, and those of which two or three together are needed."""
        further: list[tuple[Mend, Unreadable]] = []
        none = True
        for mend in mends(self._stop(line, error, depth)):
            self.tries -= 1
            if self.tries < 0:
                return
            again = self.reading.trial(self.start, mend.line)
            if again is None:
                self.reading.retreat()
                none = False
                yield mend
            elif len(mend.line) - again.place + self.start < len(line) - error.place + self.start and again.why is None:
                further.append((mend, again))
        for mend, again in further if depth and none else ():
            for more in self._causes(mend.line, again, depth - 1):
                yield replace(mend, line=more.line, safe=mend.safe and more.safe, more=(*mend.more, *more.more))
                break

    def _stop(self, line: str, error: Unreadable, depth: int) -> Stop:
        start, reading = self.start, self.reading
        read = tuple((lexeme.type, lexeme.start_pos - start, lexeme.end_pos - start) for lexeme in error.read)
        written = reading.source.text[start : start + len(line)] if depth == _DEPTH else ""
        return Stop(
            line,
            error.place - start,
            reading.accepted(error.read),
            self.opening,
            read,
            self.language,
            reading.text[:start] + reading.text[start + len(self.line) :],
            reading.marks,
            written,
            self.above,
            reading.accepted(error.read[:-1]),
        )
