"""The lines of a process file as a page shows them: keyword, and what stands behind it with the names that lead on.

Prints each line by the words of the reader's language (`dsl/text/phrases.py`). Knows one process and no page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec import Struct

from charter.dsl.messages.languages import keywords
from charter.dsl.text import tree
from charter.dsl.text.phrases import Phrases, expression
from charter.engine.definition import Definition
from charter.runtime.cli.messages import Messages

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\W\d]\w*')
# of whom these lines speak: where an element has the name of a role, they mean the role
_OF_ROLES = (tree.Raci, tree.By, tree.CheckBy, tree.Owner, tree.Customer, tree.Veto)


class Part(Struct, frozen=True):
    """A piece of a line; `href` is where its name leads, `hint` what it is called there, `code` how it is set."""

    text: str
    href: str | None = None
    hint: str | None = None
    code: bool = False


class Row(Struct, frozen=True):
    """A line: its keyword, what stands behind it, lines below it, what its author remarks."""

    word: str
    parts: tuple[Part, ...] = ()
    below: tuple[Row, ...] = ()
    remarks: tuple[str, ...] = ()


class Grid(Struct, frozen=True):
    """A table: headings and rows; `outputs`: so many columns on the right are what is concluded."""

    headings: tuple[str, ...]
    rows: tuple[tuple[tuple[Part, ...], ...], ...]
    outputs: int = 0


class Lines:
    """The lines of one process; `others`: (address, title) of the processes that they may name."""

    def __init__(self, definition: Definition, others: Mapping[str, tuple[str, str]], say: Messages) -> None:
        self.definition, self.others, self.say = definition, others, say
        self.phrases = Phrases(keywords(say.lang))

    @cached_property
    def names(self) -> dict[str, tuple[str, str]]:
        """Gives (anchor, title) of what the lines of this process may name."""
        d = self.definition
        found = dict(self.others)
        for kind, parts in (
            ("role", d.roles),
            ("kpi", d.kpis),
            ("rule", d.rules),
            ("ledger", d.ledgers),
            ("sla", d.slas),
            ("decision", d.decisions),
            ("parameter", d.parameters),
            ("record", d.records),
        ):
            found |= {part.name: (f"#{kind}-{part.name}", part.title) for part in parts}
        found |= {c.name: (f"#calendar-{c.name}", c.name) for c in (d.calendar, *d.calendars)}
        return found | {e.name: (f"#{e.kind}-{e.name}", e.title) for e in d.elements}

    @cached_property
    def roles(self) -> dict[str, tuple[str, str]]:
        return {role.name: (f"#role-{role.name}", role.title) for role in self.definition.roles}

    def parameter(self, node: tree.Parameter) -> Iterator[Row]:
        say = self.say
        if node.type is not None:
            yield Row(say("handbook.type"), (Part(self.phrases.type(node.type)),))
        value = Part(expression(node.value), code=True) if node.value else Part(say("handbook.unbound"))
        yield Row(say("handbook.value"), (value,))

    def ledger(self, node: tree.Ledger) -> Iterator[Row]:
        for word, name in (("LEDGER_OF", node.baseline), ("LEDGER_BY", node.by)):
            yield Row(self.phrases.word(word), (Part(name.text, code=True),))

    def row(self, line: tree.Line) -> Row:
        if isinstance(line, tree.Checklist):
            below = tuple(self.check(check) for check in line.checks)
            return Row(self.phrases.word("CHECKLIST"), (), below, remarks(line))
        if isinstance(line, tree.Sla):  # has a card of its own
            title = line.title.text if line.title is not None else line.name.text
            return Row(self.phrases.word("SLA"), (Part(title, f"#sla-{line.name.text}", line.name.text),))
        cells = [cell for cell in self.phrases.of(line) if cell]
        if len(cells) == 1:  # a phrase: its first word stands for all
            cells = cells[0].split(" ", 1)
        below = tuple(self.row(inner) for inner in getattr(line, "body", ()))
        return Row(cells[0], tuple(self.parts(line, " ".join(cells[1:]))), below, remarks(line))

    def check(self, check: tree.Check) -> Row:
        name = f"{check.name.text} " if check.name else ""
        below = tuple(self.row(line) for line in check.body)
        return Row(check.title.text, (Part(name.strip(), code=True),) if name else (), below, remarks(check))

    def parts(self, line: tree.Line | None, text: str) -> Iterator[Part]:
        """Takes a text apart at the names in it: titles where only names stand, else the expression as written."""
        said = any(isinstance(getattr(line, field), tree.Expr) for field in line.__struct_fields__) if line else True
        known = self.names | self.roles if isinstance(line, _OF_ROLES) else self.names
        if isinstance(line, tree.Goal):
            yield Part(line.text.text)
            return
        if isinstance(line, tree.Source):
            for clause in text.split():
                yield Part(f"{clause} ", f"#clause-{clause}", self.clause(clause))
            return
        at = 0
        for token in _TOKEN.finditer(text):
            there = known.get(token.group())
            behind = token.start() > 0 and text[token.start() - 1] == "."
            if there is None or behind:
                continue
            if token.start() > at:
                yield Part(text[at : token.start()], code=said)
            href, title = there
            yield Part(token.group() if said else title, href, title if said else token.group(), said)
            at = token.end()
        if at < len(text):
            yield Part(text[at:], code=said)

    def clause(self, id: str) -> str | None:
        found = self.definition.clause(id)
        return None if found is None else found.text

    def grid(self, node: tree.Line) -> Grid | None:
        say = self.say
        if isinstance(node, tree.Record) and node.fields:
            headings = tuple(say(f"handbook.h_{name}") for name in ("field", "name", "type", "needed", "where"))
            return Grid(headings, tuple(self.field(field) for field in node.fields))
        if isinstance(node, tree.Decision) and node.columns is not None:
            columns = node.columns
            headings = (*map(expression, columns.inputs), *(name.text for name in columns.outputs))
            rows = tuple(tuple(tuple(self.parts(None, expression(c))) for c in row.cells) for row in node.rows)
            return Grid(headings, rows, len(columns.outputs))
        return None

    def field(self, field: tree.Field) -> tuple[tuple[Part, ...], ...]:
        where = tuple(self.parts(None, expression(field.where))) if field.where else ()
        return (
            (Part(field.title.text if field.title else field.name.text),),
            (Part(field.name.text, code=True),),
            tuple(self.parts(field, self.phrases.type(field.type))),
            (Part("" if field.optional else self.say("handbook.yes")),),
            where,
        )


def remarks(node: tree.Line) -> tuple[str, ...]:
    """Gives what an author remarks on a line: each run of comment lines is one remark, a rule of dashes is none."""
    said = node.comments
    blocks = ("\n".join(said.before), said.beside or "", "\n".join(said.after))
    return tuple(block for block in blocks if any(c.isalnum() for c in block))
