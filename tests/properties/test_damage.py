"""Whatever happens to a database, `audit verify` gives a verdict, and no good one of what says something else now."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import nullcontext, suppress
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest

from charter.runtime.audit import apart, sealing
from charter.runtime.audit.log import Origin
from charter.runtime.audit.notes import Key
from charter.runtime.audit.verify import verify
from charter.runtime.cli.main import run
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store.looking import looking
from charter.runtime.store.tables import metadata
from tests.founded import founded
from tests.hands import unguarded
from tests.leave import HELLO, LEAVE, PEOPLE

# No entry tells of what is in these (docs/audit.md says so).
WORKING_MEMORY = {"outbox", "clock"}
COVERED = sorted(set(metadata.tables) - WORKING_MEMORY)
# what only puts rows in order, or what no entry tells of
ORDER = {("absences", "number"), ("deployments", "number"), ("entries", "position"), ("keys", "at")}
TRIALS = 12  # of each kind
ODD = (None, 10**15, -1, 1.5, "", "noon", b"\x00\xff", "{}", "[[[")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives a database with rows in most tables, all of it in its one file."""
    path = tmp_path_factory.mktemp("whole") / "charter.db"
    names = map("case{:012}".format, count(1))
    with founded(path, clock=lambda: 100) as store:
        people = [{"id": person, "roles": list(roles)} for person, roles in PEOPLE.items()]
        zhao = {"id": "zhao", "skills": {"law": 2}, "certificates": ["PMP"]}
        People(store, by="root", clock=lambda: 100).load([*people, zhao])
        host = Cases(store, clock=lambda: 100, ids=lambda: next(names))
        host.deploy(LEAVE, by="root", texts={"leave.charter": "process leave"})
        for _ in range(4):
            case = host.start("leave", person="li").case
            host.perform(case, person="li", verb="complete", node="ask", records=HELLO, key=case)
        assert isinstance(sealing.set_key(store, "root", at=100, origin=Origin("test")), Key)
        host.start("leave", person="li")
        sealing.seal(store)
    return path


def content(path: Path) -> dict[str, list[Any]]:
    """Gives all that verdicts cover, as bytes, in any order."""
    raw = sqlite3.connect(path)
    raw.text_factory = bytes
    found = {}
    for table in COVERED:
        names = ", ".join(f'"{c.name}"' for c in metadata.tables[table].columns if (table, c.name) not in ORDER)
        there = raw.execute(
            "SELECT 1 FROM sqlite_master WHERE name = ?", (table,)
        ).fetchone()  # else as if it were empty
        found[table] = sorted(map(repr, raw.execute(f"SELECT {names} FROM {table} NOT INDEXED"))) if there else []
    raw.close()
    return found


def by_sql(change: Callable[[sqlite3.Connection, Random], None]) -> Callable[[Path, Random], None]:
    def damage(path: Path, draw: Random) -> None:
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute("PRAGMA foreign_keys=OFF")
        with nullcontext() if change is drop_what_guards else unguarded(raw):
            change(raw, draw)
        raw.close()

    damage.__name__ = change.__name__
    return damage


def drop_a_table(raw: sqlite3.Connection, draw: Random) -> None:
    raw.execute(f"DROP TABLE {draw.choice(COVERED)}")


def drop_what_guards(raw: sqlite3.Connection, draw: Random) -> None:
    sort, name = draw.choice(
        raw.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql IS NOT NULL"
        ).fetchall()
    )
    raw.execute(f"DROP {sort} {name}")


def _some_cell(raw: sqlite3.Connection, draw: Random, value: object) -> None:
    table = draw.choice([name for name in COVERED if raw.execute(f"SELECT 1 FROM {name}").fetchone()])
    column = draw.choice([c.name for c in metadata.tables[table].columns if (table, c.name) not in ORDER])
    keys = [c.name for c in metadata.tables[table].primary_key.columns]
    names = ", ".join(f'"{key}"' for key in keys)
    row = draw.choice(raw.execute(f"SELECT {names} FROM {table}").fetchall())
    where = " AND ".join(f'"{key}" = ?' for key in keys)
    with suppress(sqlite3.IntegrityError):  # SQLite itself keeps it out
        raw.execute(f'UPDATE {table} SET "{column}" = {value} WHERE {where}', row)


