"""Counters over cases: what they count, the registers that hold their counts, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from charter.dsl.check import asks
from charter.dsl.check.asks import LIST, Ask
from charter.dsl.check.events import check_actions
from charter.dsl.check.expressions import constant, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import ProcessScope, Symbol
from charter.dsl.text import tree as t
from charter.engine.counters import COUNTED, MOST_NAMED, register_of
from charter.engine.feel import types as y
from charter.engine.feel.own import Span

_KEY = y.STRING
_SEEN = y.ContextType(
    fields={
        "counter": y.STRING,
        "key": y.STRING,
        "count": y.NUMBER,
        "cases": y.ListType(item=y.STRING),
        "times": y.ListType(item=y.DATE_TIME),
        "reset": y.DATE_TIME,
    }
)


class Counts(t.Register, frozen=True):
    """The register that holds the counts of a counter, as other processes name it."""

    counter: t.Counter | None = None


def counts(node: t.Counter) -> Counts:
    """Gives the register of a counter."""

    def field(name: str, type_: t.Type, optional: bool) -> t.Field:
        return t.Field(t.Name(name, span=node.name.span), type_, optional=optional, span=node.name.span)

    form = register_of(node.name.text, node.name.text, None)
    fields = tuple(field(each.name, _type(each.type), each.optional) for each in form.fields)
    key = t.Name("key", span=node.name.span)
    return Counts(name=node.name, title=node.title, key=key, body=fields, counter=node, span=node.span)


def _type(kind: Any) -> t.Type:
    return t.Type(kind.name, None if kind.item is None else _type(kind.item))


def check_counters(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is missing or twice in counters, and what their lines name."""
    for symbol in scope.counters.values():
        seen: set[str] = set()
        for line in symbol.node.body:
            word = _word(line)
            if word in seen:
                findings.add("CH213", line.span, word=word, element=symbol.name)
            seen.update((word,) if word else ())
            if isinstance(line, t.Counting) and line.kind == "within":
                _window(line, symbol, findings)
            elif isinstance(line, t.Reaches):
                if not 0 < line.count <= MOST_NAMED:
                    findings.add("CH351", line.span, name=symbol.name, count=line.count, limit=MOST_NAMED)
                check_actions(line.actions, None, scope, findings)
                for each in line.actions:
                    if each.kind == "escalate":
                        findings.add("CH352", each.span, name=symbol.name)


def _word(line: t.Line) -> str:
    if isinstance(line, t.Counting):
        return {"each": "for each", "resets": "resets when", "within": "within"}[line.kind]
    return "when" if isinstance(line, t.Condition) else ""


def _window(line: t.Counting, symbol: Symbol, findings: Findings) -> None:
    """Reports a window that is no length of time written out, as whoever reads the counter knows no parameters."""
    text = line.expr.text
    if read(text).paths or (not isinstance(constant(text), Span) and read(text).tree is not None):
        findings.add("CH350", line.expr.span, name=symbol.name, text=text)


def check_expressions(scope: ProcessScope, infer: Callable[[Ask, None, dict[str, y.Type]], y.Type | None]) -> None:
    """Has the expressions of counters checked, which see the case from outside, and the item that is counted."""
    for symbol in scope.counters.values():
        node: t.Counter = symbol.node
        seen: dict[str, y.Type] = {}
        for line in node.body:
            if isinstance(line, t.Counting) and line.variable is not None:
                found = infer(Ask(line.expr, LIST, "for each"), None, {})
                seen[line.variable.text] = found.item if isinstance(found, y.ListType) else y.ANY
        infer(Ask(node.by, _KEY, "by"), None, seen)
        for line in node.body:
            if isinstance(line, t.Condition):
                infer(Ask(line.expr, y.BOOLEAN, "when"), None, seen)
            elif isinstance(line, t.Counting) and line.kind == "resets":
                infer(Ask(line.expr, y.BOOLEAN, "resets when"), None, seen)
            elif isinstance(line, t.Reaches):
                for ask in asks.given(line, "at", scope):
                    infer(ask, None, {COUNTED: _SEEN})
