"""Schema 16: what cases are called. No entry of an earlier build tells of it, so that there is nothing to fill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "16"
down_revision = "15"
MAKES = ("case_numbers", "case_numbers_by_series", "case_numbers_by_number")


def upgrade() -> None:
    """Makes the table, and finds a case by its number and the last of a series."""
    op.create_table(
        "case_numbers",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("series", sa.Text, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("case"),
        sqlite_with_rowid=False,
    )
    op.create_index("case_numbers_by_series", "case_numbers", ["series", "serial"], unique=True)
    op.create_index("case_numbers_by_number", "case_numbers", ["number"], unique=True)
