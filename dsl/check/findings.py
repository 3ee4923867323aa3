"""Collects diagnostics, and guesses what an author meant by a name that stands for nothing.

It knows neither processes nor files' contents. Guessing is bounded over the life of a collection, and so is what one
run tells, so that a file of nothing but wrong names stays cheap to check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from itertools import islice
from typing import Any

from msgspec.structs import replace

from charter.dsl.diagnostic import Diagnostic, Fix, Place, Span
from charter.dsl.text import tree as t
from charter.dsl.text.words import Language, spellings

LIMIT_TOLD = 250  # of one run; whoever reads them has enough to do
UNTOLD = "CH117"
_COMPARING = 20  # what it costs to compare two names, where to look at a candidate's length costs one


# What a name may be that stands for nothing, or for something else than is wanted.
_UNKNOWN = frozenset(
    f"CH{number}"
    for number in (201, 202, 203, 204, 206, 207, 208, 212, 215, 226, 230, 234, 235, 236, 302, 303, 307, 320)
)


class Budget:
    """How much work guessing at names, and looking for causes, may still do over a whole compilation."""

    __slots__ = ("causes", "left")

    def __init__(self) -> None:
        self.left = 1_000_000
        self.causes = 1_000_000


def _in_one_script(name: str) -> str:
    """Gives a name in traditional characters, in which 审批 and 審批 are one."""
    from charter.dsl.text.traditional import traditional  # most files have no name that is not known

    return traditional(name)


def alike(one: str, other: str) -> bool:
    """Says whether one name may be meant for the other: it begins with it, or has most of its letters."""
    return one.startswith(other) or other.startswith(one) or SequenceMatcher(None, one, other).ratio() > 0.75


_APART = re.compile(r"\d+|[一二三四五六七八九十甲乙丙丁上下前后後左右内內外新旧舊正副大小高低初中终終首末总總分]")


def _told_apart(one: str, other: str) -> bool:
    """Whether two names differ in nothing but what tells one such thing from the next: 一级审批人, 二级审批人."""
    return _APART.sub("_", one) == _APART.sub("_", other)


class Findings:
    """The diagnostics of one file, in the order they were found."""

    __slots__ = ("budget", "diagnostics", "file", "language", "warned")

    def __init__(
        self, file: str, budget: Budget | None = None, language: Language = "en", *, warned: bool = True
    ) -> None:
        self.file = file
        self.warned = warned  # whether anybody is told of warnings: of a used file, only when it is checked itself
        self.language: Language = language  # that mends are written in
        self.diagnostics: list[Diagnostic] = []
        self.budget = Budget() if budget is None else budget

    @property
    def failed(self) -> bool:
        """Whether one of the findings is an error."""
        return any(d.is_error for d in self.diagnostics)

    def add(
        self,
        code: str,
        span: Span,
        /,
        *,
        fix: Fix | None = None,
        also: tuple[Place, ...] = (),
        file: str | None = None,
        **arguments: Any,
    ) -> None:
        self.diagnostics.append(Diagnostic(code, span, arguments, fix, self.file if file is None else file, also))

    def guess(self, name: str, candidates: Iterable[str]) -> str | None:
        """The candidate that most looks like `name`, if any looks like it; `candidates` are read as far as needed."""
        if self.budget.left <= 0 or len(name) > 80:
            return None
        seen = list(islice(candidates, self.budget.left))
        near = [c for c in seen if abs(len(c) - len(name)) <= 3 and c != name]
        self.budget.left -= len(seen) + _COMPARING * len(near) + 1
        same = None if name.isascii() else next((c for c in near if _in_one_script(c) == _in_one_script(name)), None)
        if same is not None:
            return same
        near = [c for c in near if not _told_apart(c, name)]
        found = get_close_matches(name, near, 1, 0.6 if len(name) <= 4 else 0.7)
        return found[0] if found else None

    def unknown(
        self, code: str, name: t.Name, candidates: Iterable[str], *, file: str | None = None, **arguments: Any
    ) -> None:
        """Reports a name that stands for nothing, with the guess that a tool may put in its place."""
        guess = self.guess(name.text, candidates)
        fix = None
        if guess is not None:
            arguments["guess"] = guess
            fix = Fix.at(name.span, guess)
        self.add(code, name.span, fix=fix, file=file, name=name.text, **arguments)


def merged(diagnostics: Iterable[Diagnostic], texts: Callable[[str], str]) -> list[Diagnostic]:
    """Tells one slip once: an unknown name that stands in several places, with the mend for all of them.

    `texts` gives the text of a file. Where the name that was perhaps meant stands in one place only, the slip is there.
    """
    found: dict[Any, list[Diagnostic]] = {}
    # A place is told of once, whoever looks at it.
    once = {d.sort_key() if d.is_error else number: d for number, d in enumerate(diagnostics)}
    for number, d in enumerate(sorted(once.values(), key=Diagnostic.sort_key)):
        name = texts(d.file)[slice(*d.span)]
        guessed = d.fix is not None and "guess" in d.arguments and d.fix.edits[0].span == d.span
        key = (d.file, name, d.fix.edits[0].text) if guessed and d.fix else (d.file, name, d.code)
        found.setdefault(key if d.code in _UNKNOWN and d.arguments.get("name") == name else number, []).append(d)
    return [
        _one(same, texts(same[0].file)) if number < LIMIT_TOLD and "name" in same[0].arguments else same[0]
        for number, same in enumerate(found.values())
    ]


def _one(same: list[Diagnostic], text: str) -> Diagnostic:
    first = same[0]
    also = first.also + tuple(Place(d.span, d.file, "also_here") for d in same[1:4])
    if first.fix is None or first.code not in _UNKNOWN or first.fix.edits[0].span != first.span:
        return replace(first, also=also)
    edits = tuple(edit for d in same if d.fix is not None for edit in d.fix.edits)
    safe = all(d.fix.safe for d in same if d.fix is not None)
    if "hint" in first.arguments:  # the cause is known: no slip of letters
        return replace(first, also=also, fix=Fix(edits, safe))
    guess, name = (_stands(str(first.arguments[key]), text) for key in ("guess", "name"))
    if len(guess) == 1 < len(name) and first.arguments["guess"] not in _types():
        stands = guess[0]
        arguments = {**first.arguments, "hint": "misspelt_once"}
        fix = Fix.at(stands, text[slice(*first.span)])
        return replace(first, also=(Place(stands, first.file, "written_once"), *also), arguments=arguments, fix=fix)
    return replace(first, also=also, fix=Fix(edits, safe))


@cache
def _types() -> frozenset[str]:
    """The words of built-in types, which nobody misspells where they are declared."""
    return frozenset(words for words, terminal, _, _ in spellings() if terminal == "TYPE")


def _stands(name: str, text: str) -> list[Span]:
    """The first two places of a text in which a name stands."""
    return [m.span() for m in islice(re.finditer(rf'(?<![\w"]){re.escape(name)}(?![\w"])', text), 2)]


def told(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Gives in reading order what a run tells: all, or as many errors, then warnings, as are read, and a count.

    What an earlier run counted is counted on. Notes are told in any case.
    """
    found = sorted(diagnostics, key=Diagnostic.sort_key)
    notes = [d for d in found if d.severity == "note"]
    counted = [d.arguments for d in found if d.code == UNTOLD]
    errors = [d for d in found if d.is_error]
    warnings = [d for d in found if d.severity == "warning" and d.code != UNTOLD]
    left_errors, left_warnings = errors[LIMIT_TOLD:], warnings[max(0, LIMIT_TOLD - len(errors)) :]
    if not (counted or left_errors or left_warnings):
        return found
    shown = [*errors[:LIMIT_TOLD], *warnings[: len(warnings) - len(left_warnings)], *notes]
    shown.sort(key=Diagnostic.sort_key)
    more = {
        "errors": len(left_errors) + sum(c["errors"] for c in counted),  # type: ignore[misc]
        "warnings": len(left_warnings) + sum(c["warnings"] for c in counted),  # type: ignore[misc]
    }
    return [*shown, Diagnostic(UNTOLD, shown[-1].span, more, file=shown[-1].file)]


def counted(diagnostics: Iterable[Diagnostic]) -> tuple[int, int]:
    """Counts the errors and the warnings of what is told, with those that are not shown."""
    errors = warnings = 0
    for d in diagnostics:
        if d.code == UNTOLD:
            errors, warnings = errors + d.arguments["errors"], warnings + d.arguments["warnings"]  # type: ignore[operator]
        else:
            errors += d.severity == "error"
            warnings += d.severity == "warning"
    return errors, warnings
