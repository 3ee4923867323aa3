"""The database: what opens, what is refused and with which code, and that a failure leaves nothing half-written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, inspect, select
from tests.founded import founded
from tests.leave import HELLO, LEAVE, welcome

from charter.engine.entries import Entry
from charter.engine.entries.cases import Commented
from charter.runtime.audit import log
from charter.runtime.audit.log import Origin
from charter.runtime.host.cases import Cases
from charter.runtime.store import Store, create_store, errors, open_store
from charter.runtime.store.connection import core
from charter.runtime.store.prepared import driver
from charter.runtime.store.schema import SCHEMA
from charter.runtime.store.tables import entries, metadata

ROOT = Path(__file__).resolve().parents[2]


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python in a process of its own, from this checkout."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, check=False
    )


def fill(store: Store, count: int = 1, text: str = "") -> None:
    with store.write() as connection:
        for number in range(count):
            log.append(connection, [Entry(Commented(text), number, "li")], Origin("test"))


def count(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(entries)).scalar_one())


def test_a_new_file_gets_the_present_schema_and_its_safety(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "a.db")) as store, store.read() as connection:
        raw = driver(connection)
        names = ("journal_mode", "synchronous", "foreign_keys")
        found = {name: raw.execute(f"PRAGMA {name}").fetchone()[0] for name in names}
        assert found == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1}
        assert driver(connection).kept().safe  # whoever has written syncs the log (test_turns)
        assert driver(connection).schema() == SCHEMA
        assert set(inspect(core(connection)).get_table_names()) == set(metadata.tables)


def test_opening_again_imports_no_alembic(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    create_store(str(path)).close()
    code = (
        "import sys; from charter.runtime.store import open_store; open_store(sys.argv[1])\n"
        "print('alembic' in sys.modules)"
    )
    done = run(code, str(path))
    assert done.stdout.strip() == "False"


def test_the_migrations_arrive_at_the_schema_that_a_new_file_gets(tmp_path: Path) -> None:
    from charter.runtime.store.migrations import upgrade
    from charter.runtime.store.sqlite import connect

    with connect(tmp_path / "old.db").engine().begin() as connection:
        upgrade(connection, since=0)
    create_store(str(tmp_path / "new.db")).close()
    told = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"
    old, new = (sqlite3.connect(tmp_path / name).execute(told).fetchall() for name in ("old.db", "new.db"))
    assert [row[:3] for row in old] == [row[:3] for row in new]
    # A table's text may name its constraints in another order; what it holds is compared by what SQLite makes of it.
    assert [row for row in old if row[0] != "table"] == [row for row in new if row[0] != "table"]
    assert len(new) > 20
    one, two = (inspect(create_engine(f"sqlite:///{tmp_path / name}")) for name in ("old.db", "new.db"))
    for table in metadata.tables:
        for look in ("get_columns", "get_pk_constraint", "get_foreign_keys", "get_unique_constraints"):
            assert shape(getattr(one, look)(table)) == shape(getattr(two, look)(table))


@pytest.mark.parametrize("schema", range(1, SCHEMA))
def test_a_number_that_was_set_back_changes_nothing(schema: int, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with founded(path) as store:
        welcome(store)
        host = Cases(store)
        host.deploy(LEAVE, by="root")
        host.perform(host.start("leave", person="li").case, person="li", verb="complete", node="ask", records=HELLO)

    def content() -> list[str]:
        with closing(sqlite3.connect(path)) as raw:
            return list(raw.iterdump())

    before = content()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA user_version={schema}")
    with open_store(str(path)) as store, store.read() as connection:
        assert driver(connection).schema() == SCHEMA
    assert content() == before
    for table in metadata.tables:
        lacking = tmp_path / "lacking.db"
        shutil.copy(path, lacking)
        with closing(sqlite3.connect(lacking)) as raw:
            raw.execute(f"DROP TABLE {table}")
            raw.execute(f"PRAGMA user_version={schema}")
        with suppress(errors.Corrupt, errors.NotADatabase):  # told with a code, or somebody else's to find
            open_store(str(lacking)).close()


def shape(found: object) -> list[str]:
    return sorted(map(str, found)) if isinstance(found, list) else [str(found)]


def test_several_who_make_the_database_at_once_all_get_it(tmp_path: Path) -> None:
    code = "import sys; from charter.runtime.store import create_store; create_store(sys.argv[1])"
    path = str(tmp_path / "a.db")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: run(code, path), range(4)))
    assert [d.returncode for d in done] == [0] * 4, [d.stderr for d in done]
    with open_store(path) as store:
        fill(store)


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database at all" * 100)


def foreign(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (x)")
    other.commit()
    other.close()


def newer(path: Path) -> None:
    create_store(str(path)).close()
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA user_version={SCHEMA + 1}")
    raw.close()


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (garbage, errors.NotADatabase),
        (foreign, errors.NotADatabase),
        (newer, errors.NewerSchema),
        (folder, errors.CannotOpen),
    ],
)
def test_what_is_no_database_of_ours_is_refused_and_left_alone(
    tmp_path: Path, make: object, expected: type[errors.StorageError]
) -> None:
    path = tmp_path / "a.db"
    make(path)  # type: ignore[operator]
    before = path.read_bytes() if path.is_file() else b""
    for opening in (open_store, create_store):
        with pytest.raises(expected) as caught:
            opening(str(path))
        assert type(caught.value) is expected
        assert caught.value.exit_code == 74
    assert (path.read_bytes() if path.is_file() else b"") == before


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("nowhere/a.db", errors.CannotOpen),
        ("mysql://localhost/x", errors.BadAddress),
        ("sqlite://", errors.BadAddress),
        ("no such scheme://", errors.BadAddress),
    ],
)
def test_addresses_that_lead_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, expected: type[errors.StorageError]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(expected):
        create_store(address)
    assert not list(tmp_path.iterdir())


def test_none_is_made_where_none_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with pytest.raises(errors.Missing):
        open_store(str(path))
    assert not list(tmp_path.iterdir())
    path.touch()
    with pytest.raises(errors.Unfounded):
        open_store(str(path))
    assert path.stat().st_size == 0


def test_a_new_database_is_its_owner_s_alone(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "a.db")) as store:
        fill(store)
        assert {p.name: oct(p.stat().st_mode & 0o777) for p in tmp_path.iterdir()} == dict.fromkeys(
            ("a.db", "a.db-wal", "a.db-shm"), "0o600"
        )


def test_the_environment_names_the_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTER_DB", str(tmp_path / "there.db"))
    create_store().close()
    assert (tmp_path / "there.db").exists()


def test_a_database_locked_for_too_long_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with create_store(str(path), busy_seconds=0.05) as store:
        fill(store)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.Locked) as caught:
            fill(store)
        assert caught.value.code == "CH011"
        assert count(store) == 1  # reading goes on beside a writer
        other.execute("ROLLBACK")
        fill(store)
        assert count(store) == 2


def test_what_happens_in_a_transaction_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "a.db")) as store:
        fill(store)
        with pytest.raises(KeyError), store.write() as connection:
            log.append(connection, [Entry(Commented(""), 1, "li")], Origin("test"))
            raise KeyError
        assert count(store) == 1
        fill(store)
        assert count(store) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET actor = 'x'",
        "DELETE FROM entries",
        "INSERT OR REPLACE INTO entries SELECT * FROM entries",
    ],
)
def test_records_cannot_be_changed_through_the_database(tmp_path: Path, statement: str) -> None:
    with create_store(str(tmp_path / "a.db")) as store:
        fill(store)
        with pytest.raises(errors.AppendOnly), store.write() as connection:
            connection.exec_driver_sql(statement)
        assert count(store) == 1


def test_a_full_disk_says_so_and_leaves_what_was_there(tmp_path: Path) -> None:
    """A process whose files may not grow past a limit fails as it does on a full disk; what was committed stays."""
    path = tmp_path / "a.db"
    with create_store(str(path)) as store:
        fill(store, 3)
    code = f"""
