"""What the engine does, said in the language: the files beside this one check, and each of their scenarios passes.

For what random histories reach too seldom and one can say as a story. Each scenario was seen to fail with the line of
the engine broken that it is for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from charter.dsl.passes import Compiled, compile
from charter.runtime.scenarios import play

FILES = sorted(Path(__file__).parent.glob("*.charter"))
UNUSED = "CH407"  # an output that nobody uses: these files keep only what a scenario needs
COMPILED: dict[str, Compiled] = {path.name: compile(path.name, path.read_bytes()) for path in FILES}


@pytest.mark.parametrize("name", COMPILED)
def test_a_file_checks(name: str) -> None:
    assert {d.code for d in COMPILED[name].diagnostics} <= {UNUSED}


@pytest.mark.parametrize(
    ("name", "index"),
    [pytest.param(name, i, id=s.title) for name, found in COMPILED.items() for i, s in enumerate(found.scenarios)],
)
def test_a_scenario_passes(name: str, index: int) -> None:
    assert play(COMPILED[name].scenarios[index], COMPILED[name].definitions).failure is None
