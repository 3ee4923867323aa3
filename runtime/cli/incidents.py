"""`charter incidents`: what a command asked for and could not be done, and work that has failed.

The first is tried again or given up here.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE, FINDINGS, Misuse
from charter.runtime.cli.failures import failure_data, failure_sentence
from charter.runtime.cli.reasons import refused
from charter.runtime.cli.verb import JSON, Verb, Whole, option, switch

# So many overdue reviews are listed of each register.
_MOST_NEGLECTED = 100

if TYPE_CHECKING:
    from charter.runtime.desk.registers import Neglected
    from charter.runtime.host.incidents import Failing, Unheard
    from charter.runtime.host.outbox import Incident


def run_incidents(context: Context, retry: int | None, settle: int | None, reason: str | None, as_json: bool) -> int:
    """Lists the incidents, or handles one; 1 where there are some."""
    if retry is not None and settle is not None:
        raise Misuse("one_incident")
    if retry is not None:
        return _handled(context, retry, None, as_json)
    if settle is not None:
        if not (reason or "").strip():
            raise Misuse("settle_reason")
        return _handled(context, settle, reason, as_json)
    incidents = context.reading.incidents
    found = [_as_read(context, one, one.ask.case) for one in incidents.all()]
    failing, unheard = [_as_read(context, one, one.case) for one in incidents.failing()], incidents.unheard()
    neglected = _neglected(context)
    consulted(context, "incidents")
    if as_json:
        lang = context.say.lang
        told = [*(_data(one, lang) for one in found), *(_failing_data(one, lang) for one in failing)]
        told += (_unheard_data(one, lang) for one in unheard)
        context.output.json([*told, *(_neglected_data(context, one) for one in neglected)])
    elif not (found or failing or unheard or neglected):
        context.output.sentence(context.say("incidents.none"))
    else:
        heads = ("number", "case", "ask", "since", "tries", "next", "failure", "mend")
        rows = [*(_row(context, one) for one in found), *(_failing_row(context, one) for one in failing)]
        rows += [_unheard_row(context, one) for one in unheard]
        rows += [_neglected_row(context, one) for one in neglected]
        context.output.table([context.say(f"incidents.{head}") for head in heads], rows, styles=("name",))
    return FINDINGS if found or failing or unheard or neglected else DONE


def _neglected(context: Context) -> list[Neglected]:
    """Lists the entries of registers whose review is due and nobody's work, as far as they may be read."""
    from charter.runtime.desk.registers import neglected, withheld

    found: list[Neglected] = []
    with context.reading.read() as connection:
        for one in context.reading.registers().values():
            hidden = withheld(one, context.reading.rights)
            if hidden is not None and one.register.key not in hidden:
                found += neglected(connection, one, context.now, _MOST_NEGLECTED)
    return found


def _as_read(context: Context, one: Any, case: str) -> Any:
    """Gives an incident without a failure that may tell of what is withheld."""
    from charter.runtime.host.casefile import NoSuchCase

    try:
        return replace(one, failure=context.reading.sight(case).derived(one.failure))
    except NoSuchCase:  # one that did not come to be
        return one


def _handled(context: Context, number: int, reason: str | None, as_json: bool) -> int:
    incidents, by = context.cases.incidents, context.person
    if reason is None:
        ask, done = incidents.retry(number, by=by)
    else:
        ask, done = incidents.settle(number, by=by, reason=reason)
    if done is not None:
        return refused(context, done)
    with context.committed():
        said = context.say("incidents.retried" if reason is None else "incidents.settled", number=number)
        context.output.done(said, as_json, incident=number, case=ask.case)
    return DONE


def _what(one: Incident) -> dict[str, Any]:
    """Says what is asked as far as it can be read: its kind, the element, and what it is aimed at."""
    from charter.engine.hosting import aim
    from charter.runtime.host.outbox import SENDING
    from charter.runtime.notify.queue import Message

    try:
        if one.ask.kind == SENDING:
            key = Message.of_json(one.ask.body).key
            return {"ask": one.ask.kind, "element": None, "target": f"{key[1]} ({key[3]})"}
        effect = one.ask.effect()
    except (ValueError, RecursionError):
        return {"ask": one.ask.kind, "element": None, "target": None}
    return {"ask": one.ask.kind, "element": effect.node or None, "target": aim(effect) or None}


def _subject(what: Mapping[str, Any]) -> str:
    """Names what a refusal is about: a case that is not opened is refused for its own process."""
    return (what["target"] if what["ask"] == "StartCase" else what["element"]) or ""


