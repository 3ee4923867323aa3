"""What `engine/proof` says of a process is what comes of it: held against a plain look at random processes."""

from __future__ import annotations

import pytest

from charter.dsl.passes import compile
from charter.engine.proof.explore import explore
from charter.engine.proof.verdicts import verdicts
from tests.properties.reference import look
from tests.properties.sound_texts import text


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_verdicts_are_what_a_plain_look_sees(first: int) -> None:
    compared = 0
    for seed in range(first, first + 20):
        compiled = compile("t.charter", text(seed))
        if compiled.diagnostics:
            continue
        [definition] = compiled.definitions
        graph = explore(definition, lambda steps: steps < 3_000)
        found = {verdict.property: verdict for verdict in verdicts(definition, graph)}
        seen = look(definition, 150)
        if not seen.whole:
            continue
        compared += 1
        if found["ends"].said != "unknown":
            assert (found["ends"].said == "refuted") == bool(seen.hanging()), seed
        if found["opens"].said != "unknown":
            assert set(found["opens"].elements) == {e.name for e in definition.elements} - seen.opened(), seed
        if found["turns"].said != "unknown":
            assert (found["turns"].said == "refuted") == seen.spun, seed
        if found["outputs"].said != "unknown":
            lacking = {
                name
                for s in seen.states
                if s.status == "completed"
                for name in definition.outputs
                if name not in s.versions
            }
            assert (found["outputs"].said == "refuted") == bool(lacking), seed
    assert compared > 5
