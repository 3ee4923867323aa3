"""How wide a text is on a terminal and what of it may be shown; apart, so that the command line starts quickly.

The one owner of "may be shown": whoever writes other people's text on a line of a screen or a page asks here.
"""

from __future__ import annotations

from unicodedata import category, east_asian_width

_ON_TOP = frozenset({"Mn", "Me"})  # marks that take no column of their own


def display_width(text: str) -> int:
    """Counts terminal columns: East Asian wide characters take two (Unicode UAX #11), marks on a letter none."""
    if text.isascii():
        return len(text)
    return sum(0 if category(c) in _ON_TOP else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def shown(text: str, instead: str = " ") -> str:
    """Gives a text of one line with `instead` for whatever is no character to be seen: control, format, half ones.

    Blanks of every width (Zs, a full-width one among them) stay, which Python counts as not printable.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or category(c) == "Zs" else instead for c in text)
