"""The cases of a process for figures over them: of each case what is asked for, read for all cases together.

A figure reads few elements and records of many cases. The first question about one brings its rows of every case by
index, and nothing else is read or parsed. Reads while its connection's transaction is open; changes nothing. Invariant:
a case looks like its `CaseState` to whoever asks (a test compares figures over both).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, select

from charter.engine.keys import name_of
from charter.engine.state import Node, Version, books_of, clocks_of, node_of, signals_of, version_of
from charter.runtime.store import tables as t

_T = TypeVar("_T")
_c, _n, _v = t.cases.c, t.nodes.c, t.contents.c
# case -> key -> what is in the state's table under it
_Rows = dict[str, dict[str, _T]]


class Member:
    """One case; a `scope.View`."""

    __slots__ = (
        "_population",
        "books",
        "called",
        "case",
        "clocks",
        "closed_at",
        "drill",
        "links",
        "nodes",
        "number",
        "opened_at",
        "opened_by",
        "parameters",
        "reason",
        "rounds",
        "signals",
        "status",
        "version",
        "versions",
    )

    def __init__(self, population: Population, row: tuple[Any, ...]) -> None:
        self.case: str
        self.case, self.number, self.status, self.opened_at, self.closed_at, self.opened_by, state, digest = row
        rest = json.loads(state)
        self.reason: str | None = rest.get("reason")
        self.called: str = rest.get("called", "")
        self.parameters = tuple((name, value) for name, value in rest.get("parameters", ()))
        self.signals, self.rounds = signals_of(rest), tuple(rest.get("rounds", ()))
        self.drill, self.links = False, ()  # what figures count is no drill, and their formulas read no other case
        self.version = population.numbers[digest]
        self.clocks, self.books = clocks_of(rest), books_of(rest)
        self._population = population
        self.nodes: Mapping[str, Node] = _Table(self.case, population.nodes, population.elements)
        self.versions: Mapping[str, Version] = _Table(self.case, population.versions, population.records)

    def dated(self) -> Iterable[Node]:
        """Gives the nodes that have a due date."""
        return self._population.dated().get(self.case, {}).values()


class _Table(Mapping[str, _T]):
    """A table of one case's state, of which only what is asked for is read."""

    __slots__ = ("_case", "_named", "_names")

    def __init__(self, case: str, named: Callable[[str], _Rows[_T]], names: Callable[[], list[str]]) -> None:
        self._case = case
        self._named = named
        self._names = names

    def __getitem__(self, key: str) -> _T:
        return self._named(name_of(key))[self._case][key]

    def __iter__(self) -> Iterator[str]:
        for name in self._names():
            yield from self._named(name).get(self._case, ())

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Population:
    """All cases of a process but drills; iterates from the oldest to the newest."""

    def __init__(self, connection: Connection, process: str) -> None:
        self._connection = connection
        self._process = process
        self._read: dict[object, Any] = {}
        columns = (_c.id, _c.number, _c.status, _c.opened_at, _c.closed_at, _c.opened_by, _c.state, _c.definition)
        versions = select(t.definitions.c.digest, t.definitions.c.version).where(t.definitions.c.process == process)
        self.numbers = dict(map(tuple[str, str], connection.execute(versions)))
        rows = connection.execute(select(*columns).where(_c.process == process).order_by(_c.number))
        self.cases = {row[0]: Member(self, tuple(row)) for row in rows if not json.loads(row[6]).get("drill")}

    def nodes(self, element: str) -> _Rows[Node]:
        """Gives the nodes of an element in all cases."""
        return self._once(("nodes", element), lambda: self._rows(t.nodes, "node", _n.element == element, node_of))

    def dated(self) -> _Rows[Node]:
        """Gives the nodes that have a due date in all cases."""
        return self._once("dated", lambda: self._rows(t.nodes, "node", _n.due.is_not(None), node_of))

    def versions(self, record: str) -> _Rows[Version]:
        """Gives the current versions of a record in all cases."""
        wanted = _v.record == record
        return self._once(("versions", record), lambda: self._rows(t.contents, "version", wanted, version_of))

    def elements(self) -> list[str]:
        """Names the elements that there are nodes of."""
        return self._once("elements", lambda: self._names(_n.element, _n.case))

    def records(self) -> list[str]:
        """Names the records that there are versions of."""
        return self._once("records", lambda: self._names(_v.record, _v.case))

    def _once(self, what: object, read: Callable[[], _T]) -> _T:
        if what not in self._read:
            self._read[what] = read()
        found: _T = self._read[what]
        return found

    def _rows(self, table: Table, key: str, wanted: ColumnElement[bool], build: Callable[[Any], _T]) -> _Rows[_T]:
        query = select(table.c.case, table.c[key], table.c.body).join(t.cases, _c.id == table.c.case)
        query = query.where(_c.process == self._process, wanted).order_by(table.c.place)
        found: _Rows[_T] = {}
        for case, at, body in self._connection.execute(query):
            found.setdefault(case, {})[at] = build(json.loads(body))
        return found

    def _names(self, name: ColumnElement[str], case: ColumnElement[str]) -> list[str]:
        query = select(name).distinct().join(t.cases, _c.id == case).where(_c.process == self._process).order_by(name)
        return list(self._connection.execute(query).scalars())
