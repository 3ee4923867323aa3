"""`charter signal CASE NAME`: tells a case that something happened outside, with the records that came with it."""

from __future__ import annotations

from collections.abc import Sequence

from charter.runtime.cli.context import Context
from charter.runtime.cli.verb import JSON, Binding, Verb, argument, option, switch


def run_signal(
    context: Context,
    case: str,
    name: str,
    sets: Sequence[tuple[str, str]],
    data: Sequence[str],
    key: str | None,
    as_json: bool,
) -> int:
    """Sends a signal to a case."""
    from charter.runtime.cli.aftermath import tell
    from charter.runtime.cli.handover import records

    case, person = context.reading.resolve(case), context.person
    definition = context.reading.definition(case)
    # what may come with a signal is what the elements waiting for it put out
    wanted = [r for e in definition.elements if e.work and e.work.target == name for r in e.outputs]
    given = records(context, definition, wanted, sets, data, {}) if sets or data else ()
    performed = context.cases.perform(case, person=person, verb="signal", key=key, name=name, records=given)
    return tell(context, "signal", performed, as_json=as_json)


VERBS = {
    "signal": Verb(
        "signal",
        run_signal,
        [
            argument("case", "CASE"),
            argument("name", "NAME"),
            option("--set", "NAME=VALUE", many=True, name="sets", type=Binding()),
            option("--data", "FILE", many=True),
            option("--key", "TEXT"),
            switch(JSON, name="as_json"),
        ],
    )
}
