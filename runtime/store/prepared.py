"""Statements of the hot path, run on the driver's cursor: compiled once from SQLAlchemy Core, or plain SQL.

SQLAlchemy's own execution costs more than SQLite's for one row; what `Prepared` compiles is the same text that it
would send. Loading SQLAlchemy costs more than everything else that an inbox does; the few statements that it needs are
therefore asked in SQL that every database knows (`ask`), and a test holds them to the tables. Parameters are given by
position. Errors are the driver's; `Store` turns them into coded ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charter.runtime.store.connection import Lazy

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.sql.expression import ClauseElement


def driver(connection: Connection) -> Any:
    """Gives the driver's own connection under SQLAlchemy's."""
    if isinstance(connection, Lazy):
        return connection.driver
    return connection.connection.driver_connection


def ask(connection: Connection, text: str, *values: Any) -> list[Any]:
    """Asks in SQL and gives all rows; a sequence among the values stands for as many parameters, `IN (…)`."""
    given: list[Any] = []
    for value in values:
        if isinstance(value, list | tuple | set | frozenset):
            text = text.replace("(…)", f"({', '.join('?' * len(value))})", 1)
            given.extend(value)
        else:
            given.append(value)
    rows: list[Any] = driver(connection).execute(text, given).fetchall()
    return rows


# a statement's text, where each parameter in it stands among those given (None: in their order), and its own constants
_Compiled = tuple[str, tuple[int, ...] | None, tuple[Any, ...]]


class Prepared:
    """One statement with its parameters in a fixed order; it is compiled when it is first run."""

    __slots__ = ("_compiled", "_names", "_statement")

    def __init__(self, statement: ClauseElement, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._compiled: _Compiled | None = None

    def _compile(self, connection: Connection) -> _Compiled:
        compiled = self._statement.compile(dialect=connection.dialect, column_keys=list(self._names))
        wanted = list(getattr(compiled, "positiontup", None) or self._names)
        # A dialect may have parameters of its own, such as the OFFSET 0 that SQLite's LIMIT is given.
        own = [name for name in dict.fromkeys(wanted) if name not in self._names]
        names = [*self._names, *own]
        constants = tuple(compiled.params[name] for name in own)
        order = tuple(names.index(name) for name in wanted)
        straight = order == tuple(range(len(names))) and not constants
        self._compiled = found = str(compiled), None if straight else order, constants
        return found

    def run(self, connection: Connection, *values: Any) -> Any:
        """Runs the statement and gives the driver's cursor."""
        text, order, constants = self._compiled or self._compile(connection)
        if order is not None:
            values += constants
            values = tuple([values[i] for i in order])
        cursor = driver(connection).cursor()
        cursor.execute(text, values)
        return cursor

    def run_many(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Runs the statement once a row."""
        text, order, constants = self._compiled or self._compile(connection)
        if order is not None:
            rows = [[(*row, *constants)[i] for i in order] for row in rows]
        cursor = driver(connection).cursor()
        cursor.executemany(text, rows)
        cursor.close()
