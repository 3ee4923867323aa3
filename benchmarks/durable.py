"""How fast commands are when each is durable: Charter on SQLite beside raw sqlite3 and beside SpiffWorkflow.

Six programs play the same case of ten steps. A step is one command (Charter), the statements that Charter sends for
that command and nothing else (its own SQL), one transaction with one update and one insert of the same sizes (raw
sqlite3), or one task run and saved as JSON in the same kind of database (SpiffWorkflow). All use the write-ahead log
and synchronous=FULL, and take turns case by case.

Charter and SpiffWorkflow run twice: `kept`, one program that keeps each case in memory and saves it at each step, and
`reloaded`, where each step reads the case from the database first, as programs must that share their cases with others.

    python -m benchmarks.durable [--cases N] [--rounds N] [--folder FOLDER]

What a sync of the disk costs decides: a slow one draws all three together, none at all (a folder in memory) shows what
the programs alone cost. So it is measured first.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any
from unittest.mock import patch

from charter.engine.definition import Definition, Element, Many, Role
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import create_store, sqlite

from .figures import ratio, say
from .ten_steps import PEOPLE, STORY, bpmn, ten_steps


def charter(folder: Path, cases: int, sent: list[Sent] | None = None, *, hosts: int = 1) -> Iterator[None]:
    """Runs cases through the whole runtime; yields after each durable step. `sent` takes down what the driver gets.

    Of two `hosts` that take turns, each finds that the case has moved since it saw it, and reads it again at each step.
    """
    folder.mkdir(exist_ok=True)
    with create_store(str(folder / "charter.db")) as store:
        people = People(store, by="root")
        people.found()
        for person, role in PEOPLE.items():
            people.add(person)
            people.grant(person, role)
        turns = cycle([Cases(store) for _ in range(hosts)])
        next(turns).deploy(ten_steps(), by="root")
        if sent is not None:
            store.close()
            shutil.copy(folder / "charter.db", folder / "own.db")
            with patch.object(sqlite, "Driver", _taking_down(sent)), store.read():
                pass  # the connection that is opened here is used from now on
            sent.clear()
        for _ in range(cases):
            case = next(turns).start("ten", person="li").case
            yield
            for verb, node, person, arguments in STORY:
                done = next(turns).perform(case, person=person, verb=verb, node=node, **arguments)
                assert done.refusal is None, done.refusal
                yield
            assert done.state.status == "completed"


# what a driver is sent: a method of a cursor, and its arguments
Sent = tuple[str, tuple[Any, ...]]


def _taking_down(sent: list[Sent]) -> type[sqlite.Driver]:
    """Makes a connection that takes down what it is sent."""

    class Cursor(sqlite3.Cursor):
        def execute(self, *call: Any) -> sqlite3.Cursor:
            sent.append(("execute", call))
            return super().execute(*call)

        def executemany(self, *call: Any) -> sqlite3.Cursor:
            sent.append(("executemany", call))
            return super().executemany(*call)

    class Driver(sqlite.Driver):
        def cursor(self, *_: Any) -> Cursor:  # type: ignore[override]
            return super().cursor(Cursor)

        def execute(self, *call: Any) -> sqlite3.Cursor:
            return self.cursor().execute(*call)

        def executemany(self, *call: Any) -> sqlite3.Cursor:
            return self.cursor().executemany(*call)

    return Driver


def own_sql(folder: Path, cases: int) -> Iterator[None]:
    """Sends to a database what Charter sends for the same steps, without Charter."""
    sent: list[Sent] = []
    steps: list[list[Sent]] = []
    apart = folder / "apart"
    for _ in charter(apart, cases, sent):
        steps.append(list(sent))
        sent.clear()
    raw = sqlite3.connect(apart / "own.db", isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("PRAGMA foreign_keys=ON")
    yield
    for step in steps:
        for method, call in step:
            cursor = raw.cursor()
            getattr(cursor, method)(*call)
            cursor.fetchall()
        yield
    raw.close()


def _sizes(folder: Path) -> tuple[str, bytes]:
    """Gives the state and the last record body of a case half-way, for the raw database to write as well."""
    raw = sqlite3.connect(folder / "charter.db")
    state = raw.execute("SELECT group_concat(body) FROM nodes").fetchone()[0]
    body = raw.execute("SELECT body FROM entries WHERE kind = 'completed' ORDER BY position DESC").fetchone()[0]
    raw.close()
    return state, body


def _database(path: Path) -> sqlite3.Connection:
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("CREATE TABLE IF NOT EXISTS cases (id INTEGER PRIMARY KEY, version INTEGER, state TEXT)")
    raw.execute("CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, case_id INTEGER, body BLOB)")
    return raw


def raw_sqlite(folder: Path, cases: int, state: str, body: bytes) -> Iterator[None]:
    """Does one transaction a step: one update of the state, one insert of a record."""
    raw = _database(folder / "raw.db")
    for _ in range(cases):
        case = raw.execute("INSERT INTO cases (version, state) VALUES (0, ?)", (state,)).lastrowid
        yield
        for version, _command in enumerate(STORY):
            raw.execute("BEGIN IMMEDIATE")
            raw.execute("UPDATE cases SET version = ?, state = ? WHERE id = ?", (version, state, case))
            raw.execute("INSERT INTO entries (case_id, body) VALUES (?, ?)", (case, body))
            raw.execute("COMMIT")
            yield
    raw.close()


def spiff(folder: Path, cases: int, *, reloaded: bool) -> Iterator[None]:
    """Runs the same process in SpiffWorkflow, saved at each step, and read again before it where it is `reloaded`."""
    from SpiffWorkflow.bpmn import BpmnWorkflow
    from SpiffWorkflow.bpmn.parser import BpmnParser
    from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
    from SpiffWorkflow.util.task import TaskState

    parser = BpmnParser()
    parser.add_bpmn_str(bpmn().encode())
    spec = parser.get_spec("ten")
    serializer = BpmnWorkflowSerializer()
    raw = _database(folder / f"spiff{reloaded:d}.db")
    for _ in range(cases):
        workflow = BpmnWorkflow(spec)
        workflow.do_engine_steps()
        state = serializer.serialize_json(workflow)
        case = raw.execute("INSERT INTO cases (version, state) VALUES (0, ?)", (state,)).lastrowid
        yield
        for version, (verb, node, person, arguments) in enumerate(STORY):
            raw.execute("BEGIN IMMEDIATE")
            if reloaded:
                state = raw.execute("SELECT state FROM cases WHERE id = ?", (case,)).fetchone()[0]
                workflow = serializer.deserialize_json(state)
            (task,) = workflow.get_tasks(state=TaskState.READY, manual=True)
            assert task.task_spec.name == node
            task.data |= arguments.get("records", {}).get("order", {})
            task.data["approved"] = verb == "approve"
            task.run()
            workflow.do_engine_steps()
            record = json.dumps({"verb": verb, "node": node, "person": person, "arguments": arguments})
            raw.execute(
                "UPDATE cases SET version = ?, state = ? WHERE id = ?",
                (version, serializer.serialize_json(workflow), case),
            )
            raw.execute("INSERT INTO entries (case_id, body) VALUES (?, ?)", (case, record))
            raw.execute("COMMIT")
            yield
        assert workflow.completed
    raw.close()


def _case(steps: Iterator[None], count: int) -> float:
    """Gives the seconds that the next `count` steps take."""
    begin = time.perf_counter()
    for _ in range(count):
        next(steps)
    return time.perf_counter() - begin


def race(folder: Path, cases: int) -> dict[str, float]:
    """Runs all of them in turn, case by case, so that all meet the same disk; gives microseconds a step."""
    steps = len(STORY) + 1
    ours = charter(folder, cases + 1)
    # The first case is not counted: it compiles statements. Half-way it shows how much there is to write.
    _case(ours, steps // 2 + 1)
    sizes = _sizes(folder)
    _case(ours, steps - steps // 2 - 1)
    again = charter(folder / "again", cases + 1, hosts=2)
    _case(again, steps)
    own = own_sql(folder, cases)
    next(own)
    rivals = {
        "charter": ours,
        "charter, reloaded": again,
        "own": own,
        "sqlite3": raw_sqlite(folder, cases, *sizes),
        "spiff": spiff(folder, cases, reloaded=False),
        "spiff, reloaded": spiff(folder, cases, reloaded=True),
    }
    spent = dict.fromkeys(rivals, 0.0)
    for _ in range(cases):
        for name, iterator in rivals.items():
            spent[name] += _case(iterator, steps)
    return {name: seconds / cases / steps * 1e6 for name, seconds in spent.items()}


def open_list(folder: Path, marks: tuple[int, ...] = (500, 5_000)) -> list[float]:
    """Gives the seconds of processor time that one item more takes in an open list, over a hundred up to each mark."""
    element = Element("job", "job", "activity", roles=("clerk",), many=Many("v", "[]", open=True), within="2 hours")
    process = Definition("jobs", "jobs", roles=(Role("clerk", "clerk"),), elements=(element,))
    found = []
    with create_store(str(folder / "list.db")) as store:
        people = People(store, by="root")
        people.found()
        people.add("li")
        people.grant("li", "clerk")
        host = Cases(store)
        host.deploy(process, by="root")
        case = host.start("jobs", person="li").case
        for item in range(1, max(marks) + 1):
            if item + 99 in marks:
                begin = time.process_time()
            assert host.perform(case, person="li", verb="add", node="job", item=item).refusal is None
            if item in marks:
                found.append((time.process_time() - begin) / 100)
    return found


def sync(folder: Path) -> float:
    """Gives the seconds that one sync of a written page takes: the least that a durable step can cost."""
    with open(folder / "page", "wb") as file:
        times = []
        for _ in range(50):
            file.write(bytes(4096))
            file.flush()
            begin = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begin)
    return statistics.median(times)


TITLES = {
    "charter": "Charter, kept",
    "charter, reloaded": "Charter, reloaded",
    "own": "its own SQL",
    "sqlite3": "raw sqlite3",
    "spiff": "SpiffWorkflow, kept",
    "spiff, reloaded": "SpiffWorkflow, reloaded",
}


def main() -> None:
    options = argparse.ArgumentParser(description="durable commands a second")
    options.add_argument("--cases", type=int, default=60)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--folder", type=Path, help="where to put the databases; a disk, not memory")
    given = options.parse_args()
    rounds, syncs, lists = [], [], []
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(dir=given.folder) as name:
            syncs.append(sync(Path(name)) * 1e6)
            rounds.append(race(Path(name), given.cases))
            if len(lists) < 3:
                lists.append([seconds * 1e6 for seconds in open_list(Path(name))])
    found = {name: [row[name] for row in rounds] for name in rounds[0]}
    say("one sync of the disk", syncs, "us")
    for name, title in TITLES.items():
        say(f"{title}, a step", found[name], "us")
    say("Charter / its own SQL", ratio(found["charter"], found["own"]), most=3)
    say("Charter / raw sqlite3", ratio(found["charter"], found["sqlite3"]), most=2)
    say("SpiffWorkflow / Charter, both kept", ratio(found["spiff"], found["charter"]))
    say("SpiffWorkflow / Charter, both reloaded", ratio(found["spiff, reloaded"], found["charter, reloaded"]), least=3)
    say("SpiffWorkflow reloaded / Charter kept", ratio(found["spiff, reloaded"], found["charter"]))
    short, long = ([row[mark] for row in lists] for mark in (0, 1))
    say("an item more in an open list of 5,000", long, "us")
    say("of 5,000 / of 500", ratio(long, short), most=1.3)


if __name__ == "__main__":
    main()
