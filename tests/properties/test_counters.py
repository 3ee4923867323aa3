"""The law of counters: a count is what a walk over the completed cases, in the order of their closing, comes to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hypothesis import given, settings, strategies as st
from sqlalchemy import select

from charter.engine import commands as c, counters, values
from charter.engine.entries.cases import CountReached
from charter.engine.plan.program import prepare
from charter.engine.registers import Ask, Row
from charter.engine.replay import replay
from charter.engine.state import from_json, to_json
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.memory import World
from charter.runtime.host.registers import answer
from charter.runtime.people.changes import People
from charter.runtime.store import open_store
from charter.runtime.store.tables import cases as case_rows
from tests.founded import founded
from tests.written import process, processes

HOUR = 3_600_000_000
DAYS = 10
AT = 1_772_442_000_000_000  # 2 March 2026, 09:00 UTC
TEXT = f"""process fault
  owner lead
  role lead
  input call
  record call
    item  text optional
    bad   boolean
    fixed boolean
  counter faults by call.item
    when        call.bad
    resets when call.fixed
    within      {DAYS} days
    at 2        start review with item = counted.key, found = counted.cases
  counter all by "all"
  activity note
    role lead

process review
  owner lead
  role lead
  parameter item  text         = ""
  parameter found list of text = []
  activity see
    role lead
    when count(found) >= 2 and item != ""
"""
FAULT, REVIEW = processes(TEXT)
LEAD = c.Actor("lea", ("lead",))
ITEMS = ("a", "b", None)
facts = st.tuples(st.sampled_from(ITEMS), st.booleans(), st.integers(0, 4).map(lambda n: n == 0))
moves = st.lists(
    st.tuples(st.just("close"), facts)
    | st.tuples(st.just("cancel"), facts)
    | st.tuples(st.just("amend"), st.integers(0, 9), st.booleans(), st.sampled_from(ITEMS))
    | st.tuples(st.just("later"), st.integers(20, 130)),
    max_size=18,
)


def value(item: str | None, bad: bool, fixed: bool) -> dict[str, Any]:
    return {**({} if item is None else {"item": item}), "bad": bad, "fixed": fixed}


@settings(max_examples=60, deadline=None)
@given(moves)
def test_a_count_is_what_a_walk_over_the_cases_comes_to(moves: list[tuple[Any, ...]]) -> None:
    world = World([FAULT, REVIEW], AT)
    closed: list[tuple[str, int, dict[str, Any]]] = []  # case, when, what it says
    for move in moves:
        world.advance(world.clock + HOUR)
        match move:
            case ("close" | "cancel") as verb, said:
                case, _ = world.start("fault", LEAD, (("call", value(*said)),))
                if verb == "close":
                    done = world.perform(case, c.Complete(actor=LEAD, at=world.clock, node="note"))
                    closed.append((case, world.clock, value(*said)))
                else:
                    done = world.perform(case, c.Cancel(actor=LEAD, at=world.clock, reason="none"))
                assert done.refusal is None
            case "later", hours:
                world.advance(world.clock + hours * HOUR)
            case "amend", number, bad, item if closed:
                case, at, before = closed[number % len(closed)]
                # what an amendment takes back of an end stays ended, so that is not amended
                after = value(before.get("item") if before["fixed"] else item, bad, before["fixed"])
                given_ = c.Amend(actor=LEAD, at=world.clock, record="call", value=after, reason="a slip")
                assert world.perform(case, given_).refusal is None
                closed[number % len(closed)] = case, at, after
        for item in ("a", "b"):
            assert counted(world, "faults", item) == walked(closed, item, world.clock)
    assert counters.read(newest(world, "all", "all")).total == len(closed)
    for case in world.cases():
        assert from_json(to_json(world.state(case))) == world.state(case)
        again = replay(world.definition(case), world.entries(case))
        assert again.difference is None and again.state == world.state(case)


def newest(world: World, counter: str, key: str) -> Any:
    return next(iter(world.answer(Ask(counter, key)).rows), None)


def counted(world: World, counter: str, key: str) -> list[str]:
    since = world.clock - DAYS * 24 * HOUR
    return [case for _, case in counters.read(newest(world, counter, key)).within(since).named]


def walked(closed: list[tuple[str, int, dict[str, Any]]], item: str, now: int) -> list[str]:
    """Names the cases that count, by the cases alone."""
    found: list[tuple[int, str]] = []
    for case, at, said in sorted(closed, key=lambda each: each[1]):
        if said.get("item") == item:
            found = [] if said["fixed"] else found
            found += [(at, case)] if said["bad"] else []
    return [case for at, case in found if at > now - DAYS * 24 * HOUR]


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.booleans()), max_size=12))
def test_an_entry_reads_back_as_it_was_written(marks: list[tuple[int, bool, bool]]) -> None:
    tally = counters.Tally()
    for at, counts, resets in marks:
        tally = tally.marked(f"c{at}", AT + at * HOUR, [counters.Mark(counts, resets)])
    row = Row("a", 1, "", values.encode(counters.written("a", tally, prepare(FAULT).zone)), 0)
    assert counters.read(row) == tally


def test_workers_who_close_cases_at_once_count_each_of_them_once(tmp_path: Path) -> None:
    path, many = str(tmp_path / "a.db"), 6
    with founded(path) as store:
        people = People(store, by="root")
        people.add("lea")
        people.grant("lea", "lead")
        host = Cases(store)
        for definition in (REVIEW, FAULT):
            assert host.deploy(definition, by="root").refusal is None
        call = {"call": value("a", True, False)}
        opened = [host.start("fault", person="lea", records=call).case for _ in range(many)]

    def close(case: str) -> None:
        with open_store(path) as store:
            assert Cases(store).perform(case, person="lea", verb="complete", node="note").refusal is None

    with ThreadPoolExecutor(many) as pool:
        list(pool.map(close, opened))
    with open_store(path) as store:
        with store.read() as connection:
            row = answer(connection, Ask("faults", "a")).rows[0]
            reviews = connection.execute(select(case_rows.c.id).where(case_rows.c.process == "review")).all()
        tally = counters.read(row)
        assert (tally.total, row.version, len(reviews)) == (many, many, 1)
        assert sorted(case for _, case in tally.named) == sorted(opened)
        assert verify(store).sound


def test_another_process_reads_what_is_counted_and_keeps_what_it_read() -> None:
    reads = TEXT + '\nprocess plan\n  role lead\n  activity act\n    role lead\n    when faults["a"].count >= 1\n'
    plan = next(each for each in processes(reads) if each.name == "plan")
    world = World([FAULT, REVIEW, plan], AT)
    early, _ = world.start("plan", LEAD)
    case, _ = world.start("fault", LEAD, (("call", value("a", True, False)),))
    world.perform(case, c.Complete(actor=LEAD, at=world.clock, node="note"))
    late, _ = world.start("plan", LEAD)
    assert [world.state(each).nodes["act"].state for each in (early, late)] == ["skipped", "ready"]
    for each in (early, late):
        assert replay(plan, world.entries(each)).difference is None
    assert not [e for e in world.entries(case) if isinstance(e.told, CountReached)]


def test_a_counter_that_is_declared_twice_is_told() -> None:
    try:
        process(TEXT + TEXT.replace("process fault", "process other").replace("process review", "process again"))
    except AssertionError as told:
        assert "CH205" in str(told)
    else:
        raise AssertionError("two processes count under one name")
