"""The hash tree in the database: which entry is which leaf, the hashes of whole subtrees, the signed checkpoints.

Entries are never touched: a sequencer (`take_in`) gives them places in a table of its own, in the order in which they
came, whoever wrote them; whole subtrees are kept, so that a root or a proof is a matter of some hundred hashes. Knows
neither keys nor who may sign (`sealing.py`). Everything is asked within a transaction of the caller's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from charter.engine.errors import CharterError
from charter.runtime.audit import tree
from charter.runtime.audit.notes import Checkpoint
from charter.runtime.store.prepared import ask, do_each, stream

if TYPE_CHECKING:
    from sqlalchemy import Connection

STEP = 4  # levels from one kept hash to the next: a tile is 16 leaves, 256, …
# How far behind the last leaf an entry is looked for whose transaction ended after a later one's. (Where one writes at
# a time there is none.)
LATE = 1_000


class Broken(CharterError):
    """The tree in the database has a hole: it cannot be gone on with."""

    code = "CH070"
    exit_code = 74


def size(connection: Connection) -> int:
    """Gives how many leaves the tree has."""
    [(last,)] = ask(connection, "SELECT max(leaf) FROM leaves")
    return 0 if last is None else int(last) + 1


def _last_position(connection: Connection) -> int:
    [(last,)] = ask(connection, "SELECT max(position) FROM leaves")
    return 0 if last is None else int(last)


_WAITING = "FROM entries e LEFT JOIN leaves l ON l.position = e.position WHERE l.leaf IS NULL AND e.position > ?"


def waiting(connection: Connection, since: int = 0) -> int:
    """Counts the entries that are in no tree yet, from a position on."""
    [(count,)] = ask(connection, f"SELECT count(*) {_WAITING}", since)
    return int(count)


def unsealed(connection: Connection) -> list[Any]:
    """Gives of the entries behind the last leaf (time, kind, whether it is the case's own), at most 1,000."""
    query = "SELECT at, kind, element IS NULL FROM entries WHERE position > ? ORDER BY position LIMIT 1000"
    return ask(connection, query, _last_position(connection))


def take_in(connection: Connection, most: int, since: int | None = None, *, full: bool = False) -> tuple[int, int]:
    """Gives the next leaves to entries that have none, at most so many; gives how many, and where to go on from.

    `since`: the position behind which they are looked for; None: near the end alone. `full`: so many or none.
    """
    if since is None:
        since = max(_last_position(connection) - LATE, 0)
    found = ask(connection, f"SELECT e.position {_WAITING} ORDER BY e.position LIMIT {most:d}", since)
    first = size(connection)
    if not found or (full and len(found) < most):
        return 0, since
    rows = [(first + index, row[0]) for index, row in enumerate(found)]
    do_each(connection, "INSERT INTO leaves (leaf, position) VALUES (?, ?)", rows)
    _keep_tiles(connection, first, first + len(rows))
    return len(rows), rows[-1][1]


def _keep_tiles(connection: Connection, before: int, after: int) -> None:
    """Writes the hashes of the subtrees that have become whole."""
    tree_, level = Tree(connection), STEP
    while (after >> level) > (before >> level):
        made = [(number, tree_.subtree(level, number, fresh=True)) for number in range(before >> level, after >> level)]
        add = "INSERT INTO tiles (level, number, hash) VALUES (?, ?, ?)"
        do_each(connection, add, [(level, number, hash_) for number, hash_ in made])
        level += STEP


class Tree:
    """The tree of a database as its tables have it; raises Broken where something of it is missing."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def subtree(self, level: int, number: int, *, fresh: bool = False) -> bytes:
        """Gives the hash of a whole subtree; `fresh`: from what it is made of, though it be kept."""
        below = max(0, (level - 1) // STEP * STEP) if fresh or level % STEP else level
        if below == level and level:
            hashes = self._tiles(level, number, 1)
        elif below == 0:
            hashes = self._leaves(number << level, 1 << level)
        else:
            hashes = self._tiles(below, number << (level - below), 1 << (level - below))
        while len(hashes) > 1:
            hashes = [tree.node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
        return hashes[0]

    def root(self, size: int) -> bytes:
        """Gives the root over the first leaves."""
        return tree.root_of(size, self.subtree)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Gives the proof that a leaf is in the tree of so many leaves."""
        return tree.inclusion(index, size, self.subtree)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """Gives the proof that the tree of `size` leaves begins with that of `old`."""
        return tree.consistency(old, size, self.subtree)

    def _leaves(self, first: int, count: int) -> list[bytes]:
        query = "SELECT e.body FROM leaves l JOIN entries e ON e.position = l.position WHERE l.leaf >= ? AND l.leaf < ?"
        found = ask(self._connection, f"{query} ORDER BY l.leaf", first, first + count)
        return self._all([tree.leaf_hash(bytes(body)) for (body,) in found], count)

    def _tiles(self, level: int, first: int, count: int) -> list[bytes]:
        query = "SELECT hash FROM tiles WHERE level = ? AND number >= ? AND number < ? ORDER BY number"
        return self._all([bytes(row[0]) for row in ask(self._connection, query, level, first, first + count)], count)

    @staticmethod
    def _all(found: list[bytes], count: int) -> list[bytes]:
        if len(found) != count:
            raise Broken("the tree has a hole", told="seal_hole")
        return found


def latest(connection: Connection) -> Checkpoint | None:
    """Gives the last checkpoint of the database, None before the first."""
    found = ask(connection, "SELECT note FROM checkpoints ORDER BY number DESC LIMIT 1")
    return Checkpoint.read(found[0][0]) if found else None


def add(connection: Connection, checkpoint: Checkpoint) -> None:
    """Writes a checkpoint behind the last one."""
    [(last,)] = ask(connection, "SELECT max(number) FROM checkpoints")
    row = ((last or 0) + 1, checkpoint.size, checkpoint.note())
    do_each(connection, "INSERT INTO checkpoints (number, size, note) VALUES (?, ?, ?)", [row])


def leaf_of(connection: Connection, position: int) -> int | None:
    """Gives the leaf of an entry by its position, None where it has none yet."""
    found = ask(connection, "SELECT leaf FROM leaves WHERE position = ?", position)
    return int(found[0][0]) if found else None


def all_leaves(connection: Connection) -> Iterator[tuple[Any, ...]]:
    """Walks over (leaf, position, bytes, chain, number, kind) of all leaves in order, nothing where no entry is."""
    query = (
        'SELECT l.leaf, l.position, e.body, e."case", e.seq, e.kind FROM leaves l'
        " LEFT JOIN entries e ON e.position = l.position ORDER BY l.leaf"
    )
    yield from stream(connection, query)