def _data(one: Incident, lang: str) -> dict[str, Any]:
    from charter.runtime.clock import iso

    what = _what(one)
    return {
        "incident": one.ask.number,
        "case": one.ask.case,
        "number": one.number,
        **what,
        "since": iso(one.at),
        "tries": one.ask.deliveries,
        "next_at": iso(one.next_at),
        "failure": failure_data(one.failure, _subject(what), lang, what["target"]),
        "mend": _mend(one),
    }


def _failing_data(one: Failing, lang: str) -> dict[str, Any]:
    from charter.runtime.clock import iso

    return {
        "incident": None,
        "case": one.case,
        "number": one.number,
        "ask": one.ask,
        "element": one.node,
        "target": one.target,
        "since": iso(one.at),
        "tries": one.tries,
        "next_at": None,
        "failure": failure_data(one.failure, one.node, lang, one.target),
        "mend": _retry(one),
    }


def _mend(one: Incident) -> str | None:
    """Gives what to type about what nobody tries any more."""
    return f"charter incidents --retry {one.ask.number}" if one.next_at is None else None


def _retry(one: Failing) -> str:
    return f"charter retry {one.number} {one.node}"


def _unheard_data(one: Unheard, lang: str) -> dict[str, Any]:
    from charter.runtime.clock import iso

    return {
        "incident": None,
        "case": None,
        "number": None,
        "ask": "Notify",
        "element": None,
        "target": one.role,
        "process": one.process,
        "since": iso(one.at),
        "tries": None,
        "times": one.times,
        "next_at": None,
        "failure": failure_data(_nobody(one), "", lang),
        "mend": _grant(one),
    }


def _neglected_data(context: Context, one: Neglected) -> dict[str, Any]:
    from charter.runtime.clock import iso

    return {
        "incident": None,
        "case": None,
        "number": one.review,
        "ask": "Review",
        "element": None,
        "target": one.register,
        "key": one.key,
        "process": one.process,
        "since": iso(one.due),
        "tries": None,
        "next_at": None,
        "failure": {"code": None, "message": _unreviewed(context, one)},
        "mend": _look(one),
    }


def _neglected_row(context: Context, one: Neglected) -> tuple[Any, ...]:
    say = context.say
    asked = f"{say('incidents.ask_Review')} {one.register} → {one.key}"
    since, mend = context.output.moment(one.due), _look(one)
    return ("", one.review or "", asked, since, "", "", _unreviewed(context, one), mend)


def _unreviewed(context: Context, one: Neglected) -> str:
    said = "unreviewed" if one.review is None else "left_unreviewed"
    return context.say(f"incidents.{said}", roles=context.say.listed(one.roles), number=one.review)


def _look(one: Neglected) -> str:
    return f"charter register {one.register} {shlex.quote(one.key)}"


def _nobody(one: Unheard) -> str:
    return f"nobody holds {one.role} in {one.process}"


def _grant(one: Unheard) -> str:
    return f"charter people grant PERSON {one.role} --process {one.process}"


def _unheard_row(context: Context, one: Unheard) -> tuple[Any, ...]:
    say, output = context.say, context.output
    return (
        "",
        "",
        f"{say('incidents.ask_Notify')} {one.role}",
        output.moment(one.at),
        "",
        "",
        failure_sentence(_nobody(one), "", say.lang),
        _grant(one),
    )


def _failing_row(context: Context, one: Failing) -> tuple[Any, ...]:
    say, output = context.say, context.output
    asked = say.find(f"incidents.ask_{one.ask}") or one.ask
    return (
        "",
        one.number,
        f"{asked} {' → '.join(part for part in (one.node, one.target) if part)}",
        "" if one.at is None else output.moment(one.at),
        one.tries or "",
        say("incidents.dead"),
        failure_sentence(one.failure, one.node, say.lang, one.target),
        _retry(one),
    )


def _row(context: Context, one: Incident) -> tuple[Any, ...]:
    say, output, what = context.say, context.output, _what(one)
    asked = say.find(f"incidents.ask_{one.ask.kind}") or one.ask.kind
    aimed = " → ".join(str(part) for part in (what["element"], what["target"]) if part)
    again = say("incidents.dead") if one.next_at is None else output.moment(one.next_at)
    return (
        one.ask.number,
        one.ask.case if one.number is None else one.number,
        f"{asked} {aimed}".strip(),
        output.moment(one.at),
        one.ask.deliveries,
        again,
        failure_sentence(one.failure, _subject(what), say.lang, what["target"]),
        _mend(one) or "",
    )


VERBS = {
    "incidents": Verb(
        "incidents",
        run_incidents,
        [
            option("--retry", "NUMBER", type=Whole()),
            option("--settle", "NUMBER", type=Whole()),
            option("--reason", "TEXT", short="-m"),
            switch(JSON, name="as_json"),
        ],
    )
}
