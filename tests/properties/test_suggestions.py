"""Suggested scenarios are what they claim: they check, stand as the formatter writes them, and reach what lacked."""

from __future__ import annotations

from pathlib import Path

import pytest

from charter.dsl.passes import compile
from charter.dsl.text.printer import format
from charter.runtime.author.coverage import measure_coverage
from charter.runtime.author.proof import Prover
from charter.runtime.author.scenarios import play
from charter.runtime.author.suggestions import Missing, Suggestion, suggest
from charter.runtime.cli.suggest import title
from tests.properties.sound_texts import text

ROOT = Path(__file__).resolve().parents[2]


def bare(path: Path) -> str:
    """Gives a file without its scenarios."""
    kept, inside = [], False
    for line in path.read_text("utf-8").splitlines(keepends=True):
        if line.strip() and not line.startswith(" "):
            inside = line.startswith(("scenario ", "场景 "))
        kept += [] if inside else [line]
    return "".join(kept)


def hold(path: Path, source: str, budget: float) -> tuple[int, list[Missing]]:
    """Asks for all that lacks in a file without scenarios, and says how much was shown and what was not."""
    prover = Prover(str(path), source.encode(), lambda *_: "")
    shown, missing = 0, list[Missing]()
    for definition in prover.definitions():
        found = list(suggest(prover, definition, measure_coverage(definition, ()).lacking, title, budget=budget))
        made = [one for one in found if isinstance(one, Suggestion)]
        missing += (lacking := [one for one in found if isinstance(one, Missing)])
        written = "\n".join([source, *(one.text for one in made)])
        compiled = compile(str(path), written, lambda name: Path(name).read_bytes())
        assert not [d.code for d in compiled.diagnostics if d.is_error] and len(compiled.scenarios) == len(made)
        assert len({one.title for one in made}) == len(made)
        assert all(format(one.text)[0] == one.text for one in made)
        entries = []
        for scenario in compiled.scenarios:
            played = play(scenario, compiled.definitions)
            assert played.failure is None
            entries += played.entries[definition.name]
        left = measure_coverage(definition, entries).lacking
        assert sorted(left, key=str) == sorted((one.reach for one in lacking), key=str)
        shown += sum(len(one.reaches) for one in made)
    return shown, missing


@pytest.mark.parametrize("first", range(0, 80, 20))
def test_what_is_suggested_for_random_processes_reaches_what_it_says(first: int, tmp_path: Path) -> None:
    shown = unplayed = 0
    for seed in range(first, first + 20):
        source = text(seed)
        if not compile("t.charter", source).diagnostics:
            found, missing = hold(tmp_path / "t.charter", source, 2)
            shown += found
            unplayed += sum(one.why == "unplayed" for one in missing)
    # A connector of a scenario that has been told what to answer answers at once, the next call too.
    assert shown > 50 and unplayed < shown / 10


@pytest.mark.parametrize("name", ["leave_request", "请假", "purchase"])
def test_what_is_suggested_for_what_is_shipped_reaches_what_it_says(name: str) -> None:
    path = ROOT / f"processes/examples/{name}.charter"
    shown, missing = hold(path, bare(path), 10)
    assert shown > 10 and all(one.why in ("untold", "unplayed") for one in missing), missing
    assert not missing or name == "purchase"  # which asks for a file as evidence


def test_what_cannot_happen_is_said_to_be_so(tmp_path: Path) -> None:
    source = """process p
  role clerk
  record plan
    ok boolean
  activity make
    role clerk
    output plan
  activity never
    role clerk
    when plan.ok and not(plan.ok)
"""
    _, missing = hold(tmp_path / "p.charter", source, 5)
    assert {(one.reach, one.why) for one in missing} == {(("never", ""), "never"), (("never", "done"), "never")}


@pytest.mark.parametrize("name", ["controls", "makers_across_cases"])
def test_people_are_who_the_process_says_they_are(name: str) -> None:
    """Work that is assigned by name is done by that person, and who opens a case with a record has made it."""
    path = ROOT / f"tests/conformance/language/{name}.charter"
    shown, missing = hold(path, bare(path), 2)
    assert shown > 5 and not [one for one in missing if one.why == "unplayed"], missing
