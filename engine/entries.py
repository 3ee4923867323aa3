"""What a step says happened: the entries of the audit trail, before the host seals them into the chain.

Every move of every element is one entry. The first entry of a step carries the command itself under
`data["command"]`, so that `replay` can run the same command again. A refused command leaves one entry with outcome
`refused`. The host adds id, sequence, chain, definition digest, build, channel and host.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

# kind -> what it tells. One word a kind, past tense; the command line and the query language use the same words.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "started": "a case was opened",
        "opened": "an element became ready, or a phase active",
        "claimed": "a person took offered work",
        "assigned": "work was given to a person",
        "released": "a person gave claimed work back",
        "delegated": "a person handed work to another",
        "begun": "work was begun",
        "confirmed": "a checklist point was ticked",
        "written": "a record got a new version",
        "completed": "an activity, phase or case was finished",
        "voted": "one vote of several on an approval",
        "granted": "an approval was given",
        "rejected": "an approval was refused",
        "returned": "work was sent back",
        "withdrawn": "finished or offered work was taken back",
        "reached": "a milestone was reached",
        "suspended": "work was suspended",
        "resumed": "suspended work was resumed",
        "skipped": "an element was passed over",
        "cancelled": "an element or the case was cancelled",
        "reopened": "an element or the case was opened again",
        "amended": "a record was changed after it had been used",
        "staled": "work became stale because what it used is changing",
        "restored": "staleness was withdrawn: the content is the same",
        "repeated": "an element came round again",
        "escalated": "an approval went to a higher role",
        "overdue": "a due date passed",
        "called": "a connector was called or another case asked for",
        "decided": "a decision table was asked",
        "answered": "a connector or another case answered",
        "failed": "a call failed for good",
        "retried": "a call failed and will be tried again",
        "signalled": "a signal arrived",
        "added": "an item was added to an open for each",
        "closed": "an open for each was closed",
        "commented": "a comment was made",
        "attached": "a file was attached",
        "ticked": "time passed",
        "refused": "a command was refused",
        "consulted": "the trail was asked",
    }
)


class Entry(NamedTuple):
    """One fact. `element` is a node key or None for the case; `before`/`after` are lifecycle states or None.

    `cause`: index, within the step, of the entry this one follows from; None for the first. `clauses`: the ids of the
    rule-book clauses that the element carries out. `outcome`: done, refused or failed. `data` is JSON.
    """

    kind: str
    at: int
    actor: str
    element: str | None = None
    before: str | None = None
    after: str | None = None
    role: str | None = None
    on_behalf_of: str | None = None
    reason: str | None = None
    cause: int | None = None
    outcome: str = "done"
    clauses: tuple[str, ...] = ()
    data: Mapping[str, Any] = MappingProxyType({})
