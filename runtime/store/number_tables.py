"""The table of what cases are called (`engine/sequences.py`): it follows from the first entry of each."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from charter.runtime.store.base import metadata

case_numbers = Table(
    "case_numbers",
    metadata,
    Column("case", Text, primary_key=True),
    Column("series", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("number", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("case_numbers_by_series", case_numbers.c.series, case_numbers.c.serial, unique=True)
Index("case_numbers_by_number", case_numbers.c.number, unique=True)
