"""Verbs whose process is killed, or whose disk fails, at one of the operations that write. `make faults` tries all.

What must hold whatever happens: who was answered finds it there; who was told that nothing was written finds nothing;
the same command with the same key is carried out once; the trail is sound; a backup is whole or not there.

CHARTER_FAULTS: above 1, every operation of every verb is struck in every way; else a few of them.
"""

from __future__ import annotations

import lzma
import os
import shutil
from contextlib import closing
from errno import EIO, ENOSPC
from pathlib import Path
from random import Random
from sqlite3 import connect

import pytest

from charter.runtime.audit.verify import verify
from charter.runtime.store import open_store
from charter.runtime.store.looking import looking
from charter.runtime.store.schema import SCHEMA
from tests.faults.rig import begun, built, worker

TIMES = int(os.environ.get("CHARTER_FAULTS", "1"))
PATIENCE = 600  # seconds for one verb, on however busy a machine
TRAILS = Path(__file__).parents[1] / "trails"
# (mode, the error): killed before, killed after, failed once, failed from there on, torn
BLOWS = [(1, 0), (2, 0), (3, EIO), (3, ENOSPC), (4, EIO), (4, ENOSPC), (5, 0)]
WORDS = {
    "start": "start leave --as li --key once",
    "complete": "complete 2 ask --set text=hello --as li --key once",
    "comment": "comment 1 hello --as li --key once",
    "attach": "attach 1 paper.txt --as li --key once",
    "grant": "people grant li boss --as root",
    "deploy": "deploy other.charter --as root",
    "inbox": "inbox --as li",
    "tick": "tick",
    "backup": "backup copy.db",
    "migration": "tick",
}
OTHER = "process other\n  owner r\n  role r\n  activity a\n    role r\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gives a folder with a database in which something is due, and with what the verbs want."""
    folder = tmp_path_factory.mktemp("whole") / "box"
    begun(folder, 1)
    (folder / "paper.txt").write_text("content")
    (folder / "other.charter").write_text(OTHER)
    with open_store(str(folder / "a.db")) as store:
        from charter.runtime.host.cases import Cases

        assert Cases(store).start("leave", person="li").refusal is None
    with closing(connect(folder / "a.db")) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


def content(path: Path) -> list[tuple[object, ...]]:
    """Gives the entries as they are stored, without those of looks."""
    with closing(connect(path)) as raw:
        query = "SELECT \"case\", seq, body FROM entries WHERE kind != 'consulted' ORDER BY position"
        return raw.execute(query).fetchall()


def operations(folder: Path, verb: str, shim: Path) -> int:
    """Counts the operations of a verb that write."""
    process = worker(folder, *WORDS[verb].split(), shim=shim, box=folder, mode=6, count=folder / "count")
    said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said
    return int((folder / "count").read_text())


def struck(folder: Path, verb: str, shim: Path, blow: tuple[int, int], at: int) -> bool:
    """Strikes one operation of a verb, holds what must be so, and tells whether there was such an operation."""
    mode, error = blow
    path, place = folder / "a.db", (verb, blow, at)
    before = [] if verb == "migration" else content(path)
    process = worker(folder, *WORDS[verb].split(), shim=shim, box=folder, mode=mode, at=at, error=error)
    said = process.communicate(timeout=PATIENCE)
    assert "CH001" not in said[1] and "Traceback" not in said[1], (place, said)
    left = process.returncode
    if mode in (1, 2, 5) and left != -9:
        return False  # it was done before it came to that: how often a process writes is not the same each time
    if verb == "backup":
        assert content(path) == before, place
        copy = folder / "copy.db"
        assert copy.exists() or left != 0, (place, said)
        if copy.exists():
            with looking(str(copy)) as found:
                assert verify(found).sound and content(copy) == before, place
        assert left == -9 or not list(folder.glob(".*.part")), place
        return left != 0
    if verb == "migration":
        again = worker(folder, *WORDS[verb].split())
        assert again.wait(PATIENCE) == 0, (place, again.communicate())
        with open_store(str(path)) as store, closing(connect(path)) as raw:
            assert raw.execute("PRAGMA user_version").fetchone() == (SCHEMA,)
            assert not verify(store).faulty, place
        return left != 0
    after = content(path)
    assert after[: len(before)] == before, place
    if left == 74 and "CH062" not in said[1] and verb != "tick":
        assert after == before, (place, said)
    if left == 0 and verb not in ("inbox", "tick"):
        assert len(after) > len(before), (place, said)
    done = worker(folder, "work", "--once") if verb == "tick" else worker(folder, *WORDS[verb].split())
    told = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0, (place, told)
    with open_store(str(path)) as store:
        assert verify(store).sound, place
    if "--key" in WORDS[verb]:
        now = content(path)
        again = worker(folder, *WORDS[verb].split())
        assert again.wait(PATIENCE) == 0 and content(path) == now, place
        assert after == before or now == after, place  # once
    return left != 0


@pytest.mark.parametrize("verb", WORDS)
def test_whatever_is_struck_nothing_that_was_answered_is_lost_and_nothing_is_done_twice(
    verb: str, whole: Path, tmp_path: Path
) -> None:
    shim = built(tmp_path)

    def box(number: int) -> Path:
        folder = tmp_path / f"box{number}"
        shutil.copytree(whole, folder)
        if verb == "migration":
            old = lzma.decompress((TRAILS / "entered_late-3aaf7fb.db.xz").read_bytes())
            (folder / "a.db").write_bytes(old)
        return folder

    def strike(number: int, blow: tuple[int, int], at: int) -> bool:
        folder = box(number)
        try:
            return struck(folder, verb, shim, blow, at)
        finally:
            shutil.rmtree(folder)

    last = operations(box(0), verb, shim)
    assert last > 0
    places = [(blow, at) for blow in BLOWS for at in range(1, last + 1)]
    # Else one that fails and one that kills, anywhere between the first operation and the last.
    rng = Random(verb)
    failing = [place for place in places if place[0][1]]
    killing = [place for place in places if not place[0][1]]
    chosen = places if TIMES > 1 else [rng.choice(failing), rng.choice(killing)]
    hits = [strike(number, blow, at) for number, (blow, at) in enumerate(chosen, 1)]
    assert any(hits) or TIMES == 1
