"""Which cases have something due. A case's own row says when it wants to be woken; there is no other timer."""

from __future__ import annotations

from sqlalchemy import Connection, select, tuple_

from charter.runtime.store import tables as t

_c = t.cases.c


# Before every case: where a walk over what is due begins.
BEGINNING = (-(2**62), "")


def due(
    connection: Connection, until: int, after: tuple[int, str] = BEGINNING, limit: int = 500
) -> list[tuple[int, str]]:
    """Lists (wake, case) of the cases that want a tick at or before an instant, the longest overdue first.

    `after`: the last one seen, so that a case which stays due does not hold up the others.
    """
    query = (
        select(_c.wake, _c.id)
        .where(_c.wake.is_not(None), _c.wake <= until, tuple_(_c.wake, _c.id) > after)
        .order_by(_c.wake, _c.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]
