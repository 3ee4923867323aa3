"""Places that tests of one kind share: a folder of files, a database with people, a desk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.desk import Desk
from tests.founded import founded
from tests.leave import welcome
from tests.office import Office

from charter.runtime.store import Store, create_store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives a folder with the files of the module's golden folder, and stands in it."""
    shutil.copytree(request.module.GOLDEN / "files", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """Gives a new database with the people of `tests.leave`."""
    with founded(path) as opened:
        welcome(opened)
        yield opened


@pytest.fixture(params=["en", "zh"])
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Gives a desk in a folder with the shipped processes, in Shanghai, once in each language."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "processes").symlink_to(ROOT / "processes")
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    with create_store(str(tmp_path / "charter.db")) as store:
        yield Desk(store, request.param)
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Gives an office in a database of its own."""
    with founded(tmp_path / "a.db") as store:
        yield Office(store)
