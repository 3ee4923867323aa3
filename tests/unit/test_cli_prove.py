"""`charter prove` as people use it: verdicts, the scenario that shows what is not so, JSON, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.desk import Desk

STANDS = """process exits
  owner boss
  role boss
  role clerk
  record plan
    ok boolean
  phase planning
    exit when plan.ok
    activity make
      role clerk
      output plan
  activity go
    role clerk
    input plan
"""
SOUND = STANDS.replace("    exit when plan.ok\n", "")
UNBOUND = SOUND.replace("  record plan\n", "  parameter least integer\n  record plan\n").replace(
    "    input plan\n", "    input plan\n    when least > 0\n"
)
LISTS = SOUND.replace("    ok boolean\n", "    ok boolean\n    rows list of text\n").replace(
    "    input plan\n", "    input plan\n    when count(plan.rows) < 9\n"
)


def proved(desk: Desk, path: Path, text: str, *more: str) -> dict[str, dict[str, object]]:
    path.write_text(text, "utf-8")
    [proof] = json.loads(desk.type(" ".join(["charter prove", path.name, "--json", *more])))["proofs"]
    return {**proof, **{verdict["property"]: verdict for verdict in proof["verdicts"]}}


def test_what_refutes_a_property_is_a_scenario_that_plays(desk: Desk, tmp_path: Path) -> None:
    found = proved(desk, tmp_path / "p.charter", STANDS)
    assert desk.code == 1
    assert {name for name, v in found.items() if isinstance(v, dict) and v.get("said") == "refuted"} == {"ends"}
    assert found["ends"]["elements"] == ["planning"] and (found["ends"]["file"], found["ends"]["line"]) == (
        "p.charter",
        7,
    )
    scenario = str(found["ends"]["scenario"])
    assert "does make with plan = {ok: false}" in scenario
    (tmp_path / "q.charter").write_text(f"{STANDS}\n{scenario}", "utf-8")
    assert "0 failed" in desk.type("charter test q.charter --lang en")
    assert desk.code == 0


def test_a_sound_process_is_proved_and_passes(desk: Desk, tmp_path: Path) -> None:
    found = proved(desk, tmp_path / "p.charter", SOUND)
    assert desk.code == 0
    assert {str(v["said"]) for v in found.values() if isinstance(v, dict) and "said" in v} == {"proved"}
    assert found["whole"] is True and not found["inexact"]


def test_what_was_not_looked_at_is_unknown_and_named(desk: Desk, tmp_path: Path) -> None:
    found = proved(desk, tmp_path / "p.charter", LISTS)
    assert found["ends"]["said"] == "unknown" and found["inexact"] == ["plan"]
    found = proved(desk, tmp_path / "p.charter", STANDS, "--budget", "0.000001")
    assert found["ends"]["said"] == "unknown" and found["whole"] is False
    assert desk.code == 0
    found = proved(desk, tmp_path / "p.charter", UNBOUND)
    assert found["assumed"] == {"least": "1"} and found["ends"]["assuming"] == {"least": "1"}


REASONS = {
    "start": "input need\n  record need\n    x number where x > 3 and x < 2\n  activity a\n    role boss",
    "barren": "record need\n    x number where x > 3 and x < 2\n  activity a\n    role boss\n    output need",
    "present": "parameter by datetime\n  activity a\n    role boss\n    when now() > by",
    "facts": 'activity b\n    role boss\n  activity a\n    role boss\n    when b.doer = "li"',
    "calculated": "input need\n  record need\n    x number\n  activity a\n    role boss\n    when need.x * need.x > 3",
}


@pytest.mark.parametrize("why", REASONS)
def test_each_reason_for_what_is_unknown_is_named_alone(desk: Desk, tmp_path: Path, why: str) -> None:
    found = proved(desk, tmp_path / "p.charter", f"process p\n  owner boss\n  role boss\n  {REASONS[why]}\n")
    reasons = found["reasons"]
    assert isinstance(reasons, list) and [each["why"] for each in reasons] == [why], reasons
    assert "unknown" in {v["said"] for v in found.values() if isinstance(v, dict) and "said" in v}


@pytest.mark.parametrize("budget", ["0", "-1", "x", "nan", "inf"])
def test_a_budget_of_nothing_is_refused(desk: Desk, budget: str) -> None:
    desk.type(f"charter prove p.charter --budget {budget}")
    assert desk.code == 2


def test_a_file_with_errors_proves_nothing(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "p.charter").write_text(STANDS.replace("role clerk", "rol clerk", 1), "utf-8")
    assert "CH1" in desk.type("charter prove p.charter")
    assert desk.code == 1


TIMED = """process move
  role clerk
  phase getting_ready
    within 5 days
    activity draft
      role clerk
      takes 4 days
    activity boxes
      role clerk
      takes 1 day
    activity agree
      role clerk
      after draft, boxes
      takes 2 working days
"""


def test_the_longest_course_is_told_with_what_may_be_late(desk: Desk, tmp_path: Path) -> None:
    found = proved(desk, tmp_path / "p.charter", TIMED)["schedule"]
    assert found["critical_path"] == ["draft", "agree"] and found["at_most"] is False
    assert (found["begins"], found["ends"]) == ("2026-03-02T09:00:00.000000Z", "2026-03-10T09:00:00.000000Z")
    elements = {each["element"]: each for each in found["elements"]}  # type: ignore[attr-defined]
    assert elements["boxes"]["slack_seconds"] == 3 * 86_400 and elements["draft"]["slack_seconds"] == 0
    assert elements["boxes"]["latest_finish"] == elements["agree"]["earliest_start"] == "2026-03-06T09:00:00.000000Z"
    assert "takes 8 days" in desk.type("charter prove p.charter --lang en")
    assert "需 8 天" in desk.type("charter prove p.charter --lang zh")
    assert "`draft`, `agree`" in desk.type("charter check p.charter --lang en")


@pytest.mark.parametrize(
    "form, critical", [("text", "critical"), ("mermaid", "class n2,n4 critical"), ("svg", "critical")]
)
def test_a_drawing_marks_what_is_critical(desk: Desk, tmp_path: Path, form: str, critical: str) -> None:
    (tmp_path / "p.charter").write_text(TIMED, "utf-8")
    drawn = desk.type(f"charter graph p.charter --format {form} --lang en")
    assert critical in drawn and "3 days to spare" in drawn
    (tmp_path / "p.charter").write_text(TIMED.replace("takes", "within"), "utf-8")
    assert "to spare" not in desk.type(f"charter graph p.charter --format {form} --lang en")
