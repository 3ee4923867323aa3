"""Builds the tree from the parse: one function for each rule of charter.lark, called with the rule's symbols.

A symbol is a Lexeme or what another function gave. Nothing is checked here but the grammar; positions are the lexemes'.
Header lines carry the comments of their first lexeme.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from charter.dsl.text import tree as t
from charter.dsl.text.lexer import Lexeme
from charter.dsl.text.plain_lines import PLAIN, only_field
from charter.dsl.text.source import LIMITS
from charter.dsl.text.words import day_range, spellings, weekdays

Parts = list[Any]
_PERCENT = frozenset(word for word, terminal, key, _ in spellings() if (terminal, key) == ("TYPE", "percent"))
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{6}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def name_of(lexeme: Lexeme) -> t.Name:
    return t.Name(lexeme.value, span=lexeme.span)


def text_of(lexeme: Lexeme) -> t.Text:
    return t.Text(unquote(lexeme.value), span=lexeme.span)


def _unit(name: t.Name | t.Text) -> t.Name | t.Text:
    """The word for a share, whatever its language, is the unit `percent`; other units are shown as they are."""
    return t.Name("percent", span=name.span) if isinstance(name, t.Name) and name.text in _PERCENT else name


def unquote(quoted: str) -> str:
    """Gives the value of a quoted text, its escapes as in FEEL (`\\n`, `\\"`, `\\u6587`)."""
    if "\\" not in quoted:
        return quoted[1:-1]
    return _ESCAPE.sub(lambda m: _unescape(m.group(1)), quoted[1:-1])


def _unescape(escape: str) -> str:
    if len(escape) == 1:
        return _ESCAPED.get(escape, escape)
    number = int(escape[1:], 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"


def expr_of(lexeme: Lexeme) -> t.Expr:
    return t.Expr(lexeme.value, span=lexeme.span)


def names_of(lexemes: list[Lexeme]) -> tuple[t.Name, ...]:
    return tuple(t.Name(x.value, span=x.span) for x in lexemes)


def place(c: Parts) -> dict[str, Any]:
    """Place and comments of a line from its symbols; blocks and NL are not among them, empty lists do not count."""
    end = 0
    for last in reversed(c):
        if isinstance(last, list):
            if not last:
                continue
            last = last[-1]
        if last is not None:
            end = last.span[1]
            break
    return {"span": (c[0].span[0], end), "comments": c[0].comments}


class Unbuildable(Exception):
    """A symbol that the grammar accepts and the tree cannot hold; the parser reports it and goes on."""

    def __init__(self, code: str, span: t.Span, arguments: dict[str, Any]) -> None:
        self.code = code
        self.span = span
        self.arguments = arguments


_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "str": lambda lexeme: lexeme.value,
    "Name": name_of,
    "Text": text_of,
    "Expr": expr_of,
    "tuple[Name, ...]": names_of,
}


def _plain(node: Callable[..., Any], part: Callable[[Any], Any]) -> Callable[[Parts], Any]:
    """KEYWORD part."""
    return lambda c: node(part(c[1]), **place(c))


# By the names of rules and aliases.
CALLBACKS: dict[str, Callable[[Parts], Any]] = {
    rule: _plain(node, _PARTS[only_field(node)[1]]) for rule, (node, _) in PLAIN.items()
}


def register(*rows: tuple[str, Callable[[Parts], Any]]) -> None:
    CALLBACKS.update(rows)


# --- lists and small parts --------------------------------------------------------------------------------


def _more(c: Parts) -> Any:
    c[0].append(c[1])
    return c[0]


def _more_comma(c: Parts) -> Any:
    c[0].append(c[2])
    return c[0]


register(
    ("empty", lambda c: []),
    ("nothing", lambda c: None),
    ("one", lambda c: [c[0]]),
    ("more", _more),
    ("more_comma", _more_comma),
    ("block", lambda c: c[1]),
    ("token", lambda c: c[0]),
    ("name", lambda c: name_of(c[0])),
    ("text", lambda c: text_of(c[0])),
    ("untitled", lambda c: (name_of(c[0]), None)),
    ("titled", lambda c: (name_of(c[0]), text_of(c[1]))),
    ("reason", lambda c: text_of(c[1])),
    ("with", lambda c: c[1]),
    ("file", lambda c: tuple(c[0])),
)


def argument(c: Parts) -> t.Argument:
    return t.Argument(name_of(c[0]), expr_of(c[2]), span=(c[0].start_pos, c[2].end_pos))


def argument_file(c: Parts) -> t.Argument:
    return t.Argument(name_of(c[0]), None, text_of(c[3]), span=(c[0].start_pos, c[3].end_pos))


register(
    ("argument", argument),
    ("argument_file", argument_file),
    ("list_type", lambda c: _list_type(*c)),
)


def _list_type(c: Parts) -> t.Type:
    """`list of list of T`: the lexemes of `list of`, outermost first, and T."""
    lists, type = c
    if len(lists) > LIMITS["depth"]:
        raise Unbuildable("CH109", (lists[0].start_pos, type.span[1]), {"limit": LIMITS["depth"]})
    for lexeme in reversed(lists):
        type = t.Type("list", type, span=(lexeme.start_pos, type.span[1]))
    return type  # type: ignore[no-any-return]


# --- declarations --------------------------------------------------------------------------------


def _head(c: Parts, titled: tuple[t.Name, t.Text | None], last: Any = None) -> dict[str, Any]:
    """Place and comments of a declaration: from its keyword to the end of its own line's last part."""
    end = last if last is not None else titled[1] or titled[0]
    return {"span": (c[0].span[0], end.span[1]), "comments": c[0].comments}


