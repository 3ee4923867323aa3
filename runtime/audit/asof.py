"""The past of a case, played again: each command of the trail through the definition the case is pinned to.

The states of the past are stored nowhere; they are what the recorded commands give, which is what makes the trail
worth asking. What other rules judged may have stood otherwise than they are played here (`Moment.sure`). The module
changes nothing. Invariant: the moments of a case come in order, and the last one's state is the stored state of a trail
that verifies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from charter.engine.commands import Command
from charter.engine.definition import Definition
from charter.engine.replay import play
from charter.engine.state import CaseState
from charter.runtime.audit.log import Sealed, to_entries


class Moment(Struct, frozen=True):
    """One command and what it came to: its entries in the chain, the state before and after.

    `sure`: the trail proves these states; else they are what this build makes of the commands.
    """

    command: Command
    entries: tuple[Sealed, ...]
    before: CaseState
    after: CaseState
    sure: bool = True

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
    sealed = list(sealed)
    for played in play(definition, to_entries(sealed)):
        if played.command is not None:
            entries = tuple(sealed[played.index : played.index + played.length])
            yield Moment(played.command, entries, played.before, played.after, played.sure)


def as_of(
    definition: Definition, sealed: Iterable[Sealed], *, at: int | None = None, seq: int | None = None
) -> Moment | None:
    """Gives the last moment not after a time, or the one that holds entry `seq`; None before the case began."""
    found = None
    for moment in moments(definition, sealed):
        if seq is not None and moment.first > seq:
            break
        if at is None or moment.at <= at:  # a clock may have been set back: one later is not the last
            found = moment
    return found
