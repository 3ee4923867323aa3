"""An index over one column of a decision table: which rules' tests a value meets, without asking each.

Sets of rules are bit masks. Constants are looked up in a dictionary, intervals of numbers by bisection over their end
points; `not(…)` is what its tests leave. A test that is none of these is left to evaluation (`other`), as is every
test when the value is of a kind that the index does not know. The same masks serve the proofs of `analysis`.
Invariant: for a value of a known kind, null included, `sure` holds exactly the rules whose test is true, but those in
`other`; so null is met by `-` and by a cell that writes it, and by nothing else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec import Struct

from charter.engine.feel import tree as t
from charter.engine.feel.compiler import Scope, closure
from charter.engine.feel.frames import Run
from charter.engine.feel.operators import NUMBERS

STRIDE = 64  # an end-point index keeps a whole mask every so many regions, and single changes between

KNOWN = frozenset({Decimal, str, bool, type(None)})


class Span(NamedTuple):
    """An interval of numbers; an end that is None is open without end."""

    low: Decimal | None
    low_in: bool
    high: Decimal | None
    high_in: bool


class Cell(Struct, frozen=True):
    """A cell taken apart into constants (null is None) and spans, one of which must hold, or none; no parts is `-`."""

    parts: tuple[Any, ...]
    negated: bool = False


class Index:
    """The cells of one column, one a rule; None is a cell that cannot be taken apart."""

    def __init__(self, cells: Iterable[Cell | None]) -> None:
        self.always = self.other = 0
        told: tuple[list[tuple[int, Any]], list[tuple[int, Any]]] = ([], [])
        # kind of value -> the negated cells that can be compared with it
        self.comparable = dict.fromkeys(KNOWN, 0)
        for rule, cell in enumerate(cells):
            bit = 1 << rule
            if cell is None:
                self.other |= bit
            elif not cell.parts:
                self.always |= bit
            else:
                told[cell.negated].extend((rule, part) for part in cell.parts)
            if cell is not None and cell.negated:
                kinds = {Decimal if isinstance(part, Span) else type(part) for part in cell.parts} - {type(None)}
                for kind in kinds if kinds else KNOWN:
                    self.comparable[kind] |= bit if len(kinds) < 2 else 0
        self.comparable[type(None)] = 0  # what is not known is not different either
        self.met, self.barred = (_Parts(each) for each in told)

    def sure(self, value: Any) -> int:
        """Gives the rules, but those in `other`, whose cell a value of a known kind meets."""
        differing = self.comparable[type(value)]
        found = self.always | self.met.of(value)
        return found | (differing & ~self.barred.of(value)) if differing else found


class Column:
    """The tests of one column, one a rule, compiled and indexed."""

    def __init__(self, cells: Sequence[t.Node], scope: Scope) -> None:
        self.tests: list[Run] = [closure(cell, scope) for cell in cells]
        self.all = (1 << len(cells)) - 1
        self.index = Index(map(taken_apart, cells))

    def rules(self, value: Any) -> tuple[int, int]:
        """Gives the rules whose test is surely true for a value, and those that must be evaluated."""
        if type(value) in KNOWN:
            return self.index.sure(value), self.index.other
        return self.index.always, self.all & ~self.index.always


def taken_apart(cell: t.Node) -> Cell | None:
    """Takes a cell apart; None for one that holds anything but constants and intervals of numbers."""
    if not isinstance(cell, t.Tests):
        return None
    parts = [_part(test) for test in cell.tests]
    return None if _UNSAID in parts else Cell(tuple(parts), cell.negated)


class _Unsaid:
    """Stands where a node is no constant: None is one."""


_UNSAID: Any = _Unsaid()

# comparison -> whether its limit is the low end, the high end, and belongs to the span
_ENDS = {"<": (False, True, False), "<=": (False, True, True), ">": (True, False, False), ">=": (True, False, True)}


def _part(test: t.Node) -> Any:
    if isinstance(test, t.Comparison) and test.op == "=":
        return _constant(test.of)
    if isinstance(test, t.Comparison) and type(limit := _constant(test.of)) is Decimal and test.op in _ENDS:
        low, high, included = _ENDS[test.op]
        return Span(limit if low else None, included, limit if high else None, included)
    if isinstance(test, t.Interval) and type(low := _constant(test.low)) is Decimal:
        high = _constant(test.high)
        if type(high) is not Decimal or high < low:
            return _UNSAID
        return Span(low, test.ends[0] == "[", high, test.ends[1] == "]")
    return _constant(test)


def _constant(node: t.Node) -> Any:
    if isinstance(node, t.Null):
        return None
    if isinstance(node, t.String | t.Boolean):
        return node.value
    negative = isinstance(node, t.Negation)
    number = node.of if isinstance(node, t.Negation) else node
    if not isinstance(number, t.Number):
        return _UNSAID
    try:
        return NUMBERS.plus(-number.value if negative else number.value)
    except ArithmeticError:
        return _UNSAID


class _Parts:
    """Which rules have a part that a value meets."""

    def __init__(self, parts: list[tuple[int, Any]]) -> None:
        self.constants: dict[tuple[type, Any], int] = {}
        for rule, part in parts:
            if not isinstance(part, Span):
                key = (type(part), part)
                self.constants[key] = self.constants.get(key, 0) | 1 << rule
        spans = [(part, rule) for rule, part in parts if isinstance(part, Span)]
        self.spans = _Spans(spans) if spans else None

    def of(self, value: Any) -> int:
        found = self.constants.get((type(value), value), 0)
        return found | self.spans.at(value) if self.spans is not None and type(value) is Decimal else found


class _Spans:
    """Intervals over one line. Its regions: before the first end point, then each point and the gap after it."""

    def __init__(self, spans: list[tuple[Span, int]]) -> None:
        self.points = sorted({end for span, _ in spans for end in (span.low, span.high) if end is not None})
        regions = 2 * len(self.points) + 1
        covered: dict[int, list[tuple[int, int]]] = {}
        for (low, low_in, high, high_in), rule in spans:
            first = 0 if low is None else 2 * bisect_left(self.points, low) + (1 if low_in else 2)
            last = regions - 1 if high is None else 2 * bisect_left(self.points, high) + (1 if high_in else 0)
            if first <= last:
                covered.setdefault(rule, []).append((first, last))
        # The rules that enter or leave at each region.
        self.changes: list[list[int]] = [[] for _ in range(regions + 1)]
        for rule, ranges in covered.items():
            for first, last in _joined(ranges):
                self.changes[first].append(rule)
                self.changes[last + 1].append(rule)
        self.bases: list[int] = []
        mask = 0
        for region in range(regions):
            for rule in self.changes[region]:
                mask ^= 1 << rule
            if region % STRIDE == 0:
                self.bases.append(mask)

    def at(self, value: Decimal) -> int:
        """Gives the rules one of whose intervals holds the value."""
        place = bisect_left(self.points, value)
        on_point = place < len(self.points) and self.points[place] == value
        region = 2 * place + (1 if on_point else 0)
        base = region // STRIDE
        mask = self.bases[base]
        for between in range(base * STRIDE + 1, region + 1):
            for rule in self.changes[between]:
                mask ^= 1 << rule
        return mask


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Joins ranges of regions that overlap, so that a rule is entered once and left once."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
