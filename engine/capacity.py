"""How the work of a role is taken: what a process says of it, and what a command says of whoever takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from charter.engine.plain import Kept


class Capacity(Kept, frozen=True):
    """So many pieces of work a person: at once (`every` None), or in each period of a length; FEEL texts."""

    most: str
    every: str | None = None


class Rank(Kept, frozen=True):
    """What comes first: the least of a FEEL expression, or the most."""

    by: str
    most_first: bool = False


class Queue(Kept, frozen=True):
    """How the work of a role is taken in a process. What is alike by its ranks goes by the time it became ready."""

    role: str
    capacities: tuple[Capacity, ...] = ()
    ranks: tuple[Rank, ...] = ()
    clauses: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """By what it is found: a role has one."""
        return self.role


class Load(Kept, frozen=True):
    """What a person has of a queue as they ask for work of it, as the host found it.

    `used`: of each capacity; `ahead`: how much work waits before that which they ask for, `first`: one such piece, by
    its node, and its case where that is another.
    """

    role: str
    used: tuple[int, ...] = ()
    ahead: int = 0
    first: str = ""


def carried(queues: Iterable[Queue], roles: Collection[str]) -> tuple[str, ...]:
    """Gives the clauses that the work of roles carries out by being taken from their queues."""
    return tuple(clause for queue in queues if queue.role in roles for clause in queue.clauses)
