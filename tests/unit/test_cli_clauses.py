"""`charter clauses`: what files make of the rule books that they name, as their authors see it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from charter.engine.carriers import carriers
from charter.runtime.author.rulebooks import survey
from charter.runtime.author.texts import compile_file, find_files
from charter.runtime.cli.main import run

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/clauses"
LINES = (
    "clauses",
    "clauses leave.charter shared.charter --without-element",
    "clauses --section 归档 --lang zh",
    "clauses leave.charter --section H-2 --json",
    "clauses wrong.charter leave.charter",
    "clauses wrong.charter --json",
    "clauses bare.charter",
    "clauses bare.charter --json",
    "clauses nowhere",
)


def test_transcript(folder: Path, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]) -> None:
    parts = []
    for line in LINES:
        if "wrong" in line:  # not from the beginning: the first lines read the whole folder
            wrong = (folder / "leave.charter").read_text("utf-8").replace("H-2.2", "H-2.3")
            (folder / "wrong.charter").write_text(wrong, "utf-8")
            (folder / "bare.charter").write_text("process p\n  role clerk\n  activity work\n    role clerk\n")
        code = run(shlex.split(line))
        said = capsys.readouterr()
        parts.append(f"$ charter {line}\n{said.out}{said.err}[{code}]\n")
    golden(GOLDEN / "clauses.txt", "\n".join(parts))


@pytest.mark.parametrize(("lang", "page"), [("en", "traceability.md"), ("zh", "traceability.zh.md")])
def test_the_page_shows_the_figures_of_the_command(lang: str, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["clauses", str(ROOT / "processes"), "--lang", lang]) == 0
    assert f"\n{capsys.readouterr().out.splitlines()[0]}\n" in (ROOT / "docs" / page).read_text("utf-8")


def test_every_element_of_the_service_project_carries_a_clause_and_no_clause_is_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = survey(map(compile_file, find_files([str(ROOT / "processes")])))
    (book,) = found.books
    assert len(book.clauses) == 748
    assert not [element for definition, element in found.bare if definition.name == "service_project"]
    files = [compile_file(str(ROOT / f"processes/{name}.charter")) for name in ("service_project", "service_desk")]
    assert book.carried.keys() == {
        c for file in files for carrier in carriers(file.definitions[0]) for c in carrier.clauses
    }
    run(["clauses", str(ROOT / "processes"), "--json"])
    told = json.loads(capsys.readouterr().out)["catalogues"][0]["clauses"]
    assert {clause["clause"] for clause in told if clause["carried_out_by"]} == book.carried.keys()
