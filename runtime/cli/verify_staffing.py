"""`charter verify-staffing [PROCESS]`: whether the people there are can do every path of what is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from charter.dsl.text.width import wrap
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS
from charter.runtime.cli.gaps import explained, gathered, listed, remedy
from charter.runtime.cli.progress import along
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch
from charter.runtime.clock import iso

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.proof.seating import Sitter
    from charter.engine.proof.staffing import Enough, Staffing
    from charter.runtime.desk.staffing import Staff, Stranded

_STYLES = {"staffed": "good", "unstaffed": "bad", "unknown": "warn"}


def run_verify_staffing(context: Context, process: str | None, at: str | None, as_json: bool) -> int:
    """Judges one process or all that are deployed; exit 1 when a path of one cannot be staffed."""
    from charter.runtime.cli.people import instant
    from charter.runtime.desk.staffing import fewest, judge, left_alone, open_cases, staff
    from charter.runtime.people.organisation import stranding

    when = context.now if at is None else instant(at, "--at")
    definitions = context.reading.processes() if process is None else [context.reading.definition(process)]
    consulted(context, "staffing", process=process, when=at)
    with context.reading.read() as connection:
        chosen = stranding(connection)
    found: list[_Judged] = []
    for definition in along(definitions):
        with context.reading.read() as connection:
            there = staff(connection, definition.name, when)
            cases = open_cases(connection, definition.name)
        load = lambda case: (context.reading.definition(case), context.reading.state(case))  # noqa: E731
        judged = judge(definition, there)
        found.append(
            _Judged(definition, judged, there, fewest(definition, there), *left_alone(cases, load, there.people))
        )
        if not as_json:
            _tell(context, found[-1])
    if as_json:
        context.output.json({"at": iso(when), "stranding": chosen, "processes": [_data(each) for each in found]})
    elif not found:
        context.output.sentence(context.say("staffing.none"))
    return FINDINGS if any(each.staffing.said == "unstaffed" or each.stranded for each in found) else 0


class _Judged(NamedTuple):
    """What is known of one process. `unlooked`: how many open cases there was no time for."""

    definition: Definition
    staffing: Staffing
    staff: Staff
    enough: Enough | None
    stranded: list[Stranded]
    unlooked: int


def _tell(context: Context, each: _Judged) -> None:
    say, output = context.say, context.output
    definition, judged, staff = each.definition, each.staffing, each.staff
    title = f" {definition.title}" if definition.title != definition.name else ""
    output.line(output.style(f"{definition.name}{title}", "strong"))
    word = output.style(say(f"staffing.{judged.said}"), _STYLES[judged.said])
    output.line(f"  {word} {say(f'staffing.is_{judged.said}')}")
    for gap in gathered(judged.gaps):
        for line in explained(context, gap, staff):
            output.line(f"    {line}")
    for line in _more(context, each):
        for part in wrap(line, output.columns - 4):
            output.line(f"    {part}")
    for line in _limits(context, each):
        for part in wrap(line, output.columns - 2):
            output.line(f"  {output.style(part, 'faint')}")


def _more(context: Context, each: _Judged) -> Iterator[str]:
    """Yields how few people would do, without whom it could not be done, and in which open cases nobody is left."""
    say = context.say
    comma = say("happened.comma")
    if each.enough is not None:
        if each.enough.enough:
            yield say("staffing.enough", people=comma.join(each.enough.enough), count=len(each.enough.enough))
        for person, lacking in each.enough.needed:
            yield say("staffing.needed", person=person, names=listed(context, lacking))
    for one in each.stranded:
        for gap in one.gaps:
            names = [name for name in gap.elements if name]
            left = say("staffing.stranded", names=listed(context, names), remedy=remedy(context, gap))
            yield say("staffing.in_case", number=one.number, text=left)


def _limits(context: Context, each: _Judged) -> Iterator[str]:
    """Yields what was not judged, or was taken for given."""
    judged = each.staffing
    if each.unlooked:
        yield context.say("staffing.unlooked", count=each.unlooked)
    for key, names in (("beyond", judged.beyond), ("hard", judged.hard), ("named", judged.named)):
        if names:
            yield context.say(f"staffing.{key}", names=listed(context, names))


def _data(each: _Judged) -> dict[str, Any]:
    definition, judged, staff, few = each.definition, each.staffing, each.staff, each.enough
    return {
        "process": definition.name,
        "version": definition.version,
        "said": judged.said,
        "gaps": [
            {
                "elements": list(gap.elements),
                "sure": gap.sure,
                "seats": [
                    {
                        "element": seat.element,
                        "part": seat.part,
                        "point": seat.name or None,
                        "roles": list(seat.roles),
                        "people": [_sitter(s) for s in sorted(seat.may, key=str)],
                        "short": [_sitter(s) for s in sorted(seat.short, key=str)],
                    }
                    for seat in gap.seats
                ],
                "rules": [rule._asdict() for rule in gap.rules],
                "more": [list(roles) for roles in gap.more],
            }
            for gap in judged.gaps
        ],
        "fewest": None if few is None else list(few.enough),
        "needed": [] if few is None else [{"person": person, "elements": list(names)} for person, names in few.needed],
        "stranded": [
            {
                "case": one.case,
                "number": one.number,
                "gaps": [
                    {"elements": list(gap.elements), "more": [list(roles) for roles in gap.more]} for gap in one.gaps
                ],
            }
            for one in each.stranded
        ],
        "unlooked": each.unlooked,
        "beyond": list(judged.beyond),
        "hard": list(judged.hard),
        "named": list(judged.named),
        "away": [{"person": person, "roles": list(roles)} for person, roles in staff.away.items()],
    }


def _sitter(sitter: Sitter) -> dict[str, str | None]:
    return {"person": sitter.person, "for": sitter.principal}


VERBS = {
    "verify-staffing": Verb(
        "verify-staffing",
        run_verify_staffing,
        [
            argument("process", "PROCESS", required=False),
            option("--at", "TIME"),
            switch(JSON, name="as_json"),
        ],
        section="staffing",
    )
}
