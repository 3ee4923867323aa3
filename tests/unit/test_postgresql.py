"""A database on a PostgreSQL server: what is peculiar to it, and how it fails. Played by `.ci/postgresql`."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.founded import founded
from tests.leave import HELLO, LEAVE, welcome

from charter.engine.entries import Entry
from charter.engine.entries.cases import Commented
from charter.runtime.audit import log
from charter.runtime.audit.log import Origin
from charter.runtime.audit.verify import verify
from charter.runtime.cli.main import run
from charter.runtime.host import outbox
from charter.runtime.host.backup import back_up
from charter.runtime.host.cases import Cases
from charter.runtime.store import Store, create_store, errors, open_store
from charter.runtime.store.looking import looking
from charter.runtime.store.migrations import FIRST, revisions
from charter.runtime.store.parts import claim, part_of, shard_of
from charter.runtime.store.prepared import ask, driver

psycopg = pytest.importorskip("psycopg")
from charter.runtime.store import postgresql  # noqa: E402
from charter.runtime.store.postgresql_shares import Shares  # noqa: E402

GIVEN = os.environ.get("CHARTER_TEST_DB", "")
pytestmark = pytest.mark.skipif(not GIVEN, reason="no server is given in CHARTER_TEST_DB (.ci/postgresql starts one)")
ROOT = Path(__file__).resolve().parents[2]


def at(**parts: str) -> str:
    """Gives the server's address with some parameters more."""
    return GIVEN + "".join(
        f"{'&' if '?' in GIVEN or i else '?'}{name}={value}" for i, (name, value) in enumerate(parts.items())
    )


