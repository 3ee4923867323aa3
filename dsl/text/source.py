"""A process file's bytes, made ready for the grammar: text in its one form (`engine/text.py`), cut into logical lines.

`read` decodes, reads full-width punctuation as its ASCII twin, blanks comments and the line ends inside brackets, and
keeps the comments apart. It knows blanks, quotes, brackets and `#`, and no keyword.

Invariants: `working` is as long as `text`, character for character; a logical line never contains another's text; a
quoted text in `working` stands in ASCII quotes and its inside is untouched.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from msgspec import Struct, field
from msgspec.structs import replace

from charter.dsl.diagnostic import Diagnostic, Edit, Fix
from charter.dsl.text.tree import Comments
from charter.engine.text import composed

# What a file may at most be. The engine runs what people write, and nobody writes more.
LIMITS = {"bytes": 16 * 1024 * 1024, "line": 20_000, "depth": 64, "lines_in_brackets": 10_000}
LIMIT_ERRORS = 200  # of one file; whoever reads them has enough to do
_PATIENCE = 1_000_000  # characters of a file that are read in vain for brackets that never close

_TWINS = {c: c - 0xFEE0 for c in map(ord, "，：（）；％＃［］｛｝＝＜＞＋－＊／｜！．＿～０１２３４５６７８９")}
_TWINS |= {ord("、"): ord(","), 0x3000: ord(" "), 0xA0: ord(" "), ord("\t"): ord(" ")}
_QUOTES = {'"': '"', "“": "”“", "”": "”“", "＂": "＂", "「": "」", "『": "』"}
# Characters that nobody sees: what copying leaves behind, between letters or in the place of a blank.
_UNSEEN = r"\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_ODD = re.compile(rf"[#()\[\]{{}}\\\x00-\x09\x0b-\x1f\x7f{''.join(_QUOTES)[1:]}{''.join(map(chr, _TWINS))}{_UNSEEN}]")
_MARKING = frozenset("!#%&*+-./:<=>@\\^|~")  # behind `#` these make a comment of another kind
_STOP = re.compile(rf'["#＃()\[\]{{}}（）［］｛｝“”＂「」『』\x00-\x08\x0b-\x1f\x7f{_UNSEEN}]')
_INSIDE = {'"': re.compile(r'(?:[^"\\]|\\.)*')} | {
    mark: re.compile(rf"(?:[^{close}\\]|\\.)*") for mark, close in _QUOTES.items() if mark != '"'
}
_BARE_QUOTE = re.compile(r'(?<!\\)"')
_BLANK = re.compile(r"[ \t\u3000\xa0]*")

# What a file is that is no UTF-8, by how it begins.
_NO_TEXT = (
    ("utf_16", re.compile(rb"\xff\xfe|\xfe\xff|(?:[^\0]\0){4}|(?:\0[^\0]){4}")),
    ("office", re.compile(rb"PK\x03\x04|\xd0\xcf\x11\xe0|%PDF|\{\\rtf")),
)

LogicalLine = tuple[int, int, int]  # offset of the first character, of the end, and the indentation


def _said(comment: str) -> str:
    """The text of a comment, by what stands behind its `#`; with the `#` where a mark follows, as in `#: …`."""
    text = comment.removeprefix(" ")
    return f"#{comment}" if comment[:1] in _MARKING or text[:1] == "#" else text


class _Scan(Struct):
    """One physical line, read: its text for the grammar, how many more brackets it opens than closes, its comment."""

    working: str
    net: int = 0
    opened: int = -1
    comment: str | None = None
    spoilt: bool = False  # whether a control character in it has been reported
    more: list[str] = field(default_factory=list)  # comments of continuation lines


class Source(Struct):
    path: str
    text: str
    working: str = ""
    lines: list[LogicalLine] = field(default_factory=list)
    comments: dict[int, Comments] = field(default_factory=dict)  # by the offset of the line that they belong to
    last_comments: tuple[str, ...] = ()
    diagnostics: list[Diagnostic] = field(default_factory=list)
    tabs: set[int] = field(default_factory=set)  # offsets of the lines that are indented with a tab
    data: bytes | str = ""  # what `text` was read from
    _starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """Offsets at which the physical lines begin."""
        if self._starts is None:
            self._starts = [0, *(m.end() for m in re.finditer("\n", self.text))]
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Gives line and column of an offset, both from 1, the column in characters."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def above(self, start: int) -> tuple[str, int]:
        """Gives the line in whose block that at `start` stands, and how deep the line at `start` stands."""
        number = bisect_right(self.lines, start, key=lambda line: line[0]) - 1
        indent = self.lines[number][2]
        outer = next((self.lines[n] for n in range(number - 1, -1, -1) if self.lines[n][2] < indent), None)
        return ("" if outer is None else self.working[outer[0] : outer[1]]), indent

    def line_text(self, line: int) -> str:
        """Gives a physical line, counted from 1, without its end."""
        start = self.starts[line - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")


def read(data: bytes | str, path: str = "") -> Source:
    """Reads a file's bytes (or text, already decoded) into a Source; never fails, whatever they are."""
    problems: list[Diagnostic] = []
    source = Source(path, decode(data, path, problems), diagnostics=problems, data=data)
    _Reader(source).run()
    if any(problem.code == "CH101" for problem in problems):
        # In another encoding every mark may be wrong: one diagnostic says it all, and nothing of it is read.
        del source.diagnostics[1:], source.lines[:]
    return source


