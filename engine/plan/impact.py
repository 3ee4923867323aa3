"""What a new version of a record would cost, said beforehand: the work, people, approvals and clocks it reopens.

Asks the same closure that an amendment carries out, so that the forecast and what then happens agree whenever the
new content differs. Changes nothing.
"""

from __future__ import annotations

from msgspec import Struct

from charter.engine.calendars import is_provisional
from charter.engine.definition import Definition
from charter.engine.keys import parse_key
from charter.engine.plan.closure import closure
from charter.engine.plan.program import prepare
from charter.engine.state import View


class Impact(Struct, frozen=True):
    """What becomes stale.

    `elements`: node keys, in the order in which the change reaches them; `groups`: `for each` lists that are read
    again; `people`: who holds or did that work, sorted; `roles`: whose work it is where nobody holds it;
    `approvals`: those of the elements that are approvals; `due`: (key, due date) of clocks that start again;
    `provisional`: those of which a year has no published public days (`calendars.is_provisional`).
    `asked`: phases, lists and milestones that their condition left out, and that will be asked again.
    """

    record: str
    elements: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    due: tuple[tuple[str, int], ...] = ()
    asked: tuple[str, ...] = ()
    provisional: tuple[str, ...] = ()


def impact(definition: Definition, state: View, record: str) -> Impact:
    """Says what a new version of the record with this key (`plan`, `deliverable[2]`) would reopen."""
    program = prepare(definition)
    version = state.versions.get(record)
    if version is None:
        return Impact(record)
    name, path = parse_key(record)
    writer = state.nodes.get(version.node) if version.node is not None else None
    loops = program.plans[writer.element].loops if writer is not None else ()
    nodes, groups, asked = closure(program, state, [], [(name, path, loops, version.digest)], version.node)
    people: set[str] = set()
    roles: dict[str, None] = {}
    for node in nodes:
        people.update(node.doers)
        if node.holder is not None:
            people.add(node.holder)
        elif not node.doers:
            roles.update(dict.fromkeys(program.plans[node.element].roles_wanted(node)))
    return Impact(
        record,
        tuple(node.key for node in nodes),
        tuple(group.key for group in groups),
        tuple(sorted(people)),
        tuple(roles),
        tuple(node.key for node in nodes if program.plans[node.element].kind == "approval"),
        tuple((node.key, node.due) for node in nodes if node.due is not None),
        tuple(node.key for node in asked),
        tuple(
            node.key
            for node in nodes
            if node.due is not None and is_provisional(program.plans[node.element].calendar, node.due, node.ready_at)
        ),
    )
