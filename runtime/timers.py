"""Which cases have something due. A case's own row says when it wants to be woken; there is no other timer."""

from __future__ import annotations

from sqlalchemy import Connection, select

from .store import tables as t

_c = t.cases.c


def due(connection: Connection, until: int, limit: int = 500) -> list[str]:
    """Lists cases that want a tick at or before an instant, the longest overdue first."""
    query = select(_c.id).where(_c.wake.is_not(None), _c.wake <= until).order_by(_c.wake).limit(limit)
    return list(connection.execute(query).scalars())


def next_wake(connection: Connection) -> int | None:
    """Gives the next instant at which some case wants a tick, None when none does."""
    return connection.execute(select(_c.wake).where(_c.wake.is_not(None)).order_by(_c.wake).limit(1)).scalar()
