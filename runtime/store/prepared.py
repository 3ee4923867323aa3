"""Statements of the hot path: written once in SQLAlchemy Core, compiled once a dialect, run on the driver's cursor.

SQLAlchemy's own execution costs more than SQLite's for one row; what is compiled here is the same text that it
would send. Parameters are given by position, in the order of `names`. Errors are the driver's; `Store` turns them
into coded ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.expression import ClauseElement


class Prepared:
    """One statement with its parameters in a fixed order."""

    __slots__ = ("_names", "_order", "_statement", "_texts")

    def __init__(self, statement: ClauseElement, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._texts: dict[str, tuple[str, tuple[int, ...] | None]] = {}

    def _compiled(self, connection: Connection) -> tuple[str, tuple[int, ...] | None]:
        dialect = connection.dialect
        found = self._texts.get(dialect.name)
        if found is None:
            compiled = self._statement.compile(dialect=dialect, column_keys=list(self._names))
            wanted = getattr(compiled, "positiontup", None) or list(self._names)
            order = tuple(self._names.index(name) for name in wanted)
            straight = order == tuple(range(len(self._names)))
            found = self._texts[dialect.name] = (str(compiled), None if straight else order)
        return found

    def run(self, connection: Connection, *values: Any) -> Any:
        """Runs the statement and gives the driver's cursor."""
        text, order = self._compiled(connection)
        cursor = connection.connection.cursor()
        cursor.execute(text, values if order is None else [values[i] for i in order])
        return cursor

    def run_many(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Runs the statement once a row."""
        text, order = self._compiled(connection)
        cursor = connection.connection.cursor()
        cursor.executemany(text, rows if order is None else [[row[i] for i in order] for row in rows])
        cursor.close()
