"""Times the start of the command line, whole processes against `python -c pass`: `python benchmarks/start.py`.

Ratios are of medians in one run, the commands taken in turn; nothing is asserted. The goals are 8 times for `--help`
and 20 times for `inbox` (docs/performance.md).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEAVE = str(ROOT / "processes/examples/leave_request.charter")
ROUNDS = 15
LINES = (["--help"], ["inbox"], ["check", LEAVE], ["graph", LEAVE], ["doctor"])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CHARTER_DB": f"{folder}/charter.db", "CHARTER_PERSON": "li"}
        charter = [sys.executable, "-m", "charter"]
        subprocess.run([*charter, "people", "add", "li", "--as", "li"], env=environment, capture_output=True)
        lines = {"python -c pass": [sys.executable, "-c", "pass"]}
        lines |= {f"charter {' '.join(Path(w).name for w in line)}": [*charter, *line] for line in LINES}
        times: dict[str, list[float]] = {name: [] for name in lines}
        for _ in range(ROUNDS):
            for name, line in lines.items():
                start = time.perf_counter()
                subprocess.run(line, env=environment, capture_output=True, cwd=folder)
                times[name].append(time.perf_counter() - start)
        base = statistics.median(times["python -c pass"])
        for name, found in times.items():
            middle = statistics.median(found)
            print(f"{name:36} {middle * 1000:7.1f} ms  {middle / base:5.1f} x")


if __name__ == "__main__":
    main()
