"""`charter test --suggest` as people use it: what it writes can be pasted, in either language; then nothing lacks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.desk import Desk

from charter.dsl.messages.languages import LANGUAGES

ENGLISH = """process repair
  owner boss
  role clerk
  role boss
  record call
    urgent boolean
  activity take
    role clerk
    output call
  activity inspect
    role clerk
    when call.urgent
    within 2 days
  approval agree of call
    by boss
"""
CHINESE = """流程 维修
  负责人 主管
  角色 文员
  角色 主管
  记录 报修
    紧急 布尔
  活动 受理
    角色 文员
    输出 报修
  活动 检查
    角色 文员
    当 报修.紧急
    时限 2天
  审批 同意 审批对象 报修
    审批人 主管
"""

# a case may get stuck, which is a finding, and there is something that no scenario shows
STUCK = """process repair
  owner boss
  role boss
  role clerk
  record call
    urgent boolean
  phase first
    exit when call.urgent
    activity take
      role clerk
      output call
    activity agree
      role boss
      when call.urgent and not(call.urgent)
  phase second
    activity inspect
      role clerk
      input call
"""
STUCK_ZH = """流程 维修
  负责人 主管
  角色 主管
  角色 文员
  记录 报修
    紧急 是否
  阶段 甲
    退出条件 报修.紧急
    活动 受理
      角色 文员
      输出 报修
    活动 同意
      角色 主管
      条件 报修.紧急 and not(报修.紧急)
  阶段 乙
    活动 检查
      角色 文员
      输入 报修
"""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("verb", ["test --suggest", "check", "prove"])
@pytest.mark.parametrize("text", [STUCK, STUCK_ZH], ids=["en", "zh"])
def test_what_is_made_for_a_file_is_in_its_language_whoever_reads(
    desk: Desk, tmp_path: Path, text: str, verb: str, lang: str
) -> None:
    """Titles, people and comments too: all of it may stand in the file."""
    (tmp_path / "p.charter").write_text(text, "utf-8")
    said = desk.type(f"charter {verb} p.charter --lang {lang}" + " --json" * (verb == "prove"))
    if verb == "prove":
        made = [v["scenario"] for p in json.loads(said)["proofs"] for v in p["verdicts"] if v["scenario"]]
    elif verb == "check":
        made = [line for line in said.splitlines() if line.startswith("       ")]
    else:
        made = said.splitlines()
    assert made
    written = re.sub(r"`[^`]*`|\"other\"|true|false|null|1 EUR", "", "\n".join(made))
    if "process" in text:
        assert written.isascii()
    else:
        assert not re.search("[A-Za-z]", written), written


@pytest.mark.parametrize(
    "text, says",
    [
        (ENGLISH, ("`inspect` is passed over unless `call.urgent`", "`inspect` is overdue", "after 2 days")),
        (CHINESE, ("不满足 `报修.紧急` 时跳过 `检查`", "`检查` 逾期", "经过 2天")),
    ],
    ids=["en", "zh"],
)
def test_what_is_written_is_pasted_and_then_nothing_lacks(
    desk: Desk, tmp_path: Path, text: str, says: tuple[str, ...]
) -> None:
    path = tmp_path / "p.charter"
    path.write_text(text, "utf-8")
    desk.type("charter fmt p.charter")
    text = path.read_text("utf-8")
    made = desk.type("charter test --suggest p.charter --lang en")
    assert desk.code == 0 and "#" not in made
    assert not [one for one in says if one not in made], made
    path.write_text(f"{text}\n{made}", "utf-8")
    [covered] = json.loads(desk.type("charter test p.charter --json"))["coverage"]
    assert desk.code == 0 and covered["missed"] == []
    desk.type("charter fmt --check p.charter")
    assert desk.code == 0
    assert desk.type("charter test --suggest p.charter --lang en").startswith("# nothing is missing")


def test_what_no_scenario_can_show_is_told_with_the_reason(desk: Desk, tmp_path: Path) -> None:
    text = ENGLISH.replace("    urgent boolean\n", "    urgent boolean\n    photo file\n")
    (tmp_path / "p.charter").write_text(text, "utf-8")
    said = desk.type("charter test --suggest p.charter --lang en")
    assert "# what no scenario shows:" in said and "takes a file" in said
    told = json.loads(desk.type("charter test --suggest p.charter --json"))
    assert {one["why"] for one in told["not_shown"]} == {"untold"}
    assert {one["element"] for one in told["not_shown"]} == {"take", "inspect", "agree"}


def test_a_file_with_errors_is_told_and_fails(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "p.charter").write_text("process p\n  role\n", "utf-8")
    assert "CH1" in desk.type("charter test --suggest p.charter") and desk.code == 1


TIMED = """process desk
  owner boss
  role boss
  role clerk
  record call
    urgent boolean
  rule hot
    on   call written
    when call.urgent
    then notify boss
  rule late
    on   answer is overdue
    then notify boss
  rule weekly
    on   every 1 week
    then notify boss
  rule paid
    on   signal money
    then notify boss
  rule half
    on   sla promise at 60%
    then notify boss
  rule worse
    on   kpi in_time missed
    then notify boss
  kpi in_time
    formula count(cases[answer.on_time])
    target  > 0
    every   1 month
  activity take
    role   clerk
    output call
  activity answer
    role   clerk
    within 4 hours
    after  take
  sla promise
    starts when take.done
    stops when  answer.done
    target      2 hours
    at 50%      notify clerk
    at breach   escalate to boss
"""


def test_rules_and_clocks_have_scenarios_too(tmp_path: Path, desk: Desk) -> None:
    file = tmp_path / "desk.charter"
    file.write_text(TIMED, encoding="utf-8")
    written = desk.type("charter test --suggest desk.charter")
    assert "expect rule worse fired" not in written and "# " in written
    file.write_text(f"{TIMED}\n{written}", encoding="utf-8")
    (found,) = json.loads(desk.type("charter test desk.charter --json"))["coverage"]
    counts = {row["what"]: (row["covered"], row["all"]) for row in found["counts"]}
    assert (counts["rules"], counts["shares"]) == ((5, 6), (2, 2))
    missing = json.loads(desk.type("charter test --suggest desk.charter --json"))["not_shown"]
    assert [(one["rule"], one["why"]) for one in missing] == [("worse", "figure")]
