"""How the rules of a process stand in a case; part of its state (`state.py`)."""

from __future__ import annotations

from typing import NamedTuple


class Watch(NamedTuple):
    """How a rule stands in a case.

    `held`: its condition was true when it was last known; `fired`: how often, `at`: when last. `wakes`: when each of
    its rhythms comes round next, -1 for one whose span has no value.
    """

    rule: str
    held: bool = False
    fired: int = 0
    at: int | None = None
    wakes: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """What stands for its rhythms among the timers of nodes."""
        return f"rule {self.rule}"

    @property
    def wake(self) -> int | None:
        """The next instant at which time itself is an occasion."""
        return min((wake for wake in self.wakes if wake >= 0), default=None)
