"""Founding is explicit: `charter init` alone makes a database and its first steward; nothing is never sound."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.founded import founded
from tests.leave import LEAVE
from tests.verbs import MAKES, ON_FILES, PROCESS, typed, verbs

from charter.engine.refusals import Refusal
from charter.runtime.audit.verify import verify
from charter.runtime.cli.main import run
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import create_store, errors, open_store


def absent(_: Path) -> None:
    pass


def empty(path: Path) -> None:
    path.touch()


def without_tables(path: Path) -> None:
    sqlite3.connect(path).execute("VACUUM").connection.close()


@pytest.mark.parametrize("make", [absent, empty, without_tables])
def test_no_verb_but_init_makes_a_database(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.charter").write_text(PROCESS)
    path = tmp_path / "charter.db"
    make(path)
    before = path.read_bytes() if path.exists() else None
    expected = "CH018" if before is None else "CH043"
    told = {}
    for name, command in verbs():
        if not {name, name.split()[0]} & (MAKES | ON_FILES):
            code = run(typed(name, command))
            told[name] = code, expected if f"[{expected}]" in capsys.readouterr().err else ""
            assert (path.read_bytes() if path.exists() else None) == before, name
    assert {name: said for name, said in told.items() if said != (4, expected)} == {}


def test_the_first_steward_is_made_once_and_by_init_alone(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "a.db")) as store:
        for change in (
            lambda people: people.add("li"),
            lambda people: people.load([{"id": "li"}]),
            lambda people: people.absent("li", 1, 2),
            lambda _: Cases(store).deploy(LEAVE, by="li"),
        ):
            with pytest.raises(errors.Unfounded):
                change(People(store, by="li"))
        with pytest.raises(errors.Unfounded):
            verify(store)
        assert People(store, by="li").found("Li") is None
        assert [(p.id, p.name, p.grants) for p in People(store, by="").all()] == [
            ("li", "Li", (("steward", "organisation"),))
        ]
        again = People(store, by="wang").found()
        assert isinstance(again, Refusal) and again.code == "CH586"
        assert [p.id for p in People(store, by="").all()] == ["li"] and verify(store).sound


def test_several_who_found_at_once_make_one_steward(tmp_path: Path) -> None:
    create_store(str(tmp_path / "a.db")).close()

    def found(number: int) -> bool:
        with open_store(str(tmp_path / "a.db")) as store:
            return People(store, by=f"p{number}").found() is None

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(found, range(8))) == 1


def test_nothing_is_not_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A database that lost everything is no sound one, whatever way it lost it."""
    path = tmp_path / "a.db"
    with founded(path, "li"):
        pass
    assert run(["audit", "verify", "--db", str(path), "--as", "li"]) == 0
    raw = sqlite3.connect(path)
    for kind in ("trigger", "table"):
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = ?", (kind,)).fetchall():
            if kind == "trigger":
                raw.execute(f"DROP TRIGGER {name}")
            elif not name.startswith("sqlite_"):
                raw.execute(f"DELETE FROM {name}")
    raw.commit()
    raw.close()
    assert run(["audit", "verify", "--db", str(path), "--as", "li"]) == 4
    for rest in ("", "-wal", "-shm"):
        Path(f"{path}{rest}").unlink(missing_ok=True)
    path.touch()
    assert run(["audit", "verify", "--db", str(path), "--as", "li"]) == 4
    said = capsys.readouterr()
    assert said.err.count("error[CH043]") == 2 and "sound" in said.out
