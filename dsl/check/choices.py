"""Finds comparisons with a text that the other side can never be: a misspelt outcome, state or choice.

It looks at `path = "text"` and `path != "text"` where the path leads to a fact of an element or a field of type
choice. Whatever else an expression compares is not its business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from charter.dsl.check.expressions import read
from charter.dsl.check.scopes import ProcessScope
from charter.dsl.check.types import states_of
from charter.dsl.text import tree as t
from charter.engine.feel import tree as ft

# Why the engine passed an element over or ended it; it stands where a decision's outcome would.
_PASSED = ("condition", "dead", "choice", "enough", "list", "container", "person")
_OUTCOMES: dict[str, tuple[str, ...]] = {
    "approval": ("approve", "reject", "return", *_PASSED),
    "activity": ("return", *_PASSED),
    "phase": _PASSED,
    "milestone": _PASSED,
}


def impossible(
    tree: ft.Node, scope: ProcessScope, own: Mapping[str, t.Type]
) -> Iterator[tuple[ft.Node, str, str, tuple[str, ...]]]:
    """Yields (the text's node, the text, the path, what it can be) for each comparison that never holds.

    `own`: declared types of names that only this expression sees, such as the fields of its record.
    """
    for node in ft.walk(tree):
        if not isinstance(node, ft.Binary) or node.op not in ("=", "!="):
            continue
        for text, other in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(text, ft.String):
                continue
            path = _path(other)
            values = _values(path, scope, own) if path else None
            if values and text.value not in values:
                yield text, text.value, ".".join(path), values


def choices_of(text: str, scope: ProcessScope) -> tuple[str, ...] | None:
    """Gives what a path to a field of type choice can be; None for any other expression."""
    tree = read(text).tree
    path = _path(tree) if tree is not None else ()
    return _values(path, scope, {}) if path else None


def _path(node: ft.Node) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(node, ft.Path):
        names.append(node.name)
        node = node.of
    return (*reversed((*names, node.name)),) if isinstance(node, ft.Name) else ()


def _values(path: tuple[str, ...], scope: ProcessScope, own: Mapping[str, t.Type]) -> tuple[str, ...] | None:
    root, *rest = path
    part = scope.elements.get(root)
    if root not in own and part is not None and len(rest) == 1:
        states = (*states_of(part.kind), *(states_of("phase") if t.ForEach in part.lines else ()))
        return states if rest[0] == "state" else _OUTCOMES[part.kind] if rest[0] == "outcome" else None
    if root == "case" and rest == ["status"]:
        return states_of("case")
    if root in own:
        type_: t.Type | None = own[root]
    else:
        type_ = t.Type(root) if scope.record(root) is not None else None
    for name in rest:
        symbol = scope.record(type_.name) if type_ is not None and type_.item is None else None
        fields = symbol.node.fields if symbol is not None else ()
        type_ = next((field.type for field in fields if field.name.text == name), None)
    return tuple(c.text for c in type_.choices) if type_ is not None and type_.choices else None
