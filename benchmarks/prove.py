"""Proves random and shipped processes: `python -m benchmarks.prove [TEXTS [FILE]]`, 3,000 unless told.

The random processes are those of the tests (`tests/properties/sound_texts`), of which only texts without any finding
count. Each is proved within a second of processor time, so that a loaded machine does not decide what is unknown;
what is proved or refuted is held against the plain reference (`tests/properties/reference`, up to 600 states) wherever
that sees everything, and every counterexample is played. What is found is a line of JSON in FILE for each seed; whoever
names a FILE that is there goes on where it ends. Shipped processes get a minute each.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

from tests.properties.reference import disagreements, faults, look
from tests.properties.sound_texts import text

from charter.engine.proof.verdicts import PROPERTIES
from charter.runtime.author import texts
from charter.runtime.author.proof import Proof, Prover

SECONDS = 1.0
SHIPPED_SECONDS = 60.0
REFERENCE_STATES = 600
# What nobody may meet in a process of which `check` says nothing.
_GRAVE = ("ends", "closed", "outputs", "turns")
Line = dict[str, Any]


def proofs(path: str, data: bytes, seconds: float, *, clean: bool = False) -> Iterator[Proof]:
    """Proves each process of a text; none where it is to be clean and is not."""
    prover = Prover(path, data, lambda name, _: name)
    if not clean or not prover.compiled.diagnostics:
        for definition in prover.definitions():
            yield prover.prove(definition, seconds, process_time)


def of_seed(seed: int) -> Line:
    """Proves the process of a seed, and looks at it; says no more than the seed where its text is not clean."""
    proof = next(proofs("random.charter", text(seed).encode(), SECONDS, clean=True), None)
    if proof is None:
        return {"seed": seed}
    verdicts = {finding.verdict.property: finding.verdict for finding in proof.findings}
    shown = [f for f in proof.findings if f.verdict.said == "refuted" and f.verdict.state is not None]
    seen = look(proof.definition, REFERENCE_STATES)
    wrong = disagreements(proof.definition, verdicts, seen) if seen.whole else []
    return {
        "seed": seed,
        "said": {name: verdict.said for name, verdict in verdicts.items()},
        "states": proof.states,
        "steps": proof.moves,
        "seconds": round(proof.seconds, 3),
        "whole": proof.whole,
        "inexact": proof.inexact,
        "played": [f.verdict.property for f in shown if f.scenario is not None],
        "unplayed": [f.verdict.property for f in shown if f.scenario is None],
        "looked": seen.whole,
        "seen": [name for name, is_so in faults(proof.definition, seen).items() if is_so] if seen.whole else [],
        "wrong": wrong,
    }


def random(wanted: int, file: Path | None) -> list[Line]:
    """Looks at so many texts that check clean, without those that a file holds already."""
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file and file.exists() else []
    clean = sum("said" in line for line in lines)
    while clean < wanted:
        line = of_seed(len(lines))
        lines.append(line)
        clean += "said" in line
        if file is not None:
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(line) + "\n")
    return lines


def figures(lines: list[Line]) -> Iterator[str]:
    """Yields what the lines come to."""
    drawn, lines = len(lines), [line for line in lines if "said" in line]
    yield f"{len(lines)} texts without findings, of {drawn} drawn; {sum(line['whole'] for line in lines)} seen whole"
    for name in PROPERTIES:
        counts = Counter(line["said"][name] for line in lines)
        yield f"  {name:8} " + "  ".join(f"{said} {counts[said]:5}" for said in ("proved", "refuted", "unknown"))
    unknown = [line for line in lines if "unknown" in line["said"].values()]
    listed = sum(bool(line["inexact"]) for line in unknown)
    late = sum(not line["whole"] for line in unknown)
    yield f"unknown: something in {_share(unknown, lines)}; for values {listed}, for time {late}"
    looked = [line for line in lines if line["looked"]]
    wrong = [line for line in looked if line["wrong"]]
    yield f"held against the reference: {len(looked)}; judged otherwise: {_share(wrong, looked)}"
    silent = [line for line in looked if "refuted" not in line["said"].values()]
    missed = [line for line in silent if not set(_GRAVE).isdisjoint(line["seen"])]
    yield f"of these `check` says nothing of {len(silent)}; refuted by the reference: {_share(missed, silent)}"
    unplayed = [line for line in lines if line["unplayed"]]
    played = sum(len(line["played"]) for line in lines)
    yield f"counterexamples that play: {played}, that do not: {_share(unplayed, lines)}"


def _share(some: list[Line], of: list[Line]) -> str:
    seeds = f"; seeds {[line['seed'] for line in some[:12]]}" if some else ""
    return f"{len(some)} ({len(some) / max(len(of), 1):.1%}){seeds}"


def shipped() -> None:
    """Prints what is known of each shipped process."""
    print(
        "| Process | Verdicts | Whole | States | Steps | Depth | Seconds |\n| --- | --- | --- | --- | --- | --- | --- |"
    )
    for path in texts.find_files((str(Path(__file__).parent.parent / "processes"),)):
        for proof in proofs(path, texts.read_bytes(path), SHIPPED_SECONDS):
            counts = Counter(finding.verdict.said for finding in proof.findings)
            told = ", ".join(f"{counts[said]} {said}" for said in ("proved", "refuted", "unknown") if counts[said])
            row = (proof.definition.name, told, "yes" if proof.whole else "no", proof.states, proof.moves, proof.depth)
            print("|", " | ".join(map(str, row)), f"| {proof.seconds:.2f} |", flush=True)


if __name__ == "__main__":
    shipped()
    of = random(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000, Path(sys.argv[2]) if len(sys.argv) > 2 else None)
    print("\n".join(figures(of)))
