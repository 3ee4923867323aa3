"""What a command asked for: done beside it, each thing for itself, and nothing lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import select, update
from tests.calling import CALL, QUOTE, asked, post
from tests.founded import founded
from tests.leave import ASK, DECIDE, HEAD, Clock, count, host, kinds, welcome
from tests.written import process

from charter.engine import plain
from charter.engine.effects import Effect
from charter.engine.hosting import ASKED
from charter.runtime.audit.verify import verify
from charter.runtime.host import outbox
from charter.runtime.host.cases import Cases
from charter.runtime.host.connectors import FILE, Connectors
from charter.runtime.host.outbox import MOST_TRIES
from charter.runtime.store import Store, tables as t

ROOT = Path(__file__).resolve().parents[2]
# -- one bad ask -----------------------------------------------------------------------------------------------------


@given(
    kind=st.sampled_from([*ASKED, "Nonsense", "Any", "annotations", ""]),
    body=st.text(max_size=20) | st.just("[" * 9000),
)
def test_whatever_lies_in_the_outbox_is_read_or_refused(kind: str, body: str) -> None:
    ask = outbox.Ask(1, "c", kind, body, 0)
    try:
        effect = ask.effect()
    except (ValueError, RecursionError):
        return
    assert type(effect).__name__ == kind


def effects() -> st.SearchStrategy[Effect]:
    """Draws what a step could ask for, of cases and elements that are there or not."""
    names = st.sampled_from(["ask", "fetch", "decide", "nowhere", "ask[1]", "]", ""])
    given = {"node": names, "attempt": st.integers(-1, 2), "case": st.sampled_from(["CASE", "nowhere", ""])}
    given |= {
        "process": names | st.just("leave"),
        "connector": names | st.just("prices"),
        "order": names | st.just("cancel"),
    }
    given |= {"depth": st.integers(-1, 40), "wait": st.booleans(), "mode": names | st.just("in turn"), "reason": names}
    given |= {"records": st.sampled_from([(), (("quote", {"price": 7}),), (("nothing", [[1]]),)])}
    given |= {"arguments": given["records"], "roles": st.sampled_from([(), ("clerk",), ("nobody",)])}
    given |= {
        "failure": st.none() | names,
        "chain": st.sampled_from([(), ("leave.again",)]),
        "asked": st.integers(0, 9),
        "drill": st.booleans(),
        "persons": st.sampled_from([(), ("li",), ("nobody", "")]),
        "record": names,
        "value": st.sampled_from([None, {"price": 7}]),
        "basis": st.none() | names,
    }
    people = st.sampled_from([(), ("li",), ("nobody", "")])
    makers = {"AnswerParent": people, "StartCase": st.sampled_from([(), (("quote", ("li",)), ("nothing", ()))])}

    def drawn(kind: type[Any]) -> st.SearchStrategy[Any]:
        own = {**given, "makers": makers.get(kind.__name__, people)}
        return st.builds(kind, **{field: own[field] for field in kind.__struct_fields__})

    return st.one_of([drawn(kind) for kind in ASKED.values()])


@settings(max_examples=60)
@given(effects())
def test_whatever_a_step_could_ask_for_stops_nobody(effect: Effect) -> None:
    with TemporaryDirectory() as folder, founded(Path(folder) / "a.db") as store:
        welcome(store)
        clock = Clock()
        opened = host(store, CALL, clock=clock, connectors=Connectors(Path(folder), {"prices": lambda _: QUOTE}))
        one, other = asked(opened, 2)
        post(store, one, type(effect).__name__, json.dumps(plain.to_json(effect)).replace("CASE", one))
        for _ in range(MOST_TRIES):
            ticked = opened.tick()
            assert not ticked.stuck
            clock.at += 10**10
        assert opened.state(other).status == "completed"
        assert count(store, t.outbox) == len(opened.incidents.all()) <= 1
        for incident in opened.incidents.all():
            before = count(store)
            assert opened.incidents.settle(incident.ask.number, by="root", reason="drawn at random")[1] is None
            assert count(store) - before >= 2  # the organisation's entry, and one of a case
        assert verify(store).sound


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Nonsense", "{}"),
        ("CallConnector", "{"),
        ("CallConnector", '{"node": "ask"}'),
        ("AnswerParent", '{"node": "fetch", "case": "nowhere", "attempt": "x"}'),
        ("StartCase", "[" * 9000),
        ("Offer", "7"),
    ],
)
def test_one_bad_ask_stops_no_other_and_is_kept(store: Store, tmp_path: Path, kind: str, body: str) -> None:
    clock = Clock()
    opened = host(store, CALL, clock=clock, connectors=Connectors(tmp_path, {"prices": lambda _: QUOTE}))
    one, other = asked(opened, 2)
    post(store, one, kind, body)
    ticked = opened.tick()
    assert (ticked.delivered, ticked.failed) == (2, 1)
    assert [opened.state(case).status for case in (one, other)] == ["completed", "completed"]
    pauses = []
    for _ in range(MOST_TRIES - 1):
        (incident,) = opened.incidents.all()
        assert incident.next_at is not None
        pauses.append(incident.next_at - clock.at)
        clock.at = incident.next_at + 1
        assert opened.tick().failed == 1
    assert pauses == [60_000_000 << n for n in range(MOST_TRIES - 1)]
    (incident,) = opened.incidents.all()
    assert (incident.next_at, incident.ask.body, incident.ask.deliveries) == (None, body, MOST_TRIES)
    assert incident.failure and len(incident.failure) <= 300 and incident.failure.isprintable()
    clock.at += 10**12
    assert opened.tick().failed == 0  # nobody tries again by himself
    ask, refused = opened.incidents.settle(-1, by="root", reason="written by hand")
    assert refused is None and ask.kind == kind
    assert opened.incidents.all() == []
    assert kinds(store)[-1] == "incident_settled"
    assert verify(store).sound


def test_a_call_that_ends_its_host_each_time_is_given_up_after_some(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    calls: list[Any] = []

    def prices(call: Any) -> Any:
        calls.append(call)
        raise KeyboardInterrupt  # as if the host were ended in the midst of it

    opened = host(store, CALL, clock=clock, connectors=Connectors(tmp_path, {"prices": prices}))
    (case,) = asked(opened)
    for _ in range(MOST_TRIES):
        with pytest.raises(KeyboardInterrupt):
            opened.tick()
        clock.at += 10**9
    assert opened.tick().failed == 1
    assert len(calls) == MOST_TRIES
    # a steward gives it up; the element that waited for it fails, and its owner can go on
    assert opened.incidents.settle(_only(opened), by="root", reason="no more")[1] is None
    assert opened.state(case).nodes["fetch"].state == "failed"
    assert opened.state(case).nodes["fetch"].reason == "given up by root: no more"
    assert opened.perform(case, person="wang", verb="skip", node="fetch", reason="by hand").refusal is None
    assert verify(store).sound


def test_a_clock_that_stood_ahead_leases_nothing_for_days(store: Store, tmp_path: Path) -> None:
    clock = Clock()
    calls: list[Any] = []

    def prices(call: Any) -> Any:
        calls.append(call)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return QUOTE

    opened = host(store, CALL, clock=clock, connectors=Connectors(tmp_path, {"prices": prices}))
    (case,) = asked(opened)
    clock.at += 10 * 86_400_000_000
    with pytest.raises(KeyboardInterrupt):
        opened.tick()
    clock.at -= 10 * 86_400_000_000
    assert opened.tick().delivered == 1
    assert opened.state(case).status == "completed"


def _only(opened: Cases) -> int:
    (incident,) = opened.incidents.all()
    return incident.ask.number


@pytest.mark.parametrize(
    "broken", ["prices: [", "[" * 5000, "prices: {shell: rm}\n", "prices: {command: ['env:NOWHERE']}\n"]
)
def test_a_broken_connectors_file_fails_no_command_and_no_other_case(store: Store, tmp_path: Path, broken: str) -> None:
    clock = Clock()
    opened = host(store, CALL, clock=clock)
    opened.deploy(
        process(HEAD.replace("process leave", "process timed") + ASK + "    within 2 hours\n" + DECIDE), by="root"
    )
    (tmp_path / FILE).write_text(broken)
    (case,) = asked(opened)
    late = opened.start("timed", person="li").case
    clock.at += 3 * 3_600_000_000
    ticked = opened.tick()
    assert (ticked.ticks, ticked.failed) == (1, 1)
    assert "overdue" in kinds(store, late)
    assert opened.state(case).nodes["fetch"].state == "active"
    # the file is mended, and the call is made
    (tmp_path / FILE).write_text("prices: {command: [echo, '" + json.dumps(QUOTE) + "']}\n")
    assert opened.incidents.retry(_only(opened), by="li")[1] is not None  # for stewards
    assert opened.incidents.retry(_only(opened), by="root")[1] is None
    assert opened.tick().delivered == 1
    assert opened.state(case).status == "completed"
    assert verify(store).sound


def test_a_fault_in_one_case_stops_no_other(store: Store) -> None:
    clock = Clock()
    opened = host(store, process(HEAD + ASK + "    within 2 hours\n" + DECIDE), clock=clock)
    one, other = (opened.start("leave", person="li").case for _ in range(2))
    with store.write() as connection:
        connection.execute(update(t.cases).where(t.cases.c.id == one).values(state="{"))
    clock.at += 3 * 3_600_000_000
    ticked = Cases(store, clock=clock).tick()
    assert [case for case, _ in ticked.stuck] == [one]
    assert ticked.ticks == 1
    assert "overdue" in kinds(store, other)
    # It is an incident, which is tried again after a while, and at last by nobody but a steward.
    for tries in range(1, MOST_TRIES):
        (incident,) = opened.incidents.all()
        assert (incident.ask.kind, incident.ask.case, incident.ask.deliveries) == (outbox.WAKE, one, tries)
        assert Cases(store, clock=clock).tick().stuck == ()
        assert incident.next_at is not None
        clock.at = incident.next_at + 1
        assert Cases(store, clock=clock).tick().failed == 1
    assert opened.incidents.all()[0].next_at is None
    with store.write() as connection:
        connection.execute(update(t.cases).where(t.cases.c.id == one).values(state="{}"))
    assert opened.incidents.retry(_only(opened), by="root")[1] is None
    assert Cases(store, clock=clock).tick().delivered == 1
    assert "overdue" in kinds(store, one)


def test_a_tick_does_all_that_is_due_and_tells_what_is_left(store: Store, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("charter.runtime.host.delivery.MOST_DELIVERIES", 3)
    opened = host(store, CALL, connectors=Connectors(tmp_path, {"prices": lambda _: QUOTE}))
    asked(opened, 10)
    ticked = opened.tick()
    assert (ticked.delivered, ticked.left) == (10, 0)
    assert (
        opened.deploy(process("process forever\n  activity go start forever\n    when case.open\n"), by="root").refusal
        is None
    )
    done = opened.start("forever", person="li")
    assert done.owed  # three cases further on it is left to the next tick
    ticked = opened.tick()
    assert (ticked.delivered, ticked.left) == (4, 1)


# -- as processes ----------------------------------------------------------------------------------------------------


def environment(**more: str) -> dict[str, str]:
    path = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    return {**os.environ, "PYTHONPATH": path, **more}


def charter(path: Path, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "charter.runtime.cli.main", "--db", str(path), *words]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment(), check=False, cwd=path.parent, timeout=60, **more
    )


def _until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def test_a_command_calls_nobody_and_a_worker_does(store: Store, path: Path) -> None:
    opened = host(store, CALL)
    case = opened.start("leave", person="li").case
    (path.parent / FILE).write_text(json.dumps({"prices": {"command": ["sh", "-c", f"echo '{json.dumps(QUOTE)}'"]}}))
    done = charter(path, "complete", case, "ask", "--set", "text=hello", "--as", "li")
    assert done.returncode == 0, done.stderr
    assert opened.state(case).nodes["fetch"].state == "active"
    worked = charter(path, "work", "--once", "--json")
    assert (worked.returncode, json.loads(worked.stdout)["delivered"]) == (0, 1), worked.stderr
    assert opened.state(case).status == "completed"
    assert count(store, t.outbox) == 0


def test_a_full_disk_behind_the_answer_does_not_fail_the_command(store: Store, path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    opened = host(store)
    case = opened.start("leave", person="li").case
    command = [sys.executable, "-m", "charter.runtime.cli.main", "--db", str(path), "claim", case, "ask", "--as", "li"]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert "the command is done" in done.stderr
    assert opened.state(case).nodes["ask"].state == "claimed"


def test_two_ticks_at_once_make_each_call_once(store: Store, path: Path) -> None:
    opened = host(store, CALL)
    (path.parent / FILE).write_text(
        json.dumps({"prices": {"command": ["sh", "-c", f"echo x >> calls; sleep 0.05; echo '{json.dumps(QUOTE)}'"]}})
    )
    found = asked(opened, 6)
    hosts = [threading.Thread(target=charter, args=(path, "tick")) for _ in range(3)]
    for each in hosts:
        each.start()
    for each in hosts:
        each.join()
    assert [opened.state(case).status for case in found] == ["completed"] * 6
    assert (path.parent / "calls").read_text() == "x\n" * 6
    assert verify(store).sound


def test_a_host_killed_in_a_call_leaves_it_to_the_next(store: Store, path: Path) -> None:
    clock = Clock()
    clock.at = time.time_ns() // 1000
    opened = host(store, CALL, clock=clock)
    says = f"echo $CHARTER_KEY >> keys; [ -e again ] || sleep 60; echo '{json.dumps(QUOTE)}'"
    (path.parent / FILE).write_text(json.dumps({"prices": {"command": ["sh", "-c", says], "timeout": 90}}))
    (case,) = asked(opened)
    command = [sys.executable, "-m", "charter.runtime.cli.main", "--db", str(path), "tick"]
    killed = subprocess.Popen(command, env=environment(), cwd=path.parent)
    assert _until((path.parent / "keys").exists)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (path.parent / "again").touch()
    assert opened.tick().delivered == 0  # its lease still holds
    clock.at += 200_000_000
    assert opened.tick().delivered == 1
    assert opened.state(case).status == "completed"
    first, second = (path.parent / "keys").read_text().split()
    assert first == second
    assert verify(store).sound
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT count(*) FROM outbox").fetchone() == (0,)
    raw.close()


def test_a_case_is_read_once_for_an_answer(store: Store, tmp_path: Path, monkeypatch: Any) -> None:
    opened = host(store, CALL, connectors=Connectors(tmp_path, {"prices": lambda _: QUOTE}))
    (case,) = asked(opened)
    archive, reads = opened._caseload.archive, []
    find = archive.find
    monkeypatch.setattr(archive, "find", lambda connection, case: reads.append(case) or find(connection, case))
    opened.tick(case)
    assert reads.count(case) == 2  # for what is due, and for the answer
    with store.read() as connection:
        assert connection.execute(select(t.cases.c.status)).scalar() == "completed"
