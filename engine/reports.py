"""What a report says, measured over cases as they stand, each figure with the facts that it comes from.

A report of a period has the cases that were closed in it, as its KPIs have; one of a single case has that case; any
other has all cases as they stand. What is open has no place in a period, so that open work, ledgers and records are of
the moment at which a report is made. Knows neither storage nor people; who may make and sign a report is the host's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import kpis, values, verdicts
from charter.engine.compact import compact_sorted
from charter.engine.definition import Definition, Kpi
from charter.engine.feel.own import Span
from charter.engine.keys import name_of, parse_key
from charter.engine.machines import CLOSED, OPEN
from charter.engine.periods import Period, is_period
from charter.engine.plan.clocks import read
from charter.engine.plan.ledgers import AMOUNTS, standing
from charter.engine.plan.program import Program, prepare
from charter.engine.plan.scope import Scope
from charter.engine.reported import Report as Report, Section as Section, Shown as Shown
from charter.engine.state import NEW, View

# How a service-level clock may have gone, in the order in which it is told.
GONE = ("met", "breached", "cancelled", "under_way")
# What a later fact of a period may change; all else is of the moment at which a report was made.
OF_PERIOD = frozenset({"kpi", "sla", "figure"})

Fact = tuple[str, str]


class Row(Struct, frozen=True):
    """One figure of a report. `section` counts from 0; `of`: the group, line, case or state that it is of, encoded.

    `value` is encoded, None where it is unknown; `status`: how a KPI stands to its target; `cases`: how many it was
    measured over, `missing`: how many of them lack a fact. `facts`: the case and path of each fact that it comes from.
    """

    section: int
    kind: str
    name: str
    title: str
    of: Any
    value: Any
    status: str | None = None
    cases: int = 0
    missing: int = 0
    facts: tuple[Fact, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells figures of a report apart."""
        return self.kind, self.name, compact_sorted(self.of)


class Over(Struct, frozen=True):
    """What a report is measured over: all cases of the process with their numbers, or one alone.

    `period`: the one that it is of, in which cases are taken that were closed there.
    """

    cases: Sequence[View]
    numbers: Mapping[str, int]
    now: int
    period: Period | None = None
    alone: bool = False

    def taken(self, event: str) -> list[View]:
        """Lists the cases that were `closed` or `opened` in the period; without one, or of one case, all."""
        if self.period is None or self.alone:
            return list(self.cases)
        since, until = self.period
        instants = ((case, case.opened_at if event == "opened" else case.closed_at) for case in self.cases)
        return [case for case, at in instants if at is not None and since <= at < until]

    def within(self, program: Program, kpi: Kpi) -> list[View]:
        """Lists the cases of the time that a KPI looks back over, from the end of the period or from now."""
        end = self.now if self.period is None else self.period.until
        start = kpis.window_start(kpi, program, end)
        last = end if self.period is None else end - 1
        return [] if start is None else [case for case in self.cases if kpis.is_within(kpi, case, start, last)]

    @property
    def until(self) -> int:
        """The instant as of which it is judged."""
        return self.now if self.period is None or self.alone else min(self.now, self.period.until)


def rhythm(definition: Definition, report: Report) -> Span | None:
    """Gives the length of a report's periods; None where it has none, or its length is not known."""
    span = None if report.every is None else Scope(prepare(definition), NEW, None, (), 0).value(report.every)
    return span if isinstance(span, Span) and is_period(span) else None


def measured(definition: Definition, report: Report, over: Over) -> Iterator[Row]:
    """Yields what a report says, in the order of the file."""
    program = prepare(definition)
    for number, section in enumerate(report.sections):
        for shown in section.shown:
            yield from _ROWS[shown.kind](program, shown, number, over)


def figures(definition: Definition, shown: Shown, over: Over) -> Iterator[Row]:
    """Yields the figures of one thing that a report shows."""
    return _ROWS[shown.kind](prepare(definition), shown, 0, over)


def _kpi(program: Program, shown: Shown, number: int, over: Over) -> Iterator[Row]:
    definition = program.definition
    kpi = next(kpi for kpi in definition.kpis if kpi.name == shown.name)
    plain = replace(kpi, improves=None, controlled=False)
    if over.alone:
        found: Iterable[kpis.Figure] = kpis.measure(kpis.plain_kpi(plain), definition, over.cases, over.now)
    elif over.period is None:
        found = kpis.measure(plain, definition, over.cases, over.now)
    else:
        found = verdicts.figures_of(plain, definition, over.cases, over.period)
    taken = over.taken(kpi.event) if kpi.over is None or over.alone else over.within(program, kpi)
    groups: dict[str, list[Fact]] = {}
    for case in taken:
        of = None if kpi.by is None else values.encode(kpis.CaseScope(program, case, over.now).value(kpi.by))
        groups.setdefault(compact_sorted(of), []).append((case.case, f"{kpi.event}_at"))
    for figure in found:
        members = groups.get(compact_sorted(figure.group), [])
        yield _figure(number, shown, figure, kpi.title, members, figure.status if kpi.target else None)


