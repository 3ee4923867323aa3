"""The tables of registers and links, which follow from the entries of all chains; `case` is whose entry it is.

A version of an entry is a row of its own, numbered by the step that files it, so that no chain need know another.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, PrimaryKeyConstraint, Table, Text

from charter.runtime.store.base import metadata

register_entries = Table(
    "register_entries",
    metadata,
    Column("case", Text, nullable=False),
    Column("register", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),  # the fields, encoded; null for an entry that was withdrawn
    Column("node", Text),
    Column("by", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("case", "register", "key", "version"),
    sqlite_with_rowid=False,
)
_e = register_entries.c
Index("register_entries_by_key", _e.register, _e.key, _e.version, unique=True)
Index("register_entries_by_time", _e.register, _e.at)

# The fields of each version that an expression can ask for by their value, as `registers.key_text` writes it.
register_fields = Table(
    "register_fields",
    metadata,
    Column("case", Text, nullable=False),
    Column("register", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("case", "register", "key", "version", "field"),
    sqlite_with_rowid=False,
)
_f = register_fields.c
Index("register_fields_by_value", _f.register, _f.field, _f.value, _f.key, _f.version)

# Which element of a case was given which version of which entry; `key` is empty where it was given none.
register_uses = Table(
    "register_uses",
    metadata,
    Column("case", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("register", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("node", Text),
    Column("asked", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("case", "seq", "key"),
    sqlite_with_rowid=False,
)
_u = register_uses.c
Index("register_uses_by_key", _u.register, _u.key, _u.at)

# Which versions have been told to be due for review, by the entry `seq` of the organisation's chain; `opened`: the
# case in which somebody looks at it, where one was opened.
register_reviews = Table(
    "register_reviews",
    metadata,
    Column("register", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("opened", Text),
    Column("seq", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("register", "key", "version"),
    sqlite_with_rowid=False,
)

# About which case of another process a case has come to be, by which line; `target` is empty where about none any more.
case_links = Table(
    "case_links",
    metadata,
    Column("case", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("link", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("case", "seq"),
    sqlite_with_rowid=False,
)
Index("case_links_by_target", case_links.c.target, case_links.c.case)
