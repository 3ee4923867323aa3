"""Checks the rules of a process: what they wait for can happen, what they do can be done, and they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

from msgspec import structs

from charter.dsl.check import asks
from charter.dsl.check.asks import Ask
from charter.dsl.check.events import check_actions, has_work
from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import misnamed
from charter.dsl.check.scopes import Part, ProcessScope, Symbol
from charter.dsl.check.types import BOOLEAN, FIGURE, SPAN, states_of
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled
from charter.engine.feel import tree as ft
from charter.engine.happenings import FIGURE as FIGURE_NAME
from charter.engine.machines import OPEN, STALLED

# States that an element is in before anything befalls it.
_FIRST = frozenset({"planned"})


def check_rules(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is missing in rules, and what their lines name."""
    for symbol in scope.rules.values():
        rule: t.Rule = symbol.node
        occasions = [line for line in rule.body if isinstance(line, t.Occasion)]
        responses = [line for line in rule.body if isinstance(line, t.Response)]
        for found, key in ((occasions, "ON_EVENT"), (responses, "RULE_THEN")):
            if not found:
                findings.add("CH490", rule.name.span, name=rule.name.text, word=spelled(key, findings.language))
        _alike(symbol, occasions, scope, findings)
        for extra in [line for line in rule.body if isinstance(line, t.Condition)][1:]:
            findings.add("CH213", extra.span, word="when", element=rule.name.text)
        about = [_OCCASIONS[line.kind](line, scope, findings) for line in occasions]
        for line in responses:
            check_actions(line.actions, None, scope, findings)
            for action in line.actions:
                if action.kind == "escalate" and not all(about):
                    findings.add("CH493", action.span, name=rule.name.text)


def of_rules(scope: ProcessScope) -> Iterator[tuple[None, Ask]]:
    """Asks for what the expressions of rules must be, which see the case from outside, or the figure of a KPI."""
    for symbol in scope.rules.values():
        seen = {FIGURE_NAME: FIGURE} if _is_on_kpi(symbol) else {}
        yield from ((None, structs.replace(ask, seen=seen)) for line in symbol.node.body for ask in _asked(line, scope))


def _asked(line: t.Line, scope: ProcessScope) -> Iterator[Ask]:
    if isinstance(line, t.Condition):
        yield Ask(line.expr, BOOLEAN, "when")
    elif isinstance(line, t.Occasion) and line.every is not None:
        yield Ask(line.every, SPAN, "every")
    elif isinstance(line, t.Response):
        yield from asks.given(line, "then", scope)


def _is_on_kpi(symbol: Symbol) -> bool:
    return any(isinstance(line, t.Occasion) and line.kind == "verdict" for line in symbol.node.body)


def _alike(symbol: Symbol, occasions: list[t.Occasion], scope: ProcessScope, findings: Findings) -> None:
    """Reports a rule on a verdict that waits for something of a case, too, or reads one: it belongs to no case."""
    if not _is_on_kpi(symbol):
        return
    for line in occasions:
        if line.kind != "verdict":
            findings.add("CH475", line.span, name=symbol.name)
    for ask in (ask for line in symbol.node.body for ask in _asked(line, scope)):
        for name in (node for node in ft.walk(read(ask.expr.text).tree or ft.Null()) if isinstance(node, ft.Name)):
            of_case = name.name == "case" or scope.element(name.name) is not None or name.name in scope.slas
            if (of_case or scope.is_record(name.name)) and name.name != FIGURE_NAME:
                at = ask.expr.span[0]
                findings.add("CH479", (at + name.start, at + name.end), name=name.name, rule=symbol.name)


def check_chains(scope: ProcessScope, findings: Findings) -> None:
    """Warns of conditions that read nothing of a case, and of rules that start one another's processes in a circle."""
    for symbol in scope.rules.values():
        conditional = any(isinstance(line, t.Condition) for line in symbol.node.body)
        for line in symbol.node.body:
            if isinstance(line, t.Condition):
                paths = read(line.expr.text).paths
                if not any(not _is_fixed(path[0], scope) for path in paths):
                    findings.add("CH494", line.span, name=symbol.name)
            for action in line.actions if isinstance(line, t.Response) and not conditional else ():
                circle = _circle(scope.name, action, scope)
                if circle is not None:
                    findings.add("CH492", action.span, name=symbol.name, path=" → ".join(f"`{n}`" for n in circle))


def _is_fixed(name: str, scope: ProcessScope) -> bool:
    return name == "process" or (scope.parameter(name) is not None and name not in scope.inputs)


def _circle(process: str, first: t.Action, scope: ProcessScope) -> list[str] | None:
    """Gives the way by which what a rule starts comes to start the rule's own process again."""
    todo = [[process, action.text] for action in first.names if first.kind == "start"]
    seen: set[str] = set()
    for way in todo:  # grows while it is walked
        if way[-1] == process:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            symbol = scope.shared.processes.get(way[-1])
            todo += [[*way, name.text] for name, _ in starts(symbol.node.body if symbol is not None else ())]
    return None


def starts(lines: tuple[t.Line, ...]) -> Iterator[tuple[t.Name, tuple[t.Argument, ...]]]:
    """Yields the processes that lines run or start, by an element, an event or a rule, and what each is given."""
    for line in lines:
        if isinstance(line, t.Work) and line.kind in ("run", "start"):
            yield line.target, line.arguments
        for action in getattr(line, "actions", ()):
            if action.kind == "start":
                yield action.names[0], action.arguments
        yield from starts(getattr(line, "body", ()))