def write_no_text(raw: sqlite3.Connection, draw: Random) -> None:
    _some_cell(raw, draw, "CAST(x'66ff80c3' AS TEXT)")


def write_another_kind(raw: sqlite3.Connection, draw: Random) -> None:
    value = draw.choice(ODD)
    literal = "NULL" if value is None else f"x'{value.hex()}'" if isinstance(value, bytes) else repr(value)
    _some_cell(raw, draw, literal)


def change_chains(raw: sqlite3.Connection, draw: Random) -> None:
    raw.execute(
        draw.choice(
            [
                "DELETE FROM chains",
                "UPDATE chains SET entries = entries - 1",
                "UPDATE chains SET entries = 'many'",
                "UPDATE chains SET head = x'00'",
                "UPDATE chains SET chain = CAST(x'ff' AS TEXT)",
                "DELETE FROM persons",
                "DELETE FROM cases",
                "DELETE FROM entries WHERE seq = 1",
                "UPDATE entries SET seq = 'x' || seq WHERE seq = 2",
                "UPDATE entries SET body = 1000000000000 WHERE seq = 1",
                "ALTER TABLE persons DROP COLUMN active",
                "ALTER TABLE cases DROP COLUMN state",
            ]
        )
    )


def rename_the_schema(raw: sqlite3.Connection, draw: Random) -> None:
    raw.execute(f"PRAGMA user_version={draw.choice([-5, 0, 1, 2, 3, 4, 5, 6])}")
    drop_a_table(raw, draw)


def _pages(path: Path) -> tuple[bytearray, int, int]:
    held = bytearray(path.read_bytes())
    size = int.from_bytes(held[16:18], "big")
    return held, size, len(held) // size


def change_bytes(path: Path, draw: Random) -> None:
    held, size, pages = _pages(path)
    start = draw.randrange(pages) * size
    for _ in range(draw.choice([1, 8, 64])):
        held[max(start + draw.randrange(size), 100)] = draw.randrange(256)
    path.write_bytes(held)


def change_the_header(path: Path, draw: Random) -> None:
    held, _, _ = _pages(path)
    held[draw.randrange(100)] = draw.randrange(256)
    path.write_bytes(held)


def zero_a_page(path: Path, draw: Random) -> None:
    held, size, pages = _pages(path)
    start = draw.randrange(1, pages) * size
    held[start : start + size] = bytes(size)
    path.write_bytes(held)


def zero_what_tells_the_tables(path: Path, draw: Random) -> None:
    held, size, _ = _pages(path)
    held[100:size] = bytes(size - 100)
    path.write_bytes(held)


def cut_the_file(path: Path, draw: Random) -> None:
    held = path.read_bytes()
    path.write_bytes(held[: draw.randrange(512, len(held))])


def swap_pages(path: Path, draw: Random) -> None:
    held, size, pages = _pages(path)
    one, two = (number * size for number in draw.sample(range(1, pages), 2))
    held[one : one + size], held[two : two + size] = held[two : two + size], held[one : one + size]
    path.write_bytes(held)


DAMAGES = (
    *map(by_sql, (drop_a_table, drop_what_guards, write_no_text, write_another_kind, change_chains, rename_the_schema)),
    *(change_bytes, change_the_header, zero_a_page, zero_what_tells_the_tables, cut_the_file, swap_pages),
)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_whatever_is_damaged_the_answer_is_a_verdict(
    damage: Callable[[Path, Random], None],
    whole: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(apart, "PART", 5)
    before, path = content(whole), tmp_path / "charter.db"
    for seed in range(TRIALS):
        for left in tmp_path.iterdir():
            left.unlink()
        shutil.copy(whole, path)
        damage(path, Random(seed))
        held = path.read_bytes()
        code = run(["audit", "verify", "--as", "root", *(["--json"] if seed % 2 else [])])
        said = capsys.readouterr()
        if damage is change_the_header and code == 74:  # it may be no database any more, or say it is a newer one
            assert "CH013" in said.err or "CH014" in said.err, (seed, said)
            continue
        assert code in (0, 1), (seed, code, said)
        assert "error" not in said.err, (seed, said)
        if seed == 0 and code in (0, 1):  # the same, whoever looks at what
            with looking(str(path)) as store:
                assert verify(store, processes=2) == verify(store, processes=1)
        if code == 0:
            (tmp_path / "held.db").write_bytes(held)
            assert content(tmp_path / "held.db") == before, seed
