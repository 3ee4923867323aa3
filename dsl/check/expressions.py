"""FEEL inside a process file: the one way the passes here read an expression.

It knows the dialect and nothing of scopes or types. What was read is remembered, so asking twice is cheap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct, structs

from charter.dsl.text import tree as t
from charter.engine import feel
from charter.engine.feel.reads import reads
from charter.engine.placed import parts


class Reading(Struct, frozen=True):
    """An expression as read: its tree (None where it is none), what is wrong, canonical text, every static path."""

    tree: feel.Node | None
    problems: tuple[feel.Problem, ...]
    text: str
    paths: frozenset[tuple[str, ...]]


# Several passes ask for the same expression, and a large file holds more of them than FEEL itself remembers.
@lru_cache(maxsize=32_768)
def read(text: str, kind: feel.Kind = "expression") -> Reading:
    """Reads an expression, or the unary tests of a KPI's target."""
    parsed = feel.parse(text, dialect="charter", kind=kind)
    tree = parsed.tree
    if tree is None:
        return Reading(None, parsed.problems, text, frozenset())
    return Reading(tree, (), feel.text(tree), reads(tree))


def canonical(text: str, kind: feel.Kind = "expression") -> str:
    """Gives an expression in FEEL's canonical spacing; a text that is no expression stays as it is."""
    return read(text, kind).text


def feel_text(expr: t.Expr | None, kind: feel.Kind = "expression") -> str | None:
    """Gives an expression as a definition keeps it."""
    return None if expr is None else canonical(expr.text, kind)


def names(text: str) -> set[str]:
    """The free names of an expression."""
    return {path[0] for path in read(text).paths}


@lru_cache(maxsize=4_096)
def constant(text: str) -> Any:
    """The value of an expression that reads nothing; None for any other and where it has no value."""
    found = read(text)
    return None if found.tree is None or found.paths else feel.compile(found.tree).evaluate({})


def closed(node: feel.Node, text: str) -> feel.Node:
    """Gives a node with the parentheses around its sides that its place leaves out: `(a or b) and c`."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', lambda quote: " " * len(quote[0]), text)
    start, end = node.start, node.end
    depth = lowest = 0
    for sign in bare[start:end]:
        depth += (sign == "(") - (sign == ")")
        lowest = min(lowest, depth)
    for _ in range(-lowest):
        start = bare.rfind("(", 0, start)
    for _ in range(depth - lowest):
        end = bare.find(")", end) + 1
    return structs.replace(node, start=start, end=end) if 0 <= start < end else node


def expressions(part: Any) -> Iterator[t.Expr]:
    """Every expression in a line or declaration, at any depth."""
    if isinstance(part, t.Expr):
        yield part
    elif isinstance(part, tuple):
        for item in part:
            yield from expressions(item)
    elif isinstance(part, t.Node) and not isinstance(part, t.Name | t.Text):
        for name in parts(type(part)):
            if name != "comments":
                yield from expressions(getattr(part, name))
