"""What a KPI's formula means: the author's formula, with each projection over the cases cut to what is known.

`mean(cases.survey.score)` is read as the mean of `flatten(cases.survey.score)` without its nulls: a case that lacks the
fact does not count, and what stands in lists counts item by item. Knows FEEL's trees and neither cases nor definitions.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from charter.engine import feel
from charter.engine.feel import tree as t

# Of a loop and not of a filter, whose `item` a field called so would hide.
_KNOWN = "flatten(for each in flatten(projection) return if each = null then [] else each)"
_FLAT = "flatten(projection)"


def known_only(node: Any) -> Any:
    """Rewrites each projection over `cases` in a formula's tree so that it has the known values only, in one list."""
    return _projected(node, _KNOWN)


def as_typed(node: Any) -> Any:
    """Rewrites a formula's tree to one of the same type that says more plainly which."""
    return _projected(node, _FLAT)


def _projected(node: Any, template: str) -> Any:
    if isinstance(node, t.Path) and _over_cases(node):
        # The filters inside are conditions on a case and stay as they are.
        return _put(_template(template), node)
    return t.mapped(node, lambda inner: _projected(inner, template))


def _put(template: Any, node: Any) -> Any:
    if isinstance(template, t.Name) and template.name == "projection":
        return node
    # What is wrong with the whole is told of what the author wrote.
    at = {"start": node.start, "end": node.end} if isinstance(template, t.Node) else {}
    found = t.mapped(template, lambda inner: _put(inner, node))
    return replace(found, **at) if at else found


@lru_cache(maxsize=2)
def _template(text: str) -> t.Node:
    tree = feel.parse(text).tree
    assert tree is not None
    return tree


def _over_cases(node: Any) -> bool:
    """Says whether a path starts at `cases`, perhaps filtered."""
    while isinstance(node, t.Path | t.Filter):
        node = node.of
    return isinstance(node, t.Name) and node.name == "cases"
