"""`charter connectors`: which programs a process may call. A process file alone can run nothing; this list decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Binding, Family, Verb, Whole, argument, option, switch

if TYPE_CHECKING:
    from charter.engine.refusals import Refusal


def run_list(context: Context, as_json: bool) -> int:
    """Lists the registered connectors."""
    found = context.cases.connectors.all()
    consulted(context, "connectors")
    if as_json:
        context.output.json([{"connector": name, **connector.redacted()} for name, connector in found.items()])
        return 0
    say = context.say
    if not found:
        context.output.sentence(say("connectors.none"))
        return 0
    rows = []
    for name, c in found.items():
        shown = c.redacted()
        target = shown[c.kind]
        given = {**shown.get("env", {}), **shown.get("headers", {})}
        told = say("happened.comma").join(f"{word}={value}" for word, value in given.items())
        rows.append((name, c.kind, " ".join(target) if isinstance(target, list) else target, f"{c.timeout} s", told))
    heads = [say(f"connectors.{head}") for head in ("name", "kind", "target", "timeout", "given")]
    context.output.table(heads, rows, styles=("name",))
    return 0


def run_add(
    context: Context,
    name: str,
    python: str | None,
    http: str | None,
    command: Sequence[str],
    timeout: int,
    env: Sequence[tuple[str, str]],
    headers: Sequence[tuple[str, str]],
    as_json: bool,
) -> int:
    """Registers a connector, or replaces one."""
    from charter.runtime.host.connectors import Connector

    targets = {"python": python, "http": http, "command": list(command) or None}
    given = {kind: target for kind, target in targets.items() if target}
    if len(given) != 1:
        raise Misuse("one_connector")
    more = {word: dict(pairs) for word, pairs in (("env", env), ("headers", headers)) if pairs}
    connector = Connector.of(name, {**given, "timeout": timeout, **more})
    done = context.cases.connectors.add(context.store, connector, by=context.person, at=context.now)
    return _said(context, as_json, "added", done, name)


def run_remove(context: Context, name: str, as_json: bool) -> int:
    """Takes a connector off the list."""
    done = context.cases.connectors.remove(context.store, name, by=context.person, at=context.now)
    return _said(context, as_json, "removed", done, name)


def _said(context: Context, as_json: bool, key: str, done: Refusal | None, name: str) -> int:
    if done is not None:
        return refused(context, done)
    with context.committed():
        context.output.done(context.say(f"connectors.{key}", name=name), as_json, connector=name)
    return 0


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
                    option("--env", "NAME=VALUE", many=True, type=Binding()),
                    option("--header", "NAME=VALUE", many=True, name="headers", type=Binding()),
                    switch(JSON, name="as_json"),
                ],
            ),
            "remove": Verb("connectors remove", run_remove, [argument("name", "NAME"), switch(JSON, name="as_json")]),
        },
    )
}
