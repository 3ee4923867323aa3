"""Structs as plain JSON data and back: definitions, commands and whatever else the engine keeps as text.

Knows types by their annotations and nothing of what they mean. Invariant: `from_json(kind, to_json(value)) == value`
for frozen structs of scalars, tuples, other such structs and JSON data as `Any`.
"""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Any

from msgspec import NODEFAULT, Struct


@cache
def shape(kind: type[Struct]) -> tuple[tuple[str, Any], ...]:
    """Gives the fields of a class with their defaults, NODEFAULT where there is none."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    return tuple(zip(names, (NODEFAULT,) * (len(names) - len(defaults)) + defaults, strict=True))


def to_json(value: Any) -> Any:
    """Gives any struct of the engine as JSON data: defaults left out, tuples as lists."""
    if isinstance(value, Struct):
        out = {}
        for name, default in shape(type(value)):
            item = getattr(value, name)
            if item != default:
                out[name] = to_json(item)
        return out
    if isinstance(value, tuple | list):
        return [to_json(v) for v in value]
    return value


def from_json(kind: Any, data: Any) -> Any:
    """Builds a struct (or tuple, or scalar) of type `kind` back from `to_json` data.

    Raises TypeError or ValueError on data that no `to_json` wrote.
    """
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        if data is None:
            return None
        kinds = [k for k in typing.get_args(kind) if k is not type(None)]
        return from_json(kinds[0], data)
    if origin is tuple:
        args = typing.get_args(kind)
        if len(args) == 2 and args[1] is Ellipsis:
            return tuple(from_json(args[0], v) for v in data)
        return tuple(from_json(a, v) for a, v in zip(args, data, strict=True))
    if isinstance(kind, type) and issubclass(kind, Struct):
        hints = _hints(kind)
        return kind(**{name: from_json(hints[name], v) for name, v in data.items()})
    return data


@cache
def _hints(kind: type[Struct]) -> dict[str, Any]:
    return typing.get_type_hints(kind)
