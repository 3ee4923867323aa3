"""Figures over what repeats: each round counts, as if the rounds stood in the file one after the other."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings, strategies as st

from charter.engine import commands as c, kpis, values
from charter.engine.definition import Definition
from charter.engine.state import from_snapshot, snapshot
from charter.runtime.audit.verify import verify
from charter.runtime.desk import kpi as desk
from charter.runtime.host.cases import Cases
from charter.runtime.host.memory import World
from charter.runtime.people.changes import People
from tests.founded import founded
from tests.written import process

HOUR = 3_600_000_000
START = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
LI = c.Actor("li", ("clerk",))
HEAD = """
process work
  owner clerk
  role clerk
  record plan{n}
    places list of number
    last   boolean
  record finding{n}
    score number
  record closing{n}
    mark number
"""
ROUND = """
  phase round{n}
    {line}
    activity make{n}
      role   clerk
      within 2 hours
      output plan{n}
    phase each{n} for each p{n} in plan{n}.places
      after make{n}
      activity look{n}
        role   clerk
        within 2 hours
        output finding{n}
      activity check{n}
        role  clerk
        after look{n}
        when  finding{n}.score > 2
    activity close{n}
      role   clerk
      after  each{n}
      when   count(plan{n}.places) != 1
      output closing{n}
"""
# `~look` is the list of what there is of `look` in all rounds.
FORMULAS = (
    "count(~look[on_time])",
    "count(~look[on_time != null and not(on_time)])",
    "count(~look)",
    "count(~check[skipped])",
    "count(~check[done])",
    "count(~each[done])",
    "sum(~finding.score)",
    "~finding.score",
    "count(~finding)",
    "count(~make[on_time])",
    "count(~close[done])",
    "mean(~closing.mark)",
    "count(~round[done])",
    "sum(~plan.places)",
)


def in_rounds() -> Definition:
    lines = [_closed(f, lambda name: f"flatten(cases.{name})") for f in FORMULAS]
    return _process(HEAD.replace("{n}", ""), [ROUND.format(n="", line="repeat until plan.last")], lines)


def in_phases(count: int) -> Definition:
    heads = HEAD.split("  record", 1)
    head = heads[0] + "".join(f"  record{heads[1]}".replace("{n}", str(n)) for n in range(1, count + 1))
    phases = [ROUND.format(n=n, line=f"after round{n - 1}" if n > 1 else "") for n in range(1, count + 1)]
    lists = lambda name: f"flatten([{', '.join(f'flatten(cases.{name}{n})' for n in range(1, count + 1))}])"  # noqa: E731
    return _process(head, phases, [_closed(f, lists) for f in FORMULAS])


def _closed(formula: str, lists: Any) -> str:
    before, _, rest = formula.partition("~")
    name = rest[: next((i for i, char in enumerate(rest) if not char.isalpha()), len(rest))]
    return f"{before}{lists(name)}{rest[len(name) :]}"


def _process(head: str, phases: list[str], formulas: list[str]) -> Definition:
    figures = "".join(f"  kpi k{n}\n    formula {formula}\n" for n, formula in enumerate(formulas))
    return process(head + "".join(phases) + figures)


# A round: the score of each item and the hours before it is looked at.
_ROUND = st.lists(st.tuples(st.integers(1, 4), st.sampled_from((0, 1, 3))), max_size=3)


def play(world: World, rounds: list[list[tuple[int, int]]], *, apart: bool, until: int) -> str:
    case, _ = world.start("work", LI)
    left = until

    def done(node: str, record: str | None = None, value: Any = None) -> None:
        nonlocal left
        if left and world.state(case).nodes[node].state == "ready":
            left -= 1
            records = () if record is None else ((record, value),)
            found = world.perform(case, c.Complete(actor=LI, at=world.clock, node=node, records=records))
            assert found.refusal is None, found.refusal

    for number, items in enumerate(rounds, 1):
        n = str(number) if apart else ""
        plan = {"places": [score for score, _ in items], "last": number == len(rounds)}
        done(f"make{n}", f"plan{n}", plan)
        for place, (score, hours) in enumerate(items, 1):
            if left:
                world.advance(world.clock + hours * HOUR)
            done(f"look{n}[{place}]", f"finding{n}", {"score": score})
            done(f"check{n}[{place}]") if f"check{n}[{place}]" in world.state(case).nodes else None
        if len(items) != 1:
            done(f"close{n}", f"closing{n}", {"mark": number})
    return case


def measured(definition: Definition, world: World, case: str) -> list[Any]:
    state = world.state(case)
    assert from_snapshot(snapshot(state)).rounds == state.rounds
    figures = [kpis.measure(kpi, definition, [state], world.clock)[0] for kpi in definition.kpis]
    return [values.decode(figure.value) for figure in figures]


@settings(max_examples=25, deadline=None)
@given(st.lists(_ROUND, min_size=1, max_size=3), st.integers(1, 30))
@example([[(1, 0), (3, 3)], [(1, 0)], [(1, 0), (3, 0), (4, 0)]], 30)
@example([[(1, 0), (1, 0)], [], [(1, 0)]], 30)
def test_a_figure_over_rounds_is_that_over_phases(rounds: list[list[tuple[int, int]]], until: int) -> None:
    found = []
    for apart, definition in ((False, in_rounds()), (True, in_phases(len(rounds)))):
        world = World([definition], START)
        case = play(world, rounds, apart=apart, until=until)
        found.append(dict(zip(FORMULAS, measured(definition, world, case), strict=True)))
    # The phases that are still to come have no instances, but elements: these are asked for as they are done.
    assert found[0] == found[1]


INSIDE = """
process work
  owner clerk
  role clerk
  record finding
    right boolean
  phase each for each p in [1, 2]
    phase round
      repeat until finding.right
      activity look
        role   clerk
        output finding
  kpi right
    formula count(flatten(cases.finding)[right]) / count(flatten(cases.finding))
  kpi rounds
    formula [count(flatten(cases.look)[done and iteration = 1]), count(flatten(cases.look)[done and iteration = 2])]
