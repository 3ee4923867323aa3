"""What a case asks of the world and what the world answers: time, connectors, other cases, whose turn it is."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.leave import ASK, DECIDE, HEAD, HELLO, Clock, count, host, kinds
from tests.written import process, processes

from charter.runtime import clock
from charter.runtime.audit.log import load
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.connectors import Connectors
from charter.runtime.store import Store, open_store
from charter.runtime.store.errors import Locked
from charter.runtime.store.tables import cases, outbox

HOUR = 3_600_000_000


def test_a_record_names_the_zone_of_its_host_and_not_of_the_caller(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases_, found = host(store), set()
    for zone in ("Asia/Shanghai", "<script>", "\x1b[31m", "A" * 5_000):
        monkeypatch.setenv("TZ", zone)
        case = cases_.start("leave", person="li").case
        with store.read() as connection:
            found |= {sealed.fields["zone"] for sealed in load(connection, case)}
    assert found == {clock.zone()}
    assert re.fullmatch(r"[A-Za-z0-9_+/:-]{1,64}", clock.zone())


def test_what_is_due_happens_before_the_next_command_or_with_a_tick(store: Store) -> None:
    clock = Clock()
    opened = host(store, process(HEAD + ASK + "    within 2 hours\n" + DECIDE), clock=clock)
    one, two = (opened.start("leave", person="li").case for _ in range(2))
    assert opened.tick().ticks == 0
    clock.at += 3 * HOUR
    opened.perform(one, person="li", verb="claim", node="ask")
    assert "overdue" in kinds(store, one)
    assert opened.tick(until=clock.at - 2 * HOUR).ticks == 0
    assert opened.tick().ticks == 1
    assert opened.tick().ticks == 0
    assert "overdue" in kinds(store, two)


CALL = process(
    HEAD
    + "  record quote\n"
    + ASK
    + """
  activity fetch call prices with wanted = request.text
    retry 2 times over 3 hours
    input request
    output quote
"""
)


def test_a_connector_answers_into_the_case_after_the_commit(store: Store, tmp_path: Path) -> None:
    calls: list[dict[str, Any]] = []

    def prices(call: dict[str, Any]) -> dict[str, Any]:
        calls.append(call)
        assert count(store, outbox) == 1  # committed, and not yet done with
        if len(calls) == 1:
            raise OSError("no line")
        return {"quote": {"price": 7}}

    clock = Clock()
    opened = host(store, CALL, clock=clock, connectors=Connectors(tmp_path, {"prices": prices}))
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    assert not calls  # nobody is kept waiting
    opened.tick()
    assert opened.state(case).status == "open"
    clock.at += 3 * HOUR
    opened.tick()
    assert opened.state(case).status == "completed"
    assert [(call["key"], call["arguments"]) for call in calls] == [
        (f"{case}:fetch:1", {"wanted": "hello"}),
        (f"{case}:fetch:2", {"wanted": "hello"}),
    ]
    assert count(store, outbox) == 0
    assert verify(store).sound


def test_a_call_that_a_crash_cut_off_is_made_again_with_the_same_key(store: Store, tmp_path: Path) -> None:
    keys: list[str] = []

    def prices(call: dict[str, Any]) -> dict[str, Any]:
        keys.append(call["key"])
        if len(keys) == 1:
            raise KeyboardInterrupt
        return {"quote": {"price": 7}}

    clock = Clock()
    opened = host(store, CALL, clock=clock, connectors=Connectors(tmp_path, {"prices": prices}))
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    with pytest.raises(KeyboardInterrupt):
        opened.tick()
    assert opened.state(case).nodes["ask"].state == "done"
    opened.tick()
    assert len(keys) == 1  # the lease still holds: somebody may be at it
    clock.at += HOUR
    opened.tick()
    assert keys == [f"{case}:fetch:1"] * 2
    assert opened.state(case).status == "completed"


def test_an_answer_that_cannot_be_taken_in_is_asked_for_again(store: Store, path: Path, tmp_path: Path) -> None:
    lock: list[sqlite3.Connection] = []

    def prices(call: dict[str, Any]) -> dict[str, Any]:
        lock.append(sqlite3.connect(path, isolation_level=None))
        lock[0].execute("BEGIN IMMEDIATE")  # another program takes the database, and the answer cannot be taken in
        return {"quote": {"price": 7}}

    clock = Clock()
    with open_store(str(path), busy_seconds=0.05) as hasty:
        opened = host(hasty, CALL, clock=clock, connectors=Connectors(tmp_path, {"prices": prices}))
        case = opened.start("leave", person="li").case
        opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
        with pytest.raises(Locked):
            opened.tick()
    lock[0].close()
    again = Cases(store, clock=clock, connectors=Connectors(tmp_path, {"prices": lambda _: {"quote": {"price": 7}}}))
    clock.at += HOUR
    again.tick()
    assert again.state(case).status == "completed"


QUOTING = (
    HEAD
    + """
  activity run_it run quoting with brief = {text: "x"}
    output request
  approval decide of request
    by boss
"""
    + HEAD.replace("process leave", "process quoting")
    + """
  record brief
    text text
  input brief
  output request
"""
    + ASK
    + "    input brief\n"
)


def test_a_case_runs_another_and_takes_in_what_it_gives(store: Store) -> None:
    parent, child = processes(QUOTING)
    opened = host(store, parent)
    case = opened.start("leave", person="li").case
    assert opened.state(case).nodes["run_it"].state == "failed"  # nothing of that name is deployed yet
    opened.deploy(child, by="root")
    opened.perform(case, person="wang", verb="retry", node="run_it")
    with store.read() as connection:
        (inner,) = connection.execute(select(cases.c.id).where(cases.c.parent.startswith(case))).scalars()
    opened.perform(inner, person="li", verb="complete", node="ask", records=HELLO)
    assert opened.state(inner).status == "completed"
    assert opened.state(case).nodes["decide"].state == "ready"
    assert opened.state(case).versions["request"].value == {"text": "hello"}
    assert verify(store).sound


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("in turn", ["li", "zhao", "li", "zhao"]), ("least busy", ["li", "zhao", "zhao", "zhao"])],
)
def test_the_engine_picks_who_is_next_or_who_has_least(store: Store, mode: Any, expected: list[str]) -> None:
    opened = host(store, process(HEAD + ASK + f"    assign {mode}\n" + DECIDE))
    first = opened.start("leave", person="li").case
    held = [opened.state(first).nodes["ask"].holder]
    for number in range(3):
        case = opened.start("leave", person="li").case
        held.append(opened.state(case).nodes["ask"].holder)
        if mode == "least busy" and number < 2:
            opened.perform(case, person="zhao", verb="complete", node="ask", records=HELLO)
    assert held == expected
