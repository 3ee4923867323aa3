"""Statements of the hot path, run on the driver's cursor: compiled once from SQLAlchemy Core, or plain SQL.

SQLAlchemy's own execution costs more than SQLite's for one row; what `Prepared` compiles is the same text that it
would send. Loading SQLAlchemy costs more than everything else that an inbox does; the few statements that it needs are
therefore asked in SQL that every database knows (`ask`), and a test holds them to the tables. Parameters are given by
position. Errors are the driver's; `Store` turns them into coded ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from charter.runtime.store.connection import Driver, Lazy

if TYPE_CHECKING:
    from sqlalchemy import Connection, Dialect, Table
    from sqlalchemy.sql.expression import ClauseElement


def driver(connection: Connection) -> Driver:
    """Gives the driver's own connection under SQLAlchemy's."""
    return connection.driver if isinstance(connection, Lazy) else cast(Driver, connection.connection.driver_connection)


_NONE = "SELECT NULL WHERE 1 = 0"  # a list of nothing, which not every database takes as `()`


def ask(connection: Connection, text: str, *values: Any) -> list[Any]:
    """Asks in SQL and gives all rows; a sequence among the values stands for as many parameters, `IN (…)`."""
    given: list[Any] = []
    for value in values:
        if isinstance(value, list | tuple | set | frozenset):
            text = text.replace("(…)", f"({', '.join('?' * len(value)) or _NONE})", 1)
            given.extend(value)
        else:
            given.append(value)
    rows: list[Any] = driver(connection).execute(text, given).fetchall()
    return rows


def upsert(table: Table, key: Sequence[str], others: Sequence[str]) -> Callable[[Dialect], ClauseElement]:
    """Gives the statement that adds a row, or gives the row of that key these other columns anew."""

    def made(dialect: Dialect) -> ClauseElement:
        insert = import_module(f"sqlalchemy.dialects.{dialect.name}").insert
        added = insert(table)
        return cast(
            "ClauseElement",
            added.on_conflict_do_update(index_elements=key, set_={name: added.excluded[name] for name in others}),
        )

    return made


# a statement's text, where each parameter in it stands among those given (None: in their order), its own constants, and
# the names of its parameters where it takes them by name
_Compiled = tuple[str, tuple[int, ...] | None, tuple[Any, ...], tuple[str, ...] | None]


class Prepared:
    """One statement with its parameters in a fixed order; it is compiled when a kind of database first runs it."""

    __slots__ = ("_compiled", "_names", "_statement")

    def __init__(self, statement: ClauseElement | Callable[[Dialect], ClauseElement], *names: str) -> None:
        self._statement = statement
        self._names = names
        self._compiled: dict[type, _Compiled] = {}

    def _compile(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        statement = self._statement(dialect) if callable(self._statement) else self._statement
        compiled = statement.compile(dialect=dialect, column_keys=list(self._names))
        wanted = list(getattr(compiled, "positiontup", None) or self._names)
        # A dialect may have parameters of its own, such as the OFFSET 0 that SQLite's LIMIT is given.
        own = [name for name in dict.fromkeys(wanted) if name not in self._names]
        names = [*self._names, *own]
        constants = tuple(compiled.params[name] for name in own)
        order = tuple(names.index(name) for name in wanted)
        straight = order == tuple(range(len(names))) and not constants
        named = None if compiled.positional else tuple(wanted)  # type: ignore[attr-defined]
        found = str(compiled), None if straight else order, constants, named
        self._compiled[type(driver(connection))] = found
        return found

    def run(self, connection: Connection, *values: Any) -> Any:
        """Runs the statement and gives the driver's cursor."""
        raw = driver(connection)
        text, order, constants, named = self._compiled.get(type(raw)) or self._compile(connection)
        if order is not None:
            values += constants
            values = tuple([values[i] for i in order])
        cursor = raw.cursor()
        cursor.execute(text, values if named is None else dict(zip(named, values, strict=True)))
        return cursor

    def run_many(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Runs the statement once a row."""
        raw = driver(connection)
        text, order, constants, named = self._compiled.get(type(raw)) or self._compile(connection)
        if order is not None:
            rows = [[(*row, *constants)[i] for i in order] for row in rows]
        cursor = raw.cursor()
        cursor.executemany(text, rows if named is None else [dict(zip(named, row, strict=True)) for row in rows])
        cursor.close()
