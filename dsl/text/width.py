"""How wide a text is on a terminal; a module of its own, so that the command line starts without the language."""

from __future__ import annotations

from unicodedata import combining, east_asian_width


def display_width(text: str) -> int:
    """Counts terminal columns: East Asian wide characters take two (Unicode UAX #11), combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)
