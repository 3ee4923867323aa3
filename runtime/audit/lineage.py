"""Where a record version came from, and what came of it: the graph of versions and the deeds between them.

A deed is one piece of work finished or decided (or an amendment, or a start): it used versions and made versions. The
graph is read off the case's moments, so it says what the engine knew then. Invariant: every version is made by exactly
one deed; what a deed used was made before it. A graph is of one case; what its deeds read and amended in other cases is
noted with them, and followed by `crossing.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from charter.engine.commands import Amend
from charter.engine.entries.cases import Answered, Completed, Decided, Granted, Linked, LookedUp, Reached, Rejected
from charter.engine.keys import covers, key_of, name_of, parse_key
from charter.engine.machines import CONCLUDED, STALLED
from charter.engine.plan.links import amended_by, records_read
from charter.engine.plan.program import Program, prepare
from charter.engine.state import CaseState, Confirmation, Node
from charter.runtime.audit.asof import Moment, as_named, renamed

_DEEDS = (Completed, Granted, Rejected, Reached, Answered, Decided)


class Made(Struct, frozen=True):
    """One version of a record: `key` with its instance, `number` from 1."""

    key: str
    number: int
    digest: str
    value: Any

    @property
    def name(self) -> str:
        """`plan@2`, as it is asked for."""
        return f"{self.key}@{self.number}"


class Read(Struct, frozen=True):
    """What a deed read through a `link`: `records` of another `case`, as far as that had come with an `entry`."""

    link: str
    case: str
    entry: int
    records: tuple[str, ...]


class There(Struct, frozen=True):
    """Where a deed goes on in another case: at the entry `seq`, or at the element `node`, of it.

    `link`: by which line the one case is about the other.
    """

    case: str
    process: str
    link: str | None = None
    seq: int | None = None
    node: str | None = None


class Deed(Struct, eq=False):
    """What somebody did: `kind` is the entry's word (completed, granted, amended, started …), `seq` that entry.

    `sure`: the trail proves it (`asof.Moment`). `reads`: of other cases; `wrote`: the amendment of one that it is;
    `asked`: whose amendment of this one it is.
    """

    seq: int
    kind: str
    node: str | None
    person: str
    at: int
    reason: str | None
    used: list[Made] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    confirmed: tuple[Confirmation, ...] = ()
    sure: bool = True
    reads: tuple[Read, ...] = ()
    wrote: There | None = None
    asked: There | None = None


class Lineage(Struct):
    """The graph of one case.

    `parent`: the case and the element that run it; `runs`: of each element that runs a case, what it uses.
    """

    deeds: list[Deed]
    versions: dict[str, list[Made]]
    case: str = ""
    parent: tuple[str, str] | None = None
    runs: dict[str, list[Made]] = field(default_factory=dict)

    def find(self, text: str) -> Made | None:
        """Finds `plan`, `plan@2` or `deliverable[2]@1`; the latest version where none is named."""
        key, at, number = text.partition("@")
        found = self.versions.get(key, [])
        if not at:
            return found[-1] if found else None
        return next((made for made in found if str(made.number) == number.removeprefix("v")), None)

    def maker(self, made: Made) -> Deed | None:
        """Gives the deed that made a version."""
        return next((deed for deed in self.deeds if made in deed.made), None)

    def users(self, made: Made) -> list[Deed]:
        """Lists the deeds that used a version."""
        return [deed for deed in self.deeds if made in deed.used]


def lineage(moments: Iterable[Moment]) -> Lineage:
    """Reads the graph off a case's moments."""
    graph = Lineage([], {})
    reads: dict[tuple[str, str], Read] = {}
    for moment in moments:
        graph.case, graph.parent = moment.after.case, moment.after.parent
        names = renamed(moment.entries[0])
        if names:
            graph.versions = {as_named(names, key): made for key, made in graph.versions.items()}
        program = prepare(moment.definition)
        _read(moment, program, reads)
        for deed in _deeds(moment, graph, program, {new: old for old, new in names.items()}):
            deed.sure = moment.sure
            deed.reads = tuple(read for (node, _), read in reads.items() if node == deed.node)
            graph.deeds.append(deed)
        for node in moment.after.nodes.values() if program.runs else ():
            if node.element in program.runs and node is not moment.before.nodes.get(node.key):
                graph.runs[node.key] = _used(graph, moment.after, node, program)
    return graph


