"""How each line of the language is written: node -> (keyword, rest), in one of the three languages.

One function a class of node, in one table. Knows words, quotes and nothing of blocks, columns and comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from charter.dsl.text import tree as t
from charter.dsl.text.bookings import lines
from charter.dsl.text.from_parse import DAYS
from charter.dsl.text.plain_lines import PLAIN, only_field
from charter.dsl.text.words import Language, table
from charter.engine.keys import join
from charter.engine.sla import BREACH

Phrase = tuple[str, str]
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')
_BLANKS = re.compile(r'("(?:[^"\\]|\\.)*")|(?<=[(\[{])(\s+)|(\s+)(?=[)\]}])|\s+')
_DAY_NAMES = {number: name for name, number in DAYS.items()}


def quote(text: str) -> str:
    """Writes a text in ASCII quotes."""
    return '"' + _ESCAPED.sub(lambda m: _ESCAPES.get(m.group(), f"\\u{ord(m.group()):04x}"), text) + '"'


def expression(expr: t.Expr) -> str:
    """Writes an expression on one line, with single blanks outside its texts and none just inside brackets."""
    return _BLANKS.sub(lambda m: m.group(1) or ("" if m.group(2) or m.group(3) else " "), expr.text)


def names(parts: Iterable[t.Name]) -> str:
    return ", ".join(part.text for part in parts)


def table_cells(node: t.Columns | t.Row) -> list[str]:
    """Writes a line of a decision table as cells that begin with their bars, and the last bar."""
    if isinstance(node, t.Row):
        return [*(f"| {expression(cell)}" for cell in node.cells), "|"]
    outputs = [name.text for name in node.outputs]
    shown = [*(expression(cell) for cell in node.inputs), f"-> {outputs[0]}", *outputs[1:]] if outputs else []
    return [*(f"| {cell}" for cell in shown), "|"]


class Phrases:
    """The spelling of lines in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._rows = table(language)

    def word(self, key: str) -> str:
        """The keyword of a terminal."""
        return self._rows["lines"][key][0]

    def of(self, node: t.Line) -> Phrase:
        """Writes what stands on one line: a line of an element, a declaration, a step."""
        return _WRITERS[type(node)](self, node)

    def line(self, node: t.Line) -> str:
        return " ".join(part for part in self.of(node) if part)

    def type(self, type: t.Type) -> str:
        if type.item is not None:
            return f"{self.word('LIST_OF')} {self.type(type.item)}"
        if type.name == "choice":
            return f"{self.word('CHOICE')} {' | '.join(quote(choice.text) for choice in type.choices)}"
        return self.type_word(type.name)

    def type_word(self, name: str) -> str:
        """The keyword of a type, or the name of a record."""
        words = self._rows["types"].get(name)
        return words[0] if words else name

    def unit(self, name: t.Name | t.Text) -> str:
        known = isinstance(name, t.Name) and name.text == "percent"
        return self._rows["types"]["percent"][0] if known else _name_or_text(name)

    def verb(self, verb: str) -> str:
        return self._rows["verbs"][verb][0]

    def state(self, state: str) -> str:
        words = self._rows["states"].get(state)
        return words[0] if words else state

    def verdict(self, verdict: str) -> str:
        words = self._rows["verdicts"].get(verdict)
        return words[0] if words else verdict

    def policy(self, policy: str) -> str:
        return self._rows["policies"][policy][0]

    def day(self, number: int) -> str:
        return self._rows["weekdays"][_DAY_NAMES[number]][0]

    def arguments(self, arguments: tuple[t.Argument, ...], word: str = "WITH") -> str:
        """` with a = 1, b = file "x"`, or nothing."""
        return f" {self.word(word)} {self._pairs(arguments)}" if arguments else ""

    def _pairs(self, arguments: tuple[t.Argument, ...]) -> str:
        return ", ".join(f"{a.name.text} = {self._value(a)}" for a in arguments)

    def _value(self, argument: t.Argument) -> str:
        if argument.file is not None:
            return f"{self.word('FILE_AT')} {quote(argument.file.text)}"
        return expression(argument.value) if argument.value else "null"

    def actions(self, actions: tuple[t.Action, ...]) -> str:
        """`notify a, b, start p with x = 1`."""
        return ", ".join(
            f"{self.word(_ACTIONS[a.kind])} {names(a.names)}{self.arguments(a.arguments)}" for a in actions
        )

    def target(self, target: t.Target) -> str:
        name = self.word("CASE") if target.name.text == "case" else target.name.text
        return join(name, target.index)

    def reason(self, reason: t.Text | None) -> str:
        return f" {self.word('BECAUSE')} {quote(reason.text)}" if reason else ""

    def stage(self, stage: t.Stage) -> str:
        when = f" {self.word('WHEN')} {expression(stage.when)}" if stage.when is not None else ""
        roles = f"{self.word('OTHER')} {names(stage.roles)}" if stage.other else names(stage.roles)
        if stage.mode == "one":
            return roles + when
        if stage.mode == "count":
            seats = f"{stage.seats} " if stage.seats is not None else ""
            return f"{stage.count} {self.word('OF')} {seats}{roles}{when}"
        return f"{self.word('ANY_OF' if stage.mode == 'any' else 'ALL_OF')} {roles}{when}"


