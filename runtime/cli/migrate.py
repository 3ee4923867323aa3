"""`charter migrate CASE…`: running cases go over to another version of their process, or back.

`--dry-run` says what that would come to, case by case, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, REFUSED, Misuse
from charter.runtime.cli.output import Cell
from charter.runtime.cli.reasons import reason_sentence, why_refused
from charter.runtime.cli.verb import JSON, Binding, Verb, argument, option, switch

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.entries.cases import Migrated
    from charter.runtime.host.migrating import Course, Wanted

LET_GO = "-"  # what an element is mapped to that is let go of
# parts of what a migration tells -> how they are marked; the words for them are under [migrate]
PARTS = {"renamed": "~", "changed": "~", "again": "~", "new": "+", "passed": "-", "lost": "-"}
_STYLES = {"+": "good", "-": "bad", "~": "warn"}


def run_migrate(
    context: Context,
    cases: tuple[str, ...],
    process: str | None,
    since: str | None,
    to: str | None,
    back: bool,
    mapping: tuple[tuple[str, str], ...],
    keep: tuple[str, ...],
    redo: tuple[str, ...],
    reason: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Migrates the cases named, or all open ones of a process that run a version."""
    if bool(cases) == (process is not None):
        raise Misuse("migrate_whom")
    if back == (to is not None):
        raise Misuse("migrate_where")
    if process is None and since is not None:
        raise Misuse("migrate_from")
    ids = [context.reading.resolve(case) for case in cases]
    if process is not None:
        ids = _open(context, process, since)
    names = {process} if process is not None else {context.reading.definition(case).name for case in ids}
    if len(names) != 1:
        raise Misuse("migrate_one", processes=context.say.listed(sorted(names)))
    name = names.pop()
    # What is only foreseen needs no reason.
    wanted = _wanted(context, name, to, mapping, keep, redo, "?" if dry_run and reason is None else reason)
    if dry_run:
        consulted(context, "migrate", process=name, text=" ".join(cases) or None)
        found = list(context.cases.migrations.foresee(ids, wanted))
        show(context, found, as_json, would=True)
        return REFUSED if any(one.refusal for one in found) else DONE
    refused = context.cases.migrations.refusal(name, wanted.by)
    if refused is not None:
        return context.fail(why_refused(refused, None, context.say))
    with _counted(len(ids)) as along:
        found = list(context.cases.migrations.migrate(ids, wanted, along))
    with context.committed():
        show(context, found, as_json, would=False)
    return REFUSED if any(one.refusal for one in found) else DONE


@contextmanager
def _counted(total: int) -> Iterator[Any]:
    from charter.runtime.cli.progress import counted

    with counted(total) as told:
        yield told


def _wanted(
    context: Context,
    process: str,
    to: str | None,
    mapping: Sequence[tuple[str, str]],
    keep: tuple[str, ...],
    redo: tuple[str, ...],
    reason: str | None,
) -> Wanted:
    from charter.runtime.desk.versions import find, versions
    from charter.runtime.host.migrating import Wanted

    digest = None
    if to is not None:
        with context.reading.read() as connection:
            digest = find(versions(connection, process), process, to).digest
    given = tuple((name, None if other == LET_GO else other) for name, other in mapping)
    return Wanted(digest, context.person, reason, given, keep, redo)


def _open(context: Context, process: str, since: str | None) -> list[str]:
    """Gives the open cases of a process that run a version: the one named, else any but the one that runs now."""
    from charter.runtime.desk.versions import find, versions

    context.reading.definition(process)  # a process that is not there is told as everywhere
    with context.reading.read() as connection:
        known = versions(connection, process)
    chosen = [each for each in known if not each.runs] if since is None else [find(known, process, since)]
    found = [case for each in chosen for case in context.cases.migrations.open_on(process, each.digest)]
    return found


# -- what is said --------------------------------------------------------------------------------------------------


def show(context: Context, found: Sequence[Course], as_json: bool, *, would: bool) -> None:
    """Tells what came of a migration, or would: of one case at length, of several a line each."""
    if as_json:
        context.output.json([to_json(one, context) for one in found])
        return
    if not found:
        context.output.sentence(context.say("migrate.nobody"))
    for one in found if len(found) == 1 else ():
        _one(context, one, would)
    if len(found) > 1:
        rows(context, found)
        able = sum(one.refusal is None for one in found)
        key = "would" if would else "done"
        context.output.sentence(context.say(f"migrate.{key}_all", able=able, left=len(found) - able))


