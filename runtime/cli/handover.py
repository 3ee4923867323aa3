"""From `--set`, `--data`, `--check` or a form on the terminal to the values a command carries.

Knows which records a verb wants; reading them is `author/intake.py`, asking is `author/forms.py`. What cannot
be read is a misuse of the command line (exit 2); what reads well goes to the engine, which says whether it is allowed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charter.engine.keys import name_of
from charter.engine.offers import register_in
from charter.engine.text import composed
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing, Misuse

if TYPE_CHECKING:
    from charter.engine.definition import Definition, Element, TypeRef
    from charter.engine.values import File


def ingest(context: Context, path: Path) -> File:
    """Takes a copy of a file, which the content store keeps once the command that names it is allowed."""
    return context.cases.files.ingest(path)


def asks(context: Context) -> bool:
    """Tells whether there is somebody at a terminal who can be asked."""
    return sys.stdin.isatty() and context.output.terminal


def asked(prompt: str) -> str:
    """Asks on the terminal; the end of input means the same as Ctrl-C: nothing is handed over."""
    try:
        return input(prompt)
    except EOFError:
        raise KeyboardInterrupt from None


def records(
    context: Context,
    definition: Definition,
    wanted: Sequence[str],
    sets: Sequence[tuple[str, str]],
    data: Sequence[str],
    current: Mapping[str, Any],
) -> tuple[tuple[str, Any], ...]:
    """Gives (record, encoded value) pairs for the wanted records; asks on a terminal when nothing was given.

    `current`: the encoded current values, which `--set` changes and the form offers.
    """
    from charter.engine.values import encode
    from charter.runtime.author.forms import Form, gather, said
    from charter.runtime.author.intake import Reader

    reader = Reader(definition.records, lambda path: ingest(context, path))
    if not sets and not data:
        if not wanted or not asks(context):
            return ()
        form = Form(reader, context.say, asked, context.output.line, lambda person: _knows(context, person))
        types = {r.name: r for r in definition.records}
        try:
            answers = {name: form.record(types[name], current.get(name)) for name in wanted}
        except KeyboardInterrupt:
            sys.stderr.write(f"\n{context.say('intake.given_up')}")
            raise
        return tuple((name, encode(value)) for name, value in answers.items())
    gathered = gather(reader, wanted, sets, data, current)
    if gathered.faults:
        raise Misuse("faults", faults="\n  ".join(said(fault, context.say) for fault in gathered.faults))
    return tuple((name, encode(value)) for name, value in gathered.records.items())


def typed(context: Context, definition: Definition, kind: TypeRef, given: Any) -> Any:
    """Gives the encoded value of a type that text or plain data stand for; a misuse names what does not fit."""
    from charter.engine.values import encode
    from charter.runtime.author.forms import said
    from charter.runtime.author.intake import Reader

    reader = Reader(definition.records, lambda path: ingest(context, path))
    value = reader.value(given, kind, "item")
    if reader.misfits:
        raise Misuse("faults", faults="\n  ".join(said(fault, context.say) for fault in reader.misfits))
    return encode(value)


def _knows(context: Context, person: str) -> bool:
    from charter.runtime.people.directory import load

    with context.store.read() as connection:
        return load(connection, person) is not None


def plain(given: str, *, from_file: bool = False) -> Any:
    """Gives an encoded value that no type is declared for: a file's data, JSON, or else the text itself."""
    from charter.engine.values import NotAValue, decode, encode
    from charter.runtime.author.data import load, text_or_json

    try:
        return encode(decode(load(given) if from_file else text_or_json(given)))
    except NotAValue as error:
        raise Misuse("unreadable", detail=str(error)) from None


def asked_checks(context: Context, element: Element, ticked: frozenset[str]) -> tuple[tuple[str, Any], ...]:
    """Asks for the points of a checklist that this person may tick and nobody has; evidence is asked for too."""
    from charter.engine.values import encode
    from charter.runtime.author.forms import yes

    say, out = context.say, []
    for check in element.checklist:
        # points for somebody else, and one for each item of a list, are ticked by `confirm`
        if check.name in ticked or check.by or check.other or check.many:
            continue
        title = check.name if check.title == check.name else say("intake.named", title=check.title, name=check.name)
        while (ticks := yes(asked(f"  {say('intake.tick', title=title)}{say('intake.or_no')}"), False)) is None:
            context.output.line(f"  {say('intake.yes_or_no')}")
        if not ticks:
            continue
        evidence: Any = check.evidence
        while check.evidence == "file":
            place = Path(asked("    " + say.of(say("intake.evidence"), "")).strip())
            if place.is_file():
                evidence = encode(ingest(context, place))
                break
            expected = say("intake.file")
            context.output.sentence("    " + say("intake.misfit", path=check.name, given=place, expected=expected))
        out.append((check.name, evidence))
    return tuple(out)


def checks(context: Context, element: Element, given: Iterable[str]) -> tuple[tuple[str, Any], ...]:
    """Gives (point, evidence) pairs of `--check NAME[=EVIDENCE]`; a file is taken in, a record is named."""
    from charter.engine.values import encode

    points = {check.name: check for check in element.checklist}
    offered = {register_in(text) for text in element.offers}
    out = []
    for text in given:
        name, equals, evidence = text.partition("=")
        name = composed(name)
        check = points.get(name_of(name))
        if name_of(name) in offered:  # taken up, or why not
            out.append((name, evidence if equals else None))
            continue
        value: Any = evidence if equals else None
        if value is not None and (check is None or check.evidence in (None, "file")) and Path(value).is_file():
            value = encode(ingest(context, Path(value)))
        elif value is not None and check is not None and check.evidence == "file":
            raise Missing(f"no file {value}", code="CH091", path=value)
        out.append((name, value))
    return tuple(out)
