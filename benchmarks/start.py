"""Times the start of the command line, whole processes against `python -c pass`: `python -m benchmarks.start`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .figures import race, ratio, say

ROOT = Path(__file__).resolve().parents[1]
LEAVE = str(ROOT / "processes/examples/leave_request.charter")
# arguments -> at most so many times the start of Python
LINES: tuple[tuple[list[str], float | None], ...] = (
    (["--help"], 8),
    (["inbox"], 20),
    (["check", LEAVE], None),
    (["graph", LEAVE], None),
    (["doctor"], None),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CHARTER_DB": f"{folder}/charter.db", "CHARTER_PERSON": "li"}
        charter = [sys.executable, "-m", "charter"]
        subprocess.run([*charter, "people", "add", "li", "--as", "li"], env=environment, capture_output=True)
        lines: dict[str, tuple[list[str], float | None]] = {"python -c pass": ([sys.executable, "-c", "pass"], None)}
        for words, most in LINES:
            lines[f"charter {' '.join(Path(word).name for word in words)}"] = ([*charter, *words], most)

        def run(line: list[str]) -> None:
            subprocess.run(line, env=environment, capture_output=True, cwd=folder, check=True)

        found = race({name: (lambda line=line: run(line), 1) for name, (line, _) in lines.items()}, 15)
        base = found["python -c pass"]
        for name, (_, most) in lines.items():
            say(name, [seconds * 1e3 for seconds in found[name]], "ms")
            if found[name] is not base:
                say(f"{name} / python", ratio(found[name], base), most=most)


if __name__ == "__main__":
    main()
