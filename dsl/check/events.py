"""Checks the lines of what happens to elements by itself: whom and what their actions name, and what they need."""

from __future__ import annotations

from collections.abc import Iterator

from charter.dsl.check.expressions import constant, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import WORK, check_roles, distinct
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.check.works import check_process
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled
from charter.engine import calendars, feel
from charter.engine.definition import Calendar


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
        if action.kind == "escalate" and part is not None and not has_work(part, scope):
            findings.add("CH461", action.span, element=part.name)


def when_late(line: t.OnOverdue, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Looks up what `on overdue` names, and the line without which nothing is ever overdue."""
    check_actions(line.actions, part, scope, findings)
    if not any(measure.kind in ("within", "due") for measure in part.all(t.Measure)):
        findings.add("CH413", line.span, word="on overdue", needed="within")


def remind(line: t.Remind, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Looks up who is reminded, and of what; a reminder long before the work begins reminds nobody of anything."""
    check_roles(line.roles, "remind", scope, findings)
    if line.holder and _by_itself(part):
        findings.add("CH466", line.span, element=part.name)
    dated = [measure for measure in part.all(t.Measure) if measure.kind in ("within", "due")]
    if not dated:
        findings.add("CH413", line.span, word="remind", needed="within")
    elif len(dated) == 1 and dated[0].kind == "within" and _longer(line.ahead, dated[0].expr):
        findings.add("CH463", line.ahead.span, span=line.ahead.text, within=dated[0].expr.text)


def ends(line: t.Ends, part: Part, scope: ProcessScope, findings: Findings) -> None:
    """Reports an end of what is never passed over, and one that comes before the date by which it is to be done."""
    kept = next((p for p in (part, *part.ancestors(), *_inside(part, scope)) if _is_kept(p)), None)
    if kept is not None:
        findings.add("CH462", line.span, element=part.name, kept=kept.name)
    due = next((m.expr for m in part.all(t.Measure) if m.kind == "within"), None)
    if line.kind == "after" and line.expr is not None and due is not None and _longer(due, line.expr):
        findings.add("CH464", line.expr.span, element=part.name, span=line.expr.text, within=due.text)
    _clocked(line, findings)


def happens(line: t.Happens, part: Part, scope: ProcessScope, findings: Findings) -> None:
    check_actions(line.actions, part, scope, findings)
    _clocked(line, findings)


def has_work(part: Part, scope: ProcessScope) -> bool:
    """Says whether people do an element, or any that stands in it."""
    return any(not _by_itself(one) for one in (part, *_inside(part, scope)))


def _by_itself(part: Part) -> bool:
    """Says whether nobody does an element: it only holds others, or runs by itself."""
    return part.kind not in WORK or t.Work in part.lines or t.Wait in part.lines


def _clocked(line: t.Ends | t.Happens, findings: Findings) -> None:
    """Reports a condition that asks the clock, at which nothing looks when time alone goes on."""
    tree = read(line.expr.text).tree if line.kind == "when" and line.expr is not None else None
    if line.expr is not None and tree is not None and feel.compile(tree).tells_time:
        findings.add("CH465", line.expr.span, text=line.expr.text)


def _is_kept(part: Part) -> bool:
    return any(flag.kind == "never_skipped" for flag in part.all(t.Flag))


def _inside(part: Part, scope: ProcessScope) -> Iterator[Part]:
    return (other for other in scope.elements.values() if part in other.ancestors())


_MONDAY = 1_772_442_000_000_000  # 2 March 2026, 09:00 UTC


def _longer(one: t.Expr, other: t.Expr) -> bool:
    """Says whether of two spans that are written out the first is the longer one, both being of one kind of time."""
    spans = [constant(expr.text) for expr in (one, other)]
    if None in spans or calendars.keeps_hours(spans[0]) != calendars.keeps_hours(spans[1]):
        return False
    first, second = (calendars.add(Calendar(), _MONDAY, span) for span in spans)
    return first is not None and second is not None and first > second
