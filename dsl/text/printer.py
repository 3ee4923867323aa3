"""Tree -> canonical text, in the keywords of one language, and `format`, which is parse and print.

The layout is fixed: two blanks a level; the keywords of a block's lines, the fields of a record and the points of a
checklist stand in columns, counted as a terminal shows them; one blank line around whatever has a block of its own. A
line stands beside its element's name when it comes first and is one of `_BESIDE`, and fits. Order is never changed.
Invariants: `parse(to_text(tree)).tree == tree`; formatting twice is formatting once; no comment is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct, field

from charter.dsl.diagnostic import Diagnostic
from charter.dsl.text import tree as t
from charter.dsl.text.parser import parse
from charter.dsl.text.phrases import Phrases, expression, names, quote, table_cells
from charter.dsl.text.source import read
from charter.dsl.text.width import display_width
from charter.dsl.text.words import Language, language_of

WIDTH = 100
_WIDE_CELL = 40  # a longer cell does not push its column

# Lines that stand beside their element's name, and what may follow each there.
_BESIDE: dict[type, tuple[type, ...]] = {
    t.Of: (t.ForEach, t.Work),
    t.ForEach: (t.Work,),
    t.Work: (t.ForEach,),
    t.Wait: (),
    t.When: (),
}
# Neighbours of the same group stand together, without a blank line.
_GROUPS: dict[type, str] = {
    t.Parameter: "parameter",
    t.Role: "role",
    t.Separation: "separation",
    t.Catalogue: "catalogue",
    t.Choice: "choice",
    t.Record: "record",
    t.Register: "register",
    t.Calendar: "calendar",
    t.Decision: "decision",
    t.Element: "element",
    t.Kpi: "kpi",
    t.Sla: "sla",
    t.Rule: "rule",
    t.Ledger: "ledger",
    t.Queue: "queue",
    t.Counter: "counter",
    t.Meeting: "element",
    t.Service: "element",
    t.Report: "report",
    t.Section: "section",
    t.Process: "process",
    t.Scenario: "scenario",
}
_KEYS: dict[type, str] = {
    t.Process: "PROCESS",
    t.Record: "RECORD",
    t.Kpi: "KPI",
    t.Role: "ROLE",
    t.Sla: "SLA",
    t.Rule: "RULE",
    t.Report: "REPORT",
}
_BLOCKS = (
    t.Record,
    t.Register,
    t.Calendar,
    t.Decision,
    t.Element,
    t.Meeting,
    t.Service,
    t.Kpi,
    t.Sla,
    t.Rule,
    t.Ledger,
    t.Queue,
    t.Counter,
    t.Report,
    t.Section,
    t.Process,
    t.Scenario,
)


def drawn(p: Phrases, draw: t.Drawn | None) -> str:
    """Writes by which lot a field is filled."""
    if draw is None:
        return ""
    excluded = f" {p.word('EXCLUDING')} {expression(draw.excluded)}" if draw.excluded is not None else ""
    return f"{p.word('DRAWN')} {expression(draw.count)} {p.word('OF')} {draw.pool.text}{excluded}"


class _Row(Struct):
    """One line to be: cells that columns may align, what its comments are, and the rows below it."""

    node: t.Line
    cells: list[str]
    below: list[_Row] = field(default_factory=list)


def format(data: bytes | str, keywords: Language | None = None, path: str = "") -> tuple[str, list[Diagnostic]]:
    """Gives a file in canonical form, or as it was where it has errors; without `keywords` in its own language."""
    source = read(data, path)
    parsed = parse(source)
    if parsed.diagnostics:
        return source.text, list(parsed.diagnostics)
    return to_text(parsed.tree, keywords or language_of(source.working)), []


def to_text(tree: t.File, keywords: Language = "en") -> str:
    """Writes a tree as canonical text in the keywords of a language."""
    writer = _Writer(Phrases(keywords))
    lines = list(writer.block([writer.row(item) for item in tree.items], 0))
    if tree.comments:
        lines += ["", *map(_comment, tree.comments)] if lines else list(map(_comment, tree.comments))
    return "\n".join(lines) + "\n" if lines else ""


def _comment(text: str) -> str:
    return text if text.startswith("#") else f"# {text}" if text else "#"


class _Writer:
    def __init__(self, phrases: Phrases) -> None:
        self.phrases = phrases

    # --- nodes to rows ---------------------------------------------------------------------------------------

    def row(self, node: Any, indent: int = 0) -> _Row:
        p = self.phrases
        if isinstance(node, t.Element):
            return self.element(node, indent)
        below = self.rows(getattr(node, "body", ()), indent + 1)
        match node:
            case t.Process() | t.Record() | t.Kpi() | t.Role() | t.Sla() | t.Rule() | t.Report():
                external = [p.word("EXTERNAL")] if isinstance(node, t.Role) and node.external else []
                title = quote(node.title.text) if node.title else ""
                return _Row(node, [f"{p.word(_KEYS[type(node)])} {node.name.text}", title, *external], below)
            case t.Queue():
                return _Row(node, [f"{p.word('QUEUE')} {node.name.text}"], below)
            case t.Counter():
                title = f" {quote(node.title.text)}" if node.title else ""
                by = f"{p.word('LEDGER_BY')} {expression(node.by)}"
                return _Row(node, [f"{p.word('COUNTER')} {node.name.text}{title} {by}"], below)
            case t.Meeting():
                title = f" {quote(node.title.text)}" if node.title else ""
                more = f" {p.word('WHILE')} {expression(node.repeats)}" if node.repeats else ""
                every = f"{p.word('EVERY')} {expression(node.every)}{more}"
                return _Row(node, [f"{p.word('MEETING')} {node.name.text}{title} {every}"], below)
            case t.Service():
                title = f" {quote(node.title.text)}" if node.title else ""
                of = f" {p.word('NAMED_IN')} {node.asked.text}" if node.asked else ""
                return _Row(node, [f"{p.word('SERVICE')} {node.name.text}{title}{of}"], below)
            case t.Ledger():
                title = f" {quote(node.title.text)}" if node.title else ""
                of, by = f"{p.word('LEDGER_OF')} {node.baseline.text}", f"{p.word('LEDGER_BY')} {node.by.text}"
                return _Row(node, [f"{p.word('LEDGER')} {node.name.text}{title} {of} {by}"], below)
            case t.Register():
                key = f"{p.word('KEYED_BY')} {node.key.text}" if node.key else ""
                title = quote(node.title.text) if node.title else ""
                return _Row(node, [f"{p.word('REGISTER')} {node.name.text}", title, key], below)
            case t.Catalogue():
                title = quote(node.title.text) if node.title else ""
                path = f"{p.word('TAKEN_FROM')} {quote(node.path.text)}"
                return _Row(node, [f"{p.word('CATALOGUE')} {node.name.text}", title, path])
            case t.Choice():
                values = " | ".join(quote(value.text) for value in node.values)
                return _Row(node, [f"{p.word('CHOICE')} {node.name.text}", values])
            case t.Section():
                return _Row(node, [f"{p.word('SECTION')} {quote(node.title.text)}"], below)
            case t.Scenario():
                return _Row(node, [f"{p.word('SCENARIO')} {quote(node.title.text)}"], below)
            case t.Calendar():
                return _Row(node, [f"{p.word('CALENDAR')} {node.name.text}"], below)
            case t.Decision():
                title = quote(node.title.text) if node.title else ""
                read = f"({names(node.parameters)})" if node.parameters else ""
                return _Row(node, [f"{p.word('DECISION')} {node.name.text}", title, read], below)
            case t.Columns() | t.Row():
                return _Row(node, table_cells(node))
            case t.Parameter():
                value = f"= {expression(node.value)}" if node.value else ""
                title = quote(node.title.text) if node.title else ""
                kind = p.type(node.type) if node.type else ""
                return _Row(node, [f"{p.word('PARAMETER')} {node.name.text}", title, kind, value], below)
            case t.Field():
                where = f"{p.word('WHERE')} {expression(node.where)}" if node.where else ""
                optional = p.word("OPTIONAL") if node.optional else ""
                visible = f"{p.word('VISIBLE_TO')} {names(node.visible)}" if node.visible else ""
                title = quote(node.title.text) if node.title else ""
                filled = (
                    ("=", node.computed),
                    (p.word("DEFAULT"), node.default),
                    (p.word("REQUIRED_WHEN"), node.required),
                )
                marks = [f"{word} {expression(said)}" if said else "" for word, said in filled]
                cells = [
                    node.name.text,
                    p.type(node.type),
                    title,
                    optional,
                    *marks,
                    drawn(p, node.drawn),
                    where,
                    visible,
                ]
                return _Row(node, cells, below)
            case t.Checklist() | t.Materials():
                word = p.word("CHECKLIST" if isinstance(node, t.Checklist) else "MATERIALS")
                return _Row(node, [word], [self.check(check, indent + 1) for check in node.checks])
            case t.Separation():
                return _Row(node, list(p.of(node)), below)
        return _Row(node, list(p.of(node)))

    def rows(self, nodes: Iterable[t.Line], indent: int) -> list[_Row]:
        return [self.row(node, indent) for node in nodes]

    def element(self, node: t.Element, indent: int) -> _Row:
        p = self.phrases
        line = f"{p.word(node.kind.upper())} {node.name.text}"
        if node.title:
            line += f" {quote(node.title.text)}"
        taken = self.on_line(node.body, line, indent, node)
        line = " ".join([line, *(p.line(inner) for inner in node.body[:taken])])
        return _Row(node, [line], self.rows(node.body[taken:], indent + 1))

    def on_line(self, body: tuple[t.Line, ...], line: str, indent: int, node: t.Element) -> int:
        """How many of an element's lines stand beside its name."""
        may_follow: tuple[type, ...] = tuple(_BESIDE)
        width, taken = 2 * indent + display_width(line), 0
        for inner in body:
            if type(inner) not in may_follow or inner.comments != t.NO_COMMENTS:
                break
            if isinstance(inner, t.When) and (node.kind != "milestone" or inner.kind != "when"):
                break
            width += 1 + display_width(self.phrases.line(inner))
            if width > WIDTH:
                break
            may_follow = _BESIDE[type(inner)]
            taken += 1
        return taken

    def check(self, node: t.Check, indent: int) -> _Row:
        """A point of a checklist, with those of its lines beside it that fit and bear no comment."""
        p = self.phrases
        cells = [node.name.text if node.name else "", quote(node.title.text)]
        width, taken = 2 * indent + sum(display_width(cell) + 1 for cell in cells), 0
        for inner in node.body:
            width += 1 + display_width(p.line(inner))
            if width > WIDTH or inner.comments != t.NO_COMMENTS:
                break
            taken += 1
        cells += [" ".join(p.line(inner) for inner in node.body[:taken])]
        return _Row(node, cells, self.rows(node.body[taken:], indent + 1))

    # --- rows to lines ---------------------------------------------------------------------------------------

    def block(self, rows: list[_Row], indent: int) -> Iterator[str]:
        before: _Row | None = None
        for run in _runs(rows):
            for row, text in zip(run, _columns([row.cells for row in run], type(run[0].node)), strict=True):
                if before is not None and _apart(before, row):
                    yield ""
                yield from self.lines(row, text, indent)
                before = row

    def lines(self, row: _Row, text: str, indent: int) -> Iterator[str]:
        margin, comments = "  " * indent, row.node.comments
        for comment in comments.before:
            yield margin + _comment(comment)
        yield margin + text + (f"  {_comment(comments.beside)}" if comments.beside is not None else "")
        yield from self.block(row.below, indent + 1)
        for comment in comments.after:
            yield f"{margin}  {_comment(comment)}"


