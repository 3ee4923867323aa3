"""Schema 3: a fact of the audit trail is called an entry; a record is what people hand over."""

from __future__ import annotations

from alembic import op

revision = "3"
down_revision = "2"
MAKES = ("entries", "cases.entries", "chains.entries")


def upgrade() -> None:
    """Renames the table of the trail, the counts of it and the triggers that keep it from being changed."""
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER records_no_{verb}")
    op.rename_table("records", "entries")
    for table in ("cases", "chains"):
        op.alter_column(table, "records", new_column_name="entries")
    # Inside a text of JSON its quotes are escaped, so that only the key itself is met.
    op.execute("""UPDATE cases SET state = replace(state, '"records_written":', '"entries_written":')""")
    for verb in ("update", "delete"):
        op.execute(
            f"CREATE TRIGGER entries_no_{verb} BEFORE {verb} ON entries"
            " BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END"
        )
