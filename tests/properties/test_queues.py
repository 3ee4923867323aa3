"""The laws of queues: nobody has more than they take on, and what is taken was among what goes first, across cases."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st

from charter.engine import commands as c
from charter.engine.replay import replay
from charter.engine.state import from_json, to_json
from charter.runtime.host.memory import World
from tests.written import process

DAY = 86_400_000_000
AT = 1_772_442_000_000_000  # 2 March 2026, 09:00 UTC
DESK = process(
    """process desk
  owner lead
  role lead
  role engineer
  input call
  record call
    level number
    name  text optional
  queue engineer
    capacity 2
    capacity 3 per 1 day
    order by call.level descending, call.name
  activity solve
    role engineer
"""
)
PEOPLE = ("ann", "bob")
LEAD = c.Actor("lea", ("lead",))
starts = st.tuples(st.just("start"), st.integers(0, 2), st.sampled_from(("x", "y", None)))
asks = st.tuples(st.sampled_from(("claim", "claim", "complete", "release")), st.integers(1, 5), st.sampled_from(PEOPLE))
fronts = st.tuples(st.sampled_from(("claim", "complete")), st.just(0), st.sampled_from(PEOPLE))  # whatever goes first
later = st.tuples(st.just("later"), st.integers(1, 20))
moves = st.tuples(
    st.lists(starts, min_size=4, max_size=6), st.lists(asks | fronts | fronts | starts | later, min_size=6, max_size=24)
).map(lambda both: both[0] + both[1])


@settings(max_examples=80, deadline=None)
@given(moves)
def test_what_is_taken_goes_first_and_is_not_too_much(moves: list[tuple[Any, ...]]) -> None:
    world = World([DESK], AT)
    calls: list[tuple[int, str | None, int]] = []  # level, name, when
    for move in moves:
        match move:
            case "start", level, name:
                value = {"level": level, **({} if name is None else {"name": name})}
                world.start("desk", LEAD, (("call", value),))
                calls.append((level, name, world.clock))
            case "later", hours:
                world.advance(world.clock + hours * DAY // 24)
            case verb, number, person if number <= len(calls):
                _try(world, calls, verb, number, person)
    for case in world.cases():
        assert from_json(to_json(world.state(case))) == world.state(case)
        again = replay(DESK, world.entries(case))
        assert again.difference is None and again.state == world.state(case)


def _try(world: World, calls: list[tuple[int, str | None, int]], verb: str, number: int, person: str) -> None:
    nodes = {n: world.state(case).nodes["solve"] for n, case in enumerate(world.cases(), 1)}
    day = world.clock // DAY
    held = {n for n, node in nodes.items() if node.holder == person and node.state in ("claimed", "active")}
    done = {n for n, node in nodes.items() if node.state == "done" and node.doers[-1] == person}
    today = {n for n in done if (nodes[n].ended_at or 0) // DAY == day}
    free = min(2 - len(held), 3 - len(held) - len(today))
    line = sorted(
        (n for n, node in nodes.items() if node.state == "ready"),
        key=lambda n: (
            -calls[n - 1][0],
            calls[n - 1][1] is None,
            calls[n - 1][1] or "",
            calls[n - 1][2],
            world.cases()[n - 1],
        ),
    )
    number = number or next(iter(line), 1)
    kind = {"claim": c.Claim, "complete": c.Complete, "release": c.Release}[verb]
    actor = c.Actor(person, ("engineer",))
    done_ = world.perform(world.cases()[number - 1], kind(actor=actor, at=world.clock, node="solve"))
    code = None if done_.refusal is None else done_.refusal.code
    if verb != "release" and nodes[number].state == "ready":
        wanted = "CH634" if free <= 0 else "CH635" if line.index(number) >= free else None
        assert code == wanted, (line, free)
    elif verb == "complete" and number in held:
        assert code is None, "what somebody holds is theirs"
