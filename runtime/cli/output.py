"""Calm text on a terminal: aligned tables, sheets, times, JSON. Knows display widths, not what it prints.

Invariants: colour only on a terminal that wants it; columns line up also with Chinese text; a data line never wraps
into the next (cells are one line).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import IO, Any

from charter.dsl.text.width import display_width, folded, shown, wrap
from charter.runtime.cli.messages import Messages

MICROSECONDS = 1_000_000
_USUAL = 100  # columns, where no terminal says its own
# what a piece of text means -> the SGR code it is drawn with
STYLES = {"strong": "1", "faint": "2", "good": "32", "warn": "33", "bad": "31", "name": "36"}
# (seconds in one, message key) for relative times, largest first
_UNITS = ((86400 * 365, "years"), (86400 * 30, "months"), (86400, "days"), (3600, "hours"), (60, "minutes"))


# What moves the cursor, speaks to the terminal or turns reading round: C0 but tab and line feed, DEL, C1, separators
# and marks of Unicode's bidirectional algorithm (UAX #9). Titles, comments and file names are other people's text.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_OURS = re.compile("(\x1b\\[(?:0|" + "|".join(STYLES.values()) + ")m)")


def neutral(text: str, *, styled: bool = False) -> str:
    """Gives text with blanks for what a terminal would obey; `styled`: the codes of STYLES are kept."""
    if text.isprintable():
        return text
    if styled:
        return "".join(part if i % 2 else _UNSAFE.sub(" ", part) for i, part in enumerate(_OURS.split(text)))
    return _UNSAFE.sub(" ", text)


def width(stream: IO[str]) -> int | None:
    """Gives the columns of the terminal that a stream goes to, at least 40; None where it goes elsewhere."""
    if not stream.isatty():
        return None
    asked = os.environ.get("COLUMNS", "")
    try:
        columns = int(asked) if asked.isdecimal() else os.get_terminal_size(stream.fileno()).columns
    except OSError:
        columns = 0
    return max(40, columns or _USUAL)


def complain(lines: Iterable[str], *, whole: bool = False) -> None:
    """Writes lines to standard error, folded on a terminal unless `whole`.

    Where it cannot be written, the exit code alone has to tell.
    """
    columns = None if whole else width(sys.stderr)
    with contextlib.suppress(OSError):
        for line in "\n".join(map(neutral, lines)).split("\n"):
            sys.stderr.write("".join(f"{each}\n" for each in ([line] if columns is None else folded(line, columns))))


class Cell(str):
    """A cell's text with a style of its own; columns are measured by the text alone. `whole`: never folded."""

    style: str | None
    whole: bool

    def __new__(cls, text: str, style: str | None = None, *, whole: bool = False) -> Cell:
        cell = super().__new__(cls, text)
        cell.style, cell.whole = style, whole
        return cell

    @classmethod
    def of(cls, value: Any) -> Cell:
        """Makes a cell of any value, on one line."""
        return cls(one_line(value), getattr(value, "style", None), whole=getattr(value, "whole", False))


def pad(text: str, columns: int) -> str:
    """Fills text with blanks up to so many columns."""
    return text + " " * (columns - display_width(text))


def one_line(value: Any) -> str:
    """Gives a cell's text: None as an empty cell, control characters (a newline too) as blanks."""
    return "" if value is None else shown(str(value))


_UNBROKEN, _FEW = 24, 8  # of a word, and of a text of wide characters, as much as a narrow column keeps together


