"""What the fault tests share: a process with a clock and a call, databases of it, workers, and what must hold at last.

Each case has a time limit that has passed and a call that is to be made. Whatever is done to the workers: the limit is
told once, the call is answered once, always under the same key, and the trail is sound.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from charter.runtime import clock
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.connectors import FILE
from charter.runtime.store import Store, create_store, tables as t
from tests.calling import QUOTE
from tests.founded import founded
from tests.leave import HEAD, HELLO, host, kinds, welcome
from tests.written import process

ROOT = Path(__file__).resolve().parents[2]
HOUR = 3_600_000_000
STORY = process(
    HEAD
    + """
  record quote
  activity ask
    role clerk
    output request
  activity fetch call prices with wanted = request.text
    input request
    output quote
  activity look
    role boss
    input request
    within 1 hour
  activity cool_off wait 1 hour
    after ask
"""
)


def begun(folder: Path, cases: int, *, ago: int = 2 * HOUR) -> list[str]:
    """Makes a database in which so many cases have something due, and a connector that takes down its keys."""
    folder.mkdir(parents=True)
    says = f"echo $CHARTER_KEY >> keys; echo '{json.dumps(QUOTE)}'"
    (folder / FILE).write_text(json.dumps({"prices": {"command": ["sh", "-c", says], "timeout": 20}}))
    with founded(folder / "a.db") as store:
        welcome(store)
        opened = host(store, STORY, clock=lambda: clock.now() - ago)
        found = [opened.start("leave", person="li").case for _ in range(cases)]
        for case in found:
            assert opened.perform(case, person="li", verb="complete", node="ask", records=HELLO).refusal is None
    return found


def worker(folder: Path, *words: str, shim: Path | None = None, **variables: Any) -> subprocess.Popen[str]:
    """Begins `charter work` (or other words) on a database, as an operator would."""
    path = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    given = {f"SHIM_{name.upper()}": str(value) for name, value in variables.items()}
    preload = {} if shim is None else {"LD_PRELOAD": str(shim)}
    command = [sys.executable, "-m", "charter.runtime.cli.main", "--db", str(folder / "a.db"), *(words or ("work",))]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **preload, **given},
    )


def free(folder: Path) -> None:
    """Has every lease run out, as after an hour or when a clock is set."""
    with create_store(str(folder / "a.db")) as store, store.write() as connection:
        connection.execute(update(t.outbox).where(t.outbox.c.leased_until.is_not(None)).values(leased_until=1))


def held(folder: Path, cases: list[str], *, told: str = "overdue") -> None:
    """Holds what must be so once all is done."""
    with create_store(str(folder / "a.db")) as store:
        opened = Cases(store)
        for case in cases:
            seen = Counter(kinds(store, case))
            assert (seen[told], seen["answered"]) == (1, 1), (case, seen)
            nodes = opened.state(case).nodes
            assert [nodes[name].state for name in ("fetch", "cool_off", "look")] == ["done", "done", "ready"]
        with store.read() as connection:
            assert connection.execute(t.outbox.select()).fetchall() == []
        assert verify(store).sound
    keys = (folder / "keys").read_text().split()
    assert set(keys) == {f"{case}:fetch:1" for case in cases}, Counter(keys)


def left(store: Store) -> int:
    """Counts what is still due."""
    with store.read() as connection:
        asked = len(connection.execute(t.outbox.select()).fetchall())
        due = t.cases.select().where(t.cases.c.wake <= clock.now())
        return asked + len(connection.execute(due).fetchall())


@contextmanager
def ended(*processes: subprocess.Popen[str]) -> Iterator[None]:
    """Ends processes at the end of the block, whatever happens."""
    try:
        yield
    finally:
        for each in processes:
            each.kill()
            each.communicate()


def built(folder: Path) -> Path:
    """Compiles the library that is preloaded; skips where that cannot be."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler, and Linux")
    # The loader takes a blank for the end of a name.
    free = folder if not re.search(r"[\s:]", str(folder)) else Path(tempfile.mkdtemp(dir="/tmp"))
    library = free / "shim.so"
    source = Path(__file__).with_name("shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
    return library
