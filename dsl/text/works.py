"""What runs by itself in place of a person, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from typing import Literal

from charter.dsl.text.nodes import Argument, Expr, Line, Name


class Work(Line, frozen=True):
    """`call C with a = e, …` · `run P with …` · `start P with …` · `decide D with …` · `amends LINK.RECORD = e`.

    What amends has one argument, of the record's name.
    """

    kind: Literal["call", "run", "start", "decide", "amend"]
    target: Name
    arguments: tuple[Argument, ...] = ()


class Wait(Line, frozen=True):
    """`wait for SIGNAL` (kind signal) · `wait until EXPR` (until) · `wait SPAN` (pause)."""

    kind: Literal["signal", "until", "pause"]
    signal: Name | None = None
    expr: Expr | None = None
