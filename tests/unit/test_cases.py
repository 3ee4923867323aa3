"""One path for a command: races, crashes, keys, people, what is asked of the world, and tampering that shows."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select

from charter.engine.definition import (
    Agreement,
    Consequence,
    Definition,
    Element,
    Field,
    Input,
    Parameter,
    RecordType,
    Retry,
    Role,
    Separation,
    Stage,
    TypeRef,
    Work,
)
from charter.engine.refusals import Refusal
from charter.runtime.audit.log import ORGANISATION, load
from charter.runtime.audit.verify import verify
from charter.runtime.casefile import AmbiguousCase, NoSuchCase, NoSuchProcess
from charter.runtime.cases import Cases
from charter.runtime.connectors import Connectors
from charter.runtime.inbox import WorkItem, inbox
from charter.runtime.people import People
from charter.runtime.store import Store, open_store
from charter.runtime.store.errors import NotText
from charter.runtime.store.tables import cases, entries, outbox

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3_600_000_000
TEXT = (Field("text", "text", TypeRef("text")),)


class Clock:
    at = 1_780_000_000_000_000

    def __call__(self) -> int:
        return self.at


def process(*elements: Element, **more: Any) -> Definition:
    roles = (Role("clerk", "clerk"), Role("boss", "boss"))
    types = (RecordType("request", "request", TEXT), RecordType("quote", "quote"))
    return Definition("leave", "leave", owner="boss", roles=roles, records=types, elements=elements, **more)


ASK = Element("ask", "ask", "activity", roles=("clerk",), outputs=("request",))
DECIDE = Element(
    "decide",
    "decide",
    "approval",
    inputs=(Input("request"),),
    agreement=Agreement("request", (Stage((("boss", 1),), 1),), on_reject=Consequence("return", "ask")),
)
LEAVE = process(ASK, DECIDE, separations=(Separation("decide", "ask"),))
HELLO = {"request": {"text": "hello"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(str(path)) as opened:
        people = People(opened, by="root")
        for person, roles in {"li": ["clerk"], "wang": ["boss"], "zhao": ["clerk", "boss"]}.items():
            people.add(person)
            for role in roles:
                people.grant(person, role)
        yield opened


def host(store: Store, definition: Definition = LEAVE, **more: Any) -> Cases:
    opened = Cases(store, **more)
    assert opened.deploy(definition, by="root").refusal is None
    return opened


def code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


def box(store: Store, person: str, **more: Any) -> list[str]:
    with store.read() as connection:
        found = inbox(connection, person, now=Clock.at, **more)
    assert isinstance(found, list)
    return [f"{item.node} {item.why}" + (f" {item.on_behalf_of}" if item.on_behalf_of else "") for item in found]


def count(store: Store, table: Any = entries) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def kinds(store: Store, chain: str = ORGANISATION) -> list[str]:
    with store.read() as connection:
        return [s.fields["kind"] for s in load(connection, chain)]


# -- deploying, starting, finding ------------------------------------------------------------------------------------


def test_a_process_with_a_vague_word_is_not_deployed_and_the_attempt_is_recorded(store: Store) -> None:
    opened = Cases(store)
    vague = replace(LEAVE, parameters=(Parameter("limit", "limit"),))
    deployed = opened.deploy(vague, by="root")
    assert code(deployed.refusal) == "CH526"
    assert kinds(store)[-1] == "refused"
    with pytest.raises(NoSuchProcess):
        opened.start("leave", person="li")
    assert opened.deploy(vague.bind({"limit": "3"}), by="root", texts={"leave.charter": "process leave"}).new


def test_a_running_case_keeps_the_definition_it_began_with(store: Store) -> None:
    opened = host(store)
    old = opened.start("leave", person="li").case
    newer = replace(LEAVE, version="2", elements=(ASK,), separations=())
    assert opened.deploy(newer, by="root").new
    assert not opened.deploy(newer, by="root").new
    new = opened.start("leave", person="li").case
    for each in (opened, Cases(store)):
        assert each.definition(old) == LEAVE
        assert each.definition(new) == each.definition("leave") == newer
        assert each.processes() == [newer]
    assert opened.perform(new, person="li", verb="complete", node="ask", records=HELLO).state.status == "completed"
    assert opened.perform(old, person="li", verb="complete", node="ask", records=HELLO).state.status == "open"


def test_a_case_is_found_by_number_or_the_beginning_of_its_id(store: Store) -> None:
    opened = host(store)
    ids = [opened.start("leave", person="li").case for _ in range(40)]
    found = [opened.resolve(text) for text in ("1", "#40", ids[7], ids[7][:12].upper())]
    assert found == [ids[0], ids[39], ids[7], ids[7]]
    with pytest.raises(AmbiguousCase):
        opened.resolve(next(a for a in "abcdefghjkmnpqrstvwxyz" if sum(i[0] == a for i in ids) > 1))
    for nothing in ("", "#41", "zzzzz", "~", "%"):
        with pytest.raises(NoSuchCase):
            opened.resolve(nothing)


def test_a_refused_start_leaves_a_record_and_no_case(store: Store) -> None:
    opened = host(store)
    refused = opened.start("leave", person="li", records={"nonsense": 1})
    assert code(refused.refusal) == "CH510"
    assert count(store, cases) == 0
    assert kinds(store)[-1] == "refused"


# -- the inbox -------------------------------------------------------------------------------------------------------


def test_the_inbox_shows_what_one_may_do_and_no_more(store: Store) -> None:
    opened = host(store)
    case = opened.start("leave", person="li").case
    assert (box(store, "li"), box(store, "wang"), box(store, "zhao")) == (["ask offered"], [], ["ask offered"])
    opened.perform(case, person="zhao", verb="claim", node="ask")
    assert (box(store, "li"), box(store, "zhao")) == ([], ["ask held"])
    opened.perform(case, person="zhao", verb="complete", node="ask", records=HELLO)
    # Who asked may not decide, role or no role.
    assert (box(store, "wang"), box(store, "zhao")) == (["decide offered"], [])
    assert code(opened.perform(case, person="zhao", verb="approve", node="decide").refusal) == "CH503"
    opened.perform(case, person="wang", verb="suspend", reason="audit")
    assert box(store, "wang") == []
    opened.perform(case, person="wang", verb="resume")
    assert box(store, "wang") == ["decide offered"]
    opened.perform(case, person="wang", verb="approve", node="decide")
    assert box(store, "wang") == []


def test_what_somebody_does_meanwhile_bars_them_from_open_work(store: Store) -> None:
    free = replace(DECIDE, inputs=(), agreement=replace(DECIDE.agreement, of=None, on_reject=None))
    opened = host(store, process(ASK, free, separations=(Separation("decide", "ask"),)))
    case = opened.start("leave", person="li").case
    assert box(store, "zhao") == ["ask offered", "decide offered"]
    opened.perform(case, person="zhao", verb="complete", node="ask", records=HELLO)
    assert box(store, "zhao") == []


def test_the_inbox_goes_on_page_by_page_in_order_of_what_is_due(store: Store) -> None:
    clock = Clock()
    opened = host(store, process(replace(ASK, within="2 hours"), DECIDE), clock=clock)
    for _ in range(7):
        opened.start("leave", person="li")
    clock.at += HOUR
    opened.start("leave", person="li")
    seen: list[WorkItem] = []
    with store.read() as connection:
        while page := inbox(connection, "li", now=clock.at, limit=3, after=seen[-1].place if seen else None):
            assert isinstance(page, list)
            seen += page
    assert len({item.case for item in seen}) == 8
    assert [item.due for item in seen] == sorted(item.due for item in seen if item.due)
    assert seen[-1].number == 8


def test_a_substitute_sees_and_does_the_work_in_the_other_s_name(store: Store) -> None:
    opened = host(store)
    people = People(store, by="root", clock=lambda: 0)
    people.add("sun")
    number = people.stand_in("delegation", "wang", "sun", since=0, until=10**17)
    People(store, by="sun", clock=lambda: 0).accept(number)
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    assert box(store, "sun") == ["decide stand_in wang"]
    done = opened.perform(case, person="sun", verb="approve", node="decide")
    assert done.state.status == "completed"
    assert (done.entries[0].actor, done.entries[0].on_behalf_of) == ("sun", "wang")


# -- refusals before a case, keys, conflicts -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "lent", "acts_for"),
    [
        ("boss", "boss", None),  # who can in their own right does
        ("clerk", "boss", "wang"),
        ("clerk", "clerk", None),  # nothing is lent that is needed here
    ],
)
def test_somebody_is_acted_for_only_where_their_right_is_needed(
    store: Store, own: str, lent: str, acts_for: str | None
) -> None:
    opened = host(store)
    people = People(store, by="root")
    people.add("sun")
    people.grant("sun", own)
    people.revoke("wang", "boss")
    people.grant("wang", lent)
    People(store, by="sun").accept(people.stand_in("delegation", "wang", "sun", since=0, until=10**17))
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    done = opened.perform(case, person="sun", verb="approve", node="decide")
    assert (done.entries[0].actor, done.entries[0].on_behalf_of) == ("sun", acts_for)
    assert (done.refusal is None) == ("boss" in (own, lent))


def test_strangers_and_old_views_are_refused_on_the_record(store: Store) -> None:
    opened = host(store)
    case = opened.start("leave", person="li").case
    seen = opened.state(case).commands
    for sent, expected in (
        ({"person": "ghost"}, "CH580"),
        ({"person": "system"}, "CH580"),
        ({"person": "li", "on_behalf_of": "wang"}, "CH583"),
        ({"person": "li", "seen": seen - 1}, "CH581"),
    ):
        before = count(store)
        refused = opened.perform(case, verb="claim", node="ask", **sent)
        assert code(refused.refusal) == expected
        assert count(store) == before + 1
    assert opened.state(case).commands == seen
    assert opened.perform(case, person="li", verb="claim", node="ask", seen=seen).refusal is None


def test_a_key_does_once_what_is_sent_twice(store: Store) -> None:
    opened = host(store)
    first = opened.start("leave", person="li", key="s")
    assert replace(opened.start("leave", person="li", key="s"), effects=first.effects) == first
    done = opened.perform(first.case, person="li", verb="complete", node="ask", records=HELLO, key="k")
    before = count(store)
    again = Cases(store).perform(first.case, person="li", verb="complete", node="ask", records=HELLO, key="k")
    assert (again.entries, again.first, again.refusal) == (done.entries, done.first, None)
    assert count(store) == before
    other = opened.perform(first.case, person="wang", verb="approve", node="decide", key="k")
    assert code(other.refusal) == "CH582"
    assert opened.state(first.case).nodes["decide"].state == "ready"


def test_time_in_a_case_never_runs_back_and_the_step_is_recorded(store: Store) -> None:
    clock = Clock()
    opened = host(store, clock=clock)
    case = opened.start("leave", person="li").case
    clock.at -= HOUR
    opened.perform(case, person="li", verb="claim", node="ask")
    with store.read() as connection:
        times = [s.at for s in load(connection, case)]
    assert times == sorted(times)
    assert "clock_stepped_back" in kinds(store)
    assert verify(store).sound


# -- time and the world ----------------------------------------------------------------------------------------------


def test_a_record_names_the_zone_that_its_host_is_in(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    cases_ = host(store)
    for zone in ("Asia/Shanghai", "Europe/Berlin"):
        monkeypatch.setenv("TZ", zone)
        case = cases_.start("leave", person="li").case
        with store.read() as connection:
            assert {sealed.fields["zone"] for sealed in load(connection, case)} == {zone}


def test_what_is_due_happens_before_the_next_command_or_with_a_tick(store: Store) -> None:
    clock = Clock()
    opened = host(store, process(replace(ASK, within="2 hours"), DECIDE), clock=clock)
    one, two = (opened.start("leave", person="li").case for _ in range(2))
    assert opened.tick() == 0
    clock.at += 3 * HOUR
    opened.perform(one, person="li", verb="claim", node="ask")
    assert "overdue" in kinds(store, one)
    assert opened.tick(until=clock.at - 2 * HOUR) == 0
    assert opened.tick() == 1
    assert opened.tick() == 0
    assert "overdue" in kinds(store, two)


CALL = Element(
    "fetch",
    "fetch",
    "activity",
    outputs=("quote",),
    inputs=(Input("request"),),
    work=Work("call", "prices", arguments=(("wanted", "request.text"),), retry=Retry(2, "3 hours")),
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
    opened = host(store, process(ASK, CALL), clock=clock, connectors=Connectors(tmp_path, {"prices": prices}))
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
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
    opened = host(store, process(ASK, CALL), clock=clock, connectors=Connectors(tmp_path, {"prices": prices}))
    case = opened.start("leave", person="li").case
    with pytest.raises(KeyboardInterrupt):
        opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    assert opened.state(case).nodes["ask"].state == "done"
    opened.tick()
    assert len(keys) == 1  # the lease still holds: somebody may be at it
    clock.at += HOUR
    opened.tick()
    assert keys == [f"{case}:fetch:1"] * 2
    assert opened.state(case).status == "completed"


def test_what_cannot_be_delivered_now_does_not_undo_the_command(store: Store, path: Path, tmp_path: Path) -> None:
    lock: list[sqlite3.Connection] = []

    def prices(call: dict[str, Any]) -> dict[str, Any]:
        lock.append(sqlite3.connect(path, isolation_level=None))
        lock[0].execute("BEGIN IMMEDIATE")  # another program takes the database, and the answer cannot be taken in
        return {"quote": {"price": 7}}

    clock = Clock()
    with open_store(str(path), busy_seconds=0.05) as hasty:
        opened = host(hasty, process(ASK, CALL), clock=clock, connectors=Connectors(tmp_path, {"prices": prices}))
        case = opened.start("leave", person="li").case
        done = opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
        assert done.refusal is None
    lock[0].close()
    again = Cases(store, clock=clock, connectors=Connectors(tmp_path, {"prices": lambda _: {"quote": {"price": 7}}}))
    clock.at += HOUR
    again.tick()
    assert again.state(case).status == "completed"


def test_a_case_runs_another_and_takes_in_what_it_gives(store: Store) -> None:
    child = replace(
        process(replace(ASK, inputs=(Input("brief"),))),
        name="quoting",
        inputs=("brief",),
        outputs=("request",),
        records=(RecordType("request", "request", TEXT), RecordType("brief", "brief", TEXT)),
    )
    work = Work("run", "quoting", (("brief", '{text: "x"}'),))
    opened = host(store, process(Element("run_it", "run it", "activity", outputs=("request",), work=work), DECIDE))
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
    opened = host(store, process(replace(ASK, assign_mode=mode), DECIDE))
    first = opened.start("leave", person="li").case
    held = [opened.state(first).nodes["ask"].holder]
    for number in range(3):
        case = opened.start("leave", person="li").case
        held.append(opened.state(case).nodes["ask"].holder)
        if mode == "least busy" and number < 2:
            opened.perform(case, person="zhao", verb="complete", node="ask", records=HELLO)
    assert held == expected


# -- races and crashes -----------------------------------------------------------------------------------------------


def run(script: str, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


RACER = """
import sys
from charter.runtime.cases import Cases
from charter.runtime.store import open_store
host = Cases(open_store(sys.argv[1]))
print("there", flush=True)
for case in sys.stdin.read().split():
    refused = host.perform(case, person=sys.argv[2], verb="claim", node="ask").refusal
    print(case, refused.code if refused else "won")
