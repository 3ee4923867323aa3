"""DMN as Charter does it: our own suite of models, what `check` finds in them, and tables taken over as text.

The suite is laid out like the kit's (`tests/conformance/dmn`), so the same runner runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest

from charter.dsl.check.decisions import lower_decision
from charter.dsl.check.scopes import ProcessScope, Shared
from charter.dsl.dmn.findings import check_model
from charter.dsl.dmn.from_xml import MOST_BYTES, read_dmn
from charter.dsl.dmn.to_decision import Taken, import_model
from charter.dsl.passes import compile
from charter.dsl.text import tree as t
from charter.dsl.text.printer import format, to_text
from charter.engine import feel
from charter.engine.decisions import model as m
from charter.engine.decisions.graph import Graph
from charter.engine.decisions.named import Judge
from charter.engine.feel import tree as ft
from charter.engine.feel.comparison import equal
from charter.engine.feel.frames import Env, Frame, State
from charter.runtime.author.dmn import load_model

from . import dmn_tck
from .test_dmn_tck import KIT

ROOT = Path(__file__).resolve().parents[2]
OWN = Path(__file__).parent / "dmn"
GOLDEN = ROOT / "tests/golden/dmn"
FILES = sorted(OWN.rglob("*.dmn"))
LITERALS = (ft.Boolean, ft.Number, ft.String, ft.At)
NOT_ALLOWED = "an input of the table is not among its allowed values"
NO_PROCESS = t.Process(t.Name("p"))


@pytest.mark.parametrize("suite", sorted(path.name for path in OWN.glob("*/*")))
def test_own_suite(suite: str) -> None:
    results = [result for result in dmn_tck.run(OWN) if result.suite.endswith(f"/{suite}")]
    assert results
    assert [result for result in results if result.failures] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_document_types_are_refused_in_every_encoding(encoding: str) -> None:
    text = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e "e">]><definitions name="&e;"/>'
    model, problems = read_dmn(text.encode(encoding))
    assert model is None
    assert [problem.slug for problem in problems] == ["document-type"]


@pytest.mark.parametrize(
    ("default", "own"),
    [("", ' expressionLanguage="juel"'), (' expressionLanguage="juel"', ""), (' expressionLanguage="juel"', " FEEL")],
)
def test_logic_in_another_language_is_told_and_has_no_value(default: str, own: str) -> None:
    own = own.replace(" FEEL", ' expressionLanguage="https://www.omg.org/spec/DMN/20230324/FEEL/"')
    text = f"<literalExpression{own}><text>1</text></literalExpression>"
    data = f'<definitions namespace="n"{default}><decision name="d">{text}</decision></definitions>'
    graph = Graph(read_dmn(data.encode())[0] or pytest.fail("no model"))
    found = [finding.slug for finding in check_model(graph)]
    outcome = graph.evaluate("d", {})
    assert (found, outcome.value) == ((["foreign"], None) if "FEEL" not in own else ([], 1))


def test_a_model_larger_than_the_bound_is_refused() -> None:
    model, problems = read_dmn(b" " * (MOST_BYTES + 1))
    assert model is None
    assert [problem.slug for problem in problems] == ["too-large"]


def test_the_suite_asks_for_every_hit_policy_and_aggregation() -> None:
    model = read_dmn((OWN / "compliance-level-3/hit-policies/hit-policies.dmn").read_bytes())[0]
    assert model is not None
    tables = [d.logic for d in model.decisions if isinstance(d.logic, m.Table)]
    assert {t.hit_policy for t in tables} == {
        "UNIQUE",
        "FIRST",
        "PRIORITY",
        "ANY",
        "COLLECT",
        "RULE ORDER",
        "OUTPUT ORDER",
    }
    assert {t.aggregation for t in tables} == {None, "SUM", "COUNT", "MIN", "MAX"}


def graphs() -> Iterator[tuple[Path, Graph]]:
    """Every model of ours and of the kit, linked."""
    for path in [*FILES, *(sorted(KIT.rglob("*.dmn")) if KIT.is_dir() else [])]:
        graph = load_model(str(path)).graph
        assert graph is not None, path
        yield path, graph


def test_no_model_of_the_kit_is_found_wrong() -> None:
    """What the kit's authors wrote is right; only a doubled rule may be found, and what one does wrong on purpose."""
    wrong = [
        (path.name, finding.slug, finding.element)
        for path, graph in graphs()
        if path.is_relative_to(KIT)
        for finding in check_model(graph)
        if finding.slug not in ("gap", "no-logic")
    ]
    known = [
        ("0117-multi-any-hitpolicy.dmn", "subsumed", "Approval"),
        ("1131-feel-function-invocation.dmn", "unknown-function", "decision001"),
    ]
    assert wrong == (known if KIT.is_dir() else [])


