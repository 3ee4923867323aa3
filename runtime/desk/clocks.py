"""The service-level clocks of open cases, read by index; how one stands is `standing.py`'s."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection

from sqlalchemy import Connection, select

from charter.engine.dated import dated
from charter.engine.definition import Definition
from charter.engine.plan.program import prepare
from charter.engine.state import clocks_of
from charter.runtime.desk.standing import Rest, Standing, standing
from charter.runtime.store import tables as t


def under_way(
    connection: Connection,
    definition_of: Callable[[str], Definition],
    now: int,
    process: str | None = None,
    among: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Standing]:
    """Gives the clocks of open cases that run or are paused, the most urgent first; `among`: of these cases alone."""
    r, c = t.running_clocks.c, t.cases.c
    query = select(r.case, r.clock, c.number, c.status, c.state).join(t.cases, c.id == r.case)
    if process is not None:
        query = query.where(r.process == process)
    if among is not None:
        query = query.where(r.case.in_(among))
    out = []
    for case, key, number, status, text in connection.execute(
        query.order_by(r.rank, r.spare, r.clock, r.case).limit(limit)
    ):
        rest = json.loads(text)
        clocks, days = clocks_of(rest), tuple((country, digest) for country, digest in rest.get("days", ()))
        program = prepare(dated(definition_of(case), days))
        plan = program.slas[clocks[key].name]
        out.append(standing(program, plan, key, case, number, Rest(status, clocks), now))
    return sorted(out, key=lambda each: each.urgency)
