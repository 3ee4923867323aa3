"""The schema's history, run by Alembic. Imported only for a database older than this build.

The number that a database bears is a hint alone: each migration names what it makes (MAKES), and is left out where that
is there. So a number that was set back, or a copy between two builds, does no harm. On a server the first schema was 15
(`FIRST`): what lies before speaks SQLite's SQL, and has never been anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from charter.runtime.store.errors import Corrupt
from charter.runtime.store.prepared import driver

FIRST = 15


def revisions() -> list[Script]:
    """Lists the migrations, the first one first; `module` is each one's."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return list(reversed(list(ScriptDirectory.from_config(config).walk_revisions())))


def upgrade(connection: Connection, *, since: int | None = None) -> None:
    """Runs the migrations that lie after schema number `since` (None: the database's own), inside the transaction.

    Raises Corrupt where half of what one makes is there, or what it reads is not as the schema before has it.
    """
    start = driver(connection).schema() if since is None else since
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for revision in revisions():
            if int(revision.revision) <= start:
                continue
            there = {name for name in revision.module.MAKES if driver(connection).is_there(name)}
            if there and there != set(revision.module.MAKES):
                raise Corrupt(f"half of schema {revision.revision}: {sorted(there)}", url=driver(connection).url)
            if not there:
                _run(connection, revision.module.upgrade, revision.revision)


def _run(connection: Connection, migrate: Callable[[], None], number: str) -> None:
    try:
        migrate()
    except DBAPIError:
        raise
    except (SQLAlchemyError, AttributeError, LookupError, TypeError, ValueError) as cause:
        raise Corrupt(f"no schema before {number}: {cause!r}", url=driver(connection).url) from cause
