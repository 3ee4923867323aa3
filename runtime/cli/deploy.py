"""`charter deploy FILE`: checks a process file, binds its parameters, and makes it what new cases run.

`--plan` says what that would come to and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from charter.runtime.author import texts
from charter.runtime.cli.bound import VALUES, bound_by, some
from charter.runtime.cli.check import broken, foreseen
from charter.runtime.cli.consulted import consulted, reader
from charter.runtime.cli.context import Context
from charter.runtime.cli.gaps import warned
from charter.runtime.cli.reasons import why_refused
from charter.runtime.cli.verb import JSON, Binding, Verb, argument, option, switch
from charter.runtime.refusals import REPLACED, UNBOUND, VERSION_TAKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from charter.runtime.desk.versions import Version
    from charter.runtime.host.deployment import Deployment
    from charter.runtime.host.migrating import Course

# a refusal -> what to do, under [deploy]
_MENDS = {UNBOUND: "bind", VERSION_TAKEN: "number", REPLACED: "back"}


def run_deploy(
    context: Context,
    file: str,
    process: str | None,
    bindings: tuple[tuple[str, str], ...],
    stated: str | None,
    plan: bool,
    back: bool,
    reason: str | None,
    as_json: bool,
) -> int:
    """Deploys a file's processes, those of the files it uses too, or only the one named: all of them or none."""
    from charter.dsl.check.findings import told

    person = reader(context) if plan else context.person
    data = texts.read_bytes(file)
    compiled = texts.compile_file(file, data)
    ahead = foreseen(context, file, data, compiled)
    if compiled.failed or any(found.is_error for found in ahead.diagnostics):
        return broken(context, told(ahead.beside(compiled.diagnostics)), compiled.sources)
    texts.choose(compiled, file, process)
    bound, idle = bound_by(context, compiled.definitions, stated, bindings)
    if idle:
        context.note(context.say("values.elsewhere", count=len(idle), names=some(context, idle)))
    wanted = [d for d in bound if process in (None, d.name)]
    if plan:
        return _plan(context, file, context.cases.plan(wanted, back=back), as_json)
    found = context.cases.deploy_all(wanted, by=person, texts=texts.used_texts(compiled), back=back, why=reason or "")
    if any(one.refusal for one in found):
        return _refused(context, file, found)
    with context.committed():
        if as_json:
            context.output.json([_json(one) for one in found])
        for one in [] if as_json else found:
            context.output.sentence(context.say(f"deploy.done_{one.outcome}", **_names(one)))
        for line in (line for one in found for line in (*_unpublished(context, one), *warned(context, one.definition))):
            context.note(context.say("frame.warning", text=line))
    return 0


def _unpublished(context: Context, one: Deployment) -> Iterator[str]:
    """Tells of public days that the process keeps and that nobody has published for this year."""
    from charter.runtime.clock import text

    this = int(text(context.now)[:4])
    countries = one.definition.countries()
    known = context.cases.public_days.in_force() if countries else {}
    for country in countries:
        years = known[country].days.years if country in known else ()
        if not any(year.number == this and not year.provisional for year in years):
            yield context.say("deploy.unpublished", country=country, year=this)


def _refused(context: Context, file: str, found: Sequence[Deployment]) -> int:
    """Says every refusal, with what to do; gives the exit code of the first."""
    told = []
    for one in found:
        if one.refusal is None:
            continue
        unset = one.definition.unbound()
        names = {
            "file": file,
            "name": next(iter(unset), ""),
            "free": one.refusal.reasons[0].arguments.get("free"),
        }
        mend = "bind_all" if one.refusal.code == UNBOUND and len(unset) > 1 else _MENDS.get(one.refusal.code)
        help = None if mend is None else context.say(f"deploy.{mend}", **names)
        told.append(why_refused(one.refusal, one.definition, context.say, help=help))
    lines = tuple(line for each in told for line in each.lines)
    reasons = tuple(reason for each in told for reason in each.reasons)
    return context.fail(replace(told[0], lines=lines, reasons=reasons))


