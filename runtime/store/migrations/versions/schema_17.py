"""Schema 17: links. No entry of an earlier build tells of one, so that there is nothing to fill."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "17"
down_revision = "16"
MAKES = ("case_links", "case_links_by_target")


def upgrade() -> None:
    """Makes the table."""
    op.create_table(
        "case_links",
        sa.Column("case", sa.Text, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("entry", sa.Integer, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("case", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("case_links_by_target", "case_links", ["target", "case"])
