"""Random edits of random processes: what authors do to a process between two versions of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from msgspec.structs import replace

from charter.engine.definition import After, Check, Definition, Element, Input, Order, Stage
from tests.properties.processes import record_type


def _all(definition: Definition, change: Callable[[Element], Element]) -> Definition:
    return replace(definition, elements=tuple(map(change, definition.elements)))


def _one(definition: Definition, element: Element, **lines: Any) -> Definition:
    return _all(definition, lambda e: replace(e, **lines) if e is element else e)


def _texts(value: Any, name: str, to: str) -> Any:
    """Writes another name wherever a text of an element has it."""
    if isinstance(value, str):
        return re.sub(rf"\b{name}\b", to, value)
    if isinstance(value, tuple):
        return tuple(_texts(each, name, to) for each in value)
    if hasattr(value, "__struct_fields__"):
        return replace(value, **{f: _texts(getattr(value, f), name, to) for f in value.__struct_fields__})
    return value


def renamed(definition: Definition, name: str, to: str) -> Definition:
    """Gives a process in which an element has another name."""
    changed = _all(definition, lambda e: _texts(e, name, to))
    return replace(
        changed, separations=_texts(definition.separations, name, to), orders=_texts(definition.orders, name, to)
    )


def without(definition: Definition, name: str) -> Definition:
    """Gives a process without an element, with what is inside it, and without what names it."""
    gone = {name}
    for element in definition.elements:
        if element.parent in gone:
            gone.add(element.name)

    def cut(element: Element) -> Element:
        left = (tuple(n for n in a.elements if n not in gone) for a in element.after)
        after = tuple(After(names, min(len(names), 1)) for names in left if names)
        inputs = tuple(Input(i.record, tuple(a for a in i.approvals if a not in gone)) for i in element.inputs)
        agreement = element.agreement
        if agreement is not None and agreement.on_reject is not None and agreement.on_reject.target in gone:
            agreement = replace(agreement, on_reject=None)
        return replace(element, after=after, inputs=inputs, agreement=agreement)

    orders = (Order(o.kind, tuple(n for n in o.elements if n not in gone)) for o in definition.orders)
    return replace(
        definition,
        elements=tuple(cut(e) for e in definition.elements if e.name not in gone),
        separations=tuple(s for s in definition.separations if s.element not in gone and s.other not in gone),
        orders=tuple(order for order in orders if len(order.elements) > 1),
    )


def edited(rng: Random, definition: Definition) -> tuple[Definition, dict[str, str]]:
    """Gives another version of a process, and the names that elements of it have now."""
    names: dict[str, str] = {}
    there = {element.name for element in definition.elements}
    for number in range(rng.randint(1, 3)):
        leaves = [e for e in definition.elements if e.kind in ("activity", "approval")]
        if not leaves:
            break
        one = rng.choice(leaves)
        kind = rng.randint(0, 8)
        if kind == 0:
            to = f"{one.name}_{number}n"
            definition = renamed(definition, one.name, to)
            old = next((o for o, n in names.items() if n == one.name), one.name)
            names[old] = to
        elif kind == 1 and len(leaves) > 1:
            definition = without(definition, one.name)
            names = {old: new for old, new in names.items() if new != one.name}
        elif kind == 2:
            phases = [None, *(e.name for e in definition.elements if e.kind == "phase")]
            added = Element(f"new{number}", "new", "activity", rng.choice(phases), roles=("maker",))
            definition = replace(definition, elements=(*definition.elements, added))
        elif kind == 3:
            within = rng.choice((None, "1 hour", "4 working hours"))
            definition = _one(definition, one, within=within)
        elif kind == 4 and one.agreement is not None:
            other = replace(one.agreement, stages=(Stage((("boss", 1),), 1), Stage((("checker", 1),), 1)))
            definition = _one(definition, one, agreement=other)
        elif kind == 5 and one.work is None and one.agreement is None:
            more = (*one.checklist, Check("more", "more"))
            definition = _one(definition, one, checklist=more)
        elif kind == 6 and one.kind == "activity" and one.work is None:
            record = record_type(f"extra{number}")
            definition = _one(definition, one, outputs=(*one.outputs, record.name))
            definition = replace(definition, records=(*definition.records, record))
        elif kind == 7:
            when = rng.choice((None, "case.open", "missing.x > 1"))
            definition = _one(definition, one, when=when)
        elif kind == 8:
            whole = [e for e in definition.elements if e.parent is None]
            inside = {e.name for e in rng.sample(whole, rng.randint(1, len(whole)))}
            around = Element(f"wrap{number}", "wrap", "phase")
            moved = [replace(e, parent=around.name) if e.name in inside else e for e in definition.elements]
            place = next(i for i, e in enumerate(moved) if e.parent == around.name)
            moved.insert(place, around)
            definition = replace(definition, elements=tuple(moved))
    return replace(definition, version="2"), {old: new for old, new in names.items() if old in there}
