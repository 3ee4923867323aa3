"""What people, timers, connectors and other cases may ask of a case.

A command carries everything that the step needs to know of the outside: who asks, with which authority, and when.
The host resolves people; the engine decides. Values of records are JSON data in the canonical form of `values.encode`.
`at` is the server's clock in microseconds since the epoch, UTC. `node` names an element instance: `apply`,
`do_task[2]`, `rectify[2.1]`. Commands are JSON-able both ways (`to_json`, `from_json`), because each leads its own
entries and `replay` reads it back from there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

from charter.engine.capacity import Load
from charter.engine.forms import CaseNumber, Lot
from charter.engine.plain import Kept, from_json as _from_json, shape, to_json as _to_json
from charter.engine.registers import Found


class Actor(Kept, frozen=True):
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


class Command(Kept, frozen=True, kw_only=True):
    """`strangers`: those whom its records name where a person is wanted, and whom the host does not know.

    `looked`: what the step needs to know of registers and the case does not know yet, or otherwise.
    """

    verb: ClassVar[str] = ""
    actor: Actor
    at: int
    reason: str | None = None
    strangers: tuple[str, ...] = ()
    looked: tuple[Found, ...] = ()


# what a host finds out for a command, and nobody who sends it says
FOUND = ("strangers", "looked", "loads", "lots", "called", "source", "basis", "makers")


class OnNode(Command, frozen=True, kw_only=True):
    """`loads`: what whoever is to do its work has of its queues, as the host found it."""

    node: str
    loads: tuple[Load, ...] = ()


class Start(Command, frozen=True, kw_only=True):
    """Opens the case. `records`: (name, value) of the process's inputs.

    `parameters`: (name, value) of parameters that are bound for this case alone. `parent`: (case, node) that runs this
    one, `attempt` the attempt of its `StartCase`, and `depth` how many cases opened one another before it. `law` and
    `tzdata`: the host's `law.PRESENT`, by which the case is judged from now on; builds that named no law left them out.
    `days`: the digests of the public days by which it counts, by country.
    `makers`: who made what each of the records comes from, in the case that opens this one. `chain`: the rules that led
    from one case to the next up to this one. `drill`: it is none of the cases that count. `called`: by which number.
    """

    verb: ClassVar[str] = "start"
    case: str
    records: tuple[tuple[str, Any], ...] = ()
    parameters: tuple[tuple[str, Any], ...] = ()
    parent: tuple[str, str] | None = None
    attempt: int = 0
    depth: int = 0
    makers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    law: int = 0
    tzdata: str = ""
    days: tuple[tuple[str, str], ...] = ()
    chain: tuple[str, ...] = ()
    drill: bool = False
    called: CaseNumber | None = None


class Claim(OnNode, frozen=True, kw_only=True):
    verb: ClassVar[str] = "claim"


class Release(OnNode, frozen=True, kw_only=True):
    verb: ClassVar[str] = "release"


class Delegate(OnNode, frozen=True, kw_only=True):
    """Hands one's work to another; `to` is that person with their authority."""

    verb: ClassVar[str] = "delegate"
    to: Actor


class Assign(OnNode, frozen=True, kw_only=True):
    """The host's answer to the effect `Offer` with mode least busy or in turn: this person is to do it."""

    verb: ClassVar[str] = "assign"
    to: Actor


class HandOver(OnNode, frozen=True, kw_only=True):
    """The host hands work that `giver` holds to another, by order of a steward: `by`."""

    verb: ClassVar[str] = "hand over"
    to: Actor
    giver: str
    by: str


class Begin(OnNode, frozen=True, kw_only=True):
    verb: ClassVar[str] = "begin"


class Confirm(OnNode, frozen=True, kw_only=True):
    """Ticks one checklist point, with evidence (an encoded value, a file or record reference) where it asks for it."""

    verb: ClassVar[str] = "confirm"
    check: str
    evidence: Any = None


class Complete(OnNode, frozen=True, kw_only=True):
    """Finishes an activity: output records as (name, value), checklist points ticked in passing as (name, evidence).

    `lots`: with what the host draws people for fields that are filled by lot.
    """

    verb: ClassVar[str] = "complete"
    records: tuple[tuple[str, Any], ...] = ()
    checks: tuple[tuple[str, Any], ...] = ()
    lots: tuple[Lot, ...] = ()


class Approve(OnNode, frozen=True, kw_only=True):
    verb: ClassVar[str] = "approve"


class Reject(OnNode, frozen=True, kw_only=True):
    verb: ClassVar[str] = "reject"


class Return(OnNode, frozen=True, kw_only=True):
    """Sends work back: to `to`, else to the declared target, else to the only producer of what it used."""

    verb: ClassVar[str] = "return"
    to: str | None = None


class Withdraw(OnNode, frozen=True, kw_only=True):
    verb: ClassVar[str] = "withdraw"


class Suspend(Command, frozen=True, kw_only=True):
    """Suspends a node, or the whole case when `node` is None; `Resume` likewise."""

    verb: ClassVar[str] = "suspend"
    node: str | None = None


