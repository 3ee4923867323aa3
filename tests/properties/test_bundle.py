"""A bundle is judged by Python alone; whatever is changed in it is found, and where."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from random import Random
from typing import Any

import pytest

from charter.engine.entries import KINDS
from charter.runtime.audit import bundle, sealing
from charter.runtime.audit.log import Origin
from charter.runtime.audit.notes import Checkpoint, Key
from charter.runtime.audit.outside import formats, judging
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from tests.founded import founded
from tests.leave import HELLO, LEAVE, PEOPLE

Bundle: Any = judging.Bundle
# what explains and judges, and so cannot judge itself
APART = {"verify.py", "README.md", "README.zh.md"}
# where a change is told that shows in what it is compared with
PLACES = {"words.json": {"words.json", "entries.html"}, "checkpoint.txt": {"checkpoint.txt", "checkpoints.jsonl"}}
TRIALS = 10  # of each change, in each bundle


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bundles of one trail, `whole` and `part`, and the public key in `given`."""
    folder = tmp_path_factory.mktemp("bundles")
    with founded(folder / "a.db") as store:
        People(store, by="root").load([{"id": p, "roles": list(r)} for p, r in PEOPLE.items()])
        cases = Cases(store)
        cases.deploy(LEAVE, by="root", texts={"leave.charter": "process leave"})
        assert isinstance(sealing.set_key(store, "root", at=cases.now(), origin=Origin("test")), Key)
        for _ in range(3):
            case = cases.start("leave", person="li").case
            cases.perform(case, person="li", verb="complete", node="ask", records=HELLO)
            sealing.seal(store)
        assert isinstance(sealing.set_key(store, "root", at=cases.now(), origin=Origin("test")), Key)
        cases.perform(case, person="wang", verb="approve", node="decide")
        checkpoint = sealing.seal(store)
        assert checkpoint is not None
        words = {f"kind.{kind}": kind.upper() for kind in KINDS} | {"at": "time"}
        with store.read() as connection:
            key = sealing.in_force(connection)
            assert key is not None
            for name, among in (("whole", None), ("part", {case})):
                bundle.write(
                    folder / name, connection, checkpoint, key, cases=among, seen=lambda sealed: sealed, words=words
                )
    (folder / "given").write_text(key.text())
    return folder


def judged(folder: Path, made: Path) -> list[tuple[str, str, int, str]]:
    one = Bundle(folder)
    one.judge((made / "given").read_text())
    found: list[tuple[str, str, int, str]] = one.found
    return found


@pytest.mark.parametrize("name", ["whole", "part"])
def test_a_bundle_is_checked_by_a_bare_python(made: Path, name: str) -> None:
    key = (made / "given").read_text()
    command = [sys.executable, "-I", "-S", str(made / name / "verify.py"), "--key", key]
    done = subprocess.run(command, capture_output=True, text=True, env={}, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("integrity: sound\ncompleteness: sound\ntruth: not judged here")
    zh = subprocess.run([*command, "--lang", "zh"], capture_output=True, text=True, env={"PYTHONUTF8": "1"})
    assert "完整: 通过" in zh.stdout
    (made / name / "entries.jsonl").read_bytes().decode()
    other = subprocess.run([*command[:-1], key.replace("+A", "+B")], capture_output=True, text=True, env={})
    assert other.returncode == 1 and "NOT SOUND" in other.stdout


def flip_a_bit(path: Path, draw: Random) -> None:
    held = bytearray(path.read_bytes())
    held[draw.randrange(len(held))] ^= 1 << draw.randrange(8)
    path.write_bytes(held)


def drop_a_byte(path: Path, draw: Random) -> None:
    held = bytearray(path.read_bytes())
    del held[draw.randrange(len(held))]
    path.write_bytes(held)


def add_a_byte(path: Path, draw: Random) -> None:
    held = bytearray(path.read_bytes())
    held.insert(draw.randrange(len(held) + 1), draw.choice(b" \n0aA\x00\xff"))
    path.write_bytes(held)


def _lines(change: Callable[[list[bytes], Random], object]) -> Callable[[Path, Random], None]:
    def changed(path: Path, draw: Random) -> None:
        lines = path.read_bytes().splitlines(keepends=True)
        change(lines, draw)
        path.write_bytes(b"".join(lines))

    changed.__name__ = change.__name__
    return changed


def drop_a_line(lines: list[bytes], draw: Random) -> None:
    del lines[draw.randrange(len(lines))]


def repeat_a_line(lines: list[bytes], draw: Random) -> None:
    at = draw.randrange(len(lines))
    lines.insert(draw.randrange(len(lines) + 1), lines[at])


def swap_lines(lines: list[bytes], draw: Random) -> None:
    one, two = draw.randrange(len(lines)), draw.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]


def cut(path: Path, draw: Random) -> None:
    held = path.read_bytes()
    path.write_bytes(held[: draw.randrange(len(held))])


def remove(path: Path, _: Random) -> None:
    path.unlink()


CHANGES = (flip_a_bit, drop_a_byte, add_a_byte, *map(_lines, (drop_a_line, repeat_a_line, swap_lines)), cut, remove)


