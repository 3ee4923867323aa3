"""The reviews of registers in a world in memory: told in virtual time, in the order in which they are due.

What a review leads to is `engine/reviews`'.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable

from charter.engine import reviews
from charter.engine.commands import SYSTEM
from charter.engine.definition import Definition
from charter.engine.entries import Entry
from charter.engine.hosting import Host
from charter.engine.registers import Row
from charter.runtime import clock


class Reviewing:
    """`newest` gives the present version of an entry, by register and key; what comes of a review goes to `entries`."""

    def __init__(
        self, definitions: Iterable[Definition], newest: Callable[[str, str], Row | None], entries: list[Entry]
    ) -> None:
        self.entries = entries
        self._newest = newest
        self._reviewed = reviews.reviewed(definitions)
        self._waiting: list[tuple[int, str, str, int]] = []

    def filed(self, register: str, row: Row) -> None:
        """Notes that an entry has a new version."""
        one = self._reviewed.get(register)
        due = None if one is None or row.value is None else one.due(row.at)
        if due is not None:
            heapq.heappush(self._waiting, (due, register, row.key, row.version))

    def earliest(self) -> int | None:
        """Gives when the next review is due."""
        while self._waiting and self._present(*self._waiting[0]) is None:
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None

    def close(self, host: Host, now: int) -> None:
        """Tells of the reviews that are due by then, the earliest first."""
        at = host.now("")
        while (due := self.earliest()) is not None and due <= now:
            _, register, key, version = heapq.heappop(self._waiting)
            row = self._present(due, register, key, version)
            assert row is not None
            told = reviews.apply(host, self._reviewed[register], row, due, at, clock.text(due))
            self.entries.append(Entry(told, at, SYSTEM.person))

    def _present(self, _due: int, register: str, key: str, version: int) -> Row | None:
        row = self._newest(register, key)
        return row if row is not None and row.version == version else None
