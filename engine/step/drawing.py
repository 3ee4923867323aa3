"""Filling what is drawn by lot when a record is handed over: nobody gives it, and what is unknown draws nobody.

An amendment keeps whom the lot has drawn; the work is done again for another draw, and whoever has it done again says
why. Which of the candidates a seed picks is for `draws`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from charter.engine import values
from charter.engine.commands import Amend, Complete
from charter.engine.definition import Draw
from charter.engine.draws import drawn_fields, pick
from charter.engine.entries.approvals import Drawn
from charter.engine.keys import Path, name_of
from charter.engine.plan.plans import Plan
from charter.engine.state import Node
from charter.engine.step.draft import Draft, refuse


def fill(draft: Draft, plan: Plan | None, path: Path, record: str, value: Any) -> Any:
    """Gives a record's value with the people who are drawn; refused are given ones (CH672), and draws that fail."""
    fields = drawn_fields(draft.program, record)
    if not fields or not isinstance(value, Mapping):
        return value
    command, out = draft.command, dict(value)
    kept = _kept(draft) if isinstance(command, Amend) else {}
    for field, draw in fields:
        given = out.pop(field.name, None)
        if given is not None and given != kept.get(field.name):
            raise refuse("CH672", f"record {record}", record=record, field=field.name)
        if isinstance(command, Complete) and plan is not None:
            drawn = _draw(draft, plan, path, record, f"{record}.{field.name}", draw, out)
            draft.drawn.append(drawn)
            out[field.name] = list(drawn.people)
        elif field.name in kept:
            out[field.name] = kept[field.name]
    return out


def _kept(draft: Draft) -> Mapping[str, Any]:
    command = draft.command
    current = draft.versions.get(command.record) if isinstance(command, Amend) else None
    value = values.decode(current.value) if current is not None else None
    return value if isinstance(value, Mapping) else {}


def _draw(draft: Draft, plan: Plan, path: Path, record: str, label: str, draw: Draw, own: Mapping[str, Any]) -> Drawn:
    command, scope = draft.command, draft.scope(plan, path)
    lots = command.lots if isinstance(command, Complete) else ()
    lot = next((each for each in lots if each.field == label), None)
    said = {"record": record, "field": label.partition(".")[2]}
    count = scope.value(draw.count, own)
    pool = _people(scope.value(draw.pool, own)) if draw.data else None if lot is None else set(lot.people)
    excluded = set() if draw.excluded is None else _people(scope.value(draw.excluded, own))
    unknown = (
        draw.count if not (values.is_count(count) and count >= 1) else draw.pool if pool is None else draw.excluded
    )
    if lot is None or not values.is_count(count) or count < 1 or pool is None or excluded is None:
        raise refuse("CH673", f"record {record}", **said, condition=unknown or draw.pool)
    candidates = tuple(sorted(pool - excluded))
    if len(candidates) < count:
        raise refuse("CH674", f"record {record}", **said, count=int(count), candidates=list(candidates))
    people = pick(lot.seed, label, candidates, int(count))
    return Drawn(label, people, candidates, tuple(sorted(excluded)), lot.seed)


def _people(value: Any) -> set[str] | None:
    """Gives the people whom a value names, one or a list, at any depth; None where it is not known."""
    if isinstance(value, str):
        return {value} if value else None
    if not isinstance(value, list):
        return None
    found: set[str] = set()
    for one in value:
        inner = _people(one)
        if inner is None:
            return None
        found |= inner
    return found


def tell(draft: Draft, node: Node, plan: Plan) -> None:
    """Enters what has been drawn, with those who witnessed it: who confirmed a point that others confirm."""
    by_others = {check.name for check in plan.element.checklist if check.other or check.by is not None}
    witnesses = dict.fromkeys(done.person for done in node.confirmations if name_of(done.check) in by_others)
    for drawn in draft.drawn:
        told = Drawn(drawn.field, drawn.people, drawn.candidates, drawn.excluded, drawn.seed, tuple(witnesses))
        draft.enter(told, node, node.state, node.state)
    draft.drawn = []


def left_out(draft: Draft, plan: Plan, given: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    """Gives the records that come with a completion, with those all of which the lot fills."""
    names = {name for name, _ in given}
    empty: list[tuple[str, Any]] = [
        (record, {})
        for record in plan.element.outputs
        if record not in names
        and drawn_fields(draft.program, record)
        and not any(field.needed for field in draft.program.types[record].fields)
    ]
    return (*given, *empty)


def require_reason(draft: Draft, plan: Plan) -> None:
    """Refuses (CH506) to take back work that has drawn people without a reason: it would be drawn again."""
    if any(drawn_fields(draft.program, record) for record in plan.element.outputs) and not draft.command.reason:
        raise refuse("CH506", plan.name, verb="withdraw")
