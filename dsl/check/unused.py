"""Finds what a process declares and nothing uses: roles, parameters, records and tables, each told once.

What nothing reads, writes or asks does nothing, and so carries no clause out either (`scope.idle`, which `lower.py`
asks). What a file shares is left alone, since other files may use it. Reads the tables of the scope alone; what
expressions read was noted by `typecheck.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

from charter.dsl.check.findings import Findings
from charter.dsl.check.scopes import ProcessScope, Symbol, own
from charter.dsl.text import tree as t


def check_unused(scope: ProcessScope, findings: Findings) -> None:
    """Reports declarations that nothing uses, and outputs that look like a record which nobody writes."""
    unwritten = _unwritten(scope)
    for written in (*scope.inputs.values(), *(n for p in scope.elements.values() for n in p.outputs)):
        if scope.record(written.text) is None and findings.guess(written.text, unwritten) is not None:
            # One slip of the pen is told once: where it was made.
            findings.unknown("CH432", written, unwritten)
            unwritten.pop(str(findings.diagnostics[-1].arguments["guess"]))
    asked = {line.target.text for p in scope.elements.values() for line in p.all(t.Work) if line.kind == "decide"}
    idle = (
        ("CH218", own(scope, "roles"), scope.used_roles),
        ("CH430", own(scope, "parameters"), scope.used),
        ("CH431", unwritten, ()),
        ("CH611", own(scope, "decisions"), asked),
    )
    for code, declared, used in idle:
        for name, symbol in declared.items():
            if name not in used:
                scope.idle.add((symbol.kind, name))
                findings.add(code, symbol.span, file=symbol.file, name=name)


def _unwritten(scope: ProcessScope) -> dict[str, Symbol]:
    """The process's own records that no element writes, nobody brings, and no other record or parameter is made of."""
    written = {*scope.producers, *scope.inputs, *_parts(scope)}
    return {name: symbol for name, symbol in own(scope, "records").items() if name not in written}


def _parts(scope: ProcessScope) -> Iterator[str]:
    for symbol in scope.records.values():
        yield from (line.type.innermost.name for line in symbol.node.fields)
    for symbol in scope.parameters.values():
        if symbol.node.type is not None:
            yield symbol.node.type.innermost.name
    for part in scope.elements.values():
        for checklist in part.all(t.Checklist):
            for below in (below for check in checklist.checks for below in check.body):
                if isinstance(below, t.Evidence) and below.record is not None:
                    yield below.record.text
