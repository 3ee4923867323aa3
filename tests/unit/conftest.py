"""Places that tests of one kind share: a folder with the files of a golden folder, a database with people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.leave import welcome

from charter.runtime.store import Store, open_store


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
    with open_store(str(path)) as opened:
        welcome(opened)
        yield opened
