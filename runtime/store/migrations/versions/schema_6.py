"""Schema 6: what is to be done says what its last try failed with, and since when nobody tries again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"
MAKES = ("outbox.failure", "outbox.dead_at")


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("outbox", sa.Column("failure", sa.Text))
    op.add_column("outbox", sa.Column("dead_at", sa.BigInteger))
