"""Asks that everybody who may read a case may read its subject, and that no register has to be opened for a list."""

from __future__ import annotations

from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import ProcessScope
from charter.dsl.text import tree as t
from charter.engine.definition import Definition
from charter.engine.plan.program import compiled
from charter.engine.reading import sight, speaks


def check_subject(scope: ProcessScope, definition: Definition, findings: Findings) -> None:
    """Reports a subject that reads a register (CH255), or what is for some of the readers of a case alone (CH256)."""
    for line in scope.header.get(t.CaseSubject, [])[:1]:
        expression = compiled(definition.subject or "")
        names = frozenset() if expression is None else expression.names
        for register in definition.registers:
            if register.name in names:
                findings.add("CH255", line.expr.span, name=register.name)
        if speaks(sight(definition, ()), definition.subject):
            findings.add("CH256", line.expr.span, text=line.expr.text)
