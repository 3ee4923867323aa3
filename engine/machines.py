"""The lifecycles: which moves of a case, phase, activity, approval and milestone are legal. Nothing else may move one.

The tables are plain rows; they are compiled once to flat `transitions` machines that hold no model and no callback,
because what follows from a move is the step's business. Pictures of the lifecycles are drawn from the same rows.
Knows no process, person or time. A trigger may carry the state it restores after a colon (`resume:claimed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from transitions import Machine

Kind = Literal["case", "phase", "activity", "approval", "milestone"]


def _rows(*groups: tuple[str, str, str]) -> tuple[tuple[str, str, str], ...]:
    return tuple((trigger, source, dest) for trigger, sources, dest in groups for source in sources.split())


# kind -> rows (trigger, source, dest); the first row's source is the initial state.
LIFECYCLES: Mapping[Kind, tuple[tuple[str, str, str], ...]] = MappingProxyType({
    "case": _rows(
        ("start", "none", "open"),
        ("suspend", "open", "suspended"),
        ("resume", "suspended", "open"),
        ("complete", "open", "completed"),
        ("cancel", "open suspended", "cancelled"),
        ("reopen", "completed", "open"),
    ),
    # Phases, and the groups and block instances of a `for each`.
    "phase": _rows(
        ("open", "planned", "active"),
        ("complete", "active", "done"),
        ("repeat", "active done", "active"),
        ("skip", "planned active", "skipped"),
        ("cancel", "planned active", "cancelled"),
        ("reopen", "done skipped cancelled", "active"),
        ("reset", "planned active done skipped cancelled", "planned"),
    ),
    "activity": _rows(
        ("open", "planned", "ready"),
        ("claim", "ready", "claimed"),
        ("begin", "ready claimed", "active"),
        ("release", "claimed active", "ready"),
        ("complete", "ready claimed active", "done"),
        ("suspend", "ready claimed active", "suspended"),
        ("resume:ready", "suspended", "ready"),
        ("resume:claimed", "suspended", "claimed"),
        ("resume:active", "suspended", "active"),
        ("withdraw", "done", "claimed"),
        ("fail", "active", "failed"),
        ("retry", "failed", "active"),
        ("stale", "ready claimed active suspended done failed skipped", "stale"),
        ("restore:ready", "stale", "ready"),
        ("restore:claimed", "stale", "claimed"),
        ("restore:active", "stale", "active"),
        ("restore:suspended", "stale", "suspended"),
        ("restore:done", "stale", "done"),
        ("restore:failed", "stale", "failed"),
        ("restore:skipped", "stale", "skipped"),
        ("skip", "planned ready claimed active suspended failed stale", "skipped"),
        ("cancel", "planned ready claimed active suspended failed stale", "cancelled"),
        ("reopen", "ready claimed active suspended done failed skipped cancelled stale", "planned"),
        ("reset", "planned ready claimed active suspended done failed skipped cancelled stale", "planned"),
    ),
    "approval": _rows(
        ("open", "planned", "ready"),
        ("vote", "ready", "ready"),
        ("grant", "ready", "granted"),
        ("reject", "ready", "rejected"),
        ("withdraw", "ready", "withdrawn"),
        ("retract", "ready granted rejected", "ready"),
        ("stale", "ready granted rejected skipped", "stale"),
        ("restore:ready", "stale withdrawn", "ready"),
        ("restore:granted", "stale", "granted"),
        ("restore:rejected", "stale", "rejected"),
        ("restore:skipped", "stale", "skipped"),
        ("skip", "planned ready withdrawn stale skipped", "skipped"),
        ("cancel", "planned ready withdrawn stale", "cancelled"),
        ("reopen", "ready granted rejected withdrawn skipped cancelled stale", "planned"),
        ("reset", "planned ready granted rejected withdrawn skipped cancelled stale", "planned"),
    ),
    "milestone": _rows(
        ("reach", "planned", "reached"),
        ("skip", "planned", "skipped"),
        ("cancel", "planned", "cancelled"),
        ("reopen", "reached skipped cancelled", "planned"),
        ("reset", "planned reached skipped cancelled", "planned"),
    ),
})  # fmt: skip


def states(kind: Kind) -> tuple[str, ...]:
    """Lists a kind's states, the initial one first, in the order in which the rows name them."""
    found: dict[str, None] = {}
    for _, source, dest in LIFECYCLES[kind]:
        found.setdefault(source)
        found.setdefault(dest)
    return tuple(found)


