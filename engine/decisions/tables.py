"""Decision tables (OMG DMN 1.5, chapter 8): which rules hold for these inputs, and what they say together.

A column of tests is indexed where its cells are constants and intervals (`columns`), so that the rules of a large
table are looked up and only what the index cannot decide is evaluated. `Table.hits` tells the rows, for the audit.
A rule that cannot be read is neither a hit nor none: where it could be one, the table has no value.
Invariants: rules are numbered from 0 in the order of the table; a hit is a rule all of whose tests are true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from charter.engine.decisions import model as m
from charter.engine.decisions.columns import Column
from charter.engine.decisions.items import Item, Items, tests
from charter.engine.feel import parse, tree as t, types as y
from charter.engine.feel.comparison import compare, equal
from charter.engine.feel.compiler import Scope, closure
from charter.engine.feel.compiler_tests import asks_input, is_condition
from charter.engine.feel.frames import Frame, NoValue, Run
from charter.engine.feel.on_lists import total

Read = Callable[..., t.Node]

MOST_ASKED = 1_000  # tables of one evaluation whose rules are remembered


class Table:
    """A table compiled for the scope it stands in."""

    def __init__(self, box: m.Table, scope: Scope, names: frozenset[str], items: Items, read: Read) -> None:
        self.box = box
        cell = scope.within("?")
        self.inputs = [closure(read(clause.expression, names), scope) for clause in box.inputs]
        self.types = [items.named(clause.type) for clause in box.inputs]
        self.allowed = [tests(clause.allowed, names) for clause in box.inputs]
        self.columns = [
            Column([_cell(rule.tests, index, names, read, kind) for rule in box.rules], cell)
            for index, kind in enumerate(self.types)
        ]
        self.names = [clause.name or "" for clause in box.outputs]
        self.kinds: list[Item | None] = [items.named(clause.type) for clause in box.outputs]
        # An output that a rule does not have is null.
        wide = len(box.outputs)
        said = [(*rule.outputs, *("null",) * wide)[:wide] for rule in box.rules]
        self.results = [[closure(read(text, names), scope) for text in texts] for texts in said]
        self.defaults = [
            None if clause.default is None else closure(read(clause.default, names), scope) for clause in box.outputs
        ]
        ranked = [clause.allowed or items.allowed(clause.type or box.type) for clause in box.outputs]
        self.priorities = [_priorities(text, names, scope) for text in ranked]
        self.every = (1 << len(box.rules)) - 1
        self.first_only = box.hit_policy == "FIRST"

    def hits(self, frame: Frame) -> list[int] | None:
        """Lists the rules that hold, in table order.

        None, with a reason, when an input is not allowed, or a rule cannot be read that may hold.
        """
        asked: list[_Asked] = []
        candidates = self.every
        for run, kind, allowed, column in zip(self.inputs, self.types, self.allowed, self.columns, strict=True):
            intact = frame.state.broken
            value = run(frame)
            torn = frame.state.broken > intact
            if kind is not None and value is not None:
                value = kind.fit(value, frame)
            if any(test(Frame({"?": value}, frame, frame.state)) is not True for test in allowed):
                frame.note("an input of the table is not among its allowed values")
                return None
            sure, maybe = column.rules(value)
            if torn:
                sure, maybe = column.index.always, column.all & ~column.index.always
            candidates &= sure | maybe
            asked.append((column, maybe, Frame({"?": value}, frame, frame.state), torn))
        found = []
        for rule in _bits(candidates):
            holds = _holds(rule, asked, frame)
            if holds is None:
                frame.note(f"rule {rule + 1} cannot be evaluated")
                return None
            if holds:
                found.append(rule)
                if self.first_only:
                    break
        return found

    def __call__(self, frame: Frame) -> Any:
        """Gives the table's value under its hit policy; none where a part of it cannot be read."""
        intact = frame.state.broken
        hits = self.hits(frame)
        if hits is None:
            return None
        asked = frame.state.tables
        if asked is not None and len(asked) < MOST_ASKED:
            asked.append((self.box, tuple(hits)))
        value = self.say(hits, frame)
        return value if frame.state.broken == intact else None

    def say(self, hits: list[int], frame: Frame) -> Any:
        """Gives what rules that hold say together."""
        if not hits:
            return self._default(frame)
        policy = POLICIES.get(self.box.hit_policy)
        if policy is None:
            return frame.note(f"unknown hit policy `{self.box.hit_policy}`")
        return policy(self, hits, frame)

    def outputs(self, rule: int, frame: Frame) -> tuple[Any, ...]:
        return tuple(
            run(frame) if kind is None else kind.fit(run(frame), frame)
            for run, kind in zip(self.results[rule], self.kinds, strict=True)
        )

    def value(self, outputs: tuple[Any, ...]) -> Any:
        """Puts the outputs of one rule together: a context where there are several columns."""
        if len(self.names) == 1:
            return outputs[0] if outputs else None
        return dict(zip(self.names, outputs, strict=True))

    def _default(self, frame: Frame) -> Any:
        if not any(self.defaults):
            if self.box.hit_policy == "COLLECT" and self.box.aggregation is None:
                return []
            if self.box.aggregation == "COUNT":
                return Decimal(0)
            return frame.note("no rule of the table matches, and it has no default")
        value = self.value(tuple(None if run is None else run(frame) for run in self.defaults))
        several = self.box.hit_policy in ("COLLECT", "RULE ORDER", "OUTPUT ORDER") and self.box.aggregation is None
        return [value] if several else value

    def ranked(self, hits: list[int], frame: Frame) -> list[tuple[Any, ...]]:
        """Gives the outputs of the hits, those whose values stand first among the allowed ones first."""
        orders = [None if run is None else run(frame) or [] for run in self.priorities]

        def rank(outputs: tuple[Any, ...]) -> tuple[int, ...]:
            return tuple(
                next((i for i, each in enumerate(order) if equal(each, value) is True), len(order))
                for order, value in zip(orders, outputs, strict=True)
                if order is not None
            )

        return sorted((self.outputs(rule, frame) for rule in hits), key=rank)


