"""Expressions that read registers: what each asks for, and what it makes of the answer.

`customers["acme"]` asks for one entry, `lessons[tag = "fit"]` for those of one tag, and `lessons` alone for all. Of a
condition, what an index can answer is asked for: the fields that must equal something which reads nothing of the entry.
The condition itself then judges what comes. Rewrites trees; who answers is the view's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Protocol

from charter.engine import calendars, counters, values
from charter.engine.feel import tree as t
from charter.engine.feel.compiler import Scope, closure, lookup
from charter.engine.feel.expression import Expression
from charter.engine.feel.frames import Frame, Run
from charter.engine.feel.keyed import is_condition
from charter.engine.feel.own import Span
from charter.engine.forms import Register
from charter.engine.plan.facts import instant
from charter.engine.plan.program import Program, compiled
from charter.engine.registers import Ask, Row, key_text

# What an entry of a register that is reviewed tells beside its fields, where none of these is called so.
REVIEW_FACTS = ("review_due", "review_overdue")
# The types whose values an index holds.
_INDEXED = frozenset({"text", "choice", "person", "number", "integer", "percent", "boolean", "date"})


class Look(Protocol):
    """What a view knows of registers; None for what it does not know."""

    def __call__(self, ask: Ask, reader: str, /) -> tuple[Row, ...] | None: ...


class Book:
    """A register as one place of a case reads it."""

    __slots__ = ("look", "now", "program", "reader", "register")

    def __init__(self, program: Program, register: Register, look: Look | None, reader: str, now: int) -> None:
        self.program = program
        self.register = register
        self.look = look
        self.reader = reader
        self.now = now

    def entry(self, key: Any) -> Any:
        """Gives the entry with a key, None where there is none; a counter has one of every key."""
        text = key_text(key)
        rows = () if text is None else self._rows(Ask(self.register.name, text))
        none = self._counted(text, None) if self.register.counts and text is not None and self.look else None
        return next(map(self.decoded, rows), none)

    def entries(self, where: tuple[tuple[str, str], ...]) -> list[Any]:
        """Gives the entries that are asked for, by key."""
        return list(map(self.decoded, self._rows(Ask(self.register.name, None, where))))

    def _rows(self, ask: Ask) -> list[Row]:
        found = None if self.look is None else self.look(ask, self.reader)
        return [row for row in found or () if row.value is not None]

    def decoded(self, row: Row) -> dict[str, Any]:
        """Gives an entry's fields; one that it has no value for is null, as a field that came later is in older
        entries.
        """
        if self.register.counts:
            return self._counted(row.key, row)
        fields = {**self._reviewed(row), **dict.fromkeys(field.name for field in self.register.fields)}
        fields |= values.decode(row.value)
        return fields

    def _reviewed(self, row: Row) -> dict[str, Any]:
        """Gives when an entry is to be looked at again, and whether that is over; nothing where nobody asks that."""
        if self.register.review is None:
            return {}
        due = review_due(self.program, self.register, row.at)
        return dict(
            zip(REVIEW_FACTS, (instant(due, self.program.zone), due is not None and due <= self.now), strict=True)
        )

    def _counted(self, key: str, row: Row | None) -> dict[str, Any]:
        since = window_since(self.program, self.register, self.now)
        return counters.written(key, counters.read(row).within(since), self.program.zone)


def looking(program: Program, text: str) -> Expression | None:
    """Compiles a FEEL text of a process that may read registers."""
    if text not in program.looking:
        plain = compiled(text)
        program.looking[text] = None if plain is None else answered(program, plain)
    return program.looking[text]


def answered(program: Program, plain: Expression) -> Expression:
    """Gives an expression with its registers looked up, which tells of itself what it did."""
    if plain.names.isdisjoint(program.registers):
        return plain
    return Expression(plain.tree, closure(_rewritten(program, plain.tree), Scope()))


def asks(program: Program, text: str | None) -> frozenset[str]:
    """Names the registers that an expression reads."""
    return program.names(text).intersection(program.registers)


def _rewritten(program: Program, node: t.Node) -> t.Node:
    def inner(part: t.Node) -> t.Node:
        return _rewritten(program, part)

    if isinstance(node, t.Filter) and isinstance(node.of, t.Name) and node.of.name in program.registers:
        register, test = program.registers[node.of.name], inner(node.test)
        if not is_condition(node.test):
            return _by_key(register, test)
        narrowed = list(_equalities(register, node.test, inner))
        return t.Filter(_by_fields(register, narrowed), test)
    if isinstance(node, t.Name) and node.name in program.registers:
        return _by_fields(program.registers[node.name], [])
    changed: t.Node = t.mapped(node, inner)
    return changed


def _by_key(register: Register, key: t.Node) -> t.Node:
    def make(scope: Scope) -> Run:
        find, of = lookup(register.name, scope, lambda frame: None), closure(key, scope)

        def run(frame: Frame) -> Any:
            book = find(frame)
            return book.entry(of(frame)) if isinstance(book, Book) else None

        return run

    return t.Embedded(make)


def _by_fields(register: Register, narrowed: list[tuple[str, t.Node]]) -> t.Node:
    def make(scope: Scope) -> Run:
        find = lookup(register.name, scope, lambda frame: None)
        wanted = [(name, closure(value, scope)) for name, value in narrowed]

        def run(frame: Frame) -> Any:
            book = find(frame)
            if not isinstance(book, Book):
                return None
            held = [(name, key_text(of(frame))) for name, of in wanted]
            found = book.entries(tuple(sorted({(name, text) for name, text in held if text is not None})))
            frame.state.spend(len(found))
            return found

        return run

    return t.Embedded(make)


def _equalities(register: Register, test: t.Node, inner: Any) -> Iterator[tuple[str, t.Node]]:
    """Yields the fields that a condition wants to equal what reads nothing of the entry, with that."""
    if isinstance(test, t.Binary) and test.op == "and":
        yield from _equalities(register, test.left, inner)
        yield from _equalities(register, test.right, inner)
    elif isinstance(test, t.Binary) and test.op == "=":
        fields = {field.name: field for field in register.fields}
        for one, other in ((test.left, test.right), (test.right, test.left)):
            field = fields.get(one.name) if isinstance(one, t.Name) else None
            own = {*fields, *REVIEW_FACTS, "item"}
            outside = not any(isinstance(part, t.Name) and part.name in own for part in t.walk(other))
            if field is not None and field.type.name in _INDEXED and outside:
                yield field.name, inner(other)
                return


def review_due(program: Program, register: Register, at: int) -> int | None:
    """Gives when an entry that was filed at an instant is to be looked at again, None where that is not asked."""
    expression = None if register.review is None else compiled(register.review.every)
    span = None if expression is None else expression.evaluate(program.bound, program.env())
    return None if span is None else calendars.add(program.definition.calendar, at, span)


def window_since(program: Program, register: Register, now: int) -> int | None:
    """Gives the instant since which a counter counts, None for ever."""
    expression = None if register.window is None else compiled(register.window)
    span = None if expression is None else expression.evaluate(program.bound, program.env())
    return calendars.add(program.definition.calendar, now, span.scaled(Decimal(-1))) if isinstance(span, Span) else None
