"""Checks that work can flow: no circles, nothing that can never start or never end, returns that lead back.

It sees names and order, and of expressions only what they read and the value of those that read nothing. What it
reports is certain for every run of the process; what depends on people or data is left to scenarios.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from charter.dsl.check.expressions import constant, expressions, names, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.lists import check_running_totals
from charter.dsl.check.order import Order, approvals_of_inputs, begin, end
from charter.dsl.check.scopes import Part, ProcessScope, Symbol
from charter.dsl.text import tree as t
from charter.engine.feel import tree as ft
from charter.engine.feel.own import Span


def check_flow(scope: ProcessScope, findings: Findings) -> None:
    """Reports work that cannot flow, and settles which approvals each input waits for (`scope.granted`)."""
    if not scope.elements:
        findings.add("CH419", scope.node.name.span, name=scope.name)
        return
    order = Order(scope)
    if _circles(order, findings):
        return
    scope.granted = approvals_of_inputs(scope, order)
    if scope.granted:
        # An approval that must come first may close a circle of its own.
        order = Order(scope)
        if _circles(order, findings):
            return
    for part in scope.elements.values():
        _complete(part, findings)
        _conditions(part, scope, order, findings)
        _too_early(part, scope, order, findings)
        _returns(part, order, findings)
        _times(part, findings)
    if not findings.failed:
        # Conditions last: where what they wait for comes later anyway, that has been said.
        _circles(Order(scope, whens=True), findings)
    _alternatives(scope, findings)
    _bindings(scope, order)
    _outputs(scope, order, findings)
    check_running_totals(scope, order, findings)
    for symbol in scope.parameters.values():
        if symbol.node.value is None:
            findings.add("CH408", symbol.span, file=symbol.file, name=symbol.name)


def _circles(order: Order, findings: Findings) -> bool:
    found = order.cycles()
    for parts, span in found:
        path = " → ".join(f"`{p.name}`" for p in (*parts, parts[0]))
        findings.add("CH401", span, path=path)
    return bool(found)


# --- what an element must have --------------------------------------------------------------------


def _complete(part: Part, findings: Findings) -> None:
    at = part.node.name.span
    if part.kind == "approval":
        if t.By not in part.lines:
            findings.add("CH409", at, element=part.name)
        on = {line.event: line for line in part.all(t.On)}
        if "rejects" in on and "reject" in on and on["reject"].action == "cancel" and (on["rejects"].count or 1) > 1:
            findings.add("CH418", on["rejects"].span, element=part.name)
    elif part.kind == "activity":
        by_itself = t.Work in part.lines or t.Wait in part.lines
        responsible = t.Assign in part.lines or any(line.kind == "role" for line in part.all(t.Raci))
        if not by_itself and not responsible:
            findings.add("CH410", at, element=part.name)
    elif part.kind == "milestone":
        if not any(kind in part.lines for kind in (t.When, t.After, t.Input)):
            findings.add("CH414", at, element=part.name)
    elif not part.children:
        findings.add("CH417", at, element=part.name)


# --- never starting, never ending -----------------------------------------------------------------


def _roots(expr: t.Expr) -> set[str]:
    return names(expr.text)


def _reads_clock(expr: t.Expr) -> bool:
    tree = read(expr.text).tree
    calls = [] if tree is None else [node.function for node in ft.walk(tree) if isinstance(node, ft.Call)]
    return any(isinstance(called, ft.Name) and called.name in ("now", "today") for called in calls)


def _conditions(part: Part, scope: ProcessScope, order: Order, findings: Findings) -> None:
    for line in part.all(t.When):
        span = line.expr.span
        later = _all_later(line.expr, part, scope, order, of_end=line.kind == "exit")
        never = constant(line.expr.text) is False or later
        if never and part.kind != "milestone" and line.kind != "exit":
            findings.add("CH402", span, element=part.name)
        elif (never and line.kind == "exit") or (constant(line.expr.text) is False):
            findings.add("CH403", span, element=part.name)
    for offer in part.all(t.Offered):
        if constant(offer.expr.text) is False:
            findings.add("CH402", offer.expr.span, element=part.name)
    repeat = part.one(t.Repeat)
    if repeat is None:
        return
    for expr in (repeat.until, repeat.while_):
        if expr is not None and not _can_change(expr, part, scope, order):
            never = expr is repeat.until and constant(expr.text) is False
            findings.add("CH403" if never else "CH438", expr.span, element=part.name)
    if repeat.every is not None:
        _rhythm(part, scope, order, findings)


def _rhythm(part: Part, scope: ProcessScope, order: Order, findings: Findings) -> None:
    """Reports a rhythm of one round: ended with what is around it (CH433), or held by an exit that no round brings."""
    around, exits = part.parent, _exits(part)
    if exits:
        read_by = _roots(exits[0].expr)
        made_by = [source for root in read_by for source in _sources(root, scope)]
        inside = any(part in (source, *source.ancestors()) for source in made_by)
        if made_by and not inside and "case" not in read_by and not _reads_clock(exits[0].expr):
            findings.add("CH439", exits[0].span, element=part.name)
    elif part.one(t.ForEach) is not None:
        findings.add("CH433", part.all(t.Repeat)[0].span, element=part.name, phase=part.name)
    elif around is None or not _exits(around):
        beside = [p for p in (around.children if around is not None else scope.top) if p is not part]
        if all(order.precedes(end(p), begin(part)) for p in beside):
            name = around.name if around is not None else scope.name
            findings.add("CH433", part.all(t.Repeat)[0].span, element=part.name, phase=name)


def _exits(part: Part) -> list[t.When]:
    return [line for line in part.all(t.When) if line.kind == "exit"]


def _sources(root: str, scope: ProcessScope) -> list[Part]:
    """The elements that decide what a name stands for: itself, or those that write it."""
    seen = scope.elements.get(root)
    return [seen] if seen is not None else scope.producers.get(root, [])


# Lines whose expressions are needed as soon as the element begins.
_AT_ONCE: tuple[type, ...] = (t.Work, t.Assign, t.Measure)


def _too_early(part: Part, scope: ProcessScope, order: Order, findings: Findings) -> None:
    taken = {n.text for p in (part, *part.ancestors()) for n in (*p.inputs, *((p.of,) if p.of else ()))}
    for kind in _AT_ONCE:
        for line in part.lines.get(kind, ()):
            for expr in expressions(line):
                for root in _roots(expr):
                    writers = scope.producers.get(root)
                    if not writers or root in taken or root in scope.inputs or root in scope.elements:
                        continue
                    again = any(p.all(t.Repeat) for p in (part, *part.ancestors()))
                    if again and all(w is part for w in writers):
                        continue  # what its own last round has written
                    if not any(order.precedes(end(w), begin(part)) for w in writers):
                        findings.add("CH422", expr.span, element=part.name, name=root)


def _all_later(expr: t.Expr, part: Part, scope: ProcessScope, order: Order, *, of_end: bool) -> bool:
    """Whether all that a condition reads comes only after what the condition holds back."""
    roots = _roots(expr)
    if not roots or _reads_clock(expr):
        return False
    moment = end(part) if of_end else begin(part)
    inside = {part.name} if of_end else set()
    for root in roots:
        sources: list[Part]
        if root in scope.elements:
            sources = [scope.elements[root]]
        elif root in scope.producers and root not in scope.inputs:
            sources = scope.producers[root]
        else:
            return False
        for source in sources:
            if source.name in inside or source in part.ancestors():
                return False
            if not order.precedes(moment, begin(source)):
                return False
    return True


def _can_change(expr: t.Expr, part: Part, scope: ProcessScope, order: Order) -> bool:
    """Whether what a `repeat` looks at can become different while the element repeats."""
    if _reads_clock(expr):
        return True
    for root in _roots(expr):
        if root == "case":
            return True
        if any(s is part or not order.precedes(end(s), begin(part)) for s in _sources(root, scope)):
            return True
    return False


def _alternatives(scope: ProcessScope, findings: Findings) -> None:
    """Reports an element that takes what two alternatives of one choice write: it can never have both (CH402)."""
    for _, line in scope.orders:
        if line.kind != "first":
            continue
        chosen = {scope.element(n.text): n.text for n in line.names}
        taken: dict[str, set[str]] = {}
        for record, producers in scope.producers.items():
            # A record that something else writes too is there whichever way the choice falls.
            if len(producers) == 1 and producers[0] in chosen and record not in scope.inputs:
                for consumer in scope.consumers.get(record, ()):
                    taken.setdefault(consumer.name, set()).add(producers[0].name)
        for name, alternatives in taken.items():
            if len(alternatives) > 1:
                findings.add("CH402", scope.elements[name].node.name.span, element=name)


def _bindings(scope: ProcessScope, order: Order) -> None:
    """Settles for each `same` which of its two elements comes first, since only the later one can be checked."""
    pairs = [(line.element.text, line.other.text) for line, _ in scope.separations if line.same]
    for part in scope.elements.values():
        pairs += [(part.name, other.text) for duty in part.all(t.Duty) if duty.same for other in duty.others]
    for name, other_name in pairs:
        element, other = scope.element(name), scope.element(other_name)
        if element is not None and other is not None and order.precedes(end(element), begin(other)):
            scope.turned.add((element.name, other.name))


def check_runs(scopes: Iterable[ProcessScope], findings: Findings) -> None:
    """Reports processes that always run themselves, directly or through others: their cases would never end."""
    runs: dict[str, list[tuple[str, t.Name, str]]] = {}
    for scope in scopes:
        found = runs.setdefault(scope.name, [])
        for part in scope.elements.values():
            held = any(kind in p.lines for p in (part, *part.ancestors()) for kind in (t.When, t.ForEach))
            for line in part.all(t.Work):
                if line.kind in ("run", "start") and not held:
                    found.append((line.target.text, line.target, scope.file))
    done: set[str] = set()
    for first in runs:
        # Depth first; the way back to a process that is still open is a circle.
        path: list[str] = []
        stack: list[tuple[str, int]] = [(first, 0)]
        while stack:
            name, at = stack.pop()
            if at == 0:
                if name in done:
                    continue
                path.append(name)
            if at == len(runs.get(name, ())):
                done.add(path.pop())
                continue
            stack.append((name, at + 1))
            target, place, file = runs[name][at]
            if target in path:
                circle = " → ".join(f"`{n}`" for n in (*path[path.index(target) :], target))
                findings.add("CH423", place.span, file=file, path=circle)
            elif target in runs:
                stack.append((target, 0))


# --- returning ------------------------------------------------------------------------------------


def _returns(part: Part, order: Order, findings: Findings) -> None:
    for line in part.all(t.On):
        if line.action != "return" or line.target is None:
            continue
        target = order.scope.element(line.target.text)
        if target is None or order.precedes(end(target), begin(part)):
            continue
        arguments: dict[str, Any] = {}
        if part.of is not None and (producers := order.scope.producers.get(part.of.text)):
            arguments = {"guess": producers[0].name, "guess_kind": "producer_of", "guess_of": part.of.text}
        findings.add("CH404", line.target.span, element=part.name, target=target.name, **arguments)


# --- times ----------------------------------------------------------------------------------------


def _span(measure: t.Measure | None) -> Span | None:
    value = constant(measure.expr.text) if measure is not None else None
    return value if isinstance(value, Span) else None


_INFINITE = Decimal("Infinity")


def _least_and_most(span: Span) -> tuple[Decimal, Decimal]:
    """The shortest and longest time a span can be, in days: months differ, and a working day may be far off."""
    least = Decimal(span.days) + Decimal(span.months) * 28 + Decimal(span.seconds) / 86_400
    most = Decimal(span.days) + Decimal(span.months) * 31 + Decimal(span.seconds) / 86_400
    if span.working_days or span.working_seconds:
        # Counted from within a day, n working days end n - 1 midnights later at the earliest.
        return least + max(Decimal(span.working_days) - 1, Decimal(0)), _INFINITE
    return least, most


def longer(one: Span, other: Span) -> bool:
    """Whether a span is longer than another whatever the months and working weeks are."""
    units = [
        (getattr(one, u), getattr(other, u)) for u in ("months", "days", "seconds", "working_days", "working_seconds")
    ]
    used = [pair for pair in units if pair[0] or pair[1]]
    if len(used) == 1:
        return bool(used[0][0] > used[0][1])
    return _least_and_most(one)[0] > _least_and_most(other)[1]


def _times(part: Part, findings: Findings) -> None:
    within = part.measure("within")
    takes = part.measure("takes")
    for kind in ("within", "due"):
        line = part.measure(kind) if part.kind == "milestone" else None
        if line is not None:
            findings.add("CH453", line.span, element=part.name, text=line.expr.text)
    due, needs = _span(within), _span(takes)
    if due is not None and needs is not None and within is not None and takes is not None and longer(needs, due):
        findings.add("CH420", takes.expr.span, element=part.name, takes=takes.expr.text, within=within.expr.text)
    if due is None or within is None:
        return
    for phase in part.ancestors():
        limit = phase.measure("within")
        most = _span(limit)
        if most is not None and limit is not None and longer(due, most):
            findings.add(
                "CH406",
                within.expr.span,
                element=part.name,
                span=within.expr.text,
                phase=phase.name,
                limit=limit.expr.text,
            )
            return


# --- outputs --------------------------------------------------------------------------------------


def _carries_out(record: Symbol | None) -> bool:
    return record is not None and any(isinstance(line, t.Source) for line in record.node.body)


def _outputs(scope: ProcessScope, order: Order, findings: Findings) -> None:
    used = scope.used | set(scope.consumers) | set(scope.outputs)
    lines = (line for part in scope.elements.values() for line in part.all(t.Files))
    used |= {line.source.text.partition(".")[0] for line in lines if line.source is not None}
    awaited = {s for c in order.conditions if order.holds_back(c) for s in c.sources if s % 2 == 1}
    candidates = [r for r in (*scope.records, *scope.consumers) if r not in scope.producers]
    for part in scope.elements.values():
        # What carries out a clause is kept to show that, read or not.
        unread = [n for n in part.outputs if n.text not in used and not _carries_out(scope.record(n.text))]
        if not unread or not any(end(p) in awaited for p in (part, *part.ancestors())):
            continue  # the last results of a process are what it is for
        for name in unread:
            findings.unknown("CH407", name, candidates, element=part.name)
