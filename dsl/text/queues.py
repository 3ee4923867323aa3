"""Queues, as `tree.py` mirrors everything else of a process file."""

from __future__ import annotations

from charter.dsl.text.declarations import Source
from charter.dsl.text.nodes import Expr, Line, Name, Node


class Capacity(Line, frozen=True):
    """`capacity EXPR` · `capacity EXPR per SPAN`."""

    most: Expr
    every: Expr | None = None


class Rank(Node, frozen=True):
    """`EXPR` · `EXPR descending`."""

    by: Expr
    most_first: bool = False


class OrderBy(Line, frozen=True):
    """`order by EXPR, EXPR descending, …`."""

    ranks: tuple[Rank, ...]


class Queue(Line, frozen=True):
    """`queue ROLE`."""

    name: Name
    body: tuple[Capacity | OrderBy | Source, ...] = ()
