"""Clocks of the roles that have the work: at each moment those run that it is with, whatever hands it goes through."""

from __future__ import annotations

from hypothesis import example, given, settings, strategies as st

from charter.engine import commands as c
from charter.engine.feel.temporal import DaysDuration
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.state import from_snapshot, snapshot
from charter.runtime.host.memory import World
from tests.written import process

MINUTE = 60_000_000
START = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
ROLES = ("one", "two", "lead")
PEOPLE = {role: c.Actor(f"p_{role}", (role,)) for role in ROLES}
DEFINITION = process(
    """
process work
  owner lead
  role one
  role two
  role lead
  activity answer
    role   one, two
    on signal urgent escalate to lead
  activity look
    role  two
    after answer
"""
    + "".join(f"  sla of_{role}\n    runs while with {role}\n    target 1 hour\n" for role in ROLES)
)
_MOVE = st.one_of(
    st.tuples(st.just("claim"), st.sampled_from(ROLES)),
    st.tuples(st.just("release"), st.sampled_from(ROLES)),
    st.tuples(st.just("delegate"), st.sampled_from([(a, b) for a in ROLES for b in ROLES if a != b])),
    st.tuples(st.just("complete"), st.sampled_from(ROLES)),
    st.tuples(st.just("suspend"), st.just("lead")),
    st.tuples(st.just("resume"), st.just("lead")),
    st.tuples(st.just("signal"), st.just("lead")),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), _MOVE), max_size=9))
@example([(5, ("claim", "one")), (5, ("delegate", ("one", "two"))), (5, ("signal", "lead")), (7, ("release", "two"))])
@example([(5, ("signal", "lead")), (5, ("claim", "one")), (5, ("release", "one")), (5, ("complete", "lead"))])
def test_the_time_of_each_role_is_that_in_which_the_work_was_with_it(
    moves: list[tuple[int, tuple[str, object]]],
) -> None:
    world = World([DEFINITION], START)
    case, _ = world.start("work", PEOPLE["one"])
    spent = dict.fromkeys(ROLES, 0)
    holder: str | None = None
    raised = stands = False
    place = "answer"
    for minutes, (verb, who) in moves:
        for role in ROLES:
            own = {"answer": ("one", "two"), "look": ("two",)}.get(place, ())
            has = (holder,) if holder else ("lead",) if raised else own
            if place != "over" and not stands and role in has:
                spent[role] += minutes
        world.advance(world.clock + minutes * MINUTE)
        if place == "over":
            continue
        actor = PEOPLE[who[0] if isinstance(who, tuple) else str(who)]
        fields = {"actor": actor, "at": world.clock, "reason": "so"}
        if verb == "signal":
            command: c.Command = c.Signal(name="urgent", **fields)
        elif verb == "delegate":
            assert isinstance(who, tuple)
            command = c.Delegate(node=place, to=PEOPLE[who[1]], **fields)
        else:
            command = c.COMMANDS[verb](node=place, **fields)  # type: ignore[call-arg]
        if world.perform(case, command).refusal is not None:
            continue
        if verb == "claim":
            holder = str(who)
        elif verb == "release":
            holder = None
        elif verb == "delegate":
            holder = who[1] if isinstance(who, tuple) else None
        elif verb == "complete":
            place, holder, raised = {"answer": "look", "look": "over"}[place], None, False
        elif verb == "signal" and place == "answer" and not raised:
            raised, holder = True, None  # it has come up, whoever had it
        elif verb in ("suspend", "resume"):
            stands = verb == "suspend"
    state = world.state(case)
    assert from_snapshot(snapshot(state)) == state
    scope = Scope(prepare(DEFINITION), state, None, (), world.clock)
    for role in ROLES:
        found = scope.value(f"of_{role}.elapsed")
        assert (found or DaysDuration(0)) == DaysDuration(spent[role] * MINUTE * 1000), role
    if place == "over":
        assert all(scope.value(f"of_{role}.verdict") is not None for role in ROLES if spent[role])
