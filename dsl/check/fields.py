"""Checks what fields say of their values: conditions, what is computed, defaults, and when one is required.

Whether their marks go together, whether they read each other in a circle, whether a computed field reads what it may:
its own record and parameters, so that it is never out of date. What one expression comes to is `typecheck.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from typing import Any

from charter.dsl.check.asks import Ask
from charter.dsl.check.doubtful import check_declared
from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.lists import reads_itself
from charter.dsl.check.references import check_role
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.check.types import type_of
from charter.dsl.diagnostic import Fix
from charter.dsl.text import tree as t
from charter.dsl.text.words import spelled
from charter.engine import feel
from charter.engine.feel import tree as ft, types as y
from charter.engine.plan.fields import of_items

# Somebody, or a list of people.
PEOPLE = y.OneOf(options=(y.STRING, y.ListType(item=y.ANY)))
_PRESENT = frozenset({"now", "today"})


def check_marks(record: t.Record | t.Register, file: str, findings: Findings) -> None:
    """Reports marks of a field that do not go together (CH327)."""
    for field in record.fields:
        marks = [word for word, there in _marks(field) if there]
        if len(marks) > 1:
            expr = next(e for e in (field.drawn, field.required, field.default, field.computed) if e is not None)
            findings.add("CH327", expr.span, file=file, name=field.name.text, word=marks[0], needed=marks[1])


def check_circles(record: t.Record | t.Register, file: str, scope: ProcessScope, findings: Findings) -> None:
    """Reports fields that read each other (CH326)."""
    filled = {f.name.text: f for f in record.fields if f.computed is not None or f.default is not None}
    inside = partial(_fields_at, record, scope)
    ways = {name: [n for n in _names(field, inside) if n in filled] for name, field in filled.items()}
    told: set[str] = set()
    for name, field in filled.items():
        circle = None if name in told else _circle(name, ways)
        if circle is not None:
            told.update(circle)
            filling = field.computed or field.default
            assert filling is not None
            shown = " → ".join(f"`{n}`" for n in circle)
            findings.add("CH326", filling.span, file=file, name=name, path=shown)


def check_fields(
    node: t.Record | t.Register, file: str, scope: ProcessScope, findings: Findings, expression: Callable[..., Any]
) -> None:
    """Checks the expressions of a record's fields by `expression`, each as those who write the record see it."""
    declared = {line.name.text: line.type for line in node.fields}
    own = {name: type_of(type_, scope) for name, type_ in declared.items()}
    writers = scope.writers(node.name.text)
    for line in node.fields:
        name, wanted = line.name.text, own[line.name.text]
        asks: list[tuple[t.Expr | None, y.Type, str]] = [
            (line.where, y.BOOLEAN, "where"),
            (line.default, wanted, "default"),
            (line.required, y.BOOLEAN, "required when"),
        ]
        if line.drawn is not None:
            asks.append((line.drawn.count, y.NUMBER, "drawn"))
            asks.append((line.drawn.excluded, PEOPLE, "excluding"))
            if "." in line.drawn.pool.text:
                asks.append((t.Expr(line.drawn.pool.text, span=line.drawn.pool.span), PEOPLE, "of"))
            else:
                check_role(line.drawn.pool, scope, findings)
        if line.computed is not None and _reaches(node, line, scope, file, findings):
            asks.append((line.computed, wanted, "="))
        for expr, kind, word in asks:
            if expr is None:
                continue
            ask, before = Ask(expr, kind, word, field=name), len(findings.diagnostics)
            itself = word != "=" and node.name.text not in own and reads_itself(node.name.text, expr, scope)
            for part in [None] if itself or word == "=" else writers:
                if len(findings.diagnostics) == before:
                    expression(ask, part, own, file=file, declared=declared)
            if itself:
                findings.add("CH436", expr.span, file=file, name=node.name.text)
            tree = read(expr.text).tree
            if tree is not None and kind is wanted and len(findings.diagnostics) == before:
                check_declared(tree, line.type, name, expr.span[0], findings, file)


