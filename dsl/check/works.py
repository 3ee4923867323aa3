"""Checks what runs by itself: which processes are run or started, and what they are given."""

from __future__ import annotations

from collections.abc import Iterable

from charter.dsl.check.findings import Findings
from charter.dsl.check.references import distinct, misnamed
from charter.dsl.check.scopes import Part, ProcessScope, Symbol
from charter.dsl.text import tree as t


def work(line: t.Work, part: Part, scope: ProcessScope, findings: Findings) -> None:
    distinct((a.name for a in line.arguments), line.kind, findings)
    if line.kind == "amend":
        for name in part.outputs:
            findings.add("CH214", name.span, word="output", kind=part.kind, hint="amends")
    if line.kind not in ("run", "start"):
        return  # connectors are the operator's, and not known here
    symbol = check_process(line.target, line.arguments, scope, findings)
    if line.kind == "run" and symbol is not None:
        gives = {n.text for o in symbol.node.body if isinstance(o, t.Output) for n in o.names}
        for name in part.outputs:
            if name.text not in gives:
                findings.unknown("CH224", name, gives, process=line.target.text)


def check_process(
    name: t.Name, given: tuple[t.Argument, ...], scope: ProcessScope, findings: Findings
) -> Symbol | None:
    """Looks a process up that is run or started, and what it is given."""
    symbol = scope.shared.processes.get(name.text)
    if symbol is None:
        misnamed(name, "process", "CH208", scope.shared.processes, scope, findings)
    else:
        # Whether it reads what is declared outside of it is known when all processes are.
        check_arguments(given, symbol.node, scope.shared.parameters, name, findings)
    return symbol


def check_arguments(
    arguments: tuple[t.Argument, ...], process: t.Process, shared: Iterable[str], at: t.Name, findings: Findings
) -> None:
    """Reports arguments that a process does not take, and inputs it needs and does not get.

    `shared`: parameters that may be bound besides its own.
    """
    takes = {n.text for line in process.body if isinstance(line, t.Input) for n in line.names}
    parameters = {line.name.text for line in process.body if isinstance(line, t.Parameter)} | set(shared)
    unknown = [a.name for a in arguments if a.name.text not in takes and a.name.text not in parameters]
    for name in unknown:
        findings.unknown("CH215", name, [*takes, *parameters], process=at.text)
    for lacking in not_given(takes, arguments, unknown, findings):
        findings.add("CH223", at.span, process=at.text, name=lacking)


def not_given(
    takes: Iterable[str], arguments: tuple[t.Argument, ...], unknown: Iterable[t.Name], findings: Findings
) -> list[str]:
    """Names what is to be given and is not, but what a name that is not known is perhaps meant for."""
    lacking = sorted(set(takes) - {a.name.text for a in arguments})
    meant = {findings.guess(name.text, lacking) for name in unknown} if lacking else set()
    return [name for name in lacking if name not in meant]
