"""Schema 8: the lists that take more items until somebody closes them, for those in charge of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "8"
down_revision = "7"
MAKES = ("open_lists", "lists_offered", "lists_held")

_NEVER = 10**17


def upgrade() -> None:
    """Makes the table, and fills it from the open cases that there are."""
    op.create_table(
        "open_lists",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("element", sa.Text, nullable=False),
        sa.Column("iteration", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due", sa.BigInteger),
        sa.Column("rank", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case", "node", "role"),
        sqlite_with_rowid=False,
    )
    op.create_index("lists_offered", "open_lists", ["process", "role", "rank", "case", "node"])
    op.create_index("lists_held", "open_lists", ["holder", "rank"])
    connection = op.get_bind()
    for digest, body in connection.execute(sa.text("SELECT digest, body FROM definitions")).all():
        rows = list(_rows(connection, digest, json.loads(body)))
        if rows:
            marks = ":c, :n, :r, :p, :e, :i, :z, :h, :s, :d, :k"
            connection.execute(sa.text(f"INSERT INTO open_lists VALUES ({marks})"), rows)


def _rows(connection: sa.Connection, digest: str, definition: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    elements = {element["name"]: element for element in definition["elements"]}
    owner = definition.get("owner")
    query = sa.text(
        'SELECT n."case", n.body, c.opened_at, c.opened_by FROM cases c JOIN nodes n ON n."case" = c.id'
        " AND n.element = :e WHERE c.definition = :d AND c.status = 'open'"
    )
    for name, element in elements.items():
        if not (element.get("many") or {}).get("open"):
            continue
        outer = _loops_around(elements, element)
        roles = dict.fromkeys((*element.get("accountable", ()), *([owner] if owner is not None else [])))
        for case, body, opened_at, opened_by in connection.execute(query, {"e": name, "d": digest}).all():
            node = json.loads(body)
            inside = node["key"].partition("[")[2]
            if node.get("state") != "active" or node.get("closed") or len(inside.split(".")) * bool(inside) != outer:
                continue
            since = node.get("ready_at") or node.get("started_at") or opened_at or 0
            due = node.get("due")
            row = {"c": case, "n": node["key"], "p": definition["name"], "e": name, "i": node.get("iteration", 1)}
            row |= {"z": node.get("size", 0), "s": since, "d": due, "k": due if due is not None else since + _NEVER}
            yield from (row | {"r": role, "h": None} for role in roles)
            if owner is None:
                yield row | {"r": "", "h": opened_by}


def _loops_around(elements: Mapping[str, Any], element: Mapping[str, Any]) -> int:
    """Counts the `for each` that an element stands inside."""
    count, parent = 0, element.get("parent")
    while parent is not None:
        count += bool(elements[parent].get("many"))
        parent = elements[parent].get("parent")
    return count