def decode(data: bytes | str, path: str, problems: list[Diagnostic], limit: int = LIMITS["bytes"]) -> str:
    """Gives a file's text in its one form, without its byte order mark; adds to `problems` why it cannot be read."""
    if len(data) > limit:
        problems.append(Diagnostic("CH102", (0, 0), {"limit": limit // 2**20}, file=path))
        return ""
    if isinstance(data, str):
        return composed(data.removeprefix("\ufeff"))
    other = next((hint for hint, begins in _NO_TEXT if begins.match(data)), "")
    if other:
        problems.append(Diagnostic("CH101", (0, 0), {"byte": f"0x{data[0]:02x}", "hint": other}, file=path))
        return ""
    try:
        return composed(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        text = data.decode("utf-8-sig", "replace")
        place = min(len(data[: error.start].decode("utf-8-sig", "replace")), len(text) - 1)
        byte = f"0x{data[error.start]:02x}" if error.start < len(data) else ""
        problems.append(Diagnostic("CH101", (place, place + 1), {"byte": byte}, file=path))
        return text


def ascii_twins(text: str) -> str:
    """Gives a text with the ASCII twins of its full-width punctuation and digits, as it is read outside of quotes."""
    return text.translate(_TWINS)


def _column(line: str) -> tuple[int, str]:
    """Gives the column in which a line begins, and the blanks before it; a full-width blank takes two columns."""
    match = _BLANK.match(line)
    blank = match.group() if match else ""
    return len(blank.expandtabs(4)) + blank.count("\u3000"), blank


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.pieces: list[str] = []
        self.open: list[tuple[int, int]] = []  # (indentation, offset) of the lines that enclose the next
        self.pending: list[tuple[int, str]] = []  # comments on lines of their own: (indentation, text)
        self.before: dict[int, list[str]] = {}
        self.beside: dict[int, str] = {}
        self.after: dict[int, list[str]] = {}
        self.patience = _PATIENCE

    def report(self, code: str, start: int, end: int, **arguments: object) -> None:
        if len(self.source.diagnostics) < LIMIT_ERRORS:
            self.source.diagnostics.append(Diagnostic(code, (start, end), arguments, file=self.source.path))

    def run(self) -> None:
        source, pieces, limit = self.source, self.pieces, LIMITS["line"]
        physical = source.text.split("\n")
        at, number, count = 0, 0, len(physical)
        while number < count:
            line = physical[number]
            if len(line) > limit:
                self.report("CH103", at, at + 1, length=len(line), limit=limit)
                line = physical[number] = " " * len(line)
            if _ODD.search(line) or line.count('"') & 1:
                taken = self.odd(physical, number, at)
                at += len(pieces[-1]) + 1
                number += 1 + taken
                continue
            pieces.append(line)
            body = line.lstrip(" ")
            if body:
                indent = len(line) - len(body)
                self.code(at + indent, at + len(line.rstrip(" ")), indent)
            at += len(line) + 1
            number += 1
        source.working = "\n".join(pieces)
        self.settle(-1)
        source.last_comments = tuple(text for _, text in self.pending)
        for start in {**self.before, **self.beside, **self.after}:
            before, after = self.before.get(start, ()), self.after.get(start, ())
            source.comments[start] = Comments(tuple(before), self.beside.get(start), tuple(after))

    def odd(self, physical: list[str], number: int, at: int) -> int:
        """Reads a line that needs a closer look; gives how many lines more it takes in."""
        line = physical[number]
        scan = self.scan(line, at)
        # A table's row is whole: `[1..5)` opens nothing that a later line could close.
        row = line.lstrip().startswith(("|", "｜"))
        taken = self.join(physical, number, at, scan) if scan.net > 0 and not row else 0
        working = scan.working
        self.pieces.append(working)
        indent = self.indentation(line, at)
        body = working.lstrip(" ")
        if not body:
            if scan.comment is not None:
                self.pending.append((indent, scan.comment))
            return taken
        start = at + len(working) - len(body)
        self.code(start, at + len(working.rstrip(" ")), indent)
        if scan.comment is None and scan.more:
            scan.comment = scan.more.pop(0)
        if scan.comment is not None:
            self.beside[start] = scan.comment
        if scan.more:
            self.before.setdefault(start, []).extend(scan.more)
        return taken

    def code(self, start: int, end: int, indent: int) -> None:
        if self.pending:
            self.settle(indent)
            if self.pending:
                self.before[start] = [text for _, text in self.pending]
                self.pending.clear()
        enclosing = self.open
        while enclosing and enclosing[-1][0] >= indent:
            enclosing.pop()
        enclosing.append((indent, start))
        self.source.lines.append((start, end, indent))

    def settle(self, indent: int) -> None:
        """Gives the waiting comments that stand deeper than `indent` to the blocks that they end."""
        settled = 0
        for column, text in self.pending:
            owner = next((o for o in reversed(self.open) if o[0] < column), None)
            if owner is None or owner[0] < indent or column <= indent:
                break
            self.after.setdefault(owner[1], []).append(text)
            settled += 1
        del self.pending[:settled]

    def indentation(self, line: str, at: int) -> int:
        column, blank = _column(line)
        tab = blank.find("\t")
        if tab >= 0 and len(blank) < len(line.rstrip()) and line[len(blank)] not in "#＃":
            if not self.source.tabs:  # one is enough: its mend is for all
                self.report("CH104", at + tab, at + len(blank.rstrip(" \u3000\xa0")))
            self.source.tabs.add(at + len(blank))
        return column

    def scan(self, line: str, at: int) -> _Scan:
        """Reads a line with something odd in it: quotes, brackets, a comment, full-width or control characters."""
        out: list[str] = []
        result = _Scan("")
        pos, end = 0, len(line)
        while stop := _STOP.search(line, pos):
            out.append(line[pos : stop.start()].translate(_TWINS))
            mark, start, pos = stop.group(), stop.start(), stop.end()
            twin = mark.translate(_TWINS)
            if twin == "#":
                comment = line[pos:].rstrip(" \t\r")
                result.comment = _said(comment)
                out.append(" " * (end - start))
                pos = end
            elif mark in _QUOTES:
                pos = self.quoted(line, at, mark, pos, out)
            elif twin in "([{":
                result.net += 1
                result.opened = at + start if result.opened < 0 else result.opened
                out.append(twin)
            elif twin in ")]}":
                result.net -= 1
                out.append(twin)
            else:
                if mark != "\r" or pos < end:
                    self.unseen(mark, at + start, result.spoilt)
                    result.spoilt = True
                out.append(" ")
        out.append(line[pos:].translate(_TWINS))
        result.working = "".join(out)
        return result

    def unseen(self, mark: str, place: int, again: bool) -> None:
        """Reports a character that nobody sees; of those in a line the first, with the mend for all of them."""
        edit = Edit((place, place + 1), "" if ord(mark) > 0x7F else " ")
        found = self.source.diagnostics
        if not again:
            self.report("CH105", place, place + 1, character=f"U+{ord(mark):04X}")
        if found and found[-1].code == "CH105":
            known = found[-1].fix.edits if found[-1].fix is not None else ()
            found[-1] = replace(found[-1], fix=Fix((*known, edit), safe=True))

    def quoted(self, line: str, at: int, mark: str, pos: int, out: list[str]) -> int:
        """Reads a quoted text from behind its opening mark; gives the place behind its closing one."""
        inside = _INSIDE[mark].match(line, pos)
        close = inside.end() if inside else pos
        if close >= len(line):
            self.report("CH106", at + pos - 1, at + len(line.rstrip()))
            out.append(" " * (len(line) - pos + 1))
            return len(line)
        text = line[pos:close]
        if mark != '"' and _BARE_QUOTE.search(text):
            self.report("CH108", at + pos - 1, at + close + 1)
            text = _BARE_QUOTE.sub("'", text)
        out.append(f'"{text}"')
        return close + 1

    def join(self, physical: list[str], number: int, at: int, scan: _Scan) -> int:
        """Joins to `scan` the lines that its open bracket continues; gives how many, 0 when it is never closed.

        A line continues an expression when it stands deeper than the expression's first line or begins with a
        closing bracket, so a forgotten bracket can swallow no block.
        """
        line = physical[number]
        first, _ = _column(line)
        parts, net, place = [scan.working], scan.net, at + len(line) + 1
        known = len(self.source.diagnostics)
        more: list[str] = []
        for taken in range(1, min(len(physical) - number, LIMITS["lines_in_brackets"])):
            line = physical[number + taken]
            body = line.strip()
            if body and body[0] not in "#＃":
                deeper = _column(line)[0] > first
                if len(line) > LIMITS["line"] or not (deeper or body[0] in ")]}）］｝") or place - at > self.patience:
                    break
            part = self.scan(line, place)
            net += part.net
            parts.append(part.working)
            if part.comment is not None:
                more.append(part.comment)
            place += len(line) + 1
            if net <= 0:
                scan.working = " ".join(parts)
                scan.more = more
                return taken
        self.patience -= place - at
        del self.source.diagnostics[known:]
        if known and self.source.diagnostics[-1].code == "CH106" and self.source.diagnostics[-1].span[0] >= at:
            return 0  # the bracket that closes it may stand in the text that is never closed
        self.report("CH107", scan.opened, scan.opened + 1, bracket=self.source.text[scan.opened])
        return 0
