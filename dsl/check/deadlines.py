"""Phases that allow less time than the work takes that must be done in them (CH450).

Asked of the finished definition, because it is a question of the order of work and of the calendar.
"""

from __future__ import annotations

from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import ProcessScope
from charter.engine.definition import Definition
from charter.engine.plan.program import prepare
from charter.engine.proof.assumptions import starting
from charter.engine.proof.slack import late


def check_deadlines(scope: ProcessScope, definition: Definition, findings: Findings) -> None:
    """Reports each phase whose critical path is longer than it may take."""
    timed = any(e.takes is not None or (e.work is not None and e.work.kind == "pause") for e in definition.elements)
    if not timed or not any(e.kind == "phase" and e.within is not None for e in definition.elements):
        return
    for found in late(prepare(definition), starting(definition)):
        part = scope.element(found.phase)
        within = part.measure("within") if part is not None else None
        if within is not None:
            path = ", ".join(f"`{name}`" for name in found.path)
            findings.add("CH450", within.expr.span, phase=found.phase, within=within.expr.text, path=path)