_ACTIONS: Mapping[str, str] = {"notify": "NOTIFY", "escalate": "ESCALATE_TO", "start": "START"}
_PARTS: Mapping[str, Callable[[Any], str]] = {
    "str": str,
    "Name": lambda name: name.text,
    "Text": lambda text: quote(text.text),
    "Expr": expression,
    "tuple[Name, ...]": names,
}


def _plain(key: str, node: type[t.Line]) -> Callable[[Phrases, Any], Phrase]:
    """KEYWORD part."""
    field, type_ = only_field(node)
    return lambda p, n: (p.word(key), _PARTS[type_](getattr(n, field)))


def _by_kind(keys: Mapping[str, str] | None = None) -> Callable[[Phrases, Any], Phrase]:
    """`KEYWORD EXPR`, the keyword named by the node's kind."""
    return lambda p, n: (p.word((keys or {}).get(n.kind, n.kind.upper())), expression(n.expr))


def _name_or_text(part: t.Name | t.Text) -> str:
    return quote(part.text) if isinstance(part, t.Text) else part.text


def _requires(p: Phrases, n: t.Requires) -> Phrase:
    level = f" >= {n.at_least}" if n.at_least is not None else ""
    return p.word("REQUIRES"), f"{p.word(n.kind.upper())} {_name_or_text(n.name)}{level}"


def _intervals(intervals: Iterable[tuple[int, int]]) -> str:
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in intervals)


def _hours(p: Phrases, n: t.Hours) -> Phrase:
    between = f" {p.word('TO')} " if p.language == "en" else p.word("TO")
    days = p.day(n.first) if n.first == n.last else f"{p.day(n.first)}{between}{p.day(n.last)}"
    return f"{days} {_intervals(n.intervals)}", ""


def _own_day(p: Phrases, n: t.OwnDay) -> Phrase:
    dates = n.date.text if n.last is None else f"{n.date.text} {p.word('TO')} {n.last.text}"
    parts = [dates, _intervals(n.intervals), quote(n.title.text) if n.title else ""]
    return p.word("OPEN_ON" if n.intervals else "CLOSED"), " ".join(part for part in parts if part)


def _assign(p: Phrases, n: t.Assign) -> Phrase:
    if n.expr is not None:
        return p.word("ASSIGN"), expression(n.expr)
    return p.word("ASSIGN"), p.word("LEAST_BUSY" if n.mode == "least busy" else "IN_TURN")


def _after(p: Phrases, n: t.After) -> Phrase:
    if n.needed is None:
        return p.word("AFTER"), names(n.names)
    how = p.word("ANY_OF") if n.needed == 1 else f"{n.needed} {p.word('OF')}"
    return p.word("AFTER"), f"{how} {names(n.names)}"


