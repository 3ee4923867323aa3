"""Schema 14: reviews of registers. No entry of an earlier build tells of one, so that there is nothing to fill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "14"
down_revision = "13"
MAKES = ("register_reviews", "register_entries_by_time")


def upgrade() -> None:
    """Makes the table, and finds the entries of a register by when they were filed."""
    op.create_table(
        "register_reviews",
        sa.Column("register", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("opened", sa.Text),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("register", "key", "version"),
        sqlite_with_rowid=False,
    )
    op.create_index("register_entries_by_time", "register_entries", ["register", "at"])
