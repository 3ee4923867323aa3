"""Schema 15: the hash tree over the entries. It is empty until a key is made (`charter audit key --make`)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "15"
down_revision = "14"
_TRIGGERS = tuple((table, verb) for table in ("leaves", "tiles", "checkpoints") for verb in ("update", "delete"))
MAKES = ("leaves", "tiles", "checkpoints", *(f"{table}_no_{verb}" for table, verb in _TRIGGERS))


def upgrade() -> None:
    """Makes the tables, and what keeps them from being changed."""
    op.create_table(
        "leaves",
        sa.Column("leaf", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, nullable=False, unique=True),
    )
    op.create_table(
        "tiles",
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoints",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False, unique=True),
        sa.Column("note", sa.Text, nullable=False),
    )
    for table, verb in _TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
        )
