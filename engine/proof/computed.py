"""Conditions with what is computed in the place of its name, so that they read what people fill in.

What is read of all items of a list at once stays by its name; then what it is computed from is read beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from charter.engine import feel
from charter.engine.definition import Field
from charter.engine.feel import tree as t
from charter.engine.plan.program import Program

Path = tuple[str, ...]
ITEM = "*"


def field_at(program: Program, path: Path) -> Field | None:
    """Gives the field that a path from a record leads to, through lists."""
    kind: str | None = path[0]
    found: Field | None = None
    for name in path[1:]:
        if name == ITEM:
            continue
        declared = program.types.get(kind or "")
        found = next((f for f in declared.fields if f.name == name), None) if declared is not None else None
        if found is None:
            return None
        inner = found.type
        while inner.item is not None:
            inner = inner.item
        kind = inner.record
    return found


def sources(program: Program, path: Path) -> Iterator[Path]:
    """Yields the paths of what a field is computed from, which are beside it."""
    field = field_at(program, path) if len(path) > 1 else None
    if field is not None and field.computed is not None:
        for name in sorted(program.names(field.computed)):
            beside = (*path[:-1], name)
            if field_at(program, beside) is not None:
                yield beside
                yield from sources(program, beside)


def expanded(program: Program, node: t.Node, local: Mapping[str, Path | None]) -> t.Node:
    """Gives an expression that reads no computed field of one record; `local`: paths that names stand for."""

    def inner(part: Any) -> Any:
        return expanded(program, part, local)

    if not program.derived:
        return node
    if isinstance(node, t.Name | t.Path):
        path = _path(node, local)
        field = field_at(program, path) if path is not None and _single(program, path) else None
        if field is not None and field.computed is not None:
            tree = feel.parse(field.computed).tree
            base = node.of if isinstance(node, t.Path) else None
            fields = program.types[_record(program, path[:-1])].fields  # type: ignore[index]
            names = {f.name for f in fields}
            return expanded(program, _said_of(tree, names, base), local)
    if isinstance(node, t.Quantified):
        seen, iterations = dict(local), []
        for each in node.iterations:
            iterations.append(replace(each, items=expanded(program, each.items, seen)))
            items = _path(each.items, seen) if each.to is None else None
            seen[each.name] = None if items is None else (*items, ITEM)
        return replace(node, iterations=tuple(iterations), test=expanded(program, node.test, seen))
    found: t.Node = t.mapped(node, inner)
    return found


def _path(node: t.Node, local: Mapping[str, Path | None]) -> Path | None:
    if isinstance(node, t.Name):
        return local.get(node.name, (node.name,))
    if isinstance(node, t.Path):
        base = _path(node.of, local)
        return None if base is None else (*base, node.name)
    return None


def _record(program: Program, path: Path) -> str:
    field = field_at(program, path)
    kind = field.type if field is not None else None
    while kind is not None and kind.item is not None:
        kind = kind.item
    return (kind.record if kind is not None else path[0]) or ""


def _single(program: Program, path: Path) -> bool:
    """Says whether a path leads to one field of one record, not to those of all items of a list."""
    if path[0] not in program.types or len(path) < 2:
        return False
    for end in range(2, len(path)):
        field = None if path[end - 1] == ITEM else field_at(program, path[:end])
        if field is not None and field.type.name == "list" and path[end] != ITEM:
            return False
    return True


def _said_of(node: Any, names: set[str], base: t.Node | None) -> Any:
    """Gives what a field is computed from, its record's fields named as the field itself is."""
    if isinstance(node, t.Name) and node.name in names:
        return node if base is None else t.Path(base, node.name)
    return t.mapped(node, lambda part: _said_of(part, names, base))
