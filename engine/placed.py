"""What stands at a place in a text: the root of both trees, that of files (`dsl.tree`) and that of FEEL (`feel.tree`).

Where something stands takes no part in equality, so that a tree that is printed and read again equals itself. Knows
nothing of what the parts say.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import Struct

_PLACE = frozenset({"span", "start", "end"})


class Placed(Struct, frozen=True):
    """Equal to another of its class that says the same; `span`, or `start` and `end`, are where it stands."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash((type(self), _said(self)))


@cache
def parts(kind: type[Struct]) -> tuple[str, ...]:
    """Names the fields of a class that say something, in their order."""
    return tuple(name for name in kind.__struct_fields__ if name not in _PLACE)


def _said(node: Placed) -> tuple[Any, ...]:
    return tuple(getattr(node, name) for name in parts(type(node)))
