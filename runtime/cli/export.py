"""`charter audit export`: the trail, or a part of it, in the formats of others.

Knows how it is asked for and told; what the formats are is in `runtime/exports/`.
"""

from __future__ import annotations

from pathlib import Path

from charter.runtime.cli.consulted import consulted, reads_trail
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, Misuse
from charter.runtime.cli.progress import counted
from charter.runtime.cli.verb import JSON, Verb, Words, argument, option, switch
from charter.runtime.store.schema import ORGANISATION

# as FORMATS of `runtime/exports/formats.py` has them, which a test compares
NAMES = ("ocel", "ocel-json", "xes", "cloudevents", "cloudevents-batch", "csv", "parquet")


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
    from charter.runtime.author.handed import unreadable
    from charter.runtime.exports.formats import Taken, write
    from charter.runtime.exports.trail import Trail

    if out is None:
        raise Misuse("missing", name="--out")
    path = Path(out)
    if path.exists():
        raise Taken("there is a file of this name", path=out)
    for process in processes:
        context.reading.definition(process)
    cases = sorted({chosen(context, case) for case in among})
    records = [record for case in cases for record in context.reading.confidential(case)]
    text = " ".join((form, *cases, *processes))
    consulted(context, "export", text=text, case=cases[0] if len(cases) == 1 else None, records=tuple(records))
    try:
        with context.reading.read() as connection:
            trail = Trail(
                connection, context.reading.seen, cases=cases, processes=processes, organisation=not only_cases
            )
            with counted(trail.count()) as told:
                made = write(path, form, trail, told)
    except OSError as cause:
        raise unreadable(out, cause) from None
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


def chosen(context: Context, case: str) -> str:
    """Gives the chain that is meant, which whoever asks may read."""
    if case == ORGANISATION:
        reads_trail(context)
        return ORGANISATION
    return context.reading.resolve(case)


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
