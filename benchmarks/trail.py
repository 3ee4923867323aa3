"""What a question to a long trail costs, beside the same question to SQLite by an index.

One case is played by the runtime; the others are its entries under other ids, people and days, sealed into chains of
their own, until there are a million. Then: what one person did on one day, as `audit query` asks it, and what there was
on one day, each beside the statement that a plain SQLite program would send to a table with just the fitting index.

    python -m benchmarks.trail [--entries N] [--folder FOLDER]

A million entries take some 800 MB in the folder.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from charter.runtime import clock
from charter.runtime.audit import query
from charter.runtime.audit.log import GENESIS
from charter.runtime.host.casefile import new_id
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store

from .figures import race, ratio, say
from .ten_steps import PEOPLE, STORY, ten_steps

_DAY = 86_400_000_000
_BEGIN = 1_767_225_600_000_000  # 2026-01-01T00:00Z
_DAYS, _STAFF = 1_000, 500
_COLUMNS = '"case", seq, at, actor, kind, outcome, element, record, clauses, body'


def play(store: Store) -> str:
    """Plays the one case that the others are copies of."""
    people = People(store, by="root")
    people.found()
    for person, role in PEOPLE.items():
        people.add(person)
        people.grant(person, role)
    host = Cases(store, clock=lambda: _BEGIN)
    host.deploy(ten_steps(), by="root")
    case = host.start("ten", person="li").case
    for verb, node, person, arguments in STORY:
        assert host.perform(case, person=person, verb=verb, node=node, **arguments).refusal is None
    return case


def copies(model: list[tuple[Any, ...]], case: str, count: int) -> Iterator[tuple[Any, ...]]:
    """Yields the rows of `count` more cases, each with a day and two people of its own."""
    texts = [(row, row[-1].decode()) for row in model]
    then = clock.text(_BEGIN)
    for number in range(count):
        new, prev = new_id(), GENESIS
        at = _BEGIN + number * _DAYS // count * _DAY + number % 86_400 * 1_000_000
        # Whoever does the work changes more often than whoever approves it.
        names = {"li": f"p{number * 7 % _STAFF}", "wu": f"b{number % 50}", "system": "system"}
        for (_, seq, _, actor, *rest, _), text in texts:
            old = json.loads(text)["prev"]
            body = text.replace(case, new).replace(then, clock.text(at)).replace(old, prev)
            for person in PEOPLE:
                body = body.replace(f'"{person}"', f'"{names[person]}"')
            sealed = body.encode()
            prev = sha256(sealed).hexdigest()
            yield (new, seq, at, names[actor], *rest, sealed)


def fill(store: Store, path: Path, entries: int) -> int:
    """Makes the trail; gives how many entries it has."""
    case = play(store)
    raw = sqlite3.connect(path, isolation_level=None)
    model = raw.execute(f'SELECT {_COLUMNS} FROM entries WHERE "case" = ? ORDER BY seq', (case,)).fetchall()
    raw.execute("BEGIN")
    marks = ", ".join("?" * len(model[0]))
    rows = copies(model, case, entries // len(model))
    raw.executemany(f"INSERT INTO entries ({_COLUMNS}) VALUES ({marks})", rows)
    raw.execute("COMMIT")
    count: int = raw.execute("SELECT count(*) FROM entries").fetchone()[0]
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()
    return count


def plain(path: Path, index: str) -> sqlite3.Connection:
    """Makes a database with the same columns that has one index, for the question it is for."""
    raw = sqlite3.connect(path, isolation_level=None)
    columns = 'position INTEGER PRIMARY KEY, at INTEGER, actor TEXT, "case" TEXT, body BLOB'
    raw.execute(f"CREATE TABLE entries ({columns})")
    raw.execute(f"CREATE INDEX one ON entries ({index})")
    return raw


def main() -> None:
    options = argparse.ArgumentParser(description="questions to a long trail")
    options.add_argument("--entries", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path, help="where to put the databases")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        path = Path(name) / "charter.db"
        with create_store(str(path)) as store:
            count = fill(store, path, given.entries)
            day = _BEGIN + _DAYS // 2 * _DAY
            since, until = clock.text(day), clock.text(day + _DAY)
            person = _somebody(path, day)
            spans = f'at >= @"{since}" and at < @"{until}"'
            questions: dict[str, tuple[str, int | None, str, tuple[Any, ...]]] = {
                "one person on one day": (
                    f'actor = "{person}" and {spans}',
                    None,
                    "actor, at",
                    (person, day, day + _DAY),
                ),
                "one day, the first 50": (spans, 50, "at", (day, day + _DAY)),
            }
            case = _some_case(path)
            questions["one case"] = f'case = "{case}"', None, '"case", at', (case,)
            for title, (text, limit, index, values) in questions.items():
                _ask(store, path, f"{title}, {count:,} entries", text, limit, index, values)
            _each(store, path, count)


def _some_case(path: Path) -> str:
    raw = sqlite3.connect(path)
    found: str = raw.execute('SELECT "case" FROM entries WHERE position > 1000 LIMIT 1').fetchone()[0]
    raw.close()
    return found


def _somebody(path: Path, day: int) -> str:
    raw = sqlite3.connect(path)
    query = "SELECT actor FROM entries WHERE at BETWEEN ? AND ? AND actor LIKE 'p%' ORDER BY position LIMIT 1"
    found: str = raw.execute(query, (day, day + _DAY)).fetchone()[0]
    raw.close()
    return found


def _ask(
    store: Store, path: Path, title: str, text: str, limit: int | None, index: str, values: tuple[Any, ...]
) -> None:
    """Races a question with the statement that answers it, to a table that has the index for it alone."""
    beside = path.with_name(f"{len(index)}.db")
    raw = plain(beside, index)
    raw.execute(f"ATTACH '{path}' AS trail")
    raw.execute('INSERT INTO entries SELECT position, at, actor, "case", body FROM trail.entries')
    raw.execute("DETACH trail")
    spans = "at >= ? AND at < ? ORDER BY at, position"
    where = '"case" = ?' if "case" in index else f"actor = ? AND {spans}" if "actor" in index else spans
    statement = f"SELECT position, body FROM entries WHERE {where}" + (f" LIMIT {limit}" if limit else "")
    built, problems = query.build(text)
    assert not problems, problems

    def charter() -> list[Any]:
        with store.read() as connection:
            return [found.position for found in query.run(connection, built, limit=limit)]

    def sqlite() -> list[Any]:
        return [position for position, body in raw.execute(statement, values) if json.loads(body)]

    assert charter() == sqlite(), title
    works: dict[str, tuple[Callable[[], Any], int]] = {"charter": (charter, 20), "sqlite3": (sqlite, 20)}
    found = race(works)
    say(f"{title}: Charter", [seconds * 1e6 for seconds in found["charter"]], "us")
    say(f"{title}: sqlite3, indexed", [seconds * 1e6 for seconds in found["sqlite3"]], "us")
    say("Charter / sqlite3", ratio(found["charter"], found["sqlite3"]), most=5)
    raw.close()
    beside.unlink()


def _each(store: Store, path: Path, count: int) -> None:
    """Races a question that has to look into every entry with reading and parsing every entry."""
    built, problems = query.build("data.nothing = 1")
    assert not problems, problems
    raw = sqlite3.connect(path)

    def charter() -> None:
        with store.read() as connection:
            assert list(query.run(connection, built)) == []

    def each() -> None:
        for (body,) in raw.execute("SELECT body FROM entries ORDER BY position"):
            json.loads(body)

    found = race({"charter": (charter, 1), "json": (each, 1)}, 3)
    for name, title in (("charter", "a FEEL question on every entry"), ("json", "reading and parsing it")):
        say(f"{title}, an entry of {count:,}", [seconds / count * 1e6 for seconds in found[name]], "us")
    say("Charter / reading and parsing", ratio(found["charter"], found["json"]), most=1.5)
    raw.close()


if __name__ == "__main__":
    main()
