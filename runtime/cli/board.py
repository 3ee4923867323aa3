"""`charter board [PROCESS]`: open work as cards, a column a state, with who holds it and when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from charter.dsl.text.width import display_width, wrap
from charter.engine.machines import ELEMENT_STATES
from charter.runtime import clock
from charter.runtime.cli.consulted import consulted
from charter.runtime.cli.context import Context
from charter.runtime.cli.output import neutral, pad
from charter.runtime.cli.verb import JSON, Verb, argument, switch

if TYPE_CHECKING:
    from charter.runtime.desk.board import Card

_LEAST, _WIDEST, _GAP = 18, 40, 2


def run_board(context: Context, process: str | None, as_json: bool) -> int:
    """Draws the board: columns beside each other where the terminal has room, else below each other."""
    from charter.runtime.desk.board import cards
    from charter.runtime.desk.subjects import subjects, told

    if process is not None:
        context.reading.definition(process)
    with context.reading.read() as connection:
        found = cards(connection, process)
    about = subjects(context.reading, [card.case for card in found], context.now)
    consulted(context, "board", process=process)
    if as_json:
        context.output.json([_json(card) | told(about, card.case) for card in found])
        return 0
    if not found:
        context.output.sentence(context.say("board.none"))
        return 0
    columns = [(state, [card for card in found if card.state == state]) for state in ELEMENT_STATES]
    shown = [(context.say(f"states.{state}"), each) for state, each in columns if each]
    room = context.output.columns
    width = min((room - _GAP * (len(shown) - 1)) // len(shown), _WIDEST)
    if width < _LEAST:
        for name, each in shown:
            _column(
                context,
                f"{name} ({len(each)})",
                [_lines(context, card, about.get(card.case), min(room, _WIDEST)) for card in each],
            )
        return 0
    drawn = []
    for name, each in shown:
        lines = [f"{name} ({len(each)})", "─" * width]
        for card in each:
            lines += [*_lines(context, card, about.get(card.case), width), ""]
        drawn.append(lines)
    for number in range(max(map(len, drawn))):
        cells = [pad(lines[number] if number < len(lines) else "", width) for lines in drawn]
        context.output.line((" " * _GAP).join(cells).rstrip(), "strong" if number == 0 else None)
    return 0


def _column(context: Context, head: str, of: list[list[str]]) -> None:
    context.output.line(head, "strong")
    context.output.line("─" * display_width(head))
    for lines in of:
        for line in lines:
            context.output.line(line)
        context.output.line()


def _lines(context: Context, card: Card, about: str | None, width: int) -> list[str]:
    """Writes a card: number and title, what its case is about, who holds it, when it is due."""
    due = context.output.due(card.due, context.now) if card.due is not None else ""
    drill = context.say("show.a_drill") if card.drill else ""
    told = context.say("happened.comma").join(filter(None, (card.holder or "", due, drill)))
    subject = wrap(neutral(about), width) if about else ()
    lines = [
        *wrap(neutral(f"#{card.number} {card.title}"), width),
        *subject,
        *(wrap(neutral(told), width) if told else ()),
    ]
    return [line.rstrip() for line in lines]


def _json(card: Card) -> dict[str, Any]:
    return {
        "case": card.case,
        "number": card.number,
        "process": card.process,
        "element": card.node,
        "title": card.title,
        "state": card.state,
        "drill": card.drill,
        "holder": card.holder,
        "due": None if card.due is None else clock.text(card.due),
    }


VERBS = {
    "board": Verb("board", run_board, [argument("process", "PROCESS", required=False), switch(JSON, name="as_json")])
}
