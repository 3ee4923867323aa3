"""What carries the clauses of rule books out in a process: every part of it that names clauses with `source`.

Reads definitions alone. Whether a carrier was exercised, when and by whom is for those who have records. Invariant:
every clause id that a definition holds is some carrier's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from charter.engine.definition import Definition, ElementKind

_DONE = frozenset(
    {"rule", "ledger", "queue", "counter", "record", "check", "phase", "activity", "approval", "milestone"}
)

CarrierKind = (
    Literal[
        "process",
        "parameter",
        "role",
        "record",
        "separation",
        "check",
        "decision",
        "kpi",
        "sla",
        "rule",
        "ledger",
        "queue",
        "counter",
        "report",
    ]
    | ElementKind
)


class Carrier(Struct, frozen=True):
    """A part of a process and the ids of the clauses it carries out; those of a record's fields are the record's.

    `name` is `apply`, `prepare.proof` (the point of a checklist), `plan`, or `review, draft` (a separation).
    """

    kind: CarrierKind
    name: str
    title: str
    clauses: tuple[str, ...]
    place: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether records can tell of it when a clause was carried out; a role or a KPI is, and does nothing."""
        return self.kind in _DONE


def carriers(definition: Definition) -> Iterator[Carrier]:
    """Gives the parts of a process that name clauses, in the order in which a definition keeps them.

    An element that asks a decision carries out what the decision does.
    """
    return (carrier for carrier in _parts(definition) if carrier.clauses)


def _parts(d: Definition) -> Iterator[Carrier]:
    place = dict(d.places).get  # not `d.place`, which asks after all places each time
    yield Carrier("process", d.name, d.title, d.clauses, place("process"))
    for p in d.parameters:
        yield Carrier("parameter", p.name, p.title, p.clauses, place(f"parameter {p.name}"))
    for role in d.roles:
        yield Carrier("role", role.name, role.title, role.clauses, place(f"role {role.name}"))
    for record in d.records:
        clauses = record.clauses + tuple(c for field in record.fields for c in field.clauses)
        yield Carrier("record", record.name, record.title, _once(clauses), place(f"record {record.name}"))
    for s in d.separations:
        names, kind = f"{s.element}, {s.other}", "same" if s.same else "separate"
        yield Carrier("separation", names, names, s.clauses, place(f"{s.element}.{kind}"))
    asked = {e.work.target for e in d.elements if e.work is not None and e.work.kind == "decide"}
    tables = {table.name: table.clauses for table in d.decisions}
    for table in d.decisions:
        if table.name not in asked:
            yield Carrier("decision", table.name, table.title, table.clauses)
    for e in d.elements:
        decided = tables.get(e.work.target or "", ()) if e.work is not None and e.work.kind == "decide" else ()
        yield Carrier(e.kind, e.name, e.title, _once(e.clauses + decided), place(e.name))
        for check in e.checklist:
            name = f"{e.name}.{check.name}"
            yield Carrier("check", name, check.title, check.clauses, place(f"{e.name}.checklist.{check.name}"))
    for rule in d.rules:
        yield Carrier("rule", rule.name, rule.title, rule.clauses, place(f"rule {rule.name}"))
    for kpi in d.kpis:
        yield Carrier("kpi", kpi.name, kpi.title, kpi.clauses, place(f"kpi {kpi.name}"))
    for sla in d.slas:
        yield Carrier("sla", sla.name, sla.title, sla.clauses, place(f"sla {sla.name}"))
    for queue in d.queues:
        yield Carrier("queue", queue.role, queue.role, queue.clauses, place(f"queue {queue.role}"))
    for counter in d.counters:
        yield Carrier("counter", counter.name, counter.title, counter.clauses, place(f"counter {counter.name}"))
    for report in d.reports:
        clauses = report.clauses + tuple(c for section in report.sections for c in section.clauses)
        yield Carrier("report", report.name, report.title, _once(clauses), place(f"report {report.name}"))
    for ledger in d.ledgers:
        yield Carrier("ledger", ledger.name, ledger.title, ledger.clauses, place(f"ledger {ledger.name}"))


def _once(clauses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clauses))
