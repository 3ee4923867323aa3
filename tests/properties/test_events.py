"""Laws of what happens to elements by itself: reminders, ends and actions, each once for what brings it."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from charter.engine import commands as c, values
from charter.engine.entries import Entry
from charter.engine.machines import SETTLED
from charter.engine.replay import replay
from charter.runtime.host.memory import World
from tests.written import process

MINUTE = 60_000_000
MONDAY = 1_772_442_000_000_000  # 2 March 2026, 09:00 UTC
BOSS = c.Actor("bo", ("boss",))
AGENT = c.Actor("wu", ("agent",))

DESK = """
process desk
  owner boss
  role boss
  role agent
  input sheet
  record sheet
    off boolean
    hot boolean
    names list of text
  phase calls
    ends after 60 hours because "too long"
    ends when  sheet.off
    activity call for each name in sheet.names
      role   agent
      within 10 hours
      remind agent, holder 2 hours before due
      remind boss 1 hour before due
      at     4 hours notify boss
      once   sheet.hot escalate to boss
      on overdue notify boss
      on signal rung notify boss
      ends after 40 hours
      ends on   dropped because "dropped"
    approval pass of sheet
      by   boss
      ends after 30 hours
"""
DEFINITION = process(DESK)
DEEDS = ("call[1]", "call[2]", "case", "off", "hot", "dropped", "rung", "do", "wait")
STEPS = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 20 * 60)), max_size=9)


def opened() -> tuple[World, str]:
    world = World((DEFINITION,), MONDAY)
    sheet = values.encode({"off": False, "hot": False, "names": ["a", "b"]})
    return world, world.start("desk", BOSS, (("sheet", sheet),))[0]


def acted(world: World, case: str, deed: str) -> None:
    """Does what a deed says, where the case lets it."""
    state, at = world.state(case), world.clock
    if deed in ("call[1]", "call[2]"):
        node = state.nodes.get(deed)
        verb = c.Resume if node is not None and node.state == "suspended" else c.Suspend
        world.perform(case, verb(actor=AGENT, at=at, node=deed))
    elif deed == "case":
        verb = c.Resume if state.status == "suspended" else c.Suspend
        world.perform(case, verb(actor=BOSS, at=at, node=None))
    elif deed in ("off", "hot"):
        now = values.decode(state.versions["sheet"].value)
        sheet = values.encode({**now, deed: not now[deed]})
        world.perform(case, c.Amend(actor=BOSS, at=at, record="sheet", value=sheet, reason="so"))
    elif deed in ("dropped", "rung"):
        world.perform(case, c.Signal(actor=AGENT, at=at, name=deed))
    elif deed == "do":
        world.perform(case, c.Complete(actor=AGENT, at=at, node="call[2]"))


def told(trail: list[Entry], kind: str, node: str) -> list[Entry]:
    return [entry for entry in trail if entry.kind == kind and entry.node == node]


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_what_comes_by_itself_comes_once_and_leaves_nothing_open(steps: list[tuple[str, int]]) -> None:
    world, case = opened()
    for deed, minutes in steps:
        acted(world, case, deed)
        world.advance(world.clock + minutes * MINUTE)
    trail, state = list(world.entries(case)), world.state(case)
    rounds = {key: node.iteration for key, node in state.nodes.items()}
    for key in ("call[1]", "call[2]"):
        dues = [entry.told.due for entry in told(trail, "reminded", key)]  # type: ignore[attr-defined]
        assert max(map(dues.count, dues), default=0) <= 2 * rounds.get(key, 1), "two reminders of one date"
        assert len(told(trail, "overdue", key)) <= rounds.get(key, 1)
        for clause in ("at", "once"):
            found = [e for e in told(trail, "happened", key) if e.told.clause == clause]  # type: ignore[attr-defined]
            turned_hot = sum(deed == "hot" for deed, _ in steps)
            assert len(found) <= (rounds.get(key, 1) if clause == "at" else turned_hot)
    if state.nodes["calls"].outcome == "ended":
        assert all(node.state in SETTLED for node in state.nodes.values()) and state.status == "completed"
    for node in state.nodes.values():
        assert node.outcome != "ended" or node.state == "skipped"
    assert replay(DEFINITION, world.entries(case)).state == state


@settings(deadline=None, max_examples=40)
@given(STEPS, st.integers(0, 8), st.sampled_from(["call[1]", "call[2]", "case"]))
def test_pause_and_resume_at_one_instant_change_nothing(steps: list[tuple[str, int]], at: int, what: str) -> None:
    marks = []
    for paused in (False, True):
        world, case = opened()
        for number, (deed, minutes) in enumerate(steps):
            acted(world, case, deed)
            if paused and number == at and world.state(case).status == "open":
                node = world.state(case).nodes.get(what)
                if what == "case" or (node is not None and node.state == "ready"):
                    acted(world, case, what)
                    acted(world, case, what)
            world.advance(world.clock + minutes * MINUTE)
        nodes = world.state(case).nodes
        kinds = [e.kind for e in world.entries(case) if e.kind in ("reminded", "overdue", "happened", "notified")]
        marks.append(({k: (n.state, n.outcome, n.due, n.marks) for k, n in nodes.items()}, kinds))
    assert marks[0] == marks[1]
