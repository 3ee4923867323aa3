"""Stories that the random histories reach too seldom: calls, sub-cases, waits, rhythms, lists, choices, escalation."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from charter.engine import calendars, commands as c, definition as d, impact, kpis
from charter.engine.effects import TellCase
from charter.engine.feel.own import Span
from charter.engine.replay import replay
from charter.engine.world import World

HOUR = 3_600_000_000
MONDAY = 1_772_442_000_000_000  # 2026-03-02 09:00 UTC
LI = c.Actor("li", ("clerk",))
SUN = c.Actor("sun", ("clerk",))
WU = c.Actor("wu", ("boss",))
E = d.Element


def process(*elements: d.Element, name: str = "p", **more: Any) -> d.Definition:
    """A process with clerks and a boss, who owns it; records take a number `x` and a list `rows`."""
    fields = (
        d.Field("x", "x", d.TypeRef("number")),
        d.Field("rows", "rows", d.TypeRef("list", d.TypeRef("text")), optional=True),
    )
    names = dict.fromkeys((*(o for e in elements for o in e.outputs), *more.get("inputs", ())))
    return d.Definition(
        name,
        name,
        owner="boss",
        roles=(d.Role("clerk", "clerk"), d.Role("boss", "boss")),
        records=tuple(d.RecordType(n, n, fields) for n in names),
        elements=elements,
        **more,
    )


def task(name: str, **more: Any) -> d.Element:
    return E(name, name, "activity", roles=("clerk",), **more)


def after(*names: str) -> tuple[d.After, ...]:
    return (d.After(names, len(names)),)


class Story:
    """A world with one case, and short words for what people do to it."""

    def __init__(self, *definitions: d.Definition, records: tuple[tuple[str, Any], ...] = ()) -> None:
        self.world = World(definitions, MONDAY)
        self.case, self.start = self.world.open(definitions[0].name, LI, records)

    def __call__(self, verb: str, node: str, who: c.Actor = LI, **more: Any) -> str | None:
        fields = {"actor": who, "at": self.world.now, **more}
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
        return [r.kind for r in self.world.entries(self.case) if r.element == node]


def test_a_failing_connector_is_tried_again_with_doubling_gaps_and_then_by_hand() -> None:
    call = E("ask", "ask", "activity", outputs=("r",), work=d.Work("call", "robot", retry=d.Retry(2, "3 hours")))
    story = Story(process(call))
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
    child = process(task("make", outputs=("r",), inputs=(d.Input("q"),)), name="child", inputs=("q",), outputs=("r",))
    run = E("sub", "sub", "activity", outputs=("r",), work=d.Work("run", "child", (("q", "{x: 7}"),)))
    story = Story(process(run, task("use", inputs=(d.Input("r"),))), child)
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
    driver = d.Role("clerk", "clerk", requires=(d.Requirement("skill", "drive", least),))
    story = Story(replace(process(task("haul")), roles=(driver, d.Role("boss", "boss"))))
    who = c.Actor("li", ("clerk",), skills=tuple(("drive", level) for level in levels))
    assert story("complete", "haul", who) == code


@pytest.mark.parametrize(("again", "calls"), [(1, 1), (2, 3)])
def test_an_answer_to_what_is_stale_counts_if_that_comes_out_the_same(again: int, calls: int) -> None:
    ask = E(
        "ask", "ask", "activity", inputs=(d.Input("r"),), outputs=("q",), work=d.Work("call", "robot", (("x", "r.x"),))
    )
    story = Story(process(task("make", outputs=("r",)), ask, task("use", inputs=(d.Input("q"),))))
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
    rest = E("rest", "rest", "activity", inputs=(d.Input("r"),), work=d.Work("pause", when='duration("PT2H")'))
    story = Story(process(task("make", outputs=("r",)), rest))
    story.done("make", 1)
    assert story("reopen", "make", WU, reason="why") is None
    story.world.advance(MONDAY + 3 * HOUR)
    assert story.state("rest") == "stale"
    story.done("make", 1)
    assert story.state("rest") == "active"
    story.world.advance(MONDAY + 3 * HOUR)
    assert story.status == "completed"


def test_a_rhythm_comes_round_until_its_phase_is_over() -> None:
    rhythm = task("look", parent="f", repeat=d.Repeat(every="1 day", while_="case.open"))
    story = Story(process(E("f", "f", "phase"), rhythm, task("work", parent="f")))
    assert story.done("look") is None
    assert story.state("look") == "done"
    story.world.advance(MONDAY + 24 * HOUR)
    assert story.state("look") == "ready"
    assert story.done("look") is None
    assert story.done("work") is None
    assert story.status == "completed"
    assert story.world.state(story.case).wake is None


def test_a_changed_list_keeps_what_is_the_same() -> None:
    many = task("each", outputs=("made",), many=d.Many("v", "plan.rows"))
    total = task("sum", inputs=(d.Input("made"),), outputs=("total",))
    story = Story(process(task("plan_it", outputs=("plan",)), many, total))
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
    story = Story(process(task("each", many=d.Many("v", "[]", open=True))))
    assert story("add", "each", item="a") is None
    assert story.done("each[1]") is None
    assert story.status == "open"
    assert story("close", "each") is None
    assert story("add", "each", item="b") in ("CH538", "CH519")
    assert story.status == "completed"


def test_the_first_taken_settles_a_choice() -> None:
    wait = E("wait", "wait", "activity", work=d.Work("pause", when="2 days"))
    story = Story(process(task("answer"), wait, orders=(d.Order("first", ("answer", "wait")),)))
    story.world.advance(MONDAY + 48 * HOUR)
    assert story.state("wait") == "done" and story.state("answer") == "skipped"
    assert story.status == "completed"


def test_one_at_a_time() -> None:
    story = Story(process(task("one"), task("two"), orders=(d.Order("single", ("one", "two")),)))
    assert story("begin", "one") is None
    assert story("begin", "two", SUN) == "CH524"
    assert story.done("one") is None
    assert story("begin", "two", SUN) is None


def test_after_two_rejections_the_higher_role_decides_alone() -> None:
    both = (d.Stage((("clerk", 2),), 2),)
    back, escalation = d.Consequence("return", "make"), d.Escalation(2, "boss")
    agreement = d.Agreement("r", both, on_reject=back, escalation=escalation)
    ok = E("ok", "ok", "approval", inputs=(d.Input("r"),), agreement=agreement)
    story = Story(process(task("make", outputs=("r",)), ok))
    for x in (1, 2):
        story.done("make", x)
        assert story("reject", "ok", reason="no") is None
    story.done("make", 3)
    assert story("approve", "ok") == "CH501"
    assert story("approve", "ok", WU) is None
    assert "escalated" in story.kinds("ok")
    assert story.status == "completed"


def test_every_person_has_one_vote_and_one_rejection_of_all_decides() -> None:
    stages = (d.Stage((("clerk", 2),), 2), d.Stage((("boss", 1),), 1))
    ok = E("ok", "ok", "approval", inputs=(d.Input("r"),), agreement=d.Agreement("r", stages))
    story = Story(process(task("make", outputs=("r",)), ok, task("use", inputs=(d.Input("r", ("ok",)),))))
    story.done("make", 1)
    assert story("approve", "ok") is None
    assert story("approve", "ok") == "CH517"
    assert story("approve", "ok", WU) == "CH501"
    assert story("reject", "ok", SUN, reason="no") is None
    assert story.state("ok") == "rejected"
    assert story.state("use") == "skipped"
    assert story.status == "completed"


def test_a_substitute_is_kept_apart_like_the_one_they_stand_in_for() -> None:
    ok = E("ok", "ok", "approval", inputs=(d.Input("r"),), agreement=d.Agreement("r", (d.Stage((("clerk", 1),), 1),)))
    story = Story(process(task("make", outputs=("r",)), ok, separations=(d.Separation("ok", "make"),)))
    story.done("make", 1)
    sub = c.Actor("sun", ("clerk",), on_behalf_of="li", lent=("clerk",))
    assert story("approve", "ok", sub) == "CH503"
    assert story("approve", "ok", SUN) is None


def test_an_overdue_element_is_recorded_once() -> None:
    story = Story(process(task("make", within="2 hours")))
    story.world.advance(MONDAY + 72 * HOUR)
    assert story.kinds("make").count("overdue") == 1
    story.done("make")
    kpi = d.Kpi("late", "late", "count(cases[make.on_time]) / count(cases)", target=">= 95%")
    (figure,) = kpis.measure(kpi, story.world.definition(story.case), [story.world.state(story.case)], story.world.now)
    assert (figure.value, figure.status) == (0, "missed")
    assert figure.facts == ((story.case, "make.on_time", False),)


def test_a_figure_names_the_cases_that_lack_a_fact() -> None:
    definition = replace(
        process(task("make", outputs=("r",))), parameters=(d.Parameter("goal", "goal", d.TypeRef("number"), "2"),)
    )
    world = World([definition], MONDAY)
    for x in (1, 4, None):
        case, _ = world.open("p", LI)
        if x is not None:
            world.perform(case, c.Complete(actor=LI, at=MONDAY, node="make", records=(("r", {"x": x}),)))
    kpi = d.Kpi("mean", "mean", "mean(cases.r.x)", target=">= goal")
    states = [world.state(case) for case in world.cases()]
    (figure,) = kpis.measure(kpi, definition, states, MONDAY)
    assert figure.value == {"number": "2.5"} and figure.status == "met"
    assert figure.missing == ((world.cases()[2], "r"),)
    (unbound,) = kpis.measure(kpi, replace(definition, parameters=(d.Parameter("goal", "goal"),)), states, MONDAY)
    assert unbound.status == "unknown"


def test_a_case_begins_with_every_input_that_its_process_takes() -> None:
    takes = process(task("make", inputs=(d.Input("r"),)), inputs=("r",))
    told = [
        Story(takes, records=records).start.refusal
        for records in ((), (("r", {"x": "wrong"}),), (("other", {"x": 1}), ("r", {"x": 1})), (("r", {"x": 1}),))
    ]
    assert [found and found.code for found in told] == ["CH511", "CH514", "CH510", None]


def test_work_goes_back_only_to_what_there_is() -> None:
    story = Story(process(task("make", outputs=("r",)), task("check", inputs=(d.Input("r"),))))
    assert story.done("make", 1) is None
    for target, code in (("make[7]", "CH509"), ("nowhere", "CH509"), ("check", "CH523"), ("make", None)):
        assert story("return", "check", to=target, reason="again") == code


def test_time_comes_to_every_case_in_its_order() -> None:
    def pause(name: str, span: str) -> d.Definition:
        return d.Definition(name, name, elements=(E("wait", "wait", "activity", work=d.Work("pause", when=span)),))

    world = World([pause("long", "5 hours"), pause("short", "2 hours"), pause("middle", "3 hours")], MONDAY)
    cases = [world.open(name, LI)[0] for name in ("long", "short", "middle")]
    world.advance(MONDAY + 9 * HOUR)
    assert [world.state(case).closed_at for case in cases] == [MONDAY + hours * HOUR for hours in (5, 2, 3)]


def test_the_trail_of_a_world_replays() -> None:
    story = Story(process(task("make", outputs=("r",), within="1 hour")))
    story.world.advance(MONDAY + 5 * HOUR)
    story.done("make", 1)
    found = replay(story.world.definition(story.case), story.world.entries(story.case))
    assert found.difference is None and found.state == story.world.state(story.case)
    trail = list(story.world.entries(story.case))
    trail[-2] = trail[-2]._replace(actor="somebody")
    told = replay(story.world.definition(story.case), trail)
    assert told.difference is not None and told.difference.index == len(trail) - 2


FRIDAY = MONDAY + 4 * 24 * HOUR
OFFICE = d.Calendar()


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