def sql(text: str, **parts: str) -> list[Any]:
    with psycopg.connect(at(**parts), autocommit=True) as raw:
        cursor = raw.execute(text)
        return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """Gives the address of a schema that is not there yet."""
    name = f"t{os.environ['CHARTER_TEST_RUN']}_{abs(hash(request.node.nodeid)):x}"
    yield at(schema=name)
    sql(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


def schema_of(address: str) -> str:
    return address.rpartition("schema=")[2]


def note(store: Store, text: str) -> None:
    with store.write() as connection:
        log.append(connection, [Entry(Commented(text), 1_000_000, "li")], Origin("test"), chain="x")


def test_what_several_write_at_once_is_dense_and_sound(address: str) -> None:
    with founded(address) as store:
        welcome(store)
        host = Cases(store)
        host.deploy(LEAVE, by="root")
        case = host.start("leave", person="li").case

        def work(number: int) -> None:
            with open_store(address) as own:
                mine = Cases(own)
                for each in range(4):
                    mine.start("leave", person="li")
                    mine.perform(case, person="li", verb="comment", text=f"{number}.{each}")

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        found = verify(store)
        assert found.sound and found.cases == 17
        with store.read() as connection:
            numbers = [row[0] for row in ask(connection, "SELECT number FROM cases ORDER BY number")]
        assert numbers == list(range(1, 18))


def test_what_is_undone_leaves_no_number_out(address: str) -> None:
    with founded(address) as store:
        store.within(("x",), lambda connection: outbox.send(connection, "x", "{}", 1))
        with pytest.raises(KeyError), store.write(part=part_of(("y",))) as connection:
            outbox.send(connection, "y", "{}", 1)
            raise KeyError
        store.within(("z",), lambda connection: outbox.send(connection, "z", "{}", 1))
        with store.read() as connection:
            assert ask(connection, 'SELECT number, "case" FROM outbox ORDER BY number') == [(1, "x"), (2, "z")]


def test_who_writes_to_one_case_waits_for_nobody_who_writes_to_another(address: str) -> None:
    done = list[str]()
    with founded(address) as store, open_store(address, busy_seconds=0.3) as other:
        a, b = "a", next(each for each in "bcdefgh" if shard_of(each) != shard_of("a"))
        with store.write(part=part_of((a,))):
            other.within((b,), lambda _: done.append(b))
            with pytest.raises(errors.Locked):
                other.within((a,), lambda _: done.append(a))
            with pytest.raises(errors.Locked), other.write():
                done.append("all")
        with store.write(), pytest.raises(errors.Locked):
            other.within((b,), lambda _: done.append(b))
    assert done == [b]


def test_what_touches_more_than_its_part_is_done_over_the_whole(address: str) -> None:
    parts = list[Any]()

    def work(connection: Any) -> str:
        parts.append(driver(connection).part)
        ask(connection, "INSERT INTO settings (name, value) VALUES ('once', '') RETURNING 1")
        claim(connection)
        return "done"

    with founded(address) as store:
        assert store.within(("a",), work) == "done"
        assert [each is None for each in parts] == [False, True]
        with store.read() as connection:
            assert len(ask(connection, "SELECT 1 FROM settings WHERE name = 'once'")) == 1


def shape(address: str) -> set[Any]:
    """Gives what a schema is made of: columns with their defaults, indexes, functions, triggers."""
    own = schema_of(address)
    found = sql(
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
        f" WHERE table_schema = '{own}' UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes"
        f" WHERE schemaname = '{own}' UNION ALL SELECT proname, prosrc, '', '', '' FROM pg_proc"
        f" WHERE pronamespace = '{own}'::regnamespace UNION ALL SELECT trigger_name, event_manipulation, '', '', ''"
        f" FROM information_schema.triggers WHERE trigger_schema = '{own}'"
    )
    return {tuple((part or "").replace(own, "own") for part in row) for row in found}


def test_the_first_schema_of_a_server_is_brought_up_to_date(address: str) -> None:
    made = {int(each.revision): each.module.MAKES for each in revisions() if int(each.revision) > FIRST}
    with founded(address) as store:
        welcome(store)
    whole, own = shape(address), schema_of(address)
    kinds = {"r": "TABLE", "i": "INDEX", "S": "SEQUENCE"}
    sql(f"""ALTER TABLE "{own}".entries ALTER position SET DEFAULT "{own}".charter_next('entries', 'position')""")
    for function in ("charter_shard(text)", "charter_turn(text)"):
        sql(f'DROP FUNCTION "{own}".{function}')
    for name in (each for number in sorted(made, reverse=True) for each in made[number]):
        table, _, column = name.partition(".")
        if column:
            sql(f'ALTER TABLE "{own}".{table} DROP COLUMN "{column}"')
            continue
        for (kind,) in sql(f"SELECT relkind::text FROM pg_class WHERE oid = to_regclass('\"{own}\".{name}')"):
            sql(f'DROP {kinds[kind]} "{own}".{name} CASCADE')
    sql(f'UPDATE "{own}".charter_schema SET number = {FIRST}')
    with open_store(address) as store:
        host = Cases(store)
        host.deploy(LEAVE, by="root")
        host.perform(host.start("leave", person="li").case, person="li", verb="complete", node="ask", records=HELLO)
        assert verify(store).sound
    assert shape(address) == whole


def until(true: Callable[[], Any]) -> None:
    assert any(true() or time.sleep(0.05) for _ in range(1200)), "it never came to that"


def test_workers_share_out_the_shards_and_take_over_those_of_who_is_gone(address: str) -> None:
    with founded(address) as store, open_store(address) as other:
        first = store.division(None, lambda: None)
        second = other.division(64, lambda: None)
        assert isinstance(first, Shares) and isinstance(second, Shares)
        until(lambda: len(first.shards) == 128 and len(second.shards) == 64)
        with pytest.raises(errors.Lost), other.write():  # a machine that is cut off while it writes shows nothing more
            second._ending.set()
            second._thread.join()
            until(lambda: len(first.shards) == 256)
            note(store, "nobody is waited for")
        second.end()
        first.end()
        assert not first.shards and not second.shards


def test_shards_are_the_same_here_and_there(address: str) -> None:
    with founded(address) as store, store.read() as connection:
        for text in ("organisation", "abc", "王"):
            assert ask(connection, "SELECT charter_shard(?)", text) == [(shard_of(text),)]


def test_a_reader_sees_one_state(address: str) -> None:
    count = "SELECT count(*) FROM entries"
    with founded(address) as store, open_store(address) as other, store.read() as connection:
        before = ask(connection, count)
        note(other, "meanwhile")
        assert ask(connection, count) == before


def test_who_waits_for_work_hears_of_commits_alone(address: str) -> None:
    with founded(address) as store, open_store(address) as other:
        seen = store.changes()
        with other.write() as connection:
            ask(connection, "SELECT 1")
        assert store.changes() == seen
        note(other, "something")
        heard = (store.changes() != seen or time.sleep(0.02) for _ in range(500))
        assert any(heard)


def test_text_orders_by_its_bytes(address: str) -> None:
    names = ["b", "A", "ä", "a", "王", "Z"]
    with founded(address) as store:
        with store.write() as connection:
            driver(connection).executemany("INSERT INTO settings (name, value) VALUES (?, '')", [(n,) for n in names])
        with store.read() as connection:
            found = [row[0] for row in ask(connection, "SELECT name FROM settings WHERE value = '' ORDER BY name")]
    assert found == sorted(names)


def test_a_failure_that_somebody_caught_is_not_committed_quietly(address: str) -> None:
    with founded(address) as store:
        with pytest.raises(errors.StorageError), store.write() as connection, suppress(psycopg.Error):
            ask(connection, "SELECT no_such_word")
        note(store, "afterwards")


def test_nul_is_refused_with_a_code(address: str) -> None:
    with founded(address) as store:
        with pytest.raises(errors.NoNul), store.write() as connection:
            driver(connection).execute("INSERT INTO settings (name, value) VALUES (?, '')", ("a\0b",))
        note(store, "in an entry it is written as JSON does: \0")
        assert verify(store).integrity.sound


def test_a_connection_that_breaks_leaves_nothing_half_written(address: str) -> None:
    end = "SELECT pg_terminate_backend({})"
    with founded(address) as store:
        note(store, "before")
        with pytest.raises(errors.Lost), store.write() as connection:
            log.append(connection, [Entry(Commented("lost"), 2_000_000, "li")], Origin("test"), chain="x")
            sql(end.format(driver(connection).info.backend_pid))  # type: ignore[attr-defined]
            ask(connection, "SELECT 1")
        with store.read() as connection:
            pid = driver(connection).info.backend_pid  # type: ignore[attr-defined]
        sql(end.format(pid))  # while it is idle, nothing was under way
        note(store, "after")
        with store.read() as connection:
            assert ask(connection, "SELECT entries FROM chains WHERE chain = 'x'") == [(2,)]


def test_who_is_paused_while_writing_loses(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "IDLE", 200)
    with founded(address) as store, open_store(address) as other:
        with pytest.raises(errors.Lost), store.write() as connection:
            log.append(connection, [Entry(Commented("lost"), 2_000_000, "li")], Origin("test"), chain="x")
            note(other, "meanwhile")  # waits until the server has ended whoever sends nothing
            ask(connection, "SELECT 1")
        with store.read() as connection:
            assert ask(connection, "SELECT entries FROM chains WHERE chain = 'x'") == [(1,)]


def test_who_waits_too_long_is_told(address: str) -> None:
    with (
        founded(address) as store,
        open_store(address, busy_seconds=0.05) as hasty,
        store.write(),
        pytest.raises(errors.Locked),
        hasty.write(),
    ):
        pass


def test_what_is_not_ours_or_newer_is_told(address: str) -> None:
    schema = schema_of(address)
    with pytest.raises(errors.Unfounded):
        open_store(address)
    sql(f'CREATE SCHEMA "{schema}"; CREATE TABLE "{schema}".theirs (a int)')
    for opens in (open_store, create_store):
        with pytest.raises(errors.NotADatabase):
            opens(address)
    sql(f'DROP TABLE "{schema}".theirs')
    create_store(address).close()
    sql(f'UPDATE "{schema}".charter_schema SET number = 10000')
    with pytest.raises(errors.NewerSchema):
        open_store(address)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ("postgresql://li:secret@127.0.0.1:1/x", "CH023"),
        ("postgresql://li:secret@no-such-host.invalid/x", "CH023"),
        ("postgresql://li:secret@127.0.0.1:x/y", "CH020"),
        ("postgresql://li:secret@127.0.0.1:1,127.0.0.1:2/x?target_session_attrs=read-write", "CH023"),
        ("postgresql://li:secret@127.0.0.1/", "CH020"),
        ("postgresql://li:secret@127.0.0.1/x?colour=red", "CH020"),
        ("{}&user=nobody_here&password=secret", "CH024"),
        ("{}&dbname=no_such_database&password=secret", "CH055"),
    ],
)
def test_addresses_that_lead_nowhere(
    wrong: str, code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTER_PERSON", "li")
    monkeypatch.setenv("CHARTER_DB", wrong.format(GIVEN if "?" in GIVEN else f"{GIVEN}?schema=x"))
    assert run(["inbox"]) in (4, 74)
    said = capsys.readouterr()
    assert code in said.err
    assert "secret" not in said.err and "Traceback" not in said.err


def test_the_roles_of_the_documentation_are_kept(address: str) -> None:
    told = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/operations.md").read_text("utf-8"), re.DOTALL)
    schema = schema_of(address)
    roles = [f"{schema}_{name}" for name in ("owner", "writer", "reader")]

    def ours(text: str) -> str:
        text = re.sub(r"charter_(owner|writer|reader)", rf"{schema}_\1", text)
        return re.sub(r"SCHEMA charter\b", f"SCHEMA {schema}", text).replace("charter.", f"{schema}.")

    first, later = map(ours, told[-2:])
    try:
        sql(first)
        owner, writer, reader = (f"{address}&user={role}" for role in roles)
        with founded(owner) as store:
            welcome(store)
        for statement in filter(None, map(str.strip, later.split(";"))):
            sql(statement, user=roles[0])
        with open_store(writer) as store:
            host = Cases(store)
            host.deploy(LEAVE, by="root")
            host.perform(host.start("leave", person="li").case, person="li", verb="complete", node="ask", records=HELLO)
            assert verify(store).sound
            for change in ("UPDATE entries SET actor = 'x'", "DELETE FROM entries", "DROP TABLE entries"):
                with pytest.raises(errors.NotAllowed), store.write() as connection:
                    driver(connection).execute(change)
        with open_store(owner) as store:
            for change in ("UPDATE entries SET actor = 'x'", "DELETE FROM entries", "TRUNCATE entries"):
                with pytest.raises(errors.AppendOnly), store.write() as connection:
                    driver(connection).execute(change)
        with looking(reader) as store:
            assert verify(store).sound
        with open_store(reader) as store, pytest.raises(errors.ReadOnly):
            note(store, "no")
    finally:
        for role in roles:
            sql(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_a_trigger_that_is_missing_is_a_fault(address: str) -> None:
    with founded(address) as store:
        assert verify(store).sound
        sql(f'ALTER TABLE "{schema_of(address)}".entries DISABLE TRIGGER entries_stay')
        assert verify(store).integrity.fault is not None


def test_a_backup_is_a_file_that_says_the_same(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from charter.runtime.cli.progress import along, counted
    from charter.runtime.store import backends

    monkeypatch.setitem(backends._SCHEMES, "sqlite", backends._sqlite)  # here a file is a file
    with founded(address) as store:
        welcome(store)
        host = Cases(store)
        host.deploy(LEAVE, by="root")
        host.perform(host.start("leave", person="li").case, person="li", verb="complete", node="ask", records=HELLO)
        done = back_up(address, tmp_path / "copy.db", counted=counted, along=along)
        assert done.found.sound and done.found.heads == verify(store).heads
