"""What an export tells of an entry: one row of named cells, the same in every format.

Knows entries as somebody reads them, and no format. A cell is None where the entry has no such thing. `data` and what
is withheld (`{"withheld": true}`) are JSON data. Invariant: `text` of a cell is the same whether the cell comes from
the trail or has been read back from an export.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct

from charter.engine.compact import compact, compact_sorted
from charter.engine.reading import WITHHELD
from charter.runtime.audit.log import Sealed

Sort = Literal["text", "whole", "truth", "time", "json"]

# name of a column -> what its cells are; docs/export.md says what they mean
COLUMNS: Mapping[str, Sort] = MappingProxyType(
    {
        "id": "text",
        "case": "text",
        "number": "text",
        "process": "text",
        "drill": "truth",
        "seq": "whole",
        "position": "whole",
        "at": "time",
        "zone": "text",
        "kind": "text",
        "element": "text",
        "node": "text",
        "before": "text",
        "after": "text",
        "outcome": "text",
        "actor": "text",
        "role": "text",
        "on_behalf_of": "text",
        "reason": "text",
        "cause": "whole",
        "clauses": "text",
        "record": "text",
        "data": "json",
        "definition": "text",
        "law": "whole",
        "channel": "text",
        "host": "text",
        "account": "text",
        "build": "text",
        "prev": "text",
        "digest": "text",
        "withheld": "text",
    }
)
_OWN = ("before", "after", "outcome", "actor", "role", "on_behalf_of", "reason", "cause")
_BODY = ("definition", "law", "channel", "host", "account", "build", "prev")


class Chain(Struct, frozen=True):
    """Whose entries they are: a case, or the organisation. `number`: what people call it; `drill`: to practise.

    The rest is of a case alone: when it was opened and closed (microseconds since the epoch) and by whom, its state and
    the case that runs it.
    """

    id: str
    number: str | None = None
    process: str | None = None
    drill: bool = False
    status: str | None = None
    opened_at: int | None = None
    closed_at: int | None = None
    opened_by: str | None = None
    definition: str | None = None
    parent: str | None = None


class Row(Struct):
    """One entry: its cells by COLUMNS, those that it has."""

    cells: dict[str, Any]

    @property
    def id(self) -> str:
        """The entry's id."""
        return str(self.cells["id"])

    @property
    def data(self) -> Mapping[str, Any]:
        """What it tells, as it is read."""
        found = self.cells.get("data")
        return found if isinstance(found, Mapping) else {}


def row(chain: Chain, sealed: Sealed, read: Sealed) -> Row:
    """Makes the row of an entry; `read`: it, as whoever exports may read it.

    With anything withheld, so is the digest, from which a short value could be guessed.
    """
    fields = read.fields
    node = fields.get("node", fields.get("element"))
    told = fields.get("data") or {}
    cells = {
        "id": sealed.id,
        "case": sealed.case,
        "number": chain.number,
        "process": fields.get("process", chain.process),
        "drill": chain.drill,
        "seq": sealed.seq,
        "position": sealed.position,
        "at": fields.get("at"),
        "zone": fields.get("zone"),
        "kind": fields.get("kind"),
        "element": sealed.element,
        "node": node,
        **{name: fields.get(name) for name in _OWN},
        "clauses": " ".join(fields["clauses"]) if fields.get("clauses") else None,
        "record": _version(str(fields.get("kind")), told),
        "data": told or None,
        **{name: fields.get(name) for name in _BODY},
    }
    if read is sealed:
        cells["digest"] = sealed.hash
    else:
        cells["digest"] = WITHHELD
        cells["withheld"] = " ".join(name for name, cell in cells.items() if holds(cell))
    return Row({name: cell for name, cell in cells.items() if cell is not None})


def _version(kind: str, told: Mapping[str, Any]) -> str | None:
    """Names the version of a record that an entry makes: `plan@2`."""
    if kind not in ("written", "amended") or told.get("same"):
        return None
    return f"{told.get('record')}@{told.get('version')}"


def holds(cell: Any) -> bool:
    """Tells whether anything in a cell is withheld."""
    if isinstance(cell, Mapping):
        return dict(cell) == WITHHELD or any(holds(each) for each in cell.values())
    return isinstance(cell, list | tuple) and any(holds(each) for each in cell)


def text(cell: Any) -> str:
    """Writes a cell as text: JSON for what is data, truth in the words of JSON."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell) if isinstance(cell, int) else compact(cell)


def same(one: str, other: str) -> bool:
    """Tells whether two JSON texts mean the same."""
    import json

    try:
        return one == other or compact_sorted(json.loads(one)) == compact_sorted(json.loads(other))
    except (ValueError, RecursionError):
        return False
