"""The service-level clocks of open cases, read by index; how one stands is `standing.py`'s."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from charter.engine.dated import dated
from charter.engine.definition import Definition
from charter.engine.plan.program import prepare
from charter.engine.state import clocks_of
from charter.runtime.desk.standing import Rest, Standing, standing
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

_CLOCKS = 'SELECT r."case", r.clock, c.number, c.status, c.state FROM running_clocks r JOIN cases c ON c.id = r."case"'


def under_way(
    connection: Connection,
    definition_of: Callable[[str], Definition],
    now: int,
    process: str | None = None,
    among: Collection[str] | None = None,
    limit: int | None = None,
) -> list[Standing]:
    """Gives the clocks of open cases that run or are paused, the most urgent first; `among`: of these cases alone."""
    wanted, given = ["1 = 1"], list[Any]()
    if process is not None:
        wanted, given = [*wanted, "r.process = ?"], [*given, process]
    if among is not None:
        wanted, given = [*wanted, 'r."case" IN (…)'], [*given, list(among)]
    query = f'{_CLOCKS} WHERE {" AND ".join(wanted)} ORDER BY r.rank, r.spare, r.clock, r."case"'
    if limit is not None:
        query, given = f"{query} LIMIT ?", [*given, limit]
    out = []
    for case, key, number, status, text in ask(connection, query, *given):
        rest = json.loads(text)
        clocks, days = clocks_of(rest), tuple((country, digest) for country, digest in rest.get("days", ()))
        program = prepare(dated(definition_of(case), days))
        plan = program.slas[clocks[key].name]
        out.append(standing(program, plan, key, case, number, Rest(status, clocks), now))
    return sorted(out, key=lambda each: each.urgency)
