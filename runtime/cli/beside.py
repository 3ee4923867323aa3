"""Writes what stands beside a case's own work as part of `charter show`: linked cases, clocks, ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from charter.runtime.cli.context import Context
from charter.runtime.cli.failures import withheld

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.reading import Sight
    from charter.engine.state import CaseState
    from charter.runtime.desk.linked import Linked


def linked(context: Context, found: Sequence[Linked]) -> None:
    """Writes a row for each case at the other end, with what it is about in its own words."""
    if not found:
        return
    from charter.runtime.desk.subjects import subjects

    say, output = context.say, context.output
    about = subjects(context.reading, [each.case for each in found if each.case is not None], context.now)
    for way in ("about", "from"):
        rows = [each for each in found if each.way == way]
        if not rows:
            continue
        output.line()
        output.sentence(say(f"show.linked_{way}"), "strong")
        told = [
            (
                f"#{each.number} {each.case}" if each.case is not None else withheld(say.lang),
                each.process,
                say(f"states.{each.status}") if each.status is not None else "",
                about.get(each.case or "", ""),
                say("show.has_amended", records=say("happened.comma").join(each.amended)) if each.amended else "",
            )
            for each in rows
        ]
        output.table((), told, indent=2, styles=("name",))


def promised(context: Context, definition: Definition, state: CaseState, number: int | None) -> None:
    """Writes the service-level clocks of the case, the most urgent first."""
    if not definition.slas:
        return
    from charter.runtime.cli.sla import table
    from charter.runtime.desk.standing import of_case

    context.output.line()
    context.output.sentence(context.say("show.clocks"), "strong")
    table(context, of_case(definition, state, number, context.now))


def accounts(context: Context, definition: Definition, state: CaseState, sight: Sight) -> None:
    """Writes the ledgers of the case, a row for each line and one for all."""
    from charter.runtime.author.shown import shown
    from charter.runtime.desk.ledgers import stands

    say, output = context.say, context.output
    columns = ("baseline", "committed", "actual", "left")
    for each in stands(definition, state) if definition.ledgers else ():
        output.line()
        title = each.ledger.title
        name = title if title == each.ledger.name else f"{each.ledger.name} {title}"
        fixed = "show.baseline" if each.version else "show.no_baseline"
        output.sentence(say(fixed, ledger=name, record=each.ledger.baseline, version=each.version), "strong")
        if not sight.whole:
            output.line(f"  {withheld(say.lang)}")
            continue
        rows = [
            (
                line,
                *(shown(facts[column]) or say("show.not_known") for column in columns),
                say("show.overrun") if facts["overrun"] else "",
            )
            for line, facts in (*each.lines, (say("show.all_lines"), each.whole))
        ]
        heads = ("", *(say(f"show.of_{column}") for column in columns), "")
        output.table(heads, rows, indent=2, styles=("name",))
