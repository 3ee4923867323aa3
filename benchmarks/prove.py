"""Proves random and shipped processes: `python -m benchmarks.prove [TEXTS]`, 3,000 unless told.

The random processes are those of the tests (`tests/properties/sound_texts`), of which only texts without any finding
count. Each is proved within a second of processor time, so that a loaded machine does not decide what is unknown;
what is proved or refuted is held against the plain reference (`tests/properties/reference`, up to 300 states) wherever
that sees everything, and every counterexample is played. Shipped processes get a minute each.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import process_time

from tests.properties.reference import disagreements, look
from tests.properties.sound_texts import text

from charter.engine.proof.verdicts import PROPERTIES
from charter.runtime.author import texts
from charter.runtime.author.proof import Proof, Prover

SECONDS = 1.0
SHIPPED_SECONDS = 60.0
REFERENCE_STATES = 300


def proofs(path: str, data: bytes, seconds: float, *, clean: bool = False) -> Iterator[Proof]:
    """Proves each process of a text; none where it is to be clean and is not."""
    prover = Prover(path, data, lambda name: name)
    if not clean or not prover.compiled.diagnostics:
        for definition in prover.definitions():
            yield prover.prove(definition, seconds, process_time)


def random(wanted: int) -> None:
    """Counts verdicts over so many texts that check clean."""
    said: dict[str, Counter[str]] = {name: Counter() for name in PROPERTIES}
    clean = seed = held = whole = played = untold = 0
    wrong: list[tuple[int, list[str]]] = []
    unknown: list[int] = []
    while clean < wanted:
        for proof in proofs("random.charter", text(seed).encode(), SECONDS, clean=True):
            clean += 1
            verdicts = {f.verdict.property: f.verdict for f in proof.findings}
            for finding in proof.findings:
                verdict = finding.verdict
                said[verdict.property][verdict.said] += 1
                if verdict.said == "refuted" and verdict.state is not None:
                    played += finding.scenario is not None
                    untold += finding.scenario is None
            whole += proof.whole
            if any(v.said == "unknown" for v in verdicts.values()):
                unknown.append(seed)
            seen = look(proof.definition, REFERENCE_STATES)
            if seen.whole:
                held += 1
                if found := disagreements(proof.definition, verdicts, seen):
                    wrong.append((seed, found))
        seed += 1
    print(f"{clean} texts without findings, of {seed} drawn; {whole} seen whole within {SECONDS:g} s of processor time")
    for name, counts in said.items():
        print(f"  {name:8} proved {counts['proved']:5}  refuted {counts['refuted']:5}  unknown {counts['unknown']:5}")
    print(f"something unknown in {len(unknown)} ({len(unknown) / clean:.1%}); seeds {unknown[:20]}")
    print(f"held against the reference: {held}; otherwise judged: {len(wrong)} {wrong[:20]}")
    print(f"counterexamples that play: {played}, others {untold}")


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
    random(int(sys.argv[1]) if len(sys.argv) > 1 else 3_000)
