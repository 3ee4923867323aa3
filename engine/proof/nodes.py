"""What a node of an expression is: a comparison, a call by name, a path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from charter.engine.feel import tree as t

Path = tuple[str, ...]
OUTSIDE = "outside_of_the_case"  # the register of what is asked of others (`outside`)
_COMPARING = frozenset({"=", "!=", "<", "<=", ">", ">="})


def is_comparison(node: t.Node) -> TypeGuard[t.Binary]:
    return isinstance(node, t.Binary) and node.op in _COMPARING


def calls(node: t.Node, name: str) -> TypeGuard[t.Call]:
    """Says whether a node calls a function by its name."""
    return isinstance(node, t.Call) and isinstance(node.function, t.Name) and node.function.name == name


def static(node: t.Node, local: Mapping[str, Path] | Mapping[str, Path | None]) -> Path | None:
    """Gives the path that a node is; None where it calculates."""
    if isinstance(node, t.Name):
        return local.get(node.name, (node.name,))
    if isinstance(node, t.Path):
        base = static(node.of, local)
        return None if base is None else (*base, node.name)
    return None


def is_answer(node: t.Node) -> bool:
    """Says whether a node stands for something that is asked of others."""
    return isinstance(node, t.Path) and isinstance(node.of, t.Filter) and node.of.of == t.Name(OUTSIDE)
