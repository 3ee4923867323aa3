"""How long the inbox of one person takes among many open cases.

One case is started by the runtime; the others are copies of its rows under other ids, spread over ten processes, every
tenth held by somebody. The person has a role in every process, so that the worst case is measured: all of it is offered
to them. A first page, a page from the middle, and the inbox of one process.

    python -m benchmarks.inbox [--cases N]
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import insert, select

from charter.runtime.clock import now
from charter.runtime.desk.inbox import inbox
from charter.runtime.host.casefile import new_id
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store, open_store, tables as t

from .figures import race, say
from .ten_steps import ten_steps

_AT_ONCE = 10_000


def fill(store: Store, count: int) -> None:
    """Starts one case of each process and copies it until there are `count`."""
    people = People(store, by="root")
    people.found()
    for person in ("li", "wang"):
        people.add(person)
        people.grant(person, "clerk")
    host = Cases(store)
    models: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for number in range(10):
        name = f"process_{number}"
        host.deploy(replace(ten_steps(), name=name), by="root")
        case = host.start(name, person="li").case
        with store.read() as connection:
            row = connection.execute(select(t.cases).where(t.cases.c.id == case)).mappings().one()
            work = connection.execute(select(t.work_items).where(t.work_items.c.case == case)).mappings().one()
        models.append((dict(row), dict(work)))
    chance = random.Random(1)
    for begin in range(10, count, _AT_ONCE):
        cases, works = [], []
        for number in range(begin, min(count, begin + _AT_ONCE)):
            case_row, work_row = models[number % 10]
            case = new_id()
            cases.append({**{k: v for k, v in case_row.items() if k != "number"}, "id": case})
            later = work_row["rank"] + chance.randrange(10**9)
            held = {"holder": "wang", "role": ""} if number % 100 < 10 else {}
            works.append({**work_row, "case": case, "rank": later, **held})
        with store.write() as connection:
            connection.execute(insert(t.cases), cases)
            connection.execute(insert(t.work_items), works)


def main() -> None:
    options = argparse.ArgumentParser(description="one person's inbox among many open cases")
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--folder", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        with create_store(str(Path(name) / "charter.db")) as store:
            fill(store, given.cases)

        def ask(person: str = "li", **more: Any) -> None:
            # A fresh connection each time: what a command line that has just started pays.
            with open_store(str(Path(name) / "charter.db")) as fresh, fresh.read() as connection:
                found = inbox(connection, person, now=now(), limit=50, **more)
                assert isinstance(found, list)
                assert len(found) == 50

        with open_store(str(Path(name) / "charter.db")) as store, store.read() as connection:
            page = inbox(connection, "li", now=now(), limit=20_000)
            assert isinstance(page, list)
            middle = page[-1].place
        found = race(
            {
                "first page": (ask, 1),
                "the page behind 20,000 items": (lambda: ask(after=middle), 1),
                "one process": (lambda: ask(process="process_3"), 1),
                "a person who holds a tenth": (lambda: ask("wang"), 1),
            }
        )
        for label, rounds in found.items():
            say(f"{label}, {given.cases:,} open cases", [seconds * 1e3 for seconds in rounds], "ms", most=50)


if __name__ == "__main__":
    main()
