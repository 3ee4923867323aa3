"""What a case's meetings leave to be done, in their own words; and the agenda of the one that is held next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from charter.engine.keys import key_of, name_of, parse_key
from charter.engine.machines import OPEN, SETTLED
from charter.runtime.cli.context import Context
from charter.runtime.cli.output import Cell

if TYPE_CHECKING:
    from charter.engine.definition import Check, Definition, Element
    from charter.engine.reading import Sight
    from charter.engine.state import CaseState, Node


def words(definition: Definition, node: Node | None, sight: Sight) -> str:
    """Says what a to-do is, by the first text of its item, as far as its reader may know; of other work nothing."""
    from charter.engine.definition import item_type
    from charter.engine.reading import is_withheld
    from charter.engine.values import decode

    if node is None or node.key == node.element:
        return ""
    many = next((e.many for e in definition.elements if e.name == node.element), None)
    if many is None or not many.kept:
        return ""
    value = sight.derived(node.item)
    types = {record.name: record for record in definition.records}
    kind = item_type(types, many)
    if is_withheld(value) or kind is None:
        return ""
    fields = types[kind.record].fields if kind.record in types else ()
    told = next((field.name for field in fields if field.type.name == "text"), None)
    found = decode(value)
    return str(found.get(told) or "") if told is not None else found if isinstance(found, str) else ""


def agenda(
    context: Context, definition: Definition, state: CaseState, sight: Sight, marks: Mapping[str, tuple[str, str]]
) -> None:
    """Writes, of each meeting that is under way, its points: what is on its agenda, and each to-do that is left.

    `marks`: the mark and the style of each state.
    """
    from charter.runtime.cli.aftermath import named

    say, output = context.say, context.output
    for node, element in _held(definition, state):
        output.line()
        output.sentence(say("show.agenda", element=named(definition, node.key)), "strong")
        confirmed = {each.check for each in node.confirmations}
        rows = []
        for point, check, left in _points(definition, state, element):
            mark, style = marks["done" if point in confirmed else "ready"]
            due: Cell | str = ""
            if left is not None and left.due is not None:
                late = left.overdue or left.due < context.now
                due = _due(context, left.due, late)
            title = check.title if left is None else words(definition, left, sight) or check.title
            who = "" if left is None or (left.holder is None and not left.named) else _whose(definition, left)
            rows.append((Cell(mark, style), point, title, who, due))
        output.table((), rows, indent=2, styles=(None, "name"))


def _due(context: Context, due: int, late: bool) -> Cell:
    say, output = context.say, context.output
    style = "bad" if late else None
    when = output.relative(due, context.now)
    return Cell(say("show.late" if late else "show.due", at=output.deadline(due), when=when), style)


def _whose(definition: Definition, node: Node) -> str:
    from charter.engine.personal import whose
    from charter.engine.plan.program import prepare
    from charter.runtime.desk.views import waited_for

    if node.holder is not None:
        return node.holder
    return ", ".join(whose(role) or role for role in waited_for(prepare(definition), node))


def _held(definition: Definition, state: CaseState) -> Iterator[tuple[Node, Element]]:
    """Yields the open work in whose checklist what an earlier meeting has left is looked at."""
    if state.status != "open":
        return
    elements = {element.name: element for element in definition.elements}
    for node in state.nodes.values():
        element = elements[node.element]
        if node.state in OPEN and any(_kept(definition, check) is not None for check in element.checklist):
            yield node, element


def _kept(definition: Definition, check: Check) -> Element | None:
    """Gives the to-dos that a point goes over."""
    of = name_of(check.many.items) if check.many is not None else None
    return next((e for e in definition.elements if e.name == of and e.many is not None and e.many.kept), None)


def _points(definition: Definition, state: CaseState, element: Element) -> Iterator[tuple[str, Check, Node | None]]:
    for check in element.checklist:
        todo = _kept(definition, check)
        if todo is None:
            yield check.name, check, None
            continue
        all_ = (node for node in state.nodes.values() if node.element == todo.name and parse_key(node.key)[1])
        left = sorted((node for node in all_ if node.state not in SETTLED), key=lambda node: parse_key(node.key)[1])
        yield from ((key_of(check.name, (index,)), check, node) for index, node in enumerate(left, 1))
