"""Figures measured over the cases of a process: value, whether the target is met, and the facts behind it.

A formula is FEEL over `cases`, the list of the process's cases. Every fact it reads is noted with its case and path,
so that a figure can be followed to the events behind it. A case that lacks a fact is reported as missing: it does not
count in a projection such as `cases.survey.score`, and it is never guessed. Knows neither storage nor schedules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine import calendars, feel, values
from charter.engine.definition import Definition, Kpi
from charter.engine.feel import tree as t
from charter.engine.feel.own import Described, Span
from charter.engine.formulas import known_only
from charter.engine.plan.facts import CASE, CaseFacts, moment, process_facts
from charter.engine.plan.program import Program, prepare
from charter.engine.plan.rounds import Rounds
from charter.engine.plan.scope import Scope
from charter.engine.state import NEW, View

Fact = tuple[str, str, Any]


class Figure(Struct, frozen=True):
    """One measured value.

    `group`: the encoded value of `by`, None without one. `value`: encoded, None when unknown. `status`: met, warn,
    missed or unknown. `cases`: how many it was measured over. `facts`: (case, path, encoded value). `missing`: the
    cases that lack a fact that the formula asks for, with the path. `unmet`: of one that is held against the figures
    before it (`trends.py`), which of its lines it misses.
    """

    kpi: str
    value: Any
    status: str
    group: Any = None
    cases: int = 0
    facts: tuple[Fact, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    unmet: tuple[str, ...] = ()


class Notes:
    """What a formula has read so far of cases, and what it has asked for in vain."""

    def __init__(self) -> None:
        self.facts: dict[tuple[str, str], Any] = {}
        self.missing: dict[tuple[str, str], None] = {}

    def read(self, case: str, path: str, value: Any) -> Any:
        if value is None:
            self.missing[case, path] = None
        elif isinstance(value, Mapping):
            return _Traced(self, case, path, value)
        elif isinstance(value, Described):
            return Described(self.read(case, path, list(value)), self.read(case, path, value.own), value.key)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            return [self.read(case, f"{path}[{i}]", item) for i, item in enumerate(value, 1)]
        else:
            try:
                self.facts[case, path] = values.encode(value)
            except values.NotAValue:
                self.facts[case, path] = None
        return value


class _Traced(Mapping[str, Any]):
    """A context that notes what is read of it."""

    def __init__(self, notes: Notes, case: str, path: str, of: Mapping[str, Any]) -> None:
        self._notes = notes
        self._case = case
        self._path = path
        self._of = of

    def __getitem__(self, name: str) -> Any:
        if name not in self._of:
            self._notes.missing[self._case, f"{self._path}.{name}"] = None
            return None
        return self._notes.read(self._case, f"{self._path}.{name}", self._of[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def __contains__(self, name: object) -> bool:
        return name in self._of


class CaseView(Mapping[str, Any]):
    """A case as a context: its elements, records and own facts (`status`, `opened_at`, `on_time`, ...)."""

    def __init__(self, program: Program, view: View, notes: Notes, walked: frozenset[str], now: int) -> None:
        self._scope = Rounds(program, view, None, (), now)
        self._notes = notes
        self._walked = walked
        self._case = view.case

    def __getitem__(self, name: str) -> Any:
        program = self._scope.program
        if name in program.plans or name in program.types or name in program.slas or name in program.ledgers:
            if self._scope.lacks(name):
                self._notes.missing[self._case, name] = None
            return self._notes.read(self._case, name, self._scope.name(name, walked=name in self._walked))
        facts = CaseFacts(self._scope.view, program.zone)
        if name == "case":
            return _Traced(self._notes, self._case, name, facts)
        if name == "process":
            return _Traced(self._notes, self._case, name, process_of(program, self._scope.view))
        return self._notes.read(self._case, name, facts[name])

    def __iter__(self) -> Iterator[str]:
        program = self._scope.program
        yield from (*program.plans, *program.types, *program.slas, *program.ledgers, *CASE, "case", "process")

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return any(name == own for own in self)


def process_of(program: Program, view: View) -> dict[str, Any]:
    """Gives what there is to know of the process, with the version that a case runs."""
    return {**process_facts(program.definition), "version": getattr(view, "version", program.definition.version)}


@lru_cache(maxsize=1024)
def _formula(text: str) -> feel.Expression | None:
    tree = feel.parse(text).tree
    return None if tree is None else feel.compile(known_only(tree))


@lru_cache(maxsize=1024)
def _test(text: str) -> feel.Expression | None:
    tree = feel.parse(text, kind="unary").tree
    return None if tree is None else feel.compile(tree)


def _meets(program: Program, text: str | None, value: Any, now: int) -> bool | None:
    """Says whether a value meets a unary test; None when there is no test or it cannot be told."""
    test = None if text is None else _test(text)
    if test is None:
        return None
    names = bound_in(program, test)
    if any(found is None for found in names.values()):
        return None
    found = test.evaluate({**names, "?": value}, program.env(lambda: moment(now, program.zone)))
    return found if isinstance(found, bool) else None


def bound_in(program: Program, expression: feel.Expression) -> dict[str, Any]:
    """Gives the values of the parameters that an expression names."""
    return {name: program.bound[name] for name in expression.names if name in program.bound}


def bound_text(text: str, definition: Definition) -> str:
    """Gives a target with the values of the parameters it names in their place; an unbound one keeps its name."""
    tree = feel.parse(text, kind="unary").tree
    given = {p.name: feel.parse(p.value).tree for p in definition.parameters if p.value is not None}

    def change(node: Any) -> Any:
        value = given.get(node.name) if isinstance(node, t.Name) else None
        return t.mapped(node, change) if value is None else value

    return text if tree is None else feel.text(change(tree))


def status_of(kpi: Kpi, definition: Definition, value: Any, now: int) -> str:
    """Says how a value (decoded) stands to the KPI's target: met, warn, missed, or unknown."""
    program = prepare(definition)
    met = None if value is None else _meets(program, kpi.target, value, now)
    if met is None:
        return "unknown"
    if not met:
        return "missed"
    return "warn" if _meets(program, kpi.warn, value, now) else "met"


