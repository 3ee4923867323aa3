"""KPI figures on demand, over the stored cases of a process, each with the facts behind it and where they are recorded.

What a figure means is `engine.kpis.measure`; this module brings the cases to it, or their facts by class, and finds,
for each fact, the audit entry it came from. It writes nothing. Invariant: a fact is never made up: one whose entry
cannot be told has none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from charter.engine import kpis
from charter.engine.definition import Definition, Kpi
from charter.engine.keys import parse_key
from charter.engine.reading import WITHHELD
from charter.runtime.desk import classes
from charter.runtime.desk.population import Population
from charter.runtime.host.days import present
from charter.runtime.store import tables as t


class Measured(Struct, frozen=True):
    """A KPI with its figures, one a group (or one over all cases); `target` with its parameters bound.

    `withheld`: they are not for whoever asks.
    """

    kpi: Kpi
    figures: tuple[kpis.Figure, ...]
    target: str | None
    withheld: bool = False


def measure(
    connection: Connection,
    definition: Definition,
    now: int,
    name: str | None = None,
    *,
    facts: bool = False,
    hidden: Collection[str] = (),
) -> list[Measured]:
    """Measures the process's KPIs, or the one named, over its cases; with the facts behind each figure where asked.

    `hidden`: those whose figures are withheld.
    """
    definition = present(connection, definition)
    population: Population | None = None
    found = []
    for kpi in definition.kpis:
        if name not in (None, kpi.name):
            continue
        target = None if kpi.target is None else kpis.bound_text(kpi.target, definition)
        if kpi.name in hidden:
            found.append(Measured(kpi, (), target, withheld=True))
            continue
        figures = None if facts else classes.measure(connection, definition, kpi, now)
        if figures is None:
            population = population or Population(connection, definition.name)
            figures = kpis.measure(kpi, definition, population.cases.values(), now)
        found.append(Measured(kpi, tuple(figures), target))
    return found


def record_of(connection: Connection, case: str, path: str) -> str | None:
    """Gives the id (`CASE.SEQ`) of the entry that a fact of a case came from.

    A path that begins with a record leads to the version's entry; one that begins with an element to its last move.
    """
    head = path.partition(".")[0]
    root = parse_key(head)[0]
    v, e = t.record_versions.c, t.entries.c
    versions = connection.execute(select(v.record, v.seq).where(v.case == case).order_by(v.number))
    last: dict[str, int] = dict(map(tuple[str, int], versions))
    keys = [head] if head in last else [key for key in last if parse_key(key)[0] == root]
    found: int | None
    if len(keys) == 1:
        found = last[keys[0]]
    else:
        query = select(e.seq).where(e.case == case, e.element == root, e.outcome == "done")
        found = connection.execute(query.order_by(e.seq.desc()).limit(1)).scalar()
    return None if found is None else f"{case}.{found}"


def numbers(connection: Connection, process: str) -> dict[str, int]:
    """Gives the number of each case of a process."""
    c = t.cases.c
    return dict(map(tuple[str, int], connection.execute(select(c.id, c.number).where(c.process == process))))


def to_json(measured: Measured, sources: Mapping[tuple[str, str], str | None] | None = None) -> dict[str, Any]:
    """Gives a KPI and its figures as JSON data; with the facts where their entries (`sources`) are given."""
    kpi = measured.kpi
    return {
        "name": kpi.name,
        "title": kpi.title,
        "unit": kpi.unit,
        "by": kpi.by,
        "target": measured.target,
        "warn": kpi.warn,
        "improves_over": kpi.improves,
        "in_control": kpi.controlled,
        "figures": WITHHELD
        if measured.withheld
        else [
            {
                "group": figure.group,
                "value": figure.value,
                "status": figure.status,
                "case_count": figure.cases,
                "missing": [{"case": case, "path": path} for case, path in figure.missing],
                **(
                    {}
                    if sources is None
                    else {
                        "facts": [
                            {"case": case, "path": path, "value": value, "entry": sources.get((case, path))}
                            for case, path, value in figure.facts
                        ]
                    }
                ),
            }
            for figure in measured.figures
        ],
    }
