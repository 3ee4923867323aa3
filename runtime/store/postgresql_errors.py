"""What PostgreSQL complains of, as coded errors: by its states, which are the same in every language of a server."""

from __future__ import annotations

import psycopg

from charter.runtime.store import errors as e

# the state's beginning -> what it is; the first that fits
_BY_STATE: tuple[tuple[str, type[e.StorageError]], ...] = (
    ("CH019", e.AppendOnly),
    ("55P03", e.Locked),  # lock_not_available
    ("40", e.Locked),  # serialization_failure, deadlock_detected
    ("53100", e.DiskFull),
    ("25006", e.Replica),  # read_only_sql_transaction
    ("42501", e.NotAllowed),
    ("42P01", e.NotADatabase),  # undefined_table
    ("42703", e.NotADatabase),  # undefined_column
    ("3F000", e.NotADatabase),  # invalid_schema_name
    ("22021", e.NoNul),  # character_not_in_repertoire
    ("22P05", e.NoNul),  # untranslatable_character
    ("XX001", e.Corrupt),
    ("XX002", e.Corrupt),
    ("08", e.Lost),
    ("25P03", e.Lost),  # idle_in_transaction_session_timeout
    ("57P", e.Lost),  # the server was shut down or has crashed
)
# How a server is entered has states only where it says so itself, so libpq's words count too.
_ENTERING: tuple[tuple[str, type[e.StorageError]], ...] = (
    ("28", e.NotAdmitted),
    ("3D000", e.NoSuchDatabase),
    ("password authentication failed", e.NotAdmitted),
    ("no password supplied", e.NotAdmitted),
    ("no pg_hba.conf entry", e.NotAdmitted),
    ("authentication failed", e.NotAdmitted),
    ("role ", e.NotAdmitted),
    ("permission denied for database", e.NotAdmitted),
    ("database ", e.NoSuchDatabase),
)


def entering(cause: psycopg.Error, url: str) -> e.StorageError:
    """Gives the error for a connection that did not come about."""
    said, detail = str(cause), _sentence(cause)
    if "session is read-only" in said:  # of what `target_session_attrs` wants
        return e.Replica(detail, url=url)
    if isinstance(cause, psycopg.ProgrammingError):  # libpq cannot read the address
        return e.BadAddress(detail, url=url)
    if cause.sqlstate:
        kind = next((kind for state, kind in _ENTERING if cause.sqlstate.startswith(state)), e.Unreachable)
    else:
        kind = next((kind for words, kind in _ENTERING if "FATAL:" in said and words in detail), e.Unreachable)
    return kind(detail, url=url)


def error(cause: BaseException, url: str) -> e.StorageError:
    """Gives the error for what a statement, or SQLAlchemy around it, failed with."""
    original = getattr(cause, "orig", None) or cause
    state, detail = getattr(original, "sqlstate", None), _sentence(original)
    if state is not None:
        kind = next((kind for begins, kind in _BY_STATE if state.startswith(begins)), e.StorageError)
    elif isinstance(original, psycopg.DataError) and "NUL" in detail:
        kind = e.NoNul
    elif isinstance(original, psycopg.OperationalError):
        kind = e.Lost
    else:
        kind = e.StorageError
    return kind(detail, url=url)


def _sentence(cause: BaseException) -> str:
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL:" in line]
    said = (fatal or lines or [type(cause).__name__])[-1 if fatal else 0]
    return said.rpartition("FATAL:")[2].strip() if fatal else said.removeprefix("connection failed: ")
