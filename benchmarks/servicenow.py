"""Another system's log imported into Charter: what becomes of its events, and how fast.

    python benchmarks/servicenow.py LOG [--process servicenow|receipt] [--batch N] [--cores N] [--verify]

Prints one JSON line: events and cases, deviations by kind, how far our figures agree with those of the log, events a
second (reading the file, retracing, sealing, writing, each batch durable), the time of the KPI report over all cases,
and the peak of memory. The logs: UCI Machine Learning Repository no. 498 (Amaral, Fantinato, Reijers, Peres 2018), and
the receipt phase of CoSeLoG, 4TU.ResearchData (Buijs 2014).
"""

from __future__ import annotations

import sys
from os.path import dirname, realpath

# Run as a file, its folder comes first in the path, and `calendar.py` beside it would be everybody's `calendar`.
sys.path[:] = [place for place in sys.path if realpath(place) != dirname(realpath(__file__))]

import argparse  # noqa: E402
import json  # noqa: E402
import resource  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from charter.dsl.passes import compile  # noqa: E402
from charter.engine.definition import Definition  # noqa: E402
from charter.runtime import clock  # noqa: E402
from charter.runtime.audit.verify import verify  # noqa: E402
from charter.runtime.desk.kpi import measure  # noqa: E402
from charter.runtime.host.cases import Cases  # noqa: E402
from charter.runtime.imports.histories import read_log  # noqa: E402
from charter.runtime.imports.importing import BATCH, Imported, import_log  # noqa: E402
from charter.runtime.imports.mapping import against_process, read_map  # noqa: E402
from charter.runtime.people.changes import People  # noqa: E402
from charter.runtime.store import Store, create_store  # noqa: E402

PROCESSES = Path(__file__).resolve().parents[1] / "processes" / "imports"


def definition_of(name: str) -> Definition:
    """Compiles the process of a log that is shipped here."""
    file = PROCESSES / f"{name}.charter"
    found = compile(file.name, file.read_bytes(), lambda path: (PROCESSES / path).read_bytes())
    return found.definitions[0]


def imported(store: Store, name: str, file: Path, *, batch: int = BATCH, cores: int | None = None) -> Imported:
    """Imports a log by the map that is shipped for it."""
    map_text = (PROCESSES / f"{name}.map").read_text("utf-8")
    map_, mistakes = read_map(map_text)
    definition = definition_of(name)
    assert not mistakes + against_process(map_, definition)
    log = read_log(file, map_)
    return import_log(
        store, log, map_, by="root", file=file, map_text=map_text, process=map_.process, batch=batch, cores=cores
    )


def peak_mib() -> int:
    """Gives the most memory that this process and those it made have held, in MiB."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    others = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round((own + others) / 1024)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("log", type=Path)
    parser.add_argument("--process")
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--cores", type=int)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--verify", action="store_true")
    args = parser.parse_args()
    name = args.process or ("receipt" if "receipt" in args.log.name else "servicenow")
    with tempfile.TemporaryDirectory(dir=args.folder) as folder, create_store(f"{folder}/charter.db") as store:
        People(store, by="root").found()
        Cases(store).deploy(definition_of(name), by="root")
        begun = time.perf_counter()
        done = imported(store, name, args.log, batch=args.batch, cores=args.cores)
        seconds = time.perf_counter() - begun
        assert done.accounted == done.rows
        out: dict[str, Any] = {
            "events": done.rows,
            "accounted": done.accounted,
            "cases": done.cases,
            "entries": done.entries,
            "deviations": dict(done.deviations),
            **{f"{one}_agreement": found.share for one, found in done.compared.items()},
            "disagreements": {one: dict(found.by) for one, found in done.compared.items()},
            "unknown": {one: found.unknown for one, found in done.compared.items()},
            "events_per_second": round(done.rows / seconds),
            "seconds": round(seconds, 1),
            "peak_mib": peak_mib(),
            "database_mib": round((Path(folder) / "charter.db").stat().st_size / 2**20),
        }
        begun = time.perf_counter()
        out["kpi_seconds"] = report(store, name)
        if args.verify:
            begun = time.perf_counter()
            found = verify(store)
            out["verified"] = str((found.integrity.sound, found.completeness.sound, found.truth.sound))
            out["verify_seconds"] = round(time.perf_counter() - begun, 1)
        print(json.dumps(out))


def report(store: Store, name: str) -> float:
    """Measures the process's figures over all cases, as `charter kpi` does; gives the seconds."""
    begun = time.perf_counter()
    with store.read() as connection:
        definition = definition_of(name)
        measure(connection, definition, clock.now())
    return round(time.perf_counter() - begun, 2)


if __name__ == "__main__":
    main()
