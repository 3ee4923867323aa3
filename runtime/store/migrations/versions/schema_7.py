"""Schema 7: when the database was last written, by the clock and by the machine's count since it started."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7"
down_revision = "6"
MAKES = ("clock",)


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "clock",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("start", sa.Text, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
