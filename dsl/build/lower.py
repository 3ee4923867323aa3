"""Builds the Definition of a checked process: what the engine runs, free of text.

It relies on the passes before it and finds nothing wrong itself. What the author left out is filled in here: titles,
the phase that a phase follows, the approvals an input waits for, the names of checklist points. Only what a process
names of the shared declarations enters its definition. Positions go into `places` and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from msgspec.structs import replace

from charter.dsl.build.counters import lower_counter, lower_counts
from charter.dsl.build.forms import clauses_of, filing, names_of, record, register, title_of, type_ref, visible_of
from charter.dsl.build.reports import lower_report
from charter.dsl.build.rules import action, given, rule
from charter.dsl.check.calendars import build as build_calendar
from charter.dsl.check.decisions import bound, lower_decision
from charter.dsl.check.expressions import canonical, feel_text
from charter.dsl.check.ledgers import lower_ledger
from charter.dsl.check.lines import spec_of
from charter.dsl.check.links import lower_link
from charter.dsl.check.order import predecessors
from charter.dsl.check.persons import people_named
from charter.dsl.check.queues import lower_queue
from charter.dsl.check.scopes import BUILT_IN_TYPES, Part, ProcessScope, Symbol, named_calendars
from charter.dsl.check.services import lowered as lower_services
from charter.dsl.text import tree as t
from charter.engine import definition as d
from charter.engine.carriers import carriers

# gives `file:line` for an offset into a file
PlaceOf = Callable[[str, int], str]


def lower(scope: ProcessScope, place_of: PlaceOf) -> d.Definition:
    """Gives the definition of a process without errors."""
    header = scope.header
    node = scope.node
    elements = _Elements(scope)
    goal, owner, customer = (_first(header.get(k, ())) for k in (t.Goal, t.Owner, t.Customer))
    version, subject, number = (_first(header.get(k, ())) for k in (t.Version, t.CaseSubject, t.CaseNumber))
    definition = d.Definition(
        name=scope.name,
        title=title_of(node.title, scope.name),
        version=version.text if version else "1",
        goal=goal.text.text if goal else None,
        owner=owner.role.text if owner else None,
        customer=customer.role.text if customer else None,
        subject=feel_text(subject.expr) if subject else None,
        number=number.pattern.text if number else None,
        clauses=clauses_of(header.get(t.Source, ())),
        visible=visible_of(header.get(t.Visible, ())),
        parameters=tuple(_carrying(s, scope, _parameter(s)) for s in scope.parameters.values()),
        inputs=tuple(scope.inputs),
        outputs=tuple(scope.outputs),
        roles=tuple(_carrying(s, scope, _role(s.node)) for s in scope.roles.values()),
        records=_records(scope),
        separations=_separations(scope),
        elements=tuple(elements.element(p) for p in scope.elements.values()),
        orders=tuple(d.Order(line.kind, tuple(n.last for n in line.names)) for _, line in scope.orders),
        calendar=_calendar(scope),
        calendars=_calendars(scope),
        registers=tuple(
            lower_counts(s.node.counter) if s.kind == "counter" else register(s.node) for s in scope.registers.values()
        ),
        links=tuple(lower_link(s, scope) for s in scope.links.values()),
        counters=tuple(lower_counter(s.node) for s in scope.counters.values()),
        rules=tuple(rule(s.node) for s in scope.rules.values()),
        kpis=tuple(_kpi(s.node) for s in scope.kpis.values()),
        slas=tuple(_sla(s.node, scope.clocked.get(s.name)) for s in scope.slas.values()),
        queues=tuple(lower_queue(s.node) for s in scope.queues.values()),
        ledgers=tuple(lower_ledger(s.node, scope) for s in scope.ledgers.values()),
        reports=tuple(lower_report(s.node) for s in scope.reports.values()),
        services=lower_services(scope),
        decisions=tuple(_carrying(s, scope, lower_decision(s.node, scope)) for s in scope.decisions.values()),
        places=_places(scope, place_of),
    )
    return replace(definition, cited=_cited(definition, scope))


def _cited(definition: d.Definition, scope: ProcessScope) -> tuple[d.Clause, ...]:
    """The words of the clauses that a definition names, as far as a rule book in reach has them."""
    if not scope.shared.tables:
        return ()
    ids = dict.fromkeys(id for carrier in carriers(definition) for id in carrier.clauses)
    return tuple(replace(clause, catalogue=name) for id in ids for name, clause in scope.clause(id).items())


def _first(lines: Any) -> Any:
    return lines[0] if lines else None


def _carrying(symbol: Symbol, scope: ProcessScope, built: Any) -> Any:
    """Gives a declaration without the clauses that it names where nothing uses it: it carries none of them out."""
    if (symbol.kind, symbol.name) not in scope.idle:
        return built
    fields = {"fields": tuple(replace(f, clauses=()) for f in built.fields)} if symbol.kind == "record" else {}
    return replace(built, clauses=(), **fields)


# --- declarations ---------------------------------------------------------------------------------


def _parameter(symbol: Symbol) -> d.Parameter:
    node: t.Parameter = symbol.node
    type_ = type_ref(node.type) if node.type else None
    return d.Parameter(
        node.name.text, title_of(node.title, node.name.text), type_, feel_text(node.value), clauses_of(node.body)
    )


def _role(node: t.Role) -> d.Role:
    requires = tuple(
        d.Requirement(line.kind, line.name.text, line.at_least) for line in node.body if isinstance(line, t.Requires)
    )
    return d.Role(node.name.text, title_of(node.title, node.name.text), node.external, requires, clauses_of(node.body))


def _records(scope: ProcessScope) -> tuple[d.RecordType, ...]:
    """The declared records, those their fields need, and one without fields for each output nobody declared."""
    fields = (line.type.innermost.name for s in scope.registers.values() for line in s.node.fields)
    names = [*scope.records, *scope.inputs, *scope.producers, *(name for name in fields if name not in BUILT_IN_TYPES)]
    found: dict[str, d.RecordType] = {}
    for name in names:  # grows while it is walked: records whose fields are records
        if name in found:
            continue
        symbol = scope.record(name)
        if symbol is None:
            found[name] = d.RecordType(name, name)
            continue
        found[name] = _carrying(symbol, scope, record(symbol.node))
        inner = (line.type.innermost.name for line in symbol.node.fields)
        names += [type_ for type_ in inner if type_ not in BUILT_IN_TYPES]
    return tuple(found.values())


def _calendar(scope: ProcessScope) -> d.Calendar:
    uses = scope.header.get(t.CalendarUse, ())
    symbol = scope.calendar(uses[0].name.text) if uses else None
    return d.Calendar() if symbol is None else build_calendar(symbol.name, symbol.node)


def _calendars(scope: ProcessScope) -> tuple[d.Calendar, ...]:
    """Those that elements name, in the order in which they do."""
    found = [symbol for name in named_calendars(scope) if (symbol := scope.calendar(name)) is not None]
    return tuple(build_calendar(symbol.name, symbol.node) for symbol in found)


def _kpi(node: t.Kpi) -> d.Kpi:
    figures = {line.kind: line.expr for line in node.body if isinstance(line, t.Figure)}
    unit = next((line.name.text for line in node.body if isinstance(line, t.Unit)), None)
    over = next((line for line in node.body if isinstance(line, t.Over)), None)
    owner = next((line.role.text for line in node.body if isinstance(line, t.Owner)), None)
    trends = {line.kind: line.periods for line in node.body if isinstance(line, t.Trend)}
    return d.Kpi(
        name=node.name.text,
        title=title_of(node.title, node.name.text),
        formula=feel_text(figures.get("formula")) or "null",
        unit=unit,
        target=feel_text(figures.get("target"), "unary"),
        warn=feel_text(figures.get("warn"), "unary"),
        every=feel_text(figures.get("every")),
        over=feel_text(over.window) if over is not None else None,
        event=over.event if over is not None else "closed",
        by=feel_text(figures.get("by")),
        owner=owner,
        clauses=clauses_of(node.body),
        improves=trends.get("improves"),
        controlled="controlled" in trends,
    )


def _sla(node: t.Sla, part: Part | None) -> d.Sla:
    asked = {line.kind: feel_text(line.expr) for line in node.body if isinstance(line, t.ClockWhen)}
    return d.Sla(
        name=node.name.text,
        title=title_of(node.title, node.name.text),
        element=None if part is None else part.name,
        since=asked.get("from"),
        starts=asked.get("starts"),
        pauses=asked.get("pauses"),
        stops=asked.get("stops"),
        restarts=asked.get("restarts"),
        calendar=next((line.calendar.text for line in node.body if isinstance(line, t.OnCalendar)), None),
        group=next((line.role.text for line in node.body if isinstance(line, t.RunsWith)), None),
        targets=tuple(
            d.Target(feel_text(line.span_) or "null", feel_text(line.when))
            for line in node.body
            if isinstance(line, t.Agreed)
        ),
        thresholds=tuple(
            d.Threshold(line.percent, tuple(map(action, line.actions))) for line in node.body if isinstance(line, t.At)
        ),
        clauses=clauses_of(node.body),
    )


def _separations(scope: ProcessScope) -> tuple[d.Separation, ...]:
    found = [(line.element.last, line.other.last, line.same, clauses_of(line.body)) for line, _ in scope.separations]
    for part in scope.elements.values():
        found += [(part.name, other.last, duty.same, ()) for duty in part.all(t.Duty) for other in duty.others]
    turned = [
        (other, one, same, ids) if same and (one, other) in scope.turned else (one, other, same, ids)
        for one, other, same, ids in found
    ]
    return tuple(dict.fromkeys(d.Separation(*row) for row in turned))


# --- elements -------------------------------------------------------------------------------------


class _Elements:
    """Builds the elements of one process."""

    def __init__(self, scope: ProcessScope) -> None:
        self.scope = scope
        self.follows = predecessors(scope)

    def element(self, part: Part) -> d.Element:
        own: dict[str, Any] = {}
        for line in part.every_line():
            becomes = spec_of(line).becomes
            if becomes is not None:
                own |= becomes(line)
        named = people_named(part, self.scope)
        takes = [*part.inputs, *((part.of,) if part.of is not None else ())]
        return d.Element(
            name=part.name,
            title=title_of(part.node.title, part.name),
            kind=part.node.kind,
            parent=part.parent.name if part.parent is not None else None,
            clauses=clauses_of(part.all(t.Source)),
            inputs=tuple(dict.fromkeys(self._input(part, n.text) for n in takes)),
            outputs=names_of(part.outputs),
            after=self._after(part),
            starts_with=tuple(n.last for line in part.all(t.Alongside) for n in line.names),
            offers=tuple(str(feel_text(line.expr)) for line in part.all(t.Offers)),
            many=_many(part.one(t.ForEach), part.one(t.DoneWhen), part.one(t.CloseWhen)),
            checklist=_checks(part.one(t.Checklist)),
            repeat=_repeat(part),
            work=_work(part, self.scope),
            agreement=_agreement(part, named) if part.kind == "approval" else None,
            events=_events(part),
            files=tuple(map(filing, part.all(t.Files))),
            named=named,
            **own,
        )

    def _input(self, part: Part, record: str) -> d.Input:
        return d.Input(record, tuple(a.name for a in self.scope.granted.get((part.name, record), ())))

    def _after(self, part: Part) -> tuple[d.After, ...]:
        lines = tuple(
            d.After(tuple(n.last for n in line.names), len(line.names) if line.needed is None else line.needed)
            for line in part.all(t.After)
        )
        earlier = self.follows.get(part.name)
        if earlier is None:
            return lines
        return (d.After(tuple(p.name for p in earlier), len(earlier)), *lines)


def _repeat(part: Part) -> d.Repeat | None:
    line = part.one(t.Repeat)
    if line is None:
        return None
    missed = [f.kind.removeprefix("missed_") for f in part.all(t.Flag) if f.kind.startswith("missed_")]
    every, until, while_ = feel_text(line.every), feel_text(line.until), feel_text(line.while_)
    return d.Repeat(until, every, while_, missed[0] if missed and every else None)


def _many(line: t.ForEach | None, enough: t.DoneWhen | None = None, closes: t.CloseWhen | None = None) -> d.Many | None:
    if line is None:
        return None
    items = feel_text(line.items) or "[]"
    wanted = feel_text(enough.enough) if enough is not None else None
    enough_ = int(wanted) if wanted and wanted.isdecimal() else wanted
    return d.Many(line.variable.text, items, line.open, enough_, line.kept, feel_text(closes.expr) if closes else None)


def _checks(line: t.Checklist | None) -> tuple[d.Check, ...]:
    return tuple(_check(c, i) for i, c in enumerate(line.checks, 1)) if line is not None else ()


def check_name(check: t.Check, number: int) -> str:
    """The name of a checklist point: its own, or its place in the list, `check1`."""
    return check.name.text if check.name is not None else f"check{number}"


def _check(check: t.Check, number: int) -> d.Check:
    evidence = next((c for c in check.body if isinstance(c, t.Evidence)), None)
    by = next((c for c in check.body if isinstance(c, t.CheckBy)), None)
    many = next((c for c in check.body if isinstance(c, t.ForEach)), None)
    return d.Check(
        name=check_name(check, number),
        title=check.title.text,
        evidence=None if evidence is None else evidence.record.text if evidence.record else "file",
        by=by.role.text if by else None,
        other=by.other if by else False,
        many=_many(many),
        clauses=clauses_of(check.body),
    )


def _work(part: Part, scope: ProcessScope) -> d.Work | None:
    work, wait, retry = part.one(t.Work), part.one(t.Wait), part.one(t.Retry)
    if work is not None:
        again = d.Retry(retry.times, canonical(retry.over.text)) if retry else None
        table = scope.decision(work.target.text) if work.kind == "decide" else None
        more = tuple((name, name) for name in bound(table.node, scope)) if table is not None else ()
        return d.Work(work.kind, work.target.text, (*given(work.arguments), *more), None, again)
    if wait is not None:
        return d.Work(wait.kind, wait.signal.text if wait.signal else None, (), feel_text(wait.expr))
    return None


def _event(line: t.Line) -> d.Event | None:
    match line:
        case t.OnOverdue():
            return d.Event("overdue", tuple(map(action, line.actions)))
        case t.Remind():
            return d.Event("remind", at=feel_text(line.ahead), roles=names_of(line.roles), holder=line.holder)
        case t.Ends() | t.Happens():
            at = line.signal.text if line.signal is not None else feel_text(line.expr)
            if isinstance(line, t.Happens):
                return d.Event(line.kind, tuple(map(action, line.actions)), at)
            return d.Event(line.kind, at=at, ends=True, reason=line.reason.text if line.reason else None)
    return None


def _events(part: Part) -> tuple[d.Event, ...]:
    return tuple(event for line in part.every_line() if (event := _event(line)) is not None)


def _stage(stage: t.Stage, named: Collection[str]) -> d.Stage:
    return replace(_asked(stage, named), when=feel_text(stage.when) if stage.when is not None else None)


def _asked(stage: t.Stage, named: Collection[str]) -> d.Stage:
    names = names_of(stage.roles)
    if not set(names).isdisjoint(named):
        # How many there are is the data's to say: one of them decides, or all of them, or so many.
        needed = {"all": 0, "count": stage.count or 1}.get(stage.mode, 1)
        return d.Stage(tuple((n, 1) for n in names), needed, first=stage.mode in ("one", "any"), other=stage.other)
    if stage.mode == "count" and stage.seats is not None:
        return d.Stage(tuple((n, stage.seats) for n in names), stage.count or 1, other=stage.other)
    seats = tuple((n, 1) for n in names)
    needed = {"one": 1, "any": 1, "all": len(names), "count": stage.count or 1}[stage.mode]
    return d.Stage(seats, needed, first=stage.mode == "any", other=stage.other)


def _agreement(part: Part, named: Collection[str]) -> d.Agreement:
    by, veto, criteria = part.one(t.By), part.one(t.Veto), part.one(t.Criteria)
    on = {line.event: line for line in part.all(t.On)}
    flags = {line.kind for line in part.all(t.Flag)}
    reject, back, many = on.get("reject"), on.get("return"), on.get("rejects")
    consequence = None
    if reject is not None and reject.action != "escalate":
        target = reject.target.last if reject.target else None
        consequence = d.Consequence(reject.action, target, reject.reason.text if reject.reason else None)
    return d.Agreement(
        of=part.of.text if part.of is not None else None,
        stages=tuple(_stage(s, named) for s in by.stages) if by else (),
        veto=veto.role.text if veto else None,
        criteria=feel_text(criteria.expr) if criteria else None,
        on_reject=consequence,
        on_return=back.target.last if back and back.target else None,
        escalation=d.Escalation(many.count or 1, many.target.text) if many and many.target else None,
        passes="otherwise_passes" in flags,
        same_person="same_person" in flags,
    )


# --- places ---------------------------------------------------------------------------------------


def _places(scope: ProcessScope, place_of: PlaceOf) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}

    def put(subject: str, file: str, span: tuple[int, int]) -> None:
        found.setdefault(subject, place_of(file, span[0]))

    put("process", scope.file, scope.node.name.span)
    for name in scope.outputs.values():
        put(f"output {name.text}", scope.file, name.span)
    for part in scope.elements.values():
        put(part.name, scope.file, part.node.name.span)
        for line in part.every_line():
            spec = spec_of(line)
            put(f"{part.name}.{spec.subject or spec.word}", scope.file, line.span)
        checklist = part.one(t.Checklist)
        for number, check in enumerate(checklist.checks if checklist is not None else (), 1):
            put(f"{part.name}.checklist.{check_name(check, number)}", scope.file, check.span)
    for _, ordering in scope.orders:
        for name in ordering.names:
            put(f"{name.last}.one", scope.file, ordering.span)
    for line, file in scope.separations:
        put(f"{line.element.last}.{'same' if line.same else 'separate'}", file, line.span)
    for named, table in (
        ("record", scope.records),
        ("role", scope.roles),
        ("kpi", scope.kpis),
        ("sla", scope.slas),
        ("counter", scope.counters),
        ("rule", scope.rules),
        ("ledger", scope.ledgers),
        ("queue", scope.queues),
        ("report", scope.reports),
        ("parameter", scope.parameters),
        ("register", scope.registers),
        ("record", scope.registers),
        ("link", scope.links),
    ):
        for symbol in table.values():
            put(f"{named} {symbol.name}", symbol.file, symbol.span)
    return tuple(found.items())
