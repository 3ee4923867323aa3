"""`charter start PROCESS`: opens a case of a deployed process, with the records it wants at its start."""

from __future__ import annotations

from collections.abc import Sequence

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.verb import JSON, Binding, Verb, argument, option, switch


def run_start(
    context: Context,
    process: str | None,
    sets: Sequence[tuple[str, str]],
    data: Sequence[str],
    key: str | None,
    drill: bool,
    as_json: bool,
) -> int:
    """Opens a case and tells its number and what comes first; without a process lists those there are."""
    from charter.runtime.cli.aftermath import tell
    from charter.runtime.cli.handover import records

    if process is None:
        return _processes(context, as_json)
    definition = context.reading.definition(process)
    given = records(context, definition, definition.inputs, sets, data, {})
    performed = context.cases.start(
        definition.name, person=context.person, records=dict(given), key=key, **({"drill": True} if drill else {})
    )
    return tell(context, "start", performed, as_json=as_json)


def _processes(context: Context, as_json: bool) -> int:
    """Lists what can be started, of an outsider what is offered to them, with the records that a start wants."""
    from charter.engine.definition import digest
    from charter.engine.requested import closed_to

    say, output = context.say, context.output
    rights = context.reading.rights
    found = [d for d in context.reading.processes() if closed_to(d, rights.person, rights.roles(d.name)) is None]
    consulted(context, "processes")
    if as_json:
        output.json(
            [
                {
                    "process": d.name,
                    "title": d.title,
                    "version": d.version,
                    "definition": digest(d),
                    "inputs": list(d.inputs),
                }
                for d in found
            ]
        )
        return 0
    if not found:
        output.sentence(say("start.none"))
    rows = [
        (
            d.name,
            "" if d.title == d.name else d.title,
            d.version,
            say("happened.comma").join(d.inputs),
            f"charter start {d.name}",
        )
        for d in found
    ]
    output.table(
        [say(f"start.{head}") for head in ("process", "title", "version", "inputs", "next")], rows, styles=("name",)
    )
    return 0


VERBS = {
    "start": Verb(
        "start",
        run_start,
        [
            argument("process", "PROCESS", required=False),
            option("--set", "NAME=VALUE", many=True, name="sets", type=Binding()),
            option("--data", "FILE", many=True),
            option("--key", "TEXT"),
            switch("--drill"),
            switch(JSON, name="as_json"),
        ],
    )
}
