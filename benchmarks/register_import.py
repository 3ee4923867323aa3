"""How long `charter register NAME --import FILE` takes: `python -m benchmarks.register_import [ROWS …]`.

Each file is imported twice by the verb itself: once new, and once as it is, which changes nothing. Both are timed from
outside, with reading, judging, the entries of the trail, their rows and the commits.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from charter.runtime.cli.main import run

PROCESS = """register suppliers key supplier
  supplier text
  kind     choice "goods" | "services" | "works"
  since    date
  rating   integer where rating >= 1 and rating <= 5
  limit    money optional

process filing
  role clerk
  record entry
    supplier text
    kind     choice "goods" | "services" | "works"
    since    date
    rating   integer
  activity file
    role   clerk
    output entry
    files  entry into suppliers
"""


def rows(count: int) -> str:
    """Writes a table of so many suppliers."""
    kinds = ("goods", "services", "works")
    lines = (
        f"s{n:07},{kinds[n % 3]},20{n % 20 + 10}-0{n % 9 + 1}-11,{n % 5 + 1},{n % 977}.50 CNY" for n in range(count)
    )
    return "\n".join(("supplier,kind,since,rating,limit", *lines)) + "\n"


def main() -> None:
    for count in map(int, sys.argv[1:] or ("10000", "100000")):
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            Path("filing.charter").write_text(PROCESS, "utf-8")
            Path("suppliers.csv").write_text(rows(count), "utf-8")
            for line in ("init", "deploy filing.charter"):
                assert run([*line.split(), "--as", "zhou"]) == 0
            for what in ("new", "as they are"):
                start, used = perf_counter(), process_time()
                assert run(["register", "suppliers", "--import", "suppliers.csv", "--as", "zhou"]) == 0
                took, used = perf_counter() - start, process_time() - used
                rate = f"{count / took:,.0f} rows a second"
                print(f"{count:>9,} rows, {what}: {took:.1f} s, {used:.1f} s of the processor, {rate}", flush=True)
            os.chdir("/")


if __name__ == "__main__":
    main()
