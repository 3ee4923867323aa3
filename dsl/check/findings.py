"""Collects diagnostics, and guesses what an author meant by a name that stands for nothing.

It knows neither processes nor files' contents. Guessing is bounded over the life of a collection, and so is what one
run tells, so that a file of nothing but wrong names stays cheap to check.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Any

from charter.dsl.diagnostic import Diagnostic, Fix, Place, Span
from charter.dsl.text import tree as t

LIMIT_TOLD = 250  # of one run; whoever reads them has enough to do
UNTOLD = "CH117"
_COMPARING = 20  # what it costs to compare two names, where to look at a candidate's length costs one


class Budget:
    """How much work guessing may still do, over a whole compilation."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 1_000_000


class Findings:
    """The diagnostics of one file, in the order they were found."""

    __slots__ = ("budget", "diagnostics", "file")

    def __init__(self, file: str, budget: Budget | None = None) -> None:
        self.file = file
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


def told(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Gives in reading order what a run tells: all, or as many errors, then warnings, as are read, and a count.

    What an earlier run counted is counted on.
    """
    found = sorted(diagnostics, key=Diagnostic.sort_key)
    counted = [d.arguments for d in found if d.code == UNTOLD]
    errors = [d for d in found if d.is_error]
    warnings = [d for d in found if not d.is_error and d.code != UNTOLD]
    left_errors, left_warnings = errors[LIMIT_TOLD:], warnings[max(0, LIMIT_TOLD - len(errors)) :]
    if not (counted or left_errors or left_warnings):
        return found
    shown = [*errors[:LIMIT_TOLD], *warnings[: len(warnings) - len(left_warnings)]]
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
        elif d.is_error:
            errors += 1
        else:
            warnings += 1
    return errors, warnings
