"""What comes first, in the inbox and among service-level clocks: read by index, the same as looking at every case."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from tests.founded import founded
from tests.leave import Clock
from tests.written import process

from charter.engine.keys import parse_key
from charter.engine.sla import COUNTING
from charter.runtime import folds
from charter.runtime.audit.log import load, to_entries
from charter.runtime.desk.clocks import under_way
from charter.runtime.desk.inbox import WorkItem, inbox
from charter.runtime.desk.register import number_of
from charter.runtime.desk.standing import Standing, of_case, pressing
from charter.runtime.folds.shape import Shape
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, open_store
from charter.runtime.store.schema import SCHEMA
from charter.runtime.store.tables import metadata

DESK = process("""
process desk
  owner lead
  role clerk
  role lead
  input ticket
  record ticket
    hours number
    parts list of text
  record answer
    text text
  activity take
    role   clerk
    within 40 hours
  activity check for each part in ticket.parts
    role  clerk
    after take
    sla part
      pauses while check.suspended
      stops  when check.done
      target 90 minutes
  activity solve
    role  clerk
    after take
    input ticket
  activity idle
    role clerk
  sla reply
    stops  when take.done
    target ticket.hours * 1 hour
  sla solution
    starts when take.done
    pauses while solve.suspended
    stops  when solve.done
    target 8 working hours when ticket.hours > 6
    target ticket.hours * 1 hour
