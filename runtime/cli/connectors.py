"""`charter connectors`: which programs a process may call. A process file alone can run nothing; this list decides."""

from __future__ import annotations

import os
from collections.abc import Sequence

from .context import Context
from .errors import Misuse
from .verb import JSON, Family, Verb, Whole, argument, option, switch


def run_list(context: Context, as_json: bool) -> int:
    """Lists the registered connectors."""
    found = context.cases.connectors.all()
    if as_json:
        context.output.json({name: connector.to_data() for name, connector in found.items()})
        return 0
    say = context.say
    if not found:
        context.output.line(say("connectors.none"))
        return 0
    rows = [
        (name, c.kind, " ".join(c.target) if isinstance(c.target, tuple) else c.target, f"{c.timeout} s")
        for name, c in found.items()
    ]
    heads = [say(f"connectors.{head}") for head in ("name", "kind", "target", "timeout")]
    context.output.table(heads, rows, styles=("name",))
    return 0


def run_add(
    context: Context, name: str, python: str | None, http: str | None, command: Sequence[str], timeout: int
) -> int:
    """Registers a connector, or replaces one."""
    from ..connectors import Connector

    targets = {"python": python, "http": http, "command": list(command) or None}
    given = {kind: target for kind, target in targets.items() if target}
    if len(given) != 1:
        raise Misuse("one_connector")
    connector = Connector.of(name, {**given, "timeout": timeout})
    context.cases.connectors.add(context.store, connector, by=_by(context), at=context.now)
    context.output.line(context.say("connectors.added", name=name))
    return 0


def run_remove(context: Context, name: str) -> int:
    """Takes a connector off the list."""
    context.cases.connectors.remove(context.store, name, by=_by(context), at=context.now)
    context.output.line(context.say("connectors.removed", name=name))
    return 0


def _by(context: Context) -> str:
    return context.person_given or os.environ.get("CHARTER_PERSON") or "operator"


VERBS = {
    "connectors": Family(
        "connectors",
        {
            "list": Verb("connectors list", run_list, [switch(JSON, name="as_json")]),
            "add": Verb(
                "connectors add",
                run_add,
                [
                    argument("name", "NAME"),
                    option("--python", "MODULE:FUNCTION"),
                    option("--http", "URL"),
                    option("--command", "WORD", many=True),
                    option("--timeout", "NUMBER", type=Whole(), default=60),
                ],
            ),
            "remove": Verb("connectors remove", run_remove, [argument("name", "NAME")]),
        },
    )
}
