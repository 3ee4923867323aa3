"""Writes the lines of ledgers, queues, counters, registers, meetings, services, reports and links, as `phrases.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from charter.dsl.text import tree as t

Writer = Callable[[Any, Any], tuple[str, str]]


def lines(expression: Callable[[t.Expr], str], quote: Callable[[str], str]) -> Mapping[type, Writer]:
    """Gives the writers, by the nodes that they write; `expression` writes one on one line, `quote` a text."""

    def rank(p: Any, n: t.Rank) -> str:
        return f"{expression(n.by)} {p.word('MOST_FIRST')}" if n.most_first else expression(n.by)

    def capacity(p: Any, n: t.Capacity) -> tuple[str, str]:
        every = f" {p.word('PER')} {expression(n.every)}" if n.every is not None else ""
        return p.word("CAPACITY"), f"{expression(n.most)}{every}"

    def trend(p: Any, n: t.Trend) -> tuple[str, str]:
        if n.kind == "controlled":
            return p.word("IN_CONTROL"), ""
        return p.word("IMPROVES_OVER"), f"{n.periods} {p.word('PERIODS')}"

    def counting(p: Any, n: t.Counting) -> tuple[str, str]:
        if n.variable is not None:
            return f"{p.word('FOR_EACH')} {n.variable.text} {p.word('IN')} {expression(n.expr)}", ""
        return p.word("RESETS_WHEN" if n.kind == "resets" else "COUNTED_WITHIN"), expression(n.expr)

    def review(p: Any, n: t.Review) -> tuple[str, str]:
        starts = f" {p.actions(n.actions)}" if n.actions else ""
        roles = ", ".join(role.text for role in n.roles)
        return p.word("REVIEW_EVERY"), f"{expression(n.every)} {p.word('BY')} {roles}{starts}"

    def quoted(text: t.Text) -> str:
        return quote(text.text)

    def attending(p: Any, n: t.Attend | t.MustAttend) -> str:
        brings = f" {p.word('WITH')} {n.brings.text}" if n.brings is not None else ""
        return ", ".join(name.text for name in n.names) + brings

    def minutes(p: Any, n: t.Minutes) -> tuple[str, str]:
        roles = ", ".join(role.text for role in n.roles)
        return p.word("MINUTES"), f"{n.record.text} {p.word('BY')} {roles}"

    def todos(p: Any, n: t.Todos) -> tuple[str, str]:
        fields = f"{p.word('BY')} {n.owner.text} {p.word('DUE')} {n.due.text}"
        return p.word("TODOS"), f"{n.items.text} {fields}"

    def own_figure(p: Any, n: t.OwnFigure) -> tuple[str, str]:
        title = f" {quote(n.title.text)}" if n.title is not None else ""
        return p.word("OWN_FIGURE"), f"{n.name.text}{title} = {expression(n.expr)}"

    def concerns(p: Any, n: t.Concerns) -> tuple[str, str]:
        called = f" {p.word('LINKED_AS')} {n.called.text}" if n.called is not None else ""
        return p.word("CONCERNS"), f"{n.process.text}{called} {p.word('LINKED_BY')} {expression(n.by)}"

    def work(p: Any, n: t.Work) -> tuple[str, str]:
        if n.kind == "amend":
            (given,) = n.arguments
            assert given.value is not None
            return p.word("AMENDS"), f"{n.target.text} = {expression(given.value)}"
        return p.word(n.kind.upper()), f"{n.target.text}{p.arguments(n.arguments)}"

    return {
        t.Concerns: concerns,
        t.Work: work,
        t.Over: lambda p, n: (p.word("OVER"), f"{p.word(f'CASES_{n.event.upper()}_IN')} {expression(n.window)}"),
        t.Trend: trend,
        t.Capacity: capacity,
        t.OrderBy: lambda p, n: (p.word("ORDER_BY"), ", ".join(rank(p, each) for each in n.ranks)),
        t.Counting: counting,
        t.Reaches: lambda p, n: (f"{p.word('AT')} {n.count}", p.actions(n.actions)),
        t.Review: review,
        t.Attend: lambda p, n: (p.word("ATTEND"), attending(p, n)),
        t.MustAttend: lambda p, n: (p.word("MUST_ATTEND"), attending(p, n)),
        t.Quorum: lambda p, n: (p.word("QUORUM"), expression(n.least)),
        t.Agenda: lambda p, n: (p.word("AGENDA"), ", ".join(map(quoted, n.points))),
        t.Minutes: minutes,
        t.Todos: todos,
        t.Audience: lambda p, n: (p.word("AUDIENCE"), p.word(n.kind.upper())),
        t.OfferedBy: lambda p, n: (p.word("OFFERED_BY"), ", ".join(role.text for role in n.roles)),
        t.RequestedBy: lambda p, n: (p.word("REQUESTED_BY"), ", ".join(role.text for role in n.roles)),
        t.AgreedIn: lambda p, n: (p.word("AGREED_IN"), expression(n.expr)),
        t.Booking: lambda p, n: (p.word(n.kind.upper()), ", ".join(name.text for name in n.items)),
        t.Answering: lambda p, n: (p.word(n.kind.upper()), ", ".join(role.text for role in n.roles)),
        t.Reported: lambda p, n: (p.word(n.kind.upper()), ", ".join(name.text for name in n.names)),
        t.OwnFigure: own_figure,
        t.ExpectReport: lambda p, n: (
            f"{p.word('EXPECT')} {p.word('OF_REPORT')} {n.figure.text} {expression(n.test)}",
            "",
        ),
        t.Overrun: lambda p, n: (p.word("OVERRUN_REFUSED"), ""),
    }
