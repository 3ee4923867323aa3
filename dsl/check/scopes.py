"""What the names of a process stand for: the tables that resolving fills and every later pass reads.

It knows declarations and where they stand, not what expressions mean or how work flows. A process's own
declarations and those its file and the files it uses share are one scope. Elements, records, parameters, ledgers and
service-level clocks share one namespace, because expressions see them side by side; roles, calendars, KPIs and
processes have their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any, TypeVar

from msgspec import Struct, field

from charter.dsl.check.catalogues import Table
from charter.dsl.diagnostic import Span
from charter.dsl.text import tree as t
from charter.engine.definition import Clause
from charter.engine.feel.own import is_spoken

BUILT_IN_TYPES = frozenset(
    {
        "text",
        "number",
        "integer",
        "money",
        "percent",
        "boolean",
        "date",
        "time",
        "datetime",
        "duration",
        "period",
        "person",
        "file",
        "choice",
        "list",
    }
)

# The trail and the roles of the organisation itself go by this word where others name a process.
ORGANISATION = "organisation"
# What an expression could not tell from its own words or from the names the engine puts into every scope.
RESERVED = frozenset(
    {
        "case",
        "cases",
        "process",
        "if",
        "then",
        "else",
        "for",
        "in",
        "return",
        "some",
        "every",
        "satisfies",
        "and",
        "or",
        "between",
        "instance",
        "true",
        "false",
        "null",
        "function",
        "external",
    }
)


def is_reserved(name: str) -> bool:
    """Tells whether expressions could not tell a name from their own words, or from `三天` or `五百元`."""
    return name in RESERVED or is_spoken(name)


LineT = TypeVar("LineT", bound=t.Line)


class Symbol(Struct, frozen=True):
    """A declaration: `kind` is a word of the message tables (role, record, parameter, calendar, process, kpi)."""

    kind: str
    name: str
    node: Any
    file: str

    @property
    def span(self) -> Span:
        span: Span = self.node.name.span
        return span


class Part(Struct, eq=False):
    """An element with its lines by class and its neighbours. `number` counts parts in document order."""

    node: t.Element
    name: str
    kind: str
    number: int
    parent: Part | None = None
    children: list[Part] = field(default_factory=list)
    lines: dict[type, list[Any]] = field(default_factory=dict)
    inputs: tuple[t.Name, ...] = ()
    outputs: tuple[t.Name, ...] = ()
    of: t.Name | None = None

    def every_line(self) -> Iterator[Any]:
        return chain.from_iterable(self.lines.values())

    def all(self, kind: type[LineT]) -> list[LineT]:
        return self.lines.get(kind, [])

    def one(self, kind: type[LineT]) -> LineT | None:
        found = self.lines.get(kind)
        return found[0] if found else None

    def measure(self, kind: str) -> t.Measure | None:
        return next((m for m in self.all(t.Measure) if m.kind == kind), None)

    def ancestors(self) -> Iterator[Part]:
        part = self.parent
        while part is not None:
            yield part
            part = part.parent

    @property
    def instances(self) -> tuple[Part, ...]:
        """The `for each` elements around this one and itself, outermost first: the index path of what it writes."""
        around = [p for p in (self, *self.ancestors()) if t.ForEach in p.lines]
        return tuple(reversed(around))


class Shared(Struct, eq=False):
    """What a file and the files it uses declare for all their processes."""

    roles: dict[str, Symbol] = field(default_factory=dict)
    records: dict[str, Symbol] = field(default_factory=dict)
    parameters: dict[str, Symbol] = field(default_factory=dict)
    calendars: dict[str, Symbol] = field(default_factory=dict)
    decisions: dict[str, Symbol] = field(default_factory=dict)
    registers: dict[str, Symbol] = field(default_factory=dict)
    choices: dict[str, Symbol] = field(default_factory=dict)
    processes: dict[str, Symbol] = field(default_factory=dict)
    catalogues: dict[str, Symbol] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)  # of those catalogues that can be read, by name
    separations: list[tuple[t.Separation, str]] = field(default_factory=list)


class ProcessScope(Struct, eq=False):
    """Everything one process names. `producers`, `consumers` and `approvals` are by record.

    Of what is shared only that is adopted which the process really names, so that a role added to a shared file
    does not make another process of every process.
    """

    node: t.Process
    file: str
    shared: Shared
    header: dict[type, list[Any]] = field(default_factory=dict)
    roles: dict[str, Symbol] = field(default_factory=dict)
    records: dict[str, Symbol] = field(default_factory=dict)
    parameters: dict[str, Symbol] = field(default_factory=dict)
    calendars: dict[str, Symbol] = field(default_factory=dict)
    kpis: dict[str, Symbol] = field(default_factory=dict)
    slas: dict[str, Symbol] = field(default_factory=dict)
    clocked: dict[str, Part] = field(default_factory=dict)  # the elements in which service-level clocks stand
    rules: dict[str, Symbol] = field(default_factory=dict)
    ledgers: dict[str, Symbol] = field(default_factory=dict)
    queues: dict[str, Symbol] = field(default_factory=dict)  # by their roles
    counters: dict[str, Symbol] = field(default_factory=dict)  # their counts are among the registers
    reports: dict[str, Symbol] = field(default_factory=dict)
    decisions: dict[str, Symbol] = field(default_factory=dict)
    registers: dict[str, Symbol] = field(default_factory=dict)
    links: dict[str, Symbol] = field(default_factory=dict)
    peers: dict[int, ProcessScope] = field(default_factory=dict)  # every process in reach, by the id of its node
    elements: dict[str, Part] = field(default_factory=dict)
    separations: list[tuple[t.Separation, str]] = field(default_factory=list)  # of two elements each
    orders: list[tuple[Part | None, t.Ordering]] = field(default_factory=list)
    producers: dict[str, list[Part]] = field(default_factory=dict)
    consumers: dict[str, list[Part]] = field(default_factory=dict)
    approvals: dict[str, list[Part]] = field(default_factory=dict)
    inputs: dict[str, t.Name] = field(default_factory=dict)
    outputs: dict[str, t.Name] = field(default_factory=dict)
    used_roles: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    idle: set[tuple[str, str]] = field(default_factory=set)  # (kind, name) of declarations that nothing uses
    types: dict[str, Any] = field(default_factory=dict)
    # By (element, record): the approvals that must have granted what the element takes. Filled by the flow pass.
    granted: dict[tuple[str, str], tuple[Part, ...]] = field(default_factory=dict)
    # Bindings (element, other) whose element comes first: there it is the other that must find the same person.
    turned: set[tuple[str, str]] = field(default_factory=set)
    # Made when first asked for: records by the names of their fields, fields by record, who decides by a table.
    _owners: dict[str, list[str]] = field(default_factory=dict)
    _fields: dict[str, dict[str, t.Field]] = field(default_factory=dict)
    _holders: tuple[int, dict[str, set[str]]] = field(default_factory=lambda: (0, {}))
    _deciders: dict[str, list[tuple[Part, t.Work]]] | None = None

    @property
    def name(self) -> str:
        return self.node.name.text

    @property
    def top(self) -> list[Part]:
        return [p for p in self.elements.values() if p.parent is None]

    def element(self, path: str) -> Part | None:
        """Finds an element by name or by a path whose earlier names are phases around it."""
        *around, name = path.split(".")
        part = self.elements.get(name)
        if part is None or not around:
            return part
        outside = {p.name for p in part.ancestors()}
        return part if outside.issuperset(around) else None

    def role(self, name: str) -> Symbol | None:
        return _adopt(name, self.roles, self.shared.roles)

    def record(self, name: str) -> Symbol | None:
        return _adopt(name, self.records, self.shared.records)

    def parameter(self, name: str) -> Symbol | None:
        return _adopt(name, self.parameters, self.shared.parameters)

    def calendar(self, name: str) -> Symbol | None:
        return _adopt(name, self.calendars, self.shared.calendars)

    def decision(self, name: str) -> Symbol | None:
        return _adopt(name, self.decisions, self.shared.decisions)

    def register(self, name: str) -> Symbol | None:
        return _adopt(name, self.registers, self.shared.registers)

    def other(self, link: Symbol) -> ProcessScope | None:
        """Gives the process whose case a link names, None where there is none or it cannot be read."""
        symbol = self.shared.processes.get(link.node.process.text)
        return None if symbol is None else self.peers.get(id(symbol.node))

    def owners(self, field_name: str) -> list[str]:
        """The records that there are in a case and that have a field of this name."""
        if not self._owners:
            for record, symbol in self.records.items():
                if record not in self.producers and record not in self.inputs:
                    continue  # a part of others
                for name in {line.name.text for line in symbol.node.fields}:
                    self._owners.setdefault(name, []).append(record)
        return self._owners.get(field_name, [])

    def field_of(self, record: str, name: str) -> t.Field | None:
        """Finds a field of a declared record."""
        known = self._fields.get(record)
        if known is None:
            symbol = self.record(record)
            fields = symbol.node.fields if symbol is not None else ()
            known = self._fields[record] = {line.name.text: line for line in reversed(fields)}
        return known.get(name)

    def deciders(self, table: str) -> list[tuple[Part, t.Work]]:
        """The elements that decide by a table, with their lines."""
        if self._deciders is None:
            self._deciders = {}
            for part in self.elements.values():
                for line in part.all(t.Work):
                    if line.kind == "decide":
                        self._deciders.setdefault(line.target.text, []).append((part, line))
        return self._deciders.get(table, [])

    def clause(self, id: str) -> dict[str, Clause]:
        """Finds a clause in the rule books in reach, by the name of each; a book of two names goes by the first."""
        found: dict[str, Clause] = {}
        seen: list[Table] = []
        for name, table in self.shared.tables.items():
            if id in table.clauses and not any(table is other for other in seen):
                seen.append(table)
                found[name] = table.clauses[id]
        return found

    def is_record(self, name: str) -> bool:
        """Whether a name stands for a record: declared, written by an element, or given to the process."""
        return self.record(name) is not None or name in self.producers or name in self.inputs

    def has(self, name: str) -> bool:
        """Whether its cases have something by this name: an element, a record, a parameter or a clock."""
        places = (self.elements, self.producers, self.inputs, self.parameters, self.slas, self.links)
        return any(name in place for place in places)

    def written_in(self, record: str) -> tuple[Part, ...] | None:
        """The `for each` elements inside which a record is written, outermost first; None when nothing writes it."""
        producers = self.producers.get(record)
        return producers[0].instances if producers else None

    def _held(self) -> dict[str, set[str]]:
        """Names the records whose fields are of a record, by its name."""
        count, found = self._holders
        if count != len(self.records):  # more has been adopted
            found = {}
            for name, symbol in self.records.items():
                for line in symbol.node.fields:
                    found.setdefault(line.type.innermost.name, set()).add(name)
            self._holders = len(self.records), found
        return found

    def writers(self, record: str) -> list[Part | None]:
        """Gives an element for each place where a record, or one that holds it, is written; None: outside of lists."""
        around, found, left = {record}, dict[tuple[str, ...], Part | None](), [record]
        holders = self._held()
        while left:
            more = holders.get(left.pop(), set()) - around
            around |= more
            left += more
        for part in (part for name in around for part in self.producers.get(name, ())):
            found.setdefault(tuple(each.name for each in part.instances), part)
        if not found or not around.isdisjoint(self.inputs):
            found[()] = None
        return list(found.values())

    def kind_of(self, name: str) -> str | None:
        """The kind of thing a name stands for in any namespace, as a word of the message tables."""
        part = self.elements.get(name)
        if part is not None:
            return part.kind
        for kind, table, shared in (
            ("record", self.records, self.shared.records),
            ("parameter", self.parameters, self.shared.parameters),
            ("role", self.roles, self.shared.roles),
            ("kpi", self.kpis, {}),
            ("sla", self.slas, {}),
            ("rule", self.rules, {}),
            ("ledger", self.ledgers, {}),
            ("counter", self.counters, {}),
            ("report", self.reports, {}),
            ("link", self.links, {}),
            ("calendar", self.calendars, self.shared.calendars),
            ("decision", self.decisions, self.shared.decisions),
            ("register", self.registers, self.shared.registers),
            ("process", {}, self.shared.processes),
        ):
            if name in table or name in shared:
                return kind
        return "record" if name in self.producers or name in self.inputs else None


def named_calendars(scope: ProcessScope) -> dict[str, None]:
    """Names the calendars that elements and service-level clocks count by, in the order in which they do."""
    lines = [line for part in scope.elements.values() for line in part.all(t.OnCalendar)]
    lines += [line for symbol in scope.slas.values() for line in symbol.node.body if isinstance(line, t.OnCalendar)]
    return dict.fromkeys(line.calendar.text for line in lines)


def _adopt(name: str, own: dict[str, Symbol], shared: dict[str, Symbol]) -> Symbol | None:
    symbol = own.get(name)
    if symbol is None:
        symbol = shared.get(name)
        if symbol is not None:
            own[name] = symbol
    return symbol


def own(scope: ProcessScope, table: str) -> dict[str, Symbol]:
    """Gives what a process declares itself, and does not take from what its file shares."""
    shared: dict[str, Symbol] = getattr(scope.shared, table, {})
    return {name: symbol for name, symbol in getattr(scope, table).items() if shared.get(name) is not symbol}
