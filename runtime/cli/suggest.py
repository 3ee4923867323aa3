"""`charter test --suggest PATH…`: writes the scenarios that are missing, to be pasted, and says what none shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import wrap
from charter.runtime.author import texts
from charter.runtime.author.coverage import FIRED
from charter.runtime.cli.check import faults
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS
from charter.runtime.cli.messages import Messages, of_file
from charter.runtime.cli.progress import along

if TYPE_CHECKING:
    from charter.dsl.text.words import Language
    from charter.engine.definition import Definition
    from charter.engine.entries import Entry
    from charter.runtime.author.coverage import Reach
    from charter.runtime.author.proof import Prover
    from charter.runtime.author.suggestions import Missing, Suggestion

_LONGEST = 60  # characters of a condition in a title


def run_suggest(context: Context, paths: tuple[str, ...], only: str | None, as_json: bool) -> int:
    """Writes to standard output what may be added to the files as it is; exit 1 when a file has errors."""
    from charter.runtime.author.coverage import measure_coverage
    from charter.runtime.author.proof import Prover
    from charter.runtime.author.scenarios import play
    from charter.runtime.author.suggestions import Suggestion, suggest

    provers: list[Prover] = []
    entries: dict[str, list[Entry]] = {}
    wrong: list[dict[str, Any]] = []
    broken = False
    for path in texts.find_files(paths):
        prover = Prover(path, texts.read_bytes(path), lambda *_: "")
        wrong += faults(context, prover.compiled, as_json)
        if prover.compiled.failed:
            broken = True
            continue
        provers.append(prover)
        for scenario in prover.compiled.scenarios:
            if only is None or only in scenario.title:
                for process, found in play(scenario, prover.compiled.definitions).entries.items():
                    entries.setdefault(process, []).extend(found)
    made: list[Suggestion] = []
    missing: list[tuple[Language, Missing]] = []
    work = [(prover, definition) for prover in provers for definition in prover.definitions() if definition.elements]
    for prover, definition in along(work):
        lacking = measure_coverage(definition, entries.get(definition.name, ())).lacking
        for found_ in suggest(prover, definition, lacking, title):
            if isinstance(found_, Suggestion):
                made.append(found_)
                if not as_json:
                    context.output.stream.write(("\n" if len(made) > 1 else "") + found_.text)
            else:
                missing.append((prover.language, found_))
    if as_json:
        told = {"suggestions": list(map(_suggestion, made)), "not_shown": [_missing(one) for _, one in missing]}
        context.output.json({**told, "diagnostics": wrong})
    elif not broken or made or missing:
        _tell(context, made, missing)
    return FINDINGS if broken else 0


def title(definition: Definition, shows: tuple[Reach, ...], language: Language) -> str:
    """Says in the language of a file what a scenario shows: what is out of the ordinary, or how far it goes."""
    from charter.engine.proof.tours import notable

    say = of_file(language)
    elements = {element.name: element for element in definition.elements}
    said = []
    for name, outcome in filter(notable, shows):
        when = (elements[name].when or elements[name].offered) if outcome == "skipped" else None
        key = "skipped_unless" if when is not None and len(when) <= _LONGEST and '"' not in when else str(outcome)
        key = "share" if key.startswith("at ") else key
        said.append(say(f"suggest.title_{key}", name=name, when=when, share=str(outcome).removeprefix("at ")))
    if said:
        return say("suggest.title_comma").join(said)
    done = [name for name, outcome in shows if isinstance(outcome, str)]
    if done:
        return say("suggest.title_far" if len(set(done)) > 1 else "suggest.title_done", name=done[-1])
    return say("suggest.title_comma").join(say("suggest.title_row", name=name, row=row) for name, row in shows[:3])


def _tell(context: Context, made: list[Suggestion], missing: list[tuple[Language, Missing]]) -> None:
    """Says in comments what no scenario shows, in the language of its file: all of the output may stand in one."""
    output = context.output
    lines = [] if made or missing else [context.say("suggest.nothing")]
    grouped: dict[Language, dict[tuple[str, str, str], list[Reach]]] = {}
    for language, one in missing:
        reaches = grouped.setdefault(language, {})
        reaches.setdefault((one.definition.name, one.reach[0], one.why), []).append(one.reach)
    for language, groups in grouped.items():
        say = of_file(language)
        lines.append(say("suggest.missing"))
        for (process, name, why), found in groups.items():
            what = say.listed(_word(say, reach) for reach in found)
            lines.append("  " + say(f"suggest.why_{why}", process=process, name=name, what=what))
    if made and lines:
        output.line()
    for line in lines:
        for part in wrap(line, output.columns - 2):
            output.line(f"# {part}", "faint")


def _word(say: Messages, reach: Reach) -> str:
    outcome = reach[1]
    if isinstance(outcome, int):
        return say("suggest.row", row=outcome)
    if outcome.startswith("at "):
        return say("suggest.share", share=outcome.removeprefix("at "))
    return say(f"test.outcome_{outcome}") if outcome else say("suggest.opened")


def _reaches(reaches: Iterable[Reach]) -> list[dict[str, Any]]:
    return [_reach(name, outcome) for name, outcome in reaches]


def _reach(name: str, outcome: str | int) -> dict[str, Any]:
    kind = "table" if isinstance(outcome, int) else "rule" if outcome == FIRED else "element"
    kind = "clock" if str(outcome).startswith("at ") else kind
    word = None if isinstance(outcome, int) else outcome or None
    row = outcome if isinstance(outcome, int) else None
    return {**dict.fromkeys(("element", "table", "rule", "clock")), kind: name, "outcome": word, "row": row}


def _suggestion(made: Suggestion) -> dict[str, Any]:
    return {
        "process": made.definition.name,
        "title": made.title,
        "scenario": made.text,
        "reaches": _reaches(made.reaches),
    }


def _missing(missing: Missing) -> dict[str, Any]:
    return {"process": missing.definition.name, **_reaches([missing.reach])[0], "why": missing.why}
