"""`charter audit export`, `export cases` and `export check`: the trail in the formats of others, and whether it is.

Knows how it is asked for and told; what the formats are is in `runtime/exports/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.consulted import consulted, reads_trail
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, Missing, Misuse
from charter.runtime.cli.output import one_line
from charter.runtime.cli.progress import counted
from charter.runtime.cli.verb import JSON, Family, Verb, Words, argument, option, switch
from charter.runtime.store.schema import ORGANISATION

if TYPE_CHECKING:
    from charter.runtime.exports.checks import Finding
    from charter.runtime.exports.trail import Trail

# as FORMATS of `runtime/exports/formats.py` has them, which a test compares
DRAWN = ("prov-svg", "prov-dot")  # of one case
NAMES = (
    *("ocel", "ocel-json", "xes", "prov-json", "prov-n", *DRAWN),
    *("cloudevents", "cloudevents-batch", "csv", "parquet"),
)


def run_export(
    context: Context,
    form: str,
    out: str | None,
    among: tuple[str, ...],
    processes: tuple[str, ...],
    only_cases: bool,
    as_json: bool,
) -> int:
    """Writes a file with the entries that whoever asks may read."""
    from charter.runtime.exports.formats import Taken, write

    path = Path(_named(out))
    if path.exists():
        raise Taken("there is a file of this name", path=out)
    if form in DRAWN and (len(among) != 1 or among[0] == ORGANISATION):
        raise Misuse("one_case", form=form)
    with _trail(context, form, among, processes, only_cases, str(path)) as (trail, told):
        made = write(path, form, trail, told)
    say = context.say
    said = say("export.exported", file=out, count=made.entries, cases=made.cases, digest=made.digest)
    if not as_json:
        if made.withheld:
            said += say("export.exported_withheld", count=made.withheld)
        if made.escaped:
            said += say("export.exported_escaped", count=made.escaped)
    context.output.done(
        said,
        as_json,
        file=out,
        format=form,
        entry_count=made.entries,
        case_count=made.cases,
        withheld_count=made.withheld,
        escaped_count=made.escaped,
        digest=made.digest,
    )
    return DONE


@contextmanager
def _trail(
    context: Context,
    about: str,
    among: tuple[str, ...],
    processes: tuple[str, ...],
    only_cases: bool,
    out: str,
    question: str = "export",
) -> Iterator[tuple[Trail, Callable[[], None]]]:
    """Gives what is exported, and what is to be called after each entry; the look is entered before."""
    from charter.runtime.author.handed import unreadable
    from charter.runtime.exports.trail import Trail

    for process in processes:
        context.reading.definition(process)
    cases = sorted({chosen(context, case) for case in among})
    records = tuple(record for case in cases for record in context.reading.confidential(case))
    text = " ".join((about, *cases, *processes))
    consulted(context, question, text=text, case=cases[0] if len(cases) == 1 else None, records=records)
    door = context.reading
    try:
        with door.read() as connection:
            trail = Trail(
                connection,
                door.seen,
                cases=cases,
                processes=processes,
                organisation=not only_cases,
                find=door.definition,
            )
            with counted(trail.count()) as told:
                yield trail, told
    except OSError as cause:
        raise unreadable(out, cause) from None


def _named(out: str | None) -> str:
    if out is None:
        raise Misuse("missing", name="--out")
    return out


def run_cases(
    context: Context, out: str | None, form: str, among: tuple[str, ...], processes: tuple[str, ...], as_json: bool
) -> int:
    """Writes a folder with the tables of analysts."""
    from charter.runtime.author.texts import is_free
    from charter.runtime.exports.formats import write_tables

    folder = Path(_named(out))
    if not is_free(str(folder)):
        raise Missing("the folder is not empty", code="CH099", path=out)
    with _trail(context, f"cases {form}", among, processes, True, str(folder)) as (trail, told):
        counts, escaped = write_tables(folder, form, trail, told)
    say = context.say
    said = say("export.tabled", folder=out, **counts)
    if escaped and not as_json:
        said += say("export.exported_escaped", count=escaped)
    context.output.done(
        said,
        as_json,
        folder=out,
        format=form,
        case_count=counts["cases"],
        element_count=counts["elements"],
        version_count=counts["records"],
        withheld_count=trail.withheld,
        escaped_count=escaped,
    )
    return DONE


_MOST = 20  # findings that are told


def run_check(context: Context, file: str, with_trail: bool, as_json: bool) -> int:
    """Tells whether a file is as the standard of its format asks, and whether it says what the trail says."""
    from charter.runtime.author.handed import unreadable
    from charter.runtime.exports.formats import digest_of
    from charter.runtime.exports.held import Held
    from charter.runtime.exports.judging import check, format_of
    from charter.runtime.exports.reading import NotAnExport

    path, say = Path(file), context.say
    held: Held | None = None
    try:
        form = format_of(path)
        wrong = [("CH741", one) for one in islice(check(path, form), _MOST)]
        others: list[tuple[str, Finding]] = []
        if with_trail:
            with _trail(context, form, (), (), False, file, "check export") as (trail, _):
                held = Held(path, form, trail)
                others = [("CH742", one) for one in islice(held.findings(), _MOST)]
        digest = digest_of(path)
    except NotAnExport as bad:
        why = bad.arguments["why"]
        detail = say(f"export.{why}", place=bad.arguments.get("place", ""))
        raise NotAnExport(detail, path=file, detail=detail) from None
    except OSError as cause:
        raise unreadable(file, cause) from None
    findings = [
        {"code": code, "where": one.place, "message": say(f"export.f_{one.rule}", **_shown(one.arguments))}
        for code, one in (*wrong, *others)
    ]
    if as_json:
        context.output.json(
            {
                "file": file,
                "format": form,
                "digest": digest,
                "sound": not wrong,
                "same": None if held is None else not others,
                "entry_count": None if held is None else held.entries,
                "withheld_count": None if held is None else held.withheld,
                "findings": findings,
            }
        )
        return FINDINGS if findings else DONE
    output = context.output
    if findings:
        heads = [say(f"export.{head}") for head in ("code", "where", "what")]
        output.table(heads, [(one["code"], one["where"], one["message"]) for one in findings])
        if len(wrong) == _MOST or len(others) == _MOST:
            output.sentence(say("export.maybe_more"), "faint")
    output.sentence(say("export.is_unsound" if wrong else "export.is_sound", file=file, format=STANDARDS[form]))
    if held is not None:
        output.sentence(say("export.is_other" if others else "export.is_same", count=held.entries))
        if held.withheld:
            output.sentence(say("export.in_part", count=held.withheld))
    return FINDINGS if findings else DONE


def _shown(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: one_line(value)[:60] for name, value in arguments.items()}


def chosen(context: Context, case: str) -> str:
    """Gives the chain that is meant, which whoever asks may read."""
    if case == ORGANISATION:
        reads_trail(context)
        return ORGANISATION
    return context.reading.resolve(case)


# format -> what it is called
STANDARDS = {
    **dict.fromkeys(("ocel", "ocel-json"), "OCEL 2.0"),
    "xes": "XES (IEEE 1849-2023)",
    "prov-json": "PROV-JSON",
    "prov-n": "PROV-N",
    **dict.fromkeys(("cloudevents", "cloudevents-batch"), "CloudEvents 1.0"),
    **{name: f"charter audit export {name}" for name in ("csv", "parquet")},
}
OF_AUDIT = {
    "export": Verb(
        "audit export",
        run_export,
        [
            argument("form", "FORMAT", type=Words(NAMES)),
            option("--out", "FILE"),
            option("--case", "CASE", name="among", many=True),
            option("--process", "PROCESS", name="processes", many=True),
            switch("--only-cases"),
            switch(JSON, name="as_json"),
        ],
        section="export",
    ),
}
_AS_JSON = switch(JSON, name="as_json")
VERBS = {
    "export": Family(
        "export",
        {
            "cases": Verb(
                "export cases",
                run_cases,
                [
                    option("--out", "DIR", words="o_folder"),
                    option("--format", "TEXT", name="form", type=Words(("csv", "jsonl", "parquet")), default="csv"),
                    option("--case", "CASE", name="among", many=True, words="o_among_cases"),
                    option("--process", "PROCESS", name="processes", many=True),
                    _AS_JSON,
                ],
            ),
            "check": Verb("export check", run_check, [argument("file", "FILE"), switch("--with-trail"), _AS_JSON]),
        },
    )
}
