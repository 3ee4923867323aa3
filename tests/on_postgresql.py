"""Has every database of a test on PostgreSQL: a path stands for a schema, the file there for its being there.

`CHARTER_TEST_DB=postgresql://…/DATABASE` chooses it; everything in that database whose name begins like ours is taken
away at the end of a run. What a schema begins with is made once a process and sent as one text.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

import psycopg

from charter.runtime.store import backends, errors
from charter.runtime.store.connection import Driver
from charter.runtime.store.postgresql import PostgreSQL
from charter.runtime.store.sqlite import SQLite

GIVEN = os.environ.get("CHARTER_TEST_DB", "")
RUN = os.environ.setdefault("CHARTER_TEST_RUN", f"{os.getpid():x}")  # workers of one run share it


class There(PostgreSQL):
    """The schema that a path stands for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        name = f"t{RUN}_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
        super().__init__(f"{GIVEN}{'&' if '?' in GIVEN else '?'}schema={name}")
        self.url, self.folder, self.companions = str(path), path.parent, (path,)

    def find(self) -> None:
        SQLite(self.path).find()

    def make(self) -> None:
        SQLite(self.path).make()

    def error(self, cause: BaseException) -> errors.StorageError:
        return super().error(cause)


def use() -> None:
    """Has paths stand for schemas from now on."""

    def there(given: str) -> Any:
        return There(SQLite.at(given).path)

    backends._SCHEMES["sqlite"] = there


def sweep(everything: bool = False) -> None:
    """Drops the schemas of this run."""
    like = "t%\\_%" if everything else f"t{RUN}\\_%"
    with psycopg.connect(GIVEN, autocommit=True) as raw:
        names = [
            n for (n,) in raw.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE %s", (like,)).fetchall()
        ]
        for name in names:
            raw.execute(f'DROP SCHEMA "{name}" CASCADE')


__all__ = ["Driver", "There", "re", "sweep", "use"]
