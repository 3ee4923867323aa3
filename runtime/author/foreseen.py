"""What `charter check` and `charter deploy` foresee of the cases of a file: what is refuted, as diagnostics.

It is silent where a check of the text has told the cause, and about what is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from time import process_time

from msgspec import Struct
from msgspec.structs import replace

from charter.dsl.diagnostic import Diagnostic, Place
from charter.dsl.passes import Compiled
from charter.dsl.text.source import Source
from charter.engine.definition import Definition
from charter.engine.plan.program import compiled
from charter.engine.proof.atoms import conditions
from charter.engine.proof.verdicts import Property, Verdict
from charter.runtime.author import remembered, texts
from charter.runtime.author.proof import SECONDS, Proof, Prover, Title
from charter.runtime.author.remembered import Outcome

_CODES: Mapping[Property, str] = {
    **{"ends": "CH441", "opens": "CH442", "outputs": "CH443"},
    **{"grants": "CH444", "turns": "CH445"},
}
_ALWAYS = "CH440"
# What checks of the text say of an element that an exploration would say again.
_SAID_BEFORE = frozenset(
    {
        "CH315",
        "CH321",
        "CH401",
        "CH402",
        "CH403",
        "CH417",
        "CH419",
        "CH257",
        "CH426",
        "CH433",
        "CH434",
        "CH438",
        "CH439",
        "CH603",
        "CH613",
    }
)


class Foreseen(Struct, frozen=True):
    """What `check` tells of the cases to come. `late`, `inexact`: processes not wholly proved, and why not.

    `settled`: what the text gave reason to expect and playing has shown, or shown not to happen.
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    settled: tuple[Diagnostic, ...] = ()
    late: tuple[str, ...] = ()
    inexact: tuple[str, ...] = ()
    seconds: float = 0.0

    def beside(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """Gives what is to be told of a file of which so much was found in the text."""
        return (*(d for d in found if d not in self.settled), *self.diagnostics)


def foresee(path: str, data: bytes, found: Compiled, title: Title, seconds: float | None = None) -> Foreseen:
    """Looks at the processes of a file without errors, so many seconds each; where the file is alone, `SECONDS`.

    What is remembered of a process, and comes to nothing that would be told, is not looked at again. What took too long
    is, where the file is alone.
    """
    if found.failed:
        return Foreseen()
    prover = Prover(path, data, title, found)
    source = found.sources[texts.name_of(path)]
    told: list[Diagnostic] = []
    settled: list[Diagnostic] = []
    unproved: dict[Outcome, list[str]] = {"late": [], "inexact": []}
    spent = 0.0
    for definition in prover.definitions():
        expected = [d for d in found.diagnostics if _expects(d, definition)]
        outcome = remembered.recall(definition)
        if outcome == "proved":
            settled += expected
            continue
        if outcome is not None and not expected and not (outcome == "late" and seconds is None):
            unproved[outcome].append(definition.name)
            continue
        proof = prover.prove(definition, SECONDS if seconds is None else seconds, process_time)
        spent += proof.seconds
        if proof.outcome is not None:
            remembered.keep(definition, proof.outcome)
        if proof.outcome in unproved:
            unproved[proof.outcome].append(definition.name)
        shown, over = _settled(proof, expected)
        settled += over
        named = _named(found.diagnostics, definition).union(*(_names(d) for d in expected))
        told += [*shown, *_told(proof, source, named)]
    return Foreseen(tuple(told), tuple(settled), tuple(unproved["late"]), tuple(unproved["inexact"]), spent)


def _expects(diagnostic: Diagnostic, definition: Definition) -> bool:
    """Whether a check of the text has told of a process what playing it may show."""
    return diagnostic.code in _CODES.values() and diagnostic.arguments.get("process") == definition.name


def _names(diagnostic: Diagnostic) -> tuple[str, ...]:
    names = diagnostic.arguments.get("names")
    return names if isinstance(names, tuple) else ()


def _settled(proof: Proof, expected: Iterable[Diagnostic]) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Gives what was expected and is shown, with its scenario, and all that is settled by the proof."""
    shown: list[Diagnostic] = []
    over: list[Diagnostic] = []
    for diagnostic in expected:
        property_ = next(name for name, code in _CODES.items() if code == diagnostic.code)
        finding = next(f for f in proof.findings if f.verdict.property == property_)
        if finding.verdict.said == "proved":
            over.append(diagnostic)
        elif finding.verdict.said == "refuted" and not set(_names(diagnostic)).isdisjoint(finding.verdict.elements):
            over.append(diagnostic)
            shown.append(replace(diagnostic, scenario=finding.scenario))
    return shown, over


def _named(diagnostics: Iterable[Diagnostic], definition: Definition) -> frozenset[str]:
    """Names the elements of which a check of the text has said why they do not go on, if by their table or record."""
    said = [str(value) for d in diagnostics if d.code in _SAID_BEFORE for value in d.arguments.values()]
    names = {name for text in said for name in (text, *text.split("`"))}
    names.update(e.name for e in definition.elements if e.work is not None and e.work.target in names)
    names.update(e.name for e in definition.elements if not names.isdisjoint(i.record for i in e.inputs))
    return frozenset(names)


def _is_parameterised(definition: Definition) -> bool:
    """Whether a condition reads a parameter: another value of it may bring what these do not."""
    parsed = [compiled(condition.text) for condition in conditions(definition)]
    read_ = {name for expression in parsed if expression is not None for name in expression.names}
    return not read_.isdisjoint(p.name for p in definition.parameters)


def _told(proof: Proof, source: Source, named: frozenset[str]) -> Iterator[Diagnostic]:
    """Tells what is refuted, the consequences of what has been told left out."""
    known = set(named)
    found = {f.verdict.property: f for f in proof.findings if f.verdict.said == "refuted"}
    blocked = "turns" in found or ("ends" in found and found["ends"].verdict.always)
    for name in ("turns", "ends", "outputs", "grants", "opens"):
        finding = found.get(name)
        # That something never comes rests on the values of all parameters, and on being able to come so far.
        if finding is None or (name in ("grants", "opens") and (blocked or _is_parameterised(proof.definition))):
            continue
        names = finding.verdict.elements
        if name == "grants" and "opens" in found:
            names = tuple(each for each in names if each not in found["opens"].verdict.elements)
        if (name == "grants" and not names) or not known.isdisjoint(names):
            continue
        known.update(names)
        code = _ALWAYS if finding.verdict.always and not finding.assuming else _CODES[name]
        arguments = {"process": proof.definition.name, "names": names}
        span = _span(proof.definition, finding.verdict, source)
        declared = {name: proof.definition.place(f"parameter {name}") or "" for name in finding.assuming}
        also = tuple(
            Place(_span_of(int(place.rpartition(":")[2]), source), source.path, "assumed")
            for place in declared.values()
            if place.rpartition(":")[0] == source.path
        )
        yield Diagnostic(code, span, arguments, file=source.path, also=also, scenario=finding.scenario)


def _span(definition: Definition, verdict: Verdict, source: Source) -> tuple[int, int]:
    """Gives the line to blame: the condition that holds work back, else where the first concerned is declared."""
    first = next(iter(verdict.elements), "process")
    subjects = [f"output {first}", first, "process"]
    if verdict.property in ("ends", "opens"):
        subjects = [*(f"{name}.{line}" for name in verdict.elements for line in ("exit", "when", "offered")), *subjects]
    places = dict(definition.places)
    line = int(next(places[subject] for subject in subjects if subject in places).rpartition(":")[2])
    return _span_of(line, source)


def _span_of(line: int, source: Source) -> tuple[int, int]:
    """Gives what is written on a line."""
    written = source.line_text(line).partition(" #")[0].rstrip()
    start = source.starts[line - 1]
    return start + len(written) - len(written.lstrip()), start + len(written)
