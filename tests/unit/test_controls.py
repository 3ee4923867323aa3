"""Rights that change while a case goes on: roles are the organisation's, so no scenario can take them away."""

from __future__ import annotations

from msgspec.structs import replace
from tests.unit.test_engine_world import LI, SUN, WU, Story, process

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
