"""What is peculiar to PostgreSQL: its address, how a connection is set up, how a transaction begins, what it answers.

Invariants: who writes to the whole database holds one advisory lock of the schema until the commit, so that nobody else
writes, and what it reads nobody changes meanwhile; who writes to some cases shares that lock and holds those of their
shards (`parts.py`); who reads sees the state of one instant. Locks are free once a commit can be seen; who committed is
answered once it is as durable as `synchronous_commit` of the server says, with all that it was based on (decision
0085). Text orders by its bytes, numbers have 64 bits, and rows that are numbered are numbered densely, as on SQLite;
so both give the same answers. Entries alone have gaps in their positions, where something was undone.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg.adapt import Dumper
from psycopg.postgres import types

from charter.runtime.store import errors as e
from charter.runtime.store.connection import Backend, Kept
from charter.runtime.store.postgresql_errors import entering, error

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from charter.runtime.store import connection as c
    from charter.runtime.store.connection import Part

OLDEST = 13  # of the server
# Whoever holds the lock and sends nothing for so long (milliseconds), paused or cut off, is ended by the server: others
# go on, and where it wakes up it finds its connection broken and nothing written.
IDLE = 10_000
# Where the address says nothing else: a server that is gone is given up as soon.
_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_LOCK = 0x43686172  # what our advisory locks are told by from those of others

# What several who write at once need: whoever numbers a row has the table's turn until the commit, but for entries,
# whose positions come of a sequence. Schema 18 brought them.
PARTED = (
    "CREATE OR REPLACE FUNCTION charter_turn(name text) RETURNS void LANGUAGE sql VOLATILE AS $$"
    f" SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.' || name, {_LOCK})) $$",
    "CREATE OR REPLACE FUNCTION charter_next(of text, key text) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$"
    " DECLARE found bigint; BEGIN PERFORM charter_turn(of);"
    " EXECUTE format('SELECT coalesce(max(%I), 0) + 1 FROM %I', key, of) INTO found; RETURN found; END $$",
    "CREATE OR REPLACE FUNCTION charter_shard(chain text) RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
    " AS $$ SELECT get_byte(decode(md5(chain), 'hex'), 0)::bigint $$",
    "CREATE SEQUENCE entries_position",
    "GRANT USAGE ON SEQUENCE entries_position TO PUBLIC",
)
# The words that our questions have and PostgreSQL lacks; who is asked for NUL in a JSON text would fail.
_WORDS = (
    "CREATE OR REPLACE FUNCTION instr(body text, part text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE"
    " AS $$ SELECT strpos(body, part) $$",
    "CREATE OR REPLACE FUNCTION json_extract(body text, path text) RETURNS text LANGUAGE sql IMMUTABLE STRICT"
    r" PARALLEL SAFE AS $$ SELECT replace(body, '\u0000', '\ufffd')::json ->> btrim(substr(path, 3), '\"')"
    " $$",
    *PARTED,
    "CREATE TABLE charter_schema (number integer NOT NULL)",
)
# An UPDATE, DELETE or TRUNCATE of entries fails whoever sends it. The state is our own code.
_GUARD = (
    "CREATE FUNCTION entries_stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION 'audit entries are append-only' USING ERRCODE = 'CH019'; END $$"
)
_GUARDED = ("entries", "leaves", "tiles", "checkpoints")
_TRIGGERS = {
    f"{table}_stay": f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION entries_stay()"
    for table in _GUARDED
}
_GUARDS = (
    "SELECT t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND t.tgname = c.relname || '_stay' AND"
    " p.proname = 'entries_stay' AND p.prosrc LIKE '%append-only%' AND t.tgenabled IN ('O', 'A') AND t.tgtype = 58"
)
# Rows that one look at a stream brings, and the numbers by which streams are told apart.
_AT_ONCE, _NUMBERS = 500, count()
_OWN_TRIGGERS = (
    "SELECT t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ? AND NOT t.tgisinternal"
)
_INDEXES = (
    "SELECT c.relname::text, i.indisunique, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ?"
)
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Somebody else's work has changed something; not where this transaction wrote nothing.
_TELL = "SELECT pg_notify('{channel}', '') WHERE pg_current_xact_id_if_assigned() IS NOT NULL; COMMIT"
# Locks are free once a commit can be seen.
_QUICK = "SET LOCAL synchronous_commit = off"
# A commit of its own, whose log lies behind all that was committed before it.
_KEEP = "SELECT pg_logical_emit_message(true, 'charter', '')"
_IS_THERE = "SELECT to_regclass(quote_ident(?)) IS NOT NULL"
_COLUMNS = (
    "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(?))"
    " AND attnum > 0 AND NOT attisdropped"
)
_TABLES = (
    "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = ? AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
)
_CROSSED = ("23505", "40P01", "40001")  # unique_violation, deadlock_detected, serialization_failure
_MARK = re.compile(r"'[^']*'|\"[^\"]*\"|[?%]")


@lru_cache(maxsize=1024)
def _marked(text: str) -> str:
    """Writes `?` as the driver has it; in quotes it stays."""
    return _MARK.sub(lambda m: "%s" if m[0] == "?" else m[0].replace("%", "%%"), text)


class _Whole(Dumper):
    """Has a truth value written as a whole number, which is what the tables keep of it."""

    oid = types["int8"].oid

    def dump(self, obj: Any) -> bytes:
        return b"1" if obj else b"0"


class _Cursor(psycopg.Cursor[Any]):
    """A cursor of `Driver`: a statement that fails leaves the rest readable where all is read as it stands."""

    def execute(self, *statement: Any, **more: Any) -> _Cursor:
        try:
            return super().execute(*statement, **more)
        except psycopg.Error:
            raw = self.connection
            if isinstance(raw, Driver) and raw.standing and not raw.closed:
                raw.plainly("ROLLBACK TO standing")
            raise


class Driver(psycopg.Connection[Any]):
    """PostgreSQL's connection, whose transactions are the store's alone: it begins and ends them in SQL.

    SQLAlchemy commits and rolls back where it thinks fit, which may be amid a transaction of ours. `standing`: what
    fails is undone alone.
    """

    url = ""
    named = False  # whether the address names the schema
    own, temporary = "public", "pg_temp"
    standing = False
    listening = 0  # commits that were heard of, and one for listening at all
    part: Part | None = None

    def rollback(self) -> None:
        """Does nothing."""

    def commit(self) -> None:
        """Does nothing."""

    def execute(self, text: str, values: Any = (), /) -> Any:  # type: ignore[override]
        return self.cursor().execute(_marked(text), values) if values else self.cursor().execute(text)

    def executemany(self, text: str, rows: Any, /) -> Any:
        cursor = self.cursor()
        cursor.executemany(_marked(text), rows)
        return cursor

    def stream(self, text: str, values: Any = (), /) -> Iterator[Any]:
        with psycopg.ServerCursor(self, f"stream_{next(_NUMBERS)}") as cursor:
            cursor.itersize = _AT_ONCE
            yield from cursor.execute(_marked(text), values)

    def plainly(self, text: str) -> str:
        """Executes statements that stand one behind another; gives what the last of them came to."""
        with psycopg.Cursor(self) as cursor:
            cursor.execute(text, prepare=False)
            while cursor.nextset():
                pass
            return cursor.statusmessage or ""

    @property
    def schema_name(self) -> str:
        return self.own.strip('"').replace('""', '"')

    @property
    def key(self) -> int:
        """The number by which the schema's own advisory locks and notices are known."""
        return zlib.crc32(self.schema_name.encode()) - (1 << 31)

    def engine(self) -> Engine:
        from charter.runtime.store.postgresql_dialect import engine

        return engine(self)

    def begin(self, *, reading: bool, seconds: float, part: Part | None = None) -> None:
        self.part = part
        if reading:
            self.plainly(_READ)
            return
        wait = max(1, int(seconds * 1000))
        said = (
            f"BEGIN; SET LOCAL lock_timeout = {wait:d}; SET LOCAL idle_in_transaction_session_timeout = {IDLE:d};"
            f" {_QUICK}; SELECT pg_advisory_xact_lock{'_shared' * (part is not None)}"
            f"({_LOCK}, {self.key:d})"
        )
        if part is not None:  # in one order, so that nobody waits in a circle
            said += "".join(f"; SELECT pg_advisory_xact_lock({self.numbered(each)})" for each in sorted(part.shards))
            said += "" if part.turn is None else f"; SELECT charter_turn('{part.turn}')"
        self.plainly(said)

    def numbered(self, number: int) -> int:
        """Gives the number of an advisory lock of the schema's own: a shard's while somebody writes, and others."""
        return self.key << 32 | number

    def turn(self, name: str) -> None:
        if self.part is not None:
            self.execute("SELECT charter_turn(?)", (name,))

    def end(self, *, keeping: bool) -> None:
        if not keeping:
            self.plainly("ROLLBACK")
            return
        with psycopg.Cursor(self) as cursor:
            cursor.execute(_TELL.format(channel=self._channel), prepare=False)
            wrote = cursor.rowcount > 0
            cursor.nextset()
            came = cursor.statusmessage
        # Where a statement failed, a COMMIT would undo all and say nothing.
        if came != "COMMIT":
            raise psycopg.errors.InFailedSqlTransaction(f"the transaction ended with {came}")
        if wrote:  # the locks are free: the disk and the replicas are waited for with whoever else commits now
            self.plainly(_KEEP)

    @property
    def _channel(self) -> str:
        return f"charter_{self.key + (1 << 31)}"

    def changes(self) -> int:
        if not self.listening:
            self.plainly(f"LISTEN {self._channel}")
            self.listening = 1
        self.listening += sum(1 for _ in self.notifies(timeout=0))
        return self.listening

    def schema(self) -> int:
        there = self.one(_IS_THERE, "charter_schema")
        return int(self.one("SELECT coalesce(max(number), 0) FROM charter_schema")) if there else 0

    def stamp(self, schema: int) -> None:
        self.execute("DELETE FROM charter_schema")
        self.execute("INSERT INTO charter_schema VALUES (?)", (schema,))

    def is_empty(self) -> bool:
        return not self.one(_TABLES, self.schema_name)

    def prepare(self) -> None:
        """Does nothing: the server is ready."""

    def statements(self) -> tuple[Sequence[str], Sequence[str]]:
        there = self.one("SELECT to_regnamespace(?) IS NOT NULL", self.own)
        return (_WORDS if there else (f"CREATE SCHEMA {self.own}", *_WORDS)), (_GUARD, *_TRIGGERS.values())

    def unguarded(self) -> list[str]:
        there = {row[0] for row in self.execute(_GUARDS, (self.schema_name,))}
        return [name for name in _TRIGGERS if name not in there]

    def unlike(self) -> list[str]:
        from charter.runtime.store.tables import metadata

        triggers = {row[0] for row in self.execute(_OWN_TRIGGERS, (self.schema_name,))} - set(_TRIGGERS)
        there = {row[0]: (row[1], row[2]) for row in self.execute(_INDEXES, (self.schema_name,))}
        wanted = {str(one.name): one.unique for table in metadata.sorted_tables for one in table.indexes}
        indexes = [name for name, unique in wanted.items() if there.get(name) != (unique, True)]
        return sorted([*(f"trigger {name}" for name in triggers), *(f"index {name}" for name in indexes)])

    def columns(self, table: str) -> set[str]:
        return {row[0] for row in self.execute(_COLUMNS, (table,))}

    def is_there(self, name: str) -> bool:
        table, _, column = name.partition(".")
        return column in self.columns(table) if column else bool(self.one(_IS_THERE, name))

    def kept(self) -> Kept:
        fsync, commit = self.one("SHOW fsync"), self.one("SHOW synchronous_commit")
        return Kept("kept_by_server", {"fsync": fsync, "commit": commit}, fsync == "on" and commit != "off")

    def damage(self, *, quick: bool = False) -> str | None:
        return None  # no question of SQL's finds any

    def copy(self, to: Path, counted: c.Counted) -> None:
        from charter.runtime.store.postgresql_copy import copy

        copy(self, to, counted)

    @contextmanager
    def as_it_stands(self) -> Iterator[None]:
        self.plainly("SAVEPOINT standing")
        self.standing = True
        try:
            yield
        finally:
            self.standing = False

    def one(self, text: str, *values: Any) -> Any:
        """Asks for one value."""
        return self.execute(text, values).fetchone()[0]