def _least(column: Sequence[Cell]) -> int:
    """The width below which a column's words would be cut: its longest word's; wide characters part anywhere."""
    whole = [display_width(cell) for cell in column if cell.whole]
    words = (word for cell in column for word in cell.split())
    least = (min(display_width(word), _UNBROKEN if word.isascii() else _FEW) for word in words)
    return max(whole, default=0) or max(least, default=1)


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Narrows the widest columns until a row with its gaps has room, none below its least."""
    room -= 2 * (len(widths) - 1)
    for cap in range(max(widths), 0, -1):
        found = [max(low, min(wide, cap)) for wide, low in zip(widths, least, strict=True)]
        if sum(found) <= room:
            return found
    return list(least)


def _escaped(text: str) -> str:
    """Gives JSON text with the escapes of RFC 8259 for what a terminal would obey; it reads back as the same data."""
    return text if text.isprintable() else _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line_of(data: Any) -> str:
    """Gives JSON data on one line, with nothing in it that a terminal would obey."""
    return _escaped(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


_KEPT = 1 << 24  # bytes of an answer that are kept in memory until it is whole; more lie in a file


class Output:
    """Where a verb writes: standard output, in one language. `colour` None: decided by the terminal and NO_COLOR."""

    def __init__(self, say: Messages, stream: IO[str] | None = None, *, colour: bool | None = None) -> None:
        self.say = say
        self._stream = stream
        self._colour = colour

    @property
    def stream(self) -> IO[str]:
        # looked up late, so that a redirected sys.stdout (tests, the demo) is honoured
        return self._stream or sys.stdout

    @property
    def colour(self) -> bool:
        if self._colour is not None:
            return self._colour
        return self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @property
    def terminal(self) -> bool:
        return self.stream.isatty()

    @property
    def columns(self) -> int:
        """The width to fill: the terminal's, else 100."""
        return width(self.stream) or _USUAL

    def style(self, text: str, style: str | None) -> str:
        """Draws text in a style of STYLES where colour is wanted."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if style and self.colour else text

    def line(self, text: str = "", style: str | None = None) -> None:
        self.stream.write(self.style(neutral(text, styled=self.colour), style) + "\n")

    def sentence(self, text: str, style: str | None = None) -> None:
        """Writes what is to be read and not to be copied: folded on a terminal."""
        columns = None if "\x1b" in text else width(self.stream)
        for line in [text] if columns is None else folded(neutral(text), columns):
            self.line(line, style)

    def difference(self, path: str, before: str, after: str) -> None:
        """Writes the difference of two texts of a file as a unified diff; nothing where they are the same."""
        import difflib

        styles = {"+": "good", "-": "bad", "@": "name"}
        name = f"{path}\t" if " " in path else path  # as `patch` reads a name with blanks
        old, new = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (before, after))
        for index, line in enumerate(difflib.unified_diff(old, new, name, name)):
            text = line.removesuffix("\n")
            if self.terminal:
                self.line(text, None if index < 2 else styles.get(line[:1]))
            else:
                self.stream.write(text + "\n")
            if not line.endswith("\n"):
                self.line("\\ No newline at end of file")

    def json(self, data: Any) -> None:
        """Writes JSON data as one document, readable."""
        self.stream.write(_escaped(json.dumps(data, ensure_ascii=False, indent=2)) + "\n")

    def done(self, sentence: str, as_json: bool, **told: Any) -> None:
        """Says that something is done: in a sentence, or for a script what it was done to."""
        if as_json:
            self.json(told)
        else:
            self.sentence(sentence)

    def json_lines(self, rows: Iterable[Any]) -> None:
        """Writes a JSON array, nothing of it before the last row is there: a trail may be long, or its reading fail."""
        import shutil
        import tempfile

        lead = "[\n"
        with tempfile.SpooledTemporaryFile(_KEPT, "w+", encoding="utf-8", newline="") as kept:
            for row in rows:
                kept.write(lead + one_line_of(row))
                lead = ",\n"
            kept.write("[]\n" if lead == "[\n" else "\n]\n")
            kept.seek(0)
            shutil.copyfileobj(kept, self.stream)

    def json_line(self, data: Any) -> None:
        """Writes JSON data as one line (JSON Lines)."""
        self.stream.write(one_line_of(data) + "\n")

    def table(
        self,
        headings: Sequence[str],
        rows: Iterable[Sequence[Any]],
        *,
        styles: Sequence[str | None] = (),
        indent: int = 0,
    ) -> None:
        """Writes rows in aligned columns under faint headings, a `Cell` in its own style. No rows: nothing.

        A column that says nothing in any row is left out with its heading. On a terminal that is too narrow the widest
        columns are folded within themselves; elsewhere a row stays one line.
        """
        cells = [[Cell.of(cell) for cell in row] for row in rows]
        if not cells:
            return
        told = [index for index, column in enumerate(zip(*cells, strict=True)) if any(column)]
        cells = [[row[index] for index in told] for row in cells]
        head = [[Cell(headings[index]) for index in told]] if headings else []
        columns = list(zip(*head, *cells, strict=True))
        widths = [max(map(display_width, column)) for column in columns]
        under: list[Cell] = []
        if self.terminal and sum(widths) + 2 * (len(widths) - 1) > self.columns - indent:
            if any(cell.whole for cell in columns[-1]):
                # what is to be copied stands under its row, which then has room to be read
                under = [row.pop() for row in (*head, *cells)]
                told, columns, widths = told[:-1], columns[:-1], widths[:-1]
            widths = _narrowed(widths, [_least(column) for column in columns], self.columns - indent)
        styles = [styles[index] if index < len(styles) else None for index in told]
        for index, row in enumerate(head + cells):
            faint = bool(head) and index == 0
            pairs = zip(row, widths, strict=True)
            folded = [wrap(cell, most) if display_width(cell) > most else [cell] for cell, most in pairs]
            for line in zip_longest(*folded, fillvalue=""):
                parts = [
                    (self.style(part, "faint" if faint else cell.style or style) if part else "")
                    + " " * (most - display_width(part) + 2)
                    for part, cell, style, most in zip(line, row, styles, widths, strict=True)
                ]
                self.stream.write((" " * indent + "".join(parts)).rstrip() + "\n")
            if under and under[index] and not faint:
                self.stream.write(" " * (indent + widths[0] + 2) + under[index] + "\n")

    def sheet(self, pairs: Iterable[tuple[str, Any]], *, indent: int = 0) -> None:
        """Writes label/value pairs in two columns; pairs whose value is None are left out."""
        self.table(
            (), [(label, value) for label, value in pairs if value is not None], styles=("faint",), indent=indent
        )

    def moment(self, at: int | None) -> str | None:
        """Shows an instant (microseconds since the epoch) in the local zone, to the minute."""
        if at is None:
            return None
        return datetime.fromtimestamp(at / MICROSECONDS, UTC).astimezone().strftime("%Y-%m-%d %H:%M")

    def deadline(self, at: int, *, provisional: bool = False) -> str:
        """Shows a due date; one at midnight is the end of the day before it, as people say. `~`: it may still move."""
        shown = str(self.moment(at))
        shown = f"{str(self.moment(at - 1))[:10]} 24:00" if shown.endswith(" 00:00") else shown
        return "~" * provisional + shown

    def relative(self, at: int | None, now: int) -> str | None:
        """Says how far an instant lies from now: `in 3 hours`, `2 days ago`."""
        if at is None:
            return None
        amount = self.amount(abs(at - now))
        if amount is None:
            return self.say("time.now")
        return self.say("time.ahead" if at > now else "time.ago", amount=amount)

    def due(self, at: int | None, now: int, *, provisional: bool = False) -> Cell:
        """Says how far a due date lies from now, and that it has passed where it has. `~`: it may still move."""
        when, late = "~" * provisional + (self.relative(at, now) or ""), at is not None and at < now
        return Cell(self.say("inbox.late", when=when) if late else when, "bad" if late else None)

    def amount(self, microseconds: int) -> str | None:
        """Says a length of time in its largest sensible unit; None below a minute."""
        seconds = timedelta(microseconds=microseconds).total_seconds()
        for size, unit in _UNITS:
            if seconds >= size:
                return self.say(f"time.{unit}", count=int(seconds // size))
        return None
