"""Values as plain JSON data and back: definitions, commands, effects, whatever the engine keeps as text.

Knows types by their annotations and nothing of what they mean. Invariant: `from_json(kind, to_json(value)) == value`
for kept values of scalars, tuples, other kept values and JSON data as `Any`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from msgspec import NODEFAULT, Struct, ValidationError, convert

T = TypeVar("T")


class Kept(Struct, frozen=True, forbid_unknown_fields=True):
    """A value that is kept as text."""


@cache
def shape(kind: type[Struct]) -> tuple[tuple[str, Any], ...]:
    """Gives the fields of a class with their defaults, NODEFAULT where there is none."""
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    return tuple(zip(names, (NODEFAULT,) * (len(names) - len(defaults)) + defaults, strict=True))


def to_json(value: Any) -> Any:
    """Gives any kept value as JSON data: defaults left out, tuples as lists."""
    if isinstance(value, Kept):
        out = {}
        for name, default in shape(type(value)):
            item = getattr(value, name)
            if item != default:
                out[name] = to_json(item)
        return out
    if isinstance(value, tuple | list):
        return [to_json(v) for v in value]
    return value


def from_json(kind: type[T], data: Any) -> T:
    """Builds a kept value back; raises ValueError on data that no `to_json` wrote."""
    try:
        return convert(data, kind)
    except ValidationError as wrong:
        raise ValueError(str(wrong)) from wrong
