"""`charter check PATH…`: everything that is wrong in process files, found before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charter.runtime.author import texts
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, misbound
from charter.runtime.cli.progress import along
from charter.runtime.cli.verb import Binding, Verb, Words, argument, option

if TYPE_CHECKING:
    from charter.dsl.diagnostic import Diagnostic
    from charter.dsl.messages.render import Format
    from charter.dsl.text.source import Source
    from charter.engine.definition import Definition

FORMATS = ("full", "concise", "json")


def report(context: Context, diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], form: Format) -> None:
    """Writes diagnostics for a reader: `full` with source lines, `concise` one line each, `json` as an array."""
    from charter.dsl.messages.render import render

    output = context.output
    output.stream.write(render(diagnostics, sources, form, lang=context.say.lang, colour=output.colour))


def run_check(context: Context, paths: tuple[str, ...], form: Format, bindings: tuple[tuple[str, str], ...]) -> int:
    """Checks files and folders; exit 1 when there is an error."""
    from charter.dsl.check.findings import counted, told

    found: dict[tuple[Any, ...], Diagnostic] = {}
    sources: dict[str, Source] = {}
    definitions: list[Definition] = []
    files = 0
    for path in along(list(texts.find_files(paths))):
        compiled = texts.compile_file(path)
        files += 1
        sources |= compiled.sources
        definitions += compiled.definitions
        # a file that several others use is checked with each of them, and told of once
        for diagnostic in compiled.diagnostics:
            key = (*diagnostic.sort_key(), str(sorted(diagnostic.arguments.items(), key=str)))
            found.setdefault(key, diagnostic)
    if bindings:
        from charter.runtime.author.bindings import bind_parameters

        _, wrong = bind_parameters(definitions, bindings)
        if wrong and definitions:
            raise misbound(wrong, context.say)
    bound = {name for name, _ in bindings}
    diagnostics = told(d for d in found.values() if not (d.code == UNBOUND and d.arguments.get("name") in bound))
    errors, warnings = counted(diagnostics)
    report(context, diagnostics, sources, form)
    if form == "json":
        return FINDINGS if errors else 0
    if form == "full" and diagnostics:
        context.output.line()
    summary = context.say(
        "check.summary" if diagnostics else "check.clean",
        files=files,
        errors=errors,
        warnings=warnings,
    )
    context.output.line(summary, "bad" if errors else "good")
    return FINDINGS if errors else 0


# a parameter without a value, which --set can give
UNBOUND = "CH408"

VERBS = {
    "check": Verb(
        "check",
        run_check,
        [
            argument("paths", "PATH", many=True),
            option("--format", "NAME", name="form", type=Words(FORMATS), default="full"),
            option("--set", "NAME=VALUE", many=True, name="bindings", type=Binding()),
        ],
    )
}
