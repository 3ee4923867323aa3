"""OCEL 2.0, judged: the JSON schema of the standard with what it says in words, and the rules of its relational form.

A file is read twice: for what it declares, and for what it says. Own work, from the text of the standard.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from charter.runtime.exports.checks import Finding, is_time, typed
from charter.runtime.exports.reading import items, looked

_PARTS = ("eventTypes", "objectTypes", "events", "objects")
_TYPE = {"name": (str, True), "attributes": (list, True)}
_ATTRIBUTE = {"name": (str, True), "type": (str, True)}
_EVENT = {
    "id": (str, True),
    "type": (str, True),
    "time": (str, True),
    "attributes": (list, False),
    "relationships": (list, False),
}
_OBJECT = {name: kind for name, kind in _EVENT.items() if name != "time"}
_RELATION = {"objectId": (str, True), "qualifier": (str, True)}
_SORTS = ("string", "time", "integer", "float", "boolean")


def fits(sort: str, value: Any) -> bool:
    """Tells whether a value is of a type of attributes; a text may say a number, as the standard's own examples do."""
    if sort == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if sort in ("integer", "float"):
        if isinstance(value, bool):
            return False
        try:
            (int if sort == "integer" else float)(value)
        except (TypeError, ValueError):
            return False
        return sort == "float" or not isinstance(value, float)
    return is_time(value) if sort == "time" else isinstance(value, str)


def document(path: Path) -> Iterator[Finding]:
    """Checks OCEL 2.0 as JSON."""
    types: dict[str, dict[str, dict[str, str]]] = {"eventTypes": {}, "objectTypes": {}}
    ids: dict[str, dict[str, str]] = {"events": {}, "objects": {}}
    parts: set[str] = set()
    for part, item in items(path):
        parts.add(part)
        if item is None:
            continue
        if part in types:
            yield from _declared(part, item, types[part])
        elif part in ids and isinstance(item, Mapping):
            id, kind = item.get("id"), item.get("type")
            if isinstance(id, str) and id in ids[part]:
                yield Finding("twice", f"{part} {id}", {"name": id})
            ids[part][str(id)] = str(kind)
    for name in _PARTS:
        if name not in parts:
            yield Finding("member", name, {"name": name})
    for part, item in items(path):
        if part in ids and item is not None:
            yield from _thing(part, item, types, ids["objects"])


def _declared(part: str, item: Any, known: dict[str, dict[str, str]]) -> Iterator[Finding]:
    found = list(typed(part, item, _TYPE))
    yield from found
    if found:
        return
    place = f"{part} {item['name']}"
    if item["name"] in known:
        yield Finding("twice", place, {"name": item["name"]})
    attributes = known.setdefault(item["name"], {})
    for one in item["attributes"]:
        wrong = list(typed(place, one, _ATTRIBUTE))
        yield from wrong
        if wrong:
            continue
        if one["name"] in attributes:
            yield Finding("twice", place, {"name": one["name"]})
        if one["type"] not in _SORTS:
            yield Finding("value", place, {"name": "type", "value": one["type"]})
        attributes[one["name"]] = one["type"]


def _thing(
    part: str, item: Any, types: Mapping[str, Mapping[str, Mapping[str, str]]], objects: Mapping[str, str]
) -> Iterator[Finding]:
    event = part == "events"
    found = list(typed(part, item, _EVENT if event else _OBJECT))
    yield from found
    if found:
        return
    place = f"{part} {item['id']}"
    declared = types["eventTypes" if event else "objectTypes"].get(item["type"])
    if declared is None:
        yield Finding("undeclared", place, {"name": item["type"]})
    if event and not is_time(item["time"]):
        yield Finding("time", place, {"name": "time"})
    wanted = {"name": (str, True)} if event else {"name": (str, True), "time": (str, True)}
    for one in item.get("attributes", ()):
        wrong = list(typed(place, one, wanted))
        yield from wrong
        if wrong:
            continue
        if "value" not in one:
            yield Finding("member", place, {"name": "value"})
        elif declared is not None and one["name"] not in declared:
            yield Finding("undeclared", place, {"name": one["name"]})
        elif declared is not None and not fits(declared[one["name"]], one["value"]):
            yield Finding("value", place, {"name": one["name"], "value": one["value"]})
        if not event and not is_time(one["time"]):
            yield Finding("time", place, {"name": "time"})
    seen = set()
    for one in item.get("relationships", ()):
        wrong = list(typed(place, one, _RELATION))
        yield from wrong
        if wrong:
            continue
        if one["objectId"] not in objects:
            yield Finding("unknown", place, {"name": one["objectId"]})
        if (one["objectId"], one["qualifier"]) in seen:
            yield Finding("twice", place, {"name": one["objectId"]})
        seen.add((one["objectId"], one["qualifier"]))
    if event and not seen:
        yield Finding("no_object", place)


# -- SQLite -----------------------------------------------------------------------------------------------------------

