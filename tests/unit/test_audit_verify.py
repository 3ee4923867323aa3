"""Whatever is changed in the database beside the entries, the trail tells, and where."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import Table
from tests.founded import founded
from tests.hands import unguarded
from tests.leave import APART, ASK, DECIDE, HEAD, HELLO, LEAVE
from tests.properties.histories import garbage
from tests.written import process

from charter.engine.days import Day, Year
from charter.engine.refusals import Refusal
from charter.engine.values import canonical, encode
from charter.runtime.audit import apart, sealing
from charter.runtime.audit.log import Origin, load
from charter.runtime.audit.verify import Fault, Verification, verify
from charter.runtime.folds import organisation
from charter.runtime.host.cases import Cases
from charter.runtime.host.connectors import Connector
from charter.runtime.notify import channels, routes
from charter.runtime.notify.channels import Channel
from charter.runtime.notify.routes import Route
from charter.runtime.people.changes import People
from charter.runtime.store import open_store
from charter.runtime.store.prepared import ask
from charter.runtime.store.tables import metadata

# What is still to be done, and what was asked before: no entry tells of it (docs/audit.md says so).
WORKING_MEMORY = {"outbox", "keys", "turns", "clock", "queue", "cursors"}
# Numbers that only put rows in order, and the order of arrival, which the tree will hold.
ORDER = {
    ("absences", "number"),
    ("deployments", "number"),
    ("public_days", "number"),
    ("figures", "number"),
    ("entries", "position"),
}


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with at least one row in every table that entries tell of."""
    path = tmp_path_factory.mktemp("trail") / "a.db"
    with founded(path, clock=lambda: 100) as store:
        people = People(store, by="root", clock=lambda: 100)
        people.load(
            [
                {"id": "li", "roles": ["clerk"], "skills": {"law": 2}, "certificates": ["PMP"]},
                {
                    "id": "wang",
                    "roles": ["boss"],
                    "absences": [{"since": "2026-03-01", "until": "2026-03-02"}],
                    "substitutes": [{"person": "li"}],
                },
            ]
        )
        host = Cases(store)
        assert host.connectors.add(store, Connector.of("c", {"command": ["true"]}), by="root", at=100) is None
        hook = Channel.of("hook", "webhook", {"url": "https://x.example/", "secret": "env:HOOK", "timeout": 9})
        assert channels.add(store, hook, by="root", at=100, origin=Origin("test")) is None
        assert routes.put(store, Route("person", "li", "*", "hook"), by="root", at=100, origin=Origin("test")) is None
        informing = process(HEAD + APART + ASK + "    informed boss\n" + DECIDE)
        host.deploy(informing, by="root", texts={"leave.charter": "process leave"})
        for _ in range(2):
            case = host.start("leave", person="li").case
            host.perform(case, person="li", verb="complete", node="ask", records=HELLO)
        gathering = "process lists\n  owner boss\n  role boss\n  role clerk\n"
        host.deploy(process(f"{gathering}  activity gather for each open thing\n    role clerk\n"), by="root")
        host.start("lists", person="li")
        host.public_days.publish("CN", [Year(2026, (Day("2026-01-01"),))], source="days.ics", by="root")
        figure = "  kpi ended\n    formula count(cases)\n    every 1 month\n"
        clock = "  sla response\n    stops when look.done\n    target 80 days\n"
        looking = f"process counted\n  role clerk\n  activity look\n    role clerk\n{clock}{figure}"
        host.deploy(process(looking), by="root")
        host.start("counted", person="li")
        assert host.figures.turn(host.now() + 40 * 86_400_000_000) == 1
        filing = "activity note\n    role clerk\n    output thing\n    files thing into things\n"
        reading = '  activity look\n    role clerk\n    after note\n    when things["b"].name = "a"\n'
        record = "  record thing\n    name text\n"
        register = "role clerk\nregister things key name\n  name text\n  review every 1 year by clerk\n"
        host.deploy(process(f"{register}\nprocess filed\n{record}  {filing}{reading}"), by="root")
        assert host.registers.fill("things", [("b", {"name": "b"})], source="things.csv", by="root") == (1, None)
        assert host.reviews.turn(host.now() + 400 * 86_400_000_000) == 1
        case = host.start("filed", person="li").case
        host.perform(case, person="li", verb="complete", node="note", records={"thing": {"name": "a"}})
        about = "  record about\n    place text\n  activity name\n    role clerk\n    output about\n"
        going = '  activity go\n    role clerk\n    when filed.thing.name != ""\n'
        numbered = 'process follow\n  number "F-{3}"\n  concerns filed by about.place\n'
        linking = f"{register}\n{numbered}{about}{going}\nprocess filed\n{record}  {filing}{reading}"
        host.deploy(process(linking), by="root")
        follow = host.start("follow", person="li").case
        host.perform(follow, person="li", verb="complete", node="name", records={"about": {"place": case}})
        assert verify(store).sound
    return path


