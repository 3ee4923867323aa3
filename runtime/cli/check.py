"""`charter check PATH…`: everything that is wrong in process files, found before anything runs; and its safe mends.

Exit 1 is about the files as they stand when it is done: what `--fix` has mended does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from charter import __version__
from charter.runtime.author import texts
from charter.runtime.cli.bound import VALUES, bound_by, some
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS, Trouble
from charter.runtime.cli.messages import property_title
from charter.runtime.cli.output import Output
from charter.runtime.cli.progress import along
from charter.runtime.cli.verb import JSON, Binding, Verb, Words, argument, option, switch

if TYPE_CHECKING:
    from charter.dsl.diagnostic import Diagnostic
    from charter.dsl.messages.render import Format
    from charter.dsl.passes import Compiled
    from charter.dsl.text.source import Source
    from charter.engine.definition import Definition
    from charter.runtime.author.foreseen import Foreseen

FORMATS = ("full", "concise", "sarif")


def report(context: Context, diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], form: Format) -> None:
    """Writes diagnostics for a reader: `full` with source lines, `concise` one line each."""
    from charter.dsl.messages.render import render

    output = context.output
    columns = output.columns if output.terminal else None
    output.stream.write(
        render(diagnostics, sources, form, lang=context.say.lang, colour=output.colour, columns=columns)
    )


def as_data(context: Context, diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> list[dict[str, Any]]:
    """Gives diagnostics as `--json` tells them."""
    from charter.dsl.messages.render import to_json

    return [to_json(d, sources.get(d.file), context.say.lang) for d in diagnostics]


def faults(context: Context, compiled: Compiled, as_json: bool) -> list[dict[str, Any]]:
    """Says what is wrong with one of several files, at once or, for a JSON answer, as the data that it gives."""
    errors = [d for d in compiled.diagnostics if d.is_error]
    if as_json:
        return as_data(context, errors, compiled.sources)
    if errors:
        report(context, errors, compiled.sources, "full")
    return []


def broken(context: Context, diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> int:
    """Says what is wrong with a file that a verb needs whole; gives the exit code."""
    if not context.as_json:
        report(context, diagnostics, sources, "full")
        return FINDINGS
    told = as_data(context, [d for d in diagnostics if d.is_error], sources)
    return context.fail(Trouble(FINDINGS, (), told[0]["message"], told[0]["code"], told[0]["help"], tuple(told)))


def foreseen(context: Context, path: str, data: bytes, compiled: Compiled, seconds: float | None = None) -> Foreseen:
    """What comes of the cases of a file without errors, as far as it is told in so many seconds a process."""
    from charter.runtime.author.foreseen import foresee

    return foresee(path, data, compiled, property_title, seconds)


def run_check(
    context: Context,
    paths: tuple[str, ...],
    form: str,
    bindings: tuple[tuple[str, str], ...],
    stated: str | None,
    fix: bool,
    diff: bool,
    as_json: bool,
) -> int:
    """Checks files and folders; exit 1 when there is an error."""
    from charter.dsl.check.findings import counted, told
    from charter.runtime.author.proof import seconds_for
    from charter.runtime.author.stated import parameters

    say, output = context.say, context.output
    found: dict[tuple[Any, ...], Diagnostic] = {}
    sources: dict[str, Source] = {}
    definitions: list[Definition] = []
    files = list(texts.find_files(paths))
    mended = [texts.mend_file(path, write=not diff) for path in along(files)] if fix or diff else []
    given = {one.path: one.data if diff else one.mended.data for one in mended if one.path == texts.STDIN}
    if given and not diff and not as_json:
        # The file itself is the answer; what is said of it goes where it is in nobody's way.
        sys.stdout.write(given[texts.STDIN].decode("utf-8", "replace"))
        output = context.output = Output(say, sys.stderr)
    late: list[str] = []
    inexact: list[str] = []
    spent = 0.0
    for number, path in enumerate(along(files)):
        data = given[path] if path in given else texts.read_bytes(path)
        compiled = texts.compile_file(path, data)
        sources |= compiled.sources
        definitions += compiled.definitions
        share = seconds_for(len(files) - number, spent) if len(files) > 1 else None
        ahead = foreseen(context, path, data, compiled, share)
        late += ahead.late
        inexact += ahead.inexact
        spent += ahead.seconds
        # a file that several others use is checked with each of them, and told of once
        for diagnostic in ahead.beside(compiled.diagnostics):
            key = (*diagnostic.sort_key(), str(sorted(diagnostic.arguments.items(), key=str)))
            found.setdefault(key, diagnostic)
    bound, idle = bound_by(context, definitions, stated, bindings if definitions else ())
    unset = [one.name for one in parameters(bound) if one.value is None]
    # what has got a value by now is nothing to tell of
    diagnostics = told(d for d in found.values() if d.code != UNBOUND or d.arguments.get("name") in unset)
    if idle:
        context.note(say("frame.warning", text=say("values.unused", count=len(idle), names=some(context, idle))))
    errors, warnings = counted(diagnostics)
    exit_code = FINDINGS if errors else 0
    given_names = {texts.name_of(path) for path in files}
    offers = [d.fix for d in diagnostics if d.fix is not None and d.file in given_names]
    count = {
        "files": len(files),
        "errors": errors,
        "warnings": warnings,
        "fixed": sum(len(one.mended.fixed) for one in mended if one.left is None),
        "fixable": sum(offer.safe for offer in offers),
        "guesses": sum(not offer.safe for offer in offers),
        "unproved": len(late) + len(inexact),
        "unset": len(unset),
    }
    if as_json:
        fixed = [d for one in mended if one.left is None for d in _fixed(context, one)]
        text = {"text": given[texts.STDIN].decode("utf-8", "replace")} if given and not diff else {}
        output.json({"summary": count, "diagnostics": as_data(context, diagnostics, sources), "fixes": fixed, **text})
        return exit_code
    if form == "sarif":
        from charter.dsl.messages.sarif import sarif

        output.json(sarif(diagnostics, sources, lang=say.lang, version=__version__))
        return exit_code
    for one in mended:
        _tell(context, one, diff)
    shown = [d for d in diagnostics if form == "concise" or d.severity != "note"]
    if shown and not diff:
        report(context, shown, sources, "concise" if form == "concise" else "full")
        if form == "full":
            output.line()
    if mended:
        output.sentence(say("check.would_fix" if diff else "check.fixed", count=count["fixed"]))
    output.sentence(say("check.summary" if errors or warnings else "check.clean", **count), "bad" if errors else "good")
    for why, names in (("unset", unset), ("late", late), ("inexact", inexact)) if form == "full" else ():
        if names:
            output.sentence(say(f"check.{why}", count=len(names), names=some(context, names)), "faint")
    if count["fixable"] and not mended:
        output.sentence(say("check.fixable", count=count["fixable"]), "faint")
    elif count["guesses"] and fix:
        output.sentence(say("check.guesses", count=count["guesses"]), "faint")
    return exit_code


def _fixed(context: Context, one: texts.MendedFile) -> list[dict[str, Any]]:
    return [row for d, source in one.mended.fixed for row in as_data(context, [d], {d.file: source})]


def _tell(context: Context, one: texts.MendedFile, diff: bool) -> None:
    """Says what was fixed in a file, or shows what would be."""
    from charter.dsl.messages.render import keywords_of, message

    say = context.say
    if diff:
        before, after = (data.decode("utf-8", "replace") for data in (one.data, one.mended.data))
        context.output.difference(texts.name_of(one.path), before, after)
    elif one.left is not None:
        context.output.sentence(say(f"check.left_{one.left}", path=one.path, count=len(one.mended.fixed)), "warn")
    else:
        for found, source in one.mended.fixed:
            line, column = source.position(found.span[0])
            place = f"{found.file}:{line}:{column}"
            said = message(found, say.lang, keywords_of(source))
            context.output.sentence(say("check.one_fixed", place=place, code=found.code, sentence=said))


# a parameter without a value, which --set or a file of values can give
UNBOUND = "CH408"

VERBS = {
    "check": Verb(
        "check",
        run_check,
        [
            argument("paths", "PATH", many=True),
            option("--format", "NAME", name="form", type=Words(FORMATS), default="full"),
            option("--set", "NAME=VALUE", many=True, name="bindings", type=Binding()),
            VALUES,
            switch("--fix"),
            switch("--diff"),
            switch(JSON, name="as_json"),
        ],
    )
}