def _one(context: Context, one: Course, would: bool) -> None:
    from charter.runtime.cli.aftermath import named

    say, output = context.say, context.output
    if one.refusal is not None:
        context.fail(why_refused(one.refusal, one.was, say))
        return
    told, to = one.told, one.to
    assert told is not None and to is not None
    names = {"number": one.number, "was": told.was_version, "version": told.version}
    output.sentence(say("migrate.would" if would else "migrate.done", **names), "strong")
    lines = [
        (Cell(PARTS[part], _STYLES[PARTS[part]]), say(f"migrate.{part}"), name)
        for part, name in _parts(told, one.was, to)
    ]
    output.table((), lines, indent=2, styles=(None, "faint"))
    if not lines:
        key = "nothing" if told.undoes is None else "restored"
        output.sentence("  " + say(f"migrate.{key}", entry=told.undoes), "faint")
    moved = [entry for entry in one.entries[1:] if entry.after is not None and entry.before != entry.after]
    for entry in moved:
        name = say("happened.the_case", case=one.number) if entry.node is None else named(to, entry.node)
        output.sentence(
            f"  {name}: {say('states.' + (entry.before or 'planned'))} → {say('states.' + (entry.after or ''))}"
        )


def _parts(told: Migrated, was: Definition, to: Definition) -> Iterator[tuple[str, str]]:
    from charter.runtime.cli.aftermath import named

    for old, new in told.renamed:
        yield "renamed", f"{old} → {new}"
    for part, definition in (("changed", to), ("again", to), ("new", to), ("passed", to), ("lost", was)):
        for key in getattr(told, part):
            yield part, named(definition, key)


def rows(context: Context, found: Sequence[Course]) -> None:
    """Writes a line for each case: how much of it is kept, asked again, new or lost, or what stands against it."""
    say = context.say
    table = []
    for one in found:
        told = one.told
        against = "" if one.refusal is None else reason_sentence(one.refusal.reasons[0], say)
        counts = [str(len(getattr(told, part)) or "") if told is not None else "" for part in _COUNTED]
        kept = "" if told is None or one.state is None else str(len(one.state.nodes) - len(told.new) - len(told.passed))
        state = "refused" if one.refusal is not None else "able"
        mark = Cell(say(f"migrate.{state}"), "bad" if one.refusal is not None else "good")
        table.append((f"#{one.number}", one.was.version, mark, kept, *counts, against))
    heads = [say(f"migrate.{head}") for head in ("c_case", "c_from", "c_state", "c_kept")]
    context.output.table([*heads, *(say(f"migrate.c_{part}") for part in _COUNTED), say("migrate.c_against")], table)


_COUNTED = ("changed", "again", "new", "passed", "lost")


def to_json(one: Course, context: Context) -> dict[str, Any]:
    """Gives what came of a migration, or would, as JSON data."""
    from charter.runtime.desk import views

    told = one.told
    return {
        "case": one.case,
        "number": one.number,
        "outcome": "refused" if told is None else "migrated",
        "version": None if told is None else told.version,
        "definition": None if told is None else told.definition,
        "earlier": {"version": one.was.version, "definition": one.before},
        "mapped": [] if told is None or one.to is None else _mapped(told),
        "moved": [
            {"element": entry.node, "before": entry.before, "after": entry.after}
            for entry in one.entries[1:]
            if entry.after is not None and entry.before != entry.after
        ],
        "refusal": None if one.refusal is None else one.refusal.code,
        "reasons": []
        if one.refusal is None
        else [
            {**views.reason_json(reason, one.was), "message": reason_sentence(reason, context.say)}
            for reason in one.refusal.reasons
        ],
    }


def _mapped(told: Migrated) -> list[dict[str, Any]]:
    named = [{"how": "renamed", "name": old, "to": new} for old, new in told.renamed]
    return [*named, *({"how": part, "name": key, "to": None} for part in _COUNTED for key in getattr(told, part))]


VERBS = {
    "migrate": Verb(
        "migrate",
        run_migrate,
        [
            argument("cases", "CASE", many=True, required=False),
            option("--process", "PROCESS"),
            option("--from", "VERSION", name="since"),
            option("--to", "VERSION"),
            switch("--back"),
            option("--map", "OLD=NEW", many=True, name="mapping", type=Binding()),
            option("--keep", "NAME", many=True),
            option("--redo", "NAME", many=True),
            option("--reason", "TEXT", short="-m"),
            switch("--dry-run", name="dry_run"),
            switch(JSON, name="as_json"),
        ],
    )
}
