"""Statements in plain SQL, sent through the driver: what people ask and do all day needs nothing else.

Loading SQLAlchemy costs more than everything else that a verb does, and its execution more than SQLite's for one row.
So what the daily verbs send is SQL that every database of ours knows; a test runs each of their statements against the
tables, which are declared once (`tables.py`). `?` stands for a parameter, on every database. Errors are the driver's;
`Store` turns them into coded ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from charter.runtime.store.connection import Driver, Lazy

if TYPE_CHECKING:
    from sqlalchemy import Connection


def driver(connection: Connection) -> Driver:
    """Gives the driver's own connection under SQLAlchemy's."""
    return connection.driver if isinstance(connection, Lazy) else cast(Driver, connection.connection.driver_connection)


_NONE = "SELECT NULL WHERE 1 = 0"  # a list of nothing, which not every database takes as `()`


def _spread(text: str, values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """Gives a statement with as many parameters for `IN (…)` as the sequence among its values has items."""
    if "(…)" not in text:
        return text, values
    given: list[Any] = []
    for value in values:
        if isinstance(value, list | tuple | set | frozenset):
            text = text.replace("(…)", f"({', '.join('?' * len(value)) or _NONE})", 1)
            given.extend(value)
        else:
            given.append(value)
    return text, given


def ask(connection: Connection, text: str, *values: Any) -> list[Any]:
    """Asks in SQL and gives all rows; a sequence among the values stands for as many parameters, `IN (…)`."""
    rows: list[Any] = driver(connection).execute(*_spread(text, values)).fetchall()
    return rows


def first(connection: Connection, text: str, *values: Any) -> Any:
    """Asks in SQL and gives the first row, None where there is none."""
    return driver(connection).execute(*_spread(text, values)).fetchone()


def value(connection: Connection, text: str, *values: Any) -> Any:
    """Asks in SQL and gives the first value of the first row, None where there is none."""
    row = first(connection, text, *values)
    return None if row is None else row[0]


def column(connection: Connection, text: str, *values: Any) -> list[Any]:
    """Asks in SQL and gives the first value of each row."""
    return [row[0] for row in ask(connection, text, *values)]


def stream(connection: Connection, text: str, *values: Any) -> Iterator[Any]:
    """Asks in SQL for rows that may be more than fit into memory, and gives one after the other."""
    return driver(connection).stream(*_spread(text, values))


def do(connection: Connection, text: str, *values: Any) -> int:
    """Does what a statement says, and gives how many rows that concerned."""
    return int(driver(connection).execute(*_spread(text, values)).rowcount)


def do_each(connection: Connection, text: str, rows: Iterable[Sequence[Any]]) -> None:
    """Does what a statement says once for each row."""
    driver(connection).executemany(text, rows).close()


# -- texts ----------------------------------------------------------------------------------------------------------


def named(names: Iterable[str]) -> str:
    """Writes columns as a list."""
    return ", ".join(f'"{name}"' for name in names)


def equal(names: Iterable[str], between: str = " AND ") -> str:
    """Writes that each column is what is given, or is given it."""
    return between.join(f'"{name}" = ?' for name in names)


def insert(table: str, names: Sequence[str]) -> str:
    """Writes the statement that adds a row."""
    return f"INSERT INTO {table} ({named(names)}) VALUES ({', '.join('?' * len(names))})"


def upsert(table: str, key: Sequence[str], names: Sequence[str], others: Sequence[str]) -> str:
    """Writes the statement that adds a row, or gives the row of that key these other columns anew."""
    given = ", ".join(f'"{name}" = excluded."{name}"' for name in others)
    then = f"UPDATE SET {given}" if others else "NOTHING"
    return f"{insert(table, names)} ON CONFLICT ({named(key)}) DO {then}"
