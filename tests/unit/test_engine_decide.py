"""An activity that decides by a table: what it writes, which rows the trail names, and a table that is silent."""

from __future__ import annotations

from decimal import Decimal

import pytest

from charter.dsl.passes import compile
from charter.engine.decisions.named import Judge
from charter.engine.definition import DecisionOutput, DecisionRule, DecisionTable
from charter.runtime.author.coverage import measure_coverage
from charter.runtime.author.scenarios import play

TEXT = """
process desk
  owner lead
  role lead
  role agent
  record ticket
    impact choice "high" | "low"
    size   number
  record level
    priority choice "P1" | "P2"
    answer   duration

  decision level_of (impact, size)
    {policy}
    | impact | size  | -> priority | answer  |
    | "high" | -     | "P1"        | 1 hour  |
    | "low"  | > 10  | "P2"        | 4 hours |
    {last}

  phase handling
    activity register
      role   agent
      output ticket
    activity rate decide level_of with impact = ticket.impact, size = ticket.size
      input  ticket
      output level
    activity solve
      role   agent
      input  level
      within level.answer
"""

SCENARIOS = """
scenario "told by a row, then by another"
  case desk
  li is agent, bo is lead
  li does register with ticket = {impact: "low", size: 11}
  expect rate is done
  expect level = {priority: "P2", answer: 4 hours}
  bo amends ticket with ticket = {impact: "high", size: 11} because "worse than it looked"
  expect level.priority = "P1"
  expect solve is ready
"""

SILENT = """
scenario "the table is silent until the facts are mended"
  case desk
  li is agent, bo is lead
  li does register with ticket = {impact: "low", size: 3}
  expect rate is failed
  expect handling is active
  bo amends ticket with ticket = {impact: "low", size: 30} because "counted again"
  expect rate is done
  expect level.priority = "P2"

scenario "or somebody passes over it"
  case desk
  li is agent, bo is lead
  li does register with ticket = {impact: "low", size: 3}
  bo skips rate because "agreed by phone"
  expect solve is skipped
"""


def compiled(policy: str = "hit policy unique", last: str = "", scenarios: str = SCENARIOS):  # type: ignore[no-untyped-def]
    text = TEXT.format(policy=policy, last=last) + scenarios
    return compile("desk.charter", text)


def test_a_table_decides_and_decides_again_when_its_facts_change() -> None:
    found = compiled(last='| "low"  | <= 10 | "P2"        | 4 hours |')
    assert [d.code for d in found.diagnostics] == []
    played = play(found.scenarios[0], found.definitions)
    assert played.failure is None
    decided = [r for r in played.entries["desk"] if r.kind == "decided"]
    assert [r.told.rows for r in decided] == [(2,), (1,)]
    assert decided[0].told.given == {"impact": "low", "size": 11}
    assert decided[0].told.said["priority"] == "P2"
    coverage = measure_coverage(found.definitions[0], played.entries["desk"])
    assert coverage.rows == (("level_of", 1), ("level_of", 2), ("level_of", 3))
    assert coverage.covered_rows == {("level_of", 1), ("level_of", 2)}


def test_a_silent_table_fails_its_element_and_the_gap_was_foretold() -> None:
    found = compiled(scenarios=SILENT)
    assert [d.code for d in found.diagnostics] == ["CH603"]
    assert 'impact = "low"' in found.diagnostics[0].arguments["example"]
    for scenario in found.scenarios:
        assert play(scenario, found.definitions).failure is None, scenario.title


def test_overlapping_rules_are_an_error_before_anything_runs() -> None:
    found = compiled(last='| -      | > 20  | "P1"        | 1 hour  |')
    codes = {d.code for d in found.diagnostics if d.is_error}
    assert codes == {"CH604"}


LISTED = """
流程 甲 "甲"
  负责人 乙
  角色 乙
  记录 项
    可能性 选项 "高" | "低"{optional}
  记录 清单
    项们 列表 项
  记录 等
    级 文本
  决策 表 (可能性)
    | 可能性 | -> 级 |
    | "高" | "一" |
    | "低" | "二" |
  活动 登
    角色 乙
    输出 清单
  阶段 各项 逐项 r 取自 清单.项们
    活动 定
      判定 表 附带 可能性 = r.可能性
      输出 等
    活动 看
      角色 乙
      输入 等
      条件 r.可能性 = "{asked}"
"""


