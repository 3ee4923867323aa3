"""What the analysis of a table claims is what asking the table shows, and what it says nothing of is in order."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from hypothesis import given, strategies as st

from charter.engine.decisions import model as m
from charter.engine.decisions.analysis import analyse
from charter.engine.decisions.graph import Graph

NUMBER_CELLS = st.sampled_from(["-", "1", "2", "< 2", "<= 2", "> 1", ">= 1", "[1..2]", "(1..2]", "1, 2", "< 1, > 2"])
TEXT_CELLS = st.sampled_from(["-", '"a"', '"b"', '"a", "b"'])
ROWS = st.lists(st.tuples(NUMBER_CELLS, TEXT_CELLS, st.sampled_from(["1", "2"])), max_size=5)
GRID = list(product([Decimal(n) / 2 for n in range(0, 7)], ["a", "b", "c"]))


def table(rows: list[tuple[str, str, str]], policy: m.HitPolicy) -> m.Table:
    rules = tuple(m.Rule((number, text), (output,)) for number, text, output in rows)
    inputs = (m.InputClause("x", "number"), m.InputClause("y", "string"))
    return m.Table(inputs, (m.OutputClause(None),), rules, policy)


def hits(rows: list[tuple[str, str, str]], x: Decimal, y: str) -> list[int]:
    numbered = [(a, b, str(number)) for number, (a, b, _) in enumerate(rows)]
    decision = m.Decision("d", "d", table(numbered, "RULE ORDER"), requires=("x", "y"))
    model = m.Model("t", "t", inputs=(m.InputData("x", "x"), m.InputData("y", "y")), decisions=(decision,))
    return [int(rule) for rule in Graph(model).evaluate("d", {"x": x, "y": y}).value or []]


@given(ROWS)
def test_gaps_and_overlaps_are_those_of_a_grid(rows: list[tuple[str, str, str]]) -> None:
    found = analyse(table(rows, "UNIQUE"))
    assert found.complete
    met = {point: hits(rows, *point) for point in GRID}
    gaps = [f.example for f in found.findings if f.kind == "gap"]
    assert bool(gaps) == any(not rules for rules in met.values())
    for gap in gaps:
        assert gap is not None
        assert hits(rows, gap[0] if gap[0] is not None else Decimal(0), gap[1] or "c") == []
    pairs = {f.rules for f in found.findings if f.kind == "overlap"}
    assert pairs == {(a, b) for rules in met.values() for a in rules for b in rules if a < b}
    for f in found.findings:
        if f.kind == "overlap":
            assert f.example is not None
            x, y = f.example
            assert set(f.rules) <= set(hits(rows, Decimal(0) if x is None else x, y or "c"))


@given(ROWS)
def test_masked_rules_never_decide_and_others_do(rows: list[tuple[str, str, str]]) -> None:
    found = analyse(table(rows, "FIRST"))
    deciding = {rules[0] for point in GRID if (rules := hits(rows, *point))}
    masked = {f.rules[0] for f in found.findings if f.kind in ("masked", "empty")}
    assert masked == set(range(len(rows))) - deciding
