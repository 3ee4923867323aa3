"""Generates trees of process files: any line in any place the grammar has for it, with comments and odd texts.

The trees mean nothing (names resolve to nothing); they are what can be written. Names come from a pool that holds
keywords too, since keywords are soft; expressions from a pool that holds the words and marks that end expressions.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from charter.dsl.check.lines import LINES
from charter.dsl.text import plain_lines, tree as t
from charter.engine.text import composed
from tests.properties.tree_services import of_services

_WORDS = [
    "plan",
    "make_plan",
    "计划",
    "活动_2",
    "x",
    "phase",
    "阶段",
    "source",
    "within",
    "open",
    "record",
    "of",
    "ख़रीद",
    "ผู้จัดการ",
]
_PLAIN = ["li", "wang", "王五", "budget", "预算", "q1"]
_EXPRS = [
    "plan.tasks",
    "1 + 2",
    "a.b != null and not(c)",
    "f(a, b)[x > 1]",
    '"a, b because c"',
    "]1..5[",
    "3 working days",
    "every t in plan.tasks satisfies t.due <= application.schedule.end",
    "95%",
    "(a open, b while c)",
    "24小时",
    '{first_day: date("2026-03-02"), tags: ["x", "y"]}',
    "x - 1",
    '"\\" # no comment"',
    "费用 > 500000 CNY",
]
_TESTS = [">= 95%", "< 97%", "> limit"]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(composed) | st.sampled_from(
    ["项目启动", 'say "yes"', "a\\b", "“引号”", "# no comment", "（一）：", ""]
)
comment = st.sampled_from(
    ["", "why", "说明：（一）", '"quoted', "# # twice", "#: marked", "- item", "(open", "activity x"]
)


def some(strategy: st.SearchStrategy[Any], low: int = 0, high: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=low, max_size=high).map(tuple)


_comments = st.just(t.NO_COMMENTS) | st.builds(
    t.Comments, some(comment, 0, 2), st.none() | comment, some(comment, 0, 2)
)
# Most lines bear no comments.
commented = {"comments": st.integers(0, 5).flatmap(lambda n: st.just(t.NO_COMMENTS) if n else _comments)}

names = st.sampled_from(_WORDS).map(t.Name)
plain = st.sampled_from(_PLAIN).map(t.Name)
paths = names | plain | st.builds(lambda a, b: t.Name(f"{a}.{b}"), st.sampled_from(_PLAIN), st.sampled_from(_WORDS))
text = texts.map(t.Text)
expr = st.sampled_from(_EXPRS).map(t.Expr)
test = st.sampled_from(_TESTS).map(t.Expr)
number = st.integers(0, 999)
title = st.none() | text
path_list = some(paths, 1)
arguments = some(st.builds(t.Argument, names, expr) | st.builds(t.Argument, names, st.none(), text))
reason = st.none() | text


def line(node: Any, *parts: Any, **named: Any) -> st.SearchStrategy[Any]:
    return st.builds(node, *parts, **named, **commented)


source = line(
    t.Source,
    some(
        st.sampled_from(["S003-2.1-04", "7.5.3", "（3）", "ISO-9001:2015", "4"]).map(
            lambda i: t.Name(i.translate({ord("（"): "(", ord("）"): ")"}))
        ),
        1,
    ),
)
type_ = st.recursive(
    st.sampled_from(["text", "money", "file", "datetime", "task", "申请"]).map(t.Type)
    | st.builds(t.Type, st.just("choice"), st.none(), some(text, 1)),
    lambda inner: st.builds(t.Type, st.just("list"), inner),
    max_leaves=2,
)
field = line(
    t.Field,
    plain,
    type_,
    title,
    st.booleans(),
    st.none() | expr,
    some(source, 0, 1),
    some(paths, 0, 2),
    **dict.fromkeys(("computed", "default", "required"), st.none() | expr),
    drawn=st.none() | st.builds(t.Drawn, expr, paths, st.none() | expr),
)
interval = st.tuples(st.integers(0, 1440), st.integers(0, 1440))
day = st.dates().map(lambda d: t.Name(d.isoformat()))
own_day = line(t.OwnDay, day, st.none() | day, st.just(()), title) | line(
    t.OwnDay, day, st.none(), some(interval, 1), title
)
hours = line(t.Hours, st.integers(0, 6), st.integers(0, 6), some(interval, 1))
zone = line(t.Zone, st.just("Asia/Shanghai"))
calendar_line = zone | hours | own_day | line(t.EndsAtClose) | line(t.Holidays, st.just("DE-BY"))
calendar = line(t.Calendar, names, some(calendar_line, 1))
requires = line(t.Requires, st.just("certificate"), plain | text) | line(
    t.Requires, st.just("skill"), plain | text, st.none() | number
)
role = line(t.Role, names, title, st.booleans(), some(requires | source))
record = line(t.Record, names, title, some(field | source | line(t.Visible, path_list) | line(t.AmendedBy, path_list)))
choice = line(t.Choice, plain, some(text, 1))
parameter = line(t.Parameter, names, st.none() | type_, st.none() | expr, some(source, 0, 1), title)
cell = st.sampled_from(["-", '"P1"', '"a|b"', "< 5", "[1..5)", "not(1)", "> 1, < 0", "1 hour"]).map(t.Expr)
policies = st.sampled_from(["unique", "first", "rule order", "collect", "collect sum"])
decision = line(
    t.Decision,
    names,
    title,
    some(names),
    some(
        line(t.HitPolicy, policies)
        | source
        | line(t.Row, some(cell, 1, 4))
        | line(t.Columns, some(plain.map(lambda n: t.Expr(n.text)), 0, 2), some(plain, 1, 2))
    ),
)
separation = line(t.Separation, st.booleans(), paths, path_list, some(source, 0, 1))
ordering = line(t.Ordering, st.sampled_from(["first", "single"]), path_list)
owner = line(t.Owner, paths)

stage = (
    st.builds(t.Stage, st.just("one"), st.tuples(paths))
    | st.builds(t.Stage, st.sampled_from(["any", "all"]), path_list)
    | st.builds(t.Stage, st.just("count"), path_list, number)
    | st.builds(t.Stage, st.just("count"), st.tuples(paths), number, number, st.booleans())
    | st.builds(t.Stage, st.just("one"), st.tuples(paths), other=st.just(True))
)
# One alone has no condition: that is a line of the approval.
stages = st.tuples(stage) | st.lists(
    st.builds(lambda one, when: replace(one, when=when), stage, st.none() | expr), min_size=2, max_size=3
).map(tuple)
for_each = line(t.ForEach, plain, expr, st.booleans()) | line(t.ForEach, plain, st.none(), st.just(True))
for_each |= line(t.ForEach, plain, expr, st.just(False), st.just(True))
on = (
    line(t.On, st.just("reject"), st.just("return"), paths)
    | line(t.On, st.just("reject"), st.just("cancel"), st.none(), reason)
    | line(t.On, st.just("return"), st.just("return"), paths)
    | line(t.On, st.just("rejects"), st.just("escalate"), paths, st.none(), number)
)
check = line(
    t.Check,
    text,
    st.none() | names,
    some(source | for_each | line(t.Evidence, st.none() | plain) | line(t.CheckBy, plain, st.booleans())),
)
PLAIN = [node for node, _ in plain_lines.PLAIN.values() if (node,) in LINES]
of_type = {"Name": paths, "Text": text, "Expr": expr, "tuple[Name, ...]": path_list}
action = st.builds(t.Action, st.sampled_from(["notify", "escalate"]), some(paths, 1)) | st.builds(
    t.Action, st.just("start"), st.tuples(paths), arguments
)
review = line(t.Review, expr, path_list, some(action, 0, 2))
register = line(t.Register, names, title, st.none() | plain, some(field | source | line(t.Visible, path_list) | review))
element_line = st.one_of(
    line(t.OnOverdue, some(action, 1)),
    line(t.Remind, path_list, st.booleans(), expr),
    line(t.Ends, st.sampled_from(["after", "when"]), expr, reason=reason),
    line(t.Ends, st.just("signal"), signal=paths, reason=reason),
    line(t.Happens, st.sampled_from(["after", "when"]), expr, st.none(), some(action, 1)),
    line(t.Happens, st.just("signal"), st.none(), paths, some(action, 1)),
    *(line(node, of_type[plain_lines.only_field(node)[1]]) for node in PLAIN),
    source,
    ordering,
    for_each,
    on,
    line(t.Raci, st.sampled_from(["role", "accountable", "consulted", "informed"]), path_list),
    line(t.Assign, st.just("expression"), expr),
    line(t.Assign, st.sampled_from(["least busy", "in turn"])),
    line(t.After, path_list, st.none() | number),
    line(t.When, st.sampled_from(["when", "enter", "exit"]), expr),
    line(t.By, stages),
    line(t.Measure, st.sampled_from(["within", "due", "takes", "costs"]), expr),
    line(t.Duty, st.booleans(), path_list),
    line(t.Flag, st.sampled_from(["never_skipped", "same_person", "missed_once", "missed_each", "missed_none"])),
    line(t.DoneWhen, expr),
    line(t.Repeat, expr),
    line(t.Repeat, st.none(), expr, st.none() | expr),
    line(t.Work, st.sampled_from(["call", "run", "start", "decide"]), paths, arguments),
    st.builds(lambda at, e: t.Work("amend", at, (t.Argument(t.Name(at.last), e),)), paths, expr),
    line(t.Wait, st.just("signal"), paths),
    line(t.Wait, st.sampled_from(["until", "pause"]), st.none(), expr),
    line(t.Retry, number, expr),
    line(t.Files, st.none() | paths, paths, arguments),
    line(t.Checklist, some(check)),
)
sla: st.SearchStrategy[t.Sla] = line(
    t.Sla,
    names,
    title,
    some(
        line(t.ClockWhen, st.sampled_from(["from", "starts", "pauses", "stops", "restarts"]), expr)
        | line(t.Agreed, expr, st.none() | expr)
        | line(t.At, st.integers(0, 9999), some(action, 1))
        | line(t.OnCalendar, paths)
        | line(t.RunsWith, paths)
        | source
    ),
)
kind = st.sampled_from(["phase", "activity", "approval", "milestone"])
element = st.recursive(
    line(t.Element, kind, names, title, some(element_line, 0, 4)),
    lambda inner: line(t.Element, kind, names, title, some(inner | element_line | sla, 0, 4)),
    max_leaves=3,
)
kpi = line(
    t.Kpi,
    names,
    title,
    some(
        line(t.Figure, st.sampled_from(["formula", "every", "by"]), expr)
        | line(t.Figure, st.sampled_from(["target", "warn"]), test)
        | line(t.Unit, plain | text)
        | line(t.Over, st.sampled_from(["closed", "opened"]), expr)
        | line(t.Trend, st.just("improves"), number)
        | line(t.Trend, st.just("controlled"))
        | owner
        | source
    ),
)
occasion = st.one_of(
    line(t.Occasion, st.just("state"), paths, st.sampled_from(["done", "overdue", "odd"]).map(t.Name)),
    line(t.Occasion, st.just("state"), st.just(t.Name("case")), st.sampled_from(["open", "completed"]).map(t.Name)),
    line(t.Occasion, st.just("written"), paths),
    line(t.Occasion, st.just("rejected"), paths, st.none(), number),
    line(t.Occasion, st.just("signal"), paths),
    line(t.Occasion, st.just("every"), every=expr),
    line(t.Occasion, st.just("overrun"), paths),
    line(t.Occasion, st.just("verdict"), paths, st.sampled_from(["met", "warn", "missed"]).map(t.Name)),
    line(t.Occasion, st.just("threshold"), paths, st.none(), number | st.just(100)),
)
rule = line(
    t.Rule,
    names,
    title,
    some(occasion | line(t.Condition, expr) | line(t.Response, some(action, 1)) | source),
)
ledger = line(
    t.Ledger,
    names,
    paths,
    paths,
    title,
    some(
        line(t.Amount, paths)
        | line(t.Booking, st.sampled_from(["planned", "committed", "actual", "forecast"]), some(paths, 1))
        | line(t.Overrun)
        | source
    ),
)
rank = st.builds(t.Rank, expr, st.booleans())
queue = line(
    t.Queue,
    names,
    some(line(t.Capacity, expr, st.none() | expr) | line(t.OrderBy, some(rank, 1)) | source),
)
counter = line(
    t.Counter,
    names,
    st.none() | text,
    expr,
    some(
        line(t.Counting, st.just("each"), expr, names)
        | line(t.Counting, st.sampled_from(["resets", "within"]), expr)
        | line(t.Condition, expr)
        | line(t.Reaches, st.integers(1, 99), some(action, 1))
        | source
    ),
)
meeting = line(
    t.Meeting,
    names,
    expr,
    title,
    st.none() | expr,
    some(
        line(t.Attend, path_list, st.none() | paths)
        | line(t.MustAttend, path_list, st.none() | paths)
        | line(t.Checklist, some(check))
        | line(t.Quorum, expr)
        | line(t.Agenda, some(text, 1))
        | line(t.Minutes, paths, path_list)
        | line(t.Todos, paths, paths, paths)
        | source,
        1,
    ),
)
service = of_services(line, some, names, title, paths, path_list, expr, some(action, 1), some(check, 1), element_line)
section = line(
    t.Section,
    text,
    some(
        line(t.Reported, st.sampled_from(["kpi", "sla", "ledger", "record"]), some(paths, 1))
        | line(t.OwnFigure, names, title, expr)
        | line(t.Reported, st.just("open_work"))
        | source
    ),
)
report = line(
    t.Report,
    names,
    title,
    some(
        line(t.Figure, st.just("every"), expr)
        | line(t.Answering, st.sampled_from(["made_by", "signed_off_by"]), path_list)
        | line(t.Visible, path_list)
        | source
        | section
    ),
)
process = line(
    t.Process,
    names,
    title,
    some(
        st.one_of(
            line(t.Version, st.sampled_from(["1", "2.0-rc1"])),
            line(t.Goal, text),
            line(t.CaseSubject, expr),
            line(t.CaseNumber, text),
            line(t.Concerns, paths, expr, st.none() | names),
            owner,
            line(t.Customer, paths),
            line(t.Visible, path_list),
            source,
            line(t.Input, path_list),
            line(t.Output, path_list),
            line(t.CalendarUse, names),
            ordering,
            calendar,
            role,
            record,
            register,
            parameter,
            separation,
            decision,
            element,
            element,
            meeting,
            service,
            kpi,
            sla,
            rule,
            ledger,
            counter,
            report,
            queue,
            line(t.Use, text),
        ),
        0,
        6,
    ),
)


def states(*words: str) -> st.SearchStrategy[t.Name]:
    return st.sampled_from(words).map(t.Name)


of_element = st.builds(t.Target, plain, st.sampled_from(["", "2", "2.1"]))
of_case = st.just(t.Target(t.Name("case")))
target = of_element | of_case
act = (
    line(
        t.ActStep,
        plain,
        st.sampled_from(["claim", "complete", "reject", "amend", "retry", "add"]),
        target,
        arguments,
        reason=reason,
    )
    | line(t.ActStep, plain, st.sampled_from(["delegate", "return"]), target, to=plain, reason=reason)
    | line(t.ActStep, plain, st.just("return"), target, reason=reason)
    | line(t.ActStep, plain, st.just("confirm"), target, arguments, check=plain, reason=reason)
    | line(t.ActStep, plain, st.sampled_from(["comment", "attach"]), st.none() | target, text=text, reason=reason)
)
casting = st.builds(t.Casting, plain, st.tuples(paths))
step = st.one_of(
    act,
    line(t.CaseStep, paths, arguments),
    line(t.CastStep, some(casting, 1)),
    st.builds(
        lambda a, code, c: t.RefuseStep(a, code, comments=c),
        act.map(lambda a: t.ActStep(a.person, a.verb, a.target, a.arguments, a.to, a.check, a.text, a.reason)),
        st.none() | st.just(t.Name("CH503")),
        _comments,
    ),
    line(t.AfterStep, expr),
    line(t.ConnectorStep, paths, some(st.builds(t.Argument, names, expr), 1)),
    line(t.ConnectorStep, paths, fails=st.just(True), times=st.none() | number),
    line(t.SignalStep, paths, arguments),
    line(t.GivenStep, paths, text, arguments),
    line(
        t.ExpectState,
        of_element,
        st.sampled_from(["active", "overdue", "stale", "odd"]).map(t.Name),
        st.none() | number,
    ),
    line(t.ExpectState, of_case, states("open", "completed", "odd"), st.none() | number),
    line(t.ExpectDoer, target, plain),
    line(t.ExpectSees, plain, target, st.booleans()),
    line(t.ExpectKpi, paths, st.none() | test),
    line(t.ExpectReport, st.builds(lambda a, b: t.Name(f"{a.text}.{b.text}"), names, names), test),
    line(t.ExpectFired, paths, st.none() | number | st.just(0)),
    line(t.ExpectTrue, expr),
)
scenario = line(t.Scenario, text, some(step, 0, 5))
items = st.one_of(
    *(process, process, scenario, role, record, choice, register, parameter, separation, decision, calendar),
    line(t.Use, text),
    line(t.Catalogue, names, text, title),
    line(t.Calendar, names),
)
files = st.builds(t.File, some(items), some(comment, 0, 2))
