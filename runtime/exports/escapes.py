r"""Other people's text in the formats of others: nothing in it is obeyed, and nothing of it is lost.

What cannot stand in XML, or what a terminal would obey, becomes `\uXXXX`, as in JSON; a `\uXXXX` that
stood there already becomes `\u005cuXXXX`. What a spreadsheet would take for a formula gets an apostrophe
before it, as does what looks like such a one. `plain` and `cell_text` undo it. Knows texts, and no format.
"""

from __future__ import annotations

import re

# C0 but tab and line ends, DEL, C1, what turns reading round, and what is no character in XML 1.0.
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")
_TOLD = re.compile(r"\\(?=u[0-9a-fA-F]{4})")
_WRITTEN = re.compile(r"\\u([0-9a-fA-F]{4})")
# what begins a formula in a spreadsheet, also where its author types in full width, or behind blanks
_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


class Escapes:
    """Counts the texts in which something had to be written otherwise."""

    def __init__(self) -> None:
        self.count = 0

    def text(self, text: str) -> str:
        """Gives text in which nothing is obeyed by a terminal or forbidden in XML."""
        if text.isprintable() and "\\u" not in text:
            return text
        found = UNSAFE.sub(lambda one: f"\\u{ord(one[0]):04x}", _TOLD.sub(r"\\u005c", text))
        self.count += found != text
        return found

    def cell(self, text: str) -> str:
        """Gives text as a cell of a table, which a spreadsheet takes for text."""
        found = self.text(text)
        if _FORMULA.match(found) is None or _NUMBER.fullmatch(found):
            return found
        self.count += found == text
        return f"'{found}"

    def json(self, text: str) -> str:
        """Gives JSON text, with the escapes of JSON itself."""
        if text.isprintable():
            return text
        found = UNSAFE.sub(lambda one: f"\\u{ord(one[0]):04x}", text)
        self.count += found != text
        return found


def plain(text: str) -> str:
    """Undoes `Escapes.text`."""
    return _WRITTEN.sub(lambda one: chr(int(one[1], 16)), text) if "\\u" in text else text


def cell_text(cell: str) -> str:
    """Undoes `Escapes.cell`."""
    return plain(cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell)
