"""What a report is, as a process declares it: its sections and what each shows, who makes it, who signs it off."""

from __future__ import annotations

from typing import Literal

from charter.engine.plain import Kept

ShownKind = Literal["kpi", "sla", "ledger", "record", "figure", "open_work"]


class Shown(Kept, frozen=True):
    """What a section shows. `name`: of what the process has, or of a figure of its own with `expr` in FEEL."""

    kind: ShownKind
    name: str
    title: str = ""
    expr: str | None = None


class Section(Kept, frozen=True):
    title: str
    shown: tuple[Shown, ...] = ()
    clauses: tuple[str, ...] = ()


class Report(Kept, frozen=True):
    """A report. `every`: its periods, a Span in FEEL; without, it is of the moment at which it is made.

    `makers`: the roles that make it; without any, the owner of the process. `signers`: those one of whom signs it off.
    """

    name: str
    title: str
    every: str | None = None
    makers: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    clauses: tuple[str, ...] = ()

    def shown(self, name: str) -> Shown | None:
        """Finds a figure of its own by its name, else a KPI that it shows."""
        found = [each for section in self.sections for each in section.shown if each.name == name]
        return min((s for s in found if s.kind in ("figure", "kpi")), key=lambda s: s.kind, default=None)
