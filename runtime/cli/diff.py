"""`charter diff OLD NEW`: what differs between two versions of a process, in the words of the language.

Each side is a file, or a version that was deployed, as PROCESS@VERSION. Changes nothing.
"""

from __future__ import annotations

import os

from msgspec import Struct

from charter.dsl.build.differences import differences
from charter.engine import definition as definitions
from charter.engine.definition import Definition
from charter.runtime.author import texts
from charter.runtime.cli import changes
from charter.runtime.cli.check import broken
from charter.runtime.cli.consulted import consulted, reader
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, Misuse
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch


class _Broken(Exception):
    """A file has mistakes, which have been told; with the exit code."""

    def __init__(self, code: int) -> None:
        self.code = code


class Side(Struct, frozen=True):
    """What stands on one side: processes by name, and what they were named by."""

    name: str
    processes: dict[str, Definition]


def run_diff(context: Context, before: str, after: str, process: str | None, as_json: bool) -> int:
    """Compares the processes that both sides have, or the only one of each."""
    try:
        old, new = (_side(context, name) for name in (before, after))
    except _Broken as cause:
        return cause.code
    pairs = list(_pairs(old, new, process))
    if as_json:
        context.output.json([_json(*pair) for pair in pairs])
        return DONE
    say, output = context.say, context.output
    for one, other in pairs:
        names = {"process": other.name, "old": one.version, "new": other.version}
        output.sentence(say("diff.head", **names, old_digest=_short(one), new_digest=_short(other)), "strong")
        found = differences(one, other)
        changes.show(context, found)
        if not found:
            output.sentence(say("changes.none"))
    return DONE


def _side(context: Context, name: str) -> Side:
    process, at, version = name.rpartition("@")
    if at and not os.path.exists(name):
        from charter.runtime.desk.versions import find, versions

        reader(context)
        context.reading.definition(process)  # a process that is not there is told as everywhere
        with context.reading.read() as connection:
            digest = find(versions(connection, process), process, version).digest
        consulted(context, "diff", process=process, text=digest)
        return Side(name, {process: context.reading.definition(digest)})
    compiled = texts.compile_file(name)
    if compiled.failed:
        raise _Broken(broken(context, [d for d in compiled.diagnostics if d.is_error], compiled.sources))
    return Side(name, {each.name: each for each in compiled.definitions})


def _pairs(old: Side, new: Side, process: str | None) -> list[tuple[Definition, Definition]]:
    if process is None and len(old.processes) == len(new.processes) == 1:
        return [(*old.processes.values(), *new.processes.values())]  # type: ignore[list-item]
    both = [name for name in new.processes if name in old.processes and process in (None, name)]
    if not both:
        names = (process,) if process is not None else tuple(sorted({*old.processes, *new.processes}))
        raise Misuse("diff_nothing", old=old.name, new=new.name, processes=names)
    return [(old.processes[name], new.processes[name]) for name in both]


def _short(one: Definition) -> str:
    return definitions.digest(one)[:12]


def _json(one: Definition, other: Definition) -> dict[str, object]:
    sides = ({"version": each.version, "definition": definitions.digest(each)} for each in (one, other))
    earlier, later = sides
    return {
        "process": other.name,
        "earlier": earlier,
        "later": later,
        "changes": changes.to_json(differences(one, other)),
    }


VERBS = {
    "diff": Verb(
        "diff",
        run_diff,
        [
            argument("before", "OLD"),
            argument("after", "NEW"),
            option("--process", "PROCESS"),
            switch(JSON, name="as_json"),
        ],
    )
}
