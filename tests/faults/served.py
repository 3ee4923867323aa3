"""Clients and workers of a database on servers that fail, and what must hold of what they were told.

Each client opens cases and gives each a request, every command with a key of its own, which it repeats until it is
answered. Each case then has a time limit that has passed, for a worker to tell. What was answered must be there, and
all of it once.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from charter.runtime import clock
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.store import open_store
from charter.runtime.store.errors import StorageError
from charter.runtime.store.prepared import ask
from tests.faults.cluster import until
from tests.founded import founded
from tests.leave import HEAD, welcome
from tests.written import process

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3_600_000_000
STORY = process(
    HEAD
    + """
  activity ask
    role clerk
    output request
  activity look
    role boss
    input request
    within 1 hour
"""
)


def found(address: str) -> None:
    """Founds the database."""
    with founded(address) as store:
        welcome(store)
        assert Cases(store).deploy(STORY, by="root").refusal is None


class Told(NamedTuple):
    """What a client was told: its cases, each with its text and when it was answered, and how long it waited.

    `again`: how often it had to ask again.
    """

    cases: list[tuple[str, str, float]]
    longest: float
    again: int


def _client(address: str, number: int, over: Any, results: Any) -> None:
    cases: list[tuple[str, str, float]] = []
    longest, again, answered = 0.0, 0, time.monotonic()

    def done(name: str, /, *given: Any, **more: Any) -> Any:
        nonlocal longest, again, answered
        while True:
            try:
                with open_store(address, busy_seconds=10) as store:
                    host = Cases(store, clock=lambda: clock.now() - 2 * HOUR)
                    result = getattr(host, name)(*given, person="li", **more)
            except StorageError:
                again += 1
                time.sleep(0.02)
                continue
            assert result.refusal is None, result.refusal
            now = time.monotonic()
            longest, answered = max(longest, now - answered), now
            return result

    turn = 0
    while not over.is_set():
        turn += 1
        text = f"{number}.{turn}"
        case = done("start", "leave", key=f"start {text}").case
        done("perform", case, verb="complete", node="ask", records={"request": {"text": text}}, key=f"ask {text}")
        cases.append((case, text, time.time()))
    results.put(Told(cases, longest, again))


class Clients:
    """So many clients, who go on until they are told to stop."""

    def __init__(self, address: str, count: int) -> None:
        context = multiprocessing.get_context("fork")
        self._over, self._results = context.Event(), context.Queue()
        self._running = [
            context.Process(target=_client, args=(address, number, self._over, self._results), daemon=True)
            for number in range(count)
        ]
        for each in self._running:
            each.start()

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Ends them, whatever they are at."""
        for each in self._running:
            each.kill()
            each.join()

    def stop(self) -> list[Told]:
        self._over.set()
        found = [self._results.get(timeout=120) for _ in self._running]
        for each in self._running:
            each.join()
        return found


def worker(address: str, folder: Path, *before: str) -> subprocess.Popen[bytes]:
    """Begins `charter work`; `before`: words before the command."""
    path = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    command = [*before, sys.executable, "-m", "charter.runtime.cli.main", "--db", address, "work"]
    log = (folder / "workers").open("ab")
    return subprocess.Popen(
        command, stdout=log, stderr=log, cwd=folder, env={**os.environ, "PYTHONPATH": path}, start_new_session=True
    )


class Held(NamedTuple):
    """What came of it all: `longest`: a client's longest wait; `lag`: the longest until a worker told a limit."""

    acknowledged: int
    lost: int
    doubled: int
    again: int
    longest: float
    lag: float
    sound: bool


def held(address: str, told: list[Told]) -> Held:
    """Waits until nothing is due, and counts."""
    with open_store(address) as store:

        def over() -> bool:
            with store.read() as connection:
                return ask(connection, "SELECT count(*) FROM cases WHERE wake <= ?", clock.now())[0][0] == 0

        until(over)
        with store.read() as connection:
            bodies = ask(connection, 'SELECT "case", kind, at, body FROM entries WHERE "case" <> ?', "organisation")
        limits = {case: at for case, kind, at, _ in bodies if kind == "overdue"}
        seen = Counter((case, kind) for case, kind, _, _ in bodies if kind in ("started", "completed", "overdue"))
        cases = [one for each in told for one in each.cases]
        wanted = {(case, kind) for case, _, _ in cases for kind in ("started", "completed", "overdue")}
        texts = {case: text for case, text, _ in cases}
        wrong = sum(
            f'"text":"{texts[case]}"'.encode() not in bytes(body)
            for case, kind, _, body in bodies
            if kind == "completed" and case in texts
        )
        lag = max((limits[case] / 1e6 - at for case, _, at in cases if case in limits), default=0.0)
        return Held(
            acknowledged=2 * len(cases),
            lost=len(wanted - set(seen)) + wrong,
            doubled=sum(count - 1 for count in seen.values()) + len(set(seen) - wanted),
            again=sum(each.again for each in told),
            longest=max(each.longest for each in told),
            lag=lag,
            sound=verify(store).sound,
        )
