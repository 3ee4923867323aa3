"""Times the start of the command line, whole processes against `python -c pass`: `python -m benchmarks.start`.

Byte code is cached first, in a folder of this run, so that the figures do not depend on who ran what before, nor on
who may write where.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .figures import race, ratio, say

ROOT = Path(__file__).resolve().parents[1]
LEAVE = str(ROOT / "processes/examples/leave_request.charter")
BASE = "python -c pass"
# arguments -> at most so many times the start of Python
LINES: tuple[tuple[list[str], float | None], ...] = (
    (["--help"], 8),
    (["inbox"], 6),
    (["show", "1"], 6),
    (["comment", "1", "hello"], 6),
    (["check", LEAVE], 8),
    (["graph", LEAVE], None),
    (["doctor"], None),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "CHARTER_DB": f"{folder}/charter.db", "CHARTER_PERSON": "li"}
        environment["PYTHONPYCACHEPREFIX"] = f"{folder}/byte-code"
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def run(words: list[str]) -> None:
            subprocess.run([sys.executable, *words], env=environment, capture_output=True, cwd=folder, check=True)

        charter = ["-m", "charter"]
        run([*charter, "init", "--as", "li"])
        run([*charter, "people", "grant", "li", "employee"])
        run([*charter, "deploy", LEAVE])
        run([*charter, "start", "leave_request"])
        works = {BASE: lambda: run(["-c", "pass"])}
        goals: dict[str, float | None] = {}
        for words, most in LINES:
            name = f"charter {' '.join(Path(word).name for word in words)}"
            works[name] = lambda words=words: run([*charter, *words])
            goals[name] = most
        for work in works.values():
            work()
        print(f"byte code is cached: {sum(1 for _ in Path(folder, 'byte-code').rglob('*.pyc'))} modules")

        found = race({name: (work, 1) for name, work in works.items()}, 15)
        for name, seconds in found.items():
            say(name, [second * 1e3 for second in seconds], "ms")
            if name != BASE:
                say(f"{name} / python", ratio(seconds, found[BASE]), most=goals.get(name))


if __name__ == "__main__":
    main()
