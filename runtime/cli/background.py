"""What goes on after an answer: the calls that a command asked for, made by a process that nobody waits for.

It is a `charter tick` of the cases concerned, without a terminal. Should it never run or be killed, the next tick does
the same. `CHARTER_BACKGROUND=off` leaves all of it to `charter tick`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection


def go_on(database: str, cases: Collection[str]) -> None:
    """Begins the process for what these cases of a database still ask for; does nothing where there are none."""
    if not cases or os.environ.get("CHARTER_BACKGROUND", "").lower() in ("off", "0", "no"):
        return
    import subprocess

    # -P: nothing of the folder that somebody happens to stand in is loaded.
    command = [sys.executable, "-P", "-m", "charter.runtime.cli.main", "--db", database, "tick", *sorted(cases)]
    nowhere = subprocess.DEVNULL
    with contextlib.suppress(OSError):
        process = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True)
        process.returncode = 0  # it is nobody's to wait for
