"""What there is to know of an element, a case and its process: each fact once, with its FEEL type and how it is read.

`dsl` checks expressions against the types, `scope` gives the values; a fact that is not known is null. Knows no place:
which node an expression sees is for `scope`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from charter.engine import values
from charter.engine.definition import Definition
from charter.engine.feel import types as y
from charter.engine.feel.temporal import DateTime, DaysDuration, Zone, datetime_from_instant
from charter.engine.machines import CASE_STATES, ELEMENT_STATES, SETTLED
from charter.engine.state import Node, View


def moment(at: int, zone: Zone) -> DateTime:
    """Gives an instant (microseconds since the epoch) as a FEEL date and time in a zone."""
    return datetime_from_instant(at * 1000, zone)


def instant(at: int | None, zone: Zone) -> DateTime | None:
    """Gives what `moment` does, None for none."""
    return None if at is None else moment(at, zone)


def _begun_at(node: Node) -> int | None:
    return node.started_at if node.started_at is not None else node.ready_at


def _overdue(node: Node) -> bool:
    # Trails of earlier builds have no mark where work ended late and no tick had come between.
    return node.overdue or (node.due is not None and node.ended_at is not None and node.ended_at >= node.due)


def _on_time(node: Node) -> bool | None:
    if node.due is None:
        return None
    if _overdue(node):
        return False
    return None if node.ended_at is None else True


def _case_on_time(view: View) -> bool | None:
    """Says whether all dates were kept; unknown while nothing that has one is over."""
    dated = list(view.dated())
    ended = [node for node in dated if node.ended_at is not None]
    if any(map(_overdue, dated)):
        return False
    return True if ended else None


def _duration(start: int | None, end: int | None) -> DaysDuration | None:
    return None if start is None or end is None else DaysDuration((end - start) * 1000)


class Fact(NamedTuple):
    """`read` takes what the fact is of (a node, a case) and the zone of the process's calendar."""

    type: y.Type
    read: Callable[[Any, Zone], Any]


def _is(word: str) -> Fact:
    return Fact(y.BOOLEAN, lambda node, zone: node.state == word)


def _case_is(word: str) -> Fact:
    return Fact(y.BOOLEAN, lambda view, zone: view.status == word)


ELEMENT: Mapping[str, Fact] = {
    "state": Fact(y.STRING, lambda n, z: n.state),
    "settled": Fact(y.BOOLEAN, lambda n, z: n.state in SETTLED),
    "outcome": Fact(y.STRING, lambda n, z: n.outcome),
    "reason": Fact(y.STRING, lambda n, z: n.reason),
    "iteration": Fact(y.NUMBER, lambda n, z: Decimal(n.iteration)),
    "rejects": Fact(y.NUMBER, lambda n, z: Decimal(n.rejects)),
    "attempt": Fact(y.NUMBER, lambda n, z: Decimal(n.attempt)),
    "on_time": Fact(y.BOOLEAN, lambda n, z: _on_time(n)),
    "overdue": Fact(y.BOOLEAN, lambda n, z: _overdue(n)),
    "due": Fact(y.DATE_TIME, lambda n, z: instant(n.due, z)),
    "ready_at": Fact(y.DATE_TIME, lambda n, z: instant(n.ready_at, z)),
    "started_at": Fact(y.DATE_TIME, lambda n, z: instant(_begun_at(n), z)),
    "ended_at": Fact(y.DATE_TIME, lambda n, z: instant(n.ended_at, z)),
    "duration": Fact(y.DAYS_DURATION, lambda n, z: _duration(_begun_at(n), n.ended_at)),
    "doer": Fact(y.STRING, lambda n, z: n.doers[-1] if n.doers else None),
    "doers": Fact(y.ListType(item=y.STRING), lambda n, z: list(n.doers)),
    "holder": Fact(y.STRING, lambda n, z: n.holder),
    "item": Fact(y.ANY, lambda n, z: values.decode(n.item)),
    **{state: _is(state) for state in ELEMENT_STATES},
}

CASE: Mapping[str, Fact] = {
    "id": Fact(y.STRING, lambda v, z: v.case),
    "number": Fact(y.STRING, lambda v, z: getattr(v, "called", None) or None),
    "status": Fact(y.STRING, lambda v, z: v.status),
    **{status: _case_is(status) for status in CASE_STATES},
    "reason": Fact(y.STRING, lambda v, z: v.reason),
    "opened_at": Fact(y.DATE_TIME, lambda v, z: instant(v.opened_at, z)),
    "closed_at": Fact(y.DATE_TIME, lambda v, z: instant(v.closed_at, z)),
    "by": Fact(y.STRING, lambda v, z: v.opened_by),
    "on_time": Fact(y.BOOLEAN, lambda v, z: _case_on_time(v)),
    "duration": Fact(y.DAYS_DURATION, lambda v, z: _duration(v.opened_at, v.closed_at)),
}

# Of the process, all texts; read off its definition.
PROCESS = ("name", "title", "version", "goal", "owner")

# What is known of an element only once it is over; and what may be known sooner of one that is late.
AT_THE_END = SETTLED | {"outcome"}
ENDINGS = AT_THE_END | {"overdue", "on_time"}


class Facts(Mapping[str, Any]):
    """The facts of an element or case as a context whose entries are computed when they are asked for.

    Who has no `item` has no such entry, so that in a filter over elements `item` stays the element.
    """

    __slots__ = ("_of", "_zone")
    table = ELEMENT

    def __init__(self, of: Any, zone: Zone) -> None:
        self._of = of
        self._zone = zone

    def __getitem__(self, name: str) -> Any:
        return self.table[name].read(self._of, self._zone)

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.table if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self.table and (name != "item" or self._of.item is not None)


class CaseFacts(Facts):
    """The facts of a case."""

    __slots__ = ()
    table = CASE


# Of a `for each` whose instances a condition walks over: whether they are all there. No author can write this name.
LISTED = "(listed)"


class Unended(Facts):
    """An element whose outcome is unknown until it has ended; `grows`: it has an open list."""

    __slots__ = ("_grows",)

    def __init__(self, of: Any, zone: Zone, *, grows: bool = False) -> None:
        super().__init__(of, zone)
        self._grows = grows

    def __getitem__(self, name: str) -> Any:
        if name == LISTED:
            there = self._of.state == "active" and not self._of.redo and (self._of.closed or not self._grows)
            return there or self._of.state in SETTLED
        if self._of.state in SETTLED or name not in ENDINGS:
            return super().__getitem__(name)
        # What has been missed stays so; nothing else is known of an end that is still to come.
        return True if name == "overdue" and self._of.overdue else None


def process_facts(definition: Definition) -> dict[str, Any]:
    """Gives what there is to know of the process."""
    return {name: getattr(definition, name) for name in PROCESS}
