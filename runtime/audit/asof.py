"""The past of a case, played again: each command of the trail through the definition that the case ran then.

The states of the past are stored nowhere; they are what the recorded commands give, which is what makes the trail
worth asking. What other rules judged may have stood otherwise than they are played here (`Moment.sure`). The module
changes nothing. Invariant: the moments of a case come in order, and the last one's state is the stored state of a trail
that verifies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct

from charter.engine.commands import Command
from charter.engine.definition import Definition
from charter.engine.entries.cases import Migrated
from charter.engine.keys import join, split
from charter.engine.replay import play
from charter.engine.state import CaseState
from charter.runtime.audit.log import Sealed, to_entries


class Moment(Struct, frozen=True):
    """One command and what it came to: its entries in the chain, the state before and after.

    `sure`: the trail proves these states; else they are what this build makes of the commands. `definition`: the one
    that the case ran afterwards.
    """

    command: Command
    entries: tuple[Sealed, ...]
    before: CaseState
    after: CaseState
    definition: Definition
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


def begun_with(sealed: Sealed) -> str:
    """Gives the digest of the definition under which an entry was written; of a case's first, what it began with."""
    return str(sealed.fields.get("definition", ""))


def renamed(sealed: Sealed) -> dict[str, str]:
    """Gives what an entry has given another name: names until then, and from then on."""
    told = sealed.entry.told
    return dict(told.renamed) if isinstance(told, Migrated) else {}


def as_named(names: Mapping[str, str], key: str) -> str:
    """Gives the key of a node or record version under another name, where it has one."""
    name, inside = split(key)
    return join(names[name], inside) if name in names else key


def moments(find: Callable[[str], Definition], sealed: Iterable[Sealed]) -> Iterator[Moment]:
    """Yields the moments of a case from its entries in order; `find` gives the definition of a digest."""
    sealed = list(sealed)
    if not sealed:
        return
    for played in play(find(begun_with(sealed[0])), to_entries(sealed), find):
        if played.command is not None:
            entries = tuple(sealed[played.index : played.index + played.length])
            yield Moment(played.command, entries, played.before, played.after, played.definition, played.sure)


def as_of(
    find: Callable[[str], Definition], sealed: Iterable[Sealed], *, at: int | None = None, seq: int | None = None
) -> Moment | None:
    """Gives the last moment not after a time, or the one that holds entry `seq`; None before the case began."""
    found = None
    for moment in moments(find, sealed):
        if seq is not None and moment.first > seq:
            break
        if at is None or moment.at <= at:  # a clock may have been set back: one later is not the last
            found = moment
    return found
