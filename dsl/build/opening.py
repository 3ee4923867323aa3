"""Lowers the step of a scenario by which somebody opens a further case, of a process that may be about another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charter.dsl.build.turns import Act, Value
from charter.dsl.check.expressions import canonical
from charter.dsl.check.findings import Findings
from charter.dsl.check.given import Given
from charter.dsl.check.references import distinct
from charter.dsl.check.rules import reached, starting
from charter.dsl.check.scopes import ProcessScope, Symbol
from charter.dsl.check.works import check_arguments
from charter.dsl.text import tree as t


def opening(line: t.Line) -> t.ActStep | None:
    """Gives the step by which a line has a case opened, be it to be refused."""
    step = line.step if isinstance(line, t.RefuseStep) else line
    return step if isinstance(step, t.ActStep) and step.verb == "open" else None


def playing(
    scope: ProcessScope, body: tuple[t.Line, ...], processes: Mapping[str, Symbol], scopes: dict[int, ProcessScope]
) -> list[ProcessScope] | None:
    """Gives the processes that a scenario plays: its own, those of which people open further cases, those they run.

    None where something is wrong with one of the others, which is told of it.
    """
    found = reached(scope, scopes)
    for line in body:
        step = opening(line)
        symbol = None if step is None or step.target is None else processes.get(step.target.name.text)
        if symbol is not None:
            other = scopes.get(id(symbol.node))
            if other is None:
                return None
            found += [each for each in reached(other, scopes) if each not in found]
    started = (symbol for each in found for symbol in starting(each))
    return None if any(scopes.get(id(symbol.node)) is None for symbol in started) else found


def lower_opening(
    line: t.ActStep, person: str, here: list[ProcessScope], findings: Findings, at: dict[str, Any], refusing: bool
) -> Act:
    """Gives the step; `here`: the processes that the scenario plays, its own first."""
    name = line.target.name if line.target is not None else line.person
    other = next((scope for scope in here if scope.name == name.text), None)
    distinct((a.name for a in line.arguments), "with", findings)
    given = []
    if other is None:
        findings.unknown("CH208", name, here[0].shared.processes)
    elif not refusing:
        check_arguments(line.arguments, other.node, (), name, findings)
    for argument in line.arguments if other is not None else ():
        assert other is not None
        if argument.name.text not in other.inputs and argument.name.text in other.parameters:
            findings.unknown("CH215", argument.name, other.inputs, process=name.text)
        if argument.value is None:
            given.append((argument.name.text, Value(file=argument.file.text if argument.file else "")))
            continue
        if not refusing and other.record(argument.name.text) is not None:
            kind = t.Type(argument.name.text)
            Given(other, here[0], findings).value(argument.value, kind, argument.name.text)
        given.append((argument.name.text, Value(canonical(argument.value.text))))
    return Act(person, "open", name.text, tuple(given), **at)
