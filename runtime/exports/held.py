"""An export held against the trail: whether each of its events is the entry that it says it is, and none is left out.

The events are kept in a file while the trail goes by, in whatever order they come. Of a case that is in the export, all
entries up to its last one must be; what was entered later, and other cases, are no fault. What somebody may not read,
be it who exported or who checks, is not compared, and counted.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from charter.engine.reading import WITHHELD
from charter.runtime.exports.checks import Finding
from charter.runtime.exports.columns import COLUMNS, Row, holds, same, text
from charter.runtime.exports.judging import entries
from charter.runtime.exports.trail import Trail

_WITHHELD = text(WITHHELD)


class Held:
    """An export beside a trail; `entries` and `withheld` (compared in part) are counted while `findings` go by."""

    def __init__(self, path: Path, form: str, trail: Trail) -> None:
        self._path, self._form, self._trail = path, form, trail
        self.entries = self.withheld = 0

    def findings(self) -> Iterator[Finding]:
        """Yields what is otherwise than in the trail."""
        with (
            tempfile.TemporaryDirectory(prefix="charter-") as folder,
            closing(sqlite3.connect(Path(folder) / "events", isolation_level=None)) as kept,
        ):
            kept.executescript(
                "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
                ' CREATE TABLE events (id TEXT PRIMARY KEY, "case" TEXT, seq INTEGER, cells TEXT) WITHOUT ROWID;'
            )
            kept.execute("BEGIN")
            yield from self._keep(kept)
            yield from self._compare(kept)

    def _keep(self, kept: sqlite3.Connection) -> Iterator[Finding]:
        for cells in entries(self._path, self._form):
            self.entries += 1
            id, case, seq = cells.get("id", ""), cells.get("case", ""), cells.get("seq", "")
            if id != f"{case}.{seq}" or not seq.isdecimal():
                yield Finding("id", id, {"name": id})
                continue
            written = json.dumps(cells, ensure_ascii=True)
            if not kept.execute(
                "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?)", (id, case, int(seq), written)
            ).rowcount:
                yield Finding("twice", id, {"name": id})

    def _compare(self, kept: sqlite3.Connection) -> Iterator[Finding]:
        until = dict(kept.execute('SELECT "case", max(seq) FROM events GROUP BY "case"').fetchall())
        for _, row in self._trail.rows(among=until):
            cells = row.cells
            found = kept.execute("SELECT cells FROM events WHERE id = ?", (row.id,)).fetchone()
            if found is not None:
                kept.execute("DELETE FROM events WHERE id = ?", (row.id,))
                yield from self._differences(row, json.loads(found[0]))
            elif cells["seq"] <= until[cells["case"]]:
                yield Finding("lacking", row.id, {"name": row.id})
        for (id,) in kept.execute("SELECT id FROM events ORDER BY id"):
            yield Finding("strange", id, {"name": id})

    def _differences(self, row: Row, found: dict[str, str]) -> Iterator[Finding]:
        hidden = "withheld" in row.cells or "withheld" in found
        self.withheld += hidden
        for name, sort in COLUMNS.items():
            cell, other = row.cells.get(name), found.get(name)
            if name == "withheld":
                continue
            if hidden and (holds(cell) or _holds(other)):
                continue
            one = None if cell is None else text(cell)
            if one != other and not (sort == "json" and one is not None and other is not None and same(one, other)):
                yield Finding("differs", row.id, {"name": name, "value": other or "", "other": one or ""})


def _holds(written: str | None) -> bool:
    if written is None or _WITHHELD not in written:
        return False
    try:
        return holds(json.loads(written))
    except (ValueError, RecursionError):
        return False