def _declaration(node: Callable[..., Any]) -> Callable[[Parts], Any]:
    """KEYWORD titled NL body."""
    return lambda c: node(c[1][0], c[1][1], body=tuple(c[3]), **_head(c, c[1]))


register(
    ("process", _declaration(t.Process)),
    ("record", _declaration(t.Record)),
    ("register", lambda c: t.Register(c[1][0], c[1][1], None, tuple(c[3]), **_head(c, c[1]))),
    (
        "register_keyed",
        lambda c: t.Register(c[1][0], c[1][1], name_of(c[3]), tuple(c[5]), **_head(c, c[1], name_of(c[3]))),
    ),
    ("alone", lambda c: c[0]),
    ("review", lambda c: t.Review(expr_of(c[1]), names_of(c[3]), **place(c))),
    ("review_starts", lambda c: t.Review(expr_of(c[1]), names_of(c[3]), tuple(c[4]), **place(c))),
    ("kpi", _declaration(t.Kpi)),
    ("sla", _declaration(t.Sla)),
    ("rule", _declaration(t.Rule)),
    ("role", lambda c: t.Role(c[1][0], c[1][1], False, tuple(c[3]), **_head(c, c[1]))),
    ("role_external", lambda c: t.Role(c[1][0], c[1][1], True, tuple(c[4]), **_head(c, c[1], c[2]))),
    ("scenario", lambda c: t.Scenario(text_of(c[1]), tuple(c[3]), **place(c[:2]))),
    ("use", lambda c: t.Use(text_of(c[1]), **place(c[:2]))),
    ("catalogue", lambda c: t.Catalogue(c[1][0], text_of(c[3]), c[1][1], **_head(c, c[1], c[3]))),
    ("choice", lambda c: t.Choice(name_of(c[1]), tuple(map(text_of, c[2])), **place(c[:3]))),
    ("source", lambda c: t.Source(names_of(c[1]), **place(c))),
    ("first_of", lambda c: t.Ordering("first", names_of(c[1]), **place(c))),
    ("one_at_a_time", lambda c: t.Ordering("single", names_of(c[1]), **place(c))),
    ("plain_type", lambda c: t.Type(c[0].value, span=c[0].span)),
    ("record_type", lambda c: t.Type(c[0].value, span=c[0].span)),
    ("list_type", _list_type),
    (
        "choice_type",
        lambda c: t.Type("choice", None, tuple(map(text_of, c[1])), span=(c[0].start_pos, c[1][-1].end_pos)),
    ),
    ("separate", lambda c: t.Separation(False, name_of(c[1]), names_of(c[3]), tuple(c[5]), **place(c[:4]))),
    ("same", lambda c: t.Separation(True, name_of(c[1]), names_of(c[3]), tuple(c[5]), **place(c[:4]))),
    ("requires_certificate", lambda c: t.Requires("certificate", c[2], **place(c))),
    ("requires_skill", lambda c: t.Requires("skill", c[2], **place(c))),
    ("requires_level", lambda c: t.Requires("skill", c[2], int(c[4].value), **place(c))),
)


