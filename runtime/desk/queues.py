"""Where a person's offered work comes in the queues of its roles, and how much of it they may take on now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from charter.runtime.store.prepared import ask

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.engine.definition import Definition
    from charter.runtime.desk.inbox import WorkItem


class Turn(NamedTuple):
    """`place`: from 1, of `length`; `free`: how much more the person may take on, None for any number."""

    role: str
    place: int
    length: int
    free: int | None

    @property
    def waits(self) -> bool:
        """Says whether other work goes first, or the person has enough."""
        return self.free is not None and self.place > self.free


_QUEUED = """SELECT DISTINCT d.process FROM deployments d JOIN definitions f ON f.digest = d.digest
 WHERE d.process IN (…) AND f.body LIKE '%"queues":[%'"""


def turns(
    connection: Connection, definition: Callable[[str], Definition], person: str, items: Iterable[WorkItem], now: int
) -> dict[tuple[int, str, str], Turn]:
    """Gives the turn of each offered piece of work that is in a queue, by its place in the inbox."""
    offered = [item for item in items if item.why != "held" and not item.is_list]
    processes = {item.process for item in offered}
    queued = {name for (name,) in ask(connection, _QUEUED, processes)} if processes else set()
    found: dict[tuple[int, str, str], Turn] = {}
    for process in sorted(queued):
        found.update(_of(connection, definition(process), person, [i for i in offered if i.process == process], now))
    return found


def _of(
    connection: Connection, definition: Definition, person: str, items: Sequence[WorkItem], now: int
) -> dict[tuple[int, str, str], Turn]:
    # Most inboxes have no queues, and must start fast.
    from charter.engine.plan.program import prepare
    from charter.engine.plan.scope import Scope
    from charter.engine.queueing import begins, elements_of, most
    from charter.engine.queues import used, waiting
    from charter.engine.state import NEW
    from charter.runtime.host.queues import work

    program, found = prepare(definition), dict[tuple[int, str, str], Turn]()
    scope = Scope(program, NEW, None, (), now)
    for queue in definition.queues:
        mine = [item for item in items if item.role == queue.role]
        if mine:
            elements = elements_of(program, queue.role)
            since = [begins(scope, capacity) for capacity in queue.capacities]
            earliest = min((each for each in since if each is not None), default=None)
            rows = list(work(connection, definition.name, elements, queue.role, person, earliest))
            line = [(row.case, row.node.key) for row in waiting(queue, elements, rows, person)]
            counts = used(since, elements, rows, person, ("", ""))
            free = min((most(scope, c) - n for c, n in zip(queue.capacities, counts, strict=True)), default=None)
            places = {place: number for number, place in enumerate(line, 1)}
            for item in mine:
                if (item.case, item.node) in places:
                    found[item.place] = Turn(queue.role, places[item.case, item.node], len(line), free)
    return found


def in_turn(items: Sequence[WorkItem], found: dict[tuple[int, str, str], Turn]) -> list[WorkItem]:
    """Puts the work of each queue in its order, at the places that it has among the other work."""
    queued = sorted(
        (item for item in items if item.place in found),
        key=lambda i: (i.process, found[i.place].role, found[i.place].place),
    )
    lanes: dict[tuple[str, str], list[WorkItem]] = {}
    for item in queued:
        lanes.setdefault((item.process, found[item.place].role), []).append(item)
    return [lanes[item.process, found[item.place].role].pop(0) if item.place in found else item for item in items]


def to_json(turn: Turn) -> dict[str, Any]:
    """Gives a turn as JSON data."""
    return {"place": turn.place, "length": turn.length, "free": None if turn.free is None else max(turn.free, 0)}
