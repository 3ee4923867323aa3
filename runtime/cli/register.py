"""`charter register`: what the organisation knows beyond one case: registers, entries, versions, uses; and imports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, Missing, Misuse, Trouble
from charter.runtime.cli.progress import along, counted
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Verb, Whole, argument, option, switch

if TYPE_CHECKING:
    from charter.runtime.author.registers import BadRow
    from charter.runtime.desk.registers import Known, Version

LIMIT = 100


def run_register(
    context: Context, name: str | None, key: str | None, file: str | None, at: str | None, limit: int, as_json: bool
) -> int:
    """Lists registers, the entries of one, or the versions and uses of an entry; or imports entries."""
    from charter.runtime.cli.people import instant
    from charter.runtime.desk.registers import withheld

    when = context.now if at is None else instant(at, "--at")
    if file is not None:
        if name is None:
            raise Misuse("missing", name="NAME")
        return _import(context, name, file, as_json)
    rights = context.reading.rights
    found = {name: one for name, one in context.reading.registers().items() if withheld(one, rights) is not None}
    consulted(context, "register", text=" ".join(filter(None, (name, key))) or None)
    if name is None:
        return _registers(context, list(found.values()), when, as_json)
    one = _one(found, name)
    hidden = withheld(one, rights) or set()
    if key is None:
        return _entries(context, one, when, hidden, limit, as_json)
    return _entry(context, one, key, when, hidden, as_json)


def _one(found: dict[str, Known], name: str) -> Known:
    if name not in found:
        raise Missing(f"no register {name}", code="CH624", register=name, known=tuple(found))
    return found[name]


def _registers(context: Context, found: Sequence[Known], when: int, as_json: bool) -> int:
    from charter.runtime.desk import registers as desk

    say, rows, data = context.say, [], []
    with context.reading.read() as connection:
        for one in found:
            register, count = one.register, desk.count(connection, one, when)
            data.append(
                {
                    "register": register.name,
                    "title": register.title,
                    "key": register.key,
                    "entry_count": count,
                    "filed_by": list(one.files),
                    "read_by": list(one.reads),
                }
            )
            users = [say("happened.comma").join(names) or say("register.nobody") for names in (one.files, one.reads)]
            rows.append((register.name, register.title, register.key or "", count, *users))
    if as_json:
        context.output.json(data)
    elif not rows:
        context.output.sentence(say("register.none"))
    else:
        heads = ("register", "title", "key", "entries", "filed_by", "read_by")
        context.output.table([say(f"register.{head}") for head in heads], rows, styles=("name",))
    return DONE


def _entries(context: Context, one: Known, when: int, hidden: set[str], limit: int, as_json: bool) -> int:
    from charter.runtime.desk import registers as desk

    with context.reading.read() as connection:
        found = desk.entries(connection, one, when, hidden, limit + 1)
    if as_json:
        context.output.json([each.to_json(when) for each in found[:limit]])
        return DONE
    if not found:
        context.output.sentence(context.say("register.empty", register=one.register.name))
        return DONE
    _table(context, one, found[:limit], when)
    if len(found) > limit:
        context.output.sentence(context.say("register.more", limit=limit), "faint")
    return DONE


def _table(context: Context, one: Known, found: Sequence[Version], when: int) -> None:
    say, output = context.say, context.output
    names = [field.name for field in one.register.fields if field.name != one.register.key]
    heads = [say(f"register.{head}") for head in ("key", "version")]
    rest = [say(f"register.{head}") for head in ("by", "at", "entry", "review")]
    rows = []
    for each in found:
        fields = each.fields or {}
        gone = say("register.withdrawn") if each.fields is None else ""
        review = "" if each.due is None else output.deadline(each.due)
        review = say("register.overdue", due=review) if each.late(when) else review
        if each.review is not None:
            review = say("register.reviewed_in", review=review, number=each.review[1])
        shown = [_shown(context, fields.get(name)) for name in names]
        rows.append((each.key, each.version, *shown, each.by, output.moment(each.at), each.entry, review or gone))
    output.table([*heads, *names, *rest], rows, styles=("name",))


def _shown(context: Context, value: Any) -> str:
    from charter.engine.reading import is_withheld
    from charter.engine.values import decode
    from charter.runtime.author.shown import shown
    from charter.runtime.cli.failures import withheld

    return "" if value is None else withheld(context.say.lang) if is_withheld(value) else shown(decode(value))


def _entry(context: Context, one: Known, key: str, when: int, hidden: set[str], as_json: bool) -> int:
    from charter.runtime.desk import registers as desk

    with context.reading.read() as connection:
        versions = desk.versions(connection, one, key, when, hidden)
        uses = desk.uses(connection, one.register.name, key, when)
    if not versions:
        raise Missing(f"no entry {key}", code="CH625", register=one.register.name, key=key)
    if as_json:
        told = {"register": one.register.name, "key": key, "versions": [each.to_json(when) for each in versions]}
        context.output.json({**told, "uses": [each.to_json() for each in uses]})
        return DONE
    say, output = context.say, context.output
    _table(context, one, versions, when)
    if not uses:
        output.sentence(say("register.unread"), "faint")
        return DONE
    output.line("")
    heads = [say(f"register.{head}") for head in ("case", "element", "version", "at", "entry")]
    rows = [
        ("" if u.number is None else f"#{u.number}", u.element or "", u.version, output.moment(u.at), u.entry)
        for u in uses
    ]
    output.table(heads, rows)
    return DONE


def _import(context: Context, name: str, file: str, as_json: bool) -> int:
    """Puts the rows of a file into a register: all of them, or none where one is bad.

    What was stopped halfway is gone on with by the same command: rows that are there already change nothing.
    """
    from charter.runtime.author.registers import read_rows
    from charter.runtime.desk.registers import known

    person = context.person
    one = _one(known(context.cases.processes()), name)
    rows, bad = read_rows(file, one.register, one.definition, along)
    if bad:
        return _bad(context, bad, file)
    with counted(len(rows)) as done:
        changed, refusal = context.cases.registers.fill(name, rows, source=file, by=person, done=done)
    if refusal is not None:
        return refused(context, refusal)
    with context.committed():
        if as_json:
            context.output.json({"register": name, "row_count": len(rows), "new_versions": changed})
        else:
            context.output.sentence(context.say("register.imported", register=name, rows=len(rows), changed=changed))
    return DONE


def _bad(context: Context, bad: Sequence[BadRow], file: str) -> int:
    say = context.say
    told = [(each.line, say(f"register.row_{each.why}", **each.arguments)) for each in bad]
    lines = [say("register.place", file=file, line=line, sentence=sentence) for line, sentence in told]
    message, help = say("errors.CH626", file=file), say("errors.CH626_help")
    lines = [*lines, message, help]
    reasons = tuple({"code": "CH626", "message": m, "help": help, "file": file, "line": line} for line, m in told)
    return context.fail(Trouble(FINDINGS, tuple(lines), message, "CH626", help, reasons))


VERBS = {
    "register": Verb(
        "register",
        run_register,
        [
            argument("name", "NAME", required=False),
            argument("key", "KEY", required=False),
            option("--import", "FILE", name="file"),
            option("--at", "TIME"),
            option("--limit", "NUMBER", type=Whole(), default=LIMIT),
            switch(JSON, name="as_json"),
        ],
    )
}
