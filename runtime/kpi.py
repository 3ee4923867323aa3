"""KPI figures on demand, over the stored cases of a process, each with the facts behind it and where they are recorded.

What a figure means is `engine.kpis.measure`; this module brings the cases to it and finds, for each fact, the audit
entry it came from. It writes nothing. Invariant: a fact is never made up: one whose entry cannot be told has none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from charter.engine import kpis, state as states
from charter.engine.definition import Definition, Kpi
from charter.engine.keys import parse_key
from charter.engine.state import CaseState
from charter.runtime.store import tables as t


class Measured(Struct, frozen=True):
    """A KPI with its figures, one a group (or one over all cases); `target` with its parameters bound."""

    kpi: Kpi
    figures: tuple[kpis.Figure, ...]
    target: str | None


def load_cases(connection: Connection, process: str) -> dict[str, tuple[int, CaseState]]:
    """Reads every case of a process: id -> (number, state), oldest first."""
    c = t.cases.c
    rows = connection.execute(select(c.id, c.number, c.state).where(c.process == process).order_by(c.number))
    return {row.id: (row.number, states.from_json(json.loads(row.state))) for row in rows}


def measure(definition: Definition, cases: Sequence[CaseState], now: int, name: str | None = None) -> list[Measured]:
    """Measures the process's KPIs, or the one named, over its cases."""
    return [
        Measured(
            kpi,
            kpis.measure(kpi, definition, cases, now),
            None if kpi.target is None else kpis.bound_text(kpi.target, definition),
        )
        for kpi in definition.kpis
        if name in (None, kpi.name)
    ]


def record_of(connection: Connection, state: CaseState, path: str) -> str | None:
    """Gives the id (`CASE.SEQ`) of the entry that a fact of a case came from.

    A path that begins with a record leads to the version's entry; one that begins with an element to its last move.
    """
    head = path.partition(".")[0]
    root = parse_key(head)[0]
    v, r = t.record_versions.c, t.entries.c
    keys = [head] if head in state.versions else [key for key in state.versions if parse_key(key)[0] == root]
    if len(keys) == 1:
        number = state.versions[keys[0]].number
        found = connection.execute(
            select(v.seq).where(v.case == state.case, v.record == keys[0], v.number == number)
        ).scalar()
    else:
        query = select(r.seq).where(r.case == state.case, r.element == root, r.outcome == "done")
        found = connection.execute(query.order_by(r.seq.desc()).limit(1)).scalar()
    return None if found is None else f"{state.case}.{found}"


def to_json(measured: Measured, sources: Mapping[tuple[str, str], str | None] | None = None) -> dict[str, Any]:
    """Gives a KPI and its figures as JSON data; with the facts where their entries (`sources`) are given."""
    kpi = measured.kpi
    return {
        "name": kpi.name,
        "title": kpi.title,
        "unit": kpi.unit,
        "target": measured.target,
        "warn": kpi.warn,
        "figures": [
            {
                "group": figure.group,
                "value": figure.value,
                "status": figure.status,
                "cases": figure.cases,
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
