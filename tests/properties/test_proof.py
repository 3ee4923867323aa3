"""What `engine/proof` says of a process is what comes of it: held against a plain look at random processes.

`python -m benchmarks.prove` does the same for thousands.
"""

from __future__ import annotations

import pytest

from charter.dsl.passes import compile
from charter.engine.proof.explore import explore
from charter.engine.proof.verdicts import verdicts
from tests.properties.reference import disagreements, look
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
        if seen.whole:
            compared += 1
            assert not disagreements(definition, found, seen), seed
    assert compared > 5
