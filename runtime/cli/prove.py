"""`charter prove PATH…`: what is certain of a process before anything runs, and the scenario that shows what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from charter.dsl.text.width import wrap
from charter.runtime.author import remembered, texts
from charter.runtime.cli.check import faults
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, Misuse
from charter.runtime.cli.messages import property_title
from charter.runtime.cli.progress import along
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch
from charter.runtime.clock import iso

if TYPE_CHECKING:
    from charter.engine.proof.slack import Schedule
    from charter.runtime.author.proof import Finding, Proof

_BUDGET = 10.0
_FEW = 1  # parameters, which are named with each verdict
_STYLES = {"proved": "good", "refuted": "bad", "unknown": "warn"}


class Seconds(click.ParamType[Any]):
    """More than no seconds."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < 1e6:
            raise Misuse("no_budget", ctx, value=value)
        return seconds


def run_prove(context: Context, paths: tuple[str, ...], budget: float, as_json: bool) -> int:
    """Proves every process of files and folders; exit 1 when something is refuted or a file has errors."""
    from charter.runtime.author.proof import Prover

    output = context.output
    proofs: list[Proof] = []
    found: list[dict[str, Any]] = []
    broken = False
    for path in along(list(texts.find_files(paths))):
        prover = Prover(path, texts.read_bytes(path), property_title)
        broken = broken or prover.compiled.failed
        found += faults(context, prover.compiled, as_json)
        for definition in [] if prover.compiled.failed else prover.definitions():
            proof = prover.prove(definition, budget)
            if not as_json:
                if proofs:
                    output.line()
                _tell(context, proof)
            proofs.append(proof)
            if proof.outcome == "proved":
                remembered.keep(definition, proof.outcome)
    if as_json:
        output.json({"proofs": [_data(proof) for proof in proofs], "diagnostics": found})
    refuted = any(finding.verdict.said == "refuted" for proof in proofs for finding in proof.findings)
    return FINDINGS if refuted or broken else 0


def _tell(context: Context, proof: Proof) -> None:
    say, output = context.say, context.output
    definition = proof.definition
    title = f" {definition.title}" if definition.title != definition.name else ""
    output.line(output.style(f"{definition.name}{title}", "strong"))
    for finding in proof.findings:
        verdict = finding.verdict
        word = output.style(say(f"prove.{verdict.said}"), _STYLES[verdict.said])
        said = say(f"prove.is_{verdict.property}")
        if verdict.assuming:
            few = len(verdict.assuming) <= _FEW
            said = say("prove.if" if few else "prove.if_assumed", said=said, names=_given(context, finding.assuming))
        first, *more = wrap(said, output.columns - 10)
        output.line(f"  {word} {first}")
        for line in more:
            output.line(f"          {line}")
        if verdict.said == "refuted":
            _show(context, finding)
    longest = proof.schedule
    if longest is not None:
        key = "prove.longest_most" if longest.most else "prove.longest"
        length = say.lasting(longest.ends - longest.begins)
        for line in wrap(say(key, length=length, names=_listed(context, longest.path)), output.columns - 2):
            output.line(f"  {line}")
    known = [say("prove.seen", states=proof.states, depth=proof.depth, seconds=f"{proof.seconds:.2f}")]
    known += [say(f"prove.doubt_{doubt.why}", names=_listed(context, doubt.names)) for doubt in proof.doubts]
    if proof.definition.rules:
        known.append(say("prove.rules", names=_listed(context, [rule.name for rule in proof.definition.rules])))
    if proof.definition.counters:
        known.append(say("prove.counters", names=_listed(context, [each.name for each in proof.definition.counters])))
    resting = {name: text for finding in proof.findings for name, text in finding.assuming.items()}
    free = [name for name in proof.assumed if name not in resting and name not in proof.varied]
    if resting:
        known.append(say("prove.assumed", names=_given(context, resting)))
    for key, names in (("varied", proof.varied), ("free", free)):
        if names:
            known.append(say(f"prove.{key}", names=_listed(context, names)))
    for line in known:
        for part in wrap(line, output.columns - 2):
            output.line(f"  {output.style(part, 'faint')}")


def _show(context: Context, finding: Finding) -> None:
    say, output = context.say, context.output
    verdict = finding.verdict
    always = "_always" if verdict.property == "ends" and verdict.always else ""
    said = say(f"prove.not_{verdict.property}{always}", names=_listed(context, verdict.elements))
    lines = [*wrap(said, output.columns - 6), *([finding.place] if finding.place else [])]
    for line in [*lines, *(finding.scenario or "").rstrip().splitlines()]:
        output.line(f"      {line}" if line else "")


def _given(context: Context, given: Mapping[str, str]) -> str:
    return _listed(context, [f"{name} = {text}" for name, text in given.items()])


def _listed(context: Context, names: Sequence[str]) -> str:
    return context.say("happened.comma").join(f"`{name}`" for name in names)


def _data(proof: Proof) -> dict[str, Any]:
    from charter.runtime.desk.views import placed

    return {
        "process": proof.definition.name,
        "version": proof.definition.version,
        "verdicts": [
            {
                "property": finding.verdict.property,
                "said": finding.verdict.said,
                "elements": list(finding.verdict.elements),
                "always": finding.verdict.always,
                "assuming": dict(finding.assuming),
                **placed(finding.place),
                "scenario": finding.scenario,
            }
            for finding in proof.findings
        ],
        "states": proof.states,
        "moves": proof.moves,
        "depth": proof.depth,
        "seconds": round(proof.seconds, 3),
        "whole": proof.whole,
        "inexact": list(proof.inexact),
        "reasons": [{"why": doubt.why, "names": list(doubt.names)} for doubt in proof.doubts],
        "assumed": dict(proof.assumed),
        "schedule": _schedule(proof.schedule),
    }


def _schedule(found: Schedule | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "begins": iso(found.begins),
        "ends": iso(found.ends),
        "at_most": found.most,
        "critical_path": list(found.path),
        "elements": [
            {
                "element": each.element,
                "earliest_start": iso(each.start),
                "latest_finish": iso(each.latest),
                "slack_seconds": each.slack // 1_000_000,
            }
            for each in found.timed
        ],
    }


VERBS = {
    "prove": Verb(
        "prove",
        run_prove,
        [
            argument("paths", "PATH", many=True),
            option("--budget", "SECONDS", name="budget", type=Seconds(), default=_BUDGET),
            switch(JSON, name="as_json"),
        ],
    )
}