def _group(node: t.Line) -> str:
    return _GROUPS.get(type(node), "line")


def _apart(above: _Row, row: _Row) -> bool:
    """Whether a blank line stands between two neighbours."""
    if _group(above.node) != _group(row.node):
        return True
    return isinstance(row.node, _BLOCKS) and bool(above.below or row.below or row.node.comments.before)


def _runs(rows: list[_Row]) -> Iterator[list[_Row]]:
    """Cuts a block's rows into runs whose columns are aligned: neighbours of one group."""
    run: list[_Row] = []
    for row in rows:
        same = run and not run[-1].below and _group(run[-1].node) == _group(row.node) and _kind(run[-1]) == _kind(row)
        if run and not same:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _kind(row: _Row) -> object:
    """Rows with different columns never share them."""
    if isinstance(row.node, t.Columns | t.Row):
        return "table"
    return type(row.node) if isinstance(row.node, (t.Field, t.Check, *_BLOCKS)) else None


def _columns(cells: list[list[str]], kind: type) -> list[str]:
    """Joins each row's cells, padded so that the columns of all rows begin at the same place.

    Only a row with something further right takes part in a column's width, and a column that all rows leave empty
    is left out.
    """
    if issubclass(kind, _BLOCKS):
        return [" ".join(cell for cell in row if cell) for row in cells]
    count = max(map(len, cells))
    widths = [0] * count
    for row in cells:
        for column, cell in enumerate(row):
            width = display_width(cell)
            if width <= _WIDE_CELL and any(row[column + 1 :]):
                widths[column] = max(widths[column], width)
    lines = []
    for row in cells:
        line = ""
        for column, cell in enumerate(row):
            last = not any(row[column + 1 :])
            if last:
                line += cell
                break
            if cell or (line and widths[column]):
                line += cell + " " * (max(widths[column] - display_width(cell), 0) + 1)
        lines.append(line)
    return lines
