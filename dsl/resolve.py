"""Gives every name of a process its meaning: declarations into tables, clauses onto elements, uses to declarations.

It does not look into expressions and does not ask whether work can flow; it asks whether each name exists, is of
the right kind, is declared once, and whether each clause may stand where it stands. Names inside the clauses of
elements are checked by `clauses.py`. Invariant: without an error here, every name outside expressions is known.
"""

from __future__ import annotations

from . import tree as t
from .clauses import check_clauses
from .diagnostic import Place
from .findings import Findings
from .scopes import BUILT_IN_TYPES, RESERVED, Part, ProcessScope, Shared, Symbol

LIMITS = {"elements": 20_000, "nesting": 40, "names": 1_000}

# Header clauses that may be written once.
_ONCE = {t.Version: "version", t.Goal: "goal", t.Owner: "owner", t.Customer: "customer", t.CalendarUse: "calendar"}


def resolve(process: t.Process, file: str, shared: Shared, findings: Findings) -> ProcessScope:
    """Gives the scope of a process; what is wrong with its names goes into `findings`."""
    scope = ProcessScope(process, file, shared)
    _Declarations(scope, findings).read()
    check_clauses(scope, findings)
    return scope


class _Declarations:
    """Reads the body of a process into the tables of its scope."""

    def __init__(self, scope: ProcessScope, findings: Findings) -> None:
        self.scope = scope
        self.findings = findings
        self.elements = 0

    def read(self) -> None:
        scope = self.scope
        for line in scope.node.body:
            self._item(line)
        for kind, word in _ONCE.items():
            for extra in scope.header.get(kind, [])[1:]:
                self.findings.add("CH213", extra.span, clause=word, element=scope.name)
        if self.elements > LIMITS["elements"]:
            self.findings.add(
                "CH220", scope.node.name.span, what="elements", count=self.elements, limit=LIMITS["elements"]
            )
        for inputs in scope.header.get(t.Input, []):
            scope.inputs.update((n.text, n) for n in inputs.names)
        for outputs in scope.header.get(t.Output, []):
            scope.outputs.update((n.text, n) for n in outputs.names)
        for separation, file in scope.shared.separations:
            # A shared rule binds those processes that have both of its elements.
            if scope.element(separation.element.text) and scope.element(separation.other.text):
                scope.separations.append((separation, file))

    def _item(self, line: t.Line) -> None:
        scope = self.scope
        match line:
            case t.Element():
                self._element(line, None, 1)
            case t.Role():
                self._declare(scope.roles, scope.shared.roles, "role", line)
            case t.Record():
                if self._alone("record", line.name):
                    scope.records[line.name.text] = Symbol("record", line.name.text, line, scope.file)
                check_fields(line, scope.file, self.findings)
            case t.Parameter():
                if self._alone("parameter", line.name):
                    scope.parameters[line.name.text] = Symbol("parameter", line.name.text, line, scope.file)
            case t.Calendar():
                self._declare(scope.calendars, scope.shared.calendars, "calendar", line)
            case t.Kpi():
                self._declare(scope.kpis, {}, "kpi", line)
            case t.Separation():
                scope.separations.append((line, scope.file))
            case t.Ordering():
                scope.orders.append((None, line))
            case _:
                scope.header.setdefault(type(line), []).append(line)

    def _declare(
        self, table: dict[str, Symbol], shared: dict[str, Symbol], kind: str, line: t.Role | t.Calendar | t.Kpi
    ) -> None:
        name = line.name.text
        earlier = table.get(name) or shared.get(name)
        if earlier is not None:
            self._duplicate(line.name, kind, earlier)
        else:
            table[name] = Symbol(kind, name, line, self.scope.file)

    def _alone(self, kind: str, name: t.Name) -> bool:
        """Whether a name is free in the namespace of elements, records and parameters; reports it when not."""
        scope, text = self.scope, name.text
        if text in RESERVED:
            self.findings.add("CH216", name.span, name=text)
            return False
        part = scope.elements.get(text)
        earlier: Symbol | None = (
            Symbol(part.kind, text, part.node, scope.file)
            if part
            else scope.records.get(text)
            or scope.parameters.get(text)
            or scope.shared.records.get(text)
            or scope.shared.parameters.get(text)
        )
        if earlier is None:
            return True
        self._duplicate(name, kind, earlier)
        return False

    def _duplicate(self, name: t.Name, kind: str, earlier: Symbol) -> None:
        place = Place(earlier.span, earlier.file, "first_declared")
        self.findings.add("CH205", name.span, also=(place,), name=name.text, kind=earlier.kind)

    def _element(self, node: t.Element, parent: Part | None, depth: int) -> None:
        scope = self.scope
        self.elements += 1
        if depth > LIMITS["nesting"]:
            self.findings.add(
                "CH220", node.name.span, what="nesting", count=depth, limit=LIMITS["nesting"]
            )
            return
        part = Part(node, node.name.text, node.kind, len(scope.elements), parent)
        if self._alone(node.kind, node.name):
            scope.elements[part.name] = part
        if parent is not None:
            parent.children.append(part)
        clauses = part.clauses
        for line in node.body:
            if isinstance(line, t.Element):
                if node.kind == "phase":
                    self._element(line, part, depth + 1)
                else:
                    self.findings.add("CH214", line.name.span, clause=line.kind, kind=node.kind)
            elif isinstance(line, t.Ordering):
                scope.orders.append((part, line))
            else:
                clauses.setdefault(type(line), []).append(line)
        part.inputs = tuple(n for line in part.all(t.Input) for n in line.names)
        part.outputs = tuple(n for line in part.all(t.Output) for n in line.names)
        of = part.one(t.Of)
        part.of = of.record if of else None
        for name in part.outputs:
            scope.producers.setdefault(name.text, []).append(part)
        for name in part.inputs:
            scope.consumers.setdefault(name.text, []).append(part)
        if part.of is not None:
            scope.consumers.setdefault(part.of.text, []).append(part)
            if part.kind == "approval":
                scope.approvals.setdefault(part.of.text, []).append(part)


def check_fields(record: t.Record, file: str, findings: Findings) -> None:
    """Reports fields of a record that are declared twice or bear a name expressions cannot use."""
    seen: dict[str, t.Field] = {}
    for line in record.body:
        if not isinstance(line, t.Field):
            continue
        earlier = seen.setdefault(line.name.text, line)
        if earlier is not line:
            place = Place(earlier.name.span, file, "first_declared")
            findings.add("CH205", line.name.span, file=file, also=(place,), name=line.name.text, kind="field")
        elif line.name.text in RESERVED:
            findings.add("CH216", line.name.span, file=file, name=line.name.text)


def check_type(type_: t.Type, scope: ProcessScope, findings: Findings, file: str) -> None:
    """Reports a type that is neither built in nor a record."""
    while type_.item is not None:
        type_ = type_.item
    if type_.name in BUILT_IN_TYPES or scope.record(type_.name) is not None:
        return
    candidates = [*BUILT_IN_TYPES, *scope.records, *scope.shared.records]
    findings.unknown("CH207", t.Name(type_.name, span=type_.span), candidates, file=file)
