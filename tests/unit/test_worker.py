"""The worker in one process: what a host that was away makes up, who may call, and whose answer counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.calling import CALL, QUOTE, asked
from tests.leave import ASK, DECIDE, HEAD, Clock, host, kinds
from tests.written import process

from charter.engine.effects import CallConnector
from charter.runtime.audit.verify import verify
from charter.runtime.host import worker as workers
from charter.runtime.host.cases import Cases
from charter.runtime.host.connectors import Connectors, Prepared
from charter.runtime.host.outbox import Ask
from charter.runtime.host.underway import Calls, Ticket
from charter.runtime.host.worker import Duty, Worker
from charter.runtime.store import Store

DAY = 86_400_000_000
ROUNDS = """
  activity look
    role clerk
    repeat every 1 day
    {missed}
  activity halt
    role clerk
"""


@pytest.mark.parametrize(
    ("missed", "now", "passed", "rounds"),
    [("", 1, 2, 2), ("missed once", 1, 2, 2), ("missed each", 3, 0, 4), ("missed none", 0, 3, 1)],
)
def test_a_host_that_was_away_makes_up_the_rounds_that_are_to_be(
    store: Store, missed: str, now: int, passed: int, rounds: int
) -> None:
    clock = Clock()
    opened = host(store, process(HEAD + ROUNDS.format(missed=missed)), clock=clock)
    case = opened.start("leave", person="li").case

    def looked() -> int:
        """Does all rounds that are there."""
        times = 0
        while True:
            Worker(Cases(store, clock=clock)).run(once=True)
            if opened.state(case).nodes["look"].state != "ready":
                return times
            assert opened.perform(case, person="li", verb="complete", node="look").refusal is None
            times += 1

    assert looked() == 1
    clock.at += 3 * DAY + DAY // 2
    assert looked() == now
    told = Counter(kinds(store, case))["missed"]
    assert told == (passed > 0)
    clock.at += DAY // 2
    assert looked() == 1
    clock.at += DAY
    assert looked() == 1  # what is on time misses nothing
    assert Counter(kinds(store, case))["missed"] == told
    assert opened.state(case).nodes["look"].iteration == 1 + now + 2 == rounds + 2
    assert verify(store).sound


@given(st.integers(1, 20), st.lists(st.sampled_from("abcdef"), max_size=60))
def test_connectors_that_never_answer_leave_room_for_one_that_does(at_once: int, wanted: list[str]) -> None:
    calls = Calls(at_once)
    for connector in wanted:
        if calls.free and calls.takes(connector):
            calls._of[connector] += 1
    assert calls.under_way <= at_once
    used = len(set(wanted))
    assert calls.under_way == 0 or max(calls._of.values()) <= (at_once + 1) // 2
    assert 2**used > at_once or calls.takes("another")


def test_one_call_at_a_time_is_made_at_once() -> None:
    calls = Calls(1)
    ticket = Ticket(Ask(1, "c", "CallConnector", "", 0), CallConnector("n", "prices", 1, ()), "prices")
    calls.make(ticket, Prepared(60, (), lambda: (("quote", {"price": 7}),)))
    assert not calls.free and calls.wait(0) and calls.free
    assert list(calls.answers) == [(ticket, (("quote", {"price": 7}),), None)]


def test_who_was_overtaken_takes_nothing_in(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    keys: list[str] = []

    def prices(call: Any) -> Any:
        keys.append(call["key"])
        if len(keys) == 1:  # the host is held here until its lease is over, and another one calls meanwhile
            clock.at += 200_000_000
            other = Cases(store, clock=clock, connectors=connectors)
            assert other.tick().delivered == 1
            return {"quote": {"price": 1}}
        return QUOTE

    connectors = Connectors(tmp_path, {"prices": prices})
    opened = host(store, CALL, clock=clock, connectors=connectors)
    (case,) = asked(opened)
    opened.tick()
    assert len(keys) == 2 and len(set(keys)) == 1
    assert kinds(store, case).count("answered") == 1
    assert opened.state(case).versions["quote"].value["price"] == 7
    assert verify(store).sound


def test_an_overtaken_failure_does_not_undo_what_another_is_still_asking(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    asked_by: list[str] = []

    def prices(call: Any) -> Any:
        asked_by.append(call["key"])
        if len(asked_by) == 1:
            clock.at += 200_000_000
            with pytest.raises(KeyboardInterrupt):  # which is ended in the midst of it
                Cases(store, clock=clock, connectors=connectors).tick()
            raise OSError("no answer")
        if len(asked_by) == 2:
            raise KeyboardInterrupt
        return QUOTE

    connectors = Connectors(tmp_path, {"prices": prices})
    opened = host(store, CALL, clock=clock, connectors=connectors)
    (case,) = asked(opened)
    opened.tick()
    assert opened.state(case).nodes["fetch"].state == "active"
    clock.at += 200_000_000
    assert opened.tick().delivered == 1
    assert opened.state(case).status == "completed"


def test_a_duty_that_fails_rests_and_stops_no_other(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_worker: Worker, _now: int) -> None:
        raise RuntimeError("a fault of ours")

    clock = Clock()
    opened = host(store, process(HEAD + ASK + "    within 2 hours\n" + DECIDE), clock=clock)
    case = opened.start("leave", person="li").case
    clock.at += 3 * 3_600_000_000
    duty = Duty("broken", lambda _worker, _connection, now: now, broken)
    monkeypatch.setattr(workers, "DUTIES", (duty, *workers.DUTIES))
    told: list[Exception] = []
    done = Worker(Cases(store, clock=clock), tell=told.append).run(once=True)
    assert (done.ticks, done.failed, [str(cause) for cause in told]) == (1, 1, ["a fault of ours"])
    assert "overdue" in kinds(store, case)
