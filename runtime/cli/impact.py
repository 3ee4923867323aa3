"""`charter impact CASE RECORD`: tells beforehand what a new version of a record would reopen. Changes nothing."""

from __future__ import annotations

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing
from charter.runtime.cli.verb import JSON, Verb, argument, switch
from charter.runtime.clock import iso


def run_impact(context: Context, case: str, record: str, as_json: bool) -> int:
    """Lists elements, people, approvals and due dates that a change would reopen."""
    from charter.engine.dated import dated
    from charter.engine.plan.impact import impact
    from charter.runtime.cli.aftermath import named, people_of, several

    case = context.reading.resolve(case)
    state, definition = context.reading.state(case), context.reading.definition(case)
    if record not in state.versions:
        raise Missing(
            f"no record {record}", code="CH096", version=record, known=context.say.listed(state.versions) or "-"
        )
    found = impact(dated(definition, state.days), state, record)
    consulted(context, "impact", case=case, record=record)
    if as_json:
        context.output.json(
            {
                "record": record,
                "record_version": state.versions[record].number,
                "elements": list(found.elements),
                "lists": list(found.groups),
                "asked": list(found.asked),
                "people": list(found.people),
                "roles": list(found.roles),
                "approvals": list(found.approvals),
                "deadlines": [
                    {"element": key, "due": iso(due), **({"provisional": True} if key in found.provisional else {})}
                    for key, due in found.due
                ],
            }
        )
        return 0
    say, output = context.say, context.output
    number = state.versions[record].number
    if not (found.elements or found.groups or found.asked):
        output.sentence(say("impact.nothing", record=record, number=number))
        return 0
    output.sentence(say("impact.head", record=record, number=number))
    work = [key for key in found.elements if key not in found.approvals]
    rows = []
    for label, keys in (
        ("elements", work),
        ("approvals", found.approvals),
        ("lists", found.groups),
        ("asked", found.asked),
    ):
        for index, key in enumerate(keys):
            heading = say(f"impact.{label}") if index == 0 else ""
            rows.append((heading, named(definition, key), say(f"states.{state.nodes[key].state}")))
    output.table((), rows, indent=2, styles=("faint",))
    clocks = say("happened.comma").join(
        f"{key} {context.output.deadline(due, provisional=key in found.provisional)}" for key, due in found.due
    )
    facts = [
        (say("impact.people"), several(context, list(found.people)) or None),
        (say("impact.roles"), say("happened.or").join(people_of(context, definition.name, found.roles)) or None),
        (say("impact.due"), clocks or None),
    ]
    output.sheet(facts, indent=2)
    return 0


VERBS = {
    "impact": Verb(
        "impact", run_impact, [argument("case", "CASE"), argument("record", "RECORD"), switch(JSON, name="as_json")]
    )
}