"""


def test_two_who_want_the_same_work_one_gets_it_and_the_other_is_told(store: Store, path: Path) -> None:
    opened = host(store)
    ids = [opened.start("leave", person="li").case for _ in range(30)]
    racers = {person: run(RACER, str(path), person) for person in ("li", "zhao")}
    for racer in racers.values():
        assert racer.stdout is not None
        assert racer.stdout.readline() == "there\n"
    for racer in racers.values():
        assert racer.stdin is not None
        racer.stdin.write(" ".join(ids))
        racer.stdin.close()
    results: dict[str, dict[str, str]] = {}
    for person, racer in racers.items():
        assert racer.stdout is not None
        results[person] = dict(line.split() for line in racer.stdout.read().splitlines())
        assert racer.wait() == 0
    for case in ids:
        told = sorted((results["li"][case], results["zhao"][case]))
        assert told[1] == "won"
        assert told[0] in ("CH502", "CH507", "CH520")
        winner = "li" if results["li"][case] == "won" else "zhao"
        assert opened.state(case).nodes["ask"].holder == winner
    assert verify(store).sound


WRITER = """
import sys
from charter.runtime.cases import Cases
from charter.runtime.store import open_store
host = Cases(open_store(sys.argv[1]))
while True:
    case = host.start("leave", person="li").case
    host.perform(case, person="li", verb="complete", node="ask", records={"request": {"text": "hello"}})
    done = host.perform(case, person="wang", verb="reject", node="decide", reason="no")
    print(case, done.state.commands, flush=True)
