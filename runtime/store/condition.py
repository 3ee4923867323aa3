"""How a database fares, for `charter doctor`: its schema, durability, structure, and what shows whether it is in use.

Looks and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import Connection, func, select

from charter.runtime.store import tables as t
from charter.runtime.store.connection import Kept
from charter.runtime.store.prepared import driver
from charter.runtime.store.schema import ORGANISATION


class Condition(Struct, frozen=True):
    """`damage` is the first damage found, None where there is none.

    `newest`: the newest record's time, microseconds since the epoch.

    `incidents`: how much was asked for after commands, failed, and is still to be done. `waits`: since when the oldest
    of what is due, or was asked for and never tried, waits for a worker; None where there is none, or it is to come.
    `unguarded`: the triggers that keep entries from being changed and are missing; `unlike`: what else of the schema is
    other than in a new database. `undecided`: of each process that was refused last for want of values, not deployed
    since, their names."""

    schema: int
    kept: Kept
    damage: str | None
    persons: int
    newest: int | None
    incidents: int = 0
    waits: int | None = None
    unguarded: Sequence[str] = ()
    undecided: Mapping[str, Sequence[str]] = {}
    unlike: Sequence[str] = ()


def examine(connection: Connection) -> Condition:
    """Gives a database's condition; reads every page of it once."""
    raw = driver(connection)
    kept, damage = raw.kept(), raw.damage(quick=True)
    persons = connection.execute(select(func.count()).select_from(t.persons)).scalar() or 0
    ends = [connection.execute(select(func.max(chain.c.last_at))).scalar() for chain in (t.chains, t.cases)]
    newest = max((at for at in ends if at is not None), default=None)
    failed = select(func.count()).select_from(t.outbox).where(t.outbox.c.failure.is_not(None))
    incidents = connection.execute(failed).scalar() or 0
    o, c = t.outbox.c, t.cases.c
    untried = select(func.min(o.at)).where(o.failure.is_(None), o.leased_until.is_(None), o.dead_at.is_(None))
    stuck = select(o.case).where(o.kind == "Wake")
    due = select(func.min(c.wake)).where(c.wake.is_not(None), c.id.not_in(stuck))
    waits = min((at for q in (untried, due) if (at := connection.execute(q).scalar()) is not None), default=None)
    lost, unlike = raw.unguarded(), raw.unlike()
    unlike = [part for part in unlike if part.removeprefix("trigger ") not in lost]
    return Condition(
        raw.schema(), kept, damage, persons, newest, incidents, waits, lost, _undecided(connection), unlike
    )


def _undecided(connection: Connection) -> dict[str, Sequence[str]]:
    """Names the parameters for want of which each process was last refused, where it was not deployed since."""
    e, d = t.entries.c, t.deployments.c
    query = select(e.at, e.body).where(e.case == ORGANISATION, e.kind == "refused").order_by(e.seq)
    last = dict(connection.execute(select(d.process, func.max(d.at)).group_by(d.process)).all())
    found: dict[str, Sequence[str]] = {}
    for at, body in connection.execute(query):
        told = json.loads(body)
        if told.get("parameters") and at > last.get(told["process"], 0):
            found[told["process"]] = told["parameters"]
    return found
