"""`charter people`: who is there, their roles, skills, certificates, absences and stand-ins, one verb a change.

Every change goes through `runtime.people.People`, which records it; `--as` names who makes it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from charter.dsl.messages.languages import LANGUAGES
from charter.engine.entries.organisation import STRANDING
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse, guess
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Family, Tongue, Verb, Whole, Words, argument, option, switch
from charter.runtime.clock import iso
from charter.runtime.desk.register import roles_of

if TYPE_CHECKING:
    from charter.engine.refusals import Refusal
    from charter.runtime.cli.messages import Messages
    from charter.runtime.people.changes import People
    from charter.runtime.people.directory import StandIn


def people(context: Context, by: str = "") -> People:
    """Gives the directory, to be changed in the name of `by`; to read it takes nobody's name."""
    from charter.runtime.people.changes import People

    return People(context.store, by=by, clock=lambda: context.now)


def change(context: Context) -> People:
    """Gives the directory, to be changed in the name of who asks."""
    return people(context, context.person)


def run_list(context: Context, role: str | None, as_json: bool) -> int:
    """Lists everybody, or those who hold a role."""
    found = [p for p in people(context).all() if role is None or any(r == role for r, _ in p.grants)]
    consulted(context, "people", text=role)
    if as_json:
        context.output.json([_json(p) for p in found])
        return 0
    say = context.say
    if not found:
        context.output.sentence(say("people.none"))
        return 0
    rows = []
    for p in found:
        away = say("people.away") if p.absent(context.now) else ""
        rows.append((p.id, p.name, _roles(p, say), away if p.active else say("people.inactive")))
    heads = [say(f"people.{head}") for head in ("id", "name", "roles", "remark")]
    context.output.table(heads, rows, styles=("name",))
    return 0


def _roles(person: Any, say: Messages) -> str:
    return say.listed(scope(role, where, say) for role, where in person.grants)


def scope(role: str, process: str, say: Messages) -> str:
    """Says a role and where it counts; `*` stands for all of them."""
    from charter.runtime.people.ids import AUDITOR, STEWARD
    from charter.runtime.store.schema import ORGANISATION

    if process == ORGANISATION and role in (STEWARD, AUDITOR):
        return say(f"people.{role}")
    named = say("people.any_role") if role == "*" else role
    return named if process == "*" else say("people.role_in", role=named, process=process)


def run_show(context: Context, who: str, as_json: bool) -> int:
    """Shows one person with everything that gives or takes authority."""
    from charter.runtime.cli.channels import route_data, route_line
    from charter.runtime.notify import routes
    from charter.runtime.people.hours import data, given

    directory = people(context)
    person, say, output = directory.get(who), context.say, context.output
    stand_ins = directory.stand_ins(who)
    with context.store.read() as connection:
        hours = given(connection, [person.id]).get(person.id)
        known = routes.of(connection, routes.PERSON, (person.id,))
    own = None if hours is None else data(hours)
    consulted(context, "people", person=who)
    if as_json:
        told = {"stand_ins": [_stand_in_json(s) for s in stand_ins], "routes": [route_data(r) for r in known]}
        output.json({**_json(person), "hours": own, **told})
        return 0
    comma = say("happened.comma")
    output.sheet(
        [
            (say("people.id"), person.id),
            (say("people.name"), person.name),
            (say("people.remark"), None if person.active else say("people.inactive")),
            (say("people.roles"), _roles(person, say) or None),
            (say("people.skills"), comma.join(f"{name} {level}" for name, level in person.skills) or None),
            (say("people.certificates"), comma.join(_until(context, n, u) for n, u in person.certificates) or None),
            (say("people.hours"), None if own is None else own["calendar"] or "; ".join(own["lines"])),
            (
                say("people.absences"),
                comma.join(f"{output.moment(a)} – {_end(context, b)}" for a, b in person.absences) or None,
            ),
            *((say("people.notices"), say.of(r.channel, route_line(context, r))) for r in known),
        ]
    )
    for s in stand_ins:
        status = "revoked" if s.revoked_at else "accepted" if s.accepted_at else "proposed"
        output.line(
            say(
                f"people.{s.kind}_line",
                number=s.number,
                person=s.person,
                principal=s.principal,
                status=say(f"people.{status}"),
                scope=scope(s.role, s.process, say),
                since=output.moment(s.since) if s.since else say("people.always"),
                until=_end(context, s.until),
            )
        )
    return 0


def _until(context: Context, name: str, until: int | None) -> str:
    return name if until is None else name + context.say.aside(_end(context, until))


def _end(context: Context, at: int) -> str:
    from charter.runtime.people.files import FOREVER

    return context.say("people.forever") if at >= FOREVER else str(context.output.moment(at))


def _json(p: Any) -> dict[str, Any]:
    return {
        "person": p.id,
        "name": p.name,
        "active": p.active,
        "roles": [{"role": role, "process": where} for role, where in p.grants],
        "skills": dict(p.skills),
        "certificates": [{"certificate": name, "until": _last(until)} for name, until in p.certificates],
        "absences": [{"since": iso(since), "until": _last(until)} for since, until in p.absences],
    }


