"""Object-centric logs (OCEL 2.0, as SQLite or JSON), read as the rows of one kind of object, which are the cases.

An event has the columns `ocel:id`, `ocel:type`, `ocel:time`, its attributes by their names, and `object:TYPE` with the
objects of a type. Of the column that the map takes for the case, a row is given for each object: an event of two orders
is an event in the case of each. What cannot be read is a `Mistake`. Knows nothing of maps and processes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from charter.runtime.exports.columns import text
from charter.runtime.exports.reading import NotAnExport, items, looked
from charter.runtime.imports.logs import LARGEST, bad

_OBJECT = "object:"


def kind_of(path: Path) -> str | None:
    """Tells of a file whether it is an object-centric log, by its content: `sqlite`, `json`, or None."""
    with open(path, "rb") as file:
        lead = file.read(64)
    if lead.startswith(b"SQLite format 3\0"):
        return "sqlite"
    return "json" if lead.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else None


class ObjectLog:
    """An object-centric log. `case`: the column that is the case; `columns` are known once `events` has ended."""

    def __init__(self, path: Path, kind: str, case: str) -> None:
        self._path, self._kind, self._case = path, kind, case
        self.columns: list[str] = []
        self._seen: dict[str, None] = {}

    def events(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yields the number of each row, from 1, and its cells."""
        row = 0
        if self._path.stat().st_size > LARGEST:
            raise bad("large", limit=f"{LARGEST >> 20} MiB")
        try:
            for own, objects in self._database() if self._kind == "sqlite" else self._document():
                several = objects.get(self._case.removeprefix(_OBJECT), []) if self._case.startswith(_OBJECT) else [""]
                for one in several:
                    cells = {f"{_OBJECT}{kind}": ", ".join(ids) for kind, ids in objects.items()} | own
                    if one:
                        cells[self._case] = one
                    row += 1
                    self._seen.update(dict.fromkeys(cells))
                    yield row, cells
                if not several:
                    self._seen.update(dict.fromkeys(f"{_OBJECT}{kind}" for kind in objects))
        except (NotAnExport, sqlite3.Error, KeyError, TypeError, AttributeError) as cause:
            raise bad("objects", row or None, detail=str(cause)) from cause
        self.columns = list(self._seen)
        if not row and not self.columns:
            raise bad("empty")

    def _document(self) -> Iterator[tuple[dict[str, str], dict[str, list[str]]]]:
        types = {item["id"]: item["type"] for part, item in items(self._path) if part == "objects" and item is not None}
        for part, item in items(self._path):
            if part != "events" or item is None:
                continue
            objects: dict[str, list[str]] = {}
            for one in item.get("relationships", ()):
                objects.setdefault(types.get(one["objectId"], "?"), []).append(one["objectId"])
            own = {"ocel:id": item["id"], "ocel:type": item["type"], "ocel:time": item["time"]}
            told = {str(each["name"]): text(each["value"]) for each in item.get("attributes", ())}
            yield {**told, **own}, {kind: list(dict.fromkeys(ids)) for kind, ids in objects.items()}

    def _database(self) -> Iterator[tuple[dict[str, str], dict[str, list[str]]]]:
        related = (
            "SELECT o.ocel_type, o.ocel_id FROM event_object r JOIN object o ON o.ocel_id = r.ocel_object_id"
            " WHERE r.ocel_event_id = ? GROUP BY o.ocel_type, o.ocel_id ORDER BY min(r.rowid)"
        )
        with closing(looked(self._path)) as opened:
            tables = {
                kind: 'SELECT * FROM "event_{}" WHERE ocel_id = ?'.format(str(table).replace('"', '""'))
                for kind, table in opened.execute("SELECT ocel_type, ocel_type_map FROM event_map_type")
            }
            # in the order in which they were written, for many have one time
            for id, kind in opened.execute("SELECT ocel_id, ocel_type FROM event ORDER BY rowid"):
                cursor = opened.execute(tables[kind], (id,))
                found = dict(zip((column[0] for column in cursor.description), cursor.fetchone(), strict=True))
                objects: dict[str, list[str]] = {}
                for other, one in opened.execute(related, (id,)):
                    objects.setdefault(other, []).append(one)
                own = {"ocel:id": str(id), "ocel:type": str(kind), "ocel:time": str(found["ocel_time"])}
                told = {name: text(cell) for name, cell in found.items() if cell is not None}
                yield {name: cell for name, cell in told.items() if name not in ("ocel_id", "ocel_time")} | own, objects
