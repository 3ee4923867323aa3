"""What storage can fail with, as coded exceptions; each database makes them of its driver's complaints.

Invariants: every failure of the database that reaches a caller is a `StorageError`; each has its own code and
sentence in `runtime/messages`, section `errors`. A transaction that failed with one of them has changed nothing.
"""

from __future__ import annotations

import sys

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


class Unconfirmed(StorageError):
    """What was committed may not be on the disk: it can be seen, and a power cut could undo it."""

    code = "CH062"


class AppendOnly(StorageError):
    """Somebody tried to change or delete an entry of the trail."""

    code = "CH019"


class BadAddress(StorageError):
    """The database's URL cannot be read or names a database that this build cannot use."""

    code = "CH020"


class NoDriver(StorageError):
    """The package that speaks with this database is not installed."""

    code = "CH022"


class Unreachable(StorageError):
    """No server of this database answers."""

    code = "CH023"


class NotAdmitted(StorageError):
    """The server does not let this user in."""

    code = "CH024"


class OldServer(StorageError):
    """The server is of a version that Charter does not work with."""

    code = "CH025"


class Replica(ReadOnly):
    """The server is a replica, which can be read and not written."""

    code = "CH026"


class Lost(StorageError):
    """The connection broke while something was under way; where that was a commit, nobody knows what became of it."""

    code = "CH027"


class NotAllowed(ReadOnly):
    """The server lets this user in, but not do this."""

    code = "CH028"


class NoNul(StorageError):
    """Something that is to be kept holds the character NUL, which PostgreSQL cannot keep."""

    code = "CH029"
    exit_code = 2


class NoSuchDatabase(StorageError):
    """The server has no database of this name."""

    code = "CH055"
    exit_code = 4


class NotUnicode(StorageError):
    """The database is kept in an encoding that has not every character."""

    code = "CH056"


class NotText(CharterError):
    """Something that is to be kept holds half a character (a lone surrogate), which no UTF-8 can carry."""

    code = "CH039"
    exit_code = 2


# What is wrong with the database as a whole: whatever was asked of it would have failed.
ENVIRONMENT = (
    *(Locked, DiskFull, NotADatabase, NewerSchema, ReadOnly, Corrupt, CannotOpen, Missing),
    *(NoDriver, Unreachable, NotAdmitted, OldServer, Lost, NoSuchDatabase, NotUnicode),
)

# the errors of a driver and of SQLAlchemy around it, by the module that has them once it is loaded
_FAILURES = (("sqlalchemy.exc", "DBAPIError"), ("sqlite3", "Error"), ("psycopg", "Error"))


def failures(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """Gives what a statement can fail with: these, and the errors of the drivers that are loaded."""
    loaded = (getattr(sys.modules[module], name) for module, name in _FAILURES if module in sys.modules)
    return (*others, *loaded)


def told(address: str) -> str:
    """Gives an address as people may be told it: without the password, and without what is for the driver alone."""
    scheme, there, rest = address.partition("://")
    if not there or scheme.startswith("sqlite"):
        return address
    place, _, asked = rest.partition("?")
    user, at, place = place.rpartition("@")
    schema = "&".join(each for each in asked.split("&") if each.startswith("schema="))
    return f"{scheme}://{user.partition(':')[0]}{at}{place}{schema and f'?{schema}'}"