def table(box: m.Table, scope: Scope, names: frozenset[str], items: Items, read: Read) -> Run:
    """Compiles a decision table to a closure."""
    return Table(box, scope, names, items, read)


def _cell(cells: tuple[str, ...], index: int, names: frozenset[str], read: Read, kind: Item | None) -> t.Node:
    return in_column(read(cells[index], names, "unary"), kind) if index < len(cells) else t.Tests(())


def in_column(cell: t.Node, kind: Item | None) -> t.Node:
    """Gives a cell as its column means it: where the inputs are true or false, a condition is what one must equal."""
    return equalled(cell) if kind is not None and kind.type is y.BOOLEAN else cell


def equalled(cell: t.Node) -> t.Node:
    """Gives a cell whose conditions of their own are what the input must equal."""
    if not isinstance(cell, t.Tests):
        return cell
    asked = (t.Comparison("=", test) if is_condition(test) and not asks_input(test) else test for test in cell.tests)
    return replace(cell, tests=tuple(asked))


_Asked = tuple[Column, int, Frame, bool]  # a column, the rules to evaluate, the input's frame, whether it has none


def _holds(rule: int, asked: list[_Asked], frame: Frame) -> bool | None:
    """Says whether every test of a rule is true; None where one cannot be read and no other is against it."""
    intact = frame.state.broken
    unread = False
    for column, maybe, cell, torn in asked:
        if not maybe >> rule & 1:
            continue
        before = frame.state.broken
        if not torn and column.tests[rule](cell) is True:
            continue
        if not torn and frame.state.broken == before:
            frame.state.broken = intact  # the rule does not hold whatever the others would have said
            return False
        unread = True
    return None if unread else True


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _priorities(text: str | None, names: frozenset[str], scope: Scope) -> Run | None:
    # The allowed values of an output, in their order, read as a list.
    if text is None:
        return None
    tree = parse(f"[{text}]", names=names, dialect="dmn").tree
    if tree is None:
        return lambda frame: frame.broken(f"`{text[:60]}` cannot be read")
    return closure(tree, scope)


def _unique(table: Table, hits: list[int], frame: Frame) -> Any:
    if len(hits) > 1:
        return frame.note(f"rules {_numbers(hits)} match together in a table where only one may")
    return table.value(table.outputs(hits[0], frame))


def _first(table: Table, hits: list[int], frame: Frame) -> Any:
    return table.value(table.outputs(hits[0], frame))


def _any(table: Table, hits: list[int], frame: Frame) -> Any:
    values = [table.outputs(rule, frame) for rule in hits]
    if any(equal(list(values[0]), list(other)) is not True for other in values[1:]):
        return frame.note(f"rules {_numbers(hits)} match together but give different results")
    return table.value(values[0])


def _priority(table: Table, hits: list[int], frame: Frame) -> Any:
    return table.value(table.ranked(hits, frame)[0])


def _output_order(table: Table, hits: list[int], frame: Frame) -> Any:
    return [table.value(outputs) for outputs in table.ranked(hits, frame)]


def _rule_order(table: Table, hits: list[int], frame: Frame) -> Any:
    return [table.value(table.outputs(rule, frame)) for rule in hits]


def _collect(table: Table, hits: list[int], frame: Frame) -> Any:
    values = _rule_order(table, hits, frame)
    aggregation = table.box.aggregation
    if aggregation is None:
        return values
    if aggregation == "COUNT":
        return Decimal(len(values))
    if aggregation not in AGGREGATIONS:
        return frame.note(f"unknown aggregation `{aggregation}`")
    if len(table.names) > 1:
        columns = [[value[name] for value in values] for name in table.names]
        return dict(zip(table.names, (AGGREGATIONS[aggregation](column, frame) for column in columns), strict=True))
    return AGGREGATIONS[aggregation](values, frame)


def _sum(values: list[Any], frame: Frame) -> Any:
    try:
        return total(values)
    except (NoValue, ArithmeticError) as why:
        return frame.note(f"the outputs of the table cannot be added: {why}")


def _extreme(op: str) -> Callable[[list[Any], Frame], Any]:
    def extreme(values: list[Any], frame: Frame) -> Any:
        best = values[0]
        for value in values[1:]:
            better = compare(op, value, best)
            if better is None:
                return frame.note("the outputs of the table cannot be ordered")
            best = value if better else best
        return best

    return extreme


def _numbers(hits: list[int]) -> str:
    return ", ".join(str(rule + 1) for rule in hits)


AGGREGATIONS: dict[str, Callable[[list[Any], Frame], Any]] = {"SUM": _sum, "MIN": _extreme("<"), "MAX": _extreme(">")}

POLICIES: dict[str, Callable[[Table, list[int], Frame], Any]] = {
    "UNIQUE": _unique,
    "FIRST": _first,
    "ANY": _any,
    "PRIORITY": _priority,
    "OUTPUT ORDER": _output_order,
    "RULE ORDER": _rule_order,
    "COLLECT": _collect,
}
