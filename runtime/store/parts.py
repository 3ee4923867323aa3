"""What a transaction may write to: some cases, beside others that write to other cases, or the whole database.

A case belongs to one of 256 shards. On a server, who writes to some cases holds their shards, and the whole only with
others; who writes to the whole waits until nobody writes, and nobody begins meanwhile. So what belongs to no case (the
organisation's chain, registers, people, what links cases) changes only while nobody else writes, and whoever holds a
shard reads it as it stays until the commit. What would touch more than its part says so (`claim`) and is undone, and
done over the whole (`Store.within`). In a file one writes at a time, and every part is the whole.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import md5
from typing import TYPE_CHECKING

from charter.runtime.store.connection import Part
from charter.runtime.store.prepared import driver
from charter.runtime.store.sql import TRUE, Sql

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHARDS = 256
Shards = frozenset[int] | None  # some of them, None for all


class Beyond(Exception):
    """A transaction would touch more than its part; inside `Store.within` only."""


def shard_of(case: str) -> int:
    """Gives the shard of a case or another chain, 0 to 255, as `charter_shard` does on a server."""
    return md5(case.encode(), usedforsecurity=False).digest()[0]


def part_of(cases: Collection[str], turn: str | None = None) -> Part:
    """Gives the part that some cases are in."""
    return Part(frozenset(map(shard_of, cases)), turn)


def claim(connection: Connection, *cases: str) -> None:
    """Raises Beyond unless the transaction may write to these cases; none: to the whole database."""
    part = driver(connection).part
    if part is not None and not (cases and part.shards.issuperset(map(shard_of, cases))):
        raise Beyond


def in_shards(chain: str, shards: Shards) -> Sql:
    """Gives what holds of the rows whose chain (a column) is of some shards: a server alone is asked for some."""
    return TRUE if shards is None else Sql(f"charter_shard({chain}) IN (…)", (sorted(shards),))


__all__ = ["SHARDS", "Beyond", "Part", "Shards", "claim", "in_shards", "part_of", "shard_of"]
