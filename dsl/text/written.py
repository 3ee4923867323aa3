"""Places and edits of a text, in the file's own bytes: what is not edited stays, byte for byte.

A span counts characters of the text that `source.decode` gives: in its one form (NFC), without the byte order mark. The
file itself may spell a letter with two characters, so a place is found through *pieces*: stretches of the file each of
which comes into the form by itself. An edit that begins or ends inside a piece that the form changes rewrites that
piece, and no other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate
from unicodedata import combining, is_normalized

from charter.dsl.diagnostic import Edit, Span
from charter.engine.text import composed

_MARK = "\ufeff"  # the byte order mark


def line_ends(text: str) -> str:
    """Gives how most lines of a text end."""
    return "\r\n" if 2 * text.count("\r\n") > text.count("\n") else "\n"


def suited(edit: Edit, text: str, ends: str) -> Edit:
    """Gives an edit as it is made in a text: its lines end as the text's do, and no line end is parted by it."""
    start, end = (place - 1 if text[max(0, place - 1) : place + 1] == "\r\n" else place for place in edit.span)
    return Edit((start, end), edit.text.replace("\n", ends))


class Written:
    """A file's text as its author's program wrote it, without the byte order mark; what is no UTF-8 is replaced."""

    def __init__(self, data: bytes | str, ends: str | None = None) -> None:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        self.text = text.removeprefix(_MARK)
        self.ends = ends or line_ends(self.text)

    @cached_property
    def _table(self) -> tuple[list[tuple[str, str]], list[int], list[int]]:
        """The pieces, each as written and in the form, and where each begins in the one and in the other text."""
        pieces = [(piece, composed(piece)) for piece in _pieces(self.text)]
        begins = [0, *accumulate(len(piece) for piece, _ in pieces)]
        return pieces, begins, [0, *accumulate(len(formed) for _, formed in pieces)]

    def _place(self, offset: int) -> tuple[int, int, str, str]:
        """Gives where a place is, or around it the piece that has it inside, and the two parts of that piece."""
        pieces, begins, starts = self._table
        index = min(bisect_right(starts, offset) - 1, len(pieces) - 1)
        (piece, formed), inside = pieces[index], offset - starts[index]
        if piece == formed or inside == 0:
            return begins[index] + inside, begins[index] + inside, "", ""
        return begins[index], begins[index + 1], formed[:inside], formed[inside:]

    def replacement(self, edit: Edit) -> tuple[Span, str]:
        """Gives what stands for an edit here: a span in characters of `text`, and what it becomes."""
        start, _, before, _ = self._place(edit.span[0])
        _, end, _, after = self._place(edit.span[1])
        made = suited(Edit((start, end), before + edit.text + after), self.text, self.ends)
        return made.span, made.text

    def position(self, offset: int) -> tuple[int, int]:
        """Gives line and column, both from 1, of a place in `text`; the column in code units of UTF-16."""
        start = self.text.rfind("\n", 0, offset) + 1
        return self.text.count("\n", 0, start) + 1, len(
            self.text[start:offset].encode("utf-16-le", "surrogatepass")
        ) // 2 + 1

    def region(self, span: Span) -> tuple[tuple[int, int], tuple[int, int]]:
        """Gives where a span of the text in its one form begins and ends here, as `position` does."""
        return self.position(self._place(span[0])[0]), self.position(self._place(span[1])[1])


def rewritten(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Gives the bytes of a file in UTF-8 with edits made that do not overlap; new lines end as the file's lines do."""
    text = data.decode("utf-8")
    mark = _MARK * text.startswith(_MARK)
    written = Written(text)
    # The last first: what stands before an edit is where it was.
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        (start, end), new = written.replacement(edit)
        written = Written(written.text[:start] + new + written.text[end:], written.ends)
    return (mark + written.text).encode("utf-8")


def _pieces(text: str) -> Iterator[str]:
    """Cuts a text where nothing composes across: whole if it is in the form, else by lines, else by letters."""
    if is_normalized("NFC", text):
        yield text
        return
    for line in text.splitlines(keepends=True):
        if is_normalized("NFC", line):
            yield line
            continue
        start = 0
        for index in range(1, len(line)):
            letter = line[start:index]
            if not combining(line[index]) and composed(letter + line[index]) == composed(letter) + composed(
                line[index]
            ):
                yield letter
                start = index
        yield line[start:]
