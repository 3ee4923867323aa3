"""What `docs/language.md` says, said in the language: processes under `language/`, each held to its scenarios.

A sentence of the reference that could be read in two ways has a scenario here that only one reading passes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from charter.dsl.passes import compile
from charter.runtime.author.scenarios import play

# What may come of the data: `test_foreseen.py` holds a file to that.
FORESEEN = frozenset({"CH441", "CH442", "CH443", "CH444"})
FILES = sorted((Path(__file__).parent / "language").glob("*.charter"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_means_what_is_written(file: Path) -> None:
    compiled = compile(file.as_posix(), file.read_bytes())
    assert [d for d in compiled.diagnostics if d.code not in FORESEEN] == []
    assert compiled.scenarios
    assert [f for s in compiled.scenarios if (f := play(s, compiled.definitions).failure) is not None] == []
