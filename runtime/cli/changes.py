"""What differs between two versions of a process, for people and as JSON: of `deploy --plan` and `audit changes`.

Knows how differences are laid out; what differs is found by `dsl.build.differences`, in the keywords of the reader's
language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from charter.dsl.build.differences import Difference, differences, said
from charter.dsl.messages.languages import keywords
from charter.dsl.text.phrases import Phrases
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing
from charter.runtime.cli.output import Cell, one_line
from charter.runtime.clock import iso

if TYPE_CHECKING:
    from charter.runtime.desk.versions import Version

_MARKS = {"added": ("+", "good"), "removed": ("-", "bad"), "changed": ("~", "warn")}
_LONGEST = 60  # of a value in a line of the table


def _word(key: str, phrases: Phrases, context: Context) -> str:
    return phrases.word(key) if key.isupper() else context.say(f"changes.{key}")


def _line(each: Difference, phrases: Phrases, context: Context) -> str:
    if each.line is None:
        return ""
    word = _word(each.line, phrases, context)
    before, after = (_short(said(value, phrases)) for value in (each.before, each.after))
    if before and after:
        return f"{word}  {before} → {after}"
    return f"- {word} {before}".rstrip() if before or each.before else f"+ {word} {after}".rstrip()


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def show(context: Context, found: Sequence[Difference]) -> None:
    """Writes differences as a table: whether added, removed or changed, what, which, and in which line."""
    phrases = Phrases(keywords(context.say.lang))
    rows = [
        (
            Cell(_MARKS[each.how][0], _MARKS[each.how][1]),
            _word(each.what, phrases, context),
            each.name,
            _line(each, phrases, context),
        )
        for each in found
    ]
    context.output.table((), rows, indent=2, styles=(None, "faint", "name"))


def to_json(found: Iterable[Difference]) -> list[dict[str, Any]]:
    """Gives differences as JSON data, in the English words of the language."""
    english = Phrases("en")

    def word(key: str) -> str:
        return english.word(key) if key.isupper() else key

    return [
        {
            "how": each.how,
            "what": word(each.what),
            "name": each.name,
            "keyword": None if each.line is None else word(each.line),
            "before": said(each.before, english) or None,
            "after": said(each.after, english) or None,
        }
        for each in found
    ]


def run_changes(context: Context, process: str, before: str | None, after: str | None, as_json: bool) -> int:
    """Shows what changed between two versions of a process: by default, with the one that runs."""
    from charter.runtime.desk.versions import find, texts, versions

    context.reading.definition(process)  # a process that is not there is told as everywhere
    with context.reading.read() as connection:
        known = versions(connection, process)
        if before is None and len(known) < 2:
            raise Missing(f"one version of {process}", code="CH052", process=process, version=known[-1].version)
        new = known[-1] if after is None else find(known, process, after)
        old = known[-2] if before is None else find(known, process, before)
        files = texts(connection, old.digest), texts(connection, new.digest)
    consulted(context, "changes", process=process, text=f"{old.digest} {new.digest}")
    found = differences(context.reading.definition(old.digest), context.reading.definition(new.digest))
    compared = {names[1]: list(_compared(names, old, new, *files)) for names in _pairs(*files)}
    if as_json:
        context.output.json(
            {
                "process": process,
                "earlier": named(old),
                "later": named(new),
                "changes": to_json(found),
                "texts": {name: "\n".join(lines) for name, lines in compared.items() if lines},
            }
        )
        return 0
    say, output = context.say, context.output
    for side, each in (("changes.before", old), ("changes.after", new)):
        told = {"version": each.version, "digest": each.digest[:12], "at": output.moment(each.at), "by": each.by}
        output.sentence(say(side, **told))
    show(context, found)
    if not found:
        output.sentence(say("changes.none"))
    for lines in compared.values():
        if lines:
            output.line()
        for line in lines:
            output.line(line, {"+": "good", "-": "bad", "@": "faint"}.get(line[:1]))
    return 0


def named(version: Version) -> dict[str, Any]:
    """Gives a version as JSON data."""
    return {
        "version": version.version,
        "definition": version.digest,
        "deployed_at": iso(version.at),
        "deployed_by": version.by,
        "runs": version.runs,
        "open": list(version.open),
    }


def _pairs(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Pairs the files of two versions by name; the only one that is gone with the only one that is new."""
    gone, new = sorted({*before} - {*after}), sorted({*after} - {*before})
    moved = (*gone, *new) if len(gone) == len(new) == 1 else ()
    if moved:
        yield gone[0], new[0]
    yield from ((name, name) for name in sorted({*before, *after}.difference(moved)))


def _compared(
    names: tuple[str, str], old: Version, new: Version, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterable[str]:
    sides = before.get(names[0], "").splitlines(), after.get(names[1], "").splitlines()
    labels = f"{names[0]} {old.digest[:12]}", f"{names[1]} {new.digest[:12]}"
    return unified_diff(*sides, *labels, lineterm="")
