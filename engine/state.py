"""How a case stands: small, frozen, JSON-able. The past is in the records, not here.

Nodes are element instances by key. A key is the element's name, with the index path of the `for each` instances
around it: `do_task` is the group of `do_task[1]`, `do_task[2]`; `rectify[2]` stands in instance 2 of its phase.
Record versions are keyed alike: what `rectify[2]` writes is `correction[2]`. Only the current version is kept.
Times are microseconds since the epoch, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Version:
    """The current version of a record: `number` counts from 1, `digest` is `values.digest` of the value."""

    number: int
    digest: str
    value: Any
    node: str | None
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Vote:
    person: str
    role: str
    stage: int
    approve: bool
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    check: str
    person: str
    at: int
    evidence: Any = None


@dataclass(frozen=True, slots=True)
class Node:
    """One element instance.

    `before` is the state to restore when staleness or suspension is withdrawn. `used`: (record key, digest) pairs of
    the versions this node's work rests on. `holder` has claimed it, or it is assigned to them. `doers`: everyone who
    finished or decided it, any iteration (separation of duties looks here). `wake`: the next instant at which time
    itself changes this node (wait over, retry, repeat); `due`: its due date; `overdue`: that has been recorded.
    `item`: the for-each item (encoded); `attempt` counts calls; `rejects` counts rejections, any iteration.
    """

    key: str
    element: str
    state: str = "planned"
    iteration: int = 1
    before: str | None = None
    holder: str | None = None
    assigned: bool = False
    doers: tuple[str, ...] = ()
    outcome: str | None = None
    reason: str | None = None
    used: tuple[tuple[str, str], ...] = ()
    votes: tuple[Vote, ...] = ()
    stage: int = 0
    rejects: int = 0
    confirmations: tuple[Confirmation, ...] = ()
    item: Any = None
    attempt: int = 0
    closed: bool = False
    child: str | None = None
    ready_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    due: int | None = None
    overdue: bool = False
    wake: int | None = None


@dataclass(frozen=True, slots=True)
class CaseState:
    """A case. `status`: none (not started), open, suspended, completed, cancelled. `wake`: when to send the next Tick.

    `commands` counts applied steps and is the optimistic version; `records_written` numbers audit records densely.
    """

    case: str = ""
    process: str = ""
    status: str = "none"
    commands: int = 0
    records_written: int = 0
    opened_at: int | None = None
    closed_at: int | None = None
    opened_by: str | None = None
    reason: str | None = None
    parent: tuple[str, str] | None = None
    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    versions: Mapping[str, Version] = field(default_factory=lambda: MappingProxyType({}))
    signals: tuple[str, ...] = ()
    wake: int | None = None


NEW = CaseState()