""")
HOUR = 3_600_000_000
MOVES = ("complete", "suspend", "resume", "skip", "reopen", "amend")
NODES = ("take", "solve", "check[1]", "check[2]")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def desk(store: Store, clock: Clock) -> Cases:
    people = People(store, by="root", clock=clock)
    people.add("li")
    for role in ("clerk", "lead"):
        people.grant("li", role)
    host = Cases(store, clock=clock)
    assert host.deploy(DESK, by="root").refusal is None
    return host


def opened(host: Cases, hours: int, parts: int = 0) -> str:
    ticket = {"ticket": {"hours": hours, "parts": [f"{n}" for n in range(parts)]}}
    case = host.start("desk", person="li", records=ticket).case
    assert case is not None
    return case


def amend(host: Cases, case: str, hours: int) -> None:
    """Promises a case otherwise."""
    value = {**plain_of(host, case), "hours": hours}
    done = host.perform(case, person="li", verb="amend", record="ticket", value=value, reason="so")
    assert done.refusal is None or host.state(case).status != "open", done.refusal


def plain_of(host: Cases, case: str) -> dict[str, Any]:
    found: dict[str, Any] = host.state(case).versions["ticket"].value
    return found


def clocks(store: Store, host: Cases, cases: list[str], now: int) -> list[Standing]:
    """Reads every case for the clocks that count, the most urgent first."""
    found: list[Standing] = []
    with store.read() as connection:
        for case in cases:
            state = host.state(case)
            counting = {key for key, service in state.clocks.items() if service.clock.phase in COUNTING}
            all_of_it = of_case(DESK, state, number_of(connection, case), now)
            found += [each for each in all_of_it if each.clock in counting]
    return sorted(found, key=lambda each: (each.urgency, each.case))


def items(store: Store, now: int, **more: Any) -> list[WorkItem]:
    with store.read() as connection:
        found = inbox(connection, "li", now=now, **more)
    assert isinstance(found, list)
    return found


def pages(store: Store, now: int) -> list[WorkItem]:
    """Reads an inbox page by page."""
    found: list[WorkItem] = []
    while page := items(store, now, limit=2, after=found[-1].place if found else None):
        found += page
    return found


def unsound(store: Store, host: Cases, cases: list[str]) -> list[str | None]:
    """Names the tables that are not what the entries of a case lead to."""
    found = []
    with store.read() as connection:
        for case in cases:
            trail = list(to_entries(load(connection, case)))
            found.append(folds.differs(connection, Shape(DESK), host.state(case), trail))
    return found


_STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(NODES), st.sampled_from(MOVES), st.integers(0, 5)), max_size=14
)


@pytest.mark.sqlite("reads the file as SQLite dumps it")
@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2)), min_size=3, max_size=3), _STEPS)
def test_what_is_read_by_index_is_what_every_case_says(
    tmp_path_factory: pytest.TempPathFactory, tickets: list[tuple[int, int]], steps: list[tuple[int, str, str, int]]
) -> None:
    """Clocks and work come in the order in which all cases say them; an older schema is brought to the same rows."""
    path, clock = tmp_path_factory.mktemp("desk") / "a.db", Clock()
    with founded(path, clock=clock) as store:
        host = desk(store, clock)
        cases = [opened(host, *ticket) for ticket in tickets]
        for which, node, verb, hours in steps:
            clock.at += hours * HOUR
            host.tick()
            if verb == "amend":
                amend(host, cases[which], hours + 1)
                continue
            given = {"reason": "so"} if verb in ("skip", "reopen", "suspend") else {}
            host.perform(cases[which], person="li", verb=verb, node=node, **given)
        assert set(unsound(store, host, cases)) == {None}
        seen = clocks(store, host, cases, clock.at)
        for limit in (1, 3, None):
            with store.read() as connection:
                assert under_way(connection, host.definition, clock.at, limit=limit) == seen[:limit]
        work = pages(store, clock.at)
        first = [pressing(seen, each.case, each.node) for each in work]
        due = [min(each.due or 10**18, (one and one.due) or 10**18) for each, one in zip(work, first, strict=True)]
        assert due == sorted(due)
        tables = sorted(set(metadata.tables) - {"clock"})
    with closing(sqlite3.connect(path)) as raw:
        before = {table: sorted(raw.execute(f"SELECT * FROM {table}")) for table in tables if table != "entries"}
        raw.execute("DROP TABLE running_clocks")
        raw.execute("DROP INDEX nodes_failed")
        for table in ("work_items", "open_lists"):
            raw.execute(f"UPDATE {table} SET rank = ifnull(due, since + {10**17})")
        raw.execute("PRAGMA user_version=11")
        raw.commit()
    open_store(str(path)).close()
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
        assert before == {table: sorted(raw.execute(f"SELECT * FROM {table}")) for table in before}


def test_what_was_promised_first_comes_first_on_the_first_page(tmp_path: Path, clock: Clock) -> None:
    with founded(tmp_path / "a.db", clock=clock) as store:
        host = desk(store, clock)
        late, soon = opened(host, 30), opened(host, 2)
        assert [each.case for each in items(store, clock.at, limit=1)] == [soon]
        # Another promise for work that nobody touches.
        amend(host, soon, 33)
        assert [each.case for each in items(store, clock.at, limit=1)] == [late]
        amend(host, soon, 2)
        assert [each.case for each in items(store, clock.at, limit=1)] == [soon]
        host.perform(soon, person="li", verb="complete", node="take")
        assert [(each.case, each.node) for each in items(store, clock.at, limit=2)] == [(soon, "solve"), (late, "take")]
        host.perform(soon, person="li", verb="suspend", node="solve", reason="waits")
        assert [each.case for each in items(store, clock.at, limit=1)] == [late]


def test_work_of_an_instance_has_the_clock_of_that_instance(tmp_path: Path, clock: Clock) -> None:
    with founded(tmp_path / "a.db", clock=clock) as store:
        host = desk(store, clock)
        case = opened(host, 2, parts=2)
        host.perform(case, person="li", verb="complete", node="take")
        clock.at += HOUR
        host.perform(case, person="li", verb="suspend", node="check[1]", reason="waits")
        seen = clocks(store, host, [case], clock.at)
        shown = {node: pressing(seen, case, node) for node in ("check[1]", "check[2]")}
        assert {node: each and parse_key(each.clock)[1] for node, each in shown.items()} == {
            "check[1]": (1,),
            "check[2]": (2,),
        }
        assert [each.node for each in items(store, clock.at) if each.element == "check"] == ["check[2]", "check[1]"]
