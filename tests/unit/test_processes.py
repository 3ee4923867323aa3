"""The shipped processes hold what they promise: they check, are formatted, their scenarios pass, and the page that
traces them to the regulation says what the file says."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from charter.dsl.passes import Compiled, compile
from charter.engine.definition import Definition
from charter.engine.entries import Entry
from charter.runtime.author.coverage import measure_coverage
from charter.runtime.author.scenarios import Played, play

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "processes"
FILES = sorted(str(p.relative_to(ROOT)) for p in FOLDER.rglob("*.charter"))
CLAUSE = re.compile(r"S\d{3}-[\w.]+-\w+")


@cache
def compiled(path: str) -> Compiled:
    return compile(str(ROOT / path), (ROOT / path).read_bytes(), lambda other: Path(other).read_bytes())


def scenarios() -> list[tuple[str, int, str]]:
    return [(p, i, s.title) for p in FILES for i, s in enumerate(compiled(p).scenarios)]


@pytest.mark.parametrize("path", FILES)
def test_a_shipped_file_checks(path: str) -> None:
    # only what the regulation leaves vague may be open
    assert {d.code for d in compiled(path).diagnostics} <= {"CH408"}


@cache
def played(path: str, index: int) -> Played:
    found = compiled(path)
    return play(found.scenarios[index], found.definitions)


@pytest.mark.parametrize(("path", "index", "title"), scenarios())
def test_a_scenario_passes(path: str, index: int, title: str) -> None:
    assert played(path, index).failure is None


def test_scenarios_reach_every_element_and_outcome() -> None:
    records: dict[str, list[Entry]] = defaultdict(list)
    for path, index, _ in scenarios():
        for process, happened in played(path, index).entries.items():
            records[process].extend(happened)
    definitions = {d.name: d for path in FILES for d in compiled(path).definitions}
    missed = {name: measure_coverage(d, records[name]).missed for name, d in definitions.items()}
    # A table without a gap, as all are that are shipped, never fails.
    tables = {(d.name, e.name) for d in definitions.values() for e in d.elements if e.work and e.work.kind == "decide"}
    left = {
        name: [one for one in found if one[1] != ("failed",) or (name, one[0]) not in tables]
        for name, found in missed.items()
    }
    assert {name: found for name, found in left.items() if found} == {}


def test_the_two_first_examples_are_one_process() -> None:
    english = compiled("processes/examples/leave_request.charter").definitions[0]
    chinese = compiled("processes/examples/请假.charter").definitions[0]
    assert shape(english) == shape(chinese)


def shape(definition: Definition) -> list[tuple[object, ...]]:
    """What a definition is, names and texts aside."""
    return [
        (e.kind, len(e.inputs), len(e.outputs), len(e.after), e.agreement is None, e.within is None)
        for e in definition.elements
    ]


def claims(definition: Definition) -> dict[str, set[str]]:
    """The clauses that a definition says it carries out, each with the names of what does."""
    found: dict[str, set[str]] = defaultdict(set)
    parts = [(definition.name, definition.clauses)]
    for group in (definition.parameters, definition.elements, definition.kpis, definition.records):
        parts += [(part.name, part.clauses) for part in group]
    parts += [(check.name, check.clauses) for e in definition.elements for check in e.checklist]
    parts += [(f"{r.name}.{f.name}", f.clauses) for r in definition.records for f in r.fields]
    for name, clauses in parts:
        for clause in clauses:
            found[clause].add(name)
    return found


@pytest.fixture(params=["traceability.md", "traceability.zh.md"])
def trace(request: pytest.FixtureRequest) -> list[dict[str, str]]:
    """What the page says of clauses: those that are carried out, each with what does, and those that arrive later."""
    parts = (ROOT / "docs" / request.param).read_text("utf-8").split("\n## ")[1:]
    cells = [[line.split(" | ") for line in part.splitlines() if line.startswith("| S")] for part in parts]
    return [{row[0].removeprefix("| "): row[2] for row in table} for table in cells if table]


def test_every_element_says_which_clause_asks_for_it() -> None:
    definition = compiled("processes/service_project.charter").definitions[0]
    assert [e.name for e in definition.elements if not e.clauses] == []
    assert [k.name for k in definition.kpis if not k.clauses] == []


def test_the_trace_is_what_the_file_says(trace: list[dict[str, str]]) -> None:
    """Of what the project runs, the page has the chapter that the project carries out."""
    project, *run = compiled("processes/service_project.charter").definitions
    claimed = claims(project)
    for other in run:
        for clause, names in claims(other).items():
            if clause.startswith("S003-2."):
                claimed[clause] |= names
    told = trace[0]
    assert sorted(told) == sorted(claimed)
    unnamed = [clause for clause, cell in told.items() if not claimed[clause] & set(re.findall(r"`([\w.]+)`", cell))]
    assert unnamed == []


def test_nothing_is_claimed_that_arrives_later(trace: list[dict[str, str]]) -> None:
    carried_out, later = trace
    assert not later.keys() & carried_out.keys()
    assert all(CLAUSE.fullmatch(clause) for clause in later)
