"""Schema 7: when the database was last written, by the clock and by the machine's count since it started."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7"
down_revision = "6"


def upgrade() -> None:
    """Makes the table if it is not there."""
    if not sa.inspect(op.get_bind()).has_table("clock"):
        op.create_table(
            "clock",
            sa.Column("number", sa.Integer, primary_key=True),
            sa.Column("start", sa.Text, nullable=False),
            sa.Column("count", sa.BigInteger, nullable=False),
            sa.Column("at", sa.BigInteger, nullable=False),
        )