_CELL = re.compile(r'\s*((?:"(?:[^"\\]|\\.)*"|[^"|])*?)\s*(?:\||$)')


def _row(c: Parts) -> t.Columns | t.Row:
    """`| a | b | -> c |`: cells between bars outside quoted texts; a head has `->` before its first output."""
    text, start = c[0].value, c[0].start_pos
    cells: list[t.Expr] = []
    first_output: int | None = None
    at = 1
    while at < len(text):
        match = _CELL.match(text, at)
        if match is None:
            break
        cell, place = match.group(1), match.start(1)
        if match.end() == len(text) and not cell and text.rstrip().endswith("|"):
            break
        if cell.startswith("->") and first_output is None:
            first_output = len(cells)
            place += 2 + len(cell[2:]) - len(cell[2:].lstrip())
            cell = cell[2:].lstrip()
        cells.append(t.Expr(cell, span=(start + place, start + place + max(len(cell), 1))))
        at = match.end() if match.end() > at else len(text)
    where = {"span": c[0].span, "comments": c[0].comments}
    if first_output is None:
        return t.Row(tuple(cells), **where)
    names = tuple(t.Name(e.text, span=e.span) for e in cells[first_output:])
    return t.Columns(tuple(cells[:first_output]), names, **where)


def _decision(c: Parts) -> t.Decision:
    (name, title), read = c[1], c[2]
    return t.Decision(name, title, names_of(read), tuple(c[4]), **_head(c, c[1], read[-1] if read else None))


register(
    ("decision", _decision),
    ("hit_policy", lambda c: t.HitPolicy(c[1].value, **place(c))),
    ("row", _row),
)


def _parameter(c: Parts, type: t.Type | None, value: Lexeme | None) -> t.Parameter:
    name, title = c[1]
    expr = expr_of(value) if value else None
    return t.Parameter(name, type, expr, tuple(c[-1]), title, **_head(c, c[1], expr or type))


register(
    ("parameter", lambda c: _parameter(c, None, None)),
    ("parameter_typed", lambda c: _parameter(c, c[2], None)),
    ("parameter_bound", lambda c: _parameter(c, None, c[3])),
    ("parameter_typed_bound", lambda c: _parameter(c, c[2], c[4])),
)


# --- calendars --------------------------------------------------------------------------------

DAYS = {d: n for n, d in enumerate(("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"))}


def _minutes(clock: Lexeme) -> int:
    hours, minutes = clock.value.split(":")
    return int(hours) * 60 + int(minutes)


def _hours(c: Parts, first: str, last: str) -> t.Hours:
    spans = [(a, b) for a, b, _ in c[-1]]
    span = (c[0].start_pos, c[-1][-1][2])
    return t.Hours(DAYS[first], DAYS[last], tuple(spans), span=span, comments=c[0].comments)


def _hours_of_range(c: Parts) -> t.Hours:
    between = re.fullmatch(day_range(), c[0].value)
    assert between is not None, c[0]
    return _hours(c, weekdays()[between[1]], weekdays()[between[2]])


