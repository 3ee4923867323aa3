"""What a step says happened: the entries of the audit trail, before the host seals them into the chain.

Every move of every element is one entry. The first entry of a step carries the command itself, so that `replay` can run
the same command again. A refused command leaves one entry with outcome `refused`. The host adds id, sequence, chain,
definition digest, build, channel and host.
"""

from __future__ import annotations

from msgspec import Struct

from charter.engine.commands import Command
from charter.engine.entries.told import Told
from charter.engine.keys import name_of


class Entry(Struct, frozen=True):
    """One fact. `node` is a node's key or None for the case; `before`/`after` are lifecycle states or None.

    `at`: microseconds since the epoch. `cause`: index, within the step, of the entry this one follows from; None for
    the first. `clauses`: the ids of the rule-book clauses that the element carries out.
    """

    told: Told
    at: int
    actor: str
    node: str | None = None
    before: str | None = None
    after: str | None = None
    role: str | None = None
    on_behalf_of: str | None = None
    reason: str | None = None
    cause: int | None = None
    clauses: tuple[str, ...] = ()
    command: Command | None = None

    @property
    def element(self) -> str | None:
        """The name of the element that `node` is an instance of."""
        return None if self.node is None else name_of(self.node)

    @property
    def kind(self) -> str:
        """The word for what it tells."""
        return self.told.kind

    @property
    def outcome(self) -> str:
        """Done, refused or failed."""
        return self.told.outcome
