"""Reports, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from typing import Literal

from charter.dsl.text.declarations import Source, Visible
from charter.dsl.text.figures import Figure
from charter.dsl.text.nodes import Expr, Line, Name, Text


class Answering(Line, frozen=True):
    """`made by a, b` · `signed off by a, b`."""

    kind: Literal["made_by", "signed_off_by"]
    roles: tuple[Name, ...]


class Reported(Line, frozen=True):
    """`kpi a, b` · `sla a` · `ledger a` · `record a`: what the process has; `open work` names nothing."""

    kind: Literal["kpi", "sla", "ledger", "record", "open_work"]
    names: tuple[Name, ...] = ()


class OwnFigure(Line, frozen=True):
    """`figure NAME "…" = EXPR`: a figure over the cases of the report."""

    name: Name
    title: Text | None
    expr: Expr


class Section(Line, frozen=True):
    """`section "…"`."""

    title: Text
    body: tuple[Reported | OwnFigure | Source, ...] = ()


class Report(Line, frozen=True):
    """`report NAME "…"`, with `every SPAN` for its periods."""

    name: Name
    title: Text | None = None
    body: tuple[Figure | Answering | Visible | Source | Section, ...] = ()
