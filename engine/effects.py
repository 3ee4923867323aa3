"""What the host must do after a step: call out, start cases, choose people, tell people. Pure data.

Timers are no effect: `CaseState.wake` says when the next Tick is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Effect:
    node: str


@dataclass(frozen=True, slots=True)
class CallConnector(Effect):
    """Call a registered connector; answer with `commands.Answer` of the same attempt. Arguments are encoded values."""

    connector: str
    attempt: int
    arguments: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class StartCase(Effect):
    """Open a case of another process; when `wait`, answer with its outputs once it is completed or cancelled."""

    process: str
    attempt: int
    records: tuple[tuple[str, Any], ...] = ()
    wait: bool = True


@dataclass(frozen=True, slots=True)
class TellCase(Effect):
    """Send `commands.Follow` to the case that this node's attempt opened, where it still changes anything.

    order: cancel, suspend or resume.
    """

    attempt: int
    order: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Offer(Effect):
    """Choose a person for the node (mode least busy or in turn) and send `commands.Assign`."""

    roles: tuple[str, ...]
    mode: str


@dataclass(frozen=True, slots=True)
class Notify(Effect):
    """Tell people of these roles (or these persons) that something happened.

    kind: ready, overdue, escalated, informed, failed.
    """

    kind: str
    roles: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnswerParent(Effect):
    """This case has ended: `case`'s waiting `node` is to be answered with these records, or a failure."""

    case: str
    attempt: int
    records: tuple[tuple[str, Any], ...] = ()
    failure: str | None = None