def _last(at: int | None) -> str | None:
    """Gives until when for JSON, None where there is no end."""
    from charter.runtime.people.files import FOREVER

    return None if at is None or at >= FOREVER else iso(at)


def _stand_in_json(s: StandIn) -> dict[str, Any]:
    return {
        "stand_in": s.number,
        "kind": s.kind,
        "person": s.person,
        "principal": s.principal,
        "process": s.process,
        "role": s.role,
        "since": iso(s.since),
        "until": _last(s.until),
        "accepted_at": iso(s.accepted_at),
        "revoked_at": iso(s.revoked_at),
    }


def run_import(context: Context, file: str, as_json: bool) -> int:
    """Adds or completes people from a YAML, JSON or CSV file, all or none."""
    from charter.runtime.people.files import read

    done = change(context).load(read(Path(file)))
    return _said(context, as_json, "imported", done, count=done, file=file)


def run_add(context: Context, who: str, name: str | None, as_json: bool) -> int:
    """Adds a person."""
    return _said(context, as_json, "did_added", change(context).add(who, name), person=who)


def run_remove(context: Context, who: str, reason: str | None, as_json: bool) -> int:
    """Takes all authority from a person; their past stays."""
    return _said(context, as_json, "did_removed", change(context).deactivate(who, reason), person=who)


def run_grant(context: Context, who: str, role: str, process: str, as_json: bool) -> int:
    """Gives a role."""
    done = change(context).grant(who, role, process)
    code = _said(context, as_json, f"did_granted{_where(process)}", done, person=who, role=role, process=process)
    known = () if done is not None else _roles_of(context, process)
    if known and role not in known:
        meant = guess(role, known, context.say)
        context.note(context.say("frame.warning", text=context.say("people.no_role", role=role, guess=meant)))
    return code


def _roles_of(context: Context, process: str) -> Collection[str]:
    """Names the roles that the deployed versions of a process have, or of all of them; none before there is one."""
    with context.store.read() as connection:
        return roles_of(connection, None if process == "*" else process)


def run_revoke(context: Context, who: str, role: str, process: str, reason: str | None, as_json: bool) -> int:
    """Takes a role."""
    done = change(context).revoke(who, role, process, reason)
    return _said(context, as_json, f"did_revoked{_where(process)}", done, person=who, role=role, process=process)


def _where(process: str) -> str:
    return "_everywhere" if process == "*" else ""


def run_skill(context: Context, who: str, skill: str, level: str, as_json: bool) -> int:
    """Sets a skill's level."""
    if not level.isdigit():
        raise Misuse("not_whole", value=level, name="LEVEL")
    done = change(context).skill(who, skill, int(level))
    return _said(context, as_json, "did_skilled", done, person=who, skill=skill, level=int(level))


def run_certify(context: Context, who: str, certificate: str, until: str | None, as_json: bool) -> int:
    """Notes a certificate."""
    done = change(context).certify(who, certificate, instant(until, "--until", last=True) if until else None)
    return _said(context, as_json, "did_certified", done, person=who, certificate=certificate)


def run_hours(context: Context, who: str, hours: str | None, as_json: bool) -> int:
    """Gives hours to work in, or takes them."""
    from charter.runtime.people.files import lines_of

    lines = lines_of(hours or "")
    done = change(context).work(who, lines)
    key = "did_hours" if lines else "did_usual_hours"
    return _said(context, as_json, key, done, person=who, lines=list(lines), text="; ".join(lines))


def run_absent(context: Context, who: str, since: str, until: str, reason: str | None, as_json: bool) -> int:
    """Notes an absence."""
    start, end = instant(since, "--from"), instant(until, "--until", last=True)
    done = change(context).absent(who, start, end, reason)
    return _said(context, as_json, "did_absent", done, person=who, since=start, until=end)


def run_stand_in(
    context: Context,
    kind: str,
    who: str,
    other: str,
    since: str | None,
    until: str | None,
    process: str,
    role: str,
    as_json: bool,
) -> int:
    """Names a substitute (acts while the principal is away) or a delegate (acts throughout)."""
    from charter.runtime.people.files import FOREVER

    start = instant(since, "--from") if since else context.now
    end = instant(until, "--until", last=True) if until else FOREVER
    done = change(context).stand_in(kind, who, other, since=start, until=end, process=process, role=role)
    return _said(context, as_json, f"did_{kind}_named", done, person=other, principal=who, number=done)


def run_substitute(context: Context, **given: Any) -> int:
    return run_stand_in(context, "substitute", **given)


def run_delegate(context: Context, **given: Any) -> int:
    return run_stand_in(context, "delegation", **given)


def run_accept(context: Context, number: int, as_json: bool) -> int:
    """Accepts standing in; only the one named can."""
    return _said(context, as_json, "did_stand_in_accepted", change(context).accept(number), number=number)


def run_end(context: Context, number: int, as_json: bool) -> int:
    """Ends a stand-in; either side can."""
    return _said(context, as_json, "did_stand_in_ended", change(context).end(number), number=number)