def window_start(kpi: Kpi, program: Program, end: int) -> int | None:
    """Gives the instant since which cases count that are looked at from `end`; None where the length is unknown."""
    span = None if kpi.over is None else Scope(program, NEW, None, (), end).value(kpi.over)
    if not isinstance(span, Span):
        return None
    return calendars.add(program.definition.calendar, end, span.scaled(Decimal(-1)))


def _window(kpi: Kpi, program: Program, cases: list[View], now: int) -> list[View] | None:
    """Keeps the cases closed (or opened) within the window; None when the window's length is unknown."""
    if kpi.over is None:
        return cases
    start = window_start(kpi, program, now)
    return None if start is None else [case for case in cases if is_within(kpi, case, start, now)]


def is_within(kpi: Kpi, case: View, start: int, last: int) -> bool:
    """Says whether a case was closed, or opened where the KPI asks for that, from one instant to another."""
    at = case.opened_at if kpi.event == "opened" else case.closed_at
    return at is not None and start <= at <= last


def plain_kpi(kpi: Kpi) -> Kpi:
    """Gives a KPI without its window, for cases that have been chosen."""
    return replace(kpi, over=None)


def measure(kpi: Kpi, definition: Definition, cases: Iterable[View], now: int) -> tuple[Figure, ...]:
    """Measures a KPI over cases of its process as they stand: one figure, or one for each group of `by`.

    `now` is microseconds since the epoch. A group that is not known is a group of its own, with None.
    """
    program = prepare(definition)
    chosen = _window(kpi, program, [case for case in cases if case.status != "none"], now)
    if chosen is None:
        return (Figure(kpi.name, None, "unknown"),)
    if kpi.by is None:
        return (figure_of(kpi, program, chosen, now),)
    groups: dict[bytes, tuple[Any, list[View]]] = {}
    for case in chosen:
        found = CaseScope(program, case, now).value(kpi.by)
        encoded = values.encode(found)
        groups.setdefault(values.canonical(encoded), (encoded, []))[1].append(case)
    return tuple(_figure(kpi, program, rows, group, now) for _, (group, rows) in sorted(groups.items()))


class CaseScope(Scope):
    """The names of a `by` path: those of a case, its own facts included."""

    def __init__(self, program: Program, view: View, now: int) -> None:
        super().__init__(program, view, None, (), now)

    def name(self, name: str, *, walked: bool = True) -> Any:
        if name == "process":
            return process_of(self.program, self.view)
        found = super().name(name, walked=walked)
        return CaseFacts(self.view, self.program.zone).get(name) if found is None else found


def figure_of(
    kpi: Kpi, program: Program, cases: list[View], now: int, lists: Mapping[str, list[View]] = MappingProxyType({})
) -> Figure:
    """Measures a formula over cases that have been chosen; `lists`: other cases that it may name."""
    return _figure(kpi, program, cases, None, now, lists)


def _figure(
    kpi: Kpi,
    program: Program,
    cases: list[View],
    group: Any,
    now: int,
    lists: Mapping[str, list[View]] = MappingProxyType({}),
) -> Figure:
    notes = Notes()
    formula = _formula(kpi.formula)
    value = None
    if formula is not None:
        scope = bound_in(program, formula)
        for name, each in {**lists, "cases": cases}.items():
            scope[name] = [CaseView(program, case, notes, formula.walked, now) for case in each]
        value = formula.evaluate(scope, program.env(lambda: moment(now, program.zone)))
    try:
        encoded = values.encode(value)
    except values.NotAValue:
        value = encoded = None
    facts = tuple((case, path, fact) for (case, path), fact in notes.facts.items())
    status = status_of(kpi, program.definition, value, now)
    return Figure(kpi.name, encoded, status, group, len(cases), facts, tuple(notes.missing))
