"""Schema 11: channels for notices, which notices go there, and those that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "11"
down_revision = "10"
MAKES = ("channels", "routes", "queue", "queue_by_time", "cursors")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "channels",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "routes",
        sa.Column("sort", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sort", "recipient", "process", "channel"),
    )
    op.create_table(
        "queue",
        sa.Column("sort", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("send_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sort", "recipient", "process", "channel", "case", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("queue_by_time", "queue", ["send_at"])
    op.create_table(
        "cursors",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
