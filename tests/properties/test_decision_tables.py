"""A table's index must never change what the table says: looked up and asked one by one, the same rules hold."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, strategies as st

from charter.engine.decisions import model as m
from charter.engine.decisions.boxes import read
from charter.engine.decisions.columns import Column
from charter.engine.decisions.graph import Graph
from charter.engine.decisions.named import Judge
from charter.engine.definition import DecisionOutput, DecisionRule, DecisionTable
from charter.engine.feel import Env, parse
from charter.engine.feel.compiler import Scope
from charter.engine.feel.frames import Frame, State

NUMBERS = st.integers(-5, 5)
CELLS = st.one_of(
    st.just("-"),
    NUMBERS.map(str),
    st.lists(NUMBERS.map(str), min_size=2, max_size=3).map(", ".join),
    st.tuples(st.sampled_from(["<", "<=", ">", ">="]), NUMBERS).map(lambda p: f"{p[0]} {p[1]}"),
    st.tuples(st.sampled_from("[("), NUMBERS, NUMBERS, st.sampled_from("])")).map(
        lambda p: f"{p[0]}{min(p[1], p[2])}..{max(p[1], p[2])}{p[3]}"
    ),
    NUMBERS.map(lambda n: f"not({n})"),
    NUMBERS.map(lambda n: f"? > {n}"),
    st.sampled_from(['"high"', '"low"', "true", "false", "null", '"high", 3', "< 2, > 4", "[1..3], [2..5)", "other"]),
    st.sampled_from(['not("high")', 'not("high", 3)', "not(null)", 'not(null, "low")', "not(< 2, > 4)", "not(true)"]),
    st.sampled_from(["= 3", "!= 3", '= "low"', "= null", "!= null", "3, null", "[1, 3]", '["low", null]', "other + 1"]),
)
OTHERS = ["high", "low", True, False, None, Decimal("2.5"), [Decimal(3)]]
VALUES = st.one_of(NUMBERS.map(Decimal), st.sampled_from(OTHERS))


@given(st.lists(CELLS, max_size=90), VALUES)
def test_the_index_agrees_with_asking_every_rule(cells: list[str], value: object) -> None:
    column = Column([read(cell, frozenset(), "unary") for cell in cells], Scope().within("?"))
    frame = Frame({"?": value}, Frame({}, None, state := State(Env(), False)), state)
    sure, maybe = column.rules(value)
    for rule, test in enumerate(column.tests):
        holds = test(frame) is True
        assert holds == bool(sure >> rule & 1) or bool(maybe >> rule & 1), cells[rule]
        assert not sure >> rule & 1 or holds, cells[rule]


# what a cell may compare with: constants, data of any kind and none, and what these make
COMPARED = st.recursive(
    st.sampled_from(
        ["1", "true", "false", '"a"', "known", "nothing", "flag", "several", "holder.flag", "-1", "holder.none"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(st.sampled_from(["=", "!=", "<", ">="]), inner).map(" ".join),
        st.tuples(inner, inner).map(lambda ends: f"[{ends[0]}..{ends[1]}]"),
        inner.map(lambda item: f"({item} + 1)"),
    ),
    max_leaves=4,
)
DATA = {"known": Decimal(1), "nothing": None, "flag": True, "several": [None, Decimal(1)], "holder": {"flag": True}}


@given(st.lists(COMPARED, min_size=1, max_size=3), st.booleans())
def test_null_picks_no_row(compared: list[str], negated: bool) -> None:
    text = ", ".join(compared)
    text = f"not({text})" if negated else text
    if parse(text, dialect="dmn", kind="unary").tree is None:
        return
    rules = (m.Rule((text,), ('"taken"',)), m.Rule(("-",), ('"unknown"',)))
    inputs, outputs = (m.InputClause("x"),), (m.OutputClause("o"),)
    decision = m.Decision("d", "d", m.Table(inputs, outputs, rules, "FIRST"), requires=("x", *DATA))
    data = (m.InputData("x", "x"), *(m.InputData(name, name) for name in DATA))
    graph = Graph(m.Model("t", "t", inputs=data, decisions=(decision,)))
    assert graph.evaluate("d", {**DATA, "x": None}).value == "unknown", text
    own = DecisionTable(
        name="d",
        title="d",
        parameters=("x", *DATA),
        inputs=("x",),
        outputs=(DecisionOutput("o", ()),),
        rules=tuple(DecisionRule(rule.tests, rule.outputs) for rule in rules),
        hit_policy="FIRST",
    )
    assert Judge(own).decide({**DATA, "x": None}).rows == (2,), text


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=12), VALUES, VALUES)
def test_first_is_the_first_of_rule_order(rows: list[tuple[str, str]], x: object, y: object) -> None:
    rules = tuple(m.Rule(row, (str(number),)) for number, row in enumerate(rows))
    inputs, outputs = (m.InputClause("x"), m.InputClause("y")), (m.OutputClause(None),)

    def said(policy: m.HitPolicy) -> object:
        decision = m.Decision("d", "d", m.Table(inputs, outputs, rules, policy), requires=("x", "y", "other"))
        model = m.Model("t", "t", inputs=tuple(m.InputData(n, n) for n in decision.requires), decisions=(decision,))
        return Graph(model).evaluate("d", {"x": x, "y": y}).value

    every = said("RULE ORDER")
    assert said("FIRST") == (every[0] if every else None)
    if every and len(every) == 1:
        assert said("UNIQUE") == every[0]
    if every and len(every) > 1:
        assert said("UNIQUE") is None