def _names(one: Deployment) -> dict[str, str]:
    was = one.replaces
    return {
        "process": one.definition.name,
        "version": one.definition.version,
        "digest": one.digest[:12],
        "old": "" if was is None else was.definition.version,
        "old_digest": "" if was is None else was.digest[:12],
    }


def _json(one: Deployment) -> dict[str, Any]:
    was = one.replaces
    return {
        "process": one.definition.name,
        "version": one.definition.version,
        "definition": one.digest,
        "outcome": one.outcome,
        "new": one.new,
        "replaces": None if was is None else {"version": was.definition.version, "definition": was.digest},
    }


def _plan(context: Context, file: str, found: Sequence[Deployment], as_json: bool) -> int:
    """Says what a deployment would come to: what it replaces, what differs, which open cases run which version."""
    from charter.dsl.build.differences import differences
    from charter.runtime.cli import changes, migrate
    from charter.runtime.desk.versions import versions

    say, output = context.say, context.output
    consulted(context, "plan", process=", ".join(one.definition.name for one in found))
    told = []
    for one in found:
        with context.reading.read() as connection:
            known = versions(connection, one.definition.name)
        differ = () if one.replaces is None else differences(one.replaces.definition, one.definition)
        refusal = one.refusal.code if one.refusal is not None else None
        open_ = [changes.named(each) for each in known if each.open]
        courses = [] if refusal is not None else _migrated(context, one, known)
        migration = [migrate.to_json(course, context) for course in courses]
        told.append(
            {
                **_json(one),
                "refusal": refusal,
                "changes": changes.to_json(differ),
                "open": open_,
                "migration": migration,
            }
        )
        if not as_json:
            output.sentence(say(f"deploy.plan_{one.outcome}", **_names(one)), "strong")
            changes.show(context, differ)
            _open(context, known)
            _would(context, one, courses)
    if as_json:
        output.json(told)
    refused = any(one.refusal for one in found)
    return 0 if not refused else _refused(context, file, found)


def _migrated(context: Context, one: Deployment, known: Sequence[Version]) -> list[Course]:
    """Tells what migrating the open cases of other versions would come to, without any decision."""
    from charter.runtime.host.migrating import Wanted

    migrations = context.cases.migrations
    others = [each for each in known if each.open and each.digest != one.digest]
    cases = [case for each in others for case in migrations.open_on(each.process, each.digest)]
    return list(migrations.foresee(cases, Wanted(one.digest, reader(context), "?"), one.definition))


def _would(context: Context, one: Deployment, courses: Sequence[Course]) -> None:
    """Says how many of the open cases could be migrated as they are, and what the first others lack."""
    from charter.runtime.cli import migrate

    if courses:
        able = sum(course.refusal is None for course in courses)
        names = {"process": one.definition.name, "version": one.definition.version}
        context.output.sentence("  " + context.say("deploy.migrate", able=able, count=len(courses), **names))
        migrate.rows(context, [course for course in courses if course.refusal is not None][:_NAMED])


def _open(context: Context, known: Sequence[Version]) -> None:
    for each in known:
        if each.open:
            told = {"version": each.version, "digest": each.digest[:12], "count": len(each.open)}
            numbers = " ".join(f"#{number}" for number in each.open[:_NAMED]) + (" …" if each.open[_NAMED:] else "")
            context.output.sentence("  " + context.say("deploy.open", **told, cases=numbers))


_NAMED = 8  # open cases in one line of a plan

VERBS = {
    "deploy": Verb(
        "deploy",
        run_deploy,
        [
            argument("file", "FILE"),
            option("--process", "PROCESS"),
            option("--set", "NAME=VALUE", many=True, name="bindings", type=Binding()),
            VALUES,
            switch("--plan"),
            switch("--back"),
            option("--reason", "TEXT", short="-m"),
            switch(JSON, name="as_json"),
        ],
    )
}