class PostgreSQL:
    """A database of a server. Of its address, `schema` and `folder` are ours, all else is for the driver.

    `schema`: which of the database's own it is (without: the first of the user's search path). `folder`: where its
    files and connectors stand, the present folder without.
    """

    companions: tuple[Path, ...] = ()
    parted = True
    called = "charter"  # by what the server's administrator knows our connections

    def __init__(self, address: str) -> None:
        try:
            parts = urlsplit(address)
            asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
            for host in parts.netloc.rpartition("@")[2].split(","):  # there may be several
                int(host.rpartition("]")[2].partition(":")[2] or 0)
        except ValueError as cause:
            raise e.BadAddress(f"cannot read the database URL: {cause}", url=e.told(address)) from cause
        if not parts.path.strip("/"):
            raise e.BadAddress("no database is named", url=e.told(address))
        self._schema = asked.pop("schema", None)
        self.folder = Path(asked.pop("folder", ".")).absolute()
        self._options = asked.pop("options", "")
        self._conninfo = f"postgresql://{parts.netloc}{parts.path}?{urlencode(_PATIENCE | asked)}"
        self.url, self.address = e.told(address), address

    def connect(self, *, seconds: float, looking: bool = False) -> c.Driver:
        return self.opened(looking=looking)

    def opened(self, *, looking: bool = False, called: str | None = None) -> Driver:
        """Opens a connection, by a name of its own for the server's administrator or that of all."""
        own = None if self._schema is None else '"' + self._schema.replace('"', '""') + '"'
        options = [self._options] if self._options else []
        if own is not None:
            options.append("-csearch_path=" + re.sub(r"([\\ ])", r"\\\1", own))
        if looking:
            options.append("-cdefault_transaction_read_only=on")
        try:
            raw = Driver.connect(
                self._conninfo,
                autocommit=True,
                cursor_factory=_Cursor,
                options=" ".join(options),
                application_name=called or self.called,
                client_encoding="utf-8",
            )
        except psycopg.Error as cause:
            raise entering(cause, self.url) from cause
        try:
            if raw.info.server_version < OLDEST * 10_000:
                version = raw.info.parameter_status("server_version")
                raise e.OldServer(f"the server is {version}", url=self.url, version=version, oldest=OLDEST)
            encoding = raw.info.parameter_status("server_encoding")
            if encoding != "UTF8":
                raise e.NotUnicode(f"the database's encoding is {encoding}", url=self.url, encoding=encoding)
            raw.adapters.register_dumper(bool, _Whole)
            raw.url = self.url
            raw.own = own or raw.execute("SELECT quote_ident(coalesce(current_schema(), 'public'))").fetchone()[0]
        except BaseException:
            raw.close()
            raise
        return raw

    def error(self, cause: BaseException) -> e.StorageError:
        return error(cause, self.url)

    def crossed(self, cause: BaseException) -> bool:
        return str(getattr(getattr(cause, "orig", None) or cause, "sqlstate", "")) in _CROSSED

    def division(self, most: int | None, moved: Callable[[], None]) -> c.Division | None:
        from charter.runtime.store.postgresql_shares import Shares, name

        self.called = name()
        return Shares(self.called, lambda called: self.opened(called=called), most, moved)

    def find(self) -> None:
        """Does nothing: whoever connects is told."""

    def make(self) -> None:
        """Does nothing: a schema is made with its tables, a database by whoever runs the server."""

    def elsewhere(self, cause: BaseException) -> bool:
        return True

    def copied(self, folder: Path) -> Backend | None:
        return None

    def backed_up(self, driver: c.Driver, folder: Path) -> Backend | None:
        return None
