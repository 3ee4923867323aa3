"""What all tables of the database are declared with."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData()

# SQLite gives a dense rowid only to a plain INTEGER key; other databases want 64 bits.
NUMBER = BigInteger().with_variant(Integer, "sqlite")
