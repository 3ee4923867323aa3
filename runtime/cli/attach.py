"""`charter attach CASE [ELEMENT] FILE`: keeps a file by its content and notes it in the case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch


def run_attach(context: Context, case: str, words: Sequence[str], key: str | None, as_json: bool) -> int:
    """Takes the file into the content store, then attaches it."""
    from charter.engine.values import encode
    from charter.runtime.cli.aftermath import tell
    from charter.runtime.cli.handover import ingest

    if len(words) > 2:
        raise Misuse("extra", value=" ".join(words[2:]))
    *element, name = words
    node = element[0] if element else None
    case, person = context.reading.resolve(case), context.person
    file = encode(ingest(context, Path(name)))
    performed = context.cases.perform(case, person=person, verb="attach", node=node, key=key, file=file)
    return tell(context, "attach", performed, node=node, as_json=as_json)


VERBS = {
    "attach": Verb(
        "attach",
        run_attach,
        [
            argument("case", "CASE"),
            argument("words", "[ELEMENT] FILE", many=True),
            option("--key", "TEXT"),
            switch(JSON, name="as_json"),
        ],
    )
}