def _on(p: Phrases, n: t.On) -> Phrase:
    target = n.target.text if n.target else ""
    if n.event == "rejects":
        return f"{p.word('ON')} {n.count} {p.word('REJECTS')} {p.word('ESCALATE_TO')} {target}", ""
    if n.event == "return":
        return f"{p.word('ON')} {p.word('RETURN_TO')} {target}", ""
    if n.action == "return":
        return f"{p.word('ON')} {p.word('REJECT')} {p.word('RETURN_TO')} {target}", ""
    return f"{p.word('ON')} {p.word('REJECT')} {p.word('CANCEL')}{p.reason(n.reason)}", ""


def _remind(p: Phrases, n: t.Remind) -> Phrase:
    who = ", ".join((*(role.text for role in n.roles), *((p.word("HOLDER"),) if n.holder else ())))
    if p.language != "en":
        return p.word("REMIND"), f"{who} {p.word('AHEAD')} {expression(n.ahead)}"
    return p.word("REMIND"), f"{who} {expression(n.ahead)} {p.word('BEFORE_DUE')}"


# kind of event -> how its line begins, where it ends the element and where not
ENDS = {"after": "ENDS_AFTER", "when": "ENDS_WHEN", "signal": "ENDS_ON"}
HAPPENS = {"after": "AT_SPAN", "when": "ONCE", "signal": "ON_SIGNAL"}


def _cause(n: t.Ends | t.Happens) -> str:
    return n.signal.text if n.signal is not None else expression(n.expr) if n.expr is not None else "null"


def _ends(p: Phrases, n: t.Ends) -> Phrase:
    return p.word(ENDS[n.kind]), f"{_cause(n)}{p.reason(n.reason)}"


def _happens(p: Phrases, n: t.Happens) -> Phrase:
    return p.word(HAPPENS[n.kind]), f"{_cause(n)} {p.actions(n.actions)}"


def _duty(p: Phrases, n: t.Duty) -> Phrase:
    return f"{p.word('SAME_AS' if n.same else 'SEPARATE_FROM')} {names(n.others)}", ""


def _for_each(p: Phrases, n: t.ForEach) -> Phrase:
    if n.items is None:
        return f"{p.word('FOR_EACH')} {p.word('OPEN')} {n.variable.text}", ""
    more = f" {p.word('OPEN' if n.open else 'KEPT')}" if n.open or n.kept else ""
    return f"{p.word('FOR_EACH')} {n.variable.text} {p.word('IN')} {expression(n.items)}{more}", ""


def _repeat(p: Phrases, n: t.Repeat) -> Phrase:
    if n.until is not None:
        return f"{p.word('REPEAT_UNTIL')} {expression(n.until)}", ""
    every = expression(n.every) if n.every else "null"
    more = f" {p.word('WHILE')} {expression(n.while_)}" if n.while_ else ""
    return f"{p.word('REPEAT_EVERY')} {every}{more}", ""


def _wait(p: Phrases, n: t.Wait) -> Phrase:
    if n.signal is not None:
        return f"{p.word('WAIT_FOR')} {n.signal.text}", ""
    key = "WAIT_UNTIL" if n.kind == "until" else "WAIT"
    return f"{p.word(key)} {expression(n.expr) if n.expr else 'null'}", ""


def _separation(p: Phrases, n: t.Separation) -> Phrase:
    middle = p.word("AS" if n.same else "FROM")
    return p.word("SAME" if n.same else "SEPARATE"), f"{n.element.text} {middle} {names(n.others)}"


def _agreed(p: Phrases, n: t.Agreed) -> Phrase:
    more = f" {p.word('WHEN')} {expression(n.when)}" if n.when else ""
    return p.word("TARGET"), f"{expression(n.span_)}{more}"


def _at(p: Phrases, n: t.At) -> Phrase:
    return p.word("AT_BREACH") if n.percent == 100 else f"{p.word('AT')} {n.percent}%", p.actions(n.actions)


_CLOCK: Mapping[str, str] = {
    "from": "COUNTS_FROM",
    "starts": "STARTS_WHEN",
    "pauses": "PAUSES_WHILE",
    "stops": "STOPS_WHEN",
    "restarts": "RESTARTS_WHEN",
}


# --- steps of scenarios --------------------------------------------------------------------------------------


def _cast(p: Phrases, n: t.CastStep) -> Phrase:
    pairs = [f"{c.person.text} {p.word('IS')} {role.text}" for c in n.castings for role in c.roles]
    return ", ".join(pairs), ""


