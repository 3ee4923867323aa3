"""What a worker costs that has nothing to do, and how late it is where 1,000 time limits pass at one instant.

Real workers (`charter work`) run on a database on the disk. The limits are set beforehand, by a host whose clock
stands; the entry of each says when it was told. What is due is looked for among 100,000 clocks that run.

    python -m benchmarks.worker [--due N] [--workers N] [--idle SECONDS] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from charter.dsl.passes import compile
from charter.engine.definition import Definition
from charter.runtime.clock import now
from charter.runtime.host import timers
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store
from charter.runtime.store.prepared import ask

from .figures import say
from .sla import fill

HOUR = 3_600_000_000
TEXT = "process late\n  role clerk\n  activity work\n    role clerk\n    within 1 hour\n"


def late() -> Definition:
    (definition,) = compile("late.charter", TEXT.encode()).definitions
    return definition


def worker(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "charter.runtime.cli.main", "--db", str(folder / "a.db"), "work"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def processor(pid: int) -> float:
    """Gives the seconds of the processor that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle(folder: Path, seconds: float) -> float:
    """Gives the share of a core that a worker without work takes."""
    at_work = worker(folder)
    time.sleep(3)
    before, begun = processor(at_work.pid), time.monotonic()
    time.sleep(seconds)
    share = (processor(at_work.pid) - before) / (time.monotonic() - begun)
    at_work.send_signal(signal.SIGTERM)
    at_work.wait()
    return share


def at_once(folder: Path, store: Store, cases: int, workers: int) -> list[float]:
    """Gives how late each of so many time limits was told that passed at one instant, seconds, ascending."""
    soon = now() - HOUR + int((6 + cases * 0.004) * 1_000_000)
    opened = Cases(store, clock=lambda: soon)
    opened.deploy(late(), by="root")
    for _ in range(cases):
        opened.start("late", person="li")
    left = soon + HOUR - now()
    assert left > 3_000_000, "the cases took too long to open"
    at_work = [worker(folder) for _ in range(workers)]
    time.sleep(left / 1_000_000)
    while True:
        time.sleep(0.5)
        with store.read() as connection:
            told = [row[0] for row in ask(connection, "SELECT at FROM entries WHERE kind = 'overdue'")]
        if len(told) >= cases:
            break
    for each in at_work:
        each.send_signal(signal.SIGTERM)
        each.wait()
    assert len(told) == cases
    return sorted((at - soon - HOUR) / 1_000_000 for at in told)


def scanned(store: Store, clocks: int) -> list[float]:
    """Gives what it takes to look for what is due among so many clocks that run, seconds."""
    fill(store, clocks)
    took = []
    for _ in range(50):
        begun = time.perf_counter()
        with store.read() as connection:
            timers.earliest(connection)
            timers.due(connection, now())
        took.append(time.perf_counter() - begun)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--due", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--idle", type=float, default=30)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name, create_store(f"{name}/a.db") as store:
        people = People(store, by="root")
        people.found()
        people.add("li")
        people.grant("li", "clerk")
        told = at_once(Path(name), store, given.due, given.workers)
        say(f"{given.due:,} limits at one instant: the first told", [told[0]], "s")
        say("half of them", [statistics.median(told)], "s")
        say("the last", [told[-1]], "s", most=1)
        say("a worker that has nothing to do, of a core", [100 * idle(Path(name), given.idle)], "%", most=1)
        say("what is due among 100,000 clocks that run", [1000 * t for t in scanned(store, 100_000)], "ms", most=50)


if __name__ == "__main__":
    main()
