"""Collects diagnostics, and guesses what an author meant by a name that stands for nothing.

It knows neither processes nor files' contents. Guessing is bounded over the life of a collection, so that a file of
nothing but wrong names stays cheap to check.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from . import tree as t
from .diagnostic import Diagnostic, Fix, Place, Span


class Budget:
    """How many candidates may still be looked at, over a whole compilation."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 50_000


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
        """The candidate that most looks like `name`, if any looks like it."""
        if self.budget.left <= 0 or len(name) > 80:
            return None
        near = [c for c in candidates if abs(len(c) - len(name)) <= 3 and c != name][: self.budget.left]
        self.budget.left -= len(near) + 1
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
            fix = Fix(name.span, guess)
        self.add(code, name.span, fix=fix, file=file, name=name.text, **arguments)
