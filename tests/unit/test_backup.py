"""Backups: made while others write, whole or not there, verified, and never in the place of something else."""

from __future__ import annotations

import json
import lzma
import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.founded import founded
from tests.leave import HELLO, LEAVE, host, welcome

from charter.engine.values import encode
from charter.runtime.author.files import Files
from charter.runtime.cli.main import run
from charter.runtime.host.connectors import FILE
from charter.runtime.store.schema import SCHEMA

TRAILS = Path(__file__).resolve().parents[1] / "trails"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Gives a database with a case and an attached file, and a connectors file beside it."""
    folder = tmp_path / "live"
    folder.mkdir()
    with founded(folder / "a.db") as store:
        welcome(store)
        opened = host(store, LEAVE)
        case = opened.start("leave", person="li").case
        (folder / "paper.txt").write_text("content")
        file = opened.files.ingest(folder / "paper.txt")
        assert opened.perform(case, person="li", verb="attach", file=encode(file)).refusal is None
    (folder / FILE).write_text("{}")
    (tmp_path / "safe").mkdir()
    return folder / "a.db"


def backed_up(source: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    code = run(["backup", str(place), "--db", str(source), "--json"])
    said = capsys.readouterr()
    return code, json.loads(said.out or said.err)


def content(path: Path) -> list[object]:
    with closing(sqlite3.connect(path)) as raw:
        return [raw.execute("PRAGMA user_version").fetchone(), *raw.iterdump()]


def told(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute('SELECT "case", seq, body FROM entries ORDER BY position').fetchall()


def test_a_backup_is_whole_private_and_verified(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "safe" / "one.db"
    code, said = backed_up(source, place, capsys)
    assert (code, said["sound"], said["files"], said["files_there"]) == (0, True, 1, 0)
    assert told(place) == told(source) and stat.S_IMODE(place.stat().st_mode) == 0o600
    assert said["connectors_file"] == str(place.with_name(f"one.{FILE}"))
    [(digest, kept)] = Files(place.parent).stored()
    assert Files(place.parent).condition(digest) == "kept" and stat.S_IMODE(kept.stat().st_mode) == 0o400
    # One folder keeps each file once.
    code, said = backed_up(source, tmp_path / "safe" / "two.db", capsys)
    assert (code, said["files"], said["files_there"]) == (0, 0, 1)
    assert {path.name for path in place.parent.iterdir()} == {
        *("one.db", "two.db", f"one.{FILE}", f"two.{FILE}", "charter-files")
    }
    # It can be worked with.
    assert run(["audit", "verify", "--db", str(place), "--as", "root"]) == 0


def test_nothing_is_replaced(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for taken in (tmp_path / "safe" / "one.db", tmp_path / "safe" / f"two.{FILE}"):
        taken.write_text("mine")
        code, said = backed_up(source, taken.parent / f"{taken.name.partition('.')[0]}.db", capsys)
        assert code == 2 and said["error"]["code"] == "CH061"  # type: ignore[index]
        assert taken.read_text() == "mine"
    (tmp_path / "safe" / "link.db").symlink_to("nowhere")
    assert backed_up(source, tmp_path / "safe" / "link.db", capsys)[0] == 2
    assert backed_up(source, tmp_path / "nowhere" / "one.db", capsys)[0] == 74
    assert len(list((tmp_path / "safe").iterdir())) == 3


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done, stop = [0], threading.Event()

    def write() -> None:
        with founded(source) as store:
            opened = host(store, LEAVE)
            while not stop.is_set():
                case = opened.start("leave", person="li").case
                opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
                done[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            before = done[0]
            code, said = backed_up(source, tmp_path / "safe" / f"{number}.db", capsys)
            assert (code, said["sound"]) == (0, True)
            while done[0] == before:
                stop.wait(0.01)
            now = told(tmp_path / "safe" / f"{number}.db")
            assert now == told(source)[: len(now)]
    finally:
        stop.set()
        writer.join()


def test_a_copy_of_what_is_at_fault_is_there_and_says_so(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [(digest, kept)] = Files(source.parent).stored()
    os.chmod(kept, 0o600)
    kept.write_text("another content")
    code, said = backed_up(source, tmp_path / "safe" / "one.db", capsys)
    assert (code, said["sound"], said["files_damaged"]) == (1, False, [digest])
    assert told(tmp_path / "safe" / "one.db") == told(source)


def test_an_earlier_schema_is_copied_as_it_is_and_a_later_one_is_refused(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(sqlite3.connect(source)) as raw:
        raw.execute(f"PRAGMA user_version={SCHEMA + 1}")
    code, said = backed_up(source, tmp_path / "safe" / "one.db", capsys)
    assert code == 74 and said["error"]["code"] == "CH014"  # type: ignore[index]
    assert not list((tmp_path / "safe").iterdir())
    earlier = source.with_name("earlier.db")
    earlier.write_bytes(lzma.decompress((TRAILS / "entered_late-3aaf7fb.db.xz").read_bytes()))
    code, said = backed_up(earlier, tmp_path / "safe" / "two.db", capsys)
    assert (code, said["sound"]) == (0, True)
    assert content(tmp_path / "safe" / "two.db") == content(earlier)


def test_a_backup_that_is_broken_off_leaves_nothing(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("charter.runtime.host.backup.verify", interrupted)
    assert run(["backup", str(tmp_path / "safe" / "one.db"), "--db", str(source)]) == 130
    assert not (tmp_path / "safe" / "one.db").exists()
    assert not [path for path in (tmp_path / "safe").iterdir() if path.name.endswith(".part")]
