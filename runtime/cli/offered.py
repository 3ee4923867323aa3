"""What registers offer to the work of a case: in the words of the entries, with the answers; and the form for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from charter.engine.machines import OPEN
from charter.engine.reading import WITHHELD, is_withheld
from charter.runtime.cli.context import Context
from charter.runtime.cli.output import Cell

if TYPE_CHECKING:
    from charter.engine.definition import Definition
    from charter.engine.state import CaseState

_TOLD = 3  # fields of an entry that are told in a line


class Offer(Struct, frozen=True):
    """An entry that is offered to work of a case. `check`: by what it is answered; `fields`: encoded, as they are read.

    `taken_up`: whether it was taken up, null while nobody has answered; `reason`: why not; `by`: who said so.
    """

    element: str
    check: str
    register: str
    key: Any
    entry_version: int
    digest: Any
    fields: Mapping[str, Any] | None
    taken_up: bool | None
    reason: Any
    by: str | None

    def to_json(self) -> dict[str, Any]:
        """Gives it as JSON data."""
        return {name: getattr(self, name) for name in self.__struct_fields__}


def offers(context: Context, state: CaseState, only: str | None = None) -> list[Offer]:
    """Lists what is offered to the work of a case, or to one node, as somebody may read it."""
    nodes = [node for node in state.nodes.values() if node.offered and only in (None, node.key)]
    if not nodes:
        return []
    from charter.engine.offers import numbered, taken
    from charter.runtime.desk.registers import versions, withheld

    known, sight = context.reading.registers(), context.reading.sight(state.case)
    found = []
    with context.reading.read() as connection:
        for node in nodes:
            done = {each.check: each for each in node.confirmations}
            for check, (register, key, version, digest) in numbered(node):
                one, answer = known.get(register), done.get(check)
                hidden = None if one is None else withheld(one, context.reading.rights)
                fields = None
                if one is not None and hidden is not None:
                    there = versions(connection, one, key, context.now, hidden)
                    fields = next((each.fields for each in there if each.version == version), None)
                told: tuple[Any, Any] = (WITHHELD if hidden is None else key, digest if hidden == set() else WITHHELD)
                said = None if answer is None else taken(answer.evidence)
                reason = None if answer is None or said is not False else sight.derived(answer.evidence)
                by = None if answer is None else answer.person
                found.append(Offer(node.key, check, register, told[0], version, told[1], fields, said, reason, by))
    return found


def words(context: Context, one: Offer) -> str:
    """Says what an entry is: its key, and the first of its fields."""
    from charter.runtime.author.shown import shown
    from charter.runtime.cli.failures import withheld

    hidden = withheld(context.say.lang)
    told = [
        shown(value, hidden) for name, value in (one.fields or {}).items() if value is not None and value != one.key
    ]
    key = hidden if is_withheld(one.key) else str(one.key)
    return context.say.of(key, " · ".join(told[:_TOLD])) if told else key


def told(context: Context, definition: Definition, state: CaseState, marks: Mapping[str, tuple[str, str]]) -> None:
    """Writes, of each piece of open work, what it is offered and what was answered."""
    from charter.runtime.cli.aftermath import named

    say, output = context.say, context.output
    by_node: dict[str, list[Offer]] = {}
    for one in offers(context, state):
        if state.nodes[one.element].state in OPEN:
            by_node.setdefault(one.element, []).append(one)
    for key, found in by_node.items():
        output.line()
        output.sentence(say("show.offered", element=named(definition, key)), "strong")
        rows = []
        for one in found:
            mark, style = marks["ready" if one.taken_up is None else "done"]
            rows.append((Cell(mark, style), one.check, words(context, one), answer(context, one)))
        output.table((), rows, indent=2, styles=(None, "name"))


def answer(context: Context, one: Offer) -> str:
    """Says what was answered."""
    from charter.runtime.cli.failures import withheld

    if one.taken_up is None:
        return context.say("show.unanswered")
    reason = withheld(context.say.lang) if is_withheld(one.reason) else one.reason
    return context.say("show.taken_up" if one.taken_up else "show.not_taken_up", by=one.by or "", reason=reason or "")


def left(found: Sequence[Offer]) -> int:
    """Counts what nobody has answered."""
    return sum(one.taken_up is None for one in found)


def asked_offers(context: Context, state: CaseState, node: str) -> tuple[tuple[str, Any], ...]:
    """Asks of each entry that nobody has answered whether it was taken up, else why not."""
    from charter.runtime.author.forms import yes
    from charter.runtime.cli.handover import asked

    say, out = context.say, []
    for one in offers(context, state, node):
        if one.taken_up is not None:
            continue
        context.output.line(f"  {one.check} {words(context, one)}")
        while (took := yes(asked(f"    {say('intake.take_up')}{say('intake.or_no')}"), False)) is None:
            context.output.line(f"    {say('intake.yes_or_no')}")
        why = None
        while not took and not why:
            why = asked("    " + say.of(say("intake.why_not"), "")).strip()
        out.append((one.check, why))
    return tuple(out)