def check_bindings(scopes: Mapping[int, ProcessScope], findings: Findings) -> None:
    """Reports parameters declared outside of processes that are bound for a process which does not read them."""
    for scope in scopes.values():
        for name, arguments in starts(scope.node.body):
            symbol = scope.shared.processes.get(name.text)
            inner = scopes.get(id(symbol.node)) if symbol is not None else None
            for given in (argument.name for argument in arguments):
                if inner is not None and given.text not in inner.inputs and given.text not in inner.parameters:
                    findings.add("CH215", given.span, file=scope.file, name=given.text, process=inner.name)


def reached(scope: ProcessScope, scopes: dict[int, ProcessScope]) -> list[ProcessScope]:
    """The process and those it runs or starts, directly or through others: a scenario plays them all."""
    found = [scope]
    for each in found:  # grows while it is walked
        for symbol in starting(each):
            inner = scopes.get(id(symbol.node))
            if inner is not None and inner not in found:
                found.append(inner)
    return found


def starting(scope: ProcessScope) -> Iterator[Symbol]:
    """Yields the processes that a process runs or starts itself, or that the reviews of its registers start."""
    reviews = (found for symbol in scope.registers.values() for found in starts(symbol.node.body))
    for name, _ in (*starts(scope.node.body), *reviews):
        if (symbol := scope.shared.processes.get(name.text)) is not None:
            yield symbol


# -- occasions: each says whether it is about work that people have still to do ---------------------------------


def _part(line: t.Occasion, scope: ProcessScope, findings: Findings) -> Part | None:
    assert line.name is not None
    part = scope.element(line.name.text)
    if part is None:
        misnamed(line.name, "element", "CH203", scope.elements, scope, findings)
    return part


def _state(line: t.Occasion, scope: ProcessScope, findings: Findings) -> bool:
    assert line.name is not None and line.state is not None
    part = None
    if line.name.text == "case":
        states, kind = list(states_of("case")), "case"
    else:
        part = _part(line, scope, findings)
        if part is None:
            return True  # told already
        states, kind = [*states_of(part.kind), "overdue"], part.kind
    state = line.state.text
    if state not in states:
        shown = [spelled(each, findings.language) for each in states if each not in _FIRST]
        words: dict[str, Any] = {
            "name": line.name.text,
            "state": state,
            "kind": kind,
            "hint": "values",
            "expected": shown,
        }
        findings.add("CH231", line.state.span, **words)
    elif state in _FIRST or (state == "overdue" and part is not None and not part.all(t.Measure)):
        _never(line, findings)
    return part is not None and has_work(part, scope) and (state in OPEN | STALLED or state == "overdue")


def _written(line: t.Occasion, scope: ProcessScope, findings: Findings) -> bool:
    assert line.name is not None
    name = line.name.text
    if not scope.is_record(name):
        misnamed(line.name, "record", "CH202", chain(scope.records, scope.producers), scope, findings)
    elif name not in scope.producers and name not in scope.inputs:
        _never(line, findings)
    scope.used.add(name)
    return False


def _rejected(line: t.Occasion, scope: ProcessScope, findings: Findings) -> bool:
    part = _part(line, scope, findings)
    if part is not None and (part.kind != "approval" or not line.count):
        _never(line, findings)
    return part is None


def _overrun(line: t.Occasion, scope: ProcessScope, findings: Findings) -> bool:
    assert line.name is not None
    if line.name.text not in scope.ledgers:
        misnamed(line.name, "ledger", "CH274", scope.ledgers, scope, findings)
    return False


def _verdict(line: t.Occasion, scope: ProcessScope, findings: Findings) -> bool:
    assert line.name is not None and line.state is not None
    symbol = scope.kpis.get(line.name.text)
    if symbol is None:
        findings.unknown("CH234", line.name, scope.kpis)
        return False
    kinds = {each.kind for each in symbol.node.body if isinstance(each, t.Figure)}
    trend = any(isinstance(each, t.Trend) for each in symbol.node.body)
    asks = ("target", "warn") if line.state.text == "warn" else () if trend else ("target",)
    wanted = ("every", *asks)
    lacking = [spelled(kind.upper(), findings.language) for kind in wanted if kind not in kinds]
    if lacking:
        findings.add("CH476", line.span, name=symbol.name, verdict=line.state.text, line=lacking[0])
    return False


def _threshold(line: t.Occasion, scope: ProcessScope, findings: Findings) -> bool:
    assert line.name is not None
    symbol = scope.slas.get(line.name.text)
    if symbol is None:
        findings.unknown("CH477", line.name, scope.slas)
    elif not line.count or not any(isinstance(each, t.Agreed) for each in symbol.node.body):
        _never(line, findings)
    return False


def _never(line: t.Occasion, findings: Findings) -> None:
    findings.add("CH491", line.span)


_OCCASIONS: Mapping[str, Callable[[t.Occasion, ProcessScope, Findings], bool]] = {
    "state": _state,
    "written": _written,
    "rejected": _rejected,
    "signal": lambda _line, _scope, _findings: False,
    "overrun": _overrun,
    "every": lambda _line, _scope, _findings: False,
    "verdict": _verdict,
    "threshold": _threshold,
}
