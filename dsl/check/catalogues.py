"""Reads a rule book, a table of clauses that `source` may name, into clauses by id or diagnostics at their rows.

The first row names the columns: `id`, the words of the clause, perhaps its section; others may stand beside them. The
table of what Charter itself carries out, which stands beside a rule book, is read in the same way.
Nothing is guessed and nothing dropped: two columns for one of these, and words beyond the last column, are told. Cells
stand apart by tabs (`.tsv`) or by what the first row of a `.csv` is divided with, and are quoted as in RFC 4180; where
tabs divide, a quote that does not enclose its cell is text. Knows neither processes nor the disk, and never fails,
whatever the bytes are. Invariants: an id is spelled as `source` reads it; `whole` is false where a clause may be
missing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct

from charter.dsl.diagnostic import Diagnostic, Place, Span
from charter.dsl.text.lexer import PATTERNS
from charter.dsl.text.source import LIMIT_ERRORS, Source, ascii_twins, decode
from charter.engine.definition import Clause

SUFFIXES = (".tsv", ".csv")
LIMIT = 4 * 1024 * 1024  # bytes of a rule book; twenty thousand clauses are fewer

# column -> how a first row may call it; the first names the row
_Columns = Mapping[str, tuple[str, ...]]
_CLAUSES: _Columns = {
    "id": ("id", "编号", "編號"),
    "text": ("text", "quote", "条文", "條文", "原文"),
    "section": ("section", "章节", "章節"),
}
_PRODUCTS: _Columns = {
    "clause": ("clause", "条款", "條款"),
    "command": ("command", "命令"),
    "test": ("test", "测试", "測試"),
}
_OPTIONAL = frozenset({"section"})
_COLUMNS_READ = 100  # of a row; what we look for stands before
_ID = re.compile(PATTERNS["ID"])
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Table(Struct, frozen=True):
    """The clauses of a rule book by id, in its order, and where each id stands in its text."""

    source: Source
    clauses: Mapping[str, Clause]
    whole: bool
    diagnostics: tuple[Diagnostic, ...] = ()


class Product(Struct, frozen=True):
    """How Charter itself carries a clause out: by which command, as which test shows."""

    command: str
    test: str


class RuleBook(Struct, frozen=True):
    """What a catalogue stands for."""

    name: str
    title: str
    table: Table


_COLUMNED = frozenset({"CH241", "CH242", "CH245"})  # what is said of them depends on the table


class _Cell(Struct, frozen=True):
    text: str
    span: Span


@lru_cache(maxsize=16)
def read_clauses(data: bytes, path: str) -> Table:
    """Reads the bytes of a table of clauses called `path`."""
    reader = _Reader(data, path, _CLAUSES)
    clauses = {
        name: Clause(name, cells["text"].text, cells["section"].text or None if "section" in cells else None)
        for name, cells in reader.rows.items()
    }
    return Table(reader.source, clauses, not reader.problems, tuple(reader.problems))


def read_products(
    data: bytes, path: str, known: Collection[str]
) -> tuple[dict[str, Product], Source, list[Diagnostic]]:
    """Reads what Charter itself carries out of the clauses of a rule book, whose ids are `known`."""
    reader = _Reader(data, path, _PRODUCTS, "products")
    found = {name: Product(cells["command"].text, cells["test"].text) for name, cells in reader.rows.items()}
    for name in found:
        if name not in known:
            reader.report("CH245", reader.places[name], name=name)
    return found, reader.source, reader.problems


def _divider(text: str) -> str:
    """Tells by the first row what divides a `.csv`; spreadsheets write semicolons where the comma is a decimal sign."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


