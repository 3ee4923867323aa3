"""Checks `offers`: what of a register is offered to whoever does some work."""

from __future__ import annotations

from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.text import tree as t
from charter.engine.offers import register_of


def offers(line: t.Offers, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Reports what offers no entries of a register, what offers those of one twice, and work that nobody does."""
    if t.Work in part.lines or t.Wait in part.lines:
        findings.add("CH452", line.span, element=part.name)
    tree = read(line.expr.text).tree
    name = None if tree is None else register_of(tree)
    symbol = None if name is None else scope.register(name)
    if symbol is None or symbol.kind != "register":
        findings.add("CH297", line.expr.span, element=part.name)
        return
    points = {check.name.text for list_ in part.all(t.Checklist) for check in list_.checks if check.name is not None}
    others = [each for each in part.all(t.Offers) if each is not line and each.span < line.span]
    twice = any((other := read(each.expr.text).tree) is not None and register_of(other) == name for each in others)
    if name in points or twice:
        findings.add("CH298", line.expr.span, element=part.name, name=name)
