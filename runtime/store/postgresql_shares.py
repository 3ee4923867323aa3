"""The shards of a PostgreSQL database at which a worker works: session locks of a connection that shows it is alive.

A worker that ends, however it ends, loses its connections, and with them its shards. One that is paused or cut off
keeps them, and shows nothing: after a second another one has the server end its connections, those that
write too. So it loses what it was writing, and finds out when it wakes up. The locks divide the work and nothing else:
that each thing is done once, whoever does it, the transactions see to.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

import psycopg

from charter.runtime.store.errors import StorageError
from charter.runtime.store.parts import SHARDS

# Seconds between two signs of life, and without one before a worker that is seen so twice counts as gone.
BEAT, GONE = 0.2, 1.0
_SESSION = 0x20000  # what their locks are told by from those of who writes to a shard
_BEATING = " beat"  # ends the name of the connection that shows a worker to be alive

_WORKERS = (
    "SELECT application_name, extract(epoch FROM clock_timestamp() - coalesce(state_change,"
    " CASE WHEN current_setting('track_activities')::boolean THEN backend_start END))::float8 FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user AND application_name LIKE %s"
)
_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND usename = current_user AND application_name IN (%s, %s)"
)
_TAKEN = (
    "SELECT (objid::bigint - %s)::int FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid::bigint = %s"
    " AND objid::bigint >= %s AND objid::bigint < %s"
)
_TAKE = "SELECT n FROM unnest(%s::bigint[]) n WHERE pg_try_advisory_lock(%s + n)"
_GIVE = "SELECT pg_advisory_unlock(%s + n) FROM unnest(%s::bigint[]) n"


class Beating(Protocol):
    """A connection; `key`: by which the schema's own locks are known."""

    @property
    def key(self) -> int: ...
    def numbered(self, number: int) -> int: ...
    def cursor(self) -> Any: ...
    def close(self) -> None: ...


def name() -> str:
    """Gives a name by which all connections of a worker can be known."""
    return f"charter {os.getpid():x}-{random.getrandbits(32):08x}"


class Shares:
    """See the module's text. `mark`: the worker's name; `opened` gives a connection of a given one.

    `most`: of how many it takes charge, None for its share among those who are there.
    """

    def __init__(
        self, mark: str, opened: Callable[[str], Beating], most: int | None, moved: Callable[[], None]
    ) -> None:
        self._mark, self._opened = mark, opened
        self._most = SHARDS if most is None else most
        self._moved = moved
        self._raw: Beating | None = None
        self._held: set[int] = set()
        self._silent = set[str]()
        self._ending = threading.Event()
        self.shards: frozenset[int] = frozenset()
        with suppress(psycopg.Error, StorageError):
            self._beat()
        self._thread = threading.Thread(target=self._go, name="shares", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Gives all of them back."""
        self._ending.set()
        self._thread.join()
        self._leave()

    def _go(self) -> None:
        while not self._ending.wait(BEAT):
            try:
                self._beat()
            except (psycopg.Error, StorageError):
                self._leave()

    def _leave(self) -> None:
        if self._raw is not None:
            with suppress(psycopg.Error):
                self._raw.close()
            self._raw = None
        self._show(set())

    def _show(self, held: set[int]) -> None:
        self._held = held
        if self.shards != held:
            self.shards = frozenset(held)
            self._moved()

    def _beat(self) -> None:
        """Shows that it is alive, has those ended who do not, and takes or gives back what is its share."""
        ours = f"{self._mark}{_BEATING}"
        raw = self._raw = self._raw or self._opened(ours)
        ages = dict(raw.cursor().execute(_WORKERS, (f"charter %-%{_BEATING}",)).fetchall())
        silent = {name for name, age in ages.items() if age is not None and age > GONE and name != ours}
        gone, self._silent = silent & self._silent, silent  # where the server was held up, the next beat clears them
        for each in gone:
            raw.cursor().execute(_END, (each, each.removesuffix(_BEATING)))
        share = min(self._most, -(-SHARDS // max(1, len(ages) - len(gone))))
        if len(self._held) > share:
            self._give(raw, sorted(self._held)[share:])
        elif len(self._held) < share:
            self._take(raw, share - len(self._held))

    def _take(self, raw: Beating, count: int) -> None:
        base, high = raw.numbered(_SESSION), raw.key & 0xFFFFFFFF
        given = (_SESSION, high, _SESSION, _SESSION + SHARDS)
        taken = {row[0] for row in raw.cursor().execute(_TAKEN, given).fetchall()}
        free = [shard for shard in range(SHARDS) if shard not in taken]
        if free:
            wanted = random.sample(free, min(count, len(free)))
            got = {int(row[0]) for row in raw.cursor().execute(_TAKE, (wanted, base)).fetchall()}
            self._show(self._held | got)

    def _give(self, raw: Beating, shards: list[int]) -> None:
        self._show(self._held - set(shards))
        raw.cursor().execute(_GIVE, (raw.numbered(_SESSION), shards))
