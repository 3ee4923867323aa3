"""Laws of time: spans on a calendar, clocks that stand, rhythms, and signals that come before they are waited for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings, strategies as st

from charter.engine import calendars, commands as c, feel, values
from charter.engine.definition import Calendar, Definition
from charter.engine.feel.own import UNITS, Span, spoken_length
from charter.engine.feel.temporal import UTC
from charter.engine.plan import facts
from charter.engine.plan.facts import ELEMENT
from charter.engine.plan.program import prepare
from charter.engine.replay import replay
from charter.engine.state import CaseState
from charter.engine.step.transition import Step
from charter.runtime.host.memory import World
from tests.properties.histories import histories
from tests.properties.test_calendars import offices
from tests.written import process

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONDAY = 1_772_442_000_000_000  # 2 March 2026, 09:00 UTC

History = tuple[Definition, list[tuple[CaseState, c.Command, Step]]]

BOSS = c.Actor("bo", ("boss",))
AGENT = c.Actor("wu", ("agent",))

instants = st.integers(0, 400 * 24 * 60).map(lambda minutes: MONDAY + minutes * MINUTE)


@st.composite
def days(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """One or two stretches of opening hours of a day, in minutes."""
    marks = sorted(draw(st.lists(st.integers(5 * 60, 23 * 60), min_size=2, max_size=4, unique=True)))
    return tuple((marks[i], marks[i + 1]) for i in range(0, len(marks) - 1, 2))


@settings(deadline=None)
@given(days(), st.sets(st.integers(0, 6), min_size=1), instants, st.integers(-9, 9).filter(bool))
def test_a_working_day_is_as_long_as_its_hours(
    day: tuple[tuple[int, int], ...], open_on: set[int], at: int, count: int
) -> None:
    calendar = Calendar("office", "UTC", tuple(day if weekday in open_on else () for weekday in range(7)))
    other = calendars.add(calendar, at, Span(working_days=count))
    assert other is not None and (other > at) == (count > 0)
    length = sum(closes - opens for opens, closes in day) * MINUTE
    assert calendars.worked(calendar, min(at, other), max(at, other)) == abs(count) * length


SPANS = (
    Span(months=1),
    Span(days=1),
    Span(days=7),
    Span(seconds=5400),
    Span(working_days=1),
    Span(working_seconds=7200),
)


@settings(deadline=None)
@given(offices(), instants, st.sampled_from(SPANS), st.integers(1, 60), st.integers(0, 3 * DAY))
def test_the_nth_round_is_counted_from_the_first(
    calendar: Calendar, anchor: int, span: Span, number: int, late: int
) -> None:
    comes = calendars.turn(calendar, anchor, span, number)
    assert comes == calendars.add(calendar, anchor, calendars.times(span, number)) and comes is not None
    by = calendars.turns_by(calendar, anchor, span, comes + late)
    assert by >= number
    latest, following = (calendars.turn(calendar, anchor, span, n) for n in (by, by + 1))
    assert latest is not None and following is not None and latest <= comes + late < following


def _together(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Joins stretches of time that overlap."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


SPELLED = {"9 hours": None, "2 days": None, "20 working hours": Calendar(), "3 working days": Calendar()}
STEPS = st.lists(st.tuples(st.sampled_from(("answer", "case", "work")), st.integers(1, 30 * 60)), max_size=8)


@settings(deadline=None)
@given(st.sampled_from([*SPELLED]), STEPS)
def test_what_is_left_of_a_span_is_left_however_often_it_stands(span: str, steps: list[tuple[str, int]]) -> None:
    """`answer`, `case`: suspended or resumed, whichever it is not; then so many minutes go by."""
    text = f"process t\n  owner boss\n  role boss\n  role agent\n  activity answer\n    role agent\n    within {span}\n"
    world = World((process(text),), MONDAY)
    case, _ = world.start("t", BOSS)
    first = world.state(case).nodes["answer"].due
    assert first is not None
    since: dict[str, int] = {}
    stood: list[tuple[int, int]] = []

    def turn(what: str) -> None:
        node, who = ("answer", AGENT) if what == "answer" else (None, BOSS)
        verb = c.Resume if what in since else c.Suspend
        if world.perform(case, verb(actor=who, at=world.clock, node=node)).refusal is None:
            if what in since:
                stood.append((since.pop(what), world.clock))
            else:
                since[what] = world.clock

    for what, minutes in steps:
        if what != "work":
            turn(what)
        world.advance(world.clock + minutes * MINUTE)
    for what in ("case", "answer"):
        if what in since:
            turn(what)
    node, calendar = world.state(case).nodes["answer"], SPELLED[span]
    assert node.due is not None and not since

    def passed(start: int, end: int) -> int:
        return max(end - start, 0) if calendar is None else calendars.worked(calendar, start, end)

    # Of what went by until it is due, only that counts in which nothing stood.
    standing = sum(passed(start, min(end, node.due)) for start, end in _together(stood) if start < node.due)
    assert passed(MONDAY, node.due) - standing == passed(MONDAY, first)
    assert node.overdue == (node.due <= world.clock)
    trail = world.entries(case)
    assert replay(world.definition(case), trail).state == world.state(case)


SHOP = """
process shop
  owner boss
  role boss
  role agent
  record most
    n integer
  record slip
    n integer where n <= most.n
  activity open_up
    role   boss
    output most
  activity served wait for customer for each place in [1, 2, 3, 4]
    after  open_up
    output slip
