"""What an expression reads from outside itself: its free names and the static paths from them.

Works on the tree alone. A name inside a filter may be a field of the item or a name in scope, and no tree can
tell which; such names count as free, so the answer errs towards too much.
"""

from __future__ import annotations

from collections.abc import Mapping

from charter.engine.feel import tree as t

StaticPath = tuple[str, ...]
# what a local name stands for: the path it walks along, or None for a value of its own
Locals = Mapping[str, StaticPath | None]


def reads(node: t.Node) -> frozenset[StaticPath]:
    """List every path an expression reads; the first part of each is a free name.

    A filter does not break a path (`plan.tasks[done].due` reads `plan.tasks.due`), a loop variable carries on
    the path of what it walks over.
    """
    found: set[StaticPath] = set()
    _visit(node, {}, found)
    return frozenset(found)


def asks_whether_there(node: t.Node, name: str) -> bool:
    """Tells whether an expression compares a name with `null`, and so says something of its absence too."""
    return any(
        isinstance(part, t.Binary)
        and part.op in ("=", "!=")
        and any(isinstance(side, t.Null) for side in (part.left, part.right))
        and any(isinstance(side, t.Name) and side.name == name for side in (part.left, part.right))
        for part in t.walk(node)
    )


def _static(node: t.Node, local: Locals) -> StaticPath | None:
    if type(node) is t.Name:
        return local.get(node.name, (node.name,))
    if type(node) is t.Path:
        base = _static(node.of, local)
        return None if base is None else (*base, node.name)
    return _static(node.of, local) if type(node) is t.Filter else None


def _visit_base(node: t.Node, local: Locals, found: set[StaticPath]) -> None:
    """Visit what a path passes through, without its prefixes."""
    while type(node) in (t.Path, t.Filter):
        if type(node) is t.Filter:
            _visit(node.test, {**local, "item": _static(node.of, local)}, found)
        node = node.of  # type: ignore[attr-defined]
    if type(node) is not t.Name:
        _visit(node, local, found)


def _visit(node: t.Node, local: Locals, found: set[StaticPath]) -> None:
    kind = type(node)
    if kind in (t.Name, t.Path, t.Filter):
        path = _static(node, local)
        if path is not None:
            found.add(path)
        _visit_base(node, local, found)
    elif isinstance(node, (t.For, t.Quantified)):
        inner = dict(local)
        for iteration in node.iterations:
            _visit(iteration.items, inner, found)
            if iteration.to is not None:
                _visit(iteration.to, inner, found)
            inner[iteration.name] = None if iteration.to is not None else _static(iteration.items, inner)
        if isinstance(node, t.For):
            inner["partial"] = None
            _visit(node.result, inner, found)
        else:
            _visit(node.test, inner, found)
    elif isinstance(node, t.Lambda):
        _visit(node.body, {**local, **dict.fromkeys(parameter.name for parameter in node.parameters)}, found)
    elif isinstance(node, t.Context):
        inner = dict(local)
        for entry in node.entries:
            itself = {entry.key: None} if isinstance(entry.value, t.Lambda) else {}
            _visit(entry.value, {**inner, **itself}, found)
            inner[entry.key] = None
    elif isinstance(node, (t.Call, t.NamedCall)):
        for argument in node.arguments:
            _visit(argument, local, found)
        if type(node.function) is not t.Name:
            _visit(node.function, local, found)
        elif node.function.name not in local:
            from charter.engine.feel.builtins import load

            if node.function.name not in load():
                found.add((node.function.name,))
    else:
        for child in t.children(node):
            _visit(child, local, found)
