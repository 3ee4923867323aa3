"""Builds queues, counters and meetings from the parse."""

from __future__ import annotations

from charter.dsl.text import tree as t
from charter.dsl.text.from_parse import Parts, expr_of, name_of, names_of, place, register, text_of


def _counter(c: Parts) -> t.Counter:
    name, title = c[1]
    return t.Counter(name, title, expr_of(c[3]), tuple(c[5]), **place(c[:4]))


def _queue(c: Parts) -> t.Queue:
    return t.Queue(name_of(c[1]), tuple(c[3]), **place(c[:2]))


def _rank(c: Parts, most_first: bool) -> t.Rank:
    return t.Rank(expr_of(c[0]), most_first, span=(c[0].span[0], c[-1].span[1]))


def _meeting(c: Parts, repeats: t.Expr | None, body: Parts) -> t.Meeting:
    name, title = c[1]
    return t.Meeting(name, expr_of(c[3]), title, repeats, tuple(body), **place(c[: 4 if repeats is None else 6]))


register(
    ("meeting", lambda c: _meeting(c, None, c[5])),
    ("meeting_while", lambda c: _meeting(c, expr_of(c[5]), c[7])),
    ("attend", lambda c: t.Attend(names_of(c[1]), **place(c))),
    ("quorum", lambda c: t.Quorum(expr_of(c[1]), **place(c))),
    ("agenda", lambda c: t.Agenda(tuple(map(text_of, c[1])), **place(c))),
    ("minutes", lambda c: t.Minutes(name_of(c[1]), names_of(c[3]), **place(c))),
    ("todos", lambda c: t.Todos(name_of(c[1]), name_of(c[3]), name_of(c[5]), **place(c))),
    ("queue", _queue),
    ("capacity", lambda c: t.Capacity(expr_of(c[1]), **place(c))),
    ("capacity_per", lambda c: t.Capacity(expr_of(c[1]), expr_of(c[3]), **place(c))),
    ("order_by", lambda c: t.OrderBy(tuple(c[1]), **place(c))),
    ("rank", lambda c: _rank(c, False)),
    ("rank_most", lambda c: _rank(c, True)),
    ("counter", _counter),
    ("counted_each", lambda c: t.Counting("each", expr_of(c[3]), name_of(c[1]), **place(c))),
    ("resets", lambda c: t.Counting("resets", expr_of(c[1]), **place(c))),
    ("counted_within", lambda c: t.Counting("within", expr_of(c[1]), **place(c))),
    ("reaches", lambda c: t.Reaches(int(c[1].value), tuple(c[2]), **place(c))),
)
