"""What the figures of a process read of a case, kept apart from the case; and figures over cases of equal facts.

A formula mostly asks for a few facts of each case (`cases.survey.score`, `cases[answer.on_time]`). These are written
beside the case as texts, so that a host can group cases by them; a formula that only counts, adds up or averages over
`cases` is then judged once for each group by the same FEEL as over whole cases. What cannot be split so (`cases[1]`,
lists of instances) is measured over whole cases (`kpis.measure`). Invariant, and a property test: both give one figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.json import decode
from msgspec.structs import replace

from charter.engine import feel, values
from charter.engine.compact import compact_sorted
from charter.engine.definition import Kpi
from charter.engine.feel import tree as t
from charter.engine.feel.reads import StaticPath, reads
from charter.engine.feel.temporal import DaysDuration
from charter.engine.formulas import known_only
from charter.engine.kpis import Figure, Notes, bound_in, status_of
from charter.engine.plan.facts import CASE, ELEMENT, CaseFacts, moment, process_facts
from charter.engine.plan.program import Program
from charter.engine.plan.scope import Scope
from charter.engine.state import View

# They give the same for the items in any order.
_GATHER = frozenset({"count", "sum", "mean", "min", "max", "median", "stddev", "all", "any"})
_YES_NO = {name for table in (CASE, ELEMENT) for name, fact in table.items() if fact.type == feel.types.BOOLEAN}
_TESTS = frozenset({"and", "or", "=", "!=", "<", "<=", ">", ">="})
_THERE = ""  # the fact of a record that it is there


class Class(NamedTuple):
    """Cases of equal facts: `facts` by path, encoded and as text; those that are not known are left out."""

    facts: Mapping[str, str]
    version: str
    cases: Sequence[str]


class Reading(Struct, frozen=True):
    """A KPI that can be measured by classes. `paths`: the facts of a case that it reads; `terms`: (name, list, gather).

    `rest` is the formula with a name in the place of each term.
    """

    paths: tuple[str, ...]
    terms: tuple[tuple[str, feel.Expression, feel.Expression], ...]
    rest: feel.Expression


def measured(program: Program) -> tuple[str, ...]:
    """Names the facts that the KPIs of a process read of a case and that are kept, sorted."""
    return tuple(sorted({path for kpi in program.definition.kpis for path in _paths(program, kpi) if path is not None}))


def facts_of(program: Program, view: View, paths: Iterable[str]) -> dict[str, str]:
    """Gives the facts of a case that are known, encoded and as text, by path."""
    scope = Scope(program, view, None, (), 0)
    own = CaseFacts(view, program.zone)
    roots: dict[str, Any] = {}
    found = {}
    for path in paths:
        root, _, name = path.rpartition(".")
        if root not in roots:
            roots[root] = own if root == "case" else scope.name(root, walked=False)
        of = roots[root]
        if name == _THERE:
            value = True if of is not None else None
        else:
            value = of.get(name) if isinstance(of, Mapping) else None
        if value is not None:
            try:
                found[path] = _text(value)
            except values.NotAValue:
                continue
    return found


def read_by_class(program: Program, kpi: Kpi) -> Reading | None:
    """Splits a KPI's formula into terms over classes of cases; None where it cannot be split."""
    paths = _paths(program, kpi)
    tree = feel.parse(kpi.formula).tree
    if tree is None or None in paths:
        return None
    terms: list[tuple[str, feel.Expression, feel.Expression]] = []

    def change(node: Any) -> Any:
        gathers = isinstance(node, t.Call) and isinstance(node.function, t.Name) and node.function.name in _GATHER
        if gathers and len(node.arguments) == 1 and _splits(node.arguments[0]):
            name = f"(term {len(terms)})"
            each = feel.compile(known_only(node.arguments[0]))
            terms.append((name, each, feel.compile(replace(node, arguments=(t.Name("(items)"),)))))
            return t.Name(name)
        return t.mapped(node, change)

    rest = change(tree)
    if any(_is_choosy(node) for node in t.walk(rest)):
        return None
    return Reading(tuple(sorted({p for p in paths if p is not None})), tuple(terms), feel.compile(rest))


def measure_classes(kpi: Kpi, reading: Reading, program: Program, classes: Iterable[Class], now: int) -> list[Figure]:
    """Measures a KPI over cases that are given by their facts; the facts behind the figures are left out."""
    env = program.env(lambda: moment(now, program.zone))
    groups: dict[bytes, tuple[Any, list[Class]]] = {}
    by = None if kpi.by is None else feel.parse(kpi.by).tree
    path = None if by is None else feel.compile(by)
    build = _contexts(program, reading)
    if path is None:
        return [_figure(kpi, reading, program, list(classes), None, now)]
    for each in classes:
        found = path.evaluate(build(each), env)
        encoded = None if found is None else values.encode(found)
        groups.setdefault(values.canonical(encoded), (encoded, []))[1].append(each)
    return [_figure(kpi, reading, program, rows, group, now) for _, (group, rows) in sorted(groups.items())]


