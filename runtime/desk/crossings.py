"""The lineage of cases that are about one another, as somebody may read it (`audit/crossing.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from charter.runtime.audit.asof import moments
from charter.runtime.audit.crossing import Web
from charter.runtime.audit.lineage import Lineage, lineage
from charter.runtime.audit.log import load
from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from charter.runtime.desk.reading import Reading

_ABOUT = 'SELECT DISTINCT l."case", c.number FROM case_links l JOIN cases c ON c.id = l."case" WHERE l.target = ?'

# `CASE NODE ATTEMPT`; what a blank begins comes before what a `!` would
_RUN = "SELECT id FROM cases WHERE parent > ? AND parent < ? ORDER BY number"


def web(reading: Reading) -> Web:
    """Gives the web of the cases that somebody may read."""

    def graph(case: str) -> Lineage | None:
        with reading.read() as connection:
            if not ask(connection, "SELECT 1 FROM cases WHERE id = ?", case):
                return None
            return lineage(moments(reading.definition, load(connection, case)))

    def about(case: str) -> list[str]:
        with reading.read() as connection:
            return [other for other, _ in ask(connection, _ABOUT + " ORDER BY c.number", case)]

    def run(case: str, node: str) -> str | None:
        with reading.read() as connection:
            found = ask(connection, _RUN, f"{case} {node} ", f"{case} {node}!")
        return found[-1][0] if found else None

    return Web(graph, about, run, lambda case, link: link not in reading.sight(case).links)
