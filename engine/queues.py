"""Queues: how much work of a role a person may have, and in which order what waits is taken.

Knows no cases: what people hold, what they have finished and what waits comes as `Waiting` rows from wherever it is
kept, so that every host finds the same. Who is refused because of it, the step says (`step/queues.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from functools import total_ordering
from typing import Any, NamedTuple

from charter.engine import values
from charter.engine.capacity import Queue
from charter.engine.feel.own import Money
from charter.engine.feel.temporal import Date, DateTime, DaysDuration
from charter.engine.machines import OFFERED, OPEN
from charter.engine.state import Node


class Waiting(NamedTuple):
    """Work of a queue: the case, its node, and who may not do it."""

    case: str
    node: Node
    barred: Collection[str] = ()


@total_ordering
class _Down:
    """A value in the opposite order."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and bool(self.value == other.value)

    def __lt__(self, other: _Down) -> bool:
        return bool(other.value < self.value)

    __hash__ = None  # type: ignore[assignment]


def _comparable(data: Any) -> tuple[str, Any] | None:
    """Gives what a value is ordered by, with its kind; None for what has no order."""
    value = values.decode(data)
    match value:
        case bool() | None:
            return None
        case str() | Decimal():
            return type(value).__name__, value
        case Money():
            return value.currency, value.amount
        case Date():
            return "date", value.number
        case DateTime():
            return "moment", value.instant
        case DaysDuration():
            return "length", value.nanoseconds
    return None


def place_of(queue: Queue, row: Waiting) -> tuple[Any, ...]:
    """Gives what work is ordered by in a queue; what is not known comes last."""
    key: list[Any] = []
    for number, rank in enumerate(queue.ranks):
        found = _comparable(row.node.ranks[number]) if number < len(row.node.ranks) else None
        if found is None:
            key.append((1,))
        else:
            key.append((0, found[0], _Down(found[1]) if rank.most_first else found[1]))
    return (*key, row.node.ready_at or 0, row.case, row.node.key)


def waiting(queue: Queue, elements: Collection[str], rows: Iterable[Waiting], person: str) -> list[Waiting]:
    """Lists what a person may be offered, what goes first at the front."""
    offered = (
        row
        for row in rows
        if row.node.element in elements
        and row.node.state in OFFERED
        and row.node.holder is None
        and person not in row.barred
    )
    return sorted(offered, key=lambda row: place_of(queue, row))


def used(
    since: Sequence[int | None], elements: Collection[str], rows: Iterable[Waiting], person: str, but: tuple[str, str]
) -> tuple[int, ...]:
    """Counts what a person holds and, where a capacity is one of a period, what they have finished since it began.

    `since`: by capacity; `but`: the work itself that they ask for.
    """
    counts = [0] * len(since)
    for row in rows:
        node = row.node
        if node.element not in elements or (row.case, node.key) == but:
            continue
        held = node.holder == person and node.state in OPEN
        ended = node.ended_at if node.state == "done" and node.doers and node.doers[-1] == person else None
        for number, begins in enumerate(since):
            counts[number] += held or (begins is not None and ended is not None and ended >= begins)
    return tuple(counts)
