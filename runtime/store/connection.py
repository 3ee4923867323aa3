"""A connection to the database: the driver's own, with SQLAlchemy's around it once somebody asks for that.

Loading SQLAlchemy costs ten times the start of Python, and what people type all day (their inbox) asks a few fixed
statements. So a transaction hands out a `Lazy` one: `prepared.py` runs on `driver`; everything else goes to `core`.
"""

from __future__ import annotations

import sqlite3
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Driver(sqlite3.Connection):
    """SQLite's connection, whose transactions are the store's alone: it begins and ends them in SQL.

    `waits`: how long SQLite itself waits for a lock, seconds, once that was said. SQLAlchemy rolls back once it has
    looked at a database for the first time, which may be amid a transaction of ours.
    """

    waits: float | None = None

    def rollback(self) -> None:
        """Does nothing."""

    def execute(self, *statement: Any) -> sqlite3.Cursor:
        """Executes a statement; a complaint of SQLite's that is no text, of a damaged schema, is one all the same."""
        try:
            return super().execute(*statement)
        except UnicodeDecodeError as cause:
            raise sqlite3.DatabaseError("malformed database schema") from cause


class Lazy:
    """Answers as a `sqlalchemy.Connection` does; its transactions are begun and ended on the driver, beneath it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    @cached_property
    def core(self) -> Connection:
        """SQLAlchemy's connection, in one endless transaction of its own reckoning."""
        from sqlalchemy import StaticPool, create_engine

        engine = create_engine("sqlite://", creator=lambda: self.driver, poolclass=StaticPool)
        connection = engine.connect()
        connection.begin()
        return connection

    @cached_property
    def execute(self) -> Any:
        return self.core.execute

    @cached_property
    def dialect(self) -> Any:
        return self.core.dialect

    def __getattr__(self, name: str) -> Any:
        return getattr(self.core, name)


def core(connection: Connection) -> Connection:
    """Gives SQLAlchemy's own connection, for what looks at more than how it answers."""
    return connection.core if isinstance(connection, Lazy) else connection
