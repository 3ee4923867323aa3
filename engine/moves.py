"""Which moves of a lifecycle people's verbs ask for, and why there is none: what CH502 says, as a key for its sentence.

The reason is that no such thing ever makes the move (an approval is not delegated), or that this one's state does not
allow it now (it has not begun). Knows no language: the sentences are in the message tables, under `wrong_state`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from charter.engine.machines import Kind, movable, states

# verb -> the moves that it asks for, of one kind of thing or another
MOVES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "claim": ("claim",),
        "release": ("release",),
        "delegate": ("claim", "release"),
        "assign": ("claim",),
        "begin": ("begin",),
        "confirm": ("complete",),
        "complete": ("complete",),
        "approve": ("grant",),
        "reject": ("reject",),
        "return": ("stale",),
        "withdraw": ("withdraw", "retract"),
        "suspend": ("suspend",),
        "resume": ("resume:ready",),
        "retry": ("retry",),
        "skip": ("skip",),
        "cancel": ("cancel",),
        "reopen": ("reopen",),
    }
)
# What only the engine ends, whatever its lifecycle says of the end.
_BY_ITSELF = frozenset({"phase"})
# Kinds of things in a case; of those that a state does not tell apart, the first is the likeliest.
KINDS: tuple[Kind, ...] = ("activity", "approval", "phase", "milestone")
# What is asked of whatever is not what the verb undoes.
_UNDOING = frozenset({"resume", "retry", "withdraw", "reopen"})


def able(kind: Kind, verb: str) -> frozenset[str]:
    """Gives the states in which a thing of this kind may be asked for a verb at all."""
    if kind in _BY_ITSELF and verb in ("complete", "confirm"):
        return frozenset()
    return movable(kind, *MOVES.get(verb, ()))


def why_not(state: str, verb: str, kind: Kind | Literal["group"] | None = None) -> tuple[str, ...]:
    """Gives the keys under which the reason of a CH502 may stand, the most specific first.

    `kind` may be `group`, the whole of a `for each`. Where it is not known, it is one that has this state and cannot be
    asked for the verb in it.
    """
    if verb not in MOVES:
        return (state,)
    lifecycle: Kind | None = "phase" if kind == "group" else kind
    kinds = [lifecycle] if lifecycle else [k for k in KINDS if state in states(k) and state not in able(k, verb)]
    # Of what may be one kind or another, nothing is said that is true of one alone.
    if kinds and not any(able(k, verb) for k in kinds):
        named = kind or kinds[0]
        return (f"{named}_{verb}", named, state)
    if state == "planned":
        return (state,)
    return (f"{state}_{verb}", *([f"not_{verb}"] if verb in _UNDOING else []), state)
