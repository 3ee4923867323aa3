"""What it costs to verify a trail, beside reading and hashing its entries: on one core, and on as many as there are.

Cases of ten steps are played by the runtime until there are so many entries. Raw is what nobody can do without: each
body read by its chain, parsed as JSON, hashed and held against the next one's `prev`, in one process.

    python -m benchmarks.verify [--entries N] [--folder FOLDER] [--rounds N] [--processes N …]
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from charter.runtime.audit.log import GENESIS
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store

from .figures import race, ratio, say
from .ten_steps import PEOPLE, STORY, ten_steps


def fill(store: Store, entries: int) -> int:
    """Plays cases until there are so many entries; gives how many there are."""
    people = People(store, by="root")
    people.found()
    for person, role in PEOPLE.items():
        people.add(person)
        people.grant(person, role)
    host = Cases(store)
    host.deploy(ten_steps(), by="root")
    count = 0
    while count < entries:
        case = host.start("ten", person="li").case
        for verb, node, person, arguments in STORY:
            done = host.perform(case, person=person, verb=verb, node=node, **arguments)
            assert done.refusal is None
        count += done.state.entries_written
    return count


def raw(path: Path) -> int:
    """Reads, parses and hashes every entry in its chain; gives how many there are."""
    connection = sqlite3.connect(path)
    count, last, prev = 0, "", GENESIS
    for case, body in connection.execute('SELECT "case", body FROM entries ORDER BY "case", seq'):
        if case != last:
            last, prev = case, GENESIS
        assert json.loads(body)["prev"] == prev
        prev = sha256(body).hexdigest()
        count += 1
    connection.close()
    return count


def main() -> None:
    options = argparse.ArgumentParser(description="verifying a trail")
    options.add_argument("--entries", type=int, default=20_000)
    options.add_argument("--folder", type=Path, help="where to put the database")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--processes", type=int, nargs="*", default=[1, os.cpu_count() or 1])
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        path = Path(name) / "charter.db"
        with create_store(str(path)) as store:
            count = fill(store, given.entries)
            works: dict[str, tuple[Callable[[], Any], int]] = {"raw": (lambda: raw(path), 1)}
            for processes in sorted(set(given.processes)):
                works[f"verify {processes}"] = (partial(_sound, store, processes), 1)
            found = race(works, given.rounds)
        say(f"raw, an entry of {count:,}", [seconds / count * 1e6 for seconds in found["raw"]], "us")
        for work in sorted(found.keys() - {"raw"}):
            say(f"{work}, an entry", [seconds / count * 1e6 for seconds in found[work]], "us")
            say(f"{work} / raw", ratio(found[work], found["raw"]), most=8 if work == "verify 1" else None)
            if work != "verify 1":
                say(f"verify 1 / {work}", ratio(found["verify 1"], found[work]))


def _sound(store: Store, processes: int) -> None:
    assert verify(store, processes=processes).sound


if __name__ == "__main__":
    main()
