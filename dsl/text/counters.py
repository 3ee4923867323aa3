"""Counters over cases, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from typing import Literal

from charter.dsl.text.declarations import Source
from charter.dsl.text.nodes import Expr, Line, Name, Text
from charter.dsl.text.reactions import Action, Condition


class Counting(Line, frozen=True):
    """`for each VARIABLE in EXPR` (each of these is counted, and not the case) · `resets when EXPR` · `within SPAN`."""

    kind: Literal["each", "resets", "within"]
    expr: Expr
    variable: Name | None = None


class Reaches(Line, frozen=True):
    """`at N ACTION, …`."""

    count: int
    actions: tuple[Action, ...]


class Counter(Line, frozen=True):
    """`counter NAME "…" by EXPR`."""

    name: Name
    title: Text | None
    by: Expr
    body: tuple[Counting | Condition | Reaches | Source, ...] = ()
