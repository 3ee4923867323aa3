"""`charter audit why`: why an element is in its state, and what a rule took effect for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charter.engine.keys import name_of
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Missing
from charter.runtime.cli.reasons import reason_sentence
from charter.runtime.cli.trail import actor_of, kind_word, reason_of, what

if TYPE_CHECKING:
    from charter.runtime.audit.log import Sealed


def run_why(context: Context, case: str, element: str, as_json: bool) -> int:
    """Tells why an element is in its state, or which guard holds it back."""
    from charter.runtime.audit.log import load
    from charter.runtime.audit.why import why
    from charter.runtime.cli.aftermath import named
    from charter.runtime.desk import views

    case = context.reading.resolve(case)
    definition, state = context.reading.definition(case), context.reading.state(case)
    if element in {rule.name for rule in definition.rules}:
        return _why_rule(context, case, element, as_json)
    if name_of(element) not in {e.name for e in definition.elements}:
        if name_of(element).partition("@")[0] in {r.name for r in definition.records}:
            raise Missing(f"{element} is a record", code="CH040", record=element, case=case)
        names = tuple(e.name for e in definition.elements)
        raise Missing(f"no element {element}", code="CH098", element=element, known=names)
    with context.reading.read() as connection:
        found = why(definition, state, list(load(connection, case)), element, context.now)
    chain = [context.reading.seen(each) for each in found.chain]
    consulted(context, "why", case=case, element=element)
    asked = next(e.clauses for e in definition.elements if e.name == name_of(element))
    if as_json:
        context.output.json(
            {
                "element": element,
                "state": found.state,
                "clauses": list(asked),
                "holds": [views.reason_json(reason, definition) for reason in found.holds],
                "because": views.reason_json(found.because, definition) if found.because else None,
                "chain": [entry.fields for entry in chain],
            }
        )
        return 0
    say, output = context.say, context.output
    output.line(f"{named(definition, element)}  {output.style(say(f'states.{found.state}'), 'strong')}")
    for clause in asked:
        said = definition.clause(clause)
        output.line("  ".join(["", clause, *([said.text] if said is not None else [])]), "faint")
    for reason in (*found.holds, *([found.because] if found.because else [])):
        output.line(f"  {reason_sentence(reason, context.say)}  {output.style(reason.code, 'faint')}")
        place = definition.place(reason.subject) if reason.subject else None
        if place:
            output.sentence("  " + say("frame.place", place=place).strip(), "faint")
    if not chain:
        output.sentence("  " + say("audit.never_moved"))
    _chain(context, case, chain)
    return 0


def _why_rule(context: Context, case: str, name: str, as_json: bool) -> int:
    """Tells what the condition of a rule comes to, and what it took effect for last."""
    from charter.runtime.audit.log import load
    from charter.runtime.audit.why import fired
    from charter.runtime.desk import rules

    definition, state = context.reading.definition(case), context.reading.state(case)
    found = next(each for each in rules.standings(definition, state, context.now) if each.rule.name == name)
    with context.reading.read() as connection:
        chain = [context.reading.seen(each) for each in fired(list(load(connection, case)), name)]
    read_ = [context.reading.sight(case).read(each) for each in found.read]
    consulted(context, "why", case=case, element=name)
    if as_json:
        context.output.json({**rules.to_json(found), "chain": [entry.fields for entry in chain]})
        return 0
    say, output = context.say, context.output
    title = "" if found.rule.title == name else f" {found.rule.title}"
    times = say("show.rule_fired", count=found.fired, at=output.moment(found.at))
    output.line(f"{name}{title}  {output.style(times if found.fired else say('show.rule_never'), 'strong')}")
    if found.rule.when is not None:
        read = f" ({', '.join(read_)})" if read_ else ""
        output.sentence("  " + say.of(say(f"show.rule_{found.word}"), f"{found.rule.when}{read}"))
    if found.due is not None:
        output.sentence("  " + say("show.rule_next", at=output.moment(found.due)))
    place = definition.place(f"rule {name}")
    if place:
        output.sentence("  " + say("frame.place", place=place).strip(), "faint")
    _chain(context, case, chain)
    return 0


def _chain(context: Context, case: str, chain: Sequence[Sealed]) -> None:
    say, output = context.say, context.output
    for index, sealed in enumerate(chain):
        entry = sealed.entry
        line = say(
            "audit.moved" if index == 0 else "audit.caused",
            seq=sealed.seq,
            kind=kind_word(context, entry.kind),
            element=entry.node or say("happened.the_case", case=case),
            actor=actor_of(context, entry),
            at=output.moment(entry.at),
        )
        reason_given = say("show.because", reason=reason_of(entry)) if reason_of(entry) else ""
        output.line("  " * (index + 1) + " ".join([line, what(context, entry.told)]).rstrip() + reason_given)