# table -> its columns, which of them are its key, and what others they refer to: (column, table, column)
_TABLES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], tuple[tuple[str, str, str], ...]]] = {
    "event_map_type": (("ocel_type", "ocel_type_map"), ("ocel_type",), ()),
    "object_map_type": (("ocel_type", "ocel_type_map"), ("ocel_type",), ()),
    "event": (("ocel_id", "ocel_type"), ("ocel_id",), (("ocel_type", "event_map_type", "ocel_type"),)),
    "object": (("ocel_id", "ocel_type"), ("ocel_id",), (("ocel_type", "object_map_type", "ocel_type"),)),
    "event_object": (
        ("ocel_event_id", "ocel_object_id", "ocel_qualifier"),
        ("ocel_event_id", "ocel_object_id", "ocel_qualifier"),
        (("ocel_event_id", "event", "ocel_id"), ("ocel_object_id", "object", "ocel_id")),
    ),
    "object_object": (
        ("ocel_source_id", "ocel_target_id", "ocel_qualifier"),
        ("ocel_source_id", "ocel_target_id", "ocel_qualifier"),
        (("ocel_source_id", "object", "ocel_id"), ("ocel_target_id", "object", "ocel_id")),
    ),
}


def database(path: Path) -> Iterator[Finding]:
    """Checks OCEL 2.0 as a SQLite database."""
    with closing(looked(path)) as opened:
        there = {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        missing = [name for name in _TABLES if name not in there]
        yield from (Finding("table", name, {"name": name}) for name in missing)
        if missing:
            return
        for name, (columns, key, references) in _TABLES.items():
            yield from _table(opened, name, columns, key, references)
        for what in ("event", "object"):
            yield from _types(opened, what, there)
        for table, column, other, of in (
            (table, *reference) for table, (_, _, references) in _TABLES.items() for reference in references
        ):
            lost = f"SELECT {column} FROM {table} WHERE {column} NOT IN (SELECT {of} FROM {other}) LIMIT 20"
            yield from (Finding("unknown", table, {"name": found}) for (found,) in opened.execute(lost))
        alone = "SELECT ocel_id FROM event WHERE ocel_id NOT IN (SELECT ocel_event_id FROM event_object) LIMIT 20"
        yield from (Finding("no_object", f"event {found}") for (found,) in opened.execute(alone))


def _table(
    opened: Connection,
    name: str,
    columns: tuple[str, ...],
    key: tuple[str, ...],
    references: tuple[tuple[str, str, str], ...],
) -> Iterator[Finding]:
    known = {row[1]: row for row in opened.execute(f"PRAGMA table_info({_quoted(name)})")}
    yield from (Finding("column", name, {"name": column}) for column in columns if column not in known)
    if key and {column for column, row in known.items() if row[5]} != set(key):
        yield Finding("key", name, {"name": ", ".join(key)})
    keys = {(row[3], row[2], row[4]) for row in opened.execute(f"PRAGMA foreign_key_list({_quoted(name)})")}
    yield from (Finding("reference", name, {"name": one[0], "other": one[1]}) for one in references if one not in keys)


def _types(opened: Connection, what: str, there: set[str]) -> Iterator[Finding]:
    maps = dict(opened.execute(f"SELECT ocel_type_map, ocel_type FROM {what}_map_type").fetchall())
    own = {name for name in there if name.startswith(f"{what}_")} - _TABLES.keys()
    for name in sorted(own - {f"{what}_{name}" for name in maps}):
        yield Finding("undeclared", name, {"name": name})
    for map, kind in maps.items():
        table = f"{what}_{map}"
        if table not in there:
            yield Finding("table", kind, {"name": table})
            continue
        columns = ("ocel_id", "ocel_time") + (("ocel_changed_field",) if what == "object" else ())
        key = ("ocel_id",) if what == "event" else ()
        yield from _table(opened, table, columns, key, (("ocel_id", what, "ocel_id"),))
        known = {row[1]: row[2] for row in opened.execute(f"PRAGMA table_info({_quoted(table)})")}
        if not set(columns) <= known.keys():
            continue
        if known["ocel_time"].upper() != "TIMESTAMP":
            yield Finding("column", table, {"name": "ocel_time TIMESTAMP"})
        for id, at in opened.execute(f"SELECT ocel_id, ocel_time FROM {_quoted(table)}"):
            if not is_time(str(at).replace(" ", "T")):
                yield Finding("time", f"{table} {id}", {"name": "ocel_time"})
        other = (
            f"SELECT ocel_id FROM {_quoted(table)} WHERE ocel_id NOT IN"
            f" (SELECT ocel_id FROM {what} WHERE ocel_type = ?) LIMIT 20"
        )
        yield from (Finding("unknown", table, {"name": id}) for (id,) in opened.execute(other, (kind,)))
        lost = (
            f"SELECT ocel_id FROM {what} WHERE ocel_type = ? AND ocel_id NOT IN"
            f" (SELECT ocel_id FROM {_quoted(table)}) LIMIT 20"
        )
        yield from (Finding("unknown", table, {"name": id}) for (id,) in opened.execute(lost, (kind,)))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
