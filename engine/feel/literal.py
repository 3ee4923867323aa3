"""Values as the expressions that give them: what `parse` and `compile` turn into the value again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from charter.engine.feel.conversion import text_of
from charter.engine.feel.own import File, Money, Span
from charter.engine.feel.printer import quoted
from charter.engine.feel.ranges import Range
from charter.engine.feel.temporal import Date
from charter.engine.names import NAME, compiled, marks


def literal(value: Any) -> str | None:
    """Writes a value as an expression, None for one that no expression gives: a file, a range without an end."""
    if value is None or isinstance(value, bool | Decimal | Money | Span | Date):
        return "null" if value is None else text_of(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        items = [literal(item) for item in value]
        return None if None in items else f"[{', '.join(map(str, items))}]"
    if isinstance(value, dict):
        entries = [(_key(name), literal(inner)) for name, inner in value.items()]
        return None if any(inner is None for _, inner in entries) else _context(entries)
    if isinstance(value, Range):
        low, high = literal(value.low), literal(value.high)
        if value.test or low is None or high is None or "null" in (low, high):
            return None
        return f"{'[' if value.low_included else '('}{low}..{high}{']' if value.high_included else ')'}"
    return None if isinstance(value, File) else f"@{quoted(text_of(value))}"


def _context(entries: list[tuple[str, Any]]) -> str:
    return "{" + ", ".join(f"{name}: {inner}" for name, inner in entries) + "}"


def _key(name: str) -> str:
    return name if compiled(NAME, marks(name)).fullmatch(name) else quoted(name)