def _act(p: Phrases, n: t.ActStep) -> Phrase:
    parts = [n.person.text, p.verb(n.verb)]
    target = p.target(n.target) if n.target else ""
    if n.check is not None:
        parts += [n.check.text, p.word("PART_OF"), target]
    elif n.verb == "attach" and n.text is not None:
        parts += [quote(n.text.text), *([p.word("TO"), target] if target else [])]
    else:
        parts += [target] if target else []
        parts += [quote(n.text.text)] if n.text is not None else []
    parts += [p.word("TO"), n.to.text] if n.to is not None else []
    return " ".join(parts) + p.arguments(n.arguments) + p.reason(n.reason), ""


def _refuse(p: Phrases, n: t.RefuseStep) -> Phrase:
    code = f" {p.word('BECAUSE_CODE')} {n.code.text}" if n.code else ""
    return f"{p.word('REFUSE')} {p.line(n.step)}{code}", ""


def _connector(p: Phrases, n: t.ConnectorStep) -> Phrase:
    start = f"{p.word('CONNECTOR')} {n.connector.text}"
    if not n.fails:
        return f"{start} {p.word('ANSWERS')} {p._pairs(n.answers)}".rstrip(), ""
    times = f" {n.times} {p.word('TIMES')}" if n.times is not None else ""
    return f"{start} {p.word('FAILS')}{times}", ""


def _expect_state(p: Phrases, n: t.ExpectState) -> Phrase:
    more = f", {p.word('ITERATION')} {n.iteration}" if n.iteration is not None else ""
    return f"{p.word('EXPECT')} {p.target(n.target)} {p.word('IS')} {p.state(n.state.text)}{more}", ""


def _expect_doer(p: Phrases, n: t.ExpectDoer) -> Phrase:
    return f"{p.word('EXPECT')} {p.target(n.target)} {p.word('WAS_DONE_BY')} {n.person.text}", ""


def _expect_kpi(p: Phrases, n: t.ExpectKpi) -> Phrase:
    test = expression(n.test) if n.test else p.word("IS_UNKNOWN")
    if n.verdict is not None:
        test = f"{p.word('IS')} {p.verdict(n.verdict)}"
    within = "" if n.period is None else f" {p.word('IN_PERIOD')} {n.period.text}"
    return f"{p.word('EXPECT')} {p.word('KPI')} {n.name.text}{within} {test}", ""


def _occasion(p: Phrases, n: t.Occasion) -> Phrase:
    on, name = p.word("ON_EVENT"), "" if n.name is None else n.name.text
    match n.kind:
        case "state":
            what = p.word("CASE") if name == "case" else name
            return on, f"{what} {p.word('IS')} {p.state(n.state.text if n.state else '')}"
        case "written" | "overrun":
            return on, f"{name} {p.word(n.kind.upper())}"
        case "rejected":
            return on, f"{name} {p.word('REJECTED')} {n.count} {p.word('TIMES')}"
        case "signal":
            return on, f"{p.word('SIGNAL')} {name}"
        case "verdict":
            return on, f"{p.word('KPI')} {name} {p.verdict(n.state.text if n.state else '')}"
        case "threshold":
            at = p.word("AT_BREACH") if n.count == BREACH else f"{p.word('AT')} {n.count}%"
            return on, f"{p.word('SLA')} {name} {at}"
    return on, f"{p.word('EVERY_SPAN')} {expression(n.every) if n.every else ''}"


def _expect_fired(p: Phrases, n: t.ExpectFired) -> Phrase:
    fired = p.word("NOT_FIRED" if n.times == 0 else "FIRED")
    times = f" {n.times} {p.word('TIMES')}" if n.times else ""
    return f"{p.word('EXPECT')} {p.word('RULE')} {n.rule.text} {fired}{times}", ""


