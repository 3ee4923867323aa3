"""Schema 9: the public days by which cases count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9"
down_revision = "8"
MAKES = ("public_days", "ix_public_days_country")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "public_days",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_index("ix_public_days_country", "public_days", ["country"])
