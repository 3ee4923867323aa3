"""An index over one column of a decision table: which rules' tests a value meets, without asking each.

Sets of rules are bit masks. Constants are looked up in a dictionary, intervals of numbers and of dates by bisection
over their end points. A test that is neither is left to evaluation (`maybe`), as is every test when the value is of a
kind that the index does not know. Invariant: `sure` and `maybe` together hold every rule whose test is true.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from typing import Any

from charter.engine.feel import tree as t
from charter.engine.feel.compiler import Scope, closure
from charter.engine.feel.frames import Run

STRIDE = 64  # an end-point index keeps a whole mask every so many regions, and single changes between


class Column:
    """The tests of one column, one a rule, compiled and indexed."""

    def __init__(self, cells: list[t.Node], scope: Scope) -> None:
        self.tests: list[Run] = [closure(cell, scope) for cell in cells]
        self.all = (1 << len(cells)) - 1
        self.always = 0
        self.other = 0
        self.constants: dict[tuple[type, Any], int] = {}
        spans: list[tuple[Any, bool, Any, bool, int]] = []
        for rule, cell in enumerate(cells):
            bit = 1 << rule
            parts = parts_of(cell)
            if parts is None:
                self.other |= bit
            elif not parts:
                self.always |= bit
            else:
                for part in parts:
                    if isinstance(part, tuple):
                        spans.append((*part, rule))
                    else:
                        key = (type(part), part)
                        self.constants[key] = self.constants.get(key, 0) | bit
        self.spans = _Spans(spans) if spans else None

    def rules(self, value: Any) -> tuple[int, int]:
        """Gives the rules whose test is surely true for a value, and those that must be evaluated."""
        kind = type(value)
        if kind is Decimal:
            sure = self.always | self.constants.get((Decimal, value), 0)
            if self.spans is not None:
                sure |= self.spans.at(value)
            return sure, self.other & ~sure
        if kind is str or kind is bool:
            sure = self.always | self.constants.get((kind, value), 0)
            return sure, self.other & ~sure
        return self.always, self.all & ~self.always


def parts_of(cell: t.Node) -> list[Any] | None:
    """Takes a cell apart into constants and spans (low, included, high, included): none for `-`; None if neither."""
    if not isinstance(cell, t.Tests) or cell.negated:
        return None
    found: list[Any] = []
    for test in cell.tests:
        if (constant := _constant(test)) is not None:
            found.append(constant)
        elif isinstance(test, t.Comparison) and type(limit := _constant(test.of)) is Decimal and test.op in _ENDS:
            low, high, included = _ENDS[test.op]
            found.append((limit if low else None, included, limit if high else None, included))
        elif isinstance(test, t.Interval) and type(low := _constant(test.low)) is Decimal:
            high = _constant(test.high)
            if type(high) is not Decimal or high < low:
                return None
            found.append((low, test.ends[0] == "[", high, test.ends[1] == "]"))
        else:
            return None
    return found


# comparison -> whether its limit is the low end, the high end, and belongs to the span
_ENDS = {"<": (False, True, False), "<=": (False, True, True), ">": (True, False, False), ">=": (True, False, True)}


def _constant(node: t.Node) -> Any:
    if isinstance(node, t.String | t.Number):
        return node.value
    if isinstance(node, t.Negation) and isinstance(node.of, t.Number):
        return -node.of.value
    return None


class _Spans:
    """Intervals over one line. Its regions: before the first end point, then each point and the gap after it."""

    def __init__(self, spans: list[tuple[Any, bool, Any, bool, int]]) -> None:
        self.points = sorted({end for low, _, high, _, _ in spans for end in (low, high) if end is not None})
        regions = 2 * len(self.points) + 1
        covered: dict[int, list[tuple[int, int]]] = {}
        for low, low_in, high, high_in, rule in spans:
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
