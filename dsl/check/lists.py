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


def alone(
    tree: ft.Node, types: Mapping[str, y.Type], part: Part | None, scope: ProcessScope
) -> Iterator[tuple[ft.Node, str, str]]:
    """Yields (place, function, name) where a function of many is given what an instance has one of: its own.

    `types` are those of the names that the expression reads, as `part` sees them.
    """
    if part is None or not part.instances:
        return
    for node in ft.walk(tree):
        if isinstance(node, ft.Quantified):
            walked = [(node.kind, iteration.items) for iteration in node.iterations if iteration.to is None]
        elif isinstance(node, ft.Call) and isinstance(node.function, ft.Name) and len(node.arguments) == 1:
            of_many = any(takes_many(_first(row)) for row in load().get(node.function.name, ()))
            walked = [(node.function.name, node.arguments[0])] if of_many else []
        else:
            continue
        for function, given in walked:
            base = given
            while isinstance(base, ft.Filter):
                base = base.of
            root = base
            while isinstance(root, ft.Path):
                root = root.of
            if not isinstance(root, ft.Name) or root.name not in types or not _in_list(root.name, scope):
                continue
            found, _ = feel.infer(base, types)
            if found is not y.ANY and not isinstance(found, y.ListType):
                yield given, function, root.name


def _first(row: object) -> y.Type:
    parameters = getattr(row, "parameters", ())
    kind: y.Type = parameters[0].type if parameters else y.ANY
    return y.NUMBER if kind is y.ANY else kind


def _in_list(name: str, scope: ProcessScope) -> bool:
    seen = scope.elements.get(name)
    return bool(seen.instances if seen is not None else scope.written_in(name))


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
    """The open `for each` inside which the record that a path reads is made, where `part` is outside of it."""
    around = () if path[0] in scope.elements else scope.written_in(path[0]) or ()
    groups = [group for group in around if group is not part and group not in part.ancestors()]
    return next((g for g in groups if (line := g.one(t.ForEach)) is not None and line.open), None)
