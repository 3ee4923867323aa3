"""Running a trail again: from the commands found in its entries to the state, and the first place where they differ.

The first entry of each step carries its command; everything else in a trail must follow from these. Knows neither
chain nor storage: it sees `Entry` values in the order of the case's sequence, from the first one on.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from charter.engine.definition import Definition
from charter.engine.entries import Entry
from charter.engine.state import NEW, CaseState
from charter.engine.transition import step


class Difference(Struct, frozen=True):
    """Entry number `index` (from 0) is `found` where the definition produces `expected`; None: there is none."""

    index: int
    found: Entry | None
    expected: Entry | None


class Replay(Struct, frozen=True):
    state: CaseState
    difference: Difference | None = None


def replay(definition: Definition, entries: Iterable[Entry], state: CaseState = NEW) -> Replay:
    """Runs the commands of a trail again from `state` and compares every entry.

    After a difference the state is the one before the step that differs.
    """
    found = list(entries)
    index = 0
    while index < len(found):
        command = found[index].command
        if command is None:
            # A step begins here, but no command: an entry was put in, taken out or changed.
            return Replay(state, Difference(index, found[index], None))
        result = step(definition, state, command)
        for offset, expected in enumerate(result.entries):
            actual = found[index + offset] if index + offset < len(found) else None
            if actual != expected:
                return Replay(state, Difference(index + offset, actual, expected))
        index += len(result.entries)
        state = result.state
    return Replay(state)