import resource, signal
from tests.unit.test_store import count, create_store, errors, fill
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = create_store({str(path)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, resource.RLIM_INFINITY))
done = 0
try:
    for _ in range(1000):
        fill(store, 1, "x" * 4000)
        done += 1
except errors.DiskFull as full:
    print(full.code, count(store) == 3 + done, done > 0)
"""
    finished = run(code)
    assert finished.stdout.split() == ["CH012", "True", "True"], finished.stderr
    with create_store(str(path)) as store:
        before = count(store)
        fill(store)
        assert count(store) == before + 1
        with store.read() as connection:
            assert driver(connection).execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_a_database_one_may_not_write_can_still_be_read(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        # Root writes everything; SQLite's own read-only switch meets the same refusal.
        with create_store(str(tmp_path / "a.db")) as store:
            fill(store)
            with pytest.raises(errors.ReadOnly), store.write() as connection:
                driver(connection).execute("PRAGMA query_only=ON")
                log.append(connection, [Entry(Commented(""), 1, "li")], Origin("test"))
            assert count(store) == 1
        return
    path = tmp_path / "a.db"
    with create_store(str(path)) as store:
        fill(store)
    path.chmod(0o444)
    with create_store(str(path)) as store, pytest.raises(errors.ReadOnly):
        fill(store)


def test_a_database_in_a_folder_one_may_not_write_says_so() -> None:
    # Root may write anywhere, so the child becomes somebody else once it has everything in memory.
    code = (
        "import os, sys; from charter.runtime.store import create_store, errors, open_store\n"
        "create_store(sys.argv[1]).close(); os.chmod(os.path.dirname(sys.argv[1]), 0o555)\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "try: open_store(sys.argv[1])\n"
        "except errors.ReadOnly as error: print(error.code)"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = run(code, f"{folder}/a.db")
        os.chmod(folder, 0o700)
    assert done.stdout == "CH015\n", done.stderr


def test_whoever_waits_for_the_lock_gets_it(tmp_path: Path) -> None:
    path = str(tmp_path / "a.db")
    create_store(path).close()

    def write(_: int) -> None:
        with open_store(path) as store:
            for _ in range(3):
                with store.write() as connection:
                    log.append(connection, [Entry(Commented("x"), 1, "li")], Origin("test"))
                    time.sleep(0.01)

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(write, range(32)))
    with open_store(path) as store:
        assert count(store) == 96
