"""Checks queues: that they are of a role that has work here, and say how much of it or in which order."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from charter.dsl.check.asks import Ask
from charter.dsl.check.expressions import constant, feel_text
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import check_role
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.check.types import SPAN
from charter.dsl.text import tree as t
from charter.engine.capacity import Capacity, Queue, Rank
from charter.engine.feel import types as y
from charter.engine.feel.own import Span
from charter.engine.periods import is_period
from charter.engine.values import is_count

_ORDERED = y.OneOf(options=(y.NUMBER, y.STRING, y.DATE, y.DATE_TIME, y.DAYS_DURATION, y.MONEY))


def check_queues(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is missing in queues, and what their lines name."""
    for symbol in scope.queues.values():
        node: t.Queue = symbol.node
        name = node.name.text
        check_role(node.name, scope, findings)
        if scope.role(name) is not None and not list(_work(name, scope)):
            findings.add("CH275", node.name.span, name=name)
        if not any(isinstance(line, t.Capacity | t.OrderBy) for line in node.body):
            findings.add("CH276", node.name.span, name=name)
        for extra in [line for line in node.body if isinstance(line, t.OrderBy)][1:]:
            findings.add("CH213", extra.span, word="order by", element=name)
        for line in node.body:
            if isinstance(line, t.Capacity):
                most = constant(line.most.text)
                if isinstance(most, Decimal) and not is_count(most):
                    findings.add("CH451", line.most.span, text=line.most.text)
                span = None if line.every is None else constant(line.every.text)
                if line.every is not None and isinstance(span, Span) and not is_period(span):
                    findings.add("CH480", line.every.span, name=name, span=line.every.text)


def _work(role: str, scope: ProcessScope) -> Iterator[Part]:
    for part in scope.elements.values():
        named = any(name.text == role for line in part.all(t.Raci) if line.kind == "role" for name in line.roles)
        if part.kind == "activity" and named and not (t.Work in part.lines or t.Wait in part.lines):
            yield part


def of_queues(scope: ProcessScope) -> Iterator[tuple[Part | None, Ask]]:
    """Asks for what the expressions of queues must be, which see the case as the work does."""
    for symbol in scope.queues.values():
        for line in symbol.node.body:
            if isinstance(line, t.Capacity):
                yield None, Ask(line.most, y.NUMBER, "capacity")
                if line.every is not None:
                    yield None, Ask(line.every, SPAN, "per")
            elif isinstance(line, t.OrderBy):
                parts = list(_work(symbol.name, scope))[:1]
                yield from ((part, Ask(rank.by, _ORDERED, "order by")) for rank in line.ranks for part in parts)


def lower_queue(node: t.Queue) -> Queue:
    """Gives a queue as the engine keeps it."""
    return Queue(
        role=node.name.text,
        capacities=tuple(
            Capacity(feel_text(c.most) or "null", feel_text(c.every)) for c in node.body if isinstance(c, t.Capacity)
        ),
        ranks=tuple(
            Rank(feel_text(rank.by) or "null", rank.most_first)
            for line in node.body
            if isinstance(line, t.OrderBy)
            for rank in line.ranks
        ),
        clauses=tuple(id.text for line in node.body if isinstance(line, t.Source) for id in line.ids),
    )
