"""What every test relies on: the same environment whoever runs it and where, and one option for all golden files.

`pytest --regen` writes what is produced now; read the diff before committing it. A test that is about a variable below
sets it itself. Encoding and zone stay as they are: no test may depend on them, and `.ci/run` plays all of them in a
Chinese locale and another zone. Folders made for a test have a blank in their path, here as there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

if "LC_ALL" in os.environ:
    os.environ["LC_CTYPE"] = os.environ.pop("LC_ALL")  # without it LC_MESSAGES would say nothing
os.environ.update(LC_MESSAGES="C", COLUMNS="100", TERM="xterm")
os.environ.update(dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA"), os.devnull))  # what one test proves, no other knows
for name in ("CHARTER_DB", "CHARTER_PERSON", "CHARTER_DEBUG", "CHARTER_KEY", "NO_COLOR"):
    os.environ.pop(name, None)

blank = Path(tempfile.gettempdir()) / f"charter tests of {os.getuid()}"
blank.mkdir(exist_ok=True)
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(blank))

# Times are measured in benchmarks/, never asserted: a slow machine must not fail a property.
# One commit gives one answer: what a property draws depends on its text alone. `make hunt` draws at random.
settings.register_profile("hunt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("charter", settings.get_profile("hunt"), derandomize=True, database=None)
settings.load_profile("charter")


SERVER = bool(os.environ.get("CHARTER_TEST_DB"))  # databases of tests are on a server, tests/on_postgresql.py
if SERVER:
    from tests import on_postgresql

    on_postgresql.use()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--regen", action="store_true", help="write golden files anew instead of comparing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if SERVER:
        on_postgresql.leave_out(items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if SERVER and not hasattr(session.config, "workerinput"):
        on_postgresql.sweep()


@pytest.fixture
def links() -> None:
    """Skips a test that follows the symbolic links of a checkout where a copy has none."""
    if not (Path(__file__).resolve().parents[1] / "docs" / "diagnostics").is_dir():
        pytest.skip("this copy has no symbolic links: git config core.symlinks true && git checkout -- .")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares text with a golden file, or writes it when asked to."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--regen"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: run pytest --regen and read it"
        assert text == path.read_text(encoding="utf-8")

    return compare
