"""`charter start PROCESS`: opens a case of a deployed process, with the records it wants at its start."""

from __future__ import annotations

from collections.abc import Sequence

from .context import Context
from .verb import JSON, Binding, Verb, argument, option, switch


def run_start(
    context: Context, process: str, sets: Sequence[tuple[str, str]], data: Sequence[str], key: str | None, as_json: bool
) -> int:
    """Opens a case and tells its number and what comes first."""
    from .aftermath import tell
    from .handover import records

    definition = context.cases.definition(process)
    given = records(context, definition, definition.inputs, sets, data, {})
    performed = context.cases.start(definition.name, person=context.person, records=dict(given), key=key)
    return tell(context, "start", performed, as_json=as_json)


VERBS = {
    "start": Verb(
        "start",
        run_start,
        [
            argument("process", "PROCESS"),
            option("--set", "NAME=VALUE", many=True, name="sets", type=Binding()),
            option("--data", "FILE", many=True),
            option("--key", "TEXT"),
            switch(JSON, name="as_json"),
        ],
    )
}
