"""The tables of the hash tree over the entries (`runtime/audit/seals.py`), which are only ever added to.

They follow from no entry but from the order in which entries were taken into the tree; whoever signs writes them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from charter.runtime.store.base import NUMBER, metadata

# Which entry, by its position, is leaf number so and so, from 0 without gaps.
leaves = Table(
    "leaves",
    metadata,
    Column("leaf", NUMBER, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False, unique=True),
)

# The hashes of whole subtrees of 16 leaves (level 4), 256 (level 8), and so on.
tiles = Table(
    "tiles",
    metadata,
    Column("level", Integer, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("level", "number"),
    sqlite_with_rowid=False,
)

# The signed checkpoints, in their order; `size`: how many leaves one covers.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False, unique=True),
    Column("note", Text, nullable=False),
)
