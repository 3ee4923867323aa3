"""What a path is declared to be; and comparisons with a text that it can never be: a misspelt outcome, state or choice.

A path leads through fields of records, from a record or from the variable of a `for each`. Of expressions only
`path = "text"` and `path != "text"` are looked at, where it leads to a fact of an element or a field of type choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from charter.dsl.check.element_facts import Read, facts_read
from charter.dsl.check.expressions import read
from charter.dsl.check.scopes import Part, ProcessScope
from charter.dsl.check.types import states_of
from charter.dsl.text import tree as t
from charter.engine import feel
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
    tree: ft.Node, part: Part | None, scope: ProcessScope, own: Mapping[str, t.Type]
) -> Iterator[tuple[ft.Node, str, str, tuple[str, ...]]]:
    """Yields (the text's node, the text, the path, what it can be) for each comparison that never holds.

    `own`: declared types of names that only this expression sees, such as the fields of its record.
    """
    facts = {id(read.node): _fact_values(read) for read in facts_read(tree, part, scope, own)}
    for node in ft.walk(tree):
        if not isinstance(node, ft.Binary) or node.op not in ("=", "!="):
            continue
        for text, other in ((node.left, node.right), (node.right, node.left)):
            if not isinstance(text, ft.String):
                continue
            path = _path(other)
            values = facts.get(id(other)) or (_values(path, scope, own) if path else None)
            if values and text.value not in values:
                yield text, text.value, ".".join(path), values


class Declared(Struct, frozen=True):
    """What a path leads to: its type, and whether a field on the way may be left out."""

    type: t.Type
    optional: bool = False
    limits: str = ""  # what its `where` allows, as a unary test; empty where that tells nothing, or nothing simple


def declared_of(text: str, scope: ProcessScope, own: Mapping[str, t.Type]) -> Declared | None:
    """Gives what a path is declared to be; None for any other expression, and where nobody declared it."""
    tree = read(text).tree
    path = _path(tree) if tree is not None else ()
    return _declared(path, scope, own) if path else None


def item_types(part: Part | None, scope: ProcessScope) -> dict[str, t.Type]:
    """Gives the declared types of the `for each` variables around and on an element, by name."""
    if part is None:
        return {}
    found = item_types(part.parent, scope)
    line = part.one(t.ForEach)
    if line is not None:
        items = declared_of(line.items.text, scope, found) if line.items is not None else None
        found.pop(line.variable.text, None)
        if items is not None and items.type.item is not None:
            found[line.variable.text] = items.type.item
    return found


def _path(node: ft.Node) -> tuple[str, ...]:
    names: list[str] = []
    while isinstance(node, ft.Path):
        names.append(node.name)
        node = node.of
    return (*reversed((*names, node.name)),) if isinstance(node, ft.Name) else ()


def _fact_values(read: Read) -> tuple[str, ...] | None:
    kinds = ["phase"] if read.whole else [read.of.kind]
    if t.ForEach in read.of.lines and not read.whole and not read.listed:
        kinds.append("phase")  # inside it, of the one or of all, whichever asks
    tables = {"state": states_of, "outcome": _OUTCOMES.__getitem__}
    of = tables.get(read.fact)
    return None if of is None else tuple(value for kind in kinds for value in of(kind))


def _values(path: tuple[str, ...], scope: ProcessScope, own: Mapping[str, t.Type]) -> tuple[str, ...] | None:
    root, *rest = path
    if root == "case" and rest == ["status"]:
        return states_of("case")
    found = _declared(path, scope, own)
    return tuple(c.text for c in found.type.choices) if found is not None and found.type.choices else None


def _declared(path: tuple[str, ...], scope: ProcessScope, own: Mapping[str, t.Type]) -> Declared | None:
    root, *rest = path
    type_ = own.get(root) or (t.Type(root) if scope.record(root) is not None else None)
    optional, limits = False, ""
    for name in rest:
        field = scope.field_of(type_.name, name) if type_ is not None and type_.item is None else None
        type_ = None if field is None else field.type
        optional = optional or (field is not None and field.optional)
        limits = _limits(field) if field is not None else ""
    return None if type_ is None else Declared(type_, optional, limits)


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _limits(field: t.Field) -> str:
    """Gives what the `where` of a field allows, as a unary test: a bound, or two joined by `and`, or a range."""
    tree = read(field.where.text).tree if field.where is not None else None
    bounds: dict[str, str] = {}
    parts = [tree] if tree is not None else []
    while parts:
        match parts.pop():
            case ft.Binary("and", left, right):
                parts += [left, right]
            case ft.Binary(op, ft.Name(of), bound) if of == field.name.text and op in _TURNED:
                bounds[op] = feel.text(bound)
            case ft.Binary(op, bound, ft.Name(of)) if of == field.name.text and op in _TURNED:
                bounds[_TURNED[op]] = feel.text(bound)
            case ft.Between(ft.Name(of), low, high) if of == field.name.text:
                bounds |= {">=": feel.text(low), "<=": feel.text(high)}
            case ft.In(ft.Name(of), (ft.Interval() as range_,)) if of == field.name.text:
                return feel.text(range_)
    least, most = (next((op for op in bounds if op[0] == sign), "") for sign in "><")
    if least and most:
        return f"{'[' if '=' in least else '('}{bounds[least]}..{bounds[most]}{']' if '=' in most else ')'}"
    return f"{least or most} {bounds[least or most]}" if bounds else ""
