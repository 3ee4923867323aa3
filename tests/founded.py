"""Databases for tests: founded, as `charter init` founds them. The one place that knows how a new one begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from charter.runtime import clock as server
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store


@contextmanager
def founded(path: Path | str, by: str = "root", *, clock: Callable[[], int] = server.now) -> Iterator[Store]:
    """Gives a database that `by` is the first steward of; one that has been founded already is opened."""
    with create_store(str(path)) as store:
        People(store, by=by, clock=clock).found()
        yield store
