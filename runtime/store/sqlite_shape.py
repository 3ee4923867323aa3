"""What a SQLite database is made of beyond its rows: tables, columns, constraints, indexes, triggers and views.

The text of a table may name its constraints in another order where migrations made it, so a table is told by what
SQLite makes of it; an index or a trigger by its text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

_ALL = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_COLUMNS = 'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY name'
_KEYS = 'SELECT "from", "table", "to", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY 1, 2, 3'
_UNIQUE = "SELECT name FROM pragma_index_list(?) WHERE origin = 'u'"
_OF_INDEX = "SELECT name FROM pragma_index_info(?) ORDER BY seqno"
_ROWID = "SELECT wr, strict FROM pragma_table_list(?)"


def shape(raw: sqlite3.Connection) -> dict[str, str]:
    """Gives what there is, `index entries_by_time`, each with what it says; without what SQLite keeps for itself."""
    found = {}
    for sort, name, table, text in raw.execute(_ALL).fetchall():
        found[f"{sort} {name}"] = _table(raw, name) if sort == "table" else f"{table} {' '.join(str(text).split())}"
    return found


def _table(raw: sqlite3.Connection, name: str) -> str:
    unique = sorted(
        [row[0] for row in raw.execute(_OF_INDEX, (index,)).fetchall()]
        for (index,) in raw.execute(_UNIQUE, (name,)).fetchall()
    )
    told = [raw.execute(query, (name,)).fetchall() for query in (_COLUMNS, _KEYS, _ROWID)]
    return repr([*told, unique])


@cache
def ours(triggers: tuple[str, ...]) -> Mapping[str, str]:
    """Gives what a new database is made of."""
    from sqlalchemy import StaticPool, create_engine

    from charter.runtime.store.tables import metadata

    raw = sqlite3.connect(":memory:", check_same_thread=False)
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    with engine.begin() as connection:
        metadata.create_all(connection)
    for trigger in triggers:
        raw.execute(trigger)
    found = MappingProxyType(shape(raw))
    raw.close()
    return found


def unlike(raw: sqlite3.Connection, triggers: tuple[str, ...]) -> list[str]:
    """Names what is missing, is another than in a new database, or is in none; of tables that are not ours, nothing."""
    wanted, found = ours(triggers), shape(raw)
    there = {name.partition(" ")[2] for name in wanted if name.startswith("table ")}
    named = [name for name, told in wanted.items() if found.get(name) != told]
    for name in found.keys() - wanted.keys():
        sort, _, own = name.partition(" ")
        of = own if sort == "view" else found[name].split()[0]
        if sort == "trigger" or (sort in ("index", "view") and of in there):
            named.append(name)
    return sorted(named)
