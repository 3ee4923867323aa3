"""Lists as long as the proof tries stand for all longer ones, and one of the items that are alike for the others."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from charter.engine.proof.compared import Compared
from charter.engine.proof.explore import Graph, explore
from charter.engine.proof.sameness import Sameness
from charter.engine.proof.verdicts import verdicts
from tests.written import process

HEAD = """process r
  owner boss
  role boss
  record plan
    lots list of text{where}
  activity write
    role boss
    output plan
  approval look for each lot in plan.lots
    by boss
    within 1 day
"""


@st.composite
def asking(draw: st.DrawFn) -> str:
    """Gives a process whose work hangs on how many items of a list are so."""
    fact = draw(st.sampled_from(["granted", "rejected"]))
    most = f"count(look[{fact}]) {draw(st.sampled_from(['>', '>=', '<', '<=']))} count(look) / 2"
    other = draw(st.sampled_from(["granted", "rejected", "overdue", "settled"]))
    some = f"{draw(st.sampled_from(['some', 'every']))} x in look satisfies x.{other}"
    count = f"count(look[{fact}]) {draw(st.sampled_from(['>', '>=', '<', '=']))} {draw(st.integers(1, 3))}"
    asked = draw(st.sampled_from([[most], [some], [most, some], [count], [count, some]]))
    lines = [HEAD.format(where=draw(st.sampled_from(["", " where count(lots) > 0", " where count(lots) > 2"])))]
    for name in "abc":
        condition = draw(st.sampled_from([*asked, *(f"not({each})" for each in asked), " and ".join(asked)]))
        kind = draw(st.sampled_from(["activity", "activity", "milestone", "phase"]))
        after = draw(st.sampled_from(["", "    after look\n", "    after a\n" if name != "a" else ""]))
        if kind == "phase":
            lines.append(f"  phase {name}\n{after}    exit when {condition}\n    activity in_{name}\n      role boss\n")
        elif kind == "milestone":
            lines.append(f"  milestone {name} when {condition}\n")
        else:
            lines.append(f"  activity {name}\n    role boss\n{after}    when {condition}\n")
    return "".join(lines)


def seen(text: str) -> tuple[Graph, list[tuple[str, str, frozenset[str]]]]:
    definition = process(text)
    graph = explore(definition, lambda steps: steps < 6_000)
    return graph, [(v.property, v.said, frozenset(v.elements)) for v in verdicts(definition, graph)]


@settings(max_examples=15)
@given(asking())
def test_longer_lists_and_each_item_by_itself_come_to_the_same(text: str) -> None:
    graph, found = seen(text)
    assert not graph.inexact and not graph.open
    for name, of, value in (("size", Compared, lambda self, path: 7), ("_alike", Sameness, frozenset())):
        with pytest.MonkeyPatch.context() as patch:
            if name == "size":
                patch.setattr(of, name, value)
            else:
                patch.setattr(of, name, property(lambda self: frozenset(), lambda self, given: None), raising=False)
            there, other = seen(text)
        if not there.open:
            assert other == found, (name, text)
