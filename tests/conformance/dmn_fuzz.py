"""Feeds mutated DMN models to everything that reads them: `python -m tests.conformance.dmn_fuzz SECONDS [SEED]`.

Each model is one of ours with bytes, attributes or FEEL texts exchanged; it is read, checked, evaluated with odd
inputs and taken over as text, which must be text that parses. Whatever raises is printed with its seed, and so is what
takes longer than five seconds; the exit code tells whether there was any.
"""

from __future__ import annotations

import random
import re
import sys
import time
from pathlib import Path
from typing import Any

from charter.dsl.dmn.findings import check_model
from charter.dsl.dmn.from_xml import read_dmn
from charter.dsl.dmn.to_decision import import_model
from charter.dsl.text.parser import parse
from charter.dsl.text.printer import to_text
from charter.dsl.text.source import read
from charter.engine.decisions.graph import Graph
from charter.engine.decisions.model import Decision, Knowledge, Model, Service
from charter.engine.feel import Env

from .feel_fuzz import SCOPE, expression

SEEDS = tuple(sorted((Path(__file__).parent / "dmn").rglob("*.dmn")))
TEXT = re.compile(rb"<text>[^<]*</text>")
ATTRIBUTE = re.compile(rb'"[^"<>]*"')
ODD = (
    "",
    "-",
    "not(1)",
    '"',
    "((((",
    "[1..",
    "x",
    "? > 1",
    '"a","b"',
    "| a |",
    "->",
    "null",
    "1e6144",
    "x y z",
    "{a:",
    "计划",
)
INPUTS: tuple[Any, ...] = (None, SCOPE["a"], "a", [SCOPE["a"]], {"age": "x"}, True)
STEPS = 20_000


def mutate(data: bytes, rng: random.Random) -> bytes:
    """Gives a model in which a few things are not what they were."""
    for _ in range(rng.randint(1, 6)):
        kind = rng.random()
        if kind < 0.5:
            spots = list(TEXT.finditer(data))
            text = rng.choice(ODD) if rng.random() < 0.5 else expression(rng, 2, ["count", "sum", "f", "date"])
            new = b"<text>" + text.replace("&", "&amp;").replace("<", "&lt;").encode() + b"</text>"
        elif kind < 0.8:
            spots = list(ATTRIBUTE.finditer(data))
            new = rng.choice(spots)[0] if spots else b'""'
        else:
            spots = []
        if spots:
            spot = rng.choice(spots)
            data = data[: spot.start()] + new + data[spot.end() :]
        elif kind >= 0.8 and data:
            at = rng.randrange(len(data))
            cut = rng.choice((1, 1, 8, 60))
            data = data[:at] + rng.choice((b"", data[at : at + 80], bytes([rng.randrange(256)]))) + data[at + cut :]
    return data


def check(data: bytes, rng: random.Random) -> bool:
    """Runs one file through everything; says whether it was a model at all."""
    model, problems = read_dmn(data)
    if model is None:
        assert problems
        return False
    graph = Graph(model)
    for finding in check_model(graph):
        assert finding.slug
    _ask(graph, model, rng)
    text = to_text(import_model(graph).file())
    assert not parse(read(text, "fuzz.charter")).diagnostics, text
    return True


def _ask(graph: Graph, model: Model, rng: random.Random) -> None:
    given = {each.name: rng.choice(INPUTS) for each in model.inputs}
    elements: tuple[Decision | Knowledge | Service, ...] = (*model.decisions, *model.knowledge, *model.services)
    for element in elements:
        ask = graph.evaluate if isinstance(element, Decision) else graph.invoke
        ask(element.name, given, Env(steps=STEPS))


def main() -> int:
    """Feeds until the time is up."""
    seconds, first = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    sources = [path.read_bytes() for path in SEEDS]
    end = time.monotonic() + seconds
    seed, models, faults = first, 0, 0
    while time.monotonic() < end:
        rng = random.Random(seed)
        data = mutate(rng.choice(sources), rng)
        began = time.monotonic()
        try:
            models += check(data, rng)
        except Exception as error:
            faults += 1
            print(f"seed {seed}: {type(error).__name__}: {error}"[:400])
        if time.monotonic() - began > 5:
            faults += 1
            print(f"seed {seed}: {time.monotonic() - began:.1f} s")
        seed += 1
    print(f"{seed - first} files, {models} of them models, {faults} faults")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
