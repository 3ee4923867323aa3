"""Checks service-level clocks: their names, and that each can begin, end and be judged as its lines say.

Types and names in their expressions are `typecheck.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from charter.dsl.check.events import check_actions
from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import WORK, calendar, check_roles
from charter.dsl.check.scopes import ProcessScope, Symbol
from charter.dsl.text import tree as t
from charter.engine.feel import tree as ft

_WORDS = {
    kind: f"{kind} while" if kind == "pauses" else f"{kind} when" for kind in ("starts", "pauses", "stops", "restarts")
}


def check_clocks(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is wrong with the service-level clocks of a process."""
    for symbol in scope.slas.values():
        _once(symbol, findings)
        _ends(symbol, findings)
        _reads_itself(symbol, findings)
        for line in symbol.node.body:
            if isinstance(line, t.OnCalendar):
                calendar(line.calendar, scope, findings)
            elif isinstance(line, t.RunsWith):
                check_roles((line.role,), "runs while with", scope, findings)
                _comes_to(line, symbol, scope, findings)
            elif isinstance(line, t.At):
                check_actions(line.actions, scope.clocked.get(symbol.name), scope, findings)
                _escalates(line, symbol, scope, findings)


def _once(symbol: Symbol, findings: Findings) -> None:
    """Reports lines of which there is one, and two thresholds at one share."""
    seen: set[str] = set()
    for line in symbol.node.body:
        match line:
            case t.ClockWhen():
                word = _WORDS.get(line.kind, line.kind)
            case t.OnCalendar():
                word = "on calendar"
            case t.RunsWith():
                word = "runs while with"
            case t.Agreed() if line.when is None:
                word = "target"
            case _:
                continue
        if word == "target" and word in seen:
            findings.add("CH471", line.span, name=symbol.name)
        elif word in seen:
            findings.add("CH213", line.span, word=word, element=symbol.name)
        seen.add(word)


def _ends(symbol: Symbol, findings: Findings) -> None:
    """Reports a clock that nothing stops, thresholds of no time at all, and of a time that is not agreed."""
    body = symbol.node.body
    if not any(
        isinstance(line, t.RunsWith) or (isinstance(line, t.ClockWhen) and line.kind == "stops") for line in body
    ):
        findings.add("CH470", symbol.span, name=symbol.name)
    agreed = any(isinstance(line, t.Agreed) for line in body)
    for line in body:
        if isinstance(line, t.At) and (not agreed or line.percent == 0):
            own: dict[str, Any] = {} if agreed else {"hint": "no_target"}
            findings.add("CH472", line.span, name=symbol.name, percent=line.percent, **own)
            return


def _comes_to(line: t.RunsWith, symbol: Symbol, scope: ProcessScope, findings: Findings) -> None:
    """Reports a clock of a role that no work comes to where it stands, be it its own or brought up to it."""
    around = scope.clocked.get(symbol.name)
    parts = [part for part in scope.elements.values() if around in (None, part, *part.ancestors())]
    lines = list(chain.from_iterable(part.every_line() for part in parts))
    named = [each.roles for each in lines if isinstance(each, t.Raci) and each.kind == "role"]
    named += [stage.roles for each in lines if isinstance(each, t.By) for stage in each.stages]
    named += [
        (each.target,)
        for each in lines
        if isinstance(each, t.On) and each.action == "escalate" and each.target is not None
    ]
    lines += chain.from_iterable(one.node.body for one in (*scope.slas.values(), *scope.rules.values()))
    acts = chain.from_iterable(getattr(each, "actions", ()) for each in lines)
    named += [action.names for action in acts if action.kind == "escalate"]
    if line.role.text not in {name.text for names in named for name in names}:
        findings.add("CH468", line.span, name=symbol.name, role=line.role.text)


def _reads_itself(symbol: Symbol, findings: Findings) -> None:
    """Reports a clock whose own state starts, pauses, stops or restarts it."""
    for line in symbol.node.body:
        if isinstance(line, t.ClockWhen):
            for name in _names(line.expr):
                if name.name == symbol.name:
                    at = line.expr.span[0]
                    findings.add("CH473", (at + name.start, at + name.end), name=symbol.name)
                    return


def _names(expr: t.Expr) -> Iterator[ft.Name]:
    tree = read(expr.text).tree
    return (node for node in (ft.walk(tree) if tree is not None else ()) if isinstance(node, ft.Name))


def _escalates(line: t.At, symbol: Symbol, scope: ProcessScope, findings: Findings) -> None:
    """Reports an escalation that brings no work up: the work is that of `stops when`, or of the element around."""
    if symbol.name in scope.clocked or not any(action.kind == "escalate" for action in line.actions):
        return
    stops = [w for w in symbol.node.body if isinstance(w, t.ClockWhen) and w.kind == "stops"]
    parts = [scope.elements.get(name.name) for w in stops for name in _names(w.expr)]
    grouped = any(isinstance(line, t.RunsWith) for line in symbol.node.body)
    if stops and not grouped and not any(part is not None and part.kind in WORK for part in parts):
        action = next(action for action in line.actions if action.kind == "escalate")
        findings.add("CH474", action.span, name=symbol.name)
