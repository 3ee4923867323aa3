"""Cases that run others, on a real database: told after the commit, once, and also by whoever comes after a crash."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.founded import founded
from tests.written import processes

from charter.engine.effects import TellCase
from charter.engine.state import to_json
from charter.runtime.audit.log import load
from charter.runtime.audit.verify import verify
from charter.runtime.desk.inbox import inbox
from charter.runtime.host.cases import Cases
from charter.runtime.host.outbox import post
from charter.runtime.people.changes import People
from charter.runtime.store import Store, open_store
from charter.runtime.store.tables import cases, entries, outbox

STORY = Path(__file__).parents[1] / "conformance/language/runs_and_their_cases.charter"
CUT_OFF = """
import os, sys
from charter.runtime.host.cases import Cases
from charter.runtime.store import open_store
host = Cases(open_store(sys.argv[1]))
host.delivery.settle = lambda case: os._exit(9)
host.perform(sys.argv[2], person="bo", verb="skip", node="deliver", reason="collected")
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with founded(tmp_path / "a.db") as opened:
        people = People(opened, by="root")
        for person, role in {"bo": "lead", "li": "hand"}.items():
            people.add(person)
            people.grant(person, role)
        yield opened


def delivery(store: Store) -> tuple[Cases, dict[str, str]]:
    """Opens a delivery that has run its packing, and that its fetching; gives their ids by process."""
    host = Cases(store)
    for definition in processes(STORY):
        assert host.deploy(definition, by="root").refusal is None
    case = host.start("delivery", person="li").case
    order = {"order": {"items": ["a"]}}
    assert host.perform(case, person="li", verb="complete", node="take_order", records=order).refusal is None
    with store.read() as connection:
        found = {row.process: row.id for row in connection.execute(select(cases.c.process, cases.c.id))}
    assert found["delivery"] == case
    return host, found


def box(store: Store, person: str = "li") -> list[str]:
    with store.read() as connection:
        found = inbox(connection, person, now=0)
    assert isinstance(found, list)
    return sorted(item.node for item in found)


def count(store: Store, table: object = entries) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


@pytest.mark.sqlite("a process of its own knows only the file")
def test_a_crash_before_a_case_is_told_leaves_it_to_the_next_host(store: Store, tmp_path: Path) -> None:
    host, found = delivery(store)
    assert box(store) == ["carry", "pack"]
    done = subprocess.run([sys.executable, "-c", CUT_OFF, str(tmp_path / "a.db"), found["delivery"]], check=False)
    assert done.returncode == 9
    assert host.state(found["delivery"]).nodes["deliver"].state == "skipped"
    assert box(store) == ["carry", "pack"]
    host.tick()
    assert box(store) == []
    assert {host.state(found[name]).status for name in ("packing", "fetching")} == {"cancelled"}
    with store.read() as connection:
        told = next(s.fields for s in load(connection, found["packing"]) if s.fields["kind"] == "cancelled")
    assert (told["actor"], told["reason"]) == ("system", "collected")
    assert told["data"]["because"] == {"code": "CH579", "case": found["delivery"], "element": "deliver"}
    assert verify(store).sound
    # Told twice, it does once.
    written = count(store)
    with store.write() as connection:
        post(connection, found["delivery"], [TellCase("deliver", 1, "cancel")], 0)
    host.tick()
    assert (count(store), count(store, outbox)) == (written, 0)


def test_a_rest_ends_for_those_it_began_for(store: Store) -> None:
    host, found = delivery(store)
    for case in ("packing", "delivery"):
        person = {"packing": "li", "delivery": "bo"}[case]
        assert host.perform(found[case], person=person, verb="suspend").refusal is None
    assert box(store) == []
    refused = host.perform(found["packing"], person="li", verb="resume").refusal
    assert refused is not None and refused.code == "CH549"
    assert host.perform(found["delivery"], person="bo", verb="resume").refusal is None
    # People had suspended the packing before, so it rests on, and what it runs with it.
    assert [host.state(found[name]).status for name in ("packing", "fetching")] == ["suspended", "suspended"]
    assert host.perform(found["packing"], person="li", verb="resume").refusal is None
    assert box(store) == ["carry", "pack"]
    assert verify(store).sound


def test_a_case_that_people_cancel_is_a_failure_that_the_one_in_charge_tries_again(store: Store) -> None:
    host, found = delivery(store)
    cancelled = host.perform(found["packing"], person="li", verb="cancel", reason="no boxes")
    assert cancelled.refusal is None
    failed = host.state(found["delivery"]).nodes["deliver"]
    assert (failed.state, failed.reason) == ("failed", "no boxes")
    assert host.perform(found["delivery"], person="bo", verb="retry", node="deliver").refusal is None
    assert box(store) == ["carry", "pack"]
    assert verify(store).sound


# takes the present schema back to the first
SCHEMA_1 = """
    DROP TABLE nodes;
    DROP TABLE running_clocks;
    DROP TABLE contents;
    DROP TABLE notices;
    DROP INDEX entries_by_actor;
    DROP INDEX entries_by_time;
    DROP INDEX entries_refused;
    DROP INDEX cases_by_parent;
    DROP TRIGGER entries_no_update;
    DROP TRIGGER entries_no_delete;
    ALTER TABLE entries RENAME TO records;
    ALTER TABLE cases RENAME COLUMN entries TO records;
    ALTER TABLE chains RENAME COLUMN entries TO records;
    UPDATE cases SET state = replace(state, '"entries_written":', '"records_written":');
    CREATE TRIGGER records_no_update BEFORE update ON records BEGIN SELECT RAISE(ABORT, 'no'); END;
    CREATE TRIGGER records_no_delete BEFORE delete ON records BEGIN SELECT RAISE(ABORT, 'no'); END;
"""


@pytest.mark.sqlite("an older schema, which only files have")
def test_a_database_of_schema_1_finds_what_runs_for_whom(store: Store, tmp_path: Path) -> None:
    host, found = delivery(store)
    states = {case: json.dumps(to_json(host.state(case))) for case in found.values()}
    store.close()
    raw = sqlite3.connect(tmp_path / "a.db")
    raw.executemany("UPDATE cases SET state = ? WHERE id = ?", [(text, case) for case, text in states.items()])
    raw.executescript(SCHEMA_1)
    raw.execute("UPDATE cases SET parent = substr(parent, 1, instr(parent, ' ') - 1) WHERE parent IS NOT NULL")
    raw.execute("PRAGMA user_version = 1")
    raw.commit()
    raw.close()
    with open_store(str(tmp_path / "a.db")) as again:
        assert verify(again).sound
        cancelled = Cases(again).perform(found["delivery"], person="bo", verb="cancel", reason="no money")
        assert cancelled.refusal is None
        assert box(again) == []