def _read(moment: Moment, program: Program, known: dict[tuple[str, str], Read]) -> None:
    """Notes what elements read of other cases, by element and link; what they know already is not told again."""
    for sealed in moment.entries:
        told, node = sealed.entry.told, sealed.entry.node
        if isinstance(told, Linked):
            for key in [key for key in known if key[1] == told.link]:
                del known[key]
        elif isinstance(told, LookedUp) and told.process and node is not None:
            element = program.plans[name_of(node)].element
            for row in told.rows:
                records = records_read(program, element, told.register)
                known[node, told.register] = Read(told.register, row["key"], row["version"], records)


def _deeds(moment: Moment, graph: Lineage, program: Program, earlier_names: Mapping[str, str]) -> Iterator[Deed]:
    """Yields the deeds of a moment; `earlier_names`: how what it has given another name was called before it."""
    before, after = moment.before, moment.after
    amended = moment.command.verb == "amend"
    fresh: dict[str | None, list[Made]] = {}
    earlier: list[Made] = []
    for key, version in after.versions.items():
        old = before.versions.get(as_named(earlier_names, key))
        if old is None or (old.number, old.digest) != (version.number, version.digest):
            made = Made(key, version.number, version.digest, version.value)
            earlier += graph.versions.get(key, [])[-1:]
            # an amendment leaves the writing element alone, but it is not that element's deed
            fresh.setdefault(None if amended else version.node, []).append(made)
            graph.versions.setdefault(key, []).append(made)
    for node in after.nodes.values():
        was = before.nodes.get(as_named(earlier_names, node.key))
        if node is not was and _finished(was, node):
            deed = _told(moment, node.key)
            deed.used = _used(graph, after, node, program)
            deed.made = fresh.pop(node.key, [])
            deed.confirmed = node.confirmations
            yield deed
    for writer, made_here in fresh.items():
        deed = _told(moment, writer)
        deed.made = made_here
        deed.used = earlier if amended else []
        yield deed


def _rests_on(state: CaseState, node: Node, program: Program) -> tuple[tuple[str, str], ...]:
    """Gives what a node used and, inside a `for each`, the list that it is an instance of."""
    name, path = parse_key(node.key)
    used = dict(node.used)
    for depth, loop in enumerate(program.plans[name].loops[: len(path)]):
        group = state.nodes.get(key_of(loop, path[:depth]))
        used.update(group.used if group is not None and group.key != node.key else ())
    return tuple(used.items())


def _used(graph: Lineage, state: CaseState, node: Node, program: Program) -> list[Made]:
    return [made for key, digest in _rests_on(state, node, program) for made in _resolved(graph, key, digest)]


def _finished(was: Node | None, node: Node) -> bool:
    """Tells whether this step finished or decided the node: not what was only restored."""
    if node.state not in CONCLUDED:
        return False
    return was is None or was.state not in CONCLUDED | STALLED or node.ended_at != was.ended_at


def _told(moment: Moment, node: str | None) -> Deed:
    """Finds the entry that tells of a deed on a node; the step's first entry where none does."""
    # what is nobody's element (an amendment, a start) is told by the command's own entry
    first = moment.entries[0]
    own = (r for r in moment.entries if node is not None and r.entry.node == node)
    found = next((r for r in own if isinstance(r.entry.told, _DEEDS)), first)
    entry, told, command = found.entry, found.entry.told, moment.command
    deed = Deed(found.seq, entry.kind, node, entry.actor, entry.at, entry.reason or first.entry.reason)
    if isinstance(told, Answered) and told.case is not None and node is not None:
        link = amended_by(prepare(moment.definition), name_of(node))
        deed.wrote = There(told.case, link.process, link.name, told.entry)
    if node is None and isinstance(command, Amend) and command.source is not None:
        process, case, there = command.source
        deed.asked = There(case, process, node=there)
    return deed


def _resolved(graph: Lineage, key: str, digest: str) -> list[Made]:
    """Gives the versions that a `used` pair means: one by its digest, or the latest of each instance for a list."""
    if key in graph.versions:
        same = [made for made in graph.versions[key] if made.digest == digest]
        return same[-1:]
    return [found[-1] for name, found in graph.versions.items() if covers(key, name)]
