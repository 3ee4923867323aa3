"""Where a record version came from, and what came of it: the graph of versions and the deeds between them.

A deed is one piece of work finished or decided (or an amendment, or a start): it used versions and made versions. The
graph is read off the case's moments, so it says what the engine knew then. Invariant: every version is made by exactly
one deed; what a deed used was made before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from charter.engine.entries.cases import Answered, Completed, Decided, Granted, Reached, Rejected
from charter.engine.keys import covers, key_of, parse_key
from charter.engine.machines import CONCLUDED, STALLED
from charter.engine.plan.program import Program, prepare
from charter.engine.state import CaseState, Confirmation, Node
from charter.runtime.audit.asof import Moment, as_named, renamed
from charter.runtime.clock import iso

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


class Deed(Struct, eq=False):
    """What somebody did: `kind` is the entry's word (completed, granted, amended, started …), `seq` that entry.

    `sure`: the trail proves it (`asof.Moment`).
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


class Lineage(Struct):
    """The graph of one case."""

    deeds: list[Deed]
    versions: dict[str, list[Made]]

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
    for moment in moments:
        names = renamed(moment.entries[0])
        if names:
            graph.versions = {as_named(names, key): made for key, made in graph.versions.items()}
        for deed in _deeds(moment, graph, prepare(moment.definition), {new: old for old, new in names.items()}):
            deed.sure = moment.sure
            graph.deeds.append(deed)
    return graph


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
            rests_on = _rests_on(after, node, program)
            deed.used = [made for key, digest in rests_on for made in _resolved(graph, key, digest)]
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
    told = found.entry
    return Deed(found.seq, told.kind, node, told.actor, told.at, told.reason or first.entry.reason)


def _resolved(graph: Lineage, key: str, digest: str) -> list[Made]:
    """Gives the versions that a `used` pair means: one by its digest, or the latest of each instance for a list."""
    if key in graph.versions:
        same = [made for made in graph.versions[key] if made.digest == digest]
        return same[-1:]
    return [found[-1] for name, found in graph.versions.items() if covers(key, name)]


def upward(graph: Lineage, made: Made, seen: set[str] | None = None) -> dict[str, Any]:
    """Gives where a version came from as a tree: its deed, what that used, and so on; a repeated one once."""
    seen = set() if seen is None else seen
    deed = graph.maker(made)
    known = made.name in seen
    seen.add(made.name)
    return {
        **_made_json(made),
        "repeated": known,
        "deed": _deed_json(deed),
        "from": [] if deed is None or known else [upward(graph, used, seen) for used in deed.used],
    }


def downward(graph: Lineage, made: Made, seen: set[str] | None = None) -> list[dict[str, Any]]:
    """Gives what came of a version as a tree: the deeds that used it, the versions they made, and so on."""
    seen = set() if seen is None else seen
    out = []
    for deed in graph.users(made):
        below = []
        for further in deed.made:
            known = further.name in seen
            seen.add(further.name)
            came = [] if known else downward(graph, further, seen)
            below.append({**_made_json(further), "repeated": known, "came": came})
        out.append({"deed": _deed_json(deed), "made": below})
    return out


def _made_json(made: Made) -> dict[str, Any]:
    return {"record": made.key, "record_version": made.number, "digest": made.digest}


def _deed_json(deed: Deed | None) -> dict[str, Any] | None:
    if deed is None:
        return None
    return {
        "seq": deed.seq,
        "kind": deed.kind,
        "element": deed.node,
        "by": deed.person,
        "at": iso(deed.at),
        "reason": deed.reason,
        "sure": deed.sure,
    }
