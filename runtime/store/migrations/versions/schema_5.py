"""Schema 5: the trail is found by who and by when."""

from __future__ import annotations

from alembic import op

revision = "5"
down_revision = "4"
MAKES = ("entries_by_actor", "entries_by_time")


def upgrade() -> None:
    """Makes the indexes."""
    op.create_index("entries_by_actor", "entries", ["actor", "at"], unique=False)
    op.create_index("entries_by_time", "entries", ["at"], unique=False)
