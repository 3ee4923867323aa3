"""Whoever looks is known, and leaves exactly one entry of it, whichever verb they look with."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from tests.trails.test_trails import TRAILS, unpacked
from tests.unit.test_cli_author_files import offered
from tests.verbs import MAKES, ON_FILES, PROCESS, typed, verbs

from charter.runtime.audit.log import ORGANISATION, load
from charter.runtime.audit.verify import verify
from charter.runtime.cli.consulted import ALSO_LOOK, LOOKS
from charter.runtime.cli.main import run
from charter.runtime.store import open_store
from charter.runtime.store.prepared import driver
from charter.runtime.store.schema import SCHEMA
from charter.runtime.store.tables import metadata

VERBS = dict(verbs())
OPERATE = {"tick", "work", "backup"}  # what a clock runs
# how those look that do so in one of their uses, and what else a look wants
MORE = {
    "start": ["start"],
    "graph": ["graph", "1"],
    "deploy": ["deploy", "p.charter", "--plan"],
    "incidents": ["incidents"],
    "simulate": ["simulate", "p.charter", "--from-trail", "--arrive", "5/day", "--cases", "5"],
    "kpi": ["kpi"],
    "report": ["report"],
    "register": ["register"],
    "services": ["services"],
    "people import": ["people", "import", "more.json"],
    "impact": ["impact", "1", "note"],
    "export check": ["export", "check", "exported.csv", "--with-trail"],
    "audit show": ["audit", "show", "1.1"],
    "audit trace": ["audit", "trace", "1", "note"],
    "audit why": ["audit", "why", "1", "a"],
    "audit as-of": ["audit", "as-of", "1", "#1"],
    "audit clause": ["audit", "clause"],
    "audit changes": ["audit", "changes", "p"],
    "audit proof": ["audit", "proof", "1.1"],
}
TEXT = PROCESS.replace("  activity a\n", "  record note\n    text text\n  activity a\n    output note\n")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives a folder with a database: two versions of a process, and a case whose work is done."""
    folder = tmp_path_factory.mktemp("looking")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("p.charter").write_text(TEXT)
        Path("more.json").write_text('[{"id": "xu"}]')
        Path("p2.charter").write_text(TEXT.replace("process p", "process p\n  version 2"))
        for line in (
            "init --as li",
            "people grant li r --as li",
            "people add bo --as li",
            "people remove bo --as li",
            "people add xu --as li",
            "people delegate li xu --as li",
            "connectors add 1 --command true --as li",
            "deploy p.charter --as li",
            "start p --as li",
            "complete 1 a --set text=x --as li",
            "deploy p2.charter --as li",
            "deploy p.charter --back --as li",
            "audit export csv --out exported.csv --as li",
        ):
            assert run(line.split()) == 0, line
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def entered() -> list[tuple[str, str]]:
    """Lists the organisation's entries: kind and actor."""
    with open_store("charter.db") as store, store.read() as connection:
        return [(s.fields["kind"], s.fields["actor"]) for s in load(connection, ORGANISATION)]


def line(name: str, person: str | None) -> list[str]:
    words = MORE.get(name) or typed(name, VERBS[name])[:-2]
    return words if person is None else [*words, "--as", person]


