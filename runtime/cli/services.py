"""`charter services`: what is offered, by whom, to whom, in what time; and what is done inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import DONE
from charter.runtime.cli.verb import JSON, Verb, argument, switch

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.runtime.desk.services import Offer, Step


def run_services(context: Context, name: str | None, internal: bool, as_json: bool) -> int:
    """Lists the services that the reader may know of, one with all that is told of it, or the work inside."""
    from charter.runtime.desk import services as desk

    reading = context.reading
    definitions, rights = reading.processes(), reading.rights
    consulted(context, "services", text=name)
    if internal:
        found = list(desk.steps(definitions, rights))
        return _steps(context, found, as_json)
    with reading.read() as connection:
        offers = desk.offers(connection, definitions, rights, context.now)
    offers = [o for o in offers if name in (None, o.service.name, o.service.title)]
    if as_json:
        context.output.json([offer.to_json(context.now) for offer in offers])
    elif not offers:
        context.output.sentence(context.say("services.none" if name is None else "services.unknown", name=name))
    elif name is None:
        _list(context, offers)
    else:
        for offer in offers:
            _one(context, offer)
    return DONE


def _list(context: Context, offers: Sequence[Offer]) -> None:
    say = context.say
    heads = ("service", "title", "process", "audience", "offered_by", "requested_by", "time", "version", "review")
    rows = []
    for offer in offers:
        service = offer.service
        title = "" if service.title == service.name else service.title
        audience = say(f"services.{service.audience}")
        people = (_roles(context, offer.definition, roles) for roles in (service.offered, service.requested))
        rows.append(
            (
                *(service.name, title, offer.definition.name, audience, *people),
                *(_time(context, offer), service.version, _review(context, offer)),
            )
        )
    context.output.table([say(f"services.{head}") for head in heads], rows, styles=("name",))


def _one(context: Context, offer: Offer) -> None:
    say, output, service, definition = context.say, context.output, offer.service, offer.definition
    records = {record.name: record.title for record in definition.records}
    comma = say("happened.comma")
    told = (
        ("process", f"{definition.title} ({definition.name})"),
        ("audience", say(f"services.{service.audience}")),
        ("offered_by", _roles(context, definition, service.offered)),
        ("requested_by", _roles(context, definition, service.requested)),
        ("materials", comma.join(service.materials)),
        ("deliverables", comma.join(records.get(name, name) for name in service.outputs)),
        ("time", _time(context, offer)),
        ("run", service.run or ""),
        ("version", service.version),
        ("review", _review(context, offer)),
        ("request", f"charter start {definition.name}" if offer.mine else ""),
    )
    output.line(service.title, "name")
    for head, text in told:
        if text:
            output.sentence(say("services.line", head=say(f"services.{head}"), text=text))
    if offer.steps:
        output.line("")
        _steps(context, offer.steps, False)


def _steps(context: Context, found: Sequence[Step], as_json: bool) -> int:
    from charter.runtime.desk.services import length, posts

    say, output = context.say, context.output
    if as_json:
        output.json([step.to_json() for step in found])
        return DONE
    if not found:
        output.sentence(say("services.no_steps"))
        return DONE
    comma = say("happened.comma")
    rows = [
        (
            step.definition.name,
            step.element.name,
            step.element.title,
            _roles(context, step.definition, posts(step.element)),
            length(step.definition, step.element.within) or "",
            comma.join(each.record for each in step.element.inputs),
            comma.join(step.element.outputs),
        )
        for step in found
    ]
    heads = ("process", "element", "title", "roles", "time", "inputs", "outputs")
    output.table([say(f"services.{head}") for head in heads], rows, styles=("name",))
    return DONE


def _roles(context: Context, definition: Definition, roles: Sequence[str]) -> str:
    titles = {role.name: role.title for role in definition.roles}
    return context.say("happened.comma").join(titles.get(role, role) for role in roles)


def _time(context: Context, offer: Offer) -> str:
    """Says how long a service takes: what is promised to everybody, by the agreement, or by either."""
    from charter.runtime.desk.services import length

    within, agreed = length(offer.definition, offer.service.within), offer.service.agreed
    if agreed is None:
        return within or ""
    return context.say("services.agreed" if within is None else "services.agreed_or", within=within)


def _review(context: Context, offer: Offer) -> str:
    due = offer.due
    shown = "" if due is None else context.output.deadline(due)
    return context.say("services.overdue", due=shown) if offer.late(context.now) else shown


VERBS = {
    "services": Verb(
        "services",
        run_services,
        [
            argument("name", "NAME", required=False),
            switch("--internal"),
            switch(JSON, name="as_json"),
        ],
    )
}
