"""Builds queues, counters, meetings, services, reports and links from the parse."""

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


def _service(c: Parts, asked: t.Name | None = None) -> t.Service:
    name, title = c[1]
    span = (c[0].span[0], (asked or title or name).span[1])
    return t.Service(name, title, asked, tuple(c[-1]), span=span, comments=c[0].comments)


def _report(c: Parts) -> t.Report:
    name, title = c[1]
    return t.Report(name, title, tuple(c[3]), span=(c[0].span[0], (title or name).span[1]), comments=c[0].comments)


def _own_figure(c: Parts) -> t.OwnFigure:
    name, title = c[1]
    return t.OwnFigure(name, title, expr_of(c[3]), **place([c[0], c[3]]))


def _amends(c: Parts) -> t.Work:
    """`amends LINK.RECORD = e`: the record's name is that of what it is given."""
    target = name_of(c[1])
    given = t.Argument(t.Name(target.last, span=target.span), expr_of(c[3]), span=(target.span[0], c[3].span[1]))
    return t.Work("amend", target, (given,), **place(c))


register(
    ("meeting", lambda c: _meeting(c, None, c[5])),
    ("meeting_while", lambda c: _meeting(c, expr_of(c[5]), c[7])),
    ("attend", lambda c: t.Attend(names_of(c[1]), **place(c))),
    ("attend_with", lambda c: t.Attend(names_of(c[1]), name_of(c[3]), **place(c))),
    ("must_attend_with", lambda c: t.MustAttend(names_of(c[1]), name_of(c[3]), **place(c))),
    ("must_attend", lambda c: t.MustAttend(names_of(c[1]), **place(c))),
    ("quorum", lambda c: t.Quorum(expr_of(c[1]), **place(c))),
    ("agenda", lambda c: t.Agenda(tuple(map(text_of, c[1])), **place(c))),
    ("minutes", lambda c: t.Minutes(name_of(c[1]), names_of(c[3]), **place(c))),
    ("todos", lambda c: t.Todos(name_of(c[1]), name_of(c[3]), name_of(c[5]), **place(c))),
    ("service", _service),
    ("service_of", lambda c: _service(c, name_of(c[3]))),
    ("audience", lambda c: t.Audience("external" if c[1].type == "EXTERNAL" else "internal", **place(c))),
    ("offered_by", lambda c: t.OfferedBy(names_of(c[1]), **place(c))),
    ("requested_by", lambda c: t.RequestedBy(names_of(c[1]), **place(c))),
    ("agreed_in", lambda c: t.AgreedIn(expr_of(c[1]), **place(c))),
    ("materials", lambda c: t.Materials(tuple(c[3]), **place(c[:1]))),
    ("concerns", lambda c: t.Concerns(name_of(c[1]), expr_of(c[3]), **place(c))),
    ("concerns_as", lambda c: t.Concerns(name_of(c[1]), expr_of(c[5]), name_of(c[3]), **place(c))),
    ("work_amends", _amends),
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
    ("report", _report),
    ("rhythm", lambda c: t.Figure("every", expr_of(c[1]), **place(c))),
    ("made_by", lambda c: t.Answering("made_by", names_of(c[1]), **place(c))),
    ("signed_off_by", lambda c: t.Answering("signed_off_by", names_of(c[1]), **place(c))),
    ("section", lambda c: t.Section(text_of(c[1]), tuple(c[3]), **place(c[:2]))),
    ("reported_kpi", lambda c: t.Reported("kpi", names_of(c[1]), **place(c))),
    ("reported_sla", lambda c: t.Reported("sla", names_of(c[1]), **place(c))),
    ("reported_ledger", lambda c: t.Reported("ledger", names_of(c[1]), **place(c))),
    ("reported_record", lambda c: t.Reported("record", names_of(c[1]), **place(c))),
    ("own_figure", _own_figure),
    ("open_work", lambda c: t.Reported("open_work", **place(c))),
)
