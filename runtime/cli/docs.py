"""`charter docs [PATH…] --out DIR`: the process handbook, a page for each process, as a folder of HTML."""

from __future__ import annotations

from charter.runtime.cli.clauses import read_files
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, Misuse
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch


def run_docs(context: Context, paths: tuple[str, ...], out: str | None, as_json: bool) -> int:
    """Writes the pages of all processes of some files; nothing is written where a file has errors."""
    from charter.runtime.handbook.html import write_folder, written

    if out is None:
        raise Misuse("missing", name="--out")
    files, broken = read_files(context, paths, as_json)
    if files is None:
        if as_json:
            context.output.json({"folder": out, "pages": [], "written": 0, "removed": 0, "diagnostics": broken})
        return FINDINGS
    made, removed = write_folder(out, written(files))
    names = sorted({definition.name for compiled in files for definition in compiled.definitions})
    if as_json:
        context.output.json({"folder": out, "pages": names, "written": made, "removed": removed, "diagnostics": []})
        return 0
    context.output.sentence(context.say("docs.done", processes=len(names), files=made, folder=out), "good")
    if removed:
        context.output.sentence(context.say("docs.removed", count=removed))
    context.output.sentence(context.say("docs.open", path=f"{out.rstrip('/')}/index.html"))
    return 0


VERBS = {
    "docs": Verb(
        "docs",
        run_docs,
        [
            argument("paths", "PATH", many=True, required=False),
            option("--out", "DIR"),
            switch(JSON, name="as_json"),
        ],
    )
}
