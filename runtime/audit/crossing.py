"""Lineage over the border of a case: from what was read or amended in another one, and to what came of it there.

Knows neither a database nor whose eyes it looks with: `Web` says which cases may be read, and through which links. What
lies in a case that may not be read, or behind a link that tells of more than may be read, is said to be withheld where
the case itself tells of it, and not mentioned where only the other one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from charter.engine.keys import name_of
from charter.engine.reading import WITHHELD
from charter.runtime.audit.lineage import Deed, Lineage, Made, Read, There
from charter.runtime.clock import iso


class Web:
    """The graphs of cases that are about one another, each read once.

    `graph`: of a case, None where it may not be read; `about`: the cases that are or were about one; `run`: the case
    that an element of a case runs; `may`: whether what a case reads through a link may be told.
    """

    def __init__(
        self,
        graph: Callable[[str], Lineage | None],
        about: Callable[[str], Iterable[str]],
        run: Callable[[str, str], str | None],
        may: Callable[[str, str], bool],
    ) -> None:
        self._graph = graph
        self._about = about
        self._run = run
        self._may = may
        self._graphs: dict[str, Lineage | None] = {}

    def of(self, case: str) -> Lineage | None:
        """Gives the graph of a case."""
        if case not in self._graphs:
            self._graphs[case] = self._graph(case)
        return self._graphs[case]

    def upward(self, graph: Lineage, made: Made, seen: set[tuple[str, str]] | None = None) -> dict[str, Any]:
        """Gives where a version came from as a tree: its deed, what that used, and so on; a repeated one once."""
        seen = set() if seen is None else seen
        deed = graph.maker(made)
        known = (graph.case, made.name) in seen
        seen.add((graph.case, made.name))
        came: list[dict[str, Any]] = []
        if deed is not None and not known:
            came = [self.upward(graph, used, seen) for used in deed.used]
            rests = [pair for pair in self._rests(graph, deed) if pair[0] is not graph or pair[1] not in deed.used]
            came += [self._over(graph, other, used, seen) for other, used in rests]
        return {**_made_json(made), "repeated": known, "deed": self._deed(graph, deed), "from": came}

    def _over(self, graph: Lineage, other: Lineage | None, used: Made | None, seen: Any) -> dict[str, Any]:
        if other is None or used is None:
            return {"case": WITHHELD, "repeated": False, "deed": None, "from": []}
        told = self.upward(other, used, seen)
        return told if other is graph else {"case": other.case, **told}

    def _rests(self, graph: Lineage, deed: Deed) -> Iterator[tuple[Lineage | None, Made | None]]:
        """Yields what of other cases a deed rests on: what it read there, and what an amendment from there used."""
        for read in deed.reads:
            other = self.of(read.case) if self._may(graph.case, read.link) else None
            if other is None:
                yield None, None
                continue
            yield from ((other, made) for record in read.records for made in _as_it_stood(other, record, read))
        if deed.asked is not None:
            other, asking = self._asking(graph, deed, deed.asked)
            if other is None:
                yield None, None
            elif asking is not None:
                yield from ((other, used) for used in asking.used)
                yield from self._rests(other, asking)

        yield from self._of_runs(graph, deed)

    def _of_runs(self, graph: Lineage, deed: Deed) -> Iterator[tuple[Lineage | None, Made | None]]:
        """Yields what a case was given by the one that runs it, or gave to that when it was over."""
        if deed.node in graph.runs and deed.made:
            child = self._child(graph, deed.node)
            yield from ((child, None if child is None else _last(child, made.key)) for made in deed.made)
        if graph.parent is not None and deed is graph.deeds[0] and deed.made:
            parent, node = self.of(graph.parent[0]), graph.parent[1]
            known = parent is not None and self._child(parent, node) is graph
            yield from ((parent, made) for made in (parent.runs.get(node, ()) if parent is not None and known else ()))
            if parent is None:
                yield None, None

    def _child(self, graph: Lineage, node: str) -> Lineage | None:
        """Gives the graph of the case that an element runs, the latest where it ran several."""
        child = self._run(graph.case, node)
        return None if child is None else self.of(child)

    def _asking(self, graph: Lineage, deed: Deed, asked: There) -> tuple[Lineage | None, Deed | None]:
        """Finds the deed of another case by which a record was amended here."""
        other = self.of(asked.case)
        found = (each for each in (other.deeds if other is not None else ()) if each.wrote is not None)
        for each in found:
            assert each.wrote is not None and other is not None
            if (each.wrote.case, each.wrote.seq) == (graph.case, deed.seq):
                return (other, each) if self._may(other.case, each.wrote.link or "") else (None, None)
        return other, None

    def downward(self, graph: Lineage, made: Made, seen: set[tuple[str, str]] | None = None) -> list[dict[str, Any]]:
        """Gives what came of a version as a tree: the deeds that used it, the versions they made, and so on."""
        seen = set() if seen is None else seen
        out = [self._came(graph, deed, seen) for deed in graph.users(made)]
        for case in self._about(graph.case):
            other = self.of(case)
            for deed in other.deeds if other is not None else ():
                read = any(
                    self._may(case, r.link) and made in _as_it_stood(graph, record, r)
                    for r in deed.reads
                    if r.case == graph.case
                    for record in r.records
                )
                if read and other is not None:
                    out.append({"case": case, **self._came(other, deed, seen)})
        for node in (node for node, used in graph.runs.items() if made in used):
            child = self._child(graph, node)
            if child is not None and child.deeds and child.deeds[0].made:
                out.append({"case": child.case, **self._came(child, child.deeds[0], seen)})
        return [*out, *self._handed_up(graph, made, seen)]

    def _handed_up(self, graph: Lineage, made: Made, seen: set[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        """Yields what the case that ran this one made of a version that it was given as a result."""
        parent = None if graph.parent is None else self.of(graph.parent[0])
        if parent is None or graph.parent is None or self._child(parent, graph.parent[1]) is not graph:
            return
        for deed in parent.deeds:
            mine = [one for one in deed.made if deed.node == graph.parent[1] and _last(graph, one.key) is made]
            if mine:
                yield {"case": parent.case, **self._came(parent, deed, seen, mine)}

    def _came(
        self, graph: Lineage, deed: Deed, seen: set[tuple[str, str]], alone: Sequence[Made] | None = None
    ) -> dict[str, Any]:
        """Gives what a deed made, `alone` these of it, and what came of that."""
        below = []
        made_here = deed.made if alone is None else alone
        further: list[tuple[Lineage | None, Made | None]] = [(graph, made) for made in made_here]
        if deed.wrote is not None:
            other = self.of(deed.wrote.case) if self._may(graph.case, deed.wrote.link or "") else None
            written = None if other is None else next((d for d in other.deeds if d.seq == deed.wrote.seq), None)
            further += [(other, made) for made in written.made] if written is not None else []
            further += [(None, None)] if other is None else []
        for other, made in further:
            if other is None or made is None:
                below.append({"case": WITHHELD, "repeated": False, "came": []})
                continue
            known = (other.case, made.name) in seen
            seen.add((other.case, made.name))
            came = [] if known else self.downward(other, made, seen)
            there = {} if other is graph else {"case": other.case}
            below.append({**there, **_made_json(made), "repeated": known, "came": came})
        return {"deed": self._deed(graph, deed), "made": below}

    def _deed(self, graph: Lineage, deed: Deed | None) -> dict[str, Any] | None:
        if deed is None:
            return None
        told = {
            "seq": deed.seq,
            "kind": deed.kind,
            "element": deed.node,
            "by": deed.person,
            "at": iso(deed.at),
            "reason": deed.reason,
            "sure": deed.sure,
        }
        if deed.asked is not None:
            other, asking = self._asking(graph, deed, deed.asked)
            case = WITHHELD if other is None else other.case
            told["asked_by"] = {"case": case, "deed": None if other is None else self._deed(other, asking)}
            told["reason"] = None if other is None else deed.reason  # which names the case
        return told


def alone() -> Web:
    """Gives the web of a case whose neighbours nobody asks about."""
    return Web(lambda case: None, lambda case: (), lambda case, node: None, lambda case, link: False)


def _as_it_stood(graph: Lineage, record: str, read: Read) -> Iterator[Made]:
    """Yields the version of a record that was there when its case had come as far as was read; of a list, of each."""
    for key, found in graph.versions.items():
        if name_of(key) == record:
            before = [made for made in found if (deed := graph.maker(made)) is not None and deed.seq <= read.entry]
            yield from before[-1:]


def _last(graph: Lineage, key: str) -> Made | None:
    found = graph.versions.get(name_of(key))
    return found[-1] if found else None


def _made_json(made: Made) -> dict[str, Any]:
    return {"record": made.key, "record_version": made.number, "digest": made.digest}
