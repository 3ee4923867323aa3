"""What somebody with the database's file and without scruples can do; who has done, the triggers are as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from charter.runtime.store import Store


@contextmanager
def unguarded(raw: sqlite3.Connection) -> Iterator[None]:
    """Takes away what keeps entries from being changed, and puts it back where its table is still there."""
    there = raw.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _, _ in there:
        raw.execute(f"DROP TRIGGER {name}")
    yield
    for _, table, sql in there:
        if raw.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone():
            raw.execute(sql)


@contextmanager
def by_hand(store: Store) -> Iterator[Any]:
    """Gives a connection by which all can be changed, wherever the database is; what was changed stays."""
    if store.backend.parted:
        raw: Any = store.backend.connect(seconds=1)
        with closing(raw):
            raw.plainly("BEGIN; SET LOCAL session_replication_role = replica")
            yield raw
            raw.plainly("COMMIT")
        return
    with closing(sqlite3.connect(store.url)) as raw, raw, unguarded(raw):
        yield raw
