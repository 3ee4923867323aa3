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
from charter.dsl.text.printer import drawn
from charter.engine.definition import Definition
from charter.runtime.cli.messages import Messages

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\W\d]\w*')
_OF_FIELDS = ("field", "name", "type", "needed", "filled", "where", "visible", "source", "remark")
# of whom these lines speak: where an element has the name of a role, they mean the role
_OF_ROLES = (tree.Raci, tree.By, tree.CheckBy, tree.Owner, tree.Customer, tree.Veto, tree.RunsWith)


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
    """The lines of one process.

    (address, title) of what they may name beyond it: `others`, processes; `elsewhere`, records that those declare.
    """

    def __init__(
        self,
        definition: Definition,
        others: Mapping[str, tuple[str, str]],
        elsewhere: Mapping[str, tuple[str, str]],
        say: Messages,
    ) -> None:
        self.definition, self.others, self.elsewhere, self.say = definition, others, elsewhere, say
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
            ("sla", d.slas),
            ("decision", d.decisions),
            ("parameter", d.parameters),
            ("record", d.records),
            ("ledger", d.ledgers),
            ("register", [each for each in d.registers if not each.counts]),
            ("counter", d.counters),
            ("report", d.reports),
        ):
            found |= {part.name: (f"#{kind}-{part.name}", part.title) for part in parts}
        found |= {c.name: (f"#calendar-{c.name}", c.name) for c in (d.calendar, *d.calendars)}
        return found | {e.name: (f"#{e.kind}-{e.name}", e.title) for e in d.elements} | {**self.elsewhere}

    @cached_property
    def roles(self) -> dict[str, tuple[str, str]]:
        return {role.name: (f"#role-{role.name}", role.title) for role in self.definition.roles}

    def head(self, node: tree.Line) -> Iterator[Row]:
        """Gives what the first line of a block says beside its name and title."""
        say = self.say
        match node:
            case tree.Parameter():
                if node.type is not None:
                    yield Row(say("handbook.type"), (Part(self.phrases.type(node.type)),))
                value = Part(expression(node.value), code=True) if node.value else Part(say("handbook.unbound"))
                yield Row(say("handbook.value"), (value,))
            case tree.Ledger():
                for key, name in (("LEDGER_OF", node.baseline), ("LEDGER_BY", node.by)):
                    yield Row(self.phrases.word(key), tuple(self.parts(node, name.text)))
            case tree.Counter():
                yield Row(self.phrases.word("LEDGER_BY"), tuple(self.parts(node, expression(node.by))))
            case tree.Register() if node.key is not None:
                yield Row(self.phrases.word("KEYED_BY"), (Part(node.key.text, code=True),))
            case tree.Role() if node.external:
                yield Row(self.phrases.word("EXTERNAL"))

    def row(self, line: tree.Line) -> Row:
        if isinstance(line, tree.Checklist):
            below = tuple(self.check(check) for check in line.checks)
            return Row(self.phrases.word("CHECKLIST"), (), below, remarks(line))
        if isinstance(line, tree.Section):
            below = tuple(self.row(inner) for inner in line.body)
            return Row(self.phrases.word("SECTION"), (Part(line.title.text),), below, remarks(line))
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
        if isinstance(node, tree.Record | tree.Register) and node.fields:
            columns = [name for name in _OF_FIELDS if any(self.cell(field, name) for field in node.fields)]
            headings = tuple(say(f"handbook.h_{name}") for name in columns)
            return Grid(headings, tuple(tuple(self.cell(f, name) for name in columns) for f in node.fields))
        if isinstance(node, tree.Decision) and node.columns is not None:
            head = node.columns
            headings = (*map(expression, head.inputs), *(name.text for name in head.outputs))
            rows = tuple(tuple(tuple(self.parts(None, expression(c))) for c in row.cells) for row in node.rows)
            return Grid(headings, rows, len(head.outputs))
        return None

    def cell(self, field: tree.Field, column: str) -> tuple[Part, ...]:
        """Gives what a column says of a field."""
        match column:
            case "field":
                return (Part(field.title.text if field.title else field.name.text),)
            case "name":
                return (Part(field.name.text, code=True),)
            case "type":
                return tuple(self.parts(field, self.phrases.type(field.type)))
            case "needed":
                return (Part(self.say("handbook.yes")),) if field.needed else ()
            case "filled":
                said = (("computed", field.computed), ("default", field.default), ("required", field.required))
                found = [self.say(f"handbook.filled_{word}", value=expression(e)) for word, e in said if e is not None]
                found += (
                    [self.say("handbook.filled_drawn", value=drawn(self.phrases, field.drawn))] if field.drawn else []
                )
                return tuple(self.parts(None, self.say.listed(found))) if found else ()
            case "where":
                return tuple(self.parts(None, expression(field.where))) if field.where else ()
            case "visible":
                titles = (self.roles.get(role.text, ("", role.text)) for role in field.visible)
                return (Part(self.say.listed(title for _, title in titles)),) if field.visible else ()
            case "source":
                lines = (self.row(line).parts for line in field.body if isinstance(line, tree.Source))
                return tuple(part for parts in lines for part in parts)
        return tuple(Part(text) for text in remarks(field))


def remarks(node: tree.Line) -> tuple[str, ...]:
    """Gives what an author remarks on a line: each run of comment lines is one remark, a rule of dashes is none."""
    said = node.comments
    blocks = ("\n".join(said.before), said.beside or "", "\n".join(said.after))
    return tuple(block for block in blocks if any(c.isalnum() for c in block))
