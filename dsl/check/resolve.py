"""Gives every name of a process its meaning: declarations into tables, lines onto elements, uses to declarations.

It does not look into expressions and does not ask whether work can flow; it asks whether each name exists, is of
the right kind, is declared once, and whether each line may stand where it stands. Names inside the lines of
elements are checked by `lines.py`. Invariant: without an error here, every name outside expressions is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from msgspec.structs import replace

from charter.dsl.check.calendars import check_calendar
from charter.dsl.check.clocks import check_clocks
from charter.dsl.check.counters import check_counters
from charter.dsl.check.fields import check_circles, check_marks
from charter.dsl.check.findings import Findings
from charter.dsl.check.ledgers import check_ledgers
from charter.dsl.check.lines import check_lines
from charter.dsl.check.links import check_links
from charter.dsl.check.queues import check_queues
from charter.dsl.check.references import WORK
from charter.dsl.check.registers import check_registers
from charter.dsl.check.reports import check_reports
from charter.dsl.check.rules import check_rules
from charter.dsl.check.scopes import (
    BUILT_IN_TYPES,
    ORGANISATION,
    Part,
    ProcessScope,
    Symbol,
    is_reserved,
    named_calendars,
)
from charter.dsl.check.services import check_offered
from charter.dsl.diagnostic import Edit, Fix, Place
from charter.dsl.text import tree as t
from charter.dsl.text.kinds import is_type
from charter.dsl.text.layout import HEADERS
from charter.dsl.text.words import spelled, spellings, type_meant
from charter.engine.sequences import fault

LIMITS = {"elements": 20_000, "nesting": 40, "records": 50}

# What stands side by side in expressions.
_Named = t.Element | t.Record | t.Register | t.Parameter | t.Sla | t.Ledger | t.Counter | t.Concerns
# Header lines that may be written once.
_ONCE = {
    t.Version: "version",
    t.Goal: "goal",
    t.CaseSubject: "subject",
    t.CaseNumber: "number",
    t.Owner: "owner",
    t.Customer: "customer",
    t.CalendarUse: "calendar",
}


def check_names(scope: ProcessScope, findings: Findings) -> None:
    """Reads the body of a process into its scope, and reports what is wrong with its names."""
    _Declarations(scope, findings).read()
    _types(scope, findings)
    for line in scope.header.get(t.CaseNumber, []):
        if (wrong := fault(line.pattern.text)) is not None:
            findings.add(
                "CH259", line.pattern.span, text=line.pattern.text, example="PO-{year}-{4}", hint=f"number_{wrong}"
            )
    check_lines(scope, findings)
    check_registers(scope, findings)
    check_clocks(scope, findings)
    check_rules(scope, findings)
    check_ledgers(scope, findings)
    check_queues(scope, findings)
    check_counters(scope, findings)
    check_reports(scope, findings)
    check_links(scope, findings)
    check_offered(scope, findings)
    if scope.shared.catalogues:
        _sources(scope, findings)


# what an element may have beside its name, which is no block
_BESIDE = (t.Of, t.ForEach, t.Work, t.Wait)


class _Declarations:
    """Reads the body of a process into the tables of its scope."""

    def __init__(self, scope: ProcessScope, findings: Findings) -> None:
        self.scope = scope
        self.findings = findings
        self.elements = 0

    def read(self) -> None:
        scope = self.scope
        if scope.name == ORGANISATION:
            self.findings.add("CH248", scope.node.name.span, name=scope.name)
        for line in scope.node.body:
            self._item(line)
        self._own_calendar()
        for kind, word in _ONCE.items():
            for extra in scope.header.get(kind, [])[1:]:
                self.findings.add("CH213", extra.span, word=word, element=scope.name)
        if self.elements > LIMITS["elements"]:
            self.findings.add(
                "CH220", scope.node.name.span, what="elements", count=self.elements, limit=LIMITS["elements"]
            )
        for inputs in scope.header.get(t.Input, []):
            scope.inputs.update((n.text, n) for n in inputs.names)
        for outputs in scope.header.get(t.Output, []):
            scope.outputs.update((n.text, n) for n in outputs.names)
        for separation, file in scope.shared.separations:
            for pair in separation.pairs:
                # A shared rule binds those processes that have both of its elements.
                if scope.element(pair.element.text) and scope.element(pair.other.text):
                    scope.separations.append((pair, file))

    def _item(self, line: t.Line) -> None:
        scope = self.scope
        match line:
            case t.Element():
                self._element(line, None, 1)
            case t.Role():
                self._declare("role", line, scope.roles, scope.shared.roles)
            case t.Record():
                choice = scope.shared.choices.get(line.name.text) if scope.name else None
                if choice is not None:
                    self._duplicate(line.name, choice)
                if self._alone(line):
                    scope.records[line.name.text] = Symbol("record", line.name.text, line, scope.file)
                _fields(line, scope.file, self.findings)
            case t.Register():
                if self._alone(line):
                    scope.registers[line.name.text] = Symbol("register", line.name.text, line, scope.file)
                _fields(line, scope.file, self.findings)
            case t.Parameter():
                if self._alone(line):
                    scope.parameters[line.name.text] = Symbol("parameter", line.name.text, line, scope.file)
            case t.Calendar():
                self._calendar(line)
            case t.Sla():
                self._sla(line, None)
            case t.Kpi():
                self._declare("kpi", line, scope.kpis, {})
            case t.Rule():
                self._declare("rule", line, scope.rules, {})
            case t.Queue():
                self._declare("queue", line, scope.queues, {})
            case t.Report():
                self._declare("report", line, scope.reports, {})
            case t.Ledger():
                if self._alone(line):
                    scope.ledgers[line.name.text] = Symbol("ledger", line.name.text, line, scope.file)
            case t.Concerns():
                if self._alone(line):
                    scope.links[line.name.text] = Symbol("link", line.name.text, line, scope.file)
            case t.Counter():
                if self._alone(line):
                    scope.counters[line.name.text] = Symbol("counter", line.name.text, line, scope.file)
                    scope.register(line.name.text)
            case t.Decision():
                self._declare("decision", line, scope.decisions, scope.shared.decisions)
            case t.Separation():
                scope.separations += [(pair, scope.file) for pair in line.pairs]
            case t.Ordering():
                scope.orders.append((None, line))
            case _:
                scope.header.setdefault(type(line), []).append(line)

    def _sla(self, line: t.Sla, part: Part | None) -> None:
        name = line.name.text
        if part is not None and part.kind == "milestone":
            self.findings.add(
                "CH214", line.span, word="sla", kind=part.kind, hint="home", homes=("phase", *sorted(WORK))
            )
        elif self._alone(line):
            self.scope.slas[name] = Symbol("sla", name, line, self.scope.file)
            if part is not None:
                self.scope.clocked[name] = part

    def _calendar(self, line: t.Calendar) -> None:
        check_calendar(line, self.findings)
        self._declare("calendar", line, self.scope.calendars, self.scope.shared.calendars)
        if self.scope.name:
            # A process that brings its own calendar works by it.
            use = t.CalendarUse(line.name, span=line.span)
            self.scope.header.setdefault(t.CalendarUse, []).append(use)

    def _own_calendar(self) -> None:
        """Finds the calendar of a process: the one that it names, or that it brings and no element names."""
        uses = self.scope.header.get(t.CalendarUse, [])
        brought = [use for use in uses if any(use.span == own.node.span for own in self.scope.calendars.values())]
        named = named_calendars(self.scope)
        for use in brought:
            others = [other for other in uses if other is not use]
            if any(other.name.text == use.name.text for other in others) or (others and use.name.text in named):
                uses.remove(use)

    def _declare(
        self,
        kind: str,
        line: t.Role | t.Calendar | t.Kpi | t.Rule | t.Queue | t.Report | t.Decision,
        table: dict[str, Symbol],
        shared: dict[str, Symbol],
    ) -> None:
        name = line.name.text
        earlier = table.get(name) or shared.get(name)
        if earlier is not None and earlier.node is not line:
            self._duplicate(line.name, earlier)
        else:
            table[name] = Symbol(kind, name, line, self.scope.file)

    def _alone(self, line: _Named) -> bool:
        """Whether a name is free in the namespace of elements, records and parameters; reports it when not."""
        scope, name = self.scope, line.name
        text = name.text
        if is_reserved(text):
            self.findings.add("CH216", name.span, name=text)
            return False
        part = scope.elements.get(text)
        earlier: Symbol | None = (
            Symbol(part.kind, text, part.node, scope.file)
            if part
            else scope.records.get(text)
            or scope.parameters.get(text)
            or scope.slas.get(text)
            or scope.ledgers.get(text)
            or scope.registers.get(text)
            or scope.links.get(text)
            or scope.shared.registers.get(text)
            or scope.shared.records.get(text)
            or scope.shared.parameters.get(text)
        )
        if earlier is None or earlier.node.name is name:
            return True
        self._duplicate(name, earlier)
        return False

    def _duplicate(self, name: t.Name, earlier: Symbol) -> None:
        place = Place(earlier.span, earlier.file, "first_declared")
        own: dict[str, Any] = {"hint": f"twice_{earlier.kind}"} if earlier.kind in ("role", "process") else {}
        self.findings.add("CH205", name.span, also=(place,), name=name.text, kind=earlier.kind, **own)

    def _element(self, node: t.Element, parent: Part | None, depth: int) -> None:
        scope = self.scope
        self.elements += 1
        if depth > LIMITS["nesting"]:
            self.findings.add("CH220", node.name.span, what="nesting", count=depth, limit=LIMITS["nesting"])
            return
        part = Part(node, node.name.text, node.kind, len(scope.elements), parent)
        if self._alone(node):
            scope.elements[part.name] = part
        if parent is not None:
            parent.children.append(part)
        lines = part.lines
        for number, line in enumerate(node.body, 1):
            if isinstance(line, t.Element):
                if node.kind == "phase":
                    self._element(line, part, depth + 1)
                else:
                    above = f"{node.kind} {node.name.text}"
                    self.findings.add(
                        "CH214", line.name.span, word=line.kind, kind=node.kind, hint="too_deep", above=above
                    )
                    # It was meant to stand beside this one, and what follows is its own, unless it has a block.
                    rest = node.body[number:] if all(isinstance(each, _BESIDE) for each in line.body) else ()
                    self._element(replace(line, body=(*line.body, *rest)), parent, depth)
                    if rest:
                        break
            elif isinstance(line, t.Ordering):
                scope.orders.append((part, line))
            elif isinstance(line, t.Sla):
                self._sla(line, part)
            else:
                lines.setdefault(type(line), []).append(line)
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


def _fields(record: t.Record | t.Register, file: str, findings: Findings) -> None:
    """Reports fields of a record that are declared twice or bear a name expressions cannot use."""
    seen: dict[str, t.Field] = {}
    for line in record.fields:
        earlier = seen.setdefault(line.name.text, line)
        if earlier is not line:
            place = Place(earlier.name.span, file, "first_declared")
            words: dict[str, Any] = {"name": line.name.text, "kind": "field", "hint": "twice_field"}
            findings.add("CH205", line.name.span, file=file, also=(place,), **words)
        elif is_reserved(line.name.text):
            findings.add("CH216", line.name.span, file=file, name=line.name.text)
    check_marks(record, file, findings)


def _sources(scope: ProcessScope, findings: Findings) -> None:
    """Looks each clause that `source` names up in the rule books; what one that cannot be read has, nobody knows."""
    tables = scope.shared.tables
    whole = len(tables) == len(scope.shared.catalogues) and all(table.whole for table in tables.values())
    lines = [(scope.node, scope.file), *scope.separations]
    cited = {(name.span, file): name for line, file in lines for name in _cited(line)}  # those of a list stand once
    for (_, file), name in cited.items():
        books = list(scope.clause(name.text))
        if len(books) > 1:
            findings.add("CH246", name.span, file=file, name=name.text, catalogue=books[0], other=books[1])
        elif not books and whole:
            findings.unknown("CH245", name, (c for table in tables.values() for c in table.clauses), file=file)


def _cited(line: t.Line) -> Iterator[t.Name]:
    """The clause ids in a line and in all below it; shared and own separations are asked for by themselves."""
    if isinstance(line, t.Source):
        yield from line.ids
    for below in (*getattr(line, "body", ()), *getattr(line, "checks", ())):
        if not isinstance(below, t.Separation):
            yield from _cited(below)


def _types(scope: ProcessScope, findings: Findings) -> None:
    """Reports types that are neither built in nor a record, and records that contain themselves."""
    own = [s for s in scope.records.values() if scope.shared.records.get(s.name) is not s]
    registers = [s for s in scope.registers.values() if scope.shared.registers.get(s.name) is not s]
    for symbol in (*own, *registers):
        check_circles(symbol.node, symbol.file, scope, findings)
        for line in symbol.node.fields:
            _type(line.type, scope, findings, line.name)
    for symbol in scope.parameters.values():
        if symbol.node.type is not None:
            _type(symbol.node.type, scope, findings)
    odd = [d for d in findings.diagnostics if d.arguments.get("hint") == "among_fields"]
    if odd:  # whose fields they are, and what they declare, is not known
        findings.diagnostics = odd
        return
    depths: dict[str, int] = {}
    for symbol in own:
        _nested(symbol, scope, findings, depths)


def _type(type_: t.Type, scope: ProcessScope, findings: Findings, field: t.Name | None = None) -> None:
    type_ = type_.innermost
    for number, value in enumerate(type_.choices):
        if value.text in {other.text for other in type_.choices[:number]}:
            findings.add("CH254", type_.span, value=value.text)
    if type_.name not in BUILT_IN_TYPES and scope.record(type_.name) is None:
        said = type_meant(type_.name, findings.language)
        if said is not None:
            words: dict[str, Any] = {
                "name": type_.name,
                "written": type_.name,
                "instead": said,
                "guess": said,
                "hint": "word",
            }
            findings.add("CH207", type_.span, fix=Fix.at(type_.span, said, safe=True), **words)
            return
        if field is not None and is_type(field.text):
            edits = (Edit(field.span, type_.name), Edit(type_.span, field.text))
            instead = f"{type_.name} {field.text}"
            findings.add("CH207", type_.span, fix=Fix(edits), name=type_.name, instead=instead, hint="swapped")
            return
        if field is not None and not HEADERS.isdisjoint(n for words, n, *_ in spellings() if words == field.text):
            written = f"{field.text} {type_.name}"
            findings.add("CH207", field.span, name=type_.name, written=written, hint="among_fields")
            return
        item = re.sub("(?:列表|清单|清單|数组|陣列|List|Array)$", "", type_.name)
        if item != type_.name and scope.record(item) is not None:
            said = f"{spelled('LIST_OF', findings.language)} {item}"
            shown: dict[str, Any] = {"name": type_.name, "written": type_.name, "instead": said}
            findings.add("CH207", type_.span, fix=Fix.at(type_.span, said), hint="list_type", **shown)
            return
        candidates = chain(BUILT_IN_TYPES, scope.records, scope.shared.records, scope.shared.choices)
        findings.unknown("CH207", t.Name(type_.name, span=type_.span), candidates)


def _nested(top: Symbol, scope: ProcessScope, findings: Findings, depths: dict[str, int]) -> None:
    """Walks the records inside a record, depth first; reports the way back to one still open, and too great a depth."""
    path: list[str] = []
    stack: list[tuple[Symbol, tuple[t.Field, ...], int]] = [(top, top.node.fields, 0)]
    while stack:
        symbol, fields, at = stack.pop()
        if at == 0:
            if symbol.name in depths:
                continue
            path.append(symbol.name)
        if at == len(fields):
            path.pop()
            inside = [depths.get(line.type.innermost.name, 0) for line in fields]
            depth = depths[symbol.name] = 1 + max(inside, default=0)
            if depth == LIMITS["records"] + 1:
                findings.add(
                    "CH220", symbol.span, file=symbol.file, what="records", count=depth, limit=LIMITS["records"]
                )
            continue
        stack.append((symbol, fields, at + 1))
        type_ = fields[at].type.innermost
        inner = None if type_.name in BUILT_IN_TYPES else scope.record(type_.name)
        if inner is None:
            continue
        if inner.name in path:
            circle = [*path[path.index(inner.name) :], inner.name]
            shown = " → ".join(f"`{n}`" for n in circle)
            findings.add("CH209", type_.span, file=symbol.file, name=inner.name, path=shown)
        else:
            stack.append((inner, inner.node.fields, 0))