def movable(kind: Kind, *triggers: str) -> frozenset[str]:
    """Gives the states from which one of these moves is legal."""
    return frozenset(source for trigger, source, _ in LIFECYCLES[kind] if trigger in triggers)


# Of the case itself, once it has been started.
CASE_STATES = states("case")[1:]
UNDER_WAY = frozenset({"open", "suspended"})
CLOSED = frozenset({"completed", "cancelled"})
# What is in it may still move, or be taken up again.
LASTING = frozenset({"open", "completed"})

# Of elements of any kind. What the states mean is said here once; everybody else says these words.
ELEMENT_STATES = tuple(dict.fromkeys(state for kind in LIFECYCLES if kind != "case" for state in states(kind)))
# Work that is somebody's to do; that they can go on with now; that somebody has taken.
OPEN = frozenset({"ready", "claimed", "active", "suspended"})
WORKABLE = OPEN - {"suspended"}
TAKEN = WORKABLE - {"ready"}
# Work that somebody may have taken, and nobody has begun.
OFFERED = frozenset({"ready", "claimed"})
# Work that stands still until what it rests on is made again; whose clocks stand, that or because people put it aside.
STALLED = frozenset({"stale", "withdrawn"})
STILL = STALLED | {"suspended"}
# Somebody's work or vote has ended it; it has come to any end of its own; what it was for has come about.
DECIDED = frozenset({"done", "granted", "rejected"})
CONCLUDED = DECIDED | {"reached"}
ATTAINED = CONCLUDED - {"rejected"}
# It is over without having come about.
PASSED_OVER = frozenset({"skipped", "cancelled"})
# It no longer holds up the phase around it; nothing more happens to it by itself.
SETTLED = CONCLUDED | PASSED_OVER
FINISHED = SETTLED | {"failed"}
# Somebody has begun to work on it, whatever came of it.
BEGUN = TAKEN | DECIDED | {"suspended", "failed"}
# Others may rest on what came of it, be it that nothing did.
DELIVERED = DECIDED | {"skipped"}
# It satisfies an `after`; by itself it can no longer come to.
SATISFIED = ATTAINED | {"skipped"}
LOST = frozenset({"cancelled", "rejected"})
# Of a phase or group: its end is still to come; what is inside may be open, or be opened again; all its list is made.
UNFINISHED = frozenset({"planned", "active"})
ENTERED = frozenset({"active", "done"})
COMPLETE = frozenset({"done", "skipped"})
# Moves of work that only begins, or is put down: whoever waits for its end has nothing new to look at.
BEGINNINGS = frozenset({"open", "claim", "begin", "release"})
# What gives somebody a part in work, so that they may be kept apart from other work.
TAKING = frozenset(("claim", "delegate", "assign", "begin", "confirm", "complete", "approve", "reject"))


class Token:
    """What a machine moves: an object with a `state` and nothing else."""

    __slots__ = ("state",)

    def __init__(self, state: str) -> None:
        self.state = state


@cache
def machine(kind: Kind) -> Machine:
    """Builds a lifecycle's machine, once; whoever only checks a process moves nothing and loads no machines."""
    from transitions import Machine

    names = list(states(kind))
    rows = [list(row) for row in LIFECYCLES[kind]]
    return Machine(model=None, states=names, transitions=rows, initial=names[0], auto_transitions=False)


@cache
def fire(kind: Kind, state: str, trigger: str) -> str | None:
    """Gives the state after a move, or None when the lifecycle knows no such move from there.

    A machine without model and callbacks is a table, so that each distinct move is made once and then remembered.
    """
    event = machine(kind).events.get(trigger)
    if event is None or state not in event.transitions:
        return None
    token = Token(state)
    event.trigger(token)
    return token.state


def legal(kind: Kind, state: str, trigger: str) -> bool:
    """Says whether a move is legal, without making it."""
    return fire(kind, state, trigger) is not None