"""


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=9), st.integers(0, 9), st.integers(0, 9))
def test_early_signals_are_taken_in_order_by_whom_they_fit(numbers: list[int], most: int, early: int) -> None:
    world = World((process(SHOP),), MONDAY)
    case, _ = world.start("shop", BOSS)

    def customer(n: int) -> None:
        value = values.encode({"n": n})
        command = c.Signal(actor=AGENT, at=world.clock, name="customer", records=(("slip", value),))
        world.perform(case, command)

    for n in numbers[:early]:
        customer(n)
    most_is = (("most", values.encode({"n": most})),)
    world.perform(case, c.Complete(actor=BOSS, at=world.clock, node="open_up", records=most_is))
    fitting = [n for n in numbers[:early] if n <= most]
    state = world.state(case)
    found = {key: values.decode(v.value)["n"] for key, v in state.versions.items() if key.startswith("slip")}
    assert found == {f"slip[{place}]": n for place, n in enumerate(fitting[:4], 1)}
    assert {v.by for key, v in state.versions.items() if key.startswith("slip")} <= {"wu"}
    left = [dict(early.records)["slip"] for early in state.signals]
    rest = [n for n in numbers[:early] if n > most]
    assert sorted(left, key=str) == sorted((values.encode({"n": n}) for n in rest + fitting[4:]), key=str)
    assert replay(world.definition(case), world.entries(case)).state == state


@settings(max_examples=200, deadline=None)
@given(histories())
def test_overdue_and_on_time_are_one_fact(history: History) -> None:
    definition, rows = history
    zone = prepare(definition).zone
    overdue, on_time = ELEMENT["overdue"].read, ELEMENT["on_time"].read
    for before, command, done in rows:
        for node in done.state.nodes.values():
            late: Any = overdue(node, zone)
            if node.due is None:
                assert not late and on_time(node, zone) is None
                continue
            assert on_time(node, zone) is (False if late else None if node.ended_at is None else True)
            assert late or node.ended_at is None or node.ended_at < node.due
        if done.refusal is None and isinstance(command, c.Tick) and before.status == done.state.status == "open":
            running = [n for n in done.state.nodes.values() if n.state in ("ready", "claimed", "active")]
            assert all(n.overdue == (n.due <= command.at) for n in running if n.due is not None)


@given(
    st.integers(1, 9999), st.sampled_from(("天", "个工作日", "週", "小时", "分鐘")), st.sampled_from(("", "内", "之內"))
)
def test_chinese_numerals_say_what_figures_say(number: int, unit: str, within: str) -> None:
    spelled = ""
    for digit, rank in zip(f"{number:04}", ("千", "百", "十", ""), strict=True):
        spelled += "零一二三四五六七八九"[int(digit)] + (rank if digit != "0" else "")
    spelled = re.sub("零+", "零", spelled).strip("零")
    for words in {spelled, spelled.removeprefix("一") if 10 <= number < 20 else spelled}:
        assert evaluated(f"{words}{unit}{within}") == evaluated(f"{number}{unit}") == Span.of(number, unit)


@pytest.mark.parametrize(
    "word", ["一百五天", "二月", "一季度", "十十天", "二四天", "第一天", "零天", "半半天", "天", "三"]
)
def test_what_is_no_length_of_time_stays_a_name(word: str) -> None:
    assert spoken_length(word) is None


def evaluated(text: str) -> Any:
    tree = feel.parse(text).tree
    assert tree is not None, text
    return feel.compile(tree).evaluate({})


@settings(deadline=None)
@given(
    offices(),
    instants,
    st.sampled_from(list(UNITS)),
    st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from([Decimal("1E+6000"), Decimal("-1E-6000")]),
)
@example(Calendar(hours=((),) * 6 + (((300, 301),),)), 1_772_442_000_000_000, "working day", Decimal("1.66666664E-8"))
@example(Calendar(hours=((),) * 6 + (((300, 301),),)), 1_772_442_000_000_000, "working day", Decimal("-1.66666664E-8"))
def test_no_span_leaves_the_calendar_or_fails(calendar: Calendar, at: int, unit: str, amount: Decimal) -> None:
    later = calendars.add(calendar, at, Span.of(amount, unit))
    assert later is not None or calendars.turns_by(calendar, at, Span.of(amount, unit), at + DAY) == 0
    assert later is None or facts.moment(later, UTC).date.year < 10_000
    assert later is None or amount == 0 or (later >= at) == (amount > 0) or abs(later - at) < MINUTE


@settings(deadline=None)
@given(offices(), instants, st.sampled_from(list(UNITS)), st.integers(-3, 0), st.integers(0, 3 * DAY))
def test_a_rhythm_that_takes_no_time_does_not_come_round(
    calendar: Calendar, at: int, unit: str, amount: int, late: int
) -> None:
    assert calendars.turns_by(calendar, at, Span.of(Decimal(amount), unit), at + late) == 0


def test_a_rhythm_that_takes_no_time_is_told() -> None:
    world = World(
        [
            process(
                """process p
  role boss
  record r
    gap duration
  activity w
    role boss
    output r
  activity look
    role boss
    after w
    repeat every r.gap while w.done
"""
            )
        ],
        MONDAY,
    )
    case, _ = world.start("p", BOSS)
    gap = values.encode({"gap": Span(days=0)})
    world.perform(case, c.Complete(actor=BOSS, at=world.clock, node="w", records=(("r", gap),)))
    world.perform(case, c.Complete(actor=BOSS, at=world.clock, node="look"))
    assert [entry.node for entry in world.entries(case) if entry.kind == "undated"] == ["look"]
