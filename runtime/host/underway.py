"""Calls that are under way: made in threads, so many at once. The thread that has the database only begins them.

A connector gets a place only while fewer of its calls are under way than places are free: one that is broken, and keeps
each of its calls until its time is over, never has more than half of them, and the next never more than half of what
is left. The module knows neither the database nor what a call is about.
"""

from __future__ import annotations

from collections import Counter, deque
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple, Protocol

from charter.engine.effects import CallConnector
from charter.runtime.host.calls import Records
from charter.runtime.host.outbox import Ask

if TYPE_CHECKING:
    from charter.runtime.notify.queue import Message


class Makes(Protocol):
    """What is ready to be made: a call, or the handing over of a message."""

    def make(self) -> tuple[Records, str | None]:
        """Makes it and gives what came back and None, or the failure in one line."""


class Ticket(NamedTuple):
    """What a call answers: its row, as it was before it was leased, and what was read of it.

    `place`: the connector that it takes a place of, or the channel of a message.
    """

    ask: Ask
    effect: CallConnector | Message
    place: str


Answered = tuple[Ticket, Records, str | None]


class Calls:
    """See the module's text. `answers`: those that have come and are not recorded."""

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once
        self.answers: deque[Answered] = deque()
        self._of: Counter[str] = Counter()
        self._came: SimpleQueue[Answered | None] = SimpleQueue()

    @property
    def under_way(self) -> int:
        return self._of.total()

    @property
    def free(self) -> int:
        return self.at_once - self.under_way

    def takes(self, connector: str) -> bool:
        """Says whether there is room for a call of a connector."""
        return self._of[connector] < self.free

    def make(self, ticket: Ticket, prepared: Makes) -> None:
        """Begins a call; one at a time is made here and now."""
        self._of[ticket.place] += 1

        def act() -> None:
            self._came.put((ticket, *prepared.make()))

        if self.at_once == 1:
            act()
        else:
            Thread(target=act, daemon=True).start()

    def wait(self, seconds: float | None) -> bool:
        """Waits until an answer comes, somebody nudges (True), or so long (False)."""
        try:
            came = self._came.get(timeout=seconds)
        except Empty:
            return False
        while True:
            if came is not None:
                self._of[came[0].place] -= 1
                self.answers.append(came)
            try:
                came = self._came.get_nowait()
            except Empty:
                return True

    def nudge(self) -> None:
        """Ends a wait; from a signal's handler or another thread."""
        self._came.put(None)
