"""What it costs to export a trail, in each format: entries a second, and the most memory that it takes.

Cases of ten steps are played by the runtime until there are so many entries. Each format is written by a process of its
own, of all the entries and of a tenth of them: memory that does not grow with the trail is about the same for both.

    python -m benchmarks.exports [--entries N] [--folder FOLDER] [--formats NAME …]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from charter.runtime.exports.formats import FORMATS, write
from charter.runtime.exports.trail import Trail
from charter.runtime.host.cases import Cases
from charter.runtime.store import create_store, open_store

from .verify import fill

DRAWN = ("prov-svg", "prov-dot")  # of one case alone


def measured(database: str, form: str, out: Path) -> dict[str, Any]:
    """Exports a whole trail; gives entries, seconds of the wall and of the processor, and the peak in MB."""
    with open_store(database) as store, store.read() as connection:
        trail = Trail(connection, lambda sealed: sealed, find=Cases(store).definition)
        since, busy = time.perf_counter(), time.process_time()
        made = write(out, form, trail)
        seconds, busy = time.perf_counter() - since, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = out.stat().st_size / 1e6
    out.unlink()
    return {"entries": made.entries, "seconds": seconds, "busy": busy, "peak": peak, "size": size}


def main() -> None:
    options = argparse.ArgumentParser(description="exporting a trail")
    options.add_argument("--entries", type=int, default=20_000)
    options.add_argument("--folder", type=Path, help="where to put the databases")
    options.add_argument("--formats", nargs="*", default=[name for name in FORMATS if name not in DRAWN])
    options.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        database, form, out = given.one
        print(json.dumps(measured(database, form, Path(out))))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        databases = {}
        for count in (given.entries // 10, given.entries):
            with create_store(str(folder / f"{count}.db")) as store:
                fill(store, count)
            databases[count] = str(folder / f"{count}.db")
        print(f"{'format':18} {'entries/s':>10} {'by processor':>13} {'MB':>7} {'peak MB':>8} {'of a tenth':>11}")
        for form in given.formats:
            found = []
            for database in databases.values():
                command = [sys.executable, "-m", "benchmarks.exports", "--one", database, form, str(folder / "out")]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                found.append(json.loads(done.stdout))
            tenth, one = found
            print(
                f"{form:18} {one['entries'] / one['seconds']:10,.0f} {one['entries'] / one['busy']:13,.0f}"
                f" {one['size']:7.1f} {one['peak']:8.0f} {tenth['peak']:11.0f}"
            )


if __name__ == "__main__":
    main()
