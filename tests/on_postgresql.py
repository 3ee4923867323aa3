"""Has every database of a test on PostgreSQL: a path stands for a schema, the file there for its being there.

`CHARTER_TEST_DB=postgresql://…/DATABASE` chooses it. The tables are made of one text, which is worked out once; the
schemas of a run are dropped at its end. What is about SQLite's files bears the mark `sqlite` and is left out.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_mock_engine

from charter.runtime.folds import FOLDS
from charter.runtime.store import backends, postgresql, postgresql_dialect, store as stores
from charter.runtime.store.postgresql import Driver, PostgreSQL
from charter.runtime.store.prepared import driver
from charter.runtime.store.sqlite import SQLite
from charter.runtime.store.tables import metadata

GIVEN = os.environ.get("CHARTER_TEST_DB", "")
RUN = os.environ.setdefault("CHARTER_TEST_RUN", f"{os.getpid():x}")  # the workers of a run share it


class There(PostgreSQL):
    """The schema that a path stands for."""

    def __init__(self, path: Path) -> None:
        name = f"t{RUN}_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
        super().__init__(f"{GIVEN}{'&' if '?' in GIVEN else '?'}schema={name}")
        self._file = SQLite(path)
        self.url, self.folder, self.companions = str(path), path.parent, (path,)

    def find(self) -> None:
        self._file.find()

    def make(self) -> None:
        self._file.make()


@cache
def _tables() -> tuple[str, ...]:
    said: list[str] = []
    engine: Any = create_mock_engine(
        "charter_postgresql://", lambda each, *_, **__: said.append(str(each.compile(dialect=engine.dialect)))
    )
    metadata.create_all(engine, checkfirst=False)
    return tuple(said)


def _create(connection: Any) -> None:
    raw = driver(connection)
    assert isinstance(raw, Driver) and postgresql_dialect
    first, last = raw.statements()
    raw.plainly("; ".join((*first, *_tables(), *last)))


# What is a case's own, or drawn in turn: all that a transaction of a part may write to. What seals has the tree.
_OWN = {"cases", "entries", "outbox", "keys", "clock", *(fold.table for fold in FOLDS)}
_OWN -= {"register_entries", "register_fields"}
_TREE = {"leaves", "tiles", "checkpoints", "clock"}
_WRITTEN = (
    "SELECT c.relname::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
    " WHERE l.pid = pg_backend_pid() AND l.mode = 'RowExclusiveLock' AND c.relkind = 'r'"
)


class Watched(Driver):
    """A connection that holds every transaction of a part to its part."""

    def end(self, *, keeping: bool) -> None:
        if keeping and self.part is not None:
            written = {row[0] for row in self.execute(_WRITTEN)}
            assert written <= (_OWN if self.part.turn is None else _TREE), written
        super().end(keeping=keeping)


def use() -> None:
    """Has paths stand for schemas from now on."""
    postgresql.Driver = Watched  # type: ignore[misc]
    backends._SCHEMES["sqlite"] = lambda given: There(SQLite.at(given).path)
    stores._create = _create


def leave_out(items: list[pytest.Item]) -> None:
    """Skips what is about SQLite's files."""
    for item in items:
        if (mark := item.get_closest_marker("sqlite")) is not None:
            item.add_marker(pytest.mark.skip(reason=f"of SQLite: {mark.args[0]}"))


def sweep() -> None:
    """Drops the schemas of this run."""
    with psycopg.connect(GIVEN, autocommit=True) as raw:
        for (name,) in raw.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE %s", (f"t{RUN}\\_%",)
        ).fetchall():
            raw.execute(f'DROP SCHEMA "{name}" CASCADE')