"""


def test_a_host_killed_at_any_moment_leaves_nothing_lost_and_nothing_half(store: Store, path: Path) -> None:
    host(store)
    acknowledged: dict[str, int] = {}
    for round_ in range(6):
        writer = run(WRITER, str(path))
        assert writer.stdout is not None
        first = writer.stdout.readline()
        time.sleep(0.013 * round_)  # killed at another point each time; nothing is measured
        writer.send_signal(signal.SIGKILL)
        lines = (first + writer.stdout.read()).splitlines(keepends=True)
        writer.wait()
        # the last line may be cut anywhere
        told = (line.split() for line in lines if line.endswith("\n"))
        acknowledged.update((case, int(version)) for case, version in told)
        fresh = Cases(store)
        for case, version in acknowledged.items():
            assert fresh.state(case).commands == version
        found = verify(store)
        assert found.sound, found
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    raw.close()
    assert len(acknowledged) >= 6


# -- a trail tells on tampering --------------------------------------------------------------------------------------


def tampered(path: Path, *statements: str) -> None:
    """Does what somebody with the file and without scruples can."""
    raw = sqlite3.connect(path)
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        raw.execute(statement)
    raw.commit()
    raw.close()


CASE = "\"case\" <> 'organisation'"
BODY = "UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), '{}', '{}') AS BLOB) WHERE seq = {} AND " + CASE
LAST = f"seq = (SELECT max(seq) FROM entries WHERE {CASE}) AND {CASE}"


@pytest.mark.parametrize(
    ("statements", "verdict", "seq", "why"),
    [
        ([BODY.format('"hello"', '"hallo"', 3)], "integrity", 4, "chain_broken"),
        ([BODY.format("{", "[", 3)], "integrity", 3, "unreadable"),
        ([f"UPDATE entries SET actor = 'zhao' WHERE seq = 3 AND {CASE}"], "integrity", 3, "columns_differ"),
        ([f"DELETE FROM entries WHERE seq = 3 AND {CASE}"], "completeness", 3, "gap"),
        ([f"DELETE FROM entries WHERE {LAST}"], "completeness", 6, "count_differs"),
        (["UPDATE cases SET head = 'x'"], "integrity", 6, "head_differs"),
        (["UPDATE contents SET body = replace(body, 'hello', 'hallo')"], "truth", None, "table_differs"),
        (["DELETE FROM cases"], "completeness", 1, "no_such_case"),
    ],
)
def test_tampering_is_found_and_located(
    store: Store, path: Path, statements: list[str], verdict: str, seq: int | None, why: str
) -> None:
    opened = host(store)
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    opened.perform(case, person="wang", verb="comment", text="hm")
    assert count(store) - len(kinds(store)) == 6
    assert verify(store).sound
    store.close()
    tampered(path, *statements)
    found = getattr(verify(store), verdict)
    assert not found.sound
    assert (found.fault.seq, found.fault.why) == (seq, why)


def test_a_case_taken_out_with_all_its_records_leaves_its_number_behind(store: Store, path: Path) -> None:
    opened = host(store)
    first, _second = (opened.start("leave", person="li").case for _ in range(2))
    store.close()
    tampered(path, f"DELETE FROM entries WHERE \"case\" = '{first}'", f"DELETE FROM cases WHERE id = '{first}'")
    fault = verify(store).completeness.fault
    assert fault is not None
    assert (fault.case, fault.why) == ("#1", "case_missing")


def test_a_history_rewritten_with_its_chain_is_not_what_the_definition_produces(store: Store, path: Path) -> None:
    """Recomputing every hash makes integrity and completeness good again; truth still tells."""
    import json
    from hashlib import sha256

    opened = host(store)
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    store.close()
    tampered(path)
    raw = sqlite3.connect(path)
    prev = "0" * 64
    told = 'SELECT position, body FROM entries WHERE "case" = ? ORDER BY seq'
    for position, body in raw.execute(told, (case,)).fetchall():
        fields = json.loads(body)
        fields["prev"] = prev
        if fields["kind"] == "completed" and fields.get("element") == "ask":
            fields["actor"] = "zhao"
            raw.execute("UPDATE entries SET actor = 'zhao' WHERE position = ?", (position,))
        text = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        raw.execute("UPDATE entries SET body = ? WHERE position = ?", (text, position))
        prev = sha256(text).hexdigest()
    raw.execute("UPDATE cases SET head = ?", (prev,))
    raw.commit()
    raw.close()
    found = verify(store)
    assert found.integrity.sound
    assert found.completeness.sound
    assert found.truth.fault is not None
    assert (found.truth.fault.case, found.truth.fault.why) == (case, "differs_from_replay")


@pytest.mark.parametrize("text", ["\ud800", "a\x00b", "e\u0301", "😀" * 100])
def test_any_text_is_either_kept_or_refused_with_a_code(store: Store, text: str) -> None:
    opened = host(store)
    case = opened.start("leave", person="li").case
    send: Callable[..., Any] = opened.perform
    if text == "\ud800":
        with pytest.raises(NotText):
            send(case, person="li", verb="complete", node="ask", records={"request": {"text": text}})
        with pytest.raises(NotText):
            send(case, person=text, verb="claim", node="ask")
    else:
        assert send(case, person="li", verb="complete", node="ask", records={"request": {"text": text}}).refusal is None
    assert verify(store).sound