def run_stranding(context: Context, word: str, as_json: bool) -> int:
    """Chooses what becomes of a command that leaves nobody for other work of its case."""
    from charter.runtime.audit.log import Origin
    from charter.runtime.people.organisation import choose_stranding

    done = choose_stranding(context.store, word, context.person, at=context.now, origin=Origin("cli"))
    return _said(context, as_json, f"did_stranding_{word}", done, stranding=word)


def run_notify(
    context: Context,
    who: str,
    channel: str,
    by_role: bool,
    process: str,
    off: bool,
    language: str | None,
    as_json: bool,
    **settings: str | None,
) -> int:
    """Has the notices of a person or of a role go out by a channel, or no longer."""
    from charter.runtime.audit.log import Origin
    from charter.runtime.notify import routes

    if off and any((language, *settings.values())):
        raise Misuse("off_alone")
    sort = routes.ROLE if by_role else routes.PERSON
    route = routes.Route(sort, who, process, channel, language=language or context.say.lang, **settings)
    change, at, origin = routes.drop if off else routes.put, context.now, Origin("cli")
    done = change(context.store, route, by=context.person, at=at, origin=origin)
    code = _said(
        context, as_json, f"did_unnotify_{sort}" if off else f"did_notify_{sort}", done, recipient=who, channel=channel
    )
    if by_role and done is None and not off and who not in (known := _roles_of(context, process)):
        meant = guess(who, known, context.say)
        context.note(context.say("frame.warning", text=context.say("people.no_role", role=who, guess=meant)))
    return code


def _said(context: Context, as_json: bool, key: str, done: int | Refusal | None, **arguments: Any) -> int:
    """Says what a change came to: the refusal, or the sentence of `key`."""
    if done is None or isinstance(done, int):
        with context.committed():
            shown = {name: context.output.moment(v) if name in _TIMES else v for name, v in arguments.items()}
            told = {_TOLD.get(name, name): iso(v) if name in _TIMES else v for name, v in arguments.items()}
            context.output.done(context.say(f"people.{key}", **shown), as_json, **told)
        return 0
    return refused(context, done)


# what a sentence calls otherwise than all answers do
_TOLD = {"number": "stand_in", "count": "imported", "level": "skill_level"}
_TIMES = ("since", "until")


def instant(text: str, name: str, *, last: bool = False) -> int:
    """Reads a day or a time given on the command line."""
    from charter.runtime.people.files import instant as read

    try:
        return read(text, last=last)
    except (ValueError, TypeError):
        raise Misuse("not_time", value=text, name=name) from None


_WHO = argument("who", "PERSON")
_PROCESS = option("--process", "PROCESS", default="*")
_REASON = option("--reason", "TEXT", short="-m")
_FROM = option("--from", "TIME", name="since")
_UNTIL = option("--until", "TIME")
_STAND_IN = [
    _WHO,
    argument("other", "STAND_IN"),
    _FROM,
    _UNTIL,
    _PROCESS,
    option("--role", "ROLE", default="*", words="o_role_lent"),
]
_NUMBER = argument("number", "NUMBER")
_NUMBER.type = Whole()

_ROWS: tuple[tuple[str, Any, list[Any]], ...] = (
    ("list", run_list, [option("--role", "ROLE")]),
    ("show", run_show, [_WHO]),
    ("import", run_import, [argument("file", "FILE")]),
    ("add", run_add, [_WHO, option("--name", "TEXT")]),
    ("remove", run_remove, [_WHO, _REASON]),
    ("grant", run_grant, [_WHO, argument("role", "ROLE"), _PROCESS]),
    ("revoke", run_revoke, [_WHO, argument("role", "ROLE"), _PROCESS, _REASON]),
    ("skill", run_skill, [_WHO, argument("skill", "NAME"), argument("level", "NUMBER")]),
    ("certify", run_certify, [_WHO, argument("certificate", "NAME"), _UNTIL]),
    ("hours", run_hours, [_WHO, argument("hours", "HOURS", required=False)]),
    ("absent", run_absent, [_WHO, argument("since", "FROM"), argument("until", "UNTIL"), _REASON]),
    ("substitute", run_substitute, _STAND_IN),
    ("delegate", run_delegate, _STAND_IN),
    ("accept", run_accept, [_NUMBER]),
    ("end", run_end, [_NUMBER]),
    (
        "notify",
        run_notify,
        [
            argument("who", "PERSON", words="a_recipient"),
            argument("channel", "NAME"),
            option("--address", "ADDRESS"),
            option("--language", "LANGUAGE", type=Tongue(LANGUAGES)),
            option("--zone", "ZONE"),
            option("--quiet", "HH:MM-HH:MM"),
            option("--digest", "hour|HH:MM"),
            switch("--role", name="by_role"),
            _PROCESS,
            switch("--off"),
        ],
    ),
    ("stranding", run_stranding, [argument("word", "|".join(STRANDING), type=Words(STRANDING))]),
)
VERBS = {
    "people": Family(
        "people",
        {name: Verb(f"people {name}", run, [*params, switch(JSON, name="as_json")]) for name, run, params in _ROWS},
    )
}
