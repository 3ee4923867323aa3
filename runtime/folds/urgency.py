"""What comes first among open work: what is due first, or has been promised to somebody first; else the oldest."""

from __future__ import annotations

from collections.abc import Iterator

from charter.engine.keys import key_of, parse_key
from charter.engine.sla import COUNTING, Service
from charter.engine.state import CaseState, Node
from charter.runtime.folds.fold import Stride
from charter.runtime.folds.shape import Shape

# Work without a due date comes after all work that has one: some 3,000 years later.
NEVER = 10**17


def _clocks(shape: Shape, node: Node) -> Iterator[str]:
    """Yields the keys of the service-level clocks that a piece of work is about."""
    clocks = shape.pressed.get(node.element, ())
    path = parse_key(node.key)[1] if clocks else ()
    return (key_of(plan.sla.name, path[: len(plan.loops)]) for plan in clocks if len(plan.loops) <= len(path))


def rank(shape: Shape, state: CaseState, node: Node, since: int) -> int:
    """Gives the place of open work in an inbox."""
    promised = (_promised(state.clocks.get(key)) for key in _clocks(shape, node))
    return min((node.due if node.due is not None else since + NEVER, *promised))


def _promised(service: Service | None) -> int:
    """Gives by when the agreed time of a clock is used up; of one that is paused, or over, nobody knows."""
    counts = service is not None and service.clock.phase in COUNTING and service.due is not None
    return service.due if service is not None and service.due is not None and counts else 2 * NEVER


def pressed(stride: Stride) -> list[Node]:
    """Lists the nodes whose place may be another because a clock has moved."""
    shape, before, after = stride.shape, stride.before.clocks, stride.after.clocks
    if after is before or not shape.pressed:
        return []
    moved = {key for key, each in after.items() if _promised(before.get(key)) != _promised(each)}
    return [n for n in stride.after.nodes.values() if not moved.isdisjoint(_clocks(shape, n))] if moved else []
