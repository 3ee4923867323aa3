"""The schema's history, run by Alembic. Imported only for a database older than this build."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def upgrade(connection: Connection, *, since: int | None = None) -> None:
    """Runs the migrations that lie after schema number `since` (None: the database's own), inside the transaction."""
    from charter.runtime.store.sqlite import schema_of

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    script = ScriptDirectory.from_config(config)
    start = schema_of(connection) if since is None else since
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for revision in reversed(list(script.walk_revisions())):
            if int(revision.revision) > start:
                revision.module.upgrade()
