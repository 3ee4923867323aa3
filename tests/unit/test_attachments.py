"""Attached files: judged before they are kept, bounded, durable with their names; what is refused leaves none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from tests.founded import founded
from tests.written import process

from charter.engine.values import encode
from charter.runtime.audit.attachments import collect, orphans
from charter.runtime.author import handed
from charter.runtime.author.handed import FileNotReadable
from charter.runtime.cli.context import Context
from charter.runtime.cli.main import run
from charter.runtime.cli.messages import Messages
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store

PAPERS = process("""
process papers
  role clerk
  role boss
  record note
    text text
    scan file optional
  activity write
    role clerk
    output note
  activity check
    role boss
    checklist
      seen "seen" evidence file
  approval decide of note
    by boss
""")


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Store, Cases, str]]:
    with founded(folder / "a.db") as store:
        People(store, by="root").load([{"id": "li", "roles": ["clerk"]}, {"id": "wang", "roles": ["boss"]}])
        host = Cases(store)
        host.deploy(PAPERS, by="root")
        yield store, host, host.start("papers", person="li").case


def there(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "charter-files").rglob("*") if path.is_file())


VERBS = st.sampled_from(
    [
        ("attach", {}),
        ("attach", {"node": "write"}),
        ("attach", {"node": "nothing"}),
        ("complete", {"node": "write", "records": "note"}),
        ("complete", {"node": "write", "records": "nothing"}),
        ("confirm", {"node": "check", "check": "seen"}),
        ("confirm", {"node": "check", "check": "unseen"}),
        ("amend", {"record": "note", "reason": "r"}),
        ("comment", {"text": "x"}),
    ]
)
NUMBER = count()


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(VERBS, st.sampled_from(["li", "wang", "ghost"])), max_size=8))
def test_what_is_kept_is_what_the_trail_names(
    tmp_path: Path, asked: list[tuple[tuple[str, dict[str, str]], str]]
) -> None:
    """Whoever asks for whatever: a refused command leaves no file, an allowed one leaves all of its own."""
    folder = tmp_path / str(next(NUMBER))
    folder.mkdir()
    with opened(folder) as (store, host, case):
        for number, ((verb, fields), person) in enumerate(asked):
            paper = folder / "paper.txt"
            paper.write_text(f"content {number}")
            before = there(folder)
            file = encode(host.files.ingest(paper))
            given_: dict[str, object] = dict(fields)
            if verb == "attach":
                given_["file"] = file
            elif "records" in fields:
                given_["records"] = {fields["records"]: {"text": "t", "scan": file}}
            elif verb == "confirm":
                given_["evidence"] = file
            elif verb == "amend":
                given_["value"] = {"text": "t", "scan": file}
            done = host.perform(case, person=person, verb=verb, **given_)  # type: ignore[arg-type]
            host.files.discard()
            kept = done.refusal is None and verb != "comment"
            assert len(there(folder)) == len(before) + kept
        with store.read() as connection:
            assert orphans(connection, host.files) == []


def test_a_stranger_s_refused_command_line_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with opened(tmp_path):
        pass
    (tmp_path / "big").write_bytes(b"x" * 100_000)
    for line in (
        ["attach", "1", "big", "--as", "ghost"],
        ["complete", "1", "write", "--set", "text=a", "--set", "scan=big", "--as", "wang"],
        ["complete", "1", "write", "--set", "txt=a", "--set", "scan=big", "--as", "li"],
        ["complete", "1", "write", "--set", "scan=big", "--set", "scan=big", "--as", "li"],
        ["confirm", "1", "check", "--check", "seen=big", "--as", "li"],
    ):
        assert run([*line, "--db", str(tmp_path / "a.db")], Context(Messages("en")))
        assert there(tmp_path) == [], line
    assert run(["attach", "1", "big", "--as", "li", "--db", str(tmp_path / "a.db")], Context(Messages("en"))) == 0
    assert [path.stat().st_mode & 0o777 for path in there(tmp_path)] == [0o400]


def test_what_is_no_plain_file_of_its_own_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARTER_LARGEST_FILE", "1")
    with opened(tmp_path) as (_, host, _):
        (tmp_path / "target").write_text("x")
        (tmp_path / "link").symlink_to("target")
        os.mkfifo(tmp_path / "pipe")
        with (tmp_path / "sparse").open("wb") as sparse:
            sparse.truncate(1 << 40)
        (tmp_path / "just").write_bytes(b"x" * (1 << 20))
        for name, told in (
            (tmp_path / "link", "link"),
            (tmp_path / "pipe", "special"),
            (tmp_path / "sparse", "too_large"),
            (tmp_path / "none", "absent"),
            (tmp_path, "special"),
            (tmp_path / "a.db", "own"),
            (tmp_path / "a.db-wal", "own"),
            (Path("/dev/zero"), "special"),
            *([(Path("/proc/self/environ"), "unsteady")] if Path("/proc/self/environ").exists() else []),
        ):
            with pytest.raises(FileNotReadable) as caught:
                host.files.ingest(name)
            assert caught.value.arguments["told"] == told, name
        assert host.files.ingest(tmp_path / "just").size == 1 << 20
        host.files.discard()
        assert there(tmp_path) == []


def test_every_name_on_the_way_to_a_file_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path) as (_, host, case):
        paper = tmp_path / "paper.txt"
        paper.write_text("content")
        for _ in range(2):  # the second time all is there already, and nobody knows whether it was synced
            synced: list[os.stat_result] = []

            def noted(handle: int, synced: list[os.stat_result] = synced) -> None:
                synced.append(os.fstat(handle))

            file = host.files.ingest(paper)
            monkeypatch.setattr(handed.os, "fsync", noted)
            host.perform(case, person="li", verb="attach", file=encode(file))
            monkeypatch.undo()
            place = host.files.path(file.sha256)
            for folder in (place.parent, place.parent.parent, tmp_path):
                assert any(os.path.samestat(folder.stat(), each) for each in synced), folder


def test_doctor_names_what_no_entry_names_and_collects_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with opened(tmp_path) as (store, host, case):
        paper = tmp_path / "paper.txt"
        paper.write_text("content")
        file = host.files.ingest(paper)
        host.perform(case, person="li", verb="attach", file=encode(file))
        stray = host.files.folder / "ab" / f"ab{'0' * 62}"
        stray.parent.mkdir(exist_ok=True)
        stray.write_text("left by a command whose transaction was not committed")

        def doctor(*more: str) -> tuple[str, str]:
            run(["doctor", "--json", "--db", str(tmp_path / "a.db"), *more], Context(Messages("en")))
            [found] = [each for each in json.loads(capsys.readouterr().out) if each["check"] == "files"]
            return found["level"], found["value"]

        assert doctor() == ("warn", "1 file that no entry names: ab0000000000")
        assert doctor("--collect") == ("ok", "1 file removed that no entry named: ab0000000000")
        assert doctor() == ("ok", "1 file stored, each at most 100 MiB")
        assert host.files.condition(file.sha256) == "kept"
        with store.write() as connection:
            assert collect(connection, host.files) == []
