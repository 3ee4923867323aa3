"""`charter clauses`: what files make of the rule books that they name, as their authors see it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from charter.engine.carriers import carriers
from charter.runtime.author.exercised import products_of
from charter.runtime.author.rulebooks import survey
from charter.runtime.author.texts import compile_file, find_files
from charter.runtime.cli.main import VERBS, run

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/clauses"
PROCESS = """catalogue book "Book" from "book.tsv"
process p "P"
  role clerk
  activity work "Work"
    source H-1
    role clerk
    checklist
      done "Done"
        source H-2
  activity again "Again"
    source H-3
    role clerk
    after work
  kpi number "Number"
    formula count(cases)
    source H-4

scenario "fails"
  case p
  li is clerk
  li confirms done of work
  li does work
  li does again
  expect case is open

scenario "passes"
  case p
  li is clerk
  li confirms done of work
  li does work
"""
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
def test_the_page_lists_the_library(
    lang: str, page: str, capsys: pytest.CaptureFixture[str], golden: Callable[[Path, str], None]
) -> None:
    """Between two marks, the page has the figures of `charter coverage` and the processes."""
    assert run(["coverage", str(ROOT / "processes"), "--lang", lang]) == 0
    figures = capsys.readouterr().out.splitlines()[-1]
    heads = {"en": ("process", "title", "elements", "clauses"), "zh": ("流程", "名称", "环节", "条款")}[lang]
    rows = [heads, ("---",) * 4]
    for path in find_files([str(ROOT / "processes")]):
        for d in compile_file(path).definitions:
            clauses = {clause for carrier in carriers(d) for clause in carrier.clauses}
            link = Path((d.place("process") or path).rpartition(":")[0] or path).resolve().relative_to(ROOT)
            row = (f"[`{d.name}`](../{link})", d.title, str(len(d.elements)), str(len(clauses)))
            if clauses and not [r for r in rows if r[0].startswith(f"[`{d.name}`]")]:
                rows.append(row)
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    text = (ROOT / "docs" / page).read_text("utf-8")
    before, _, rest = text.partition("<!-- library -->\n")
    _, _, after = rest.partition("<!-- end of library -->\n")
    block = (
        f"<!-- library -->\n```\n$ charter coverage processes\n…\n{figures}\n```\n\n{table}\n<!-- end of library -->\n"
    )
    golden(ROOT / "docs" / page, before + block + after)


def test_every_element_of_the_service_project_carries_a_clause_and_no_clause_is_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = [compile_file(path) for path in find_files([str(ROOT / "processes")])]
    found = survey(files)
    (book,) = found.books
    assert len(book.clauses) == 748
    assert not [element for definition, element in found.bare if definition.name == "service_project"]
    assert book.carried.keys() == {
        c for file in files for d in file.definitions for carrier in carriers(d) for c in carrier.clauses
    }
    run(["clauses", str(ROOT / "processes"), "--json"])
    told = json.loads(capsys.readouterr().out)["catalogues"][0]["clauses"]
    assert {clause["clause"] for clause in told if clause["carried_out_by"]} == book.carried.keys()


def test_what_charter_itself_carries_out_is_shown_by_tests_that_there_are() -> None:
    products = products_of(survey([compile_file(str(ROOT / "processes/service_desk.charter"))]).books)
    assert products.by_clause and not products.diagnostics
    for product in products.by_clause.values():
        file, _, name = product.test.partition("::")
        assert f"\ndef {name}(" in (ROOT / file).read_text("utf-8")
        for command in product.command.split("; "):
            assert command.removeprefix("charter ").split()[0] in {verb for group in VERBS.values() for verb in group}


@pytest.mark.parametrize(
    ("table", "code", "line"),
    [
        (b"clause\tcommand\nH-5\tcharter kpi\n", "CH241", 1),
        (b"clause\tcommand\ttest\nH-5\tcharter kpi\n", "CH242", 2),
        (b"clause\tcommand\ttest\n\nH-7\tcharter kpi\ttests/x.py::y\n", "CH245", 3),
        (b"clause\tcommand\ttest\nH-5\ta\tb\nH-5\ta\tb\n", "CH244", 3),
        (b"\xff", "CH101", 1),
    ],
)
def test_a_table_of_what_charter_carries_out_is_told_its_mistakes(
    table: bytes, code: str, line: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "book.tsv").write_text("id\ttext\n" + "".join(f"H-{n}\tclause {n}\n" for n in range(1, 7)), "utf-8")
    (tmp_path / "book.product.tsv").write_bytes(table)
    (tmp_path / "p.charter").write_text(PROCESS, "utf-8")
    assert run(["coverage", str(tmp_path), "--json"]) == 1
    [told] = json.loads(capsys.readouterr().out)["diagnostics"]
    assert (told["code"], told["line"], Path(told["file"]).name) == (code, line, "book.product.tsv")


def test_a_clause_is_exercised_only_by_a_scenario_that_passes_and_reaches_what_carries_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "book.tsv").write_text("id\ttext\n" + "".join(f"H-{n}\tclause {n}\n" for n in range(1, 7)), "utf-8")
    (tmp_path / "book.product.tsv").write_text("clause\tcommand\ttest\nH-5\tcharter kpi\ttests/x.py::y\n", "utf-8")
    (tmp_path / "p.charter").write_text(PROCESS, "utf-8")
    assert run(["coverage", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {c["clause"]: c["state"] for c in told["catalogues"][0]["clauses"]} == {
        "H-1": "exercised",
        "H-2": "attested",
        "H-3": "carried",
        "H-4": "carried",
        "H-5": "product",
        "H-6": "open",
    }
    assert told["not_passed"] == ["fails"]
    assert {k: told[k] for k in ("clauses", "carried", "attested", "exercised", "product")} == {
        "clauses": 6,
        "carried": 4,
        "attested": 1,
        "exercised": 2,
        "product": 1,
    }
