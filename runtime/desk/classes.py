"""Figures from the facts that are kept beside the cases: grouped by the database, judged once for each group.

Reads while its connection's transaction is open; changes nothing. Where a formula, or a version of the process that
cases still have, does not allow it, the figures are measured over whole cases (`population.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from charter.engine import kpis, plain
from charter.engine.definition import Definition, Kpi
from charter.engine.measures import Class, Reading, measure_classes, measured, read_by_class
from charter.engine.plan.program import Program, prepare
from charter.runtime.store import tables as t

_m, _d = t.measures.c, t.definitions.c


def measure(connection: Connection, definition: Definition, kpi: Kpi, now: int) -> Sequence[kpis.Figure] | None:
    """Gives a KPI's present figures without the facts behind them; None where it needs whole cases."""
    program = prepare(definition)
    wanted: tuple[ColumnElement[bool], ...] = ()
    if kpi.over is not None:
        start = kpis.window_start(kpi, program, now)
        if start is None:
            return kpis.measure(kpi, definition, (), now)
        wanted = (instant(kpi).between(start, now),)
    return figures(connection, program, kpi, wanted, now)


def instant(kpi: Kpi) -> ColumnElement[int]:
    """Gives the column of the instant by which a KPI's cases are taken."""
    return _m.opened_at if kpi.event == "opened" else _m.closed_at


def figures(
    connection: Connection, program: Program, kpi: Kpi, wanted: Sequence[ColumnElement[bool]], now: int
) -> Sequence[kpis.Figure] | None:
    """Measures a KPI over the cases that are wanted; None where it needs whole cases."""
    reading = read_by_class(program, kpi)
    if reading is None or not _alike(connection, program, reading):
        return None
    found = _classes(connection, program.definition.name, reading, wanted)
    return measure_classes(kpi, reading, program, found, now)


def _alike(connection: Connection, program: Program, reading: Reading) -> bool:
    """Says whether the facts of all cases were kept, and in one zone, whichever version of the process they run."""
    name = program.definition.name
    versions = select(_m.version).where(_m.process == name).distinct()
    others = set(connection.execute(versions).scalars())
    rows = connection.execute(select(_d.body).where(_d.process == name, _d.version.in_(others)))
    for (body,) in rows:
        other = prepare(plain.from_json(Definition, json.loads(body)))
        if other.zone != program.zone or not set(reading.paths).issubset(measured(other)):
            return False
    return True


def _classes(
    connection: Connection, process: str, reading: Reading, wanted: Sequence[ColumnElement[bool]]
) -> Iterator[Class]:
    facts = [func.json_extract(_m.body, f'$."{path}"') for path in reading.paths]
    query = select(_m.version, func.aggregate_strings(_m.case, ","), *facts).where(_m.process == process, *wanted)
    for version, cases, *texts in connection.execute(query.group_by(_m.version, *facts)):
        known = {path: text for path, text in zip(reading.paths, texts, strict=True) if text is not None}
        yield Class(known, version, cases.split(","))