@pytest.fixture(scope="module")
def sealed(trail: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, sealed."""
    path = tmp_path_factory.mktemp("sealed") / "a.db"
    shutil.copy(trail, path)
    with open_store(str(path)) as store:
        assert not isinstance(sealing.set_key(store, "root", at=100, origin=Origin("test")), Refusal)
        assert verify(store).sound
    return path


def other(value: Any) -> Any:
    """Gives a value that is certainly another one."""
    if isinstance(value, bytes):
        return value + b" "
    return value + 1000 if isinstance(value, int) else f"{value or ''}x"


def looked_at(trail: Path, folder: Path, *statements: tuple[str, tuple[Any, ...]]) -> Verification:
    """Does what somebody with the file and without scruples can, and verifies."""
    path = folder / "b.db"
    shutil.copy(trail, path)
    raw = sqlite3.connect(path)
    with unguarded(raw):
        for statement, values in statements:
            assert raw.execute(statement, values).rowcount, statement
    raw.commit()
    raw.close()
    with open_store(str(path)) as store:
        return verify(store)


TABLES = [table for table in metadata.sorted_tables if table.name not in WORKING_MEMORY]


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_no_column_can_be_changed_unseen(sealed: Path, tmp_path: Path, table: Table) -> None:
    trail = sealed
    raw = sqlite3.connect(trail)
    raw.row_factory = sqlite3.Row
    row = raw.execute(f"SELECT * FROM {table.name}").fetchone()
    raw.close()
    keys = [column.name for column in table.primary_key.columns]
    where = " AND ".join(f'"{name}" = ?' for name in keys)
    at = tuple(row[name] for name in keys)
    unseen = [
        column.name
        for column in table.columns
        if (table.name, column.name) not in ORDER
        and looked_at(
            trail,
            tmp_path,
            (f'UPDATE {table.name} SET "{column.name}" = ? WHERE {where}', (other(row[column.name]), *at)),
        ).sound
    ]
    assert unseen == []
    assert not looked_at(trail, tmp_path, (f"DELETE FROM {table.name} WHERE {where}", at)).sound
    once = {column.name for column in table.columns if column.primary_key or column.unique}
    changed = once | {"id", "seq", "person", "serial", "number"}
    copy = [other(row[name]) if name in changed else row[name] for name in row.keys()]  # noqa: SIM118
    marks = ", ".join("?" * len(copy))
    assert not looked_at(trail, tmp_path, (f"INSERT INTO {table.name} VALUES ({marks})", tuple(copy))).sound


SET = "UPDATE entries SET body = CAST(json_set(CAST(body AS TEXT), ?, json(?)) AS BLOB) WHERE kind = ? AND "
CASES, ORGANISATION = "\"case\" <> 'organisation'", "\"case\" = 'organisation'"


@pytest.mark.parametrize(
    ("chain", "kind", "place", "value"),
    [
        (CASES, "completed", "$.at", '"noon"'),
        (CASES, "completed", "$.at", "{}"),
        (CASES, "completed", "$.clauses", "1"),
        (CASES, "completed", "$.data", "null"),
        (ORGANISATION, "deployed", "$.data", "1"),
        (ORGANISATION, "deployed", "$.data", "{}"),
        (ORGANISATION, "absence_noted", "$.data.since", '"noon"'),
    ],
)
def test_what_no_step_wrote_is_a_verdict_and_no_error(
    trail: Path, tmp_path: Path, chain: str, kind: str, place: str, value: str
) -> None:
    found = looked_at(trail, tmp_path, (SET + chain, (place, value, kind)))
    assert found.truth.fault is not None and found.truth.fault.why == "not_replayable", found.truth
    assert (found.truth.fault.case == "organisation") is (chain is ORGANISATION)
    assert not found.integrity.sound


def test_an_entry_that_another_build_wrote_is_held_to_integrity_and_named(trail: Path, tmp_path: Path) -> None:
    with sqlite3.connect(trail) as raw:
        ((at, body),) = raw.execute(
            f"SELECT position, body FROM entries WHERE {ORGANISATION} ORDER BY seq DESC LIMIT 1"
        )
    newer = canonical({**json.loads(body), "kind": "weighed", "data": {"grams": 20}})
    found = looked_at(
        trail,
        tmp_path,
        ("UPDATE entries SET kind = 'weighed', body = ? WHERE position = ?", (newer, at)),
        ("UPDATE chains SET head = ? WHERE chain = 'organisation'", (sha256(newer).hexdigest(),)),
    )
    assert found.integrity.sound and found.completeness.fault is not None  # it said of a case that it was opened
    assert found.completeness.fault.why == "case_unopened"
    assert found.truth.fault is not None and found.truth.fault.why == "not_replayable"
    assert found.truth.fault.seq == json.loads(body)["seq"]


def places(value: Any, at: str = "$") -> list[str]:
    """Lists the paths of everything in an entry's body, as SQLite spells them."""
    inside = (
        [(f'{at}."{name}"', part) for name, part in value.items()]
        if isinstance(value, dict)
        else [(f"{at}[{index}]", part) for index, part in enumerate(value)]
        if isinstance(value, list)
        else []
    )
    return [found for path, part in inside for found in (path, *places(part, path))]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_record_says_the_answer_is_a_verdict(trail: Path, tmp_path: Path, data: st.DataObject) -> None:
    raw = sqlite3.connect(trail)
    position, body = data.draw(st.sampled_from(raw.execute("SELECT position, body FROM entries").fetchall()))
    place = data.draw(st.sampled_from(places(json.loads(body))))
    value = json.dumps(garbage(Random(data.draw(st.integers(0, 2**32)))))
    change = "SELECT CAST(json_set(CAST(? AS TEXT), ?, json(?)) AS BLOB)"
    (changed,) = raw.execute(change, (body, place, value)).fetchone()
    raw.close()
    found = looked_at(trail, tmp_path, ("UPDATE entries SET body = ? WHERE position = ?", (changed, position)))
    assert found.integrity.sound is (changed == body)


def test_a_kept_file_that_is_changed_or_gone_is_named_with_its_record(tmp_path: Path) -> None:
    with founded(tmp_path / "a.db") as store:
        people = People(store, by="root")
        people.load([{"id": "li", "roles": ["clerk"]}])
        host = Cases(store)
        files = host.files
        host.deploy(LEAVE, by="root")
        case = host.start("leave", person="li").case
        (tmp_path / "quote.txt").write_text("5 CNY")
        kept = files.ingest(tmp_path / "quote.txt")
        host.perform(case, person="li", verb="attach", file=encode(kept))
        assert verify(store, files=files).sound
        place = files.path(kept.sha256)
        place.chmod(0o644)
        place.write_text("9 CNY")
        with store.read() as connection:
            last = host._caseload.archive.load(connection, case).chain.entries
        assert verify(store, files=files).integrity.fault == Fault(case, last, "file_changed", kept.sha256)
        place.unlink()
        assert verify(store, files=files).integrity.fault == Fault(case, last, "file_missing", kept.sha256)


def test_what_the_organisation_s_chain_leads_to_can_be_made_anew(trail: Path, tmp_path: Path) -> None:
    shutil.copy(trail, tmp_path / "c.db")
    with open_store(str(tmp_path / "c.db")) as store:
        people = People(store, by="root", clock=lambda: 200)
        number = people.stand_in("delegation", "li", "wang", since=0, until=10**17)
        assert isinstance(number, int)
        assert People(store, by="wang", clock=lambda: 300).accept(number) is None
        assert People(store, by="li", clock=lambda: 400).end(number) is None
        people.absent("li", 0, 10**15)
        people.certify("li", "PMP", 10**16)
        people.revoke("wang", "boss")
        people.add("zhao")
        people.deactivate("zhao")
        more = Channel.of("more", "apprise", {"service": "env:X", "timeout": 9})
        group = Route("role", "boss", "leave", "more")
        assert channels.add(store, more, by="root", at=500, origin=Origin("test")) is None
        assert routes.put(store, group, by="root", at=500, origin=Origin("test")) is None
        assert routes.drop(store, group, by="root", at=500, origin=Origin("test")) is None
        assert channels.remove(store, "more", by="root", at=500, origin=Origin("test")) is None
        assert verify(store).sound
        with store.write() as connection:

            def rows() -> list[list[Any]]:
                return [ask(connection, f"SELECT * FROM {table}") for table in organisation.TABLES]

            kept = rows()
            assert all(kept)
            organisation.rebuild(connection, [sealed.entry for sealed in load(connection, "organisation")])
            assert rows() == kept


@pytest.mark.parametrize("script", ["", "print('{}', flush=True)", "input(); print('nothing')"])
def test_what_other_processes_do_not_answer_for_is_looked_at_here(
    trail: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    monkeypatch.setattr(apart, "PART", 1)
    started = []

    def process(path: str, _: str | None) -> subprocess.Popen[str]:
        # the first is none of ours, and gone or talking nonsense
        words = [sys.executable, "-c", script] if not started else [sys.executable, "-c", apart.SCRIPT]
        pipe = subprocess.PIPE
        where = {**apart.environment(), "CHARTER_DB": path}
        started.append(subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, env=where))
        return started[-1]

    monkeypatch.setattr(apart, "_process", process)
    with open_store(str(trail)) as store:
        found = verify(store, processes=2)
        assert found == verify(store, processes=1) and found.sound
    assert len(started) == 2 and all(each.returncode is not None for each in started)
