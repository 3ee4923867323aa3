"""A database of PostgreSQL's as a file of SQLite's: every row of every table, as one transaction sees them.

What is copied is verified like any other: the same trail, the same folds, numbered alike.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg
from sqlalchemy import create_engine

from charter.runtime.store.schema import SCHEMA
from charter.runtime.store.sqlite import TRIGGERS, unnamed
from charter.runtime.store.tables import metadata

if TYPE_CHECKING:
    from charter.runtime.store.connection import Counted, Driver

_ROWS = 1000  # read and written at a time


def copy(raw: Driver, to: Path, counted: Counted) -> None:
    """Copies all rows; raises sqlite3.Error for what goes wrong with the file, also where the schema is another one."""
    tables = metadata.sorted_tables
    if (schema := raw.schema()) != SCHEMA:
        raise sqlite3.DatabaseError(f"a database of schema {schema} is copied once it is brought up to date")
    rows = sum(raw.execute(f'SELECT count(*) FROM {raw.own}."{each.name}"').fetchone()[0] for each in tables)
    with unnamed(to) as target, counted(rows) as told:
        engine = create_engine("sqlite://", creator=lambda: target)
        with engine.connect() as connection:
            metadata.create_all(connection)
            target.execute("BEGIN")
            for table in tables:
                names = ", ".join(f'"{column.name}"' for column in table.columns)
                put = f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join("?" * len(table.columns))})'
                with psycopg.ServerCursor(cast(Any, raw), "copied") as cursor:
                    cursor.execute(f'SELECT {names} FROM {raw.own}."{table.name}"'.encode())
                    while found := cursor.fetchmany(_ROWS):
                        target.executemany(put, found)
                        told(len(found))
            for trigger in TRIGGERS.values():
                target.execute(trigger)
            target.execute(f"PRAGMA user_version={SCHEMA:d}")
            target.execute("COMMIT")
