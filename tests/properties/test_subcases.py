"""What cases owe the cases they run, on random families of them: nobody works on what nobody waits for."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings, strategies as st
from msgspec.structs import replace

from charter.engine import commands as c
from charter.engine.definition import Definition, Element, Work
from charter.engine.keys import parse_key
from charter.engine.plan.program import prepare
from charter.engine.replay import replay
from charter.engine.state import CaseState, Node
from charter.runtime.host.memory import World
from tests.properties.histories import HOUR, PEOPLE, START, command
from tests.properties.processes import definition


def family(rng: Random) -> tuple[Definition, Definition, Definition]:
    """Makes a process in which half of the work is done in other cases, and these run one more."""
    drawn = definition(rng)
    elements = tuple(
        replace(e, work=Work("run", "child"), roles=(), checklist=(), assign=None, assign_mode="offer")
        if e.kind == "activity" and rng.random() < 0.5
        else e
        for e in drawn.elements
    )
    names = tuple(r.name for r in drawn.records)
    work = Element("c1", "c1", "activity", roles=("maker",), outputs=names)
    nest = Element("c2", "c2", "activity", work=Work("run", "grandchild"))
    child = Definition(
        "child",
        "child",
        roles=drawn.roles,
        records=drawn.records,
        elements=(work, nest),
        outputs=names,
        owner=rng.choice(["boss", None]),
    )
    carry = replace(work, outputs=())
    last = Definition("grandchild", "grandchild", owner="boss", roles=drawn.roles, elements=(carry,))
    return replace(drawn, elements=elements), child, last


def wanted(process: Definition, state: CaseState, node: Node) -> str | None:
    """Says how the case that a node has opened should stand, None when there should be none."""
    plan = prepare(process).plans[node.element]
    runs = plan.element.work is not None and plan.element.work.kind == "run"
    if not runs or plan.is_group(parse_key(node.key)[1]) or node.wake is not None or state.status == "cancelled":
        return None
    if node.state == "stale" and node.before == "active":
        return "suspended"
    return None if node.state != "active" else "suspended" if state.status == "suspended" else "open"


def consistent(world: World) -> None:
    found: dict[tuple[str, str, int], str] = {}
    for case in world.cases():
        state = world.state(case)
        for node in state.nodes.values():
            standing = wanted(world.definition(case), state, node)
            if standing is not None:
                found[case, node.key, node.attempt] = standing
    for case in world.cases():
        state = world.state(case)
        if state.parent is None or state.status in ("completed", "cancelled"):
            continue
        standing = found.pop((*state.parent, state.attempt), "over")
        # People may have suspended it themselves; only what its parent asked for is held.
        assert standing == ("suspended" if state.held else "open"), (case, state.parent, state.status)
        assert state.status == "suspended" or not state.held
    assert found == {}, "somebody waits for a case that is over"


@given(seed=st.integers(0, 2**48), length=st.integers(2, 40))
@settings(max_examples=250, deadline=None)
def test_a_case_is_open_while_somebody_waits_for_it_and_no_longer(seed: int, length: int) -> None:
    rng = Random(seed)
    world = World(family(rng), START, PEOPLE)
    case, _ = world.start("random", PEOPLE[3])
    if case not in world.cases():
        return
    for _ in range(length):
        at = world.clock + rng.randint(0, 2) * HOUR
        # Mostly the outermost case, which all others follow.
        where = case if rng.random() < 0.5 else rng.choice(world.cases())
        sent = command(rng, world.definition(where), world.state(where), at)
        if sent.actor is c.SYSTEM and not isinstance(sent, c.Tick):
            continue  # that is for the host
        world.perform(where, sent)
        consistent(world)
    for name in world.cases():
        again = replay(world.definition(name), world.entries(name))
        assert (again.difference, again.state) == (None, world.state(name))
