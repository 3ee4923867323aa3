"""A connection to the database: the driver's own, with SQLAlchemy's around it once somebody asks for that.

Loading SQLAlchemy costs ten times the start of Python, and what people type all day (their inbox) asks a few fixed
statements. So a transaction hands out a `Lazy` one: `prepared.py` runs on `driver`; everything else goes to `core`.
What differs between one database and another is asked of its place (`Backend`) and of its driver (`Driver`); only
`backends.py` knows which one it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from charter.runtime.store.errors import StorageError


BUSY_SECONDS = 30.0  # so long somebody who writes waits for others


# Gives what is to be called after so many of a total, for as long as they are worked at.
Counted = Callable[[int], AbstractContextManager[Callable[..., None]]]


class Kept(NamedTuple):
    """What decides whether a commit survives a power cut: a key under [doctor], its values, and whether it does."""

    told: str
    values: Mapping[str, object]
    safe: bool


class Part(NamedTuple):
    """What a transaction may write to (`parts.py`): some shards, and a turn (`Driver.turn`) or none."""

    shards: frozenset[int]
    turn: str | None = None


class Driver(Protocol):
    """A driver's connection, whose transactions are the store's alone, and what is asked of it in its own way.

    `url` names the database to people. `own` and `temporary` are the schemas of its tables and of those that this
    connection alone sees. `execute` takes parameters as `?`, whichever database it is. `part`: what the transaction may
    write to, None for the whole database.
    """

    url: str
    own: str
    temporary: str
    part: Part | None

    @property
    def closed(self) -> bool:
        """Tells whether the connection is at an end, by us or because it broke."""
        ...

    def execute(self, text: str, values: Any = (), /) -> Any: ...
    def executemany(self, text: str, rows: Any, /) -> Any: ...

    def stream(self, text: str, values: Any = (), /) -> Iterator[Any]:
        """Asks for rows that may be more than fit into memory, and gives one after the other."""
        ...

    def cursor(self) -> Any: ...
    def close(self) -> None: ...

    def engine(self) -> Engine:
        """Gives SQLAlchemy's engine around this one connection."""
        ...

    def begin(self, *, reading: bool, seconds: float, part: Part | None = None) -> None:
        """Begins a transaction; one that writes takes the lock of its part (None: of the whole database) now, or raises
        when it is not free for so long."""
        ...

    def turn(self, name: str) -> None:
        """Waits until nobody else has something of which one at a time may have a part, until the commit."""
        ...

    def end(self, *, keeping: bool) -> None:
        """Ends a transaction, keeping what it did or undoing all of it."""
        ...

    def changes(self) -> int:
        """Gives a number that changes whenever another connection has committed."""
        ...

    def schema(self) -> int:
        """Gives the schema number of the database: 0 where there is none."""
        ...

    def stamp(self, schema: int) -> None:
        """Writes the schema number inside the transaction."""
        ...

    def is_empty(self) -> bool:
        """Tells whether the database has no table at all."""
        ...

    def prepare(self) -> None:
        """Makes ready, for good, a database that is about to become one of ours."""
        ...

    def statements(self) -> tuple[Sequence[str], Sequence[str]]:
        """Gives what has to be executed before and after the tables are made, beside them."""
        ...

    def unguarded(self) -> list[str]:
        """Names the triggers that are missing or are others than ours."""
        ...

    def unlike(self) -> list[str]:
        """Names what of the schema is missing, is other than in a new database, or is in none: `index NAME`."""
        ...

    def columns(self, table: str) -> set[str]:
        """Names the columns of a table, none where it is not there."""
        ...

    def is_there(self, name: str) -> bool:
        """Tells whether there is a table or an index of this name, or a column `TABLE.COLUMN`."""
        ...

    def kept(self) -> Kept:
        """Gives how safely a commit is kept, for `charter doctor`."""
        ...

    def damage(self, *, quick: bool = False) -> str | None:
        """Gives the first thing that is wrong with the pages of the database or an index; `quick`: with what is quick.

        None where nothing is.
        """
        ...

    def copy(self, to: Path, counted: Counted) -> None:
        """Copies what the transaction sees to a file of SQLite's that nobody knows yet; raises sqlite3.Error for it."""
        ...

    def as_it_stands(self) -> AbstractContextManager[None]:
        """Has whatever stands in the database read, and what fails fail alone, in place of an end of all reading."""
        ...


class Division(Protocol):
    """At which shards (`parts.py`) a worker works: while it lives no other works at them."""

    @property
    def shards(self) -> frozenset[int]:
        """Those that it has now."""
        ...

    def end(self) -> None:
        """Gives all of them back."""
        ...


class Backend(Protocol):
    """A place of a database. `url` names it to people, `address` to us; in `folder` stand its files and connectors.

    `companions`: the files that it is kept in, which nothing else may be. `parted`: whether several may write at once,
    each to some cases.
    """

    url: str
    address: str
    folder: Path
    companions: tuple[Path, ...]
    parted: bool

    def connect(self, *, seconds: float, looking: bool = False) -> Driver:
        """Opens a connection, as every one of ours is set up; `looking`: nothing can be written through it."""
        ...

    def error(self, cause: BaseException) -> StorageError:
        """Gives the coded error for what the driver (or SQLAlchemy around it) raised."""
        ...

    def crossed(self, cause: BaseException) -> bool:
        """Tells of what a statement failed with whether two who wrote to parts of the database met."""
        ...

    def division(self, most: int | None, moved: Callable[[], None]) -> Division | None:
        """Gives what divides the work among several workers, None where one has all of it.

        `most`: at how many shards this one works; `moved` is called, by another thread, whenever it has others.
        """
        ...

    def find(self) -> None:
        """Raises Missing where there is nothing, CannotOpen where that is no database."""
        ...

    def make(self) -> None:
        """Makes the place of a new database where there is none; raises CannotOpen or ReadOnly."""
        ...

    def elsewhere(self, cause: BaseException) -> bool:
        """Tells of what was raised while looking that it cannot be looked at where it stands, or is no database."""
        ...

    def copied(self, folder: Path) -> Backend | None:
        """Gives a private copy for looking at, None where there is no such thing; raises Locked or CannotOpen."""
        ...

    def backed_up(self, driver: Driver, folder: Path) -> Backend | None:
        """Gives a private copy that may be changed, of what a transaction sees, None where there is no such thing."""
        ...


class Lazy:
    """Answers as a `sqlalchemy.Connection` does; its transactions are begun and ended on the driver, beneath it."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    @cached_property
    def core(self) -> Connection:
        """SQLAlchemy's connection, in one endless transaction of its own reckoning."""
        connection = self.driver.engine().connect()
        connection.begin()
        return connection

    @cached_property
    def execute(self) -> Any:
        return self.core.execute

    @cached_property
    def dialect(self) -> Any:
        return self.core.dialect

    def __getattr__(self, name: str) -> Any:
        return getattr(self.core, name)


def core(connection: Connection) -> Connection:
    """Gives SQLAlchemy's own connection, for what looks at more than how it answers."""
    return connection.core if isinstance(connection, Lazy) else connection
