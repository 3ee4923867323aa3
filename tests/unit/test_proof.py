"""What an exploration must not take for granted: each of these was once told wrongly of a process that is right."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.written import process

from charter.engine.proof.assumptions import assumed
from charter.engine.proof.explore import explore
from charter.engine.proof.verdicts import Verdict, verdicts
from charter.runtime.author.proof import Prover

HEAD = "process p\n  owner boss\n  role boss\n"


def judged(text: str) -> dict[str, Verdict]:
    definition = process(HEAD + text)
    bound = definition.bind(dict(assumed(definition)))
    return {v.property: v for v in verdicts(bound, explore(bound, lambda steps: steps < 2_000))}


LATE = """  activity fix
    role boss
    within 4 hours
  milestone too_late when fix.overdue
"""
ROUNDS = """  activity look
    role boss
    repeat every 1 day while look.iteration < 3
  activity last
    role boss
  milestone seen_often when look.iteration >= 3
"""
EVENING = """  activity work
    role boss
  activity later
    role boss
  milestone evening when work.done and now() >= date and time("2026-03-02T17:00:00Z")
"""
LIMIT = """  parameter limit number = 100
  input need
  record need
    amount number
  activity look
    role boss
    when need.amount > limit
"""
ASKED = """  activity ask
    role boss
    output need
  activity look
    role boss
    when need.total > 5000 EUR
"""
UNTIL = """  record plan
    at datetime optional
  activity ask
    role boss
    output plan
  activity opening wait until plan.at - 1 working hour
    input plan
"""


@pytest.mark.parametrize("text", [LATE, ROUNDS, EVENING, LIMIT, ASKED, UNTIL])
def test_what_may_open_is_not_said_to_stay_shut(text: str) -> None:
    assert judged(text)["opens"].said != "refuted"


def test_always_is_said_only_where_everything_was_looked_at() -> None:
    found = judged(UNTIL)["ends"]
    assert found.said == "refuted" and not found.always
    inside = "    activity a\n      role boss\n      output r\n"
    shut = "  record r\n    ok boolean\n  phase f\n    exit when r.ok and not(r.ok)\n" + inside
    assert judged(shut)["ends"].always


def test_a_condition_that_reckons_long_does_not_hold_up_what_is_tried() -> None:
    slow = "count(for i in 1..need.rows, j in 1..600 return i) > 0"
    text = f"  input need\n  record need\n    rows integer\n  activity look\n    role boss\n    when {slow}\n"
    assert judged(text)["opens"].said == "proved"


RACE = """  activity a
    role boss
  activity b wait 1 hour
    after a
  activity c wait 2 hours
  activity e
    role boss
    after c
    when not(b.settled)
"""
LATER = """  activity a
    role boss
    within 2 hours
  activity e
    role boss
    after a
    when a.overdue
"""
FOURTH = """  activity a
    role boss
    repeat until a.iteration >= 4
  activity e
    role boss
    after a
"""
RETURNED = """  record r
    ok boolean
  activity a
    role boss
    output r
  approval p of r
    by boss
    on return to a
  activity e
    role boss
    when a.iteration > 1
    after p
"""
PASSED = """  record r
    ok boolean
  activity a
    role boss
  activity b
    role boss
    output r
  phase f
    after a
    milestone m when r.ok
"""


BY_LIMIT = """  parameter limit number = 100
  input need
  record need
    amount number
  activity a
    role boss
  activity b
    role boss
    after a
    when need.amount > limit
  activity c
    role boss
    after a
    when need.amount <= limit
"""
BY_ITEM = """  record order
    items list of thing
  record thing
    kind choice "big" | "small"
  activity take
    role boss
    output order
  activity wrap
    role boss
    after take
  phase each for each t in order.items
    after wrap
    activity carry
      role boss
      when t.kind = "big"
    activity post
      role boss
      when t.kind = "small"
"""
BY_OTHER_FIELD = """  record deal
    price money
    limit money where price <= limit
  activity a
    role boss
    output deal
  activity b
    role boss
    after a
    when deal.price < deal.limit
"""
BETWEEN = """  record low
    n integer
  record high
    n integer
  record middle
    n integer
  activity a
    role boss
    output low
  activity b
    role boss
    after a
    output high
  activity c
    role boss
    after b
    output middle
  activity d
    role boss
    when low.n < middle.n and middle.n < high.n
