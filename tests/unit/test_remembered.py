"""What was proved is remembered, for the process as it is and the prover as it is, and for nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.unit.test_cli_prove import LISTS, SOUND, STANDS
from tests.written import process

from charter.runtime.author import remembered
from charter.runtime.author.proof import Prover


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Lists the processes that are played, with a folder of one's own to remember them in."""
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "cache"))
    names: list[str] = []
    prove = Prover.prove
    monkeypatch.setattr(Prover, "prove", lambda self, one, *more: names.append(one.name) or prove(self, one, *more))
    return names


def unproved(desk: Desk, path: Path, text: str) -> int:
    path.write_text(text, "utf-8")
    return int(json.loads(desk.type(f"charter check {path.name} --json"))["summary"]["unproved"])


def test_what_is_proved_is_not_played_again_until_it_is_another(desk: Desk, tmp_path: Path, played: list[str]) -> None:
    path = tmp_path / "p.charter"
    other = SOUND.replace("ok boolean", "ok boolean\n    why text")
    for text, times in ((SOUND, 1), (SOUND, 1), (f"# a remark\n{SOUND}", 1), (other, 2)):
        assert unproved(desk, path, text) == 0
        assert len(played) == times


def test_what_is_not_proved_is_told_again(desk: Desk, tmp_path: Path, played: list[str]) -> None:
    path = tmp_path / "p.charter"
    path.write_text(STANDS, "utf-8")
    first = desk.type("charter check p.charter")
    assert "CH441" in first and desk.type("charter check p.charter") == first
    assert len(played) == 2
    assert [unproved(desk, path, LISTS) for _ in range(2)] == [1, 1]
    assert len(played) == 3
    assert "`exits`" in desk.type("charter check p.charter --lang en")


def test_what_takes_longer_is_proved_once(
    desk: Desk, tmp_path: Path, played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("charter.runtime.author.foreseen.SECONDS", 1e-9)
    path = tmp_path / "p.charter"
    assert [unproved(desk, path, SOUND) for _ in range(2)] == [1, 1]
    desk.type("charter prove p.charter")
    assert len(played) == 3
    assert unproved(desk, path, SOUND) == 0
    assert len(played) == 3


@pytest.mark.parametrize("prover", ["another", ""])
def test_another_prover_remembers_nothing(
    desk: Desk, tmp_path: Path, played: list[str], monkeypatch: pytest.MonkeyPatch, prover: str
) -> None:
    unproved(desk, tmp_path / "p.charter", SOUND)
    monkeypatch.setattr(remembered, "_prover", lambda: prover)
    unproved(desk, tmp_path / "p.charter", SOUND)
    assert len(played) == 2


def test_a_folder_that_cannot_be_written_is_no_fault(
    desk: Desk, tmp_path: Path, played: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (os.devnull, "not/absolute"):
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
            monkeypatch.setenv(name, folder)
        for name in ("HOME", "USERPROFILE"):
            monkeypatch.setenv(name, os.devnull)
        assert unproved(desk, tmp_path / "p.charter", SOUND) == 0
    assert len(played) == 2


def test_the_oldest_go_when_there_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, played: list[str]) -> None:
    monkeypatch.setattr(remembered, "MOST", 4)
    definitions = [process(SOUND.replace("exits", f"p{number}")) for number in range(6)]
    for number, definition in enumerate(definitions):
        remembered.keep(definition, "proved")
        place = remembered._place(definition)
        if place is not None and (file := place.with_suffix(".proved")).exists():
            os.utime(file, (number, number))
    assert [remembered.recall(one) for one in definitions] == [None, None, "proved", "proved", "proved", "proved"]
