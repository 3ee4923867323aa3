"""The past of a case, played again: each command of the trail through the definition the case is pinned to.

The states of the past are stored nowhere; they are what the recorded commands give, which is what makes the trail
worth asking. The module reads entries and runs `engine.step`; it changes nothing. Invariant: the moments of a case come
in order, and the last one's state is the stored state of a trail that verifies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from charter.engine.commands import Command
from charter.engine.definition import Definition
from charter.engine.state import NEW, CaseState
from charter.engine.transition import step
from charter.runtime.audit.log import Sealed


class Moment(Struct, frozen=True):
    """One command and what it came to: its entries in the chain, the state before and after."""

    command: Command
    entries: tuple[Sealed, ...]
    before: CaseState
    after: CaseState

    @property
    def first(self) -> int:
        """The sequence number of its first entry."""
        return self.entries[0].seq

    @property
    def last(self) -> int:
        """The sequence number of its last entry."""
        return self.entries[-1].seq

    @property
    def at(self) -> int:
        """When it happened, microseconds since the epoch."""
        return self.entries[0].at


def moments(definition: Definition, sealed: Iterable[Sealed]) -> Iterator[Moment]:
    """Yields the moments of a case from its entries in order."""
    state = NEW
    for group in _steps(sealed):
        command = group[0].entry.command
        assert command is not None  # a group begins with one
        after = step(definition, state, command).state
        yield Moment(command, tuple(group), state, after)
        state = after


def _steps(sealed: Iterable[Sealed]) -> Iterator[list[Sealed]]:
    group: list[Sealed] = []
    for each in sealed:
        if each.entry.command is not None:
            if group:
                yield group
            group = [each]
        elif group:
            group.append(each)
    if group:
        yield group


def as_of(
    definition: Definition, sealed: Iterable[Sealed], *, at: int | None = None, seq: int | None = None
) -> Moment | None:
    """Gives the last moment not after a time, or the one that holds entry `seq`; None before the case began."""
    found = None
    for moment in moments(definition, sealed):
        if (at is not None and moment.at > at) or (seq is not None and moment.first > seq):
            break
        found = moment
    return found
