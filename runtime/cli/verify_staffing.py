"""`charter verify-staffing [PROCESS]`: whether the people there are can do every path of what is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import wrap
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import FINDINGS
from charter.runtime.cli.gaps import explained, gathered, listed
from charter.runtime.cli.progress import along
from charter.runtime.cli.verb import JSON, Verb, argument, option, switch
from charter.runtime.clock import iso

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.proof.seating import Sitter
    from charter.engine.proof.staffing import Staffing
    from charter.runtime.desk.staffing import Staff

_STYLES = {"staffed": "good", "unstaffed": "bad", "unknown": "warn"}


def run_verify_staffing(context: Context, process: str | None, at: str | None, as_json: bool) -> int:
    """Judges one process or all that are deployed; exit 1 when a path of one cannot be staffed."""
    from charter.runtime.cli.people import instant
    from charter.runtime.desk.staffing import judge, staff

    when = context.now if at is None else instant(at, "--at")
    definitions = context.cases.processes() if process is None else [context.cases.definition(process)]
    consulted(context, "staffing", process=process, when=at)
    found: list[tuple[Definition, Staffing, Staff]] = []
    for definition in along(definitions):
        with context.store.read() as connection:
            there = staff(connection, definition.name, when)
        found.append((definition, judge(definition, there), there))
        if not as_json:
            _tell(context, *found[-1])
    if as_json:
        context.output.json({"at": iso(when), "processes": [_data(*each) for each in found]})
    elif not found:
        context.output.sentence(context.say("staffing.none"))
    return FINDINGS if any(judged.said == "unstaffed" for _, judged, _ in found) else 0


def _tell(context: Context, definition: Definition, judged: Staffing, staff: Staff) -> None:
    say, output = context.say, context.output
    title = f" {definition.title}" if definition.title != definition.name else ""
    output.line(output.style(f"{definition.name}{title}", "strong"))
    word = output.style(say(f"staffing.{judged.said}"), _STYLES[judged.said])
    output.line(f"  {word} {say(f'staffing.is_{judged.said}')}")
    for gap in gathered(judged.gaps):
        for line in explained(context, gap, staff):
            output.line(f"    {line}")
    for line in _limits(context, judged):
        for part in wrap(line, output.columns - 2):
            output.line(f"  {output.style(part, 'faint')}")


def _limits(context: Context, judged: Staffing) -> Iterator[str]:
    """Yields what was not judged, or was taken for given."""
    for key, names in (("beyond", judged.beyond), ("hard", judged.hard), ("named", judged.named)):
        if names:
            yield context.say(f"staffing.{key}", names=listed(context, names))


def _data(definition: Definition, judged: Staffing, staff: Staff) -> dict[str, Any]:
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
