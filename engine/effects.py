"""What the host must do after a step: call out, start cases, choose people. Pure data.

Timers are no effect: `CaseState.wake` says when the next Tick is wanted. Nor is sending: what is news to whom follows
from the entries (`notices`).
"""

from __future__ import annotations

from typing import Any

from charter.engine.plain import Kept


class Effect(Kept, frozen=True):
    node: str


class CallConnector(Effect, frozen=True):
    """Call a registered connector; answer with `commands.Answer` of the same attempt. Arguments are encoded values."""

    connector: str
    attempt: int
    arguments: tuple[tuple[str, Any], ...] = ()


class StartCase(Effect, frozen=True):
    """Open a case of another process; when `wait`, answer with its outputs once it is completed or cancelled.

    Where nobody waits, and nothing comes of it, send `commands.Decline`. `asked`: the number of the entry that asks.
    `records`: what it is opened with, inputs and parameters by name. `depth`: how many cases opened one another before.
    `makers`: who made what each of the records comes from. `chain` and `drill`: as of the case.
    """

    process: str
    attempt: int
    records: tuple[tuple[str, Any], ...] = ()
    wait: bool = True
    depth: int = 1
    makers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    chain: tuple[str, ...] = ()
    asked: int = 0
    drill: bool = False


class AmendCase(Effect, frozen=True):
    """Amend a record of another case, that this one is about; answer with `commands.Answer` of the same attempt.

    `case` is None where it is about none. `basis`: the digest of the version that the new content rests on. `makers`:
    who made that content. `drill`: as of the case.
    """

    attempt: int
    process: str
    case: str | None
    record: str
    value: Any
    basis: str | None = None
    reason: str | None = None
    makers: tuple[str, ...] = ()
    drill: bool = False


class TellCase(Effect, frozen=True):
    """Send `commands.Follow` to the case that this node's attempt opened, where it still changes anything.

    order: cancel, suspend or resume.
    """

    attempt: int
    order: str
    reason: str | None = None


class Offer(Effect, frozen=True):
    """Choose a person for the node (mode least busy or in turn) and send `commands.Assign`, or `commands.Decline`.

    `asked`: the number of the entry that asks.
    """

    roles: tuple[str, ...]
    mode: str
    asked: int = 0


class Address(Effect, frozen=True):
    """Data names these people for the node; send `commands.Decline` for those who are not there.

    `asked`: the number of the entry that names them.
    """

    persons: tuple[str, ...]
    asked: int = 0


class Notify(Effect, frozen=True):
    """A line of the process tells these roles something; send `commands.Decline` for those that nobody holds.

    `asked`: the number of the entry that tells them.
    """

    roles: tuple[str, ...]
    asked: int = 0


class AnswerParent(Effect, frozen=True):
    """This case has ended: `case`'s waiting `node` is to be answered with these records, or a failure.

    `makers`: who made the records.
    """

    case: str
    attempt: int
    records: tuple[tuple[str, Any], ...] = ()
    failure: str | None = None
    makers: tuple[str, ...] = ()