def _figure(kpi: Kpi, reading: Reading, program: Program, classes: list[Class], group: Any, now: int) -> Figure:
    build = _contexts(program, reading)
    env = program.env(lambda: moment(now, program.zone))
    missing: dict[tuple[str, str], None] = {}
    single: list[Mapping[str, Any]] = []
    several: list[tuple[Mapping[str, Any], int]] = []
    for each in classes:
        context: Mapping[str, Any] = build(each)
        if len(each.facts) < len(reading.paths):  # what is looked at of it may be missing
            notes = Notes()
            noted = _Noted(notes, context)
            for _, listed, _ in reading.terms:
                listed.evaluate({**bound_in(program, listed), "cases": [noted]}, env)
            missing.update(dict.fromkeys((case, path) for case in each.cases for _, path in notes.missing))
        if len(each.cases) == 1:
            single.append(context)
        else:
            several.append((context, len(each.cases)))
    terms: dict[str, Any] = {}
    for name, listed, gather in reading.terms:
        bound = bound_in(program, listed)
        items = listed.evaluate({**bound, "cases": single}, env)
        for context, count in several:
            more = listed.evaluate({**bound, "cases": [context]}, env)
            items = items + more * count if isinstance(items, list) and isinstance(more, list) else None
        terms[name] = None if items is None else gather.evaluate({**bound_in(program, gather), "(items)": items}, env)
    value = reading.rest.evaluate({**bound_in(program, reading.rest), **terms}, env)
    try:
        encoded = values.encode(value)
    except values.NotAValue:
        value = encoded = None
    status = status_of(kpi, program.definition, value, now)
    count = sum(len(each.cases) for each in classes)
    return Figure(kpi.name, encoded, status, group, count, (), tuple(missing))


class _Noted(Mapping[str, Any]):
    """A case's context that notes what is asked of it and not known."""

    def __init__(self, notes: Notes, of: Mapping[str, Any]) -> None:
        self._notes = notes
        self._of = of

    def __getitem__(self, name: str) -> Any:
        return self._notes.read("", name, self._of[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


def _contexts(program: Program, reading: Reading) -> Callable[[Class], dict[str, Any]]:
    """Gives what builds what a formula sees of the cases of a class: no more than the facts that are kept."""
    parts = [(path, *path.rpartition(".")[::2]) for path in reading.paths]
    records = {root for _, root, name in parts if name == _THERE}
    roots = {root for _, root, _ in parts} - records
    own = [
        name for _, root, name in parts if root == "case" and name not in program.plans and name not in program.types
    ]
    facts = process_facts(program.definition)
    versions: dict[str, Any] = {}

    def build(of: Class) -> dict[str, Any]:
        found: dict[str, Any] = {root: {} for root in roots}
        found["process"] = versions.get(of.version) or versions.setdefault(of.version, {**facts, "version": of.version})
        for path, root, name in parts:
            text = of.facts.get(path)
            if root in records and root not in found:
                found[root] = None if text is None else {}
            elif text is not None and found[root] is not None:
                found[root][name] = _value(text)
        for name in own:
            found[name] = found["case"].get(name)
        return found

    return build


def _text(value: Any) -> str:
    """Writes a fact; lengths of time, which many figures are made of, in a form that is read fast."""
    return f"{value.nanoseconds}ns" if type(value) is DaysDuration else compact_sorted(values.encode(value))


def _value(text: str) -> Any:
    return DaysDuration(int(text[:-2])) if text[-2:] == "ns" else values.decode(decode(text))


def _is_choosy(node: Any) -> bool:
    """Says whether a part of a formula asks for `cases` otherwise than by a term, or perhaps leaves a term out."""
    if isinstance(node, t.Binary):
        return node.op in ("and", "or")
    named = isinstance(node, t.Name) and node.name in ("cases", "item")
    return named or isinstance(node, t.If | t.For | t.Quantified | t.Lambda)


def _splits(node: Any) -> bool:
    """Says whether a list over `cases` is, case by case, what it is over each case alone."""
    if isinstance(node, t.Path):
        return _splits(node.of)
    if isinstance(node, t.Filter):
        return _splits(node.of) and _is_condition(node.test)
    return isinstance(node, t.Name) and node.name == "cases"


def _is_condition(test: Any) -> bool:
    """Says whether a filter's test is true or false and no place in the list, and asks for one case alone."""
    if any(isinstance(node, t.Name) and node.name == "cases" for node in t.walk(test)):
        return False
    if isinstance(test, t.Binary):
        return test.op in _TESTS
    if isinstance(test, t.Call):
        return isinstance(test.function, t.Name) and test.function.name == "not"
    return isinstance(test, t.Path | t.Name) and test.name in _YES_NO


def _paths(program: Program, kpi: Kpi) -> set[str | None]:
    """Lists the facts of a case that a KPI reads; None stands for what is not kept."""
    found: set[str | None] = set()
    for text in (kpi.formula, kpi.by):
        tree = None if text is None else feel.parse(text).tree
        for path in reads(tree) if tree is not None else ():
            found |= set(_kept(program, path))
    return found


def _kept(program: Program, path: StaticPath) -> Iterator[str | None]:
    """Names the kept facts that a path of a formula leads to: none for what is not of a case."""
    while path and path[0] in ("cases", "item"):
        path = path[1:]
    if not path:
        return
    root, *rest = path
    plan = program.plans.get(root)
    if plan is not None:
        single = not plan.loops and plan.element.many is None
        yield f"{root}.{rest[0]}" if single and len(rest) == 1 and rest[0] in ELEMENT and rest[0] != "item" else None
    elif root in program.slas or root in program.ledgers:
        yield None
    elif root in program.types:
        listed = any(maker.loops for maker in program.producers.get(root, ()))
        if listed or not rest:
            yield None
        else:
            yield f"{root}.{_THERE}"
            yield f"{root}.{rest[0]}"
    elif root == "case" and rest:
        yield f"case.{rest[0]}" if rest[0] in CASE else None
    elif root in CASE:
        yield f"case.{root}"
