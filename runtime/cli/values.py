"""`charter values PATH…`: what the rules leave to the organisation, and what of it is still to be decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charter.runtime.author import texts
from charter.runtime.cli.bound import VALUES, bound_by, some
from charter.runtime.cli.check import broken
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS
from charter.runtime.cli.progress import along
from charter.runtime.cli.verb import JSON, Verb, argument, switch

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.runtime.author.stated import Open


def run_values(context: Context, paths: tuple[str, ...], stated: str | None, template: bool, as_json: bool) -> int:
    """Lists the parameters of all processes in these files; exit 1 while one has no value."""
    from charter.runtime.author.stated import parameters, template as written

    definitions: dict[tuple[str, str], Definition] = {}
    for path in along(list(texts.find_files(paths))):
        compiled = texts.compile_file(path)
        if compiled.failed:
            return broken(context, [d for d in compiled.diagnostics if d.is_error], compiled.sources)
        definitions |= {(one.name, one.version): one for one in compiled.definitions}
    bound, idle = bound_by(context, tuple(definitions.values()), stated)
    found = parameters(bound)
    if template:
        context.output.stream.write(written(found, context.say("values.head")))
        return 0
    lacking = [one for one in found if one.value is None]
    if as_json:
        context.output.json({"values": [_json(one) for one in found], "unset": len(lacking), "unused": idle})
    else:
        _tell(context, found, lacking, idle)
    return FINDINGS if lacking else 0


def _json(one: Open) -> dict[str, Any]:
    return {
        "name": one.name,
        "title": one.title,
        "type": one.type,
        "processes": list(one.processes),
        "clauses": list(one.clauses),
        "value": one.value,
    }


def _tell(context: Context, found: Sequence[Open], lacking: Sequence[Open], idle: Sequence[str]) -> None:
    say, output = context.say, context.output
    if found:
        unset = say("values.unset")
        rows = [
            (one.name, one.title, one.type, one.value or unset, ", ".join(one.processes), " ".join(one.clauses))
            for one in found
        ]
        heads = [say(f"values.{head}") for head in ("name", "title", "type", "value", "processes", "clauses")]
        output.table(heads, rows, styles=("name",))
        output.line()
    style = "warn" if lacking else "good"
    output.sentence(say("values.lacking" if lacking else "values.complete", count=len(lacking)), style)
    if idle:
        output.sentence(say("values.unused", count=len(idle), names=some(context, idle)), "warn")


VERBS = {
    "values": Verb(
        "values",
        run_values,
        [argument("paths", "PATH", many=True), VALUES, switch("--template"), switch(JSON, name="as_json")],
    )
}
