"""Checks links: which case of which process one is about, what is read of it, and what is amended there.

What another process declares is known once the names of all processes are (`ProcessScope.peers`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from charter.dsl.check.expressions import expressions, feel_text, names, read
from charter.dsl.check.findings import Findings
from charter.dsl.check.references import misnamed
from charter.dsl.check.scopes import Part, ProcessScope, Symbol, own
from charter.dsl.check.types import record_type
from charter.dsl.text import tree as t
from charter.engine import definition as d
from charter.engine.feel import types as y
from charter.engine.plan.links import alone


def check_links(scope: ProcessScope, findings: Findings) -> None:
    """Reports processes that there are not, and what cannot say which case is meant."""
    for link in scope.links.values():
        line: t.Concerns = link.node
        if line.process.text not in scope.shared.processes:
            misnamed(line.process, "process", "CH208", scope.shared.processes, scope, findings)
        said = names(line.by.text)
        known = [name for name in said if name in scope.producers or name in scope.inputs]
        if not known or any(_elsewhere(name, scope) for name in said):
            findings.add("CH354", line.by.span, name=link.name, text=line.by.text)
    outside = (*own(scope, "kpis").values(), *own(scope, "parameters").values())
    lines = [(symbol.node, symbol.file) for symbol in outside]
    for node, file in (*lines, *((line, scope.file) for line in scope.header.get(t.CaseSubject, []))):
        for expr in expressions(node):
            for name in sorted(names(expr.text) & scope.links.keys()):
                findings.add("CH355", expr.span, file=file, name=name)


def _elsewhere(name: str, scope: ProcessScope) -> bool:
    """Tells whether a name stands for what is not in the case itself, or for a list of what is."""
    beyond = name in scope.links or name in scope.registers or name in scope.shared.registers
    return beyond or bool(scope.written_in(name))


def _read(scope: ProcessScope, name: str) -> Iterator[tuple[t.Expr, tuple[str, ...]]]:
    for expr in expressions(scope.node):
        for path in sorted(read(expr.text).paths):
            if path[0] == name:
                yield expr, path[1:]


def check_linked(scope: ProcessScope, findings: Findings) -> None:
    """Reports what is read of a linked case as a whole and can only be read fact by fact, and what is amended there."""
    for link in scope.links.values():
        other = scope.other(link)
        if other is None:
            continue
        told = set()
        for expr, path in _read(scope, link.name):
            whole = len(path) == 1 and (path[0] in other.elements or path[0] in ("case", "process"))
            if whole and expr.span not in told:
                told.add(expr.span)
                example = {"case": "status", "process": "version"}.get(path[0], "settled")
                findings.add("CH356", expr.span, name=f"{link.name}.{path[0]}", example=example)
    for part in scope.elements.values():
        for line in part.all(t.Work):
            if line.kind == "amend":
                _amends(line, part, scope, findings)


def amended(line: t.Work, scope: ProcessScope) -> tuple[ProcessScope, Symbol | None] | None:
    """Gives the process in which a line amends a record, and that record; None where it names no linked case."""
    name, _, record = line.target.text.partition(".")
    link = scope.links.get(name)
    other = None if link is None else scope.other(link)
    if other is None:
        return None
    there = record in other.producers or record in other.inputs
    return other, other.record(record) if there and not other.written_in(record) else None


def _amends(line: t.Work, part: Part, scope: ProcessScope, findings: Findings) -> None:
    record = line.target.last
    found = amended(line, scope)
    if found is None or found[1] is None:
        if all(scope.other(link) is not None for link in scope.links.values()):  # else that has been told already
            findings.unknown("CH357", line.target, _amendable(scope), element=part.name)
        return
    other, symbol = found
    assert symbol is not None
    allowed = {n.text for row in symbol.node.body if isinstance(row, t.AmendedBy) for n in row.processes}
    if scope.name not in allowed:
        findings.add("CH358", line.target.span, name=record, process=other.name, own=scope.name)


def _amendable(scope: ProcessScope) -> Iterator[str]:
    """Yields what can be amended of the cases that are concerned."""
    for link in scope.links.values():
        other = scope.other(link)
        for record in () if other is None else (*other.producers, *other.inputs):
            if other is not None and other.record(record) is not None and not other.written_in(record):
                yield f"{link.name}.{record}"


def amended_type(line: t.Work, scope: ProcessScope) -> y.Type | None:
    """Gives the type of what a line gives to a record of another process: all that the record cannot be without."""
    found = amended(line, scope)
    if found is None or found[1] is None:
        return None
    whole, fields = record_type(found[1].name, found[0]), found[1].node.fields
    needed = {field.name.text for field in fields if field.needed}
    if not isinstance(whole, y.ContextType):
        return whole
    return y.ContextType(fields={name: kind for name, kind in whole.fields.items() if name in needed})


def check_amendments(scopes: Iterable[ProcessScope], findings: Findings) -> None:
    """Reports processes that amend each other's records in a circle: their cases would amend each other for ever."""
    lines: dict[str, list[tuple[str, t.Name, str]]] = {}
    for scope in scopes:
        for part in scope.elements.values():
            for line in part.all(t.Work):
                found = amended(line, scope) if line.kind == "amend" else None
                if found is not None:
                    lines.setdefault(scope.name, []).append((found[0].name, line.target, scope.file))
    told: set[frozenset[str]] = set()
    for first, rows in lines.items():
        for target, place, file in rows:
            path = _way(lines, target, first)
            if path is not None and frozenset(path) not in told:
                told.add(frozenset(path))
                findings.add("CH359", place.span, file=file, path=" → ".join(f"`{n}`" for n in (first, *path)))


def _way(lines: dict[str, list[tuple[str, t.Name, str]]], start: str, end: str) -> list[str] | None:
    """Finds how amendments lead from a process to another."""
    came: dict[str, str | None] = {start: None}
    left = [start]
    while left:
        name = left.pop(0)
        if name == end:
            path: list[Any] = []
            at: str | None = name
            while at is not None:
                path.insert(0, at)
                at = came[at]
            return path
        for target, _, _ in lines.get(name, ()):
            if target not in came:
                came[target] = name
                left.append(target)
    return None


def _as_far_as_lists(path: tuple[str, ...], other: ProcessScope) -> tuple[str, ...]:
    """Gives a path up to the first list on it: `bids[bidder = "a"].price` asks of its items more than the path says."""
    if not path or other.record(path[0]) is None or path[0] in other.elements:
        return path
    if other.written_in(path[0]):
        return path[:1]
    kind: y.Type | None = record_type(path[0], other)
    for end, name in enumerate(path[1:], 1):
        kind = kind.fields.get(name) if isinstance(kind, y.ContextType) else None
        if isinstance(kind, y.ListType):
            return path[: end + 1]
    return path


def lower_link(link: Symbol, scope: ProcessScope) -> d.Link:
    """Gives a link as the engine knows it, with the facts that the process reads of the case."""
    line: t.Concerns = link.node
    # What is amended there is read, too: the amendment rests on how it stands.
    amends = [
        w.target.text.split(".") for part in scope.elements.values() for w in part.all(t.Work) if w.kind == "amend"
    ]
    other = scope.other(link)
    read = (path if other is None else _as_far_as_lists(path, other) for _, path in _read(scope, link.name))
    facts = alone([*read, *(tuple(p[1:]) for p in amends if p[0] == link.name)])
    return d.Link(link.name, line.process.text, feel_text(line.by) or "null", facts)
