"""CloudEvents 1.0: an event for each entry, as JSON lines or as one batch (`application/cloudevents-batch+json`).

`source` is the chain, `id` the entry's id, so that both together are unique, as the standard asks; `data` has all cells
of the entry. Knows rows, not where they come from.
"""

from __future__ import annotations

from typing import IO, Any
from urllib.parse import quote

from charter.engine.compact import compact
from charter.runtime.exports.columns import Chain, Row
from charter.runtime.exports.escapes import Escapes
from charter.runtime.exports.trail import Trail

VERSION = "1.0"
TYPE = "charter.entry."


class Lines:
    """Writes an event a line."""

    _lead, _between, _tail = "", "\n", "\n"

    def __init__(self, stream: IO[str], trail: Trail) -> None:
        self.escapes = Escapes()
        self._stream = stream
        self._begun = False

    def begin(self, chain: Chain) -> None:
        pass

    def row(self, row: Row) -> None:
        written = self.escapes.json(compact(event(row)))
        self._stream.write((self._between if self._begun else self._lead) + written)
        self._begun = True

    def end(self) -> None:
        pass

    def close(self) -> None:
        if self._begun:
            self._stream.write(self._tail)


class Batch(Lines):
    """Writes all events as one JSON array."""

    _lead, _between, _tail = "[\n", ",\n", "\n]\n"

    def close(self) -> None:
        if not self._begun:
            self._stream.write("[")
        self._stream.write(self._tail)


def event(row: Row) -> dict[str, Any]:
    """Makes the event of an entry."""
    cells = row.cells
    told = {
        "specversion": VERSION,
        "id": row.id,
        "source": f"/charter/{quote(str(cells['case']), safe='')}",
        "type": f"{TYPE}{cells['kind']}",
        "time": cells["at"],
        "datacontenttype": "application/json",
    }
    if "node" in cells:
        told["subject"] = cells["node"]
    return {**told, "data": cells}
