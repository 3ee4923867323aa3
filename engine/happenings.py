"""What happens in a case by itself, as a process says it: events of elements, and the actions that follow."""

from __future__ import annotations

from typing import Literal

from charter.engine.plain import Kept


class Action(Kept, frozen=True):
    """What a process does by itself at an event.

    kind: `notify` (`roles` hear of it), `escalate` (people of `roles` may do the work, too, and hear of it), `start`
    (a case of `process`, which nobody waits for; `arguments` as of `Work`).
    """

    kind: Literal["notify", "escalate", "start"]
    roles: tuple[str, ...] = ()
    process: str | None = None
    arguments: tuple[tuple[str, str], ...] = ()


# kind of event -> the word of a line that ends an element by it, and of one beside
_CLAUSES = {
    "overdue": ("", "on overdue"),
    "remind": ("", "remind"),
    "after": ("ends after", "at"),
    "when": ("ends when", "once"),
    "signal": ("ends on", "on signal"),
}


class Event(Kept, frozen=True):
    """What may happen to an element while it is under way, and what follows by itself.

    kind: `overdue`; `remind` (`at`: a Span before the due date, `roles`: who is reminded, `holder`: whoever holds the
    work); `after` (`at`: a Span since it became ready); `when` (`at`: a condition, as often as it becomes true);
    `signal` (`at`: its name). It `ends` the element, for a `reason`, or is followed by `actions` beside it.
    """

    kind: Literal["overdue", "remind", "after", "when", "signal"]
    actions: tuple[Action, ...] = ()
    at: str | None = None
    roles: tuple[str, ...] = ()
    holder: bool = False
    ends: bool = False
    reason: str | None = None

    @property
    def clause(self) -> str:
        """The word by which entries name its line."""
        return _CLAUSES[self.kind][not self.ends]


# The name under which a rule on the verdict of a KPI sees its figure.
FIGURE = "figure"


class Occasion(Kept, frozen=True):
    """What a rule looks at.

    kind: `state` (element `name`, or the `case`, comes to be in `state`; `overdue` is one), `written` (a version of
    record `name`), `rejected` (approval `name`, for the `count`-th time), `signal` (`name` arrives), `every` (a Span in
    FEEL text, counted from the opening of the case), `overrun` (a line of the ledger `name`), `threshold` (`count` per
    cent of the time of clock `name` are used up). Of no case: `verdict` (a period of KPI `name` comes out as `state`:
    met, warn or missed).
    """

    kind: Literal["state", "written", "rejected", "signal", "every", "overrun", "threshold", "verdict"]
    name: str | None = None
    state: str | None = None
    count: int | None = None
    every: str | None = None


class Rule(Kept, frozen=True):
    """At any of its occasions, once `when` has become true (FEEL text; None: each time), its actions follow."""

    name: str
    title: str
    occasions: tuple[Occasion, ...]
    when: str | None = None
    actions: tuple[Action, ...] = ()
    clauses: tuple[str, ...] = ()

    @property
    def of_cases(self) -> bool:
        """Says whether cases look at it; otherwise whoever closes the periods of KPIs does."""
        return not any(occasion.kind == "verdict" for occasion in self.occasions)
