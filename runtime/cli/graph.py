"""`charter graph FILE|CASE`: draws a process, or a case as it stands, as text, Mermaid or SVG."""

from __future__ import annotations

import os

from .. import texts
from ..graph import write_lifecycle, write_mermaid, write_text
from ..picture import Picture, build_picture
from .check import report
from .context import Context
from .errors import FINDINGS
from .verb import Verb, Words, argument, option

FORMATS = ("text", "mermaid", "svg")
KINDS = ("case", "phase", "activity", "approval", "milestone")


def run_graph(context: Context, source: str | None, form: str, file: str | None, process: str | None,
              lifecycle: str | None) -> int:  # fmt: skip
    """Draws to standard output, or into a file."""
    from .errors import Misuse

    if lifecycle is not None:
        from ...engine.machines import LIFECYCLES

        rows = LIFECYCLES[lifecycle]  # type: ignore[index]
        return _deliver(context, "\n".join(write_lifecycle(rows, rows[0][1])) + "\n", file)
    if source is None:
        raise Misuse("missing", name="FILE|CASE")
    picture = _picture(context, source, process)
    if picture is None:
        return FINDINGS
    if form == "svg":
        from ..svg import write_svg

        return _deliver(context, write_svg(picture, context.say), file)
    lines = (write_text if form == "text" else write_mermaid)(picture, context.say)
    return _deliver(context, "\n".join(lines) + "\n", file)


def _picture(context: Context, source: str, process: str | None) -> Picture | None:
    # A file is meant when there is one, or when the word looks like one; a case otherwise.
    if source != texts.STDIN and not os.path.exists(source) and not source.endswith(texts.SUFFIX):
        case = context.cases.resolve(source)
        return build_picture(context.cases.definition(case), context.say, context.cases.state(case))
    compiled = texts.compile_file(source)
    if compiled.failed:
        report(context, [d for d in compiled.diagnostics if d.is_error], compiled.sources, "full")
        return None
    return build_picture(texts.choose(compiled, source, process), context.say)


def _deliver(context: Context, text: str, file: str | None) -> int:
    if file is None:
        context.output.stream.write(text)
    else:
        texts.write_atomically(file, text.encode("utf-8"))
        context.output.line(context.say("graph.written", path=file))
    return 0


VERBS = {
    "graph": Verb("graph", run_graph, [
        argument("source", "FILE|CASE", required=False),
        option("--format", "NAME", name="form", type=Words(FORMATS), default="text"),
        option("--output", "FILE", short="-o", name="file"),
        option("--process", "PROCESS"),
        option("--lifecycle", "NAME", type=Words(KINDS)),
    ])
}  # fmt: skip
