"""Has other processes look at chains while this one does what concerns the whole: parts of the trail go out, findings
come back, in the order of the chains.

A process is a Python of its own that reads the database through a connection of its own; between it and this one go
lines of JSON. So nothing is carried over but the path of a file: no lock, no connection, no thread. Invariant: whatever
becomes of a process, each part is looked at: what none has answered for, whoever asked looks at itself.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from charter.engine.law import Rules
from charter.runtime.audit.chains import Chains, Looked
from charter.runtime.audit.findings import Fault, Unjudged
from charter.runtime.audit.obligations import Keyed
from charter.runtime.author.files import Files
from charter.runtime.store.backends import backend
from charter.runtime.store.prepared import driver

if TYPE_CHECKING:
    from charter.runtime.store import Store

PART = 2_000  # entries that a process is given at a time

Chain = tuple[str, int, str]
# Parts in order, each with what another process found in it: None, and it is to be looked at here.
Parts = Iterable[tuple[Sequence[Chain], Looked | None]]


@contextmanager
def looking(store: Store, files: Files | None, chains: Sequence[Chain], processes: int) -> Iterator[Parts]:
    """Has so many processes look at chains; gives the parts as they come, in order. For one, all is one part."""
    parts = list(_parts(chains))
    processes = min(processes, len(parts))
    if processes < 2 or not sys.executable:
        yield [(chains, None)]
        return
    folder = None if files is None else str(files.folder.parent)
    numbers, answers = iter(range(len(parts))), SimpleQueue[tuple[int | None, Looked | None]]()
    turn, running = threading.Lock(), list[subprocess.Popen[str]]()

    def serve(process: subprocess.Popen[str]) -> None:
        """Hands a process part after part, until there is none or it is gone."""
        assert process.stdin is not None and process.stdout is not None
        try:
            while True:
                with turn:
                    number = next(numbers, None)
                if number is None:
                    break
                process.stdin.write(json.dumps([name for name, _, _ in parts[number]]) + "\n")
                process.stdin.flush()
                answers.put((number, _read(json.loads(process.stdout.readline()), parts[number])))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            pass  # it is gone, or none of ours
        finally:
            answers.put((None, None))

    for _ in range(processes):
        running.append(_process(store.backend.address, folder))
        threading.Thread(target=serve, args=(running[-1],), daemon=True).start()
    try:
        yield _in_order(parts, answers, processes)
    finally:
        for process in running:
            process.kill()
            process.wait()
            with suppress(OSError):
                process.communicate()


def _parts(chains: Sequence[Chain]) -> Iterator[list[Chain]]:
    part: list[Chain] = []
    size = 0
    for chain in chains:
        part.append(chain)
        size += max(chain[1], 1)
        if size >= PART:
            yield part
            part, size = [], 0
    if part:
        yield part


def _in_order(
    parts: Sequence[Sequence[Chain]], answers: SimpleQueue[tuple[int | None, Looked | None]], running: int
) -> Parts:
    found: dict[int, Looked | None] = {}
    for number, part in enumerate(parts):
        while number not in found and running:
            which, answer = answers.get()
            if which is None:
                running -= 1
            else:
                found[which] = answer
        yield part, found.pop(number, None)


def _process(address: str, folder: str | None) -> subprocess.Popen[str]:
    # In a session of its own: Ctrl-C is for whoever asked, who ends it.
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *([] if folder is None else [folder])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        start_new_session=True,
        env={**environment(), "CHARTER_DB": address},  # which may hold a password, and not everybody sees
    )


SCRIPT = f"from {__name__} import main; main()"


def environment() -> dict[str, str]:
    """Gives the environment in which another Python finds what this one finds."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def main() -> None:
    """Looks at the chains of each line that comes, as they stand when the first one comes, until there are no more."""
    from charter.runtime.store.looking import Looked as Database

    gc.set_threshold(50_000)  # what an entry is made of is gone with its part, and nearly none of it is a circle
    files = Files(Path(sys.argv[1])) if sys.argv[1:] else None
    store = Database(backend(), looking=True)
    with store.read() as connection, driver(connection).as_it_stands():
        chains = Chains(connection, files)
        for line in sys.stdin:
            looked = Looked()
            for name in json.loads(line):
                chains.find(name, looked)
            print(json.dumps(_written(looked)), flush=True)


def _written(looked: Looked) -> dict[str, Any]:
    findings = looked.findings
    return {
        "faults": {name: [one.case, one.seq, one.why, one.what] for name, one in findings.faults.items()},
        "unjudged": [[one.case, one.seq, *one.rules] for one in findings.unjudged],
        "heads": looked.heads,
        "entries": looked.entries,
        "cases": looked.cases,
        "keyed": [looked.keyed.count, looked.keyed.total, looked.keyed.first],
    }


def _read(answer: dict[str, Any], part: Sequence[Chain]) -> Looked:
    looked = Looked()
    looked.findings.faults = {name: Fault(*fault) for name, fault in answer["faults"].items()}
    looked.findings.unjudged = [Unjudged(case, seq, Rules(*rules)) for case, seq, *rules in answer["unjudged"]]
    looked.heads = {name: (count, head) for name, (count, head) in answer["heads"].items()}
    looked.known = {name for name, _, _ in part}
    looked.entries, looked.cases = answer["entries"], answer["cases"]
    looked.keyed = Keyed(*answer["keyed"])
    return looked


__all__ = ["PART", "looking", "main"]
