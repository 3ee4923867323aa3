"""Dataclasses as plain JSON data and back: definitions, commands and whatever else the engine keeps as text.

Knows types by their annotations and nothing of what they mean. Invariant: `from_json(kind, to_json(value)) == value`
for frozen dataclasses of scalars, tuples, other such dataclasses and JSON data as `Any`.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any


def to_json(value: Any) -> Any:
    """Gives any dataclass of the engine as JSON data: defaults left out, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out = {}
        for f in dataclasses.fields(value):
            item = getattr(value, f.name)
            if item != f.default:
                out[f.name] = to_json(item)
        return out
    if isinstance(value, tuple | list):
        return [to_json(v) for v in value]
    return value


def from_json(kind: Any, data: Any) -> Any:
    """Builds a dataclass (or tuple, or scalar) of type `kind` back from `to_json` data.

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
    if dataclasses.is_dataclass(kind):
        hints = _hints(typing.cast(type, kind))
        return kind(**{name: from_json(hints[name], v) for name, v in data.items()})  # type: ignore[operator]
    return data


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
