"""Schema 18: many write to a server at once. A file has one writer at a time, and nothing to change."""

from __future__ import annotations

from alembic import op

revision = "18"
down_revision = "17"
MAKES = ("entries_position",)


def upgrade() -> None:
    """Has the positions of entries come of a sequence, and whoever numbers other rows wait for their turn."""
    if op.get_bind().dialect.name == "sqlite":
        return
    from charter.runtime.store.postgresql import PARTED

    for statement in PARTED:
        op.execute(statement)
    op.execute("SELECT setval('entries_position', (SELECT coalesce(max(position), 0) + 1 FROM entries), false)")
    op.execute("ALTER TABLE entries ALTER COLUMN position SET DEFAULT nextval('entries_position')")
