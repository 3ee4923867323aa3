"""How long a look-up in a register takes as the register grows: `python -m benchmarks.registers [ENTRIES …]`.

Rows are written as the folds write them; what is measured is what each step of a case asks (`host/registers.py`).
"""

from __future__ import annotations

import sys
import tempfile
from time import perf_counter

from charter.engine.registers import Ask
from charter.runtime.host.registers import answer
from charter.runtime.store import Store, create_store
from charter.runtime.store.prepared import driver

ROUNDS = 2_000


def fill(store: Store, count: int) -> None:
    """Writes so many entries, each with two versions and two fields that can be asked for."""
    with store.write() as connection:
        run = driver(connection).executemany
        for version in (1, 2):
            body = '{"tag":"t"}'
            entries = ((f"c{n}", "r", f"k{n:07}", version, version, "d", body, None, "li", n) for n in range(count))
            run("INSERT INTO register_entries VALUES (?,?,?,?,?,?,?,?,?,?)", entries)
            fields = ((f"c{n}", "r", f"k{n:07}", version, "tag", f"t{n // 10}") for n in range(count))
            run("INSERT INTO register_fields VALUES (?,?,?,?,?,?)", fields)


def main() -> None:
    for count in map(int, sys.argv[1:] or ("1000", "100000", "1000000")):
        with tempfile.TemporaryDirectory() as folder:
            store = create_store(f"{folder}/r.db")
            fill(store, count)
            with store.read() as connection:
                for what in ("key", "field"):
                    start = perf_counter()
                    for round in range(ROUNDS):
                        n = round * 7919 % count
                        ask = Ask("r", f"k{n:07}") if what == "key" else Ask("r", None, (("tag", f"t{n // 10}"),))
                        assert len(answer(connection, ask).rows) == (1 if what == "key" else min(10, count))
                    print(f"{count:>9,} entries, by {what}: {(perf_counter() - start) / ROUNDS * 1e6:.0f} µs")
            store.close()


if __name__ == "__main__":
    main()
