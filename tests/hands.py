"""What somebody with the database's file and without scruples can do; who has done, the triggers are as they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


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
