"""The tables of analysts: a row for each case, for each element of one, and for each version of a record.

All of it is told by the entries as somebody may read them, in one pass; what a case holds in memory is one case.
Knows no format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from charter.engine.commands import SYSTEM
from charter.engine.keys import name_of
from charter.engine.machines import SETTLED
from charter.engine.reading import WITHHELD
from charter.runtime import clock
from charter.runtime.exports.columns import Chain, Row, Sort
from charter.runtime.exports.escapes import Escapes
from charter.runtime.exports.trail import Trail

_OF_CASE: Mapping[str, Sort] = {"case": "text", "number": "text", "process": "text", "drill": "truth"}
# table -> its columns; docs/export.md says what they mean
TABLES: Mapping[str, Mapping[str, Sort]] = MappingProxyType(
    {
        "cases": {
            **_OF_CASE,
            "definition": "text",
            "status": "text",
            "opened_at": "time",
            "opened_by": "text",
            "closed_at": "time",
            "seconds": "whole",
            "part_of": "text",
            "entries": "whole",
            "refused": "whole",
            "people": "whole",
            "elements": "whole",
            "versions": "whole",
            "returned": "whole",
            "overdue": "whole",
        },
        "elements": {
            **_OF_CASE,
            "element": "text",
            "node": "text",
            "state": "text",
            "opened_at": "time",
            "begun_at": "time",
            "ended_at": "time",
            "seconds": "whole",
            "actor": "text",
            "role": "text",
            "rounds": "whole",
            "returned": "whole",
            "refused": "whole",
            "overdue": "truth",
            "reason": "text",
        },
        "records": {
            **_OF_CASE,
            "record": "text",
            "key": "text",
            "version": "whole",
            "latest": "truth",
            "at": "time",
            "actor": "text",
            "role": "text",
            "node": "text",
            "kind": "text",
            "reason": "text",
            "entry": "text",
            "digest": "text",
            "value": "json",
        },
    }
)
# What sends work back: counted where the work was sent back from.
_BACK = frozenset({"returned", "rejected"})


class Table(Protocol):
    """Takes rows of a table."""

    escapes: Escapes

    def add(self, cells: Mapping[str, Any]) -> None: ...
    def close(self) -> None: ...


def write(
    trail: Trail, make: Callable[[str, Mapping[str, Sort]], Table], told: Callable[[], None]
) -> tuple[dict[str, int], int]:
    """Writes the tables; gives the rows of each, and in how many texts something was written otherwise."""
    tables = {name: make(name, columns) for name, columns in TABLES.items()}
    counts = dict.fromkeys(TABLES, 0)
    case: _Case | None = None

    def end() -> None:
        if case is not None:
            for name, cells in case.rows():
                counts[name] += 1
                tables[name].add({key: cell for key, cell in cells.items() if cell is not None})

    for chain, row in trail.rows():
        if case is None or case.chain.id != chain.id:
            end()
            case = _Case(chain)
        case.add(row)
        told()
    end()
    for table in tables.values():
        table.close()
    return counts, sum(table.escapes.count for table in tables.values())


class _Case:
    """One case while its entries go by."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._head = {"case": chain.id, "number": chain.number, "process": chain.process, "drill": chain.drill}
        self._nodes: dict[str, dict[str, Any]] = {}
        self._versions: list[dict[str, Any]] = []
        self._counts = dict.fromkeys(("entries", "refused", "returned", "overdue"), 0)
        self._people: set[str] = set()

    def add(self, row: Row) -> None:
        cells, kind = row.cells, row.cells["kind"]
        self._counts["entries"] += 1
        self._counts["refused"] += cells.get("outcome") == "refused"
        self._counts["returned"] += kind in _BACK
        self._counts["overdue"] += kind == "overdue"
        if cells["actor"] != SYSTEM.person:
            self._people.add(cells["actor"])
        if "node" in cells:
            self._of_node(cells, kind)
        if "record" in cells:
            self._of_version(cells, row.data)

    def _of_node(self, cells: Mapping[str, Any], kind: str) -> None:
        node = self._nodes.setdefault(
            cells["node"],
            {**self._head, "element": cells["element"], "node": cells["node"], "rounds": 0, "returned": 0, "refused": 0}
            | {"overdue": False},
        )
        node["returned"] += kind in _BACK
        node["refused"] += cells.get("outcome") == "refused"
        node["overdue"] |= kind == "overdue"
        after, before = cells.get("after"), cells.get("before")
        if after is None or after == before or cells.get("outcome") == "refused":
            return
        node["state"] = after
        node["reason"] = cells["reason"] if isinstance(cells.get("reason"), str) else None
        if kind in ("opened", "reopened", "repeated"):
            node["rounds"] += 1
            node.setdefault("opened_at", cells["at"])
            node["ended_at"] = None
        if kind in ("begun", "claimed", "assigned") or after == "active":
            node.setdefault("begun_at", cells["at"])
        if after in SETTLED:
            node["ended_at"], node["actor"], node["role"] = cells["at"], cells["actor"], cells.get("role")

    def _of_version(self, cells: Mapping[str, Any], data: Mapping[str, Any]) -> None:
        key, _, number = cells["record"].rpartition("@")
        for before in self._versions:
            before["latest"] = before["latest"] and before["key"] != key
        told = {name: cells.get(name) for name in ("at", "actor", "role", "node", "kind")}
        told["reason"] = cells["reason"] if isinstance(cells.get("reason"), str) else None
        self._versions.append(
            {
                **self._head,
                **told,
                "record": name_of(key),
                "key": key,
                "version": int(number),
                "latest": True,
                "entry": cells["id"],
                "digest": data.get("digest"),
                "value": data.get("value", WITHHELD),
            }
        )

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yields the rows of the case, with the table of each."""
        chain = self.chain
        if chain.process is None:
            return
        yield (
            "cases",
            {
                **self._head,
                "definition": chain.definition,
                "status": chain.status,
                "opened_at": clock.iso(chain.opened_at),
                "opened_by": chain.opened_by,
                "closed_at": clock.iso(chain.closed_at),
                "seconds": _seconds(chain.opened_at, chain.closed_at),
                "part_of": chain.parent,
                **self._counts,
                "people": len(self._people),
                "elements": len(self._nodes),
                "versions": len(self._versions),
            },
        )
        for node in self._nodes.values():
            opened, ended = node.get("opened_at"), node.get("ended_at")
            if opened is not None and ended is not None:
                node["seconds"] = _seconds(clock.read(opened), clock.read(ended))
            yield "elements", node
        for version in self._versions:
            yield "records", version


def _seconds(since: int | None, until: int | None) -> int | None:
    return None if since is None or until is None else (until - since) // 1_000_000