def check_lots(scope: ProcessScope, findings: Findings) -> None:
    """Reports lots that nobody draws (CH258), and draws that nobody witnesses (CH454)."""
    for symbol in scope.records.values():
        for field in symbol.node.fields:
            if field.drawn is None:
                continue
            name, record = field.name.text, symbol.node.name.text
            made = [part for part in scope.elements.values() if any(record == out.text for out in part.outputs)]
            automatic = any(part.all(kind) for part in made for kind in (t.Work, t.Wait))
            people = field.type.item is not None and field.type.item.name == "person"
            if not people or len(made) != 1 or automatic or record in scope.inputs:
                findings.add("CH258", field.drawn.span, file=symbol.file, name=name, record=record)
            elif not any(isinstance(line, t.CheckBy) for line in _below(made[0])):
                findings.add("CH454", field.drawn.span, file=symbol.file, name=name, element=made[0].name)


def _below(part: Part) -> Iterator[t.Line]:
    """Yields the lines of the points of an element's checklist."""
    return (below for line in part.all(t.Checklist) for check in line.checks for below in check.body)


def _reaches(record: t.Record | t.Register, field: t.Field, scope: ProcessScope, file: str, findings: Findings) -> bool:
    """Reports what a computed field may not read (CH325), or that it reads nothing of its record (CH328)."""
    expr = field.computed
    tree = read(expr.text).tree if expr is not None else None
    if expr is None or tree is None:
        return True
    own = {line.name.text for line in record.fields}
    odd = {p[0] for p in read(expr.text).paths if p[0] not in own and scope.parameter(p[0]) is None}
    known = {name for name in odd if name in ("case", "process") or scope.kind_of(name) is not None}
    called = {n.function.name for n in ft.walk(tree) if isinstance(n, ft.Call) and isinstance(n.function, ft.Name)}
    known |= called & _PRESENT
    for name in sorted(known):
        findings.add("CH325", expr.span, file=file, name=name, field=field.name.text, record=record.name.text)
    if not known and not odd and own.isdisjoint(path[0] for path in read(expr.text).paths):
        said: dict[str, Any] = {"name": field.name.text, "text": feel.text(tree)}
        if not (field.optional or field.visible or field.body):  # then nothing stands between the type and the sign
            before = field.title if field.title is not None else field.type
            said["fix"] = Fix.at((before.span[1], expr.span[0]), f" {spelled('DEFAULT', findings.language)} ")
        findings.add("CH328", expr.span, file=file, **said)
        return False
    return not known


def _marks(field: t.Field) -> Iterator[tuple[str, bool]]:
    """Yields which marks a field has of those that say where its value comes from, or that there may be none."""
    yield "drawn", field.drawn is not None
    yield "=", field.computed is not None
    yield "default", field.default is not None
    yield "required when", field.required is not None
    yield "optional", field.optional and field.computed is None


def _names(field: t.Field, inside: Callable[[tuple[str, ...]], Collection[str]]) -> list[str]:
    expr = field.computed if field.computed is not None else field.default
    tree = read(expr.text).tree if expr is not None else None
    if expr is None or tree is None:
        return []
    return sorted({path[0] for path in read(expr.text).paths} - of_items(tree, inside))


def _fields_at(record: t.Record | t.Register, scope: ProcessScope, path: tuple[str, ...]) -> Collection[str]:
    """Names the fields of the records at a path from a record's own fields."""
    fields: Sequence[t.Field] = record.fields
    for name in path:
        kind = next((f.type.innermost.name for f in fields if f.name.text == name), "")
        symbol = scope.record(kind)
        fields = symbol.node.fields if symbol is not None else ()
    return {f.name.text for f in fields}


def _circle(start: str, ways: dict[str, list[str]]) -> list[str] | None:
    """Finds the way from a field back to itself."""
    paths, seen = [[start]], set[str]()
    while paths:
        path = paths.pop()
        for name in ways[path[-1]]:
            if name == start:
                return [*path, name]
            if name not in seen:
                seen.add(name)
                paths.append([*path, name])
    return None
