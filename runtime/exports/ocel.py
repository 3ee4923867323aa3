"""OCEL 2.0, as JSON and as SQLite: what happened, of which type, to which objects (https://www.ocel-standard.org).

Event types are `KIND PLACE`, object types `case:PROCESS`, `element:PROCESS`, `record:PROCESS.RECORD` (an object
is one version of one), `person` and `organisation`. An attribute of a type is declared once the first object or event
has it, so that one pass is enough. Knows rows and objects, not where they come from.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from charter.engine.compact import compact
from charter.runtime.exports.columns import COLUMNS, Chain, Row, text
from charter.runtime.exports.escapes import Escapes
from charter.runtime.exports.objects import Object, Objects, activity
from charter.runtime.exports.sections import Sections
from charter.runtime.exports.trail import Trail

ALWAYS = "1970-01-01T00:00:00Z"  # since when an attribute holds that does not change, as the standard says
_SORTS = {"text": "string", "whole": "integer", "truth": "boolean", "time": "time", "json": "string"}
# columns that are attributes of an event; `id` and `at` are the event's own
ATTRIBUTES = {name: _SORTS[sort] for name, sort in COLUMNS.items() if name not in ("id", "at")}


def attributes(row: Row) -> dict[str, Any]:
    """Gives the attributes of an event: numbers and truth as they are, all else as text."""
    return {
        name: cell if isinstance(cell, bool | int) else text(cell)
        for name, cell in row.cells.items()
        if name in ATTRIBUTES
    }


class Json:
    """Writes OCEL 2.0 as JSON, one event or object a line."""

    def __init__(self, stream: IO[str], trail: Trail) -> None:
        self.escapes = Escapes()
        self._stream = stream
        self._objects = Objects(trail)
        self._sections = Sections(("eventTypes", "objectTypes", "events", "objects"))
        self._types: dict[str, dict[str, dict[str, str]]] = {"eventTypes": {}, "objectTypes": {}}

    def begin(self, chain: Chain) -> None:
        self._objects.begin(chain)

    def row(self, row: Row) -> None:
        told = attributes(row)
        kind = activity(row)
        known = self._types["eventTypes"].setdefault(kind, {})
        known.update({name: ATTRIBUTES[name] for name in told})
        event = {
            "id": row.id,
            "type": kind,
            "time": row.cells["at"],
            "attributes": [{"name": name, "value": value} for name, value in told.items()],
            "relationships": [{"objectId": one, "qualifier": part} for one, part in self._objects.about(row)],
        }
        self._sections.add("events", self.escapes.json(compact(event)))

    def end(self) -> None:
        self._add(self._objects.end())

    def _add(self, objects: Iterable[Object]) -> None:
        for one in objects:
            known = self._types["objectTypes"].setdefault(one.type, {})
            known.update({name: "string" for name, _, _ in one.attributes})
            told = {
                "id": one.id,
                "type": one.type,
                "attributes": [
                    {"name": name, "time": since or ALWAYS, "value": value} for name, since, value in one.attributes
                ],
                "relationships": [{"objectId": other, "qualifier": how} for other, how in one.relations],
            }
            self._sections.add("objects", self.escapes.json(compact(told)))

    def close(self) -> None:
        self._add(self._objects.people())
        for part, types in self._types.items():
            for name, known in types.items():
                declared = {"name": name, "attributes": [{"name": n, "type": t} for n, t in known.items()]}
                self._sections.add(part, self.escapes.json(compact(declared)))
        self._sections.write(self._stream)


_TABLES = """
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT NOT NULL UNIQUE);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT NOT NULL UNIQUE);
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT NOT NULL REFERENCES event_map_type (ocel_type));
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT NOT NULL REFERENCES object_map_type (ocel_type));
CREATE TABLE event_object (
  ocel_event_id TEXT NOT NULL REFERENCES event (ocel_id), ocel_object_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_qualifier TEXT NOT NULL, PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
CREATE TABLE object_object (
  ocel_source_id TEXT NOT NULL REFERENCES object (ocel_id), ocel_target_id TEXT NOT NULL REFERENCES object (ocel_id),
  ocel_qualifier TEXT NOT NULL, PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
"""
_SQL_TYPES = {"string": "TEXT", "integer": "INTEGER", "boolean": "BOOLEAN"}
_EACH = 2_000  # rows that are written at once


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class _Types:
    """The tables of types: each is made, and given a column, when there is something to be written in it."""

    def __init__(self, database: sqlite3.Connection, what: str) -> None:
        self._database, self._what = database, what
        self._tables: dict[str, tuple[str, dict[str, str]]] = {}  # type -> its table, its columns by attribute
        self._taken: set[str] = {"map_type", "object"}
        self._rows: dict[tuple[str, tuple[str, ...]], list[Sequence[Any]]] = {}

    def add(self, type: str, own: Sequence[tuple[str, str]], values: Sequence[Any], more: Sequence[Any]) -> None:
        """Adds a row: attributes as (name, SQL type) with their values, after the columns that every type has."""
        if type not in self._tables:
            self._make(type)
        table, columns = self._tables[type]
        for name, sort in own:
            if name not in columns:
                columns[name] = _free(name, {*(c.casefold() for c in columns.values())})
                self._database.execute(f"ALTER TABLE {_quoted(table)} ADD COLUMN {_quoted(columns[name])} {sort}")
        names = tuple(columns[name] for name, _ in own)
        self._rows.setdefault((table, names), []).append((*more, *values))

    def _make(self, type: str) -> None:
        name = _free(re.sub(r"\W+", "_", type, flags=re.ASCII).strip("_") or "type", self._taken)
        self._taken.add(name.casefold())
        table = f"{self._what}_{name}"
        changed = ", ocel_changed_field TEXT" if self._what == "object" else ""
        key = "" if self._what == "object" else " PRIMARY KEY"
        self._database.execute(f"INSERT INTO {self._what}_map_type VALUES (?, ?)", (type, name))
        self._database.execute(
            f"CREATE TABLE {_quoted(table)} (ocel_id TEXT NOT NULL{key} REFERENCES {self._what} (ocel_id),"
            f" ocel_time TIMESTAMP NOT NULL{changed})"
        )
        self._tables[type] = table, {f"\0{own}": own for own in ("ocel_id", "ocel_time", "ocel_changed_field")}

    def write(self) -> None:
        """Writes what has been added."""
        fixed = ("ocel_id", "ocel_time") + (("ocel_changed_field",) if self._what == "object" else ())
        for (table, names), rows in self._rows.items():
            columns = ", ".join(map(_quoted, (*fixed, *names)))
            marks = ", ".join("?" * (len(fixed) + len(names)))
            self._database.executemany(f"INSERT INTO {_quoted(table)} ({columns}) VALUES ({marks})", rows)
        self._rows.clear()


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found.casefold() in taken:
        number += 1
        found = f"{name}_{number}"
    return found


class Sqlite:
    """Writes OCEL 2.0 as a SQLite database: a table for every type, named and mapped as the standard says."""

    def __init__(self, path: Path, trail: Trail) -> None:
        self.escapes = Escapes()
        self._objects = Objects(trail)
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + _TABLES)
        self._database.execute("BEGIN")
        self._events, self._of_types = _Types(self._database, "event"), _Types(self._database, "object")
        self._kept: dict[str, list[Sequence[Any]]] = {
            "event": [],
            "object": [],
            "event_object": [],
            "object_object": [],
        }

    def begin(self, chain: Chain) -> None:
        self._objects.begin(chain)

    def row(self, row: Row) -> None:
        told = attributes(row)
        own = [(name, _SQL_TYPES[ATTRIBUTES[name]] if not isinstance(told[name], str) else "TEXT") for name in told]
        kind = activity(row)
        self._kept["event"].append((row.id, kind))
        self._events.add(kind, own, list(told.values()), (row.id, row.cells["at"]))
        self._kept["event_object"] += [(row.id, one, part) for one, part in dict.fromkeys(self._objects.about(row))]
        if len(self._kept["event"]) >= _EACH:
            self._write()

    def end(self) -> None:
        self._add(self._objects.end())

    def _add(self, objects: Iterable[Object]) -> None:
        for one in objects:
            self._kept["object"].append((one.id, one.type))
            always = [(name, value) for name, since, value in one.attributes if since is None]
            self._of_types.add(
                one.type, [(n, "TEXT") for n, _ in always], [v for _, v in always], (one.id, ALWAYS, None)
            )
            for name, since, value in one.attributes:
                if since is not None:
                    self._of_types.add(one.type, [(name, "TEXT")], [value], (one.id, since, name))
            self._kept["object_object"] += [(one.id, other, how) for other, how in dict.fromkeys(one.relations)]

    def _write(self) -> None:
        for table, rows in self._kept.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                self._database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
                rows.clear()
        self._events.write()
        self._of_types.write()

    def close(self) -> None:
        self._add(self._objects.people())
        self._write()
        self._database.execute("COMMIT")
        self._database.close()