class _Reader:
    """Reads a table; `hint` names what its mends say of its columns."""

    def __init__(self, data: bytes, path: str, columns: _Columns, hint: str | None = None) -> None:
        self.problems: list[Diagnostic] = []
        self.source = Source(path, decode(data, path, self.problems, LIMIT))
        self.columns = columns
        self.needed = tuple(column for column in columns if column not in _OPTIONAL)
        self.hint = {} if hint is None else {"hint": hint}
        self.divider = divider = "\t" if path.endswith(".tsv") else _divider(self.source.text)
        self.rows: dict[str, Mapping[str, _Cell]] = {}
        self.places: dict[str, Span] = {}
        inside, never_closed = (r'[^"\t\r\n]*', "") if divider == "\t" else ('[^"]*', '|(?P<open>")')
        quoted = rf'"(?P<quoted>{inside}(?:""{inside})*)" *(?=[{divider}\r\n]|\Z)'
        self.cell = re.compile(rf"{quoted}{never_closed}|(?P<plain>[^{divider}\r\n]*)")
        if not self.problems:
            self.run()

    def report(self, code: str, span: Span, also: tuple[Place, ...] = (), **arguments: object) -> None:
        if len(self.problems) < LIMIT_ERRORS:
            said = {**arguments, **self.hint} if code in _COLUMNED else arguments
            self.problems.append(Diagnostic(code, span, said, None, self.source.path, also))

    def run(self) -> None:
        if control := _CONTROL.search(self.source.text):
            self.report("CH105", control.span(), character=f"U+{ord(control.group()):04X}")
        rows = self.read()
        head = next(rows, [])
        columns: dict[str, int] = {}
        for column, known in self.columns.items():
            found = [at for at, cell in enumerate(head) if cell.text.casefold() in known]
            if found:
                columns[column] = found[0]
            for other in found[1:]:
                first = Place(head[found[0]].span, self.source.path, "first_declared")
                self.report("CH249", head[other].span, (first,), column=column)
        lacking = next((column for column in self.needed if column not in columns), None)
        if lacking is not None:
            span = (head[0].span[0], head[-1].span[1]) if head else (0, 0)
            self.report("CH241", span, column=lacking)
        if self.problems:
            return
        for row in rows:
            if len(self.problems) >= LIMIT_ERRORS:
                return
            if (beyond := next((cell for cell in row[len(head) :] if cell.text), None)) is not None:
                self.report("CH250", beyond.span, text=beyond.text[:40])
            self.row({column: row[at] for column, at in columns.items() if at < len(row)}, row)

    def row(self, cells: Mapping[str, _Cell], row: list[_Cell]) -> None:
        lacking = next((c for c in self.needed if c not in cells or not cells[c].text), None)
        if lacking is not None:
            self.report("CH242", (row[0].span[0], row[-1].span[1]), column=lacking)
            return
        key = cells[self.needed[0]]
        span, name = key.span, ascii_twins(key.text)
        if not _ID.fullmatch(name) or "#" in name:
            self.report("CH243", span, name=name)
        elif name in self.rows:
            self.report("CH244", span, (Place(self.places[name], self.source.path, "first_declared"),), name=name)
        else:
            self.rows[name] = cells
            self.places[name] = span

    def read(self) -> Iterator[list[_Cell]]:
        """Yields the rows that say something, up to a cell that is never closed."""
        text, pos = self.source.text, 0
        while pos < len(text):
            end = text.find("\n", pos)
            end = len(text) if end < 0 else end
            if text.find('"', pos, end) < 0:
                row = list(self.plain(text[pos:end], pos))
            else:
                row, end = self.quoted(pos)
            if any(cell.text for cell in row):
                yield row
            pos = end + 1

    def plain(self, line: str, pos: int) -> Iterator[_Cell]:
        for cell in line.removesuffix("\r").split(self.divider, _COLUMNS_READ)[:_COLUMNS_READ]:
            yield _Cell(" ".join(cell.split()), (pos, pos + len(cell)))
            pos += len(cell) + 1

    def quoted(self, pos: int) -> tuple[list[_Cell], int]:
        """Reads a row that may have quoted cells; gives also where it ends, before its line feed."""
        text, row = self.source.text, list[_Cell]()
        while True:
            match = self.cell.match(text, pos)
            if match is None or match.lastgroup == "open":
                self.report("CH247", (pos, pos + 1))
                return [], len(text)
            if len(row) < _COLUMNS_READ:
                said = match["plain"] if match["quoted"] is None else match["quoted"].replace('""', '"')
                row.append(_Cell(" ".join(said.split()), match.span()))
            pos = match.end()
            if not text.startswith(self.divider, pos):
                return row, pos + text.startswith("\r\n", pos)
            pos += 1
