"""`charter sla`: what is left of the time that has been promised, the most urgent first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.output import Cell
from charter.runtime.cli.verb import JSON, Verb, Whole, argument, option, switch

if TYPE_CHECKING:
    from charter.runtime.desk.standing import Standing

LIMIT = 100


def run_sla(context: Context, case: str | None, process: str | None, limit: int, as_json: bool) -> int:
    """Lists the clocks under way, or all of one case."""
    from charter.runtime.desk.clocks import under_way
    from charter.runtime.desk.register import drills, number_of
    from charter.runtime.desk.standing import of_case

    if case is not None:
        case = context.reading.resolve(case)
        state, definition = context.reading.state(case), context.reading.definition(case)
        with context.reading.read() as connection:
            found = of_case(definition, state, number_of(connection, case), context.now)
            practised = drills(connection, [case])
        consulted(context, "case", case=case)
    else:
        with context.reading.read() as connection:
            found = under_way(connection, context.reading.definition, context.now, process, limit=limit + 1)
            practised = drills(connection, [each.case for each in found])
        consulted(context, "clocks", process=process)
    if as_json:
        context.output.json([each.to_json() | {"drill": each.case in practised} for each in found[:limit]])
        return 0
    if not found:
        context.output.sentence(context.say("sla.none"))
        return 0
    table(context, found[:limit], practised)
    if len(found) > limit:
        context.output.sentence(context.say("sla.more", limit=limit), "faint")
    return 0


def table(context: Context, found: Sequence[Standing], practised: Collection[str] = ()) -> None:
    """Writes clocks as a table; `practised`: the cases that are drills."""
    say, output = context.say, context.output
    rows = [
        (
            say.practised(f"#{each.number}" if each.number is not None else each.case, each.case in practised),
            each.process,
            _name(each),
            Cell(say(f"clocks.{each.state}"), "bad" if each.state == "breached" else None),
            promised(context, each),
            "" if each.due is None else output.deadline(each.due),
            "" if each.agreed is None else say.lasting(each.agreed),
        )
        for each in found
    ]
    heads = ("case", "process", "clock", "state", "left", "due", "agreed")
    output.table([say(f"sla.{head}") for head in heads], rows, styles=("faint", None, "name"))


def _name(each: Standing) -> str:
    """Names a clock, and the role whose time it counts."""
    named = each.clock if each.title == each.clock else f"{each.clock} {each.title}"
    return named if each.role is None else f"{named} · {each.role}"


def promised(context: Context, each: Standing) -> Cell:
    """Says what is left of the agreed time, or by how much it is exceeded; nothing where nothing is agreed."""
    if each.left is None:
        return Cell("")
    amount = context.say.lasting(abs(each.left)) or context.say("sla.moments")
    over = each.left < 0 or each.state == "breached"
    return Cell(context.say("sla.beyond", amount=amount), "bad") if over else Cell(amount)


VERBS = {
    "sla": Verb(
        "sla",
        run_sla,
        [
            argument("case", "CASE", required=False),
            option("--process", "PROCESS"),
            option("--limit", "NUMBER", type=Whole(), default=LIMIT),
            switch(JSON, name="as_json"),
        ],
    )
}
