"""Scenarios, their coverage, and values given to parameters from outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.written import process

from charter.dsl.passes import compile
from charter.engine.definition import digest
from charter.engine.replay import replay
from charter.runtime.author.bindings import bind_parameters
from charter.runtime.author.coverage import measure_coverage
from charter.runtime.author.scenarios import play
from charter.runtime.author.texts import compile_file, find_files

ROOT = Path(__file__).resolve().parents[2]
LEAVE = str(ROOT / "tests/golden/cli_author/files/leave.charter")
PURCHASE = str(ROOT / "processes/examples/purchase.charter")


@pytest.mark.parametrize("file", [LEAVE, PURCHASE])
def test_a_scenario_played_twice_leaves_the_same_records(file: str) -> None:
    compiled = compile_file(file)
    assert compiled.scenarios
    for scenario in compiled.scenarios:
        once, again = (play(scenario, compiled.definitions) for _ in range(2))
        assert once == again
        assert once.entries


def test_what_a_scenario_leaves_is_what_its_process_produces() -> None:
    compiled = compile_file(LEAVE)
    for scenario in compiled.scenarios:
        bound = {name: value.feel or "" for name, value in scenario.parameters}
        definition = compiled.definitions[0].bind(bound)
        records = play(scenario, compiled.definitions).entries["leave"]
        assert replay(definition, records).difference is None


def test_coverage_grows_with_what_is_played() -> None:
    compiled = compile_file(PURCHASE)
    definition = compiled.definitions[0]
    records = [r for s in compiled.scenarios for r in play(s, compiled.definitions).entries[definition.name]]
    nothing, some, everything = (measure_coverage(definition, records[:n]) for n in (0, 20, len(records)))
    assert not nothing.covered_elements and {name for name, _ in nothing.missed} == set(nothing.elements)
    assert nothing.covered_elements < some.covered_elements < everything.covered_elements
    assert some.covered_outcomes < everything.covered_outcomes
    missed = {(element, outcome) for element, outcomes in some.missed for outcome in outcomes}
    assert not missed & some.covered_outcomes


def test_a_refused_command_covers_nothing() -> None:
    compiled = compile_file(LEAVE)
    [scenario] = [s for s in compiled.scenarios if s.title == "a step that is refused"]
    done = play(scenario, compiled.definitions)
    assert done.failure is not None and done.failure.refusal is not None
    covered = measure_coverage(compiled.definitions[0], done.entries["leave"])
    assert ("decide", "granted") not in covered.covered_outcomes


WORK = "  role clerk\n  activity work\n    role clerk\n"


@pytest.mark.parametrize(
    ("kind", "given", "feel"),
    [
        ("duration", "2 weeks", "2 weeks"),
        ("duration", "soon", None),
        ("duration", "95%", None),
        ("percent", "95%", "95%"),
        ("money", "500000 CNY", "500000 CNY"),
        ("money", "500000", None),
        ("date", "2026-03-01", 'date("2026-03-01")'),
        ("date", "2026-02-30", None),
        ("datetime", "2026-03-02T09:00:00", 'date and time("2026-03-02T09:00:00")'),
        ("text", "it's so", '"it\'s so"'),
        ("text", 'say "x" \\', '"say \\"x\\" \\\\"'),
        ("number", "1 +", None),
        ("number", "limit", None),
        ("boolean", "true", "true"),
        ("choice", "high", '"high"'),
        ("choice", "odd", None),
    ],
)
def test_a_value_is_bound_as_its_type_asks(kind: str, given: str, feel: str | None) -> None:
    choices = ' "high" | "low"' if kind == "choice" else ""
    definition = process(f"process p\n  parameter x {kind}{choices}\n{WORK}")
    [bound], wrong = bind_parameters([definition], [("x", given)])
    assert bound.parameters[0].value == feel
    assert [one.key for one in wrong] == ([] if feel else ["misfit"])


def test_a_parameter_that_nobody_has_is_named_with_those_there_are() -> None:
    definition = process(f"process p\n  parameter limit number\n{WORK}")
    _, [wrong] = bind_parameters([definition], [("limmit", "1")])
    assert wrong.key == "unknown" and wrong.arguments == {"name": "limmit", "known": "limit"}


def test_files_are_found_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b/two.charter", "a.charter", ".git/x.charter", "b/.c/y.charter", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = list(find_files([str(tmp_path), str(tmp_path / "a.charter")]))
    assert [Path(f).relative_to(tmp_path).as_posix() for f in found] == ["a.charter", "b/two.charter"]


@pytest.mark.parametrize("flaw", ["    role nobody\n", "   a\n"])
def test_scenarios_of_a_file_with_errors_are_counted(flaw: str) -> None:
    """Be it a name or the text itself that is wrong: what stands there and is not played is known."""
    text = f"process p\n  role c\n  activity a\n    role c\n{flaw}" + 'scenario "x"\n  case p\n  c is c\n' * 3
    compiled = compile("t.charter", text)
    assert compiled.failed
    assert compiled.stories == 3


def test_a_process_may_name_the_calendar_it_brings() -> None:
    brought = "  calendar office\n    zone Asia/Shanghai\n    Monday to Friday 09:00-18:00\n"
    work = "  role c\n  activity a\n    role c\n"
    plain, *named = [
        process(f"process p\n{lines}{work}")
        for lines in (brought, f"  calendar office\n{brought}", f"{brought}  calendar office\n")
    ]
    assert [digest(d) for d in named] == [digest(plain)] * 2
    assert compile("t.charter", f"process p\n  calendar x\n{brought}{work}").failed


RUNS = """process inner
  owner clerk
  role clerk
  parameter limit number
  activity look
    role clerk
    when limit > 3
  approval sign
    by   clerk
    after look
process outer
  owner clerk
  role clerk
  activity ask run inner
scenario "the case that is run could not be opened"
  case outer
  li is clerk
  li does look
scenario "what it has cannot be looked at"
  case outer
  li is clerk
  expect look.ready
scenario "a refusal there shows its line there"
  case outer with limit = 5
  li is clerk
  li approves sign
"""


def test_what_a_case_that_is_run_refuses_is_told_with_its_own_line() -> None:
    compiled = compile("x.charter", RUNS)
    told = []
    for scenario in compiled.scenarios:
        failure = play(scenario, compiled.definitions).failure
        assert failure is not None and failure.refusal is not None and failure.process is not None
        definition, reason = compiled.definition(failure.process), failure.refusal.reasons[0]
        assert definition is not None
        told.append((reason.code, definition.place(reason.subject or ""), failure.actual))
    nothing = (("no_case", {"process": "inner"}),)
    assert told == [
        ("CH526", "x.charter:14", nothing),
        ("CH526", "x.charter:14", nothing),
        ("CH502", "x.charter:8", ()),
    ]
