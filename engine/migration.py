"""What of one version of a process is found in another: by its name, or by the name that a migration gives for it.

An element is found where its kind is the same and it stands in the same `for each`; it may stand in another phase. A
record is found where its versions can be seen from where they are now. What is the same and what differs is said here,
line by line; what becomes of the work of a case is for `step/migrating.py`. Knows no case, person or time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from charter.engine.definition import After, Element, Input
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.refusals import Reason

UNMAPPED = "CH644"
UNDECIDED = "CH645"
STARTS_AGAIN = "CH646"
NOT_A_PLACE = "CH647"
AWAITED = "CH648"
DOES_NOT_FIT = "CH649"
NEW_INSIDE = "CH650"
NO_DECISION = "CH651"
NOT_KNOWN = "CH652"
NOTHING_BACK = "CH653"
SAME_VERSION = "CH654"

# why a case cannot be migrated, or not without another word -> the values that its sentence names
CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        UNMAPPED: ("what", "name", "keys"),
        UNDECIDED: ("element", "keys", "lines"),
        STARTS_AGAIN: ("element", "keys", "lines"),
        NOT_A_PLACE: ("name", "to"),
        AWAITED: ("element", "key"),
        DOES_NOT_FIT: ("record", "key", "code", "field"),
        NEW_INSIDE: ("element", "container"),
        NO_DECISION: ("name",),
        NOT_KNOWN: ("definition",),
        NOTHING_BACK: ("case",),
        SAME_VERSION: ("case", "version"),
    }
)

# Lines on which finished work rests; lines that say whether there is work at all.
SUBSTANCE = frozenset({"inputs", "outputs", "agreement", "checklist", "work"})
ASKED = frozenset({"when", "offered", "after"})
# Whom data names, which is pinned when work opens.
ADDRESSED = frozenset({"named"})
# Lines that give dates.
DATED = frozenset({"within", "due", "calendar"})

Mapped = tuple[tuple[str, str | None], ...]


class Comparison(Struct, frozen=True, eq=False):
    """By what name each thing of the version until now is found in the other one, None where it is not.

    `lines`: the lines of an element, by its name in the other version, that are not the same; `moved`: those that stand
    in another phase. `wrong`: why the names given do not do.
    """

    elements: Mapping[str, str | None]
    records: Mapping[str, str | None]
    clocks: Mapping[str, str | None]
    ledgers: Mapping[str, str | None]
    parameters: Mapping[str, str | None]
    rules: Mapping[str, str | None]
    lines: Mapping[str, frozenset[str]]
    wrong: tuple[Reason, ...] = ()

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """What has another name, of all kinds."""
        kinds = (self.elements, self.records, self.clocks, self.ledgers, self.parameters)
        return tuple((old, new) for names in kinds for old, new in names.items() if new is not None and new != old)


@lru_cache(maxsize=16)
def compare(old: Program, new: Program, mapping: Mapped) -> Comparison:
    """Compares two versions of a process; `mapping`: (old name, new name or None for let go) as they are given."""
    given = dict(mapping)
    wrong: list[Reason] = []

    def named(olds: Iterable[str], news: Mapping[str, Any], fits: Callable[[str, str], bool]) -> dict[str, str | None]:
        taken = {to for name, to in mapping if to is not None}
        found: dict[str, str | None] = {}
        for name in olds:
            to = given.get(name, None if name in taken else name)
            able = to is not None and to in news and to not in found.values() and fits(name, to)
            if name in given and to is not None and not able:
                wrong.append(Reason(NOT_A_PLACE, name, {"name": name, "to": to}))
            found[name] = to if able else None
        return found

    elements: dict[str, str | None] = {}

    def loops(plan: Plan) -> tuple[str | None, ...]:
        return tuple(elements.get(name) for name in plan.loops if name != plan.name)

    def alike(name: str, to: str) -> bool:
        a, b = old.plans[name], new.plans[to]
        inside = tuple(loop for loop in b.loops if loop != to)
        return a.kind == b.kind and a.many == b.many and loops(a) == inside

    for name in old.plans:  # what is around an element comes before it
        taken = {to: n for n, to in elements.items() if to is not None}
        found = named([name], {to: plan for to, plan in new.plans.items() if to not in taken}, alike)
        elements.update(found)
    records = named(old.types, new.types, lambda _a, _b: True)
    clocks = named(old.slas, new.slas, lambda a, b: _stands(old, a, elements) == _stands(new, b, None))
    ledgers = named(old.ledgers, new.ledgers, lambda _a, _b: True)
    parameters = named(old.parameters, new.parameters, lambda _a, _b: True)
    known = {rule.name for rule in new.definition.rules}
    rules = {rule.name: rule.name if rule.name in known else None for rule in old.definition.rules}
    for name in given:
        if not any(name in names for names in (elements, records, clocks, ledgers, parameters, heard(old))):
            wrong.append(Reason(NOT_A_PLACE, name, {"name": name, "to": given[name] or "-"}))
    lines = {
        to: frozenset(_differing(old, new, old.plans[name], new.plans[to], elements, records))
        for name, to in elements.items()
        if to is not None
    }
    return Comparison(elements, records, clocks, ledgers, parameters, rules, lines, tuple(wrong))


def _stands(program: Program, clock: str, names: Mapping[str, str | None] | None) -> tuple[str | None, ...]:
    """Says in which element a clock stands, and in which loops, by the names of the other version."""
    plan = program.slas[clock]
    found = (*plan.loops, *(() if plan.of is None else (plan.of.name,)))
    return tuple(name if names is None else names.get(name) for name in found)


@lru_cache(maxsize=64)
def heard(program: Program) -> frozenset[str]:
    """Names the signals that something in a process waits for."""
    works = (plan.element.work for plan in program.plans.values())
    waits = {work.target for work in works if work is not None and work.kind == "signal" and work.target is not None}
    ruled = {on.name for rule in program.definition.rules for on in rule.occasions if on.kind == "signal" and on.name}
    return frozenset(waits | program.heard | ruled)  # type: ignore[arg-type]


def _differing(
    old: Program,
    new: Program,
    before: Plan,
    after: Plan,
    elements: Mapping[str, str | None],
    records: Mapping[str, str | None],
) -> Iterable[str]:
    was, now = _as_named(before.element, elements, records), after.element
    now = replace(now, checklist=tuple(replace(c, clauses=(), title="") for c in now.checklist))
    for name in (
        "inputs",
        "outputs",
        "checklist",
        "when",
        "offered",
        "after",
        "many",
        "within",
        "due",
        "events",
        "offers",
    ):
        if getattr(was, name) != getattr(now, name):
            yield name
    if was.named != now.named:
        yield "named"
    if _work(old, was) != _work(new, now):
        yield "work"
    if _agreement(was) != _agreement(now):
        yield "agreement"
    if before.calendar != after.calendar:
        yield "calendar"
    if was.parent != now.parent:
        yield "parent"


def _as_named(element: Element, elements: Mapping[str, str | None], records: Mapping[str, str | None]) -> Element:
    """Gives an element with the names of the other version in its lists; what is not found there is left out."""

    def those(names: Iterable[str], known: Mapping[str, str | None]) -> tuple[str, ...]:
        return tuple(to for name in names if (to := known.get(name)) is not None)

    def one(name: str) -> str:
        return records.get(name) or f"{name} "  # a record that is gone is no other

    agreement = element.agreement
    if agreement is not None and agreement.of is not None:
        agreement = replace(agreement, of=one(agreement.of))
    return replace(
        element,
        parent=None if element.parent is None else elements.get(element.parent),
        inputs=tuple(Input(one(i.record), those(i.approvals, elements)) for i in element.inputs),
        outputs=tuple(map(one, element.outputs)),
        after=tuple(After(those(a.elements, elements), a.needed) for a in element.after),
        checklist=tuple(replace(c, clauses=(), title="") for c in element.checklist),
        agreement=agreement,
    )


def _work(program: Program, element: Element) -> Any:
    work = element.work
    if work is None:
        return None
    return replace(work, retry=None), program.tables.get(work.target or "") if work.kind == "decide" else None


def _agreement(element: Element) -> Any:
    """Gives what a decision rests on; what follows from one that is still to come is no part of it."""
    found = element.agreement
    return found and replace(found, on_reject=None, on_return=None, escalation=None, passes=False)