"""
TAKEN = """  activity a
    role boss
  activity x
    role boss
  activity b
    role boss
    after x
    when a.claimed
  activity c
    role boss
    after x
    when a.active
"""
WHEN_ASKED = """  activity a
    role boss
  activity x
    role boss
  activity e
    role boss
    after x
    when not(a.settled)
  activity f
    role boss
    after e
    when e.skipped
"""
BOTH = """  record plan
    tasks list of text
    spare list of text
  activity a
    role boss
    output plan
  activity b
    role boss
    when count(plan.tasks) >= 4 and some t in plan.spare satisfies t = "x"
"""


@pytest.mark.parametrize(
    "text",
    [RACE, LATER, FOURTH, RETURNED, PASSED, BY_LIMIT, BY_ITEM, BY_OTHER_FIELD, BETWEEN, WHEN_ASKED, BOTH],
)
def test_everything_opens_and_every_case_can_end(text: str) -> None:
    found = judged(text)
    assert found["opens"].said == found["ends"].said == "proved"


def test_what_is_claimed_and_begun_is_seen() -> None:
    assert judged(TAKEN)["opens"].said == "proved"


@pytest.mark.parametrize("condition", ['a.duration > @"P1D"', 'a.doer = "li"', "a.ended_at > a.started_at"])
def test_of_persons_and_instants_nothing_is_refuted(condition: str) -> None:
    text = f"  activity a\n    role boss\n  activity b\n    role boss\n    after a\n    when {condition}\n"
    assert {v.said for v in judged(text).values()} <= {"unknown", "proved"}


def test_what_is_granted_at_the_end_is_granted() -> None:
    text = (
        "  role head\n  approval decide\n    by 2 of boss, head\n  activity e\n    role boss\n    when decide.granted\n"
    )
    assert judged(text)["grants"].said == judged(text)["opens"].said == "proved"


def test_an_output_whose_work_is_withdrawn_is_missed() -> None:
    """What withdraws an offer may come before it is taken up, and after: both are looked at."""
    found = judged(
        "  output note\n  record note\n    ok boolean\n  activity pause wait 1 hour\n"
        "  activity write\n    role boss\n    offered while not(pause.done)\n    output note\n"
    )
    assert found["outputs"].said == "refuted"


def test_what_another_case_answers_is_told_as_the_work_in_it() -> None:
    text = (
        f"{HEAD}  output reply\n  record reply\n    ok boolean\n  activity ask run helper\n    output reply\n"
        "  activity use\n    role boss\n    when reply.ok\n  phase rest\n    exit when reply.ok\n"
        "    activity x\n      role boss\n"
        "process helper\n  role clerk\n  output reply\n  record reply\n    ok boolean\n"
        "  activity answer_it\n    role clerk\n    output reply\n"
    )
    prover = Prover("p.charter", text.encode(), lambda name, _: name)
    shown = [f.scenario for f in prover.prove(prover.definitions()[0], 5).findings if f.verdict.said == "refuted"]
    assert len(shown) == 1
    assert "does answer_it with reply = {ok: false}" in str(shown[0])


COSTS = """  input need
  record need
    cost money{}
  activity a
    role boss
    when need.cost > 500 CNY
  activity b
    role boss
    when need.cost <= 500 CNY
"""


@pytest.mark.parametrize(
    "where, ends",
    [
        ("", "refuted"),
        (" where cost > 0", "refuted"),
        (" where cost > 0 CNY", "proved"),
        (' where cost.currency = "CNY"', "proved"),
        (' where cost.currency != "EUR"', "refuted"),
    ],
)
def test_an_amount_may_be_in_another_currency(where: str, ends: str) -> None:
    found = judged(COSTS.format(where))
    assert (found["ends"].said, found["opens"].said) == (ends, "proved")


SHIPPED = Path(__file__).parents[2] / "processes"
SOON = 250  # steps


def test_what_is_shipped_is_proved_whole() -> None:
    """Those that take longer are proved by `python -m benchmarks.prove`."""
    whole = 0
    for path in sorted(SHIPPED.glob("*.charter")):
        prover = Prover(str(path), path.read_bytes(), lambda name, _: name)
        for definition in prover.definitions():
            bound = definition.bind(dict(assumed(definition)))
            graph = explore(bound, lambda steps: steps < SOON)
            assert graph.inexact == (), definition.name
            said = {verdict.said for verdict in verdicts(bound, graph)}
            assert graph.open or said == {"proved"}, definition.name
            whole += not graph.open
    assert whole > 30
