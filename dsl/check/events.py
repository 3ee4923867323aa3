"""Checks the lines of what happens to elements by itself: whom and what their actions name, and what they need."""

from __future__ import annotations

from charter.dsl.check.findings import Findings
from charter.dsl.check.references import WORK, check_roles, distinct
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.check.works import check_process
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled


def check_actions(actions: tuple[t.Action, ...], part: Part | None, scope: ProcessScope, findings: Findings) -> None:
    """Looks up whom and what the actions of a line name; `part`: the element whose work they may bring up."""
    for action in actions:
        if action.kind == "start":
            distinct((a.name for a in action.arguments), "start", findings)
            check_process(action.names[0], action.arguments, scope, findings)
            if len(action.names) > 1:
                begin = f"{spelled('START', findings.language)} "
                fix = Fix.at((action.names[1].span[0], action.names[1].span[0]), begin)
                findings.add("CH460", action.names[1].span, fix=fix, name=action.names[1].text)
        else:
            check_roles(action.names, action.kind, scope, findings)
        by_itself = part is not None and (t.Work in part.lines or t.Wait in part.lines)
        if action.kind == "escalate" and part is not None and (part.kind not in WORK or by_itself):
            findings.add("CH461", action.span, element=part.name)


def when_late(line: t.OnOverdue, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Looks up what `on overdue` names, and the line without which nothing is ever overdue."""
    check_actions(line.actions, part, scope, findings)
    if not any(measure.kind in ("within", "due") for measure in part.all(t.Measure)):
        findings.add("CH413", line.span, word="on overdue", needed="within")
