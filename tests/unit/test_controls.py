"""Rights that change while a case goes on: roles are the organisation's, so no scenario can take them away."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.test_engine_world import LI, MAKE, SUN, WU, Story, process

from charter.engine import notices
from charter.engine.commands import Actor, Approve
from charter.engine.entries.cases import Unapproved
from charter.engine.plan import impact, waiting
from charter.engine.plan.program import prepare

TEXT = process("", 'activity make\n  role clerk\nactivity file\n  assign "li"\n  role boss\n')


def test_whoever_was_handed_work_and_has_lost_the_role_since_cannot_finish_it() -> None:
    story = Story(TEXT)
    assert story("claim", "make") is None
    assert story("delegate", "make", to=LI) == "CH568"
    assert story("delegate", "make", to=SUN) is None
    assert story("complete", "make", replace(SUN, roles=())) == "CH501"
    assert story("release", "make", replace(SUN, roles=())) is None
    assert story("assign", "make", WU, to=SUN) is None
    assert story("begin", "make", replace(SUN, roles=())) == "CH501"
    assert story("complete", "make", SUN) is None


def test_whoever_the_file_names_needs_no_role_and_has_none_to_hand_on() -> None:
    story = Story(TEXT)
    assert story("delegate", "file", to=SUN) == "CH501"
    assert story("delegate", "file", to=WU) is None
    assert story("complete", "file", replace(WU, roles=())) == "CH501"
    assert story("delegate", "file", WU, to=LI) == "CH501"
    assert story("complete", "file", WU) is None
    named = Story(TEXT)
    assert named("complete", "file", replace(LI, roles=())) is None


@pytest.mark.parametrize(
    ("before", "verb", "more", "code"),
    [
        ("claim", "skip", {"reason": "so"}, "CH535"),
        ("claim", "cancel", {"reason": "so"}, "CH535"),
        ("claim", "release", {}, "CH520"),
        ("complete", "reopen", {"reason": "so"}, "CH535"),
        (None, "assign", {"to": LI}, "CH535"),
    ],
)
def test_what_whoever_is_in_charge_may_do_nobody_else_may(
    before: str | None, verb: str, more: dict[str, Any], code: str
) -> None:
    story = Story(process("", "activity make\n  role clerk\nactivity other\n  role clerk\n"))
    assert before is None or story(before, "make") is None
    assert story(verb, "make", SUN, **more) == code
    assert story(verb, "make", WU, **more) is None


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("within 1 day", []),
        ("within r.gap", ["within"]),
        ("due r.day", ["due"]),
        ("within r.gap\n  due r.day", ["within", "due"]),
        ("within 1 day\n  due r.day", ["due"]),
        ("within r.gap\n  due r.wish", []),
    ],
)
def test_why_names_the_lines_that_should_have_given_a_date(lines: str, told: list[str]) -> None:
    record = "input r\nrecord r\n  gap duration optional\n  day date optional\n  wish date\n"
    text = process("", f"{record}activity make\n  role clerk\n  {lines}\n")
    story = Story(text, (("r", {"wish": {"date": "2026-03-05"}}),))
    program = prepare(story.world.definition(story.case))
    reasons = waiting.holds(program, story.world.state(story.case), "make", story.world.clock)
    assert [reason.arguments["clause"] for reason in reasons if reason.code == "CH569"] == told


@pytest.mark.parametrize(
    ("lines", "subject"), [("by other boss", "ok.by"), ("by boss\n  separate from make", "ok.separate")]
)
def test_who_is_kept_apart_is_told_by_which_line(lines: str, subject: str) -> None:
    story = Story(process("r", MAKE + f"approval ok of r\n  {lines}\n"))
    both = Actor("zhou", ("boss", "clerk"))
    assert story.done("make", 1, who=both) is None
    refused = story.world.perform(story.case, Approve(actor=both, at=story.world.clock, node="ok")).refusal
    assert refused is not None and [(reason.code, reason.subject) for reason in refused.reasons] == [("CH503", subject)]


def _why(story: Story, node: str) -> tuple[str, object]:
    program = prepare(story.world.definition(story.case))
    (reason,) = waiting.holds(program, story.world.state(story.case), node, story.world.clock)
    return reason.code, reason.arguments.get("elements")


def test_impact_names_the_phase_that_a_condition_left_out() -> None:
    lines = MAKE + "phase later\n  enter when r.x > 1\n  activity more\n    role clerk\nmilestone big when r.x > 1\n"
    story = Story(process("r", lines))
    story.done("make", 1)
    assert story.status == "completed"
    told = impact.impact(story.world.definition(story.case), story.world.state(story.case), "r")
    assert (told.elements, set(told.asked)) == ((), {"later", "big"})
    assert story("amend", "r", value={"x": 2}, reason="wrong") is None
    assert (story.status, story.state("later"), story.state("big")) == ("open", "active", "reached")


def test_why_names_what_returned_work_waits_for_now() -> None:
    lines = "approval first of r\n  by boss\napproval second of r\n  by boss\n  after first\n"
    story = Story(process("r", MAKE + lines))
    story.done("make", 1)
    story("approve", "first", WU)
    assert story("return", "second", WU, to="make", reason="no") is None
    assert _why(story, "second") == ("CH557", ["make"])
    story.done("make", 2)
    assert story.state("second") == "stale"
    assert _why(story, "second") == ("CH557", ["first"])


def test_why_names_whose_turn_it_is() -> None:
    lines = "one at a time a, b\nactivity a\n  role clerk\nactivity b\n  role clerk\n"
    story = Story(process("", lines))
    assert story("claim", "a") is None
    assert story("claim", "b", SUN) == "CH524"
    assert _why(story, "b") == ("CH553", ["a"])


def test_a_record_that_no_approval_applies_to_is_told_to_the_owner_once() -> None:
    lines = "approval small of r\n  when r.x < 5\n  by boss\napproval large of r\n  when r.x > 5\n  by boss\n"
    story = Story(process("r", MAKE + lines + "activity use\n  role clerk\n  input r\n"))
    story.done("make", 5)
    program = prepare(story.world.definition(story.case))
    news = [(e.told, notices.told(program, e)) for e in story.world.entries(story.case) if e.kind == "unapproved"]
    assert news == [(Unapproved("r", ("small", "large")), ("boss",))]
    assert _why(story, "use")[0] == "CH590"
    assert story("amend", "r", value={"x": 6}, reason="wrong") is None
    assert _why(story, "use")[0] == "CH552"


def test_a_stand_in_and_whoever_they_stand_in_for_are_one() -> None:
    lines = "approval ok of r\n  by boss then clerk\n  separate from make\nactivity use\n  role clerk\n  input r\n"
    story = Story(process("r", MAKE + lines))
    zhou = Actor("zhou", ("boss", "clerk"))
    for_zhou = Actor("sun", ("clerk",), on_behalf_of="zhou", lent=("boss",))
    story.done("make", 1)
    assert story("amend", "r", replace(SUN, on_behalf_of="li"), value={"x": 2}, reason="for li") is None
    assert story("approve", "ok", for_zhou) == "CH503"
    wu_for_zhou = replace(for_zhou, person="wu")
    assert story("approve", "ok", wu_for_zhou) is None
    assert story("approve", "ok", zhou) == "CH517"
    assert story("approve", "ok", replace(WU, roles=("clerk",))) == "CH517"
    assert story("approve", "ok", Actor("an", ("clerk",))) is None
    assert story.done("use") is None
