"""What people, timers, connectors and other cases may ask of a case.

A command carries everything that the step needs to know of the outside: who asks, with which authority, and when.
The host resolves people; the engine decides. Values of records are JSON data in the canonical form of `values.encode`.
`at` is the server's clock in microseconds since the epoch, UTC. `node` names an element instance: `apply`,
`do_task[2]`, `rectify[2.1]`. Commands are JSON-able both ways (`to_json`, `from_json`), because each leads its own
audit records and `replay` reads it back from there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, ClassVar

from charter.engine.plain import from_json as _from_json, to_json as _to_json


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (or `system`) as the directory knew them at that moment.

    `roles` are those of this process that the person holds or stands in for; `on_behalf_of` is the person whose
    substitute or delegate acts, and `lent` the roles held only on that behalf. Skills are (name, level) pairs.
    """

    person: str
    roles: tuple[str, ...] = ()
    on_behalf_of: str | None = None
    lent: tuple[str, ...] = ()
    skills: tuple[tuple[str, int], ...] = ()
    certificates: tuple[str, ...] = ()


SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    verb: ClassVar[str] = ""
    actor: Actor
    at: int
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnNode(Command):
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Command):
    """Opens the case. `records`: (name, value) of the process's inputs.

    `parent`: (case, node) that runs this one, and `attempt` the attempt of its `StartCase`.
    """

    verb: ClassVar[str] = "start"
    case: str
    records: tuple[tuple[str, Any], ...] = ()
    parent: tuple[str, str] | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(OnNode):
    verb: ClassVar[str] = "claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(OnNode):
    verb: ClassVar[str] = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate(OnNode):
    """Hands one's work to another; `to` is that person with their authority."""

    verb: ClassVar[str] = "delegate"
    to: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(OnNode):
    """The host's answer to the effect `Offer` with mode least busy or in turn: this person is to do it."""

    verb: ClassVar[str] = "assign"
    to: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin(OnNode):
    verb: ClassVar[str] = "begin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm(OnNode):
    """Ticks one checklist point, with evidence (an encoded value, a file or record reference) where it asks for it."""

    verb: ClassVar[str] = "confirm"
    check: str
    evidence: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete(OnNode):
    """Finishes an activity: output records as (name, value), checklist points ticked in passing as (name, evidence)."""

    verb: ClassVar[str] = "complete"
    records: tuple[tuple[str, Any], ...] = ()
    checks: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(OnNode):
    verb: ClassVar[str] = "approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(OnNode):
    verb: ClassVar[str] = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Return(OnNode):
    """Sends work back: from an approval or activity `node` to an upstream element.

    `to`, else the declared target, else the only producer of what was used.
    """

    verb: ClassVar[str] = "return"
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(OnNode):
    verb: ClassVar[str] = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspend(Command):
    """Suspends a node, or the whole case when `node` is None; `Resume` likewise."""

    verb: ClassVar[str] = "suspend"
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    verb: ClassVar[str] = "resume"
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip(OnNode):
    verb: ClassVar[str] = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Command):
    """Cancels a node, or the whole case when `node` is None."""

    verb: ClassVar[str] = "cancel"
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(OnNode):
    verb: ClassVar[str] = "reopen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend(Command):
    """Writes a new version of a record that work may already have used.

    `record` may carry an index, `deliverable[2]`.
    """

    verb: ClassVar[str] = "amend"
    record: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Command):
    verb: ClassVar[str] = "comment"
    text: str
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach(Command):
    """Attaches a file (an encoded `values.File`) to a node or to the case."""

    verb: ClassVar[str] = "attach"
    file: Any
    node: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(OnNode):
    """Adds an item to an open `for each`."""

    verb: ClassVar[str] = "add"
    item: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Close(OnNode):
    """Closes an open `for each`: no more items."""

    verb: ClassVar[str] = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Command):
    verb: ClassVar[str] = "signal"
    name: str
    records: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Command):
    """Time has passed: due dates, waits, repeats and retries that have come due by `at` happen."""

    verb: ClassVar[str] = "tick"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(OnNode):
    """The host's answer to `CallConnector` or `StartCase`: `records` on success, else `failure` (one line).

    `attempt` must be the node's current attempt, or the answer is refused as late.
    """

    verb: ClassVar[str] = "answer"
    attempt: int
    records: tuple[tuple[str, Any], ...] = ()
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow(Command):
    """The host's word from the case that runs this one, after its effect `TellCase`: `parent` is that (case, node).

    order: cancel, suspend or resume.
    """

    verb: ClassVar[str] = "follow"
    order: str
    parent: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry(OnNode):
    """Tries a failed call again, by hand."""

    verb: ClassVar[str] = "retry"


COMMANDS: dict[str, type[Command]] = {
    c.verb: c
    for c in (
        Start,
        Claim,
        Release,
        Delegate,
        Assign,
        Begin,
        Confirm,
        Complete,
        Approve,
        Reject,
        Return,
        Withdraw,
        Suspend,
        Resume,
        Skip,
        Cancel,
        Reopen,
        Amend,
        Comment,
        Attach,
        Add,
        Close,
        Signal,
        Tick,
        Answer,
        Follow,
        Retry,
    )
}


@lru_cache(maxsize=4096)
def _actor_json(actor: Actor) -> dict[str, Any]:
    found: dict[str, Any] = _to_json(actor)
    return found


_SHAPES = {c: tuple((f.name, f.default) for f in fields(c) if f.name not in ("actor", "at")) for c in COMMANDS.values()}
_PAIRS = frozenset({"records", "checks"})


def to_json(command: Command) -> dict[str, Any]:
    """Gives a command as JSON data, its verb under `verb`, defaults left out.

    Every step does this once, so it goes by the shape of the class and takes values, which are JSON already, as they
    are. What it gives must not be changed.
    """
    out: dict[str, Any] = {"verb": command.verb, "actor": _actor_json(command.actor), "at": command.at}
    for name, default in _SHAPES[type(command)]:
        value = getattr(command, name)
        if value is default or value == default:
            continue
        if name in _PAIRS:
            out[name] = [list(pair) for pair in value]
        elif isinstance(value, Actor):
            out[name] = _actor_json(value)
        else:
            out[name] = list(value) if isinstance(value, tuple) else value
    return out


def from_json(data: dict[str, Any]) -> Command:
    """Builds a command back; raises KeyError, TypeError or ValueError on data that `to_json` did not write."""
    rest = {k: v for k, v in data.items() if k != "verb"}
    command: Command = _from_json(COMMANDS[data["verb"]], rest)
    return command
