"""Who made what: the one owner of the question that separation of duties asks of a case.

An element's work is whose who finished or decided it, in any round; who wrote a version of what it produced, an
amendment too; and who had another part in it: ticked a point, sent its signal, added its item. A record is whose who
wrote any version of it, wherever it came from. Whoever passes over a control (`Program.controls`) has decided what is
controlled, as if by a vote. Looks only; who may do what is for `step.authority`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from charter.engine.keys import Path, key_of, parse_key
from charter.engine.plan.place import Place
from charter.engine.plan.plans import Plan, shared_from
from charter.engine.plan.program import Program
from charter.engine.state import Node, Version, View

_PASSING = frozenset({"skip", "cancel"})


def written(program: Program, view: View, node: Node) -> Iterator[str]:
    """Yields who wrote a version of what a node produced."""
    plan, path = program.spot(node.key)
    for output in plan.element.outputs:
        version = view.versions.get(key_of(output, path))
        for person, by in version.writers if version is not None else ():
            if by == node.key:
                yield person


def makers(program: Program, view: View, node: Node) -> Iterator[str]:
    """Yields everybody whose work a node is, some of them twice."""
    yield from node.doers
    yield from written(program, view, node)
    yield from (hand.person for hand in node.hands if hand.verb not in _PASSING)


def _nodes(program: Program, view: View, plan: Plan, base: Path = ()) -> Iterator[Node]:
    for key in program.expand(view.nodes, plan, base):
        node = view.nodes.get(key)
        if node is not None:
            yield node


def _around(program: Program, view: View, plan: Plan, base: Path) -> Iterator[Node]:
    """Yields the nodes of a block at an index, below it, and the groups around it."""
    index = base[: len(plan.loops)]
    for length in range(plan.outer, len(index)):
        node = view.nodes.get(key_of(plan.name, index[:length]))
        if node is not None:
            yield node
    yield from _nodes(program, view, plan, index)


def bound(program: Program, view: View, plan: Plan, base: Path) -> dict[str, None]:
    """Names who did an element's work at an index and what is below it: what `same as` binds others to.

    Only doing it binds, not any other part in it.
    """
    return dict.fromkeys(person for node in _nodes(program, view, plan, base) for person in node.doers)


def version_makers(program: Program, view: View, version: Version) -> Iterator[str]:
    """Yields everybody whose a version is: its writers, and whose work it came from."""
    yield from (person for person, _ in version.writers)
    node = None if version.node is None else view.nodes.get(version.node)
    if node is not None:
        yield from makers(program, view, node)


def record_makers(place: Place, record: str) -> dict[str, str]:
    """Names whose a record is that a place sees, with the element (or the record) that they made it in."""
    program, view, found = place.program, place.view, dict[str, str]()
    for producer in program.producers.get(record, ()):
        for key in program.keys(view.nodes, producer, place.path, place.plan.loops):
            node = view.nodes.get(key)
            if node is not None:
                found.update(dict.fromkeys(makers(program, view, node), producer.name))
    seen = place.find(record)
    versions: Iterable[Version] = [seen[1]] if isinstance(seen, tuple) else seen or []
    for version in versions:
        for person, by in version.writers:
            found.setdefault(person, parse_key(by)[0] if by is not None else record)
    return found


def barred(place: Place, node: Node | None, *, passing: bool = False) -> dict[str, str]:
    """Names who may not do an element's work, each with what they did that stands against it.

    `passing`: who may not pass it over or have it done again, which only those may not whom it controls.
    """
    program, view, plan = place.program, place.view, place.plan
    found: dict[str, str] = {}
    for rule in program.separations.get(plan.name, ()):
        if rule.same or (passing and rule.other not in program.controls.get(plan.name, ())):
            continue
        other = program.plans[rule.other]
        # Where both stand in one list, they are kept apart item by item.
        base = place.path[: shared_from(plan, place.path, other)]
        for made in _nodes(program, view, other, base):
            found.update(dict.fromkeys(makers(program, view, made), other.name))
        if plan.name in program.controls.get(other.name, ()):
            for level in other.levels():
                for over in _around(program, view, level, base):
                    found.update({hand.person: other.name for hand in over.hands if hand.verb in _PASSING})
    agreement = plan.element.agreement
    if agreement is not None and agreement.of is not None:
        asked = agreement.stages if passing or node is None else plan.stage(node)
        if any(stage.other for stage in asked):
            found.update(record_makers(place, agreement.of))
    return found
