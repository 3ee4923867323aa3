"""A database as somebody may read it: each of its connections is narrowed before anything is asked through it.

Knows nothing of who may read what; that is told by whoever opens it. Nothing can be written through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from charter.runtime.store.connection import Part
from charter.runtime.store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Scoped(Store):
    """The database of another store, through connections that `narrow` has been called with."""

    def __init__(self, store: Store, narrow: Callable[[Connection], None]) -> None:
        super().__init__(store.backend, busy_seconds=store.busy_seconds)
        self.url, self.folder = store.url, store.folder
        self._narrow = narrow

    def _connect(self) -> Connection:
        connection = super()._connect()
        self._narrow(connection)
        return connection

    @contextmanager
    def write(self, *, trusting: bool = False, part: Part | None = None) -> Iterator[Connection]:
        """Is for nobody."""
        raise AssertionError("what is read by rights is not written through")
        yield  # pragma: no cover
