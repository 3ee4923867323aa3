"""Encoded values in a few words, the way a person would type them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charter.engine.reading import is_withheld


def shown(encoded: Any, withheld: str = "withheld") -> str:
    """Shows an encoded value in one line, the way a person would type it; `withheld`: the word for what is."""
    if encoded is None:
        return ""
    if encoded is True or encoded is False:
        return "true" if encoded else "false"
    if isinstance(encoded, Mapping):
        return withheld if is_withheld(encoded) else _shown_context(encoded, withheld)
    if isinstance(encoded, list | tuple):
        return "; ".join(shown(item, withheld) for item in encoded)
    return str(encoded)


def _shown_context(data: Mapping[str, Any], withheld: str) -> str:
    if set(data) == {"money", "currency"}:
        return f"{data['money']} {data['currency']}"
    if "file" in data and "name" in data:
        return f"{data['name']} ({str(data['file'])[:8]})"
    if set(data) == {"start", "end"}:
        return f"{shown(data['start'], withheld)}..{shown(data['end'], withheld)}"
    for tag in ("number", "date", "time", "date and time", "duration", "span"):
        if set(data) == {tag}:
            return str(data[tag])
    inner = data["context"] if set(data) == {"context"} else data
    return "{" + ", ".join(f"{key}: {shown(value, withheld)}" for key, value in inner.items()) + "}"
