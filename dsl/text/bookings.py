"""Writes the lines of ledgers and queues, as `phrases.py` writes all others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charter.dsl.text import tree as t


def lines(expression: Callable[[t.Expr], str]) -> Mapping[type, Callable[[Any, Any], tuple[str, str]]]:
    """Gives the writers, by the nodes that they write; `expression` writes an expression on one line."""

    def rank(p: Any, n: t.Rank) -> str:
        return f"{expression(n.by)} {p.word('MOST_FIRST')}" if n.most_first else expression(n.by)

    def capacity(p: Any, n: t.Capacity) -> tuple[str, str]:
        every = f" {p.word('PER')} {expression(n.every)}" if n.every is not None else ""
        return p.word("CAPACITY"), f"{expression(n.most)}{every}"

    return {
        t.Capacity: capacity,
        t.OrderBy: lambda p, n: (p.word("ORDER_BY"), ", ".join(rank(p, each) for each in n.ranks)),
        t.Booking: lambda p, n: (p.word(n.kind.upper()), ", ".join(name.text for name in n.items)),
        t.Overrun: lambda p, n: (p.word("OVERRUN_REFUSED"), ""),
    }
