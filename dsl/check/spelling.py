"""What all need that write elements in the place of a line: places, expressions, and in which language names are."""

from __future__ import annotations

from typing import Any

from charter.dsl.text import tree as t


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def at(node: Any) -> dict[str, Any]:
    """Gives where something stands, for what comes from it."""
    return {"span": node.span}


def expr(text: str, at: Any) -> t.Expr:
    return t.Expr(text, span=at.span)
