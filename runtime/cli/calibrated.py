"""What a simulation takes from the trail of the database, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from charter.dsl.text.width import wrap
from charter.engine.commands import Actor
from charter.engine.definition import Definition
from charter.runtime.cli.consulted import consulted, reads_sums
from charter.runtime.cli.context import Context
from charter.runtime.cli.errors import Misuse
from charter.runtime.cli.forecasts import in_hours
from charter.runtime.clock import iso
from charter.runtime.simulation.fit import Lengths
from charter.runtime.simulation.trail import Known, Seen, read

_HOUR = 3_600_000_000


def from_trail(context: Context, definitions: Sequence[Definition]) -> Seen:
    """Reads what the trail tells of some processes; a misuse where there are no cases of the first."""
    process = definitions[0].name
    for definition in definitions:
        reads_sums(context, definition.name, contents=True)
    consulted(context, "simulate", process=process)
    with context.reading.read() as connection:
        seen = read(connection, definitions)
    if not seen.cases:
        raise Misuse("no_trail", process=process)
    return seen


def dated(context: Context, definitions: Sequence[Definition]) -> tuple[Definition, ...]:
    """Gives the processes with the public days by which new cases of the database count."""
    from charter.runtime.host.days import present

    with context.store.read() as connection:
        return tuple(present(connection, definition) for definition in definitions)


def people(context: Context, definitions: Sequence[Definition]) -> list[Actor]:
    """Gives who is there at present and holds a role of the processes."""
    from charter.runtime.desk.staffing import staff

    roles = {role.name for d in definitions for role in d.roles}
    found: dict[str, Actor] = {}
    for definition in definitions:
        with context.store.read() as connection:
            there = staff(connection, definition.name, context.now).people
        own = [who for who in there if who.on_behalf_of is None and not roles.isdisjoint(who.roles)]
        found.update((who.person, who) for who in own if who.person not in found)
    return list(found.values())


def told(context: Context, seen: Seen, definitions: Sequence[Definition]) -> None:
    """Writes what was taken from the trail: of each element how long it takes, and what is decided."""
    say, output = context.say, context.output
    output.line()
    since, until = (output.moment(at) for at in (seen.since, seen.until))
    output.line("  " + say("simulate.trail", cases=seen.cases, since=since, until=until), "strong")
    rows = [tuple(_cells(context, one)) for one in seen.elements if _says(one)]
    heads = [say(f"simulate.{head}") for head in ("element", "times", "law", "approved", "comes_up")]
    output.table(heads, rows, styles=("name",), indent=2)
    gaps = seen.habits.gaps
    lines = [say("simulate.gaps", law=_law(context, gaps))] if gaps is not None else [say("simulate.no_gaps")]
    few = [one.element for one in seen.elements if one.lengths and one.law is None]
    by_people = {(d.name, e.name) for d in definitions for e in d.elements if e.work is None}
    estimated = [
        one.element
        for one in seen.elements
        if one.law is not None and (one.process, one.element) in by_people and one.noted < len(one.lengths)
    ]
    for key, names in (("few", few), ("estimated", estimated)):
        if names:
            lines.append(say(f"simulate.{key}", names=say("happened.comma").join(f"`{name}`" for name in names)))
    for line in lines:
        for part in wrap(line, output.columns - 2):
            output.line(f"  {output.style(part, 'faint')}")


def _says(one: Known) -> bool:
    return bool(one.lengths or one.votes or one.skipped)


def _cells(context: Context, one: Known) -> Iterator[str]:
    law = one.law
    yield one.element
    yield f"{len(one.lengths):,}"
    yield "" if law is None else _law(context, law)
    yield f"{one.approved / one.votes:.0%}" if one.votes else ""
    yield f"{one.opened / (one.opened + one.skipped):.0%}" if one.skipped else ""


def _law(context: Context, law: Lengths) -> str:
    """Says a distribution: its kind, its mean, the value in the middle, and how far it is from what was seen."""
    say = context.say
    return say(
        f"simulate.law_{law.kind}",
        mean=in_hours(law.average / _HOUR, say),
        median=in_hours(law.at(0.5) / _HOUR, say),
        error=f"{law.error:.0%}",
    )


def as_data(seen: Seen) -> dict[str, Any]:
    """Gives what was taken from the trail as JSON data; lengths in working hours."""
    return {
        "case_count": seen.cases,
        "since": iso(seen.since),
        "until": iso(seen.until),
        "arrivals": _law_data(seen.habits.gaps),
        "elements": [
            {
                "process": one.process,
                "element": one.element,
                "times": len(one.lengths),
                "noted": one.noted,
                "distribution": _law_data(one.law),
                "approved": one.approved,
                "rejected": one.rejected,
                "opened": one.opened,
                "skipped": one.skipped,
            }
            for one in seen.elements
            if _says(one)
        ],
    }


def _law_data(law: Lengths | None) -> dict[str, Any] | None:
    if law is None:
        return None
    low, middle, high = (round(law.at(share) / _HOUR, 6) for share in (0.1, 0.5, 0.9))
    return {
        "kind": law.kind,
        "times": law.count,
        "mean": round(law.average / _HOUR, 6),
        "p10": low,
        "p50": middle,
        "p90": high,
        "unit": "working hours",
        "distance": round(law.error, 6),
    }