@pytest.mark.parametrize("name", ["whole", "part"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_is_changed_is_found_and_where(
    made: Path, tmp_path: Path, name: str, change: Callable[[Path, Random], None]
) -> None:
    assert judged(made / name, made) == []
    files = sorted(p.relative_to(made / name) for p in (made / name).rglob("*") if p.is_file() and p.name not in APART)
    for seed in range(TRIALS + len(files) % 7):
        draw = Random(seed)
        file = files[seed % len(files)] if seed < len(files) else draw.choice(files)
        shutil.copytree(made / name, tmp_path / "b", dirs_exist_ok=True)
        before = (tmp_path / "b" / file).read_bytes()
        change(tmp_path / "b" / file, draw)
        after = (tmp_path / "b" / file).read_bytes() if (tmp_path / "b" / file).exists() else None
        found = judged(tmp_path / "b", made)
        if after == before:
            assert found == []
        else:
            named = {place for _, place, _, _ in found}
            assert named & PLACES.get(str(file), {str(file), "entries.jsonl"}), (seed, file, found)
        shutil.rmtree(tmp_path / "b")


def consistently(folder: Path, line: int, change: Callable[[bytes], bytes]) -> None:
    """Changes an entry, its leaf and the readable copy, as who can write all of it would."""
    lines = (folder / "entries.jsonl").read_bytes().split(b"\n")
    lines[line] = change(lines[line])
    (folder / "entries.jsonl").write_bytes(b"\n".join(lines))
    leaves = (folder / "leaves.txt").read_text().split("\n")
    hash_of: Any = formats.leaf_hash
    leaves[line] = f"{leaves[line].split()[0]} {hash_of(lines[line]).hex()}"
    (folder / "leaves.txt").write_text("\n".join(leaves))
    one = Bundle(folder)
    one.take_entries()
    page: Any = judging.page
    (folder / "entries.html").write_text(page(one), encoding="utf-8")


@pytest.mark.parametrize("name", ["whole", "part"])
def test_a_change_that_is_made_everywhere_is_found_by_what_was_signed(made: Path, tmp_path: Path, name: str) -> None:
    count = (made / name / "entries.jsonl").read_bytes().count(b"\n")
    for line in range(count):
        shutil.copytree(made / name, tmp_path / "b")
        consistently(tmp_path / "b", line, lambda body: body.replace(b'"host":"', b'"host":"x'))
        found = judged(tmp_path / "b", made)
        places = [at for _, file, at, _ in found if file == "entries.jsonl"]
        assert places and min(places) <= line + 1, (line, found)
        shutil.rmtree(tmp_path / "b")


def test_a_stray_file_and_a_checkpoint_kept_elsewhere_are_told(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "part", tmp_path / "p")
    (tmp_path / "p" / "proofs" / "x.tlog-proof").write_text("x")
    (tmp_path / "p" / "processes" / "y.charter").write_text("y")
    assert {file for _, file, _, _ in judged(tmp_path / "p", made)} == {"proofs/x.tlog-proof", "processes/y.charter"}
    notes = [json.loads(line)[1] for line in (made / "whole" / "checkpoints.jsonl").read_text().splitlines()]
    for note in notes:
        one = Bundle(made / "whole")
        one.judge(None, note)
        assert one.found == []
    kept = Checkpoint.read(notes[0])
    other = Checkpoint(kept.origin, kept.size, bytes(32), kept.signatures).note()
    one = Bundle(made / "whole")
    one.judge(None, other)
    assert one.found == [("integrity", "--against", 0, "against")]


def test_the_readable_copy_equals_the_entries_row_for_row(made: Path) -> None:
    entries = [json.loads(line) for line in (made / "whole" / "entries.jsonl").read_text("utf-8").splitlines()]
    page = (made / "whole" / "entries.html").read_text("utf-8")
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in page.split("<tr>")[2:]]
    assert len(rows) == len(entries)
    for entry, row in zip(entries, rows, strict=True):
        told = json.loads(unescape(row[-1]))
        columns: Any = judging.COLUMNS
        shown = {
            name: unescape(cell).split(" ")[0] if name == "kind" else unescape(cell)
            for name, cell in zip(columns, row, strict=False)
        }
        again = {**told, **{name: cell for name, cell in shown.items() if cell}}
        assert again == {name: value for name, value in entry.items() if name not in ("case", "seq")}


def test_the_second_verifier_agrees_on_signatures(made: Path) -> None:
    """Ed25519 in pure Python against that of a library: on good signatures, and on each kind of bad one."""
    checkpoint = Checkpoint.read((made / "whole" / "checkpoint.txt").read_text())
    key = Key.read((made / "given").read_text())
    ((_, held),) = checkpoint.signatures
    signed: Any = formats.signed
    message, signature = checkpoint.text.encode(), held[4:]
    draw = Random(1)
    cases = [(message, signature), (message + b" ", signature), (message, signature[:-1]), (message, bytes(64))]
    for _ in range(40):
        changed = bytearray(signature)
        changed[draw.randrange(64)] ^= 1 << draw.randrange(8)
        cases.append((message, bytes(changed)))
    for text, one in cases:
        assert signed(key.public, text, one) is key.signed(text, one), (text, one)
    assert signed(key.public, message, signature)
