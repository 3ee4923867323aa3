"""`charter test PATH…`: plays the scenarios of process files, then tells what none of them has reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import wrap
from charter.runtime.author import texts
from charter.runtime.cli.check import faults
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, error_sentence
from charter.runtime.cli.progress import along
from charter.runtime.cli.reasons import why_refused
from charter.runtime.cli.suggest import run_suggest
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch

if TYPE_CHECKING:
    from charter.dsl.passes import Compiled
    from charter.engine.definition import Definition
    from charter.runtime.author.coverage import Coverage
    from charter.runtime.author.measured import Said
    from charter.runtime.author.scenarios import Failure, Played


def run_test(context: Context, paths: tuple[str, ...], only: str | None, suggest: bool, as_json: bool) -> int:
    """Plays every scenario of files and folders; exit 1 when one fails or a file has errors."""
    if suggest:
        return run_suggest(context, paths, only, as_json)
    from charter.runtime.author.scenarios import play

    say, output = context.say, context.output
    played: list[tuple[Played, Compiled]] = []
    found: list[Any] = []
    definitions: dict[str, Definition] = {}
    broken, unplayed = False, 0
    files = list(texts.find_files(paths))
    # each scenario's own line is progress enough
    for path in along(files) if as_json else files:
        compiled = texts.compile_file(path)
        if compiled.failed:
            broken = True
            unplayed += compiled.stories
            found += faults(context, compiled, as_json)
            if not as_json:
                output.line()
            continue
        for definition in compiled.definitions:
            definitions.setdefault(definition.name, definition)
        for scenario in compiled.scenarios:
            if only is None or only in scenario.title:
                done = play(scenario, compiled.definitions)
                played.append((done, compiled))
                if not as_json:
                    _tell(context, done, compiled)
    failed = sum(done.failure is not None for done, _ in played)
    coverage = _coverage(definitions, [done for done, _ in played]) if only is None else []
    if as_json:
        told = _as_json(context, [done for done, _ in played], coverage)
        output.json({**told, "not_played": unplayed, "diagnostics": found})
        return FINDINGS if failed or broken else 0
    if unplayed:
        output.sentence(say("test.unplayed", count=unplayed), "bad")
    elif not played:
        output.sentence(say("test.none"))
    if played:
        key = {"count": len(played), "passed": len(played) - failed, "failed": failed}
        output.line()
        output.sentence(say("test.summary", **key), "bad" if failed else "good")
    for one in coverage:
        _tell_coverage(context, one)
    return FINDINGS if failed or broken else 0


def _tell(context: Context, done: Played, compiled: Compiled) -> None:
    say, output = context.say, context.output
    title = done.scenario.title
    if done.failure is None:
        output.line(output.style(say("test.passed", title=title), "good"))
        return
    output.line(output.style(say("test.failed", title=title), "bad"))
    failure = done.failure
    output.sentence("      " + say("test.at", place=failure.place))
    written = _written(failure.place, compiled)
    if written:
        output.line(f"      {written}")
    definition = compiled.definition(failure.process or done.scenario.process)
    for line in _reasons(context, failure, definition):
        output.line("      " + line)


def _written(place: str, compiled: Compiled) -> str | None:
    """Gives the line of the file that a place names."""
    path, _, line = place.rpartition(":")
    source = compiled.sources.get(path)
    return source.line_text(int(line)).strip() if source is not None and line.isdigit() else None


def _reasons(context: Context, failure: Failure, definition: Definition | None) -> list[str]:
    say = context.say
    lines = []
    if failure.expected is not None:
        lines.append(say("test.expected", text=_said(context, failure.expected)))
    for said in failure.actual:
        lines.append(say("test.where" if said[0] == "reads" else "test.actual", text=_said(context, said)))
    if failure.refusal is not None:
        first, *rest = why_refused(failure.refusal, definition, say).lines
        lines += [say("test.actual", text=first), *(f"          {line}" for line in rest)]
    return lines


def _said(context: Context, said: Said) -> str:
    key, arguments = said
    if "error" in arguments:
        return error_sentence(arguments["error"], context.say)
    words: dict[str, Any] = dict(arguments)
    if "state" in words:
        words["state"] = context.say(f"states.{words['state']}")
    if words.get("target") == "case":
        words["target"] = context.say("test.case")
    return context.say(f"test.{key}", **words)


def _coverage(definitions: Mapping[str, Definition], played: list[Played]) -> list[Coverage]:
    from charter.runtime.author.coverage import measure_coverage

    return [
        measure_coverage(d, [r for done in played for r in done.entries.get(d.name, ())])
        for d in definitions.values()
        if d.elements
    ]


def _tell_coverage(context: Context, coverage: Coverage) -> None:
    say, output = context.say, context.output
    name = coverage.definition.name
    output.line()
    if not coverage.covered_elements:
        output.sentence(say("test.no_scenario", process=name), "warn")
        return
    output.line(
        say(
            "test.covered",
            process=name,
            elements=len(coverage.covered_elements),
            all_elements=len(coverage.elements),
            outcomes=len(coverage.covered_outcomes),
            all_outcomes=len(coverage.outcomes),
        )
    )
    if coverage.rows:
        idle = [f"{table} {row}" for table, row in coverage.rows if (table, row) not in coverage.covered_rows]
        covered = len(coverage.rows) - len(idle)
        output.sentence("  " + say("test.rows", covered=covered, total=len(coverage.rows)))
        if idle:
            for line in wrap(say("test.rows_missed", rows=say.listed(idle)), output.columns - 4):
                output.line("    " + line)
    if coverage.rules:
        idle = [name for name in coverage.rules if name not in coverage.covered_rules]
        covered = len(coverage.rules) - len(idle)
        output.sentence("  " + say("test.rules", covered=covered, total=len(coverage.rules)))
        if idle:
            for line in wrap(say("test.rules_missed", rules=say.listed(idle)), output.columns - 4):
                output.line("    " + line)
    if coverage.shares:
        left = [f"{name} {share}" for name, share in coverage.shares if (name, share) not in coverage.covered_shares]
        covered = len(coverage.shares) - len(left)
        output.sentence("  " + say("test.shares", covered=covered, total=len(coverage.shares)))
        if left:
            for line in wrap(say("test.shares_missed", shares=say.listed(left)), output.columns - 4):
                output.line("    " + line)
    lacking = [clause for clause in coverage.clauses if clause not in coverage.covered_clauses]
    if coverage.clauses:
        covered, total = len(coverage.covered_clauses), len(coverage.clauses)
        output.sentence("  " + say("test.clauses", covered=covered, total=total))
    if lacking:
        for line in wrap(say("test.clauses_missed", clauses=" ".join(lacking)), output.columns - 4):
            output.line("    " + line)
    if coverage.missed:
        output.sentence("  " + say("test.uncovered"))
        rows = [
            (name, say.listed(say(f"test.outcome_{o}") for o in outcomes), coverage.definition.place(name))
            for name, outcomes in coverage.missed
        ]
        output.table((), rows, indent=4)


def _as_json(context: Context, played: list[Played], coverage: list[Coverage]) -> dict[str, Any]:
    from charter.runtime.desk.views import placed

    def fault(done: Played) -> dict[str, Any] | None:
        found = done.failure
        if found is None:
            return None
        return {
            **placed(found.place),
            "expected": _said(context, found.expected) if found.expected else None,
            "actual": [_said(context, said) for said in found.actual],
            "codes": [r.code for r in found.refusal.reasons] if found.refusal else [],
        }

    return {
        "scenarios": [
            {
                "title": d.scenario.title,
                "process": d.scenario.process,
                **placed(d.scenario.place),
                "passed": d.failure is None,
                "fault": fault(d),
            }
            for d in played
        ],
        "coverage": [
            {
                "process": c.definition.name,
                "counts": [
                    {"what": what, "all": len(every), "covered": len(covered)}
                    for what, every, covered in (
                        ("elements", c.elements, c.covered_elements),
                        ("outcomes", c.outcomes, c.covered_outcomes),
                        ("rows", c.rows, c.covered_rows),
                        ("clauses", c.clauses, c.covered_clauses),
                        ("rules", c.rules, c.covered_rules),
                        ("shares", c.shares, c.covered_shares),
                    )
                ],
                "clauses_missed": [clause for clause in c.clauses if clause not in c.covered_clauses],
                "missed": [{"element": name, "outcomes": list(outcomes)} for name, outcomes in c.missed],
            }
            for c in coverage
        ],
    }


VERBS = {
    "test": Verb(
        "test",
        run_test,
        [
            argument("paths", "PATH", many=True),
            option("--only", "TEXT", short="-k"),
            switch("--suggest"),
            switch(JSON, name="as_json"),
        ],
    )
}
