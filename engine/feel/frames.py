"""What an evaluation carries along: the names in scope, the outside it may know, its budget, its reasons.

A Frame is one layer of names; frames are chained as scopes are nested in the text. Invariant: nothing here
reads a clock; `now` comes from the caller's Env.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from charter.engine.feel.limits import MAX_CALL_DEPTH, MAX_STEPS, MAX_STRING, OverBudget
from charter.engine.feel.own import Span
from charter.engine.feel.temporal import Date, DateTime
from charter.engine.feel.types import Type


class Budget:
    """Steps that several evaluations share; below nothing once one of them needed more than was left."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left


class Env(Struct, frozen=True):
    """What an evaluation may know of the outside.

    `now` gives the moment that `now()` and `today()` tell, and is asked by them alone (null without it); `steps` bounds
    the work, and so does `budget`, which it takes from; `types` are the declared types that `instance of` and typed
    parameters may name; `external` resolves a foreign function by its description and gives a callable, or None;
    `reckon` adds working time to a date, or a date and time, on a calendar, and gives None where it cannot.
    """

    now: Callable[[], DateTime] | None = None
    steps: int = MAX_STEPS
    types: Mapping[str, Type] | None = None
    external: Callable[[Mapping[str, Any]], Callable[..., Any] | None] | None = None
    budget: Budget | None = None
    reckon: Callable[[Date | DateTime, Span], Date | DateTime | None] | None = None


class NoValue(Exception):
    """Says why a built-in function has no value for its arguments; becomes null and a reason."""


def check_length(length: int) -> None:
    """Raises NoValue where a text of so many characters would be longer than any text may be."""
    if length > MAX_STRING:
        raise NoValue(f"the text would hold more than {MAX_STRING} characters")


class State:
    """The running totals of one evaluation, and where somebody asks: why values are null, which tables were asked.

    `broken` counts what was asked and is no expression at all: a text that cannot be read, a function or type that
    does not exist. Its null says nothing of the data.
    """

    __slots__ = ("broken", "depth", "env", "reasons", "steps", "tables")

    def __init__(self, env: Env, explain: bool) -> None:
        self.env = env
        self.steps = env.steps if env.budget is None else min(env.steps, env.budget.left)
        self.depth = 0
        self.broken = 0
        self.reasons: list[str] | None = [] if explain else None
        # (what was asked, the rules that held); this room does not know what it is
        self.tables: list[tuple[Any, tuple[int, ...]]] | None = None

    def spend(self, steps: int) -> None:
        """Take steps off what is left."""
        self.steps -= steps
        if self.steps < 0:
            raise OverBudget("the evaluation takes too many steps")

    def settle(self) -> None:
        """Take what was spent off the budget, where there is one; once, at the end."""
        budget = self.env.budget
        if budget is not None:
            budget.left -= min(self.env.steps, budget.left) - self.steps

    def deeper(self) -> None:
        """Enter a function."""
        self.depth += 1
        self.spend(1)
        if self.depth > MAX_CALL_DEPTH:
            raise OverBudget(f"functions call one another more than {MAX_CALL_DEPTH} deep")


class Frame:
    """One layer of names over another."""

    __slots__ = ("names", "state", "up")

    def __init__(self, names: Mapping[str, Any], up: Frame | None, state: State) -> None:
        self.names = names
        self.up = up
        self.state = state

    def note(self, reason: str) -> None:
        """Remember why a value is null, where somebody asked; give null."""
        self.state.spend(2)
        reasons = self.state.reasons
        if reasons is not None and len(reasons) < 100 and reason not in reasons:
            reasons.append(reason)
        return None

    def broken(self, reason: str) -> None:
        """Remember that what was asked is no expression, and why; give null."""
        self.state.broken += 1
        return self.note(reason)


Run = Callable[[Frame], Any]
