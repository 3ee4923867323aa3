"""Stories that the random histories reach too seldom: calls, sub-cases, waits, rhythms, lists, choices, escalation."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

import pytest
from msgspec.structs import replace
from tests.written import processes

from charter.engine import calendars, commands as c, kpis
from charter.engine.definition import Calendar
from charter.engine.effects import TellCase
from charter.engine.feel.own import Span
from charter.engine.plan import impact
from charter.engine.replay import replay
from charter.runtime.host.memory import World

HOUR = 3_600_000_000
MONDAY = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
LI = c.Actor("li", ("clerk",))
SUN = c.Actor("sun", ("clerk",))
WU = c.Actor("wu", ("boss",))
MAKE = """
activity make
  role clerk
  output r
"""
USE = """
activity use
  role clerk
  input q
"""


def process(records: str, lines: str, name: str = "p") -> str:
    """Writes a process with clerks and a boss, who owns it; its records take a number `x` and a list `rows`."""
    head = "owner boss\nrole clerk\nrole boss\n"
    for record in records.split():
        head += f"record {record}\n  x number\n  rows list of text optional\n"
    return f"process {name}\n{indent(head + dedent(lines), '  ')}"


class Story:
    """A world with one case, and short words for what people do to it."""

    def __init__(self, text: str, records: tuple[tuple[str, Any], ...] = ()) -> None:
        definitions = processes(text)
        self.world = World(definitions, MONDAY)
        self.case, self.start = self.world.start(definitions[0].name, LI, records)

    def __call__(self, verb: str, node: str, who: c.Actor = LI, **more: Any) -> str | None:
        fields = {"actor": who, "at": self.world.clock, **more}
        if verb == "amend":
            command: c.Command = c.Amend(record=node, **fields)
        elif verb == "signal":
            command = c.Signal(name=node, **fields)
        else:
            command = c.COMMANDS[verb](node=node, **fields)  # type: ignore[call-arg]
        refusal = self.world.perform(self.case, command).refusal
        return None if refusal is None else refusal.code

    def done(self, node: str, x: int | None = None, rows: list[str] | None = None, who: c.Actor = LI) -> str | None:
        outputs = next(e for e in self.world.definition(self.case).elements if e.name == node.split("[")[0]).outputs
        value = {"x": x, **({} if rows is None else {"rows": rows})}
        return self("complete", node, who, records=tuple((o, value) for o in outputs) if x is not None else ())

    def state(self, node: str) -> str:
        return self.world.state(self.case).nodes[node].state

    @property
    def status(self) -> str:
        return self.world.state(self.case).status

    def kinds(self, node: str) -> list[str]:
        return [r.kind for r in self.world.entries(self.case) if r.node == node]


def test_a_failing_connector_is_tried_again_with_doubling_gaps_and_then_by_hand() -> None:
    ask = """
    activity ask call robot
      retry 2 times over 3 hours
      output r
    """
    story = Story(process("r", ask))
    story.world.connect("robot", fails=True)
    assert story.state("ask") == "active"
    assert story.world.state(story.case).wake == MONDAY + HOUR
    story.world.advance(MONDAY + HOUR)
    assert story.world.state(story.case).wake == MONDAY + 3 * HOUR
    story.world.advance(MONDAY + 9 * HOUR)
    assert story.state("ask") == "failed" and story.status == "open"
    assert story("retry", "ask") == "CH535"
    story.world.connect("robot", (("r", {"x": "wrong"}),))
    assert story("retry", "ask", WU) is None
    assert story.state("ask") == "failed"  # a wrong answer is a failed call
    assert story.world.state(story.case).nodes["ask"].reason == "CH514 r x"
    story.world.connect("robot", (("r", {"x": 1}),))
    assert story("retry", "ask", WU) is None
    assert story.status == "completed"


def test_a_sub_case_answers_its_parent_with_its_outputs() -> None:
    parent = """
    activity sub run child with q = {x: 7}
      output r
    activity use
      role clerk
      input r
    """
    child = """
    input q
    output r
    activity make
      role clerk
      input q
      output r
    """
    story = Story(process("r", parent) + process("q r", child, name="child"))
    inner = story.world.cases()[1]
    assert story.world.state(inner).versions["q"].value == {"x": 7}
    made = c.Complete(actor=LI, at=MONDAY, node="make", records=(("r", {"x": 8}),))
    assert story.world.perform(inner, made).refusal is None
    assert story.world.state(story.case).versions["r"].value == {"x": 8}
    assert story.state("use") == "ready"
    assert not [effect for _, effect in story.world.effects if isinstance(effect, TellCase)]
    assert story.world.perform(inner, c.Cancel(actor=WU, at=MONDAY, reason="late")).refusal is not None


@pytest.mark.parametrize(
    ("least", "levels", "code"),
    [
        (3, (1, 3), None),
        (3, (3, 1), None),
        (3, (1, 2), "CH505"),
        (3, (4,), None),
        (3, (), "CH505"),
        (None, (0,), None),
        (None, (), "CH505"),
    ],
)
def test_the_best_of_several_levels_of_a_skill_counts(
    least: int | None, levels: tuple[int, ...], code: str | None
) -> None:
    level = f" >= {least}" if least else ""
    text = process("", "activity haul\n  role clerk\n")
    story = Story(text.replace("  role clerk\n", f"  role clerk\n    requires skill drive{level}\n", 1))
    who = c.Actor("li", ("clerk",), skills=tuple(("drive", level) for level in levels))
    assert story("complete", "haul", who) == code


@pytest.mark.parametrize(("again", "calls"), [(1, 1), (2, 3)])
def test_an_answer_to_what_is_stale_counts_if_that_comes_out_the_same(again: int, calls: int) -> None:
    ask = """
    activity ask call robot with x = r.x
      input r
      output q
    """
    story = Story(process("r q", MAKE + dedent(ask) + USE))
    story.done("make", 1)
    assert story("reopen", "make", WU, reason="why") is None
    assert story.state("ask") == "stale"
    story.world.connect("robot", (("q", {"x": 5}),))
    assert (story.state("ask"), story.state("use")) == ("stale", "planned")
    story.world.connect("robot", fails=True)
    assert story.done("make", again) is None
    if again == 2:
        # What was answered to other questions is no answer to this one.
        assert (story.state("ask"), story.state("use")) == ("failed", "planned")
        story.world.connect("robot", (("q", {"x": 6}),))
        assert story("retry", "ask", WU) is None
    assert (story.state("ask"), story.state("use")) == ("done", "ready")
    assert story.kinds("ask").count("called") == calls


def test_what_becomes_due_while_it_is_stale_is_due_afterwards() -> None:
    story = Story(process("r", MAKE + "activity rest wait 2 hours\n  input r\n"))
    story.done("make", 1)
    assert story("reopen", "make", WU, reason="why") is None
    story.world.advance(MONDAY + 3 * HOUR)
    assert story.state("rest") == "stale"
    story.done("make", 1)
    assert story.state("rest") == "active"
    story.world.advance(MONDAY + 3 * HOUR)
    assert story.status == "completed"


def test_a_rhythm_comes_round_until_its_phase_is_over() -> None:
    phase = """
    phase f
      activity look
        role clerk
        repeat every 1 day while case.open
      activity work
        role clerk
    """
    story = Story(process("", phase))
    assert story.done("look") is None
    assert story.state("look") == "done"
    story.world.advance(MONDAY + 24 * HOUR)
    assert story.state("look") == "ready"
    assert story.done("look") is None
    assert story.done("work") is None
    assert story.status == "completed"
    assert story.world.state(story.case).wake is None


def test_a_changed_list_keeps_what_is_the_same() -> None:
    lines = """
    activity plan_it
      role clerk
      output plan
    activity each for each v in plan.rows
      role clerk
      output made
    activity sum
      role clerk
      input made
      output total
    """
    story = Story(process("plan made total", lines))
    story.done("plan_it", 1, ["a", "b", "c"])
    for i in (1, 2, 3):
        assert story.done(f"each[{i}]", i) is None
    assert story.done("sum", 6) is None
    told = impact.impact(story.world.definition(story.case), story.world.state(story.case), "plan")
    assert set(told.elements) == {"each[1]", "each[2]", "each[3]", "sum"} and told.groups == ("each",)
    assert story("amend", "plan", value={"x": 1, "rows": ["c", "a", "x", "y"]}, reason="new tasks") is None
    assert [story.state(f"each[{i}]") for i in (1, 2, 3, 4)] == ["done", "ready", "done", "ready"]
    assert story.state("sum") == "stale"
    story.done("each[2]", 2)
    story.done("each[4]", 4)
    assert story.state("sum") == "ready"
    assert story("amend", "plan", value={"x": 1, "rows": ["a"]}, reason="fewer") is None
    states = {story.state(f"each[{i}]") for i in (2, 3, 4)}
    assert "cancelled" in states


def test_an_open_list_takes_items_until_it_is_closed() -> None:
    story = Story(process("", "activity each for each v in [] open\n  role clerk\n"))
    assert story("add", "each", item="a") is None
    assert story.done("each[1]") is None
    assert story.status == "open"
    assert story("close", "each") is None
    assert story("add", "each", item="b") in ("CH538", "CH519")
    assert story.status == "completed"


def test_the_first_taken_settles_a_choice() -> None:
    lines = """
    first of answer, rest
    activity answer
      role clerk
    activity rest wait 2 days
    """
    story = Story(process("", lines))
    story.world.advance(MONDAY + 48 * HOUR)
    assert story.state("rest") == "done" and story.state("answer") == "skipped"
    assert story.status == "completed"


def test_one_at_a_time() -> None:
    lines = """
    one at a time one, two
    activity one
      role clerk
    activity two
      role clerk
    """
    story = Story(process("", lines))
    assert story("begin", "one") is None
    assert story("begin", "two", SUN) == "CH524"
    assert story.done("one") is None
    assert story("begin", "two", SUN) is None


def test_after_two_rejections_the_higher_role_decides_alone() -> None:
    ok = """
    approval ok of r
      by 2 of 2 clerk
      on reject return to make
      on 2 rejects escalate to boss
    """
    story = Story(process("r", MAKE + dedent(ok)))
    for x in (1, 2):
        story.done("make", x)
        assert story("reject", "ok", reason="no") is None
    story.done("make", 3)
    assert story("approve", "ok") == "CH501"
    assert story("approve", "ok", WU) is None
    assert "escalated" in story.kinds("ok")
    assert story.status == "completed"


def test_every_person_has_one_vote_and_one_rejection_of_all_decides() -> None:
    ok = """
    approval ok of r
      by 2 of 2 clerk then boss
    activity use after ok
      role clerk
      input r
    """
    story = Story(process("r", MAKE + dedent(ok)))
    story.done("make", 1)
    assert story("approve", "ok") is None
    assert story("approve", "ok") == "CH517"
    assert story("approve", "ok", WU) == "CH501"
    assert story("reject", "ok", SUN, reason="no") is None
    assert story.state("ok") == "rejected"
    assert story.state("use") == "skipped"
    assert story.status == "completed"


def test_a_substitute_is_kept_apart_like_the_one_they_stand_in_for() -> None:
    ok = """
    approval ok of r
      by clerk
      separate from make
    """
    story = Story(process("r", MAKE + dedent(ok)))
    story.done("make", 1)
    sub = c.Actor("sun", ("clerk",), on_behalf_of="li", lent=("clerk",))
    assert story("approve", "ok", sub) == "CH503"
    assert story("approve", "ok", SUN) is None


def test_an_overdue_element_is_recorded_once() -> None:
    lines = """
    activity make
      role clerk
      within 2 hours
    kpi late
      formula count(cases[make.on_time]) / count(cases)
      target >= 95%
    """
    story = Story(process("", lines))
    story.world.advance(MONDAY + 72 * HOUR)
    assert story.kinds("make").count("overdue") == 1
    story.done("make")
    definition = story.world.definition(story.case)
    (figure,) = kpis.measure(definition.kpis[0], definition, [story.world.state(story.case)], story.world.clock)
    assert (figure.value, figure.status) == (0, "missed")
    assert figure.facts == ((story.case, "make.on_time", False),)


def test_a_figure_names_the_cases_that_lack_a_fact() -> None:
    goal = """
    parameter goal number = 2
    kpi mean
      formula mean(cases.r.x)
      target >= goal
    """
    text = process("r", MAKE + dedent(goal))
    (definition,) = processes(text)
    world = World([definition], MONDAY)
    for x in (1, 4, None):
        case, _ = world.start("p", LI)
        if x is not None:
            world.perform(case, c.Complete(actor=LI, at=MONDAY, node="make", records=(("r", {"x": x}),)))
    (kpi,) = definition.kpis
    states = [world.state(case) for case in world.cases()]
    (figure,) = kpis.measure(kpi, definition, states, MONDAY)
    assert figure.value == {"number": "2.5"} and figure.status == "met"
    assert figure.missing == ((world.cases()[2], "r"),)
    (vague,) = processes(text.replace("number = 2", "number"))
    (unbound,) = kpis.measure(kpi, vague, states, MONDAY)
    assert unbound.status == "unknown"


def test_a_case_begins_with_every_input_that_its_process_takes() -> None:
    takes = process("r", "input r\nactivity make\n  role clerk\n  input r\n")
    told = [
        Story(takes, records=records).start.refusal
        for records in ((), (("r", {"x": "wrong"}),), (("other", {"x": 1}), ("r", {"x": 1})), (("r", {"x": 1}),))
    ]
    assert [found and found.code for found in told] == ["CH511", "CH514", "CH510", None]


def test_work_goes_back_only_to_what_there_is() -> None:
    story = Story(process("r", MAKE + "activity check\n  role clerk\n  input r\n"))
    assert story.done("make", 1) is None
    for target, code in (("make[7]", "CH509"), ("nowhere", "CH509"), ("check", "CH523"), ("make", None)):
        assert story("return", "check", to=target, reason="again") == code


def test_time_comes_to_every_case_in_its_order() -> None:
    spans = {"long": "5 hours", "short": "2 hours", "middle": "3 hours"}
    text = "".join(f"process {name}\n  activity rest wait {span}\n" for name, span in spans.items())
    world = World(processes(text), MONDAY)
    cases = [world.start(name, LI)[0] for name in spans]
    world.advance(MONDAY + 9 * HOUR)
    assert [world.state(case).closed_at for case in cases] == [MONDAY + hours * HOUR for hours in (5, 2, 3)]


def test_the_trail_of_a_world_replays() -> None:
    story = Story(process("r", MAKE + "  within 1 hour\n"))
    story.world.advance(MONDAY + 5 * HOUR)
    story.done("make", 1)
    found = replay(story.world.definition(story.case), story.world.entries(story.case))
    assert found.difference is None and found.state == story.world.state(story.case)
    trail = list(story.world.entries(story.case))
    trail[-2] = replace(trail[-2], actor="somebody")
    told = replay(story.world.definition(story.case), trail)
    assert told.difference is not None and told.difference.index == len(trail) - 2


FRIDAY = MONDAY + 4 * 24 * HOUR
OFFICE = Calendar()


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        (0, Span(working_days=1), 72),  # Friday 09:00 -> Monday 09:00
        (10, Span(working_days=1), 80),  # Friday 19:00 -> Monday at closing time
        (0, Span(working_seconds=9 * 3600), 73),  # eight hours on Friday, one on Monday
        (0, Span(days=1), 24),
        (0, Span(months=1), 31 * 24),
        (0, Span(seconds=7200), 2),
    ],
)
def test_spans_step_along_the_working_week(start: int, span: Span, end: int) -> None:
    first, last = FRIDAY + start * HOUR, FRIDAY + end * HOUR  # hours after Friday 09:00
    assert calendars.add(OFFICE, first, span) == last
