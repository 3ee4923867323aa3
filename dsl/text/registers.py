"""Registers, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from charter.dsl.text.declarations import Field, Source, Visible
from charter.dsl.text.nodes import Expr, Line, Name, Text
from charter.dsl.text.reactions import Action


class Review(Line, frozen=True):
    """`review every SPAN by ROLE, …` · `… start PROCESS with a = EXPR, …`."""

    every: Expr
    roles: tuple[Name, ...]
    actions: tuple[Action, ...] = ()


class Register(Line, frozen=True):
    """`register NAME "…" key FIELD`: entries that outlive cases."""

    name: Name
    title: Text | None = None
    key: Name | None = None
    body: tuple[Field | Review | Visible | Source, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(line for line in self.body if isinstance(line, Field))
