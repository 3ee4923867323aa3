"""What service-level clocks cost: a fold and a reading, what is due among 100,000 that run, and the list of them.

python -m benchmarks.sla [--clocks N]
"""

from __future__ import annotations

import argparse
import tempfile
import time

from charter.dsl.passes import compile
from charter.engine import sla
from charter.engine.definition import Calendar, Definition
from charter.engine.feel.own import Span
from charter.engine.sla import Terms
from charter.runtime.clock import now
from charter.runtime.desk.clocks import under_way
from charter.runtime.host import timers
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store
from charter.runtime.store.prepared import ask, driver

from .figures import say

HOUR = 3_600_000_000
TEXT = """process desk
  role clerk
  activity answer
    role clerk
  sla response
    stops when answer.done
    target     4 working hours
    at 50%     notify clerk
"""


def desk() -> Definition:
    (definition,) = compile("desk.charter", TEXT.encode()).definitions
    return definition


def folds(count: int) -> float:
    """Gives how many folds of four events with their reading there are in a second."""
    terms, start = Terms(Calendar(), Span(working_seconds=4 * 3600)), 1_767_571_200_000_000
    events = [
        (start, "start"),
        (start + 12 * HOUR, "pause"),
        (start + 15 * HOUR, "resume"),
        (start + 33 * HOUR, "stop"),
    ]
    begun = time.perf_counter()
    for _ in range(count):
        sla.reading(sla.fold(events, terms), terms, start + 99 * HOUR)
    return count / (time.perf_counter() - begun)


def fill(store: Store, clocks: int) -> None:
    """Copies the one case so often, each with its own instant."""
    with store.write() as connection:
        columns = [row[1] for row in ask(connection, "PRAGMA table_info(cases)") if row[1] != "number"]
        wanted = {"id": "'x' || n", "wake": f"{now() + HOUR} + n", "parent": "NULL"}
        chosen = ", ".join(wanted.get(name, f'"{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        driver(connection).execute(
            f"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {clocks}) "
            f"INSERT INTO cases ({names}) SELECT {chosen} FROM (SELECT * FROM cases LIMIT 1), c"
        )
        driver(connection).execute(
            "INSERT INTO running_clocks SELECT id, clock, r.process, wake, spare FROM running_clocks r, cases"
            ' WHERE id != "case"'
        )


def scanned(store: Store) -> list[float]:
    """Gives what it takes to look for what is due, seconds."""
    took = []
    for _ in range(50):
        begun = time.perf_counter()
        with store.read() as connection:
            timers.due(connection, now())
        took.append(time.perf_counter() - begun)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clocks", type=int, default=100_000)
    given = parser.parse_args()
    say("a clock of four events, folded and read, a second", [folds(20_000)], "")
    with tempfile.TemporaryDirectory() as name, create_store(f"{name}/a.db") as store:
        people = People(store, by="root")
        people.found()
        people.add("li")
        people.grant("li", "clerk")
        cases = Cases(store)
        definition = desk()
        cases.deploy(definition, by="root")
        cases.start("desk", person="li")
        fill(store, given.clocks)
        say(f"what is due among {given.clocks:,} clocks", [1000 * t for t in scanned(store)], "ms", most=50)
        took = []
        for _ in range(50):
            begun = time.perf_counter()
            with store.read() as connection:
                assert len(under_way(connection, lambda _: definition, now(), limit=101)) == min(101, given.clocks + 1)
            took.append(1000 * (time.perf_counter() - begun))
        say("the hundred most urgent of them", took, "ms", most=50)


if __name__ == "__main__":
    main()
