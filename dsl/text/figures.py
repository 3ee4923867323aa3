"""KPIs, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from typing import Literal

from charter.dsl.text.declarations import Owner, Source
from charter.dsl.text.nodes import Expr, Line, Name, Text


class Figure(Line, frozen=True):
    """`formula EXPR` · `target >= 95%` · `warn < 97%` (unary tests) · `every SPAN` · `by PATH`."""

    kind: Literal["formula", "target", "warn", "every", "by"]
    expr: Expr


class Unit(Line, frozen=True):
    name: Name | Text


class Over(Line, frozen=True):
    """`over cases closed in SPAN` · `over cases opened in SPAN`."""

    event: Literal["closed", "opened"]
    window: Expr


class Trend(Line, frozen=True):
    """`improves over N periods` · `stays within control limits` (no count)."""

    kind: Literal["improves", "controlled"]
    periods: int | None = None


class Kpi(Line, frozen=True):
    name: Name
    title: Text | None = None
    body: tuple[Figure | Unit | Over | Trend | Owner | Source, ...] = ()
