"""`charter register NAME --import FILE`: in batches, gone on with where it stopped, and once only."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded

from charter.runtime.audit.verify import verify
from charter.runtime.host import registers

TEXT = """register things key name
  name text
  size integer where size > 0
process p
  role clerk
  record thing
    name text
    size integer
  activity file
    role   clerk
    output thing
    files  thing into things
"""


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_batches_come_to_what_one_would(batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the rows are divided: each change is a version, a row that is there is none, and the trail is whole."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registers, "BATCH", batch)
    monkeypatch.setattr(registers, "_AT_ONCE", 2)
    Path("a.charter").write_text(TEXT, "utf-8")
    with founded(tmp_path / "a.db", "root") as store:
        desk = Desk(store, "en")
        desk.reader = "root"
        desk.type("charter deploy a.charter --as root")
        rows = [f"t{n},{n + 1}" for n in range(5)]
        for number, (lines, new) in enumerate(
            ((rows[:3], 3), (rows, 2), (rows, 0), (["t1,70", *rows[2:], "t9,1"], 2), ([], 0))
        ):
            Path(f"{number}.csv").write_text("\n".join(("name,size", *lines)) + "\n", "utf-8")
            said = desk.type(f"charter register things --import {number}.csv --as root --json")
            assert desk.code == 0 and json.loads(said)["new_versions"] == new, said
        Path("bad.csv").write_text("name,size\nx,1\ny,0\n", "utf-8")
        desk.type("charter register things --import bad.csv --as root")
        assert desk.code == 1
        found = json.loads(desk.type("charter register things --json --as root"))
        assert [(one["key"], one["entry_version"]) for one in found] == [
            *((f"t{n}", 2 if n == 1 else 1) for n in range(5)),
            ("t9", 1),
        ]
        assert verify(store).sound  # the rows are what the trail leads to
        desk.type("charter register things --import 0.csv --as nobody")
        assert desk.code == 3
