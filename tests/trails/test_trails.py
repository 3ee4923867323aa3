"""Databases of earlier builds: whatever changes, their untouched trails are never called unsound.

Each `STORY-COMMIT.db.xz` was written by the build of that commit (`make_trail.py`); `expected.json` is what `audit
verify` says of it today, once the database has been brought up to date. A difference there is a change of how old
trails are read: what was judged under a law is given up only by raising the law's number (CONTRIBUTING.md).
"""

from __future__ import annotations

import json
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charter.runtime.audit.verify import Verification, verify
from charter.runtime.author.files import Files
from charter.runtime.host.cases import Cases
from charter.runtime.store import open_store

HERE = Path(__file__).parent
TRAILS = sorted(path.name.removesuffix(".db.xz") for path in HERE.glob("*.db.xz"))


def unpacked(name: str, folder: Path) -> str:
    """Lays a trail and the files it names in a folder, and gives the database's path."""
    path = folder / "charter.db"
    path.write_bytes(lzma.decompress((HERE / f"{name}.db.xz").read_bytes()))
    if (files := HERE / f"{name}.files.tar.xz").exists():
        with tarfile.open(files) as archive:  # ours: `make_trail.py` wrote it
            archive.extractall(folder / "charter-files")
    return str(path)


def told(found: Verification, numbers: dict[str, int]) -> dict[str, Any]:
    """Gives what is expected of a trail: cases by their number, the entry and the law where one was not judged."""
    return {
        "cases": found.cases,
        "entries": found.entries,
        "not judged": [
            f"{f'case {numbers[u.case]}' if u.case in numbers else u.case}, entry {u.seq}, law {u.rules.law}"
            for u in found.truth.unjudged
        ],
    }


def test_the_trails_of_earlier_builds_are_never_called_unsound(
    tmp_path: Path, golden: Callable[[Path, str], None]
) -> None:
    said = {}
    for name in TRAILS:
        folder = tmp_path / name
        folder.mkdir()
        with open_store(unpacked(name, folder)) as store:
            found = verify(store, files=Files(folder))
            assert not found.faulty, (name, found.verdicts)
            with store.read() as connection:
                numbers = dict(connection.exec_driver_sql("SELECT id, number FROM cases").fetchall())
        said[name] = told(found, numbers)
    golden(HERE / "expected.json", json.dumps(said, indent=1) + "\n")


@pytest.mark.parametrize("name", TRAILS)
def test_the_cases_of_earlier_builds_go_on_and_the_trail_says_under_what(name: str, tmp_path: Path) -> None:
    with open_store(unpacked(name, tmp_path)) as store:
        host = Cases(store)
        with store.read() as connection:
            cases = [row[0] for row in connection.exec_driver_sql("SELECT id FROM cases").fetchall()]
        before = verify(store)
        for case in cases:
            host.perform(case, person="li", verb="comment", text="still here")
        host.tick()
        after = verify(store)
        assert not after.faulty, after.verdicts
        # What follows is judged: nothing is left unjudged but what was so before.
        assert {u.case for u in after.truth.unjudged} == {u.case for u in before.truth.unjudged}