class Resume(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "resume"
    node: str | None = None


class Skip(OnNode, frozen=True, kw_only=True):
    verb: ClassVar[str] = "skip"


class Cancel(Command, frozen=True, kw_only=True):
    """Cancels a node, or the whole case when `node` is None."""

    verb: ClassVar[str] = "cancel"
    node: str | None = None


class Reopen(OnNode, frozen=True, kw_only=True):
    verb: ClassVar[str] = "reopen"


class Amend(Command, frozen=True, kw_only=True):
    """Writes a new version of a record that work may already have used.

    `record` may carry an index, `deliverable[2]`. `source`: the (process, case, node) of a case about this one that has
    it amended; `basis`: the digest of the version that its content rests on; `makers`: who made that.
    """

    verb: ClassVar[str] = "amend"
    record: str
    value: Any
    source: tuple[str, str, str] | None = None
    basis: str | None = None
    makers: tuple[str, ...] = ()


class Comment(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "comment"
    text: str
    node: str | None = None


class Observe(Command, frozen=True, kw_only=True):
    """The host's word that another system recorded this event: `row` of its log, from 1, about `node`, if any.

    `deviation`: in which way the case could not go along with it; `code`: the refusal that it met with.
    """

    verb: ClassVar[str] = "observe"
    event: str
    row: int
    node: str | None = None
    deviation: str | None = None
    code: str | None = None


class Attach(Command, frozen=True, kw_only=True):
    """Attaches a file (an encoded `values.File`) to a node or to the case."""

    verb: ClassVar[str] = "attach"
    file: Any
    node: str | None = None


class Add(OnNode, frozen=True, kw_only=True):
    """Adds an item to an open `for each`."""

    verb: ClassVar[str] = "add"
    item: Any


class Close(OnNode, frozen=True, kw_only=True):
    """Closes an open `for each`: no more items."""

    verb: ClassVar[str] = "close"


class Signal(Command, frozen=True, kw_only=True):
    verb: ClassVar[str] = "signal"
    name: str
    records: tuple[tuple[str, Any], ...] = ()


class Tick(Command, frozen=True, kw_only=True):
    """Time has passed: due dates, waits, repeats and retries that have come due by `at` happen."""

    verb: ClassVar[str] = "tick"


class Answer(OnNode, frozen=True, kw_only=True):
    """The host's answer to `CallConnector`, `StartCase` or `AmendCase`: `records`, else `failure` (one line).

    `attempt` must be the node's current attempt, or the answer is refused as late. `makers`: who made the records.
    `amended`: the (case, number of the entry) that says there what was amended. `code`, `arguments`: why it was not.
    """

    verb: ClassVar[str] = "answer"
    attempt: int
    records: tuple[tuple[str, Any], ...] = ()
    failure: str | None = None
    makers: tuple[str, ...] = ()
    amended: tuple[str, int] | None = None
    code: str | None = None
    arguments: tuple[tuple[str, Any], ...] = ()


class Follow(Command, frozen=True, kw_only=True):
    """The host's word from the case that runs this one, after its effect `TellCase`: `parent` is that (case, node).

    order: cancel, suspend or resume.
    """

    verb: ClassVar[str] = "follow"
    order: str
    parent: tuple[str, str]


class Decline(Command, frozen=True, kw_only=True):
    """The host's word that nothing comes of what the case asked for, where no element waits for an answer.

    `ask`: the effect's class; `target`: what it was aimed at; `asked`: the number of the entry that asked. `code` and
    `arguments`: why; or `failure`, one line.
    """

    verb: ClassVar[str] = "decline"
    ask: str
    target: str
    node: str | None = None
    asked: int = 0
    code: str | None = None
    arguments: tuple[tuple[str, Any], ...] = ()
    failure: str | None = None


class Retry(OnNode, frozen=True, kw_only=True):
    """Tries a failed call again, by hand."""

    verb: ClassVar[str] = "retry"


class Continue(Command, frozen=True, kw_only=True):
    """The host's word before the first command that other rules judge than those before it: `law.PRESENT`."""

    verb: ClassVar[str] = "continue"
    law: int
    tzdata: str


class Recount(Command, frozen=True, kw_only=True):
    """The host's word that the case counts by these versions of public days from here on: `days` of `Start`."""

    verb: ClassVar[str] = "recount"
    days: tuple[tuple[str, str], ...] = ()


class Migrate(Command, frozen=True, kw_only=True):
    """Has the case run another version of its process: from the definition with the digest `was` to that with `to`.

    `mapping`: (name until now, name from now on); null lets go of what stands under it. `keep`, `redo`: what is
    finished, or begun, under other lines and stays so, or is done again. `days`: as of `Start`. `undoes`: the number
    of the entry that is taken back; `restores`: nothing has happened since, so that the case stands as it did before.
    """

    verb: ClassVar[str] = "migrate"
    to: str
    was: str
    mapping: tuple[tuple[str, str | None], ...] = ()
    keep: tuple[str, ...] = ()
    redo: tuple[str, ...] = ()
    days: tuple[tuple[str, str], ...] = ()
    undoes: int | None = None
    restores: bool = False


COMMANDS: dict[str, type[Command]] = {
    c.verb: c
    for c in (
        Start,
        Claim,
        Release,
        Delegate,
        Assign,
        HandOver,
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
        Observe,
        Attach,
        Add,
        Close,
        Signal,
        Tick,
        Answer,
        Follow,
        Decline,
        Retry,
        Continue,
        Recount,
        Migrate,
    )
}


@lru_cache(maxsize=4096)
def _actor_json(actor: Actor) -> dict[str, Any]:
    found: dict[str, Any] = _to_json(actor)
    return found


_SHAPES = {c: tuple(row for row in shape(c) if row[0] not in ("actor", "at")) for c in COMMANDS.values()}
_PAIRS = frozenset({"records", "parameters", "checks", "days", "arguments", "mapping"})


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
        elif name in ("looked", "loads", "lots", "called"):
            out[name] = _to_json(value)
        else:
            out[name] = list(value) if isinstance(value, tuple) else value
    return out


def from_json(data: dict[str, Any]) -> Command:
    """Builds a command back; raises KeyError or ValueError on data that `to_json` did not write."""
    rest = {k: v for k, v in data.items() if k != "verb"}
    return _from_json(COMMANDS[data["verb"]], rest)