def _own_days(c: Parts, first: t.Name, last: t.Name | None, intervals: Parts, title: Lexeme | None) -> t.OwnDay:
    spans = tuple((a, b) for a, b, _ in intervals)
    end = title.end_pos if title else intervals[-1][2] if intervals else (last or first).span[1]
    span = (c[0].start_pos, end)
    return t.OwnDay(first, last, spans, text_of(title) if title else None, span=span, comments=c[0].comments)


def _closed(c: Parts) -> t.OwnDay:
    first, *last = map(name_of, c[1])
    return _own_days(c, first, last[0] if last else None, [], c[2] if len(c) > 2 else None)


def _opened(c: Parts) -> t.OwnDay:
    return _own_days(c, name_of(c[1]), None, c[2], c[3] if len(c) > 3 else None)


register(
    ("closed", _closed),
    ("closed_titled", _closed),
    ("opened", _opened),
    ("opened_titled", _opened),
    ("from_to", lambda c: [c[0], c[2]]),
    ("holidays", lambda c: t.Holidays(c[1].value, **place(c))),
    ("ends_at_close", lambda c: t.EndsAtClose(**place(c))),
    ("calendar_use", lambda c: t.CalendarUse(name_of(c[1]), **place(c[:2]))),
    ("calendar_empty", lambda c: t.Calendar(name_of(c[1]), **place(c[:2]))),
    ("calendar", lambda c: t.Calendar(name_of(c[1]), tuple(c[4]), **place(c[:2]))),
    ("zone", lambda c: t.Zone(c[1].value, **place(c))),
    ("interval", lambda c: (_minutes(c[0]), _minutes(c[2]), c[2].end_pos)),
    ("hours_of_day", lambda c: _hours(c, c[0].value, c[0].value)),
    ("hours_of_range", _hours_of_range),
    ("hours_of_days", lambda c: _hours(c, c[0].value, c[2].value)),
)

# --- elements and their lines --------------------------------------------------------------------------------


def _kind(lexeme: Lexeme) -> Any:
    return lexeme.type.lower()


def _with_expr(node: Callable[..., Any], kinds: dict[str, str] | None = None) -> Callable[[Parts], Any]:
    """KEYWORD EXPR, the keyword being the node's kind."""
    return lambda c: node((kinds or {}).get(c[0].type) or _kind(c[0]), expr_of(c[1]), **place(c))


def _lines(found: Sequence[t.Line]) -> tuple[t.Line, ...]:
    """Gives the lines of an element; a condition behind the only stage of its `by` is a line `when`."""
    lines: list[t.Line] = []
    for line in found:
        only = line.stages[0] if isinstance(line, t.By) and len(line.stages) == 1 else None
        if isinstance(line, t.By) and only is not None and only.when is not None:
            by = replace(line, stages=(replace(only, when=None),), span=(line.span[0], only.span[1]))
            lines += [by, t.When("when", only.when, span=(only.span[1], only.when.span[1]))]
        else:
            lines.append(line)
    return tuple(lines)


_WHEN = {"ENTER_WHEN": "enter", "EXIT_WHEN": "exit"}

