"""What storage can fail with, as coded exceptions, and how a driver's complaint becomes one of them.

Invariants: every failure of the database that reaches a caller is a `StorageError`; each has its own code and
sentence in `runtime/messages`, section `errors`. A transaction that failed with one of them has changed nothing.
"""

from __future__ import annotations

from charter.engine.errors import CharterError


class StorageError(CharterError):
    """The database could not do what was asked; nothing was written."""

    code = "CH010"
    exit_code = 74


class Locked(StorageError):
    """Another process kept the database locked for longer than the busy timeout."""

    code = "CH011"


class DiskFull(StorageError):
    """There is no room left for the database or its log."""

    code = "CH012"


class NotADatabase(StorageError):
    """The file is something else than a Charter database."""

    code = "CH013"


class NewerSchema(StorageError):
    """The database was written by a newer Charter."""

    code = "CH014"


class ReadOnly(StorageError):
    """The database may not be written by this user."""

    code = "CH015"


class Corrupt(StorageError):
    """The database's own structure is damaged."""

    code = "CH016"


class CannotOpen(StorageError):
    """The database's place does not exist or may not be opened."""

    code = "CH017"


class Missing(StorageError):
    """There is no database of this name: whoever asks has a name to check; `charter init` alone makes one."""

    code = "CH018"
    exit_code = 4


class Unfounded(StorageError):
    """Nobody has founded this database: it is empty, or has nobody who may change anything."""

    code = "CH043"
    exit_code = 4


class AppendOnly(StorageError):
    """Somebody tried to change or delete an entry of the trail."""

    code = "CH019"


class BadAddress(StorageError):
    """The database's URL cannot be read or names a database that this build cannot use."""

    code = "CH020"


class NotText(CharterError):
    """Something that is to be kept holds half a character (a lone surrogate), which no UTF-8 can carry."""

    code = "CH039"
    exit_code = 2


# What is wrong with the database as a whole: whatever was asked of it would have failed.
ENVIRONMENT = (Locked, DiskFull, NotADatabase, NewerSchema, ReadOnly, Corrupt, CannotOpen, Missing)

# words of the driver's sentence -> what it is; the first that fits
_BY_SENTENCE: tuple[tuple[str, type[StorageError]], ...] = (
    ("audit entries are append-only", AppendOnly),
    ("database is locked", Locked),
    ("database table is locked", Locked),
    ("database or disk is full", DiskFull),
    ("no space left", DiskFull),
    ("file is not a database", NotADatabase),
    ("readonly database", ReadOnly),
    ("malformed", Corrupt),
    ("unable to open database file", CannotOpen),
    ("no such table", NotADatabase),
    ("no such column", NotADatabase),
)


def storage_error(cause: BaseException, url: str) -> StorageError:
    """Gives the coded error for what a database driver (or SQLAlchemy around it) raised."""
    original = getattr(cause, "orig", None) or cause
    sentence = str(original).lower()
    # A file that may not grow further (a size limit) reports the same as a failing disk: an I/O error.
    if getattr(original, "sqlite_errorname", "").startswith("SQLITE_IOERR_WRITE"):
        return DiskFull(str(original), url=url)
    for words, kind in _BY_SENTENCE:
        if words in sentence:
            return kind(str(original), url=url)
    return StorageError(str(original), url=url)
