"""Schema 4: a row a node instead of the whole state of a case, and notices kept instead of looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"
MAKES = ("nodes", "contents", "notices", "notices_by_role")

# what the row of a case need not keep in its state: what has a column of its own, or a table
_ELSEWHERE = frozenset(
    [
        "case",
        "process",
        "status",
        "commands",
        "entries_written",
        "opened_at",
        "closed_at",
        "opened_by",
        "wake",
        "nodes",
        "versions",
    ]
)


def upgrade() -> None:
    """Makes the tables, and fills them from the states and the entries that there are."""
    op.create_table(
        "nodes",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("element", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case", "element", "node"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contents",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case", "record", "version"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "notices",
        sa.Column("case", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("case", "seq", "role"),
        sqlite_with_rowid=False,
    )
    op.create_index("notices_by_role", "notices", ["process", "role", "at"], unique=False)
    _spread_states(op.get_bind())
    _find_notices(op.get_bind())


def _text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _spread_states(connection: sa.Connection) -> None:
    cases = connection.execute(sa.text("SELECT id FROM cases ORDER BY number")).scalars().all()
    for case in cases:
        state = json.loads(
            connection.execute(sa.text("SELECT state FROM cases WHERE id = :c"), {"c": case}).scalar_one()
        )
        nodes = [
            {"c": case, "e": n["element"], "n": n["key"], "p": place, "d": n.get("due"), "b": _text(n)}
            for place, n in enumerate(state["nodes"])
        ]
        contents = [
            {"c": case, "r": key.partition("[")[0], "v": key, "p": place, "b": _text(version)}
            for place, (key, version) in enumerate(state["versions"].items())
        ]
        if nodes:
            connection.execute(sa.text("INSERT INTO nodes VALUES (:c, :e, :n, :p, :d, :b)"), nodes)
        if contents:
            connection.execute(sa.text("INSERT INTO contents VALUES (:c, :r, :v, :p, :b)"), contents)
        rest = _text({name: value for name, value in state.items() if name not in _ELSEWHERE})
        connection.execute(sa.text("UPDATE cases SET state = :s WHERE id = :c"), {"s": rest, "c": case})


def _find_notices(connection: sa.Connection) -> None:
    bodies = connection.execute(sa.text("SELECT digest, body FROM definitions"))
    definitions = {digest: json.loads(body) for digest, body in bodies}
    entries = connection.execute(
        sa.text(
            'SELECT e."case", e.seq, e.kind, e.actor, e.at, e.element, e.body, c.process, c.definition'
            ' FROM entries e JOIN cases c ON c.id = e."case" WHERE e.element IS NOT NULL'
            " AND e.kind IN ('completed', 'granted', 'rejected', 'overdue', 'escalated', 'failed')"
        )
    ).fetchall()
    rows = [
        {"c": e[0], "s": e.seq, "r": role, "p": e.process, "k": e.kind, "b": e.actor, "a": e.at}
        for e in entries
        for role in dict.fromkeys(_roles(definitions[e.definition], e.kind, e.element, e.body))
    ]
    if rows:
        connection.execute(sa.text("INSERT INTO notices VALUES (:c, :s, :r, :p, :k, :b, :a)"), rows)


def _roles(definition: Mapping[str, Any], kind: str, name: str, body: bytes) -> Iterator[str]:
    element = next((e for e in definition["elements"] if e["name"] == name), None)
    if element is None:
        return
    if kind == "overdue":
        yield from element.get("accountable") or element.get("roles", ())
    elif kind == "escalated":
        yield json.loads(body)["data"]["to"]
    elif kind == "failed":
        yield from filter(None, [definition.get("owner")])
    else:
        yield from element.get("informed", ())
