"""Finds expressions that do not see what their author takes them to see of a `for each`.

From inside an instance its siblings cannot be seen, and what reads an open list from outside waits until it is closed.
What names stand for is `types.py`'s to say, what comes before what `order.py`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from charter.dsl.check.expressions import read
from charter.dsl.check.findings import Findings
from charter.dsl.check.order import Order, begin, end
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.text import tree as t
from charter.engine import feel
from charter.engine.feel import tree as ft, types as y
from charter.engine.feel.builtins import load
from charter.engine.feel.inference_calls import takes_many
from charter.engine.plan.facts import ENDINGS


def alone(
    tree: ft.Node, types: Mapping[str, y.Type], part: Part | None, scope: ProcessScope
) -> Iterator[tuple[ft.Node, str, str]]:
    """Yields (place, function, name) where a function of many is given what an instance has one of: its own.

    `types` are those of the names that the expression reads, as `part` sees them.
    """
    if part is None or not part.instances:
        return
    for call in ft.walk(tree):
        if not isinstance(call, ft.Call) or not isinstance(call.function, ft.Name) or len(call.arguments) != 1:
            continue
        argument, rows = call.arguments[0], load().get(call.function.name, ())
        root = argument
        while isinstance(root, ft.Path):
            root = root.of
        if not isinstance(root, ft.Name) or root.name not in types or not _in_list(root.name, scope):
            continue
        found, _ = feel.infer(argument, types)
        if found is not y.ANY and not isinstance(found, y.ListType) and any(takes_many(_first(row)) for row in rows):
            yield argument, call.function.name, root.name


def _first(row: object) -> y.Type:
    parameters = getattr(row, "parameters", ())
    kind: y.Type = parameters[0].type if parameters else y.ANY
    return y.NUMBER if kind is y.ANY else kind


def _in_list(name: str, scope: ProcessScope) -> bool:
    seen = scope.elements.get(name)
    return bool(seen.parent is not None and seen.parent.instances if seen is not None else scope.written_in(name))


def reads_itself(record: str, where: t.Expr, scope: ProcessScope) -> bool:
    """Says whether a field's `where` reads the record that is being written, without asking whether it is there."""
    tree = read(where.text).tree
    if tree is None or record in scope.inputs or any(isinstance(node, ft.Null) for node in ft.walk(tree)):
        return False
    return any(path[0] == record for path in read(where.text).paths)


def check_running_totals(scope: ProcessScope, order: Order, findings: Findings) -> None:
    """Reports conditions that read an open list and are not said to come after it: they wait until it is closed."""
    for part in scope.elements.values():
        for line in part.all(t.When):
            if line.kind == "exit":
                continue
            for path in sorted(read(line.expr.text).paths):
                group = _open_list(path, part, scope)
                if group is not None and not order.precedes(end(group), begin(part)):
                    findings.add("CH434", line.expr.span, element=part.name, list=group.name, name=path[0])
                    break


def _open_list(path: tuple[str, ...], part: Part, scope: ProcessScope) -> Part | None:
    """The open `for each` inside which what a path reads is made, where `part` is outside of it."""
    seen = scope.elements.get(path[0])
    if seen is not None:
        ends = len(path) > 1 and path[1] in ENDINGS
        around: tuple[Part, ...] = seen.parent.instances if ends and seen.parent is not None else ()
    else:
        around = scope.written_in(path[0]) or ()
    groups = [group for group in around if group is not part and group not in part.ancestors()]
    return next((g for g in groups if (line := g.one(t.ForEach)) is not None and line.open), None)
