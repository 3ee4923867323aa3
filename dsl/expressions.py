"""FEEL inside a process file: the one way the passes here read an expression.

It knows the dialect and nothing of scopes or types. Reading is remembered by FEEL itself, so asking twice is cheap.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..engine import feel
from . import tree as t


@lru_cache(maxsize=65_536)
def canonical(text: str, kind: str = "expression") -> str:
    """Gives an expression in FEEL's canonical spacing; a text that is no expression stays as it is."""
    tree = feel.parse(text, dialect="charter", kind=kind).tree  # type: ignore[arg-type]
    return text if tree is None else feel.text(tree)


@lru_cache(maxsize=65_536)
def paths(text: str, kind: str = "expression") -> frozenset[tuple[str, ...]]:
    """Every static path that an expression reads from its free names, such as ("plan", "tasks")."""
    tree = feel.parse(text, dialect="charter", kind=kind).tree  # type: ignore[arg-type]
    return frozenset() if tree is None else feel.compile(tree).paths


def names(text: str, kind: str = "expression") -> set[str]:
    """The free names of an expression."""
    return {path[0] for path in paths(text, kind)}


def constant(text: str) -> Any:
    """The value of an expression that reads nothing; None for any other and where it has no value."""
    tree = feel.parse(text, dialect="charter").tree
    if tree is None:
        return None
    expression = feel.compile(tree)
    return None if expression.names else expression.evaluate({})


def expressions(part: Any) -> Iterator[t.Expr]:
    """Every expression in a clause or declaration, at any depth."""
    if isinstance(part, t.Expr):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from expressions(item)
    elif isinstance(part, t.Node) and not isinstance(part, t.Name | t.Text):
        for name in part.__dataclass_fields__:
            if name not in ("span", "comments"):
                yield from expressions(getattr(part, name))
