"""Work in time: what has happened stands as it was, what is left comes after it, what is late moves what follows."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from charter.dsl.passes import compile
from charter.engine.plan.program import prepare
from charter.engine.proof.slack import Known, schedule

DAY = 86_400_000_000
START = 1_772_413_200_000_000
TEXT = b"""
process p
  role r
  activity a
    role r
    takes 2 days
  activity b
    role r
    takes 3 days
  activity c
    role r
    takes 1 day
    after a, b
  activity d
    role r
    takes 1 day
    after c
"""


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3), st.booleans())
def test_what_is_left_comes_after_what_has_happened(a: int, b: int, waited: int, begun: bool) -> None:
    (definition,) = compile("p.charter", TEXT).definitions
    program = prepare(definition)
    plan = schedule(program, START)
    assert plan is not None and plan.ends == START + 5 * DAY and plan.path == ("b", "c", "d")
    assert schedule(program, START, {}, START) == plan, "nothing has happened yet"
    now = START + (max(a, b) + waited) * DAY
    third = Known(now if begun else None, None)
    known = {"a": Known(START, START + a * DAY), "b": Known(START, START + b * DAY), "c": third}
    left = schedule(program, START, known, now)
    assert left is not None
    times = {each.element: each for each in left.timed}
    assert (times["a"].finish, times["b"].finish) == (START + a * DAY, START + b * DAY)
    assert times["c"].start == now
    assert left.ends == times["d"].finish == now + 2 * DAY
    assert [name for name in left.path if name in "cd"] == ["c", "d"]
    assert times["c"].slack == times["d"].slack == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 12))
def test_work_that_is_under_way_ends_no_earlier_than_now(days: int) -> None:
    (definition,) = compile("p.charter", TEXT).definitions
    now = START + days * DAY
    left = schedule(prepare(definition), START, {"b": Known(START, None), "a": Known(START, None)}, now)
    assert left is not None
    times = {each.element: each for each in left.timed}
    assert times["b"].finish == max(START + 3 * DAY, now)
    assert times["d"].finish == max(START + 3 * DAY, now) + 2 * DAY
    assert times["a"].slack == times["b"].finish - times["a"].finish
