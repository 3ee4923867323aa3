"""What many who write at once get from one database: each a process of its own, Charter beside raw SQLite.

On a server (`--db postgresql://…`) it is measured beside itself with one lock for all, within which the disk is waited
for: one commit a command, one after another.

Every client opens cases of ten steps and plays them, command by command, each durable; the raw ones send the statements
that Charter sends for the same steps, in transactions of their own (`durable.own_sql`). All begin once all are ready,
and stop when the time is over. What counts: how long one command takes to be answered (50th and 99th percentile), how
many are answered a second together, the fewest and most of a client, and how many fail.

    python -m benchmarks.load [--clients N …] [--seconds S] [--folder FOLDER | --db ADDRESS] [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import create_store, open_store
from charter.runtime.store.errors import StorageError

from .durable import Sent, charter as played, sync
from .figures import say
from .ten_steps import PEOPLE, STORY, ten_steps


def made(path: Path | str) -> Path | str:
    """Makes a database with the process and its people."""
    with create_store(str(path)) as store:
        people = People(store, by="root")
        people.found()
        for person, role in PEOPLE.items():
            people.add(person)
            people.grant(person, role)
        host = Cases(store)
        host.deploy(ten_steps(), by="root")
        host.start("ten", person="li")  # what that loads, no client has to
    return path


def _one_by_one(path: str, *given: Any) -> None:
    """As `_client`, with one lock for all, and the disk waited for within it."""
    from charter.runtime.store import postgresql

    postgresql._QUICK, postgresql._KEEP = "SELECT 1", "SELECT 1"
    postgresql.PostgreSQL.parted = False
    _client(path, *given)


def _client(path: str, ready: Any, go: Any, seconds: float, results: Any) -> None:
    """Plays cases until the time is over; puts the seconds that each command took, and how many failed."""
    took, failed = list[float](), 0
    with open_store(path) as store:
        host = Cases(store)
        host.start("ten", person="li")
        ready.release()
        go.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            case = None
            for verb, node, person, arguments in (("start", "", "li", {}), *STORY):
                begin = time.monotonic()
                if begin > end:
                    break
                try:
                    if case is None:
                        case = host.start("ten", person=person).case
                    else:
                        done = host.perform(case, person=person, verb=verb, node=node, **arguments)
                        assert done.refusal is None
                except StorageError:
                    failed += 1
                    break
                took.append(time.monotonic() - begin)
    results.put((took, failed))


def statements(folder: Path, cases: int = 3) -> tuple[list[list[Sent]], Path]:
    """Gives what Charter sends to the driver, step by step, and the database as it was before."""
    sent: list[Sent] = []
    steps: list[list[Sent]] = []
    for _ in played(folder / "apart", cases + 1, sent):
        steps.append(list(sent))
        sent.clear()
    # The first case is told of in the organisation's chain, which all clients would share.
    return steps[len(steps) // (cases + 1) :], folder / "apart" / "own.db"


def _raw(path: str, ready: Any, go: Any, seconds: float, results: Any, steps: list[list[Sent]], number: int) -> None:
    took, failed = list[float](), 0
    raw = sqlite3.connect(path, isolation_level=None, timeout=30)
    raw.execute("PRAGMA synchronous=FULL")
    ready.release()
    go.wait()
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        turn += 1
        for step in steps:
            begin = time.monotonic()
            if begin > end:
                break
            try:
                for method, (text, *values) in step:
                    if not text.startswith("PRAGMA"):
                        mine = [_own(value, f"{os.getpid()}-{number}-{turn}") for value in values]
                        getattr(raw, method)(text, *mine).fetchall()
            except sqlite3.OperationalError:
                failed += 1
                if raw.in_transaction:
                    raw.execute("ROLLBACK")
                break
            took.append(time.monotonic() - begin)
    results.put((took, failed))
    raw.close()


def _own(values: Any, mark: str) -> Any:
    """Gives parameters of another case: what looks like its id gets a mark."""
    if isinstance(values, str):
        return f"{values}{mark}" if len(values) == 16 and values.isalnum() else values
    if isinstance(values, list | tuple):
        return type(values)(_own(value, mark) for value in values)
    return values


def measured(target: Any, path: Path | str, clients: int, seconds: float, *more: Any) -> dict[str, float]:
    """Runs so many clients; gives commands a second, the percentiles (ms), the fewest, the most of one, failures."""
    context = multiprocessing.get_context("fork")
    ready, go, results = context.Semaphore(0), context.Event(), context.Queue()
    running = []
    for number in range(clients):
        own = (*more, number) if more else ()
        running.append(context.Process(target=target, args=(str(path), ready, go, seconds, results, *own)))
        running[-1].start()
    for _ in running:
        ready.acquire()
    go.set()
    found = [results.get(timeout=seconds + 120) for _ in running]
    for process in running:
        process.join()
    took = sorted(one for each, _ in found for one in each)
    counts = [len(each) for each, _ in found]
    return {
        "a second": len(took) / seconds,
        "p50": took[len(took) // 2] * 1e3,
        "p99": took[len(took) * 99 // 100] * 1e3,
        "longest": took[-1] * 1e3,
        "fewest": min(counts),
        "most": max(counts),
        "failed": sum(failed for _, failed in found),
    }


def main() -> None:
    options = argparse.ArgumentParser(description="many who write at once")
    options.add_argument("--clients", type=int, nargs="*", default=[1, 8, 32, 64])
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--folder", type=Path, help="where to put the databases; a disk, not memory")
    options.add_argument("--db", help="a server's database, in which schemas are made; they stay")
    given = options.parse_args()
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    syncs = []
    for number in range(given.rounds if given.db else 0):
        address = made(f"{given.db}{'&' if '?' in given.db else '?'}schema=load_{os.getpid()}_{number}")
        for clients in given.clients:
            found.setdefault(("Charter", clients), []).append(measured(_client, address, clients, given.seconds))
            alone = measured(_one_by_one, address, clients, given.seconds)
            found.setdefault(("one by one", clients), []).append(alone)
    for _ in range(0 if given.db else given.rounds):
        with tempfile.TemporaryDirectory(dir=given.folder) as name:
            folder = Path(name)
            syncs.append(sync(folder) * 1e6)
            path = made(folder / "charter.db")
            steps, own = statements(folder)
            for clients in given.clients:
                found.setdefault(("Charter", clients), []).append(measured(_client, path, clients, given.seconds))
                raw = measured(_raw, own, clients, given.seconds, steps)
                found.setdefault(("raw", clients), []).append(raw)
    if syncs:
        say("one sync of the disk", syncs, "us")
    for clients in given.clients if given.db else ():
        rates = zip(found["Charter", clients], found["one by one", clients], strict=True)
        ratios = [ours["a second"] / alone["a second"] for ours, alone in rates]
        say(f"{clients} clients: a second / one by one", ratios, least=4 if clients == 64 else None)
    first = min(given.clients)
    for (who, clients), rounds in found.items():
        told = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        print(
            f"      {who:10} {clients:3} clients: {json.dumps({k: round(v, 1) for k, v in told.items()})}", flush=True
        )
        if clients != first:
            alone = [one["a second"] for one in found[who, first]]
            rates = [one["a second"] / each for one, each in zip(rounds, alone, strict=True)]
            say(f"{who}, {clients} clients / {first}, a second", rates, least=3 if who == "Charter" else None)
            tails = [one["p99"] / one["p50"] for one in rounds]
            say(f"{who}, {clients} clients: p99 / p50", tails, most=20 if who == "Charter" else None)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
