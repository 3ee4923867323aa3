"""Whose turn it is in a `one at a time`: what is in hand, and what therefore has to wait.

Work is in hand while it is claimed or active, an approval from the first vote until it is settled; a phase, or a
`for each`, from the first work taken in it until it is over. Looks only, changes nothing, and knows neither people nor
what else makes an element ready.
"""

from __future__ import annotations

from charter.engine.keys import parse_key
from charter.engine.machines import BEGUN, TAKEN
from charter.engine.plan.place import Place
from charter.engine.plan.program import Program
from charter.engine.state import Node, View


def _voting(node: Node) -> bool:
    return node.state == "ready" and bool(node.votes)


def _in_hand(program: Program, view: View, key: str) -> bool:
    node = view.nodes.get(key)
    if node is None:
        return False
    name, path = parse_key(key)
    plan = program.plans[name]
    if plan.lifecycle(path) != "phase":
        return node.state in TAKEN or _voting(node)
    inside = ((inner, at) for inner in (plan, *plan.descendants()) for at in program.expand(view.nodes, inner, path))
    return node.state == "active" and any(
        (begun := view.nodes.get(at)) is not None
        and (begun.state in BEGUN or _voting(begun))
        and inner.lifecycle(parse_key(at)[1]) != "phase"
        for inner, at in inside
    )


def in_the_way(place: Place) -> tuple[str, str] | None:
    """Gives whose turn a place has to wait for: the name in the `one at a time`, its own or that of a phase around
    it, and the key of what is in hand; None when it may go."""
    for level, other in place.program.singles.get(place.plan.name, ()):
        key = place.program.seen(place.plan, place.path, other)
        if _in_hand(place.program, place.view, key):
            return level, key
    return None
