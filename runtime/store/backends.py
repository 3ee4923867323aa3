"""Where a database is and how it is reached: what `Store` asks before there is a connection.

The one place that knows which database an address names. A class each (`SQLite` in `sqlite.py`), loaded when one is
named; what is asked through a connection is `connection.Driver`.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from charter.runtime.store.connection import Backend
from charter.runtime.store.errors import BadAddress, NoDriver, told


def address(url: str | None) -> str:
    """Gives where the database is: the path or URL given, else `$CHARTER_DB`, else `charter.db` in the folder."""
    return url or os.environ.get("CHARTER_DB") or "charter.db"


def _sqlite(given: str) -> Backend:
    from charter.runtime.store.sqlite import SQLite

    return SQLite.at(given)


def _postgresql(given: str) -> Backend:
    try:
        from charter.runtime.store.postgresql import PostgreSQL
    except ImportError as cause:
        if cause.name is None or not cause.name.startswith("psycopg"):
            raise
        raise NoDriver(f"no package {cause.name}", url=told(given)) from cause
    return PostgreSQL(given)


# what an address begins with -> who reads it; anything else that has a `://` is for nobody
_SCHEMES: dict[str, Callable[[str], Backend]] = {"sqlite": _sqlite, "postgresql": _postgresql, "postgres": _postgresql}


def backend(url: str | None = None) -> Backend:
    """Gives what a path or URL names, for None as `address` says; raises BadAddress."""
    given = address(url)
    scheme = given.partition("://")[0].partition("+")[0] if "://" in given else "sqlite"
    if scheme not in _SCHEMES:
        raise BadAddress("no database of ours", url=told(given))
    return _SCHEMES[scheme](given)