# --- taking tables over


@pytest.mark.parametrize("name", ["hit-policies", "services", "errors", "types"])
def test_import(name: str, golden: Callable[[Path, str], None]) -> None:
    graph = load_model(str(OWN / f"compliance-level-3/{name}/{name}.dmn")).graph
    assert graph is not None
    found = import_model(graph)
    told = [
        f"# {t.slug}{'' if t.lost else ' (kept)'}: {t.element} {t.at or ''} {dict(t.values) or ''}".rstrip()
        for t in found.told
    ]
    golden(GOLDEN / f"{name}.import.txt", to_text(found.file()) + "\n" + "\n".join(told) + "\n")


def test_imported_text_is_canonical_and_passes_the_checks() -> None:
    taken = 0
    for path, graph in graphs():
        found = import_model(graph)
        text = to_text(found.file())
        assert format(text) == (text, []), path
        assert [d for d in compile("imported.charter", text).diagnostics if d.is_error] == [], path
        taken += len(found.taken)
    assert taken >= (40 if KIT.is_dir() else 15)


def _values(graph: Graph, type: str | None, table: m.Table) -> list[Any]:
    """Values worth asking with: what the cells of the table name, and beside it, as far as the input may have it."""
    read = [feel.parse(text, kind="unary", dialect="dmn").tree for rule in table.rules for text in rule.tests]
    literals = {feel.text(n) for tree in read if tree is not None for n in ft.walk(tree) if isinstance(n, LITERALS)}
    found = [feel.compile(feel.parse(text).tree).evaluate({}) for text in sorted(literals)]
    pool = [None, True, False, Decimal(0), Decimal(10_000), "", *found]
    pool += [value + step for value in found if isinstance(value, Decimal) for step in (1, -1)]
    item = graph.items(graph.model).named(type)
    frame = Frame({}, None, State(Env(), False))
    return [value for value in pool if item is None or equal(item.fit(value, frame), value) is True]


def _as_decided(value: Any, taken: Taken, judge: Judge) -> Any:
    """What a model answers, in the form a `decide` activity records: outputs by identifier, lists column by column."""
    if value is None:
        return None
    if len(judge.names) == 1:
        return {judge.names[0]: value}
    rows = [{taken.names[k]: v for k, v in row.items()} for row in (value if judge.several else [value])]
    return {name: [row[name] for row in rows] for name in judge.names} if judge.several else rows[0]


def test_imported_tables_answer_as_their_models_do() -> None:
    """Tables over input data alone, asked in both forms with every value that their cells make interesting."""
    asked = 0
    for path, graph in graphs():
        inputs = {each.name: each.type for each in graph.model.inputs}
        for taken in import_model(graph).taken:
            given_only = {name for _, name in taken.parameters} <= {*inputs}
            if taken.at or not isinstance(taken.element, m.Decision) or not given_only:
                continue
            judge = Judge(lower_decision(taken.decision, ProcessScope(NO_PROCESS, "-", Shared())))
            pools = [_values(graph, inputs[name], taken.table) for _, name in taken.parameters]
            for values in islice(product(*pools), 2_000):
                given = dict(zip((name for _, name in taken.parameters), values, strict=True))
                told = graph.evaluate(taken.element.name, given)
                if NOT_ALLOWED in told.reasons:  # the import tells this: `inputs-open`
                    continue
                said = judge.decide({made: given[name] for made, name in taken.parameters})
                expected = _as_decided(told.value, taken, judge)
                assert equal(expected, said.outputs) is True, (path.name, judge.names, given)
                asked += 1
    assert asked > (500 if KIT.is_dir() else 150)
