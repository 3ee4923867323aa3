"""What the analysis of a table claims is what asking the table shows, and what it says nothing of is in order."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import given, strategies as st

from charter.engine.decisions import model as m
from charter.engine.decisions.analysis import UNKNOWN, analyse
from charter.engine.decisions.graph import Graph

NUMBER_CELLS = st.sampled_from(
    ["-", "1", "2", "< 2", "<= 2", "> 1", ">= 1", "[1..2]", "(1..2]", "1, 2", "< 1, > 2", "not(1)", "null", "not(null)"]
)
TEXT_CELLS = st.sampled_from(["-", '"a"', '"b"', '"a", "b"', 'not("a")', '"a", null', 'not("b", null)'])
TRUTH_CELLS = st.sampled_from(["-", "true", "false", "not(true)", "null", "false, null"])
ROWS = st.lists(st.tuples(NUMBER_CELLS, TEXT_CELLS, TRUTH_CELLS, st.sampled_from(["1", "2"])), max_size=5)
GRID = list(product([None, *(Decimal(n) / 2 for n in range(0, 7))], [None, "a", "b", "c"], [None, True, False]))
# any value that an example leaves open
ANY = (Decimal(0), "c", True)

Row = tuple[str, str, str, str]
Point = tuple[Decimal | None, str | None, bool | None]


def table(rows: list[Row], policy: m.HitPolicy) -> m.Table:
    rules = tuple(m.Rule(tuple(cells), (output,)) for *cells, output in rows)
    inputs = (m.InputClause("x", "number"), m.InputClause("y", "string"), m.InputClause("z", "boolean"))
    return m.Table(inputs, (m.OutputClause(None),), rules, policy)


def hits(rows: list[Row]) -> dict[Point, list[int]]:
    """Asks the table for every point of the grid."""
    numbered = [(*cells, str(number)) for number, (*cells, _) in enumerate(rows)]
    decision = m.Decision("d", "d", table(numbered, "RULE ORDER"), requires=("x", "y", "z"))  # type: ignore[arg-type]
    graph = Graph(m.Model("t", "t", inputs=tuple(m.InputData(n, n) for n in "xyz"), decisions=(decision,)))
    said = {point: graph.evaluate("d", dict(zip("xyz", point, strict=True))).value for point in GRID}
    return {point: [int(rule) for rule in value or []] for point, value in said.items()}


def point(example: tuple[Any, ...] | None) -> Point:
    """Gives a point of the grid that an example is about."""
    assert example is not None
    x, y, z = (a if e is None else None if e is UNKNOWN else e for e, a in zip(example, ANY, strict=True))
    return min(max(x, Decimal(0)), Decimal(3)) if x is not None else None, "c" if y == "…" else y, z


@given(ROWS)
def test_gaps_and_overlaps_are_those_of_a_grid(rows: list[Row]) -> None:
    found = analyse(table(rows, "UNIQUE"))
    assert found.complete and not found.undecided
    met = hits(rows)
    # Where a column speaks of null, or a process leaves its input open, an unknown input may be a gap.
    spoken = [any("null" in row[column] for row in rows) for column in range(3)]
    told = {p: rules for p, rules in met.items() if all(v is not None or s for v, s in zip(p, spoken, strict=True))}
    gaps = [point(f.example) for f in found.findings if f.kind == "gap"]
    assert bool(gaps) == any(not rules for rules in told.values())
    assert not any(met[gap] for gap in gaps)
    left_open = analyse(table(rows, "UNIQUE"), opens=["open"] * 3).findings
    assert any(f.kind == "gap" for f in left_open) == any(not rules for rules in met.values())
    pairs = {f.rules for f in found.findings if f.kind == "overlap"}
    assert pairs == {(a, b) for rules in met.values() for a in rules for b in rules if a < b}
    for f in found.findings:
        if f.kind == "overlap":
            assert set(f.rules) <= set(met[point(f.example)])


@given(ROWS)
def test_masked_rules_never_decide_and_others_do(rows: list[Row]) -> None:
    found = analyse(table(rows, "FIRST"))
    deciding = {rules[0] for rules in hits(rows).values() if rules}
    masked = {f.rules[0] for f in found.findings if f.kind in ("masked", "empty")}
    assert masked == set(range(len(rows))) - deciding
