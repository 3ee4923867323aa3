"""What `engine/proof` says of a process is what comes of it: held against a plain look at random processes.

`python -m benchmarks.prove` does the same for thousands.
"""

from __future__ import annotations

from random import Random

import pytest

from charter.dsl.passes import compile
from charter.engine.definition import Definition
from charter.engine.proof.explore import explore
from charter.engine.proof.verdicts import verdicts
from charter.runtime.author.proof import Prover
from tests.properties import meeting_texts
from tests.properties.judged import JUDGED
from tests.properties.reference import disagreements, look
from tests.properties.sound_texts import text

# Seeds of `meeting_texts` of which a plain look sees everything soon, with quorums, to-dos and what ends early.
SMALL = (6, 28, 29, 40, 49, 61, 67, 125, 300)


def judged(definition: Definition, most: int = 150) -> list[str] | None:
    """Names what is judged otherwise than it looks, None where the look has not seen everything."""
    graph = explore(definition, lambda steps: steps < 3_000)
    found = {verdict.property: verdict for verdict in verdicts(definition, graph)}
    seen = look(definition, most)
    assert not any(node.wake for state in seen.states if state.status == "completed" for node in state.nodes.values())
    return disagreements(definition, found, seen) if seen.whole else None


@pytest.mark.parametrize("first", range(0, 200, 25))
def test_verdicts_are_what_a_plain_look_sees(first: int) -> None:
    compared = 0
    for seed in range(first, first + 25):
        compiled = compile("t.charter", text(seed))
        if not compiled.diagnostics:
            found = judged(compiled.definitions[0])
            compared += found is not None
            assert not found, (seed, found)
    assert compared > 10


@pytest.mark.parametrize("why", JUDGED)
def test_what_was_judged_otherwise_is_judged_so_no_more(why: str) -> None:
    [definition] = compile("t.charter", JUDGED[why]).definitions
    assert judged(definition) == []


@pytest.mark.parametrize("seed", SMALL)
def test_meetings_are_judged_as_a_plain_look_sees_them(seed: int) -> None:
    [definition] = compile("t.charter", meeting_texts.text(seed)).definitions
    assert judged(definition, 400) == []


# What a repetition waits for, with numbers for which it is so: around the literals nothing is found.
_REACHED = (
    lambda a, b: f"r.a * r.a = {a * a} and r.b = {b}",
    lambda a, b: f"r.a * r.b = {a * b} and r.a + r.b = {a + b}",
    lambda a, b: f"r.a + r.b = {a + b} and r.a - r.b = {a - b}",
    lambda a, b: f"2 * r.a + r.b = {2 * a + b}",
)


@pytest.mark.parametrize("seed", range(12))
def test_what_some_value_ends_is_not_said_to_be_stuck(seed: int) -> None:
    chance = Random(seed)
    a, b = chance.randint(2, 60), chance.randint(2, 60)
    head = "process p\n  owner boss\n  role boss\n  record r\n    a number\n    b number\n"
    rounds = f"  phase f\n    repeat until {_REACHED[seed % len(_REACHED)](a, b)}\n    activity x\n      role boss\n"
    definition = compile("t.charter", f"{head}{rounds}      output r\n").definitions[0]
    graph = explore(definition, lambda steps: steps < 500)
    assert {v.property: v.said for v in verdicts(definition, graph)}["ends"] != "refuted"


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_whatever_a_run_refutes_ships_a_scenario_that_plays(first: int) -> None:
    refuted = 0
    for seed in range(first, first + 20):
        prover = Prover("t.charter", text(seed).encode(), lambda name, _: name)
        for definition in () if prover.compiled.failed else prover.definitions():
            for finding in prover.prove(definition, 1).findings:
                if finding.verdict.said == "refuted" and finding.verdict.property not in ("opens", "grants"):
                    played = prover.played(finding.scenario or "")
                    assert played is not None and played.failure is None, (seed, finding)
                    refuted += 1
    assert refuted