@pytest.mark.parametrize("name", sorted(LOOKS | ALSO_LOOK))
def test_each_look_is_a_known_person_s_and_one_entry(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = entered()
    assert run(line(name, None)) == 2 and "--as" in capsys.readouterr().err
    assert entered() == before
    for stranger in ("ghost", "bo"):  # one who never was here, and one who has left
        assert run(line(name, stranger)) == 3
        said = capsys.readouterr()
        assert "CH580" in said.out + said.err and len(said.out.splitlines()) <= 2
        before.append(("refused", stranger))
        assert entered() == before
    assert run(line(name, "li")) == 0
    assert capsys.readouterr().out
    assert entered() == [*before, ("consulted", "li")]
    with open_store("charter.db") as store:
        assert verify(store).sound


def test_every_verb_that_comes_near_the_database_asks_who_it_is(here: Path) -> None:
    """Walks the table: nobody is told or does anything but on files, and by what a clock runs."""
    assert set(VERBS) >= LOOKS | ALSO_LOOK
    for name in VERBS:
        if name.split()[0] not in MAKES | ON_FILES | OPERATE:
            assert run(line(name, None)) == 2, name
            assert run(line(name, "ghost")) in (2, 3, 4), name


@pytest.mark.parametrize("name", sorted(LOOKS | ALSO_LOOK))
def test_what_may_not_be_written_can_still_be_read_and_says_so(
    name: str, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from charter.runtime.store import sqlite

    plain = sqlite.connect

    def read_only(path: Path, **more: float) -> sqlite3.Connection:
        raw = plain(path, **more)  # type: ignore[arg-type]
        raw.execute("PRAGMA query_only=ON").close()  # what permissions do, for root too
        return raw

    before = entered()
    monkeypatch.setattr(sqlite, "connect", read_only)
    assert run(line(name, "li")) == 0
    said = capsys.readouterr()
    assert said.out and said.err.count("warning") == 1
    monkeypatch.undo()
    monkeypatch.chdir(here)
    assert entered() == before


def test_a_shell_offers_nothing_to_a_stranger(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = entered()
    assert offered(["show"], "") == []
    for person, found in (("ghost", []), ("bo", []), ("li", ["1"])):
        monkeypatch.setenv("CHARTER_PERSON", person)
        assert offered(["show"], "") == found
    assert entered() == before


def test_attached_files_are_their_owner_s_alone(here: Path) -> None:
    Path("scan.pdf").write_text("x")
    assert run(["attach", "1", "a", "scan.pdf", "--as", "li"]) == 0
    kept = {p: oct(p.stat().st_mode & 0o777) for p in Path("charter-files").rglob("*") if ".lock" not in p.name}
    assert oct(Path("charter-files").stat().st_mode & 0o777) == "0o700"
    assert {mode for p, mode in kept.items() if p.is_dir()} == {"0o700"}
    assert {mode for p, mode in kept.items() if p.is_file()} == {"0o400"}


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM chains WHERE chain = 'organisation'",
        "UPDATE chains SET chain = 'else' WHERE chain = 'organisation'",
        "UPDATE chains SET entries = 1 WHERE chain = 'organisation'",
        "UPDATE entries SET seq = 99 WHERE \"case\" = 'organisation' AND seq = 2",
        "DELETE FROM persons",
        "ALTER TABLE persons DROP COLUMN active",
        "UPDATE persons SET active = CAST(x'ff' AS TEXT)",
        "UPDATE persons SET name = CAST(x'ff' AS TEXT)",
        "UPDATE entries SET body = 1000000000000 WHERE seq = 1",
        *(f"DROP TABLE {name}" for name in metadata.tables),
    ],
)
def test_what_is_damaged_gets_its_verdict_though_no_look_can_be_entered(
    damage: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    raw = sqlite3.connect("charter.db")
    for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute(damage)
    raw.commit()
    raw.close()
    assert run(["audit", "verify", "--as", "li"]) == 1
    said = capsys.readouterr()
    assert "NOT SOUND" in said.out and "error" not in said.err
    code = run(["audit", "verify", "--as", "ghost"])
    said = capsys.readouterr()
    assert "error" not in said.err and code in (1, 3)  # where nobody can tell who is here, everybody is told


READ_ONLY = """
import os, sys
from charter.runtime.cli.main import run
seen, folder, person = sys.argv[1:]
run(["--db", seen, "audit", "verify", "--as", person])  # what is loaded now need not be readable later
for name in os.listdir(folder):
    os.chmod(os.path.join(folder, name), 0o444)
os.chmod(folder, 0o555)
if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
sys.stdout.flush()
print("|")
sys.exit(run(["--db", os.path.join(folder, "charter.db"), "audit", "verify", "--as", person, "--json"]))
"""


@pytest.mark.parametrize("log", [False, True])
def test_a_read_only_copy_is_verified_with_its_log(log: bool, here: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o755)
        folder = Path(made) / "copy"
        folder.mkdir()
        with open_store("charter.db") as store:
            assert run(["people", "add", "newer", "--as", "li"]) == 0  # in the log alone, while this is open
            count = len(entered())
            if not log:
                with store.read() as connection:
                    driver(connection).end(keeping=True)
                    driver(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                    driver(connection).execute("BEGIN")
            for name in ("charter.db", *(["charter.db-wal"] if log else [])):
                shutil.copy(name, folder)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, "charter.db", str(folder), "li"], capture_output=True, text=True
        )
        os.chmod(folder, 0o700)
        left = {path.name for path in folder.iterdir()}
    assert done.returncode == 0 and "error" not in done.stderr, done
    assert "trail will not show" in done.stderr
    assert json.loads(done.stdout.partition("|")[2])["heads"]["organisation"]["entries"] == count
    assert left == {"charter.db", "charter.db-wal"} if log else {"charter.db"}


def test_a_trail_of_an_earlier_schema_is_verified_and_left_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = set()
    for trail in TRAILS:
        (tmp_path / trail).mkdir()
        path = Path(unpacked(trail, tmp_path / trail))
        before = path.read_bytes()
        with closing(sqlite3.connect(path)) as raw:
            ((schema,),) = raw.execute("PRAGMA user_version")
            office = "SELECT 0 FROM grants WHERE person = id AND role = 'steward' AND process = 'organisation'"
            ((person,),) = raw.execute(f"SELECT id FROM persons WHERE active ORDER BY EXISTS ({office}) DESC LIMIT 1")
        assert run(["--db", str(path), "audit", "verify", "--as", person]) in (0, 6), trail
        said = capsys.readouterr()
        if schema < SCHEMA:
            seen.add(schema)
            assert "trail will not show" in said.err
            assert path.read_bytes() == before
    assert len(seen) > 1


def test_the_organisation_s_chain_is_verified_by_its_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    count = len(entered())
    assert run(["audit", "verify", "organisation", "--as", "li", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entry_count"] == count
