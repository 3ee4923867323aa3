r"""What a name is: an identifier of Unicode (UAX 31), its letters and the marks that are written on and between them.

The patterns of a text's reader say `\w` for a character of a name and `[^\W\d]` for a first one. Python's `\w` knows
letters, digits and `_`, and leaves out what Hindi, Thai or Arabic cannot be written without: combining marks (Mn, Mc)
and the few signs more that Unicode lets continue an identifier (XID_Continue). A text has few of them, so that they are
looked for in the text and put into the patterns, which cost all others nothing. Knows no keyword and no grammar.
"""

from __future__ import annotations

import re
from functools import lru_cache

NAME = r"[^\W\d]\w*"
_FIRST_MARK = "\xb7"  # no mark comes before this


def marks(text: str) -> str:
    r"""Gives the characters of a text that may continue a name though `\w` does not match them, each once, sorted."""
    if text.isascii():
        return ""
    return "".join(sorted(c for c in set(text) if c >= _FIRST_MARK and not c.isalnum() and f"_{c}".isidentifier()))


@lru_cache(maxsize=1024)
def compiled(pattern: str, marks: str = "") -> re.Pattern[str]:
    r"""Compiles a pattern in which `\w` means a character of a name in a text of these marks."""
    return re.compile(_PIECE.sub(lambda m: _marked(m[0], marks), pattern) if marks else pattern)


_PIECE = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\.", re.DOTALL)  # a set, or an escape


def _marked(piece: str, marks: str) -> str:
    if piece[0] == "[":
        return piece.replace(r"\w", rf"\w{marks}")
    return rf"[\w{marks}]" if piece == r"\w" else piece
