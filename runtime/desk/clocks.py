"""The service-level clocks of open cases, read from the rows of the cases; how one stands is `standing.py`'s."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from heapq import nsmallest

from sqlalchemy import Connection, select

from charter.engine.dated import dated
from charter.engine.definition import Definition
from charter.engine.plan.program import prepare
from charter.engine.state import clocks_of
from charter.runtime.desk.standing import LAST, Rest, Standing, standing
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
    found = (
        sorted(_rows(connection, process, among))
        if limit is None
        else nsmallest(limit, _rows(connection, process, among))
    )
    out = []
    for _, case, key, number, status, text in found:
        rest = json.loads(text)
        clocks, days = clocks_of(rest), tuple((country, digest) for country, digest in rest.get("days", ()))
        program = prepare(dated(definition_of(case), days))
        plan = program.slas[clocks[key].name]
        out.append(standing(program, plan, key, case, number, Rest(status, clocks), now))
    return sorted(out, key=lambda each: each.urgency)


def _rows(
    connection: Connection, process: str | None, among: Collection[str] | None
) -> Iterator[tuple[int, str, str, int, str, str]]:
    """Yields each clock under way as it is kept: when it is due, its case and key, and that case's row."""
    c = t.cases.c
    query = select(c.id, c.number, c.status, c.state).where(c.status.in_(("open", "suspended")))
    # A case without clocks has no such key; what else the text may hold is looked at below.
    query = query.where(c.state.contains('"clocks":['))
    if process is not None:
        query = query.where(c.process == process)
    if among is not None:
        query = query.where(c.id.in_(among))
    for case, number, status, text in connection.execute(query):
        for row in json.loads(text).get("clocks", ()):
            if row.get("clock", {}).get("phase") in ("running", "paused"):
                yield row.get("due", LAST), case, row["key"], number, status, text
