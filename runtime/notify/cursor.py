"""How far the entries have been gone through for notices to send: each is looked at once, in the order of arrival."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select, update

from charter.runtime.store import tables as t

_NAME = "notices"
_c = t.cursors.c


def last(connection: Connection) -> int:
    """Gives the position of the newest entry."""
    return connection.execute(select(func.max(t.entries.c.position))).scalar() or 0


def begin(connection: Connection) -> None:
    """Has entries looked at from now on, where none were before: what is old is no news."""
    if position(connection) is None:
        connection.execute(insert(t.cursors).values(name=_NAME, position=last(connection)))


def position(connection: Connection) -> int | None:
    """Gives the position of the last entry that was looked at; None where no channel was ever there."""
    found: int | None = connection.execute(select(_c.position).where(_c.name == _NAME)).scalar()
    return found


def move(connection: Connection, to: int) -> None:
    """Notes that all entries up to a position have been looked at."""
    connection.execute(update(t.cursors).where(_c.name == _NAME).values(position=to))