register(
    ("element", lambda c: t.Element(_kind(c[0]), c[1][0], c[1][1], _lines(c[3]), **_head(c, c[1]))),
    (
        "element_inline",
        lambda c: t.Element(_kind(c[0]), c[1][0], c[1][1], _lines([*c[2], *c[4]]), **_head(c, c[1], c[2][-1])),
    ),
    ("raci", lambda c: t.Raci(_kind(c[0]), names_of(c[1]), **place(c))),
    ("raci_role", lambda c: t.Raci("role", names_of(c[1]), **place(c))),
    ("assign", lambda c: t.Assign("expression", expr_of(c[1]), **place(c))),
    ("assign_least_busy", lambda c: t.Assign("least busy", **place(c))),
    ("assign_in_turn", lambda c: t.Assign("in turn", **place(c))),
    ("after", lambda c: t.After(names_of(c[1]), **place(c))),
    ("after_any", lambda c: t.After(names_of(c[2]), 1, **place(c))),
    ("after_some", lambda c: t.After(names_of(c[3]), int(c[1].value), **place(c))),
    ("when", _with_expr(t.When, _WHEN)),
    ("measure", _with_expr(t.Measure)),
    ("separate_from", lambda c: t.Duty(False, names_of(c[1]), **place(c))),
    ("same_as", lambda c: t.Duty(True, names_of(c[1]), **place(c))),
    ("flag", lambda c: t.Flag(_kind(c[0]), **place(c))),
    ("on_reject_return", lambda c: t.On("reject", "return", name_of(c[-1]), **place(c))),
    ("on_reject_cancel", lambda c: t.On("reject", "cancel", **place(c))),
    ("on_reject_cancel_because", lambda c: t.On("reject", "cancel", None, text_of(c[-1]), **place(c))),
    ("on_return", lambda c: t.On("return", "return", name_of(c[-1]), **place(c))),
    ("on_rejects", lambda c: t.On("rejects", "escalate", name_of(c[4]), None, int(c[1].value), **place(c))),
    ("for_each", lambda c: t.ForEach(name_of(c[1]), expr_of(c[3]), **place(c))),
    ("for_each_in_open", lambda c: t.ForEach(name_of(c[1]), expr_of(c[3]), True, **place(c))),
    ("for_each_in_kept", lambda c: t.ForEach(name_of(c[1]), expr_of(c[3]), kept=True, **place(c))),
    ("for_each_open", lambda c: t.ForEach(name_of(c[2]), None, True, **place(c))),
    ("done_when", lambda c: t.DoneWhen(expr_of(c[1]), **place(c))),
    ("repeat_until", lambda c: t.Repeat(expr_of(c[1]), **place(c))),
    ("repeat_every", lambda c: t.Repeat(None, expr_of(c[1]), **place(c))),
    ("repeat_every_while", lambda c: t.Repeat(None, expr_of(c[1]), expr_of(c[3]), **place(c))),
    ("work", lambda c: t.Work(_kind(c[0]), name_of(c[1]), tuple(c[2]), **place(c))),
    ("files", lambda c: t.Files(None, name_of(c[2]), tuple(c[3]), **place(c))),
    ("files_of", lambda c: t.Files(name_of(c[1]), name_of(c[3]), tuple(c[4]), **place(c))),
    ("wait_for", lambda c: t.Wait("signal", name_of(c[1]), **place(c))),
    ("wait_until", lambda c: t.Wait("until", None, expr_of(c[1]), **place(c))),
    ("wait", lambda c: t.Wait("pause", None, expr_of(c[1]), **place(c))),
    ("retry", lambda c: t.Retry(int(c[1].value), expr_of(c[4]), **place(c))),
    ("checklist", lambda c: t.Checklist(tuple(c[3]), **place(c[:1]))),
    ("checklist_empty", lambda c: t.Checklist((), **place(c[:1]))),
    ("check", lambda c: t.Check(text_of(c[0]), None, (*c[1], *c[3]), **place(c[:2]))),
    (
        "check_named",
        lambda c: t.Check(text_of(c[1]), name_of(c[0]), (*c[2], *c[4]), **place(c[:3])),
    ),
    ("evidence_file", lambda c: t.Evidence(**place(c))),
    ("evidence_record", lambda c: t.Evidence(name_of(c[1]), **place(c))),
    ("check_by", lambda c: t.CheckBy(name_of(c[1]), **place(c))),
    ("check_by_other", lambda c: t.CheckBy(name_of(c[2]), True, **place(c))),
    ("figure", _with_expr(t.Figure, {"GROUP_BY": "by"})),
    ("unit", lambda c: t.Unit(_unit(c[1]), **place(c))),
    (
        "over",
        lambda c: t.Over("closed" if c[1].type == "CASES_CLOSED_IN" else "opened", expr_of(c[2]), **place(c)),
    ),
    ("improves", lambda c: t.Trend("improves", int(c[1].value), **place(c))),
    ("controlled", lambda c: t.Trend("controlled", **place(c))),
)
