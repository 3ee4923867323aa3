"""How wide a text is on a terminal and what of it may be shown; apart, so that the command line starts quickly.

The one owner of "may be shown": whoever writes other people's text on a line of a screen or a page asks here.
"""

from __future__ import annotations

import re
from unicodedata import category, east_asian_width

_ON_TOP = frozenset({"Mn", "Me"})  # marks that take no column of their own
_NARROW = re.compile("[!-~]+")  # what only a blank parts: a path, a command's word


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


_OPENING, _CLOSING = "（“「《", "，。、；：）”」》？！"
_SHUT = frozenset(",.;:)]}%!?")  # narrow, beside wide ones


def _wide_cut(line: str, following: str, gap: int) -> int:
    """Says where a line may end before a wide character: not after what opens, nor before what closes."""
    cut = len(line)
    if following in _CLOSING:
        cut = cut - 1 if display_width(line[-1]) == 2 else gap
    while cut > 1 and (line[cut - 1] in _OPENING or (line[cut - 1] == "`" and line[:cut].count("`") % 2)):
        cut -= 1
    return cut if cut > 0 else len(line)


def wrap(text: str, columns: int) -> list[str]:
    """Breaks text into lines of at most so many columns, at blanks, and between two wide characters."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line, used, gap, earlier = "", 0, -1, -1
        for c in paragraph:
            if c in _SHUT and gap == len(line):
                gap = earlier  # nothing that closes begins a line
            if used + display_width(c) > columns:
                cut = _wide_cut(line, c, gap) if display_width(c) == 2 else gap if gap > 0 else len(line)
                lines.append(line[:cut].rstrip())
                line = line[cut:].lstrip()
                used, gap, earlier = display_width(line), -1, -1
            if c == " ":
                gap, earlier = len(line), gap
            elif display_width(c) == 2:
                gap, earlier = len(line) + (c not in _OPENING), gap
            if line or c != " ":
                line += c
                used += display_width(c)
        lines.append(line)
    return lines


def folded(line: str, columns: int) -> list[str]:
    """Breaks one line of an answer, what follows two deeper; a word that has no room is left to the terminal."""
    text = line.lstrip(" ")
    deeper = len(line) - len(text) + 2
    room = columns - deeper
    if display_width(line) <= columns or any(len(word) > room for word in _NARROW.findall(text)):
        return [line]
    first, *rest = wrap(text, room)
    return [" " * (deeper - 2) + first, *(" " * deeper + each for each in rest)]
