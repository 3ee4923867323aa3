"""Running a trail again: from the commands found in the records to the state, and the first place where they differ.

The first record of each step carries its command; everything else in a trail must follow from these. Knows neither
chain nor storage: it sees `records.Record` values in the order of the case's sequence, from the first one on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from charter.engine.commands import from_json
from charter.engine.definition import Definition
from charter.engine.records import Record
from charter.engine.state import NEW, CaseState
from charter.engine.transition import step


@dataclass(frozen=True, slots=True)
class Difference:
    """Record number `index` (from 0) is `found` where the definition produces `expected`; None: there is none."""

    index: int
    found: Record | None
    expected: Record | None


@dataclass(frozen=True, slots=True)
class Replay:
    state: CaseState
    difference: Difference | None = None


def replay(definition: Definition, records: Iterable[Record], state: CaseState = NEW) -> Replay:
    """Runs the commands of a trail again from `state` and compares every record.

    After a difference the state is the one before the step that differs.
    """
    found = list(records)
    index = 0
    while index < len(found):
        try:
            command = from_json(found[index].data["command"])
        except (KeyError, TypeError, ValueError, AttributeError):
            # A step begins here, but no command: a record was put in, taken out or changed.
            return Replay(state, Difference(index, found[index], None))
        result = step(definition, state, command)
        for offset, expected in enumerate(result.records):
            actual = found[index + offset] if index + offset < len(found) else None
            if actual != expected:
                return Replay(state, Difference(index + offset, actual, expected))
        index += len(result.records)
        state = result.state
    return Replay(state)
