"""Every scenario of the repository on every host: the same entries, whoever keeps the cases.

What an effect means is said once, in `engine.hosting`; this holds each host to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from charter.dsl.passes import Compiled
from charter.runtime.audit.verify import verify
from charter.runtime.author.scenarios import play
from charter.runtime.author.texts import compile_file
from charter.runtime.host.memory import World
from tests.stages import SqlStage, told

ROOT = Path(__file__).resolve().parents[2]


@cache
def compiled(file: str) -> Compiled:
    return compile_file(file)


# Whatever tells a story: what ships, the examples, the reference's sentences, the hosts' own.
FOLDERS = ("processes", "tests/conformance", "tests/golden/cli_author/files")


def stories() -> list[tuple[str, int, str]]:
    files = sorted(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.charter"))
    found = [(str(file.relative_to(ROOT)), compiled(str(file))) for file in files]
    return [(name, index, s.title) for name, c in found for index, s in enumerate(c.scenarios)]


@pytest.mark.parametrize(("file", "index", "title"), stories())
def test_a_scenario_leaves_the_same_entries_on_every_host(file: str, index: int, title: str) -> None:
    found = compiled(str(ROOT / file))
    stages: list[Any] = []

    def set_up(make: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: stages.append(make(*given)) or stages[-1]

    failures = [play(found.scenarios[index], found.definitions, set_up(make)).failure for make in (World, SqlStage)]
    memory, database = map(told, stages)
    assert len(database) == len(memory)
    # What the rows of the database say follows from its entries.
    verified = verify(stages[1].store)
    stages[1].close()
    assert not verified.faulty, verified.verdicts
    for one, other in zip(memory, database, strict=True):
        assert other == one
    assert failures[0] == failures[1]