@pytest.mark.parametrize(
    ("optional", "asked", "said"),
    [
        ("", "高", []),
        (" 可选", "高", [("CH603", "可能性 = null")]),
        ("", "中", [("CH311", "r.可能性")]),
    ],
)
def test_an_item_of_a_list_is_known_by_its_record(optional: str, asked: str, said: list[tuple[str, str]]) -> None:
    found = compile("甲.charter", LISTED.format(optional=optional, asked=asked)).diagnostics
    assert [(d.code, d.arguments.get("example") or d.arguments.get("name")) for d in found] == said


def test_what_may_be_missing_may_be_a_gap_and_what_may_not_is_none() -> None:
    both = '| "low"  | <= 10 | "P2"        | 4 hours |'
    assert [d.code for d in compiled(last=both).diagnostics] == []
    text = TEXT.format(policy="", last=both).replace("size   number", "size   number optional")
    (gap,) = compile("desk.charter", text).diagnostics
    assert (gap.code, gap.arguments["example"]) == ("CH603", 'impact = "low", size = null')
    # A row for whatever is left has its use where something may be missing, and none where nothing may.
    every = TEXT.format(policy="hit policy first", last=both + '\n    | - | - | "P2" | 8 hours |')
    assert [d.code for d in compile("desk.charter", every).diagnostics] == ["CH606"]
    assert compile("desk.charter", every.replace("size   number", "size   number optional")).diagnostics == ()


def rule(tests: str, outputs: str) -> DecisionRule:
    return DecisionRule(tuple(tests.split(";")), tuple(outputs.split(";")))


def judged(policy: str, aggregation: str | None = None, values: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    rules = (rule("> 0", '"b"' if values else "10"), rule("> 5", '"a"' if values else "20"))
    table = DecisionTable("t", "t", ("x",), ("x",), (DecisionOutput("y", values),), rules, policy, aggregation)
    return lambda x: Judge(table).decide({"x": Decimal(x)})


def test_every_hit_policy_says_what_dmn_says() -> None:
    assert judged("FIRST")(7).outputs == {"y": Decimal(10)}
    assert judged("UNIQUE")(7).outputs is None
    assert judged("UNIQUE")(3).outputs == {"y": Decimal(10)}
    assert judged("ANY")(7).outputs is None
    assert judged("COLLECT")(7).outputs == {"y": [Decimal(10), Decimal(20)]}
    assert judged("COLLECT")(0).outputs == {"y": []}
    assert judged("COLLECT", "SUM")(7).outputs == {"y": Decimal(30)}
    assert judged("COLLECT", "MAX")(7).outputs == {"y": Decimal(20)}
    assert judged("COLLECT", "MIN")(7).outputs == {"y": Decimal(10)}
    assert judged("COLLECT", "COUNT")(7).outputs == {"y": Decimal(2)}
    assert judged("COLLECT", "COUNT")(0).outputs == {"y": Decimal(0)}
    assert judged("PRIORITY", values=('"a"', '"b"'))(7).outputs == {"y": "a"}
    assert judged("OUTPUT ORDER", values=('"a"', '"b"'))(7).outputs == {"y": ["a", "b"]}
    assert judged("RULE ORDER")(7).outputs == {"y": [Decimal(10), Decimal(20)]}
    assert judged("FIRST")(7).rows == (1,)
    assert judged("COLLECT")(7).rows == (1, 2)


def test_cells_may_call_built_in_functions() -> None:
    rows = (rule("< floor(2.5)", "string(x)"), rule(">= abs(-2)", '"much"'))
    judge = Judge(DecisionTable("t", "t", ("x",), ("floor(x)",), (DecisionOutput("y", ()),), rows, "UNIQUE", None))
    assert judge.decide({"x": Decimal("1.5")}).outputs == {"y": "1.5"}
    assert judge.decide({"x": Decimal("2.5")}).outputs == {"y": "much"}
