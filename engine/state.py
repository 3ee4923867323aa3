"""How a case stands: small, frozen, JSON-able. The past is in the entries, not here.

Nodes are element instances by key (`keys`). Record versions are keyed alike; only the current version is kept.
Times are microseconds since the epoch, UTC. A node is a struct, because a step changes several of them and `replace` of
a struct costs a sixth of a named tuple's. The case and the rows inside a node are named tuples, made anew as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import attrgetter, ne
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from msgspec import Struct

from charter.engine import plain
from charter.engine.days import Days
from charter.engine.law import Rules
from charter.engine.ledgers import Book
from charter.engine.machines import STILL, WORKABLE
from charter.engine.plain import shape
from charter.engine.registers import Ask, Found, Row
from charter.engine.sla import Service
from charter.engine.watch import Watch as Watch


class Version(NamedTuple):
    """The current version of a record: `number` counts from 1, `digest` is `values.digest` of the value.

    `node` wrote it (None: it came with the start of the case or with a signal); an amendment leaves `node` alone.
    `earlier`: (person, node) of everybody who wrote a version before it, or whom a writer stood in for. `again`: `node`
    handed over what was there already, so that `by` wrote it elsewhere, as `earlier` says.
    """

    number: int
    digest: str
    value: Any
    node: str | None
    by: str
    at: int
    earlier: tuple[tuple[str, str | None], ...] = ()
    again: bool = False

    @property
    def writers(self) -> tuple[tuple[str, str | None], ...]:
        """(person, node) of everybody who wrote a version of the record up to this one."""
        return self.earlier if self.again else (*self.earlier, (self.by, self.node))


class Vote(NamedTuple):
    """`role`: the seat it takes; `roles`: those it could take, so that a later voter may have this one."""

    person: str
    role: str
    stage: int
    approve: bool
    on_behalf_of: str | None = None
    roles: tuple[str, ...] = ()


class Confirmation(NamedTuple):
    check: str
    person: str
    at: int
    evidence: Any = None


class Hand(NamedTuple):
    """Somebody's part in an element's work beside doing it, by a verb: confirm, signal, add, skip or cancel."""

    person: str
    verb: str


class Early(NamedTuple):
    """A signal that came before anybody waited for it: with what, as its command had it, and from (and for) whom."""

    signal: str
    records: tuple[tuple[str, Any], ...] = ()
    by: tuple[str, ...] = ()


class Node(Struct, frozen=True, omit_defaults=True):
    """One element instance.

    `before` is the state to restore when staleness is withdrawn. `used`: (record key, digest) pairs of the
    versions this node's work rests on; `plan_items[*]` stands for all instances' versions together. `holder` has
    claimed it, or it is `assigned` to them: by the process, or `handed` over by people; `group`: in which role, where a
    clock asks. `doers`: everyone who finished
    or decided it, any iteration, and whom they stood in for, the last one at the end; `hands`: who had another part in
    it (`plan.makers`). `higher`: the roles that the work has come up to, whose people may do it, too. `named`: the
    people whom data named when it opened, by the FEEL that names them (`plan.named`).
    `ranks`: where it comes in its queue, encoded values.
    `marks` of its element's events: the instant of one that time brings, 0 once it has, -1 for a condition that holds.
    `wake`: the next instant at which time itself changes this node (wait over, retry, repeat); `due`: its due date;
    `overdue`: that has been recorded; `bound`: the date beyond which `within` does not move it; `stands`: since when
    its clock stands. `rhythm` of a `repeat every`: the instant it is counted from, how often it has come round since,
    and when this round was to come. `item`: the for-each item (encoded), `added` by hand to an open list; `size`: how
    many instances a group has; `pending`: how many children are not settled yet. `redo`: it had delivered and is being
    done again. `waits`: the node this work was sent back to. `held`: whether its `stage` is asked is unknown.
    `offered`: register, key, version and digest of each entry that its work is offered. `attempt` counts calls,
    `rejects` rejections, any iteration. `reason` is that of its latest move. `outcome`: approve, reject or return of an
    approval; of a skipped or cancelled node why: condition, dead, choice, enough, list, container, withdrawn, ended,
    unasked, person.
    """

    key: str
    element: str
    state: str = "planned"
    iteration: int = 1
    before: str | None = None
    holder: str | None = None
    group: str | None = None
    assigned: bool = False
    handed: bool = False
    doers: tuple[str, ...] = ()
    hands: tuple[Hand, ...] = ()
    higher: tuple[str, ...] = ()
    outcome: str | None = None
    reason: str | None = None
    used: tuple[tuple[str, str], ...] = ()
    votes: tuple[Vote, ...] = ()
    stage: int = 0
    held: bool = False
    rejects: int = 0
    confirmations: tuple[Confirmation, ...] = ()
    offered: tuple[tuple[str, str, int, str], ...] = ()
    item: Any = None
    added: bool = False
    attempt: int = 0
    closed: bool = False
    size: int = 0
    pending: int = 0
    redo: bool = False
    waits: str | None = None
    ready_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    due: int | None = None
    overdue: bool = False
    wake: int | None = None
    bound: int | None = None
    stands: int | None = None
    rhythm: tuple[int, ...] = ()
    marks: tuple[int, ...] = ()
    ranks: tuple[Any, ...] = ()
    named: tuple[tuple[str, tuple[str, ...]], ...] = ()


_NONE: Mapping[str, Any] = MappingProxyType({})


class CaseState(NamedTuple):
    """A case. `status`: none (not started), open, suspended, completed, cancelled. `wake`: when to send the next Tick.

    `commands` counts applied steps and is the optimistic version; `entries_written` numbers audit entries densely.
    `parent` and `attempt`: the (case, node) that runs this case, and its attempt to answer. `depth`: how many cases
    opened one another before this one. `parameters`: (name, encoded value) of those bound for this case alone.
    `held`: that case has suspended this one, `alone`, or `also` where people had suspended it before. `pending` counts
    top-level elements that are not settled. `timers`: next instant by node key, kept beside the nodes so that `wake`
    costs nothing. `law` and `tzdata` are the rules that judge it (`law.Rules`). `signals`: those that nobody has waited
    for yet, in the order in which they came. `stood`: since when it is suspended. `days`: by which versions of public
    days it counts. `clocks`: the service-level clocks that have started, by key. `watches`: how its rules stand.
    `chain`: the rules, as `process.rule`, that led up to this one. `books`: how its ledgers stand. `looked`: what it
    knows of registers; `filed`: (node, register, key) of the entries that its work stands for. `rounds`: what KPIs read
    of rounds that are over (`plan/rounds.py`), as JSON. `drill`, `called`: of `Start`.
    `links`: (link, by what it was named, case) of the cases that it is about; `bases`: (`link.record`, digest) of what
    it is to amend there, as it was when that was last written here.
    """

    case: str = ""
    process: str = ""
    status: str = "none"
    commands: int = 0
    entries_written: int = 0
    opened_at: int | None = None
    closed_at: int | None = None
    opened_by: str | None = None
    reason: str | None = None
    parent: tuple[str, str] | None = None
    attempt: int = 0
    depth: int = 0
    parameters: tuple[tuple[str, Any], ...] = ()
    held: str = ""
    pending: int = 0
    nodes: Mapping[str, Node] = _NONE
    versions: Mapping[str, Version] = _NONE
    signals: tuple[Early, ...] = ()
    wake: int | None = None
    timers: Mapping[str, int] = _NONE
    law: int = 0
    tzdata: str = ""
    stood: int | None = None
    days: Days = ()
    clocks: Mapping[str, Service] = _NONE
    watches: tuple[Watch, ...] = ()
    chain: tuple[str, ...] = ()
    books: tuple[Book, ...] = ()
    looked: tuple[Found, ...] = ()
    filed: tuple[tuple[str, str, str], ...] = ()
    rounds: tuple[Any, ...] = ()
    drill: bool = False
    called: str = ""
    links: tuple[tuple[str, str, str], ...] = ()
    bases: tuple[tuple[str, str], ...] = ()

    @property
    def rules(self) -> Rules:
        """By what the case is judged."""
        return Rules(self.law, self.tzdata)

    def dated(self) -> Iterator[Node]:
        """Yields the nodes that have a due date."""
        return (node for node in self.nodes.values() if node.due is not None)

    def look(self, ask: Ask, _reader: str) -> tuple[Row, ...] | None:
        """Gives what the case knows of a register, None where it has not asked."""
        return next((found.rows for found in self.looked if found.ask == ask), None)


NEW = CaseState()


class View(Protocol):
    """A case as it stands: a `CaseState`, or the step's draft of the next one."""

    @property
    def case(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def opened_at(self) -> int | None: ...
    @property
    def closed_at(self) -> int | None: ...
    @property
    def opened_by(self) -> str | None: ...
    @property
    def parameters(self) -> tuple[tuple[str, Any], ...]: ...
    @property
    def nodes(self) -> Mapping[str, Node]: ...
    @property
    def versions(self) -> Mapping[str, Version]: ...
    @property
    def signals(self) -> tuple[Early, ...]: ...
    @property
    def clocks(self) -> Mapping[str, Service]: ...
    @property
    def books(self) -> tuple[Book, ...]: ...
    @property
    def rounds(self) -> tuple[Any, ...]: ...
    @property
    def drill(self) -> bool: ...
    @property
    def links(self) -> tuple[tuple[str, str, str], ...]: ...
    def dated(self) -> Iterable[Node]: ...


def next_instant(node: Node) -> int | None:
    """Gives the next instant at which time itself changes a node or makes it overdue, None when none does.

    What stands still keeps its instants until it goes on.
    """
    if node.state in STILL:
        return None
    wake, due = node.wake, node.due
    if node.state not in WORKABLE:
        return wake
    if node.marks:
        marked = min((mark for mark in node.marks if mark > 0), default=None)
        wake = marked if wake is None or (marked is not None and marked < wake) else wake
    if due is None or node.overdue:
        return wake
    return due if wake is None or due < wake else wake


_NAMES, _NODE_DEFAULTS = zip(*shape(Node), strict=True)
_VALUES = attrgetter(*_NAMES)
_TABLES = ("nodes", "versions", "timers", "clocks")
_PLAIN = tuple(name for name in CaseState._fields if name not in _TABLES)
_DEFAULTS = CaseState._field_defaults


def node_json(node: Node) -> dict[str, Any]:
    """Gives one node as JSON data, defaults left out."""
    values = _VALUES(node)
    out = dict(compress(zip(_NAMES, values, strict=True), map(ne, values, _NODE_DEFAULTS)))
    for name in (
        "doers",
        "hands",
        "higher",
        "marks",
        "used",
        "votes",
        "confirmations",
        "offered",
        "rhythm",
        "ranks",
        "named",
    ):
        if name in out:
            out[name] = _lists(out[name])
    return out


def signals_json(signals: Iterable[Early]) -> list[Any]:
    """Gives early signals; a name alone, as all once were, where that is all there is of one."""
    return [_lists(early) if early.records or early.by else early.signal for early in signals]


def signals_of(data: Mapping[str, Any]) -> tuple[Early, ...]:
    """Builds the early signals of a case back."""
    rows = ((row, (), ()) if isinstance(row, str) else row for row in data.get("signals", ()))
    return tuple(
        Early(name, tuple((record, value) for record, value in records), tuple(by)) for name, records, by in rows
    )


def clocks_json(clocks: Mapping[str, Service]) -> list[Any]:
    """Gives service-level clocks as JSON data."""
    return [plain.to_json(service) for service in clocks.values()]


def clocks_of(data: Mapping[str, Any]) -> Mapping[str, Service]:
    """Builds the service-level clocks of a case back."""
    found = (plain.from_json(Service, row) for row in data.get("clocks", ()))
    return {service.key: service for service in found} or _NONE


def books_of(data: Mapping[str, Any]) -> tuple[Book, ...]:
    """Builds how the ledgers of a case stand back."""
    return tuple(Book(a, b, c, value, tuple(over)) for a, b, c, value, over in data.get("books", ()))


def _lists(rows: tuple[Any, ...]) -> list[Any]:
    return [_lists(row) if isinstance(row, tuple) else row for row in rows]


def version_json(version: Version) -> list[Any]:
    """Gives one version as JSON data; `earlier` is left out where nobody was, `again` where it is not so."""
    earlier = [_lists(version.earlier)] if version.earlier else []
    return [*version[:6], *earlier, *([True] if version.again else [])]


def version_of(row: Sequence[Any]) -> Version:
    """Builds one version back from what `version_json` gives."""
    earlier = (tuple((person, node) for person, node in each) for each in row[6:7])
    return Version(*row[:6], *earlier, *row[7:])


def case_json(state: CaseState) -> dict[str, Any]:
    """Gives what `to_json` does without nodes and versions: for a host that writes only those that changed."""
    given = ((name, getattr(state, name)) for name in _PLAIN)
    out = {name: list(v) if isinstance(v, tuple) else v for name, v in given if v != _DEFAULTS[name]}
    if state.signals:
        out["signals"] = signals_json(state.signals)
    if state.clocks:
        out["clocks"] = clocks_json(state.clocks)
    out |= {name: _lists(rows) for name in ("watches", "books") if (rows := getattr(state, name))}
    if state.looked:
        out["looked"] = plain.to_json(state.looked)
    return out


def to_json(state: CaseState) -> dict[str, Any]:
    """Gives a case's state as JSON data, defaults left out; `timers` follow from the nodes and are left out too."""
    out = case_json(state)
    out["nodes"] = [node_json(node) for node in state.nodes.values()]
    out["versions"] = {key: version_json(version) for key, version in state.versions.items()}
    return out


def node_of(data: Mapping[str, Any]) -> Node:
    """Builds one node back from what `node_json` gives."""
    rest = dict(data)
    rest |= {name: tuple(rest.get(name, ())) for name in ("doers", "higher", "marks", "rhythm", "ranks")}
    rest["hands"] = tuple(Hand(*row) for row in rest.get("hands", ()))
    rest["named"] = tuple((name, tuple(people)) for name, people in rest.get("named", ()))
    rest |= {name: tuple(map(tuple, rest.get(name, ()))) for name in ("used", "offered")}
    rest["votes"] = tuple(Vote(*row[:5], *map(tuple, row[5:])) for row in rest.get("votes", ()))
    rest["confirmations"] = tuple(Confirmation(*row) for row in rest.get("confirmations", ()))
    return Node(**rest)


def snapshot(state: CaseState) -> dict[str, Any]:
    """Gives a state as JSON data that keeps its order where keys are sorted, as in an entry: versions as rows."""
    return {**to_json(state), "versions": [[key, *version_json(version)] for key, version in state.versions.items()]}


def from_snapshot(data: Mapping[str, Any]) -> CaseState:
    """Builds a state back; raises KeyError, TypeError or ValueError on data that `snapshot` did not write."""
    return from_json({**data, "versions": {key: version for key, *version in data["versions"]}})


def from_json(data: Mapping[str, Any]) -> CaseState:
    """Builds a case's state back; raises KeyError, TypeError or ValueError on data that `to_json` did not write."""
    nodes = {row["key"]: node_of(row) for row in data["nodes"]}
    rest = {name: value for name, value in data.items() if name not in _TABLES}
    if "parent" in rest:
        rest["parent"] = (rest["parent"][0], rest["parent"][1])
    rest["signals"], rest["books"], clocks = signals_of(rest), books_of(rest), clocks_of(data)
    rest |= {name: tuple(map(tuple, rest.get(name, ()))) for name in ("parameters", "days", "filed", "links", "bases")}
    rest["watches"] = tuple(
        Watch(name, held, fired, at, tuple(wakes)) for name, held, fired, at, wakes in rest.get("watches", ())
    )
    rest |= {name: tuple(rest.get(name, ())) for name in ("chain", "rounds")}
    rest["looked"] = tuple(plain.from_json(Found, row) for row in rest.get("looked", ()))
    waking = {watch.key: watch.wake for watch in rest["watches"]}
    waking |= {key: next_instant(node) for key, node in nodes.items()}
    return CaseState(
        **rest,
        nodes=nodes,
        versions={key: version_of(row) for key, row in data["versions"].items()},
        clocks=clocks,
        timers={key: at for key, at in waking.items() if at is not None},
    )
