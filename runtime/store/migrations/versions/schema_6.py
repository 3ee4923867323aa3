"""Schema 6: what is to be done says what its last try failed with, and since when nobody tries again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "6"
down_revision = "5"


def upgrade() -> None:
    """Adds the columns that are not there."""
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("outbox")}
    for name, kind in (("failure", sa.Text), ("dead_at", sa.BigInteger)):
        if name not in there:
            op.add_column("outbox", sa.Column(name, kind))