_WRITERS: Mapping[type, Callable[[Phrases, Any], Phrase]] = {
    **{node: _plain(key, node) for node, key in PLAIN.values()},
    t.Use: lambda p, n: (p.word("USE"), quote(n.path.text)),
    t.Source: lambda p, n: (p.word("SOURCE"), " ".join(part.text for part in n.ids)),
    t.CalendarUse: lambda p, n: (p.word("CALENDAR"), n.name.text),
    t.HitPolicy: lambda p, n: (p.word("HIT_POLICY"), p.policy(n.policy)),
    t.Zone: lambda p, n: (f"{p.word('ZONE')} {n.name}", ""),
    t.Hours: _hours,
    t.OwnDay: _own_day,
    t.Holidays: lambda p, n: (f"{p.word('HOLIDAYS')} {n.country}", ""),
    t.EndsAtClose: lambda p, n: (p.word("DAYS_END_AT_CLOSE"), ""),
    t.Requires: _requires,
    t.Separation: _separation,
    t.Ordering: lambda p, n: (p.word("FIRST_OF" if n.kind == "first" else "ONE_AT_A_TIME"), names(n.names)),
    t.Raci: lambda p, n: (p.word("DONE_BY" if n.kind == "role" else n.kind.upper()), names(n.roles)),
    t.Assign: _assign,
    t.After: _after,
    t.When: _by_kind({"enter": "ENTER_WHEN", "exit": "EXIT_WHEN"}),
    t.By: lambda p, n: (p.word("BY"), f" {p.word('THEN')} ".join(p.stage(s) for s in n.stages)),
    t.On: _on,
    t.Remind: _remind,
    t.Ends: _ends,
    t.Happens: _happens,
    t.OnOverdue: lambda p, n: (p.word("ON_OVERDUE"), p.actions(n.actions)),
    t.Measure: _by_kind(),
    t.Duty: _duty,
    t.Flag: lambda p, n: (p.word(n.kind.upper()), ""),
    t.ForEach: _for_each,
    t.DoneWhen: lambda p, n: (f"{p.word('DONE_WHEN')} {expression(n.enough)} {p.word('OF_DONE')}", ""),
    t.Repeat: _repeat,
    t.Files: lambda p, n: (
        p.word("FILES"),
        f"{n.source.text + ' ' if n.source else ''}{p.word('INTO')} {n.register.text}"
        f"{p.arguments(n.given, 'FILED_AS')}",
    ),
    t.Wait: _wait,
    t.Retry: lambda p, n: (p.word("RETRY"), f"{n.times} {p.word('TIMES')} {p.word('RETRY_OVER')} {expression(n.over)}"),
    t.Evidence: lambda p, n: (p.word("EVIDENCE"), n.record.text if n.record else p.word("FILE")),
    t.CheckBy: lambda p, n: (p.word("CHECK_BY"), f"{p.word('OTHER')} {n.role.text}" if n.other else n.role.text),
    t.Figure: _by_kind({"by": "GROUP_BY"}),
    t.Unit: lambda p, n: (p.word("UNIT"), p.unit(n.name)),
    t.ClockWhen: _by_kind(_CLOCK),
    t.Agreed: _agreed,
    t.At: _at,
    t.Occasion: _occasion,
    **lines(expression, quote),
    t.Response: lambda p, n: (p.word("RULE_THEN"), p.actions(n.actions)),
    t.CaseStep: lambda p, n: (f"{p.word('CASE')} {n.process.text}{p.arguments(n.arguments)}", ""),
    t.CastStep: _cast,
    t.ActStep: _act,
    t.RefuseStep: _refuse,
    t.AfterStep: lambda p, n: (f"{p.word('LATER')} {expression(n.span_)}", ""),
    t.ConnectorStep: _connector,
    t.GivenStep: lambda p, n: (p.word("GIVEN"), f"{n.register.text} {quote(n.key.text)}{p.arguments(n.fields)}"),
    t.SignalStep: lambda p, n: (f"{p.word('SIGNAL')} {n.name.text}{p.arguments(n.arguments)}", ""),
    t.ExpectState: _expect_state,
    t.ExpectDoer: _expect_doer,
    t.ExpectKpi: _expect_kpi,
    t.ExpectSees: lambda p, n: (f"{p.word('EXPECT')} {n.who.text} {p.word(n.word)} {p.target(n.what)}", ""),
    t.ExpectFired: _expect_fired,
    t.ExpectTrue: lambda p, n: (f"{p.word('EXPECT')} {expression(n.expr)}", ""),
}
