"""What `charter check` foresees in the files of the reference: nothing, but what a file plays on purpose.

Such a process has a line `#: says CODE` right above it. That a case there stands still is what its scenarios are about.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from charter.runtime.author import foreseen
from charter.runtime.author.foreseen import foresee
from charter.runtime.author.texts import compile_file

FILES = sorted((Path(__file__).parent / "language").glob("*.charter"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_reference_does_not_stand_still_but_where_it_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = path.read_bytes()
    said = re.findall(r"^#: says (\w+)\n(?:process|流程) (\w+)", data.decode(), re.MULTILINE)
    if said:  # what is there is found, however busy the machine
        monkeypatch.setattr(foreseen, "SECONDS", 10.0)
    compiled = compile_file(path.as_posix(), data)
    found = foresee(path.as_posix(), data, compiled, lambda name, _: name).beside(compiled.diagnostics)
    assert sorted((d.code, str(d.arguments["process"])) for d in found) == sorted(said)
