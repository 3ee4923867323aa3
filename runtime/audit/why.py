"""Why an element is in its state: what holds it back now, and the entries that brought it where it is.

The reasons are the engine's own (`waiting.holds`); the history follows `cause` from the last entry that moved the
element back to the command that set it off. The module adds no judgement: where the trail says nothing it says unknown.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from charter.engine.dated import prepared
from charter.engine.definition import Definition
from charter.engine.entries import Because
from charter.engine.entries.cases import Fired
from charter.engine.plan import waiting
from charter.engine.refusals import Reason
from charter.engine.state import CaseState
from charter.runtime.audit.asof import as_named, renamed
from charter.runtime.audit.log import Sealed

CONDITION = "CH570"  # passed over because its `when` was false
_CLAUSES = {CONDITION: "when", "CH593": "offered"}


class Why(Struct, frozen=True):
    """The answer: `state` now, `holds` what keeps it from moving on, `chain` from the last move to its command."""

    node: str
    state: str
    holds: tuple[Reason, ...]
    because: Reason | None
    chain: tuple[Sealed, ...]


def why(definition: Definition, state: CaseState, entries: Sequence[Sealed], node: str, now: int) -> Why:
    """Explains a node of a case (or an element that has none yet)."""
    program = prepared(definition, state)
    there = state.nodes.get(node)
    moves = _moves(entries, node)
    chain = _back(entries, moves[-1] if moves else None)
    because = _because(chain[0]) if chain else None
    return Why(
        node,
        there.state if there else "planned",
        # What was passed over holds for the reason written then; what its surroundings have become since says nothing.
        () if because else tuple(waiting.holds(program, state, node, now)),
        because,
        chain,
    )


def _moves(entries: Sequence[Sealed], node: str) -> list[Sealed]:
    """Lists the entries that moved a node, under whatever name it had then."""
    found: list[Sealed] = []
    for one in reversed(entries):
        if one.entry.node == node and one.entry.after is not None:
            found.insert(0, one)
        node = as_named({new: old for old, new in renamed(one).items()}, node)
    return found


def fired(entries: Sequence[Sealed], rule: str) -> tuple[Sealed, ...]:
    """Gives the entries from the last time that a rule took effect back to the command that set it off."""
    found = [r for r in entries if isinstance(r.entry.told, Fired) and r.entry.told.rule == rule]
    return _back(entries, found[-1] if found else None)


def _back(entries: Sequence[Sealed], step: Sealed | None) -> tuple[Sealed, ...]:
    """Follows `cause` from an entry."""
    by_seq = {r.seq: r for r in entries}
    chain: list[Sealed] = []
    while step is not None and step not in chain:
        chain.append(step)
        cause = step.entry.cause
        step = None if cause is None else by_seq.get(cause)
    return tuple(chain)


def _because(entry: Sealed) -> Reason | None:
    """Gives the reason that the engine wrote into a move of its own (CH570 to CH579, CH593, CH594), if it did."""
    because: Because | None = getattr(entry.entry.told, "because", None)
    if because is None:
        return None
    element = because.arguments.get("element")
    line = f"{element}.{_CLAUSES[because.code]}" if because.code in _CLAUSES else element
    return Reason(because.code, line, because.arguments)
