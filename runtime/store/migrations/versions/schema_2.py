"""Schema 2: a case is found by the attempt of the element that runs it."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"
MAKES = ("cases_by_parent",)


def upgrade() -> None:
    """Says of each case that another runs for which element and attempt that is, and makes that a key."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, state FROM cases WHERE parent IS NOT NULL")).fetchall()
    for case, text in rows:
        state = json.loads(text)
        parent = " ".join([*state["parent"], str(state.get("attempt", 0))])
        found = {"parent": parent, "case": case}
        connection.execute(sa.text("UPDATE cases SET parent = :parent WHERE id = :case"), found)
    op.create_index("cases_by_parent", "cases", ["parent"], unique=True, sqlite_where=sa.text("parent IS NOT NULL"))
