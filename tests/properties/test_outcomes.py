"""What is told of a condition that decides nothing holds for all data, and is told wherever data show it to be so."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import given, settings, strategies as st

from charter.dsl.passes import compile
from charter.engine import feel

HEAD = """process p
  role clerk
  record r
    n integer
    x number where x > 1
    m number
    k choice "a" | "b" | "c"
    yes boolean
  activity ask
    role clerk
    output r
  activity look
    role clerk
    input r
    when """

_NUMBERS = st.sampled_from(["r.n", "r.x", "r.m", "0", "2", "4"])
_SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
_TEXTS = st.sampled_from(['"a"', '"b"', "r.k"])
ATOMS = st.one_of(
    st.builds("{} {} {}".format, _NUMBERS, _SIGNS, _NUMBERS),
    st.builds("{} in [{}..{}]".format, st.sampled_from(["r.n", "r.x"]), *[st.sampled_from(["0", "2", "4"])] * 2),
    st.builds("r.n {} 2.5".format, _SIGNS),
    st.builds("r.k {} {}".format, st.sampled_from(["=", "!="]), _TEXTS),
    st.just("r.yes"),
    st.just("r.n + r.m > 3"),  # what is not taken apart
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda one: st.one_of(
        st.builds("({} {} {})".format, one, st.sampled_from(["and", "or"]), one), st.builds("not({})".format, one)
    ),
    max_leaves=4,
)
_GRID = [Decimal(n) / 2 for n in range(-2, 12)]


def _cases(text: str) -> list[dict[str, Any]]:
    """Gives data of every kind for the fields that a condition reads; other fields are the same throughout."""
    fields: dict[str, list[Any]] = {
        "n": [n for n in _GRID if n == n.to_integral_value()],
        "x": [n for n in _GRID if n > 1],
        "m": _GRID,
        "k": ["a", "b", "c"],
        "yes": [True, False],
    }
    tried = [values if f"r.{name}" in text else values[:1] for name, values in fields.items()]
    return [dict(zip(fields, values, strict=True)) for values in product(*tried)]


@settings(max_examples=150, deadline=None)
@given(CONDITIONS)
def test_a_condition_that_is_said_to_be_settled_is(text: str) -> None:
    for found in compile("p.charter", HEAD + text + "\n").diagnostics:
        if found.code != "CH315":
            continue
        told = (HEAD + text)[slice(*found.span)]
        tree = feel.parse(told, dialect="charter").tree
        assert tree is not None
        holds = "hint" not in found.arguments
        run = feel.compile(tree)
        assert all((run.evaluate({"r": data}) is True) == holds for data in _cases(told)), told


@settings(max_examples=150, deadline=None)
@given(CONDITIONS)
def test_a_condition_that_no_data_make_true_is_told(text: str) -> None:
    diagnostics = compile("p.charter", HEAD + text + "\n").diagnostics
    tree = feel.parse(text, dialect="charter").tree
    assert tree is not None
    run = feel.compile(tree)
    if "r." in text and "+" not in text and not any(run.evaluate({"r": data}) is True for data in _cases(text)):
        assert any(found.code in ("CH315", "CH402") for found in diagnostics), text
