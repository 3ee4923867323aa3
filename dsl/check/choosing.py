"""Choices that are declared once: in the place of each use stand their values, as if they were written there.

So no later pass knows them, and a process is the same whichever way its choices are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from charter.dsl.text import tree as t


def spelled_out(tree: t.File, choices: Mapping[str, t.Choice]) -> t.File:
    """Gives a file whose fields and parameters have the values of declared choices in place of the names."""
    return replace(tree, items=tuple(_line(item, choices) for item in tree.items)) if choices else tree


def _line(line: Any, choices: Mapping[str, t.Choice]) -> Any:
    if isinstance(line, t.Field | t.Parameter) and line.type is not None:
        return replace(line, type=_type(line.type, choices))
    if isinstance(line, t.Process):
        own = {one.name.text for one in line.body if isinstance(one, t.Record)}
        known = {name: node for name, node in choices.items() if name not in own}
        return replace(line, body=tuple(_line(one, known) for one in line.body))
    if isinstance(line, t.Record | t.Register):
        return replace(line, body=tuple(_line(one, choices) for one in line.body))
    return line


def _type(type_: t.Type, choices: Mapping[str, t.Choice]) -> t.Type:
    if type_.item is not None:
        return replace(type_, item=_type(type_.item, choices))
    found = choices.get(type_.name)
    return type_ if found is None else t.Type("choice", None, found.values, span=type_.span)