"""


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.booleans()), max_size=7))
def test_rounds_of_each_item_count(looks: list[tuple[int, bool]]) -> None:
    definition = process(INSIDE)
    world = World([definition], START)
    case, _ = world.start("work", LI)
    over: set[int] = set()
    seen: list[tuple[int, bool]] = []
    for place, right in looks:
        if place not in over:
            command = c.Complete(
                actor=LI, at=world.clock, node=f"look[{place}]", records=(("finding", {"right": right}),)
            )
            assert world.perform(case, command).refusal is None
            seen.append((place, right))
            over |= {place} if right else set()
    share, rounds = measured(definition, world, case)
    wanted = Decimal(sum(right for _, right in seen)) / len(seen) if seen else None
    assert share == (None if wanted is None else values.decode(values.encode(wanted))) or abs(share - wanted) < 1e-9
    times = [sum(place == of for place, _ in seen) for of in (1, 2)]
    assert rounds == [sum(n >= 1 for n in times), sum(n >= 2 for n in times)]


def test_what_was_amended_counts_once_and_rounds_come_back_from_the_database(tmp_path: Path) -> None:
    with founded(tmp_path / "a.db", "li") as store:
        People(store, by="li").grant("li", "clerk")
        host = Cases(store)
        definition = process(INSIDE)
        host.deploy(definition, by="li")
        case = host.start("work", person="li").case
        for right in (False, False):
            given = {"finding": {"right": right}}
            assert host.perform(case, person="li", verb="complete", node="look[1]", records=given).refusal is None
        amended = host.perform(
            case, person="li", verb="amend", record="finding[1]", value={"right": True}, reason="typo"
        )
        assert amended.refusal is None
        with store.read() as connection:
            right, rounds = (each.figures[0] for each in desk.measure(connection, definition, START))
        assert (right.value, right.missing) == ({"number": "0.5"}, ())
        assert rounds.value == [1, 1]
        assert verify(store, case).sound


OLD = "\n  kpi right"


def test_rounds_of_which_nothing_was_kept_are_told() -> None:
    before = process(INSIDE.partition(OLD)[0])
    world = World([before], START)
    case, _ = world.start("work", LI)
    world.perform(case, c.Complete(actor=LI, at=START, node="look[1]", records=(("finding", {"right": False}),)))
    after = process(INSIDE)
    (figure,) = kpis.measure(after.kpis[0], after, [world.state(case)], START)
    assert (case, "finding") in figure.missing
    assert not world.state(case).rounds
