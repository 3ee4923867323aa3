"""`charter graph FILE|CASE`: draws a process, or a case as it stands, as text, Mermaid or SVG."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from charter.runtime.author import texts
from charter.runtime.cli.check import report
from charter.runtime.cli.consulted import consulted, reader
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, Misuse
from charter.runtime.cli.messages import Messages
from charter.runtime.cli.verb import Verb, Words, argument, option
from charter.runtime.drawing.graph import write_lifecycle, write_mermaid, write_text
from charter.runtime.drawing.picture import Picture, build_picture
from charter.runtime.drawing.svg import write_svg

if TYPE_CHECKING:
    from charter.engine.machines import Kind

# format -> what writes a picture in it, as a whole file
WRITERS: Mapping[str, Callable[[Picture, Messages], str]] = {
    "text": write_text,
    "mermaid": write_mermaid,
    "svg": write_svg,
}
KINDS = ("case", "phase", "activity", "approval", "milestone")


def run_graph(
    context: Context, source: str | None, form: str, file: str | None, process: str | None, lifecycle: Kind | None
) -> int:
    """Draws to standard output, or into a file."""
    if lifecycle is not None:
        from charter.engine.machines import LIFECYCLES

        return _deliver(context, write_lifecycle(LIFECYCLES[lifecycle]), file)
    if source is None:
        raise Misuse("missing", name="FILE|CASE")
    picture = _picture(context, source, process)
    if picture is None:
        return FINDINGS
    return _deliver(context, WRITERS[form](picture, context.say), file)


def _picture(context: Context, source: str, process: str | None) -> Picture | None:
    # A file is meant when there is one, or when the word looks like one; a case otherwise.
    if source != texts.STDIN and not os.path.exists(source) and not source.endswith(texts.SUFFIX):
        reader(context)
        case = context.reading.resolve(source)
        consulted(context, "graph", case=case)
        return build_picture(context.reading.definition(case), context.say, context.reading.state(case))
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
        context.output.sentence(context.say("graph.written", path=file))
    return 0


VERBS = {
    "graph": Verb(
        "graph",
        run_graph,
        [
            argument("source", "FILE|CASE", required=False),
            option("--format", "NAME", name="form", type=Words(tuple(WRITERS)), default="text"),
            option("--output", "FILE", short="-o", name="file"),
            option("--process", "PROCESS"),
            option("--lifecycle", "NAME", type=Words(KINDS)),
        ],
    )
}