def _own(program: Program, shown: Shown, number: int, over: Over) -> Iterator[Row]:
    kpi = Kpi(shown.name, shown.title, shown.expr or "null")
    taken = {"cases": over.taken("closed"), "opened": over.taken("opened")}
    figure = kpis.figure_of(kpi, program, taken["cases"], over.until, {"opened": taken["opened"]})
    names = program.names(kpi.formula)
    events = (("cases", "closed_at"), ("opened", "opened_at"))
    members = [(case.case, event) for name, event in events if name in names for case in taken[name]]
    cases = len({case for case, _ in members})
    yield _figure(number, shown, replace(figure, cases=cases), shown.title, members)


def _figure(
    number: int, shown: Shown, figure: kpis.Figure, title: str, members: Sequence[Fact], status: str | None = None
) -> Row:
    """Gives the row of a figure. `members`: by what its cases are among those that it is measured over."""
    facts = tuple(dict.fromkeys((*members, *((case, path) for case, path, _ in figure.facts))))
    missing = len({case for case, _ in figure.missing})
    name, kind = shown.name, shown.kind
    return Row(number, kind, name, title, figure.group, figure.value, status, figure.cases, missing, facts)


def _sla(program: Program, shown: Shown, number: int, over: Over) -> Iterator[Row]:
    """Counts how the cycles of a clock ended in the period; without one, those that are under way, too."""
    plan = program.slas[shown.name]
    found: dict[str, list[Fact]] = {state: [] for state in GONE}
    for case in over.cases:
        for key in case.clocks:
            if name_of(key) != shown.name:
                continue
            seen = read(case, plan, key, over.until, program.zone)
            ended: list[tuple[str, int | None]] = [(cycle.state, cycle.ended) for cycle in seen.clock.earlier]
            if seen.clock.cycle:
                ended.append((seen.reading.state, seen.clock.ended))
            for state, at in ended:
                state = state if state in GONE else "under_way"
                if (
                    over.period is None
                    or over.alone
                    or (at is not None and over.period.since <= at < over.period.until)
                ):
                    found[state].append((case.case, key))
    for state, facts in found.items():
        if state == "under_way" and over.period is not None and not over.alone:
            continue
        count = values.encode(Decimal(len(facts)))
        cases = len({case for case, _ in facts})
        yield Row(number, "sla", shown.name, plan.sla.title, state, count, None, cases, 0, tuple(dict.fromkeys(facts)))


def _ledger(program: Program, shown: Shown, number: int, over: Over) -> Iterator[Row]:
    """Gives the lines of the ledger of one case, and what all of them come to; of several cases the latter alone."""
    plan = program.ledgers[shown.name]
    records = {plan.ledger.baseline.partition(".")[0], *(b.items.partition(".")[0] for b in plan.ledger.bookings)}
    for case in over.cases:
        facts = tuple((case.case, key) for key in case.versions if name_of(key) in records)
        if not facts and not over.alone:
            continue
        found = standing(program, case, plan)
        of = over.numbers.get(case.case)
        for line, amounts in found.lines.items() if over.alone else ():
            yield Row(number, "ledger", shown.name, plan.ledger.title, line, _amounts(amounts), None, 1, 0, facts)
        of = None if over.alone else of
        yield Row(number, "ledger", shown.name, plan.ledger.title, of, _amounts(found.whole), None, 1, 0, facts)


def _amounts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values.encode(facts[name]) for name in AMOUNTS}


def _record(program: Program, shown: Shown, number: int, over: Over) -> Iterator[Row]:
    title = program.types[shown.name].title
    for case in over.taken("closed"):
        for key in case.versions:
            if name_of(key) == shown.name:
                index = list(parse_key(key)[1])
                of = index if over.alone else [over.numbers.get(case.case, 0), *index]
                value = case.versions[key].value
                yield Row(number, "record", shown.name, title, of or None, value, None, 1, 0, ((case.case, key),))


def _open_work(program: Program, shown: Shown, number: int, over: Over) -> Iterator[Row]:
    for case in over.cases:
        if case.status in CLOSED:
            continue
        for key in case.nodes:
            plan = program.plans.get(name_of(key))
            if plan is None or not plan.by_people:
                continue
            node = case.nodes[key]
            if node.state in OPEN:
                value = {
                    "title": plan.element.title,
                    "holder": node.holder,
                    "roles": list(plan.roles_wanted(node)),
                    "due": node.due,
                    "late": node.due is not None and node.due <= over.now,
                }
                of = [over.numbers.get(case.case, 0), key]
                yield Row(number, "open_work", "open_work", "", of, value, None, 1, 0, ((case.case, key),))


_ROWS: Mapping[str, Callable[[Program, Shown, int, Over], Iterator[Row]]] = {
    "kpi": _kpi,
    "figure": _own,
    "sla": _sla,
    "ledger": _ledger,
    "record": _record,
    "open_work": _open_work,
}
