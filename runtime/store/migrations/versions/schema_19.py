"""Schema 19: refused attempts by time, by which they are counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "19"
down_revision = "18"
MAKES = ("entries_refused",)


def upgrade() -> None:
    """Makes the index."""
    refused = sa.text("outcome = 'refused'")
    op.create_index("entries_refused", "entries", ["at", "actor"], sqlite_where=refused, postgresql_where=refused)
