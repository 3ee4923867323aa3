"""Schema 13: registers. No entry of an earlier build tells of one, so that there is nothing to fill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "13"
down_revision = "12"
MAKES = (
    "register_entries",
    "register_entries_by_key",
    "register_fields",
    "register_fields_by_value",
    "register_uses",
    "register_uses_by_key",
)


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "register_entries",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("register", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("node", sa.Text),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case", "register", "key", "version"),
        sqlite_with_rowid=False,
    )
    op.create_index("register_entries_by_key", "register_entries", ["register", "key", "version"], unique=True)
    op.create_table(
        "register_fields",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("register", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("case", "register", "key", "version", "field"),
        sqlite_with_rowid=False,
    )
    op.create_index("register_fields_by_value", "register_fields", ["register", "field", "value", "key", "version"])
    op.create_table(
        "register_uses",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("register", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("node", sa.Text),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case", "seq", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("register_uses_by_key", "register_uses", ["register", "key", "at"])
