"""What `show` tells of a case: where it stands, who is waited for since when, and what comes next.

Everything is computed from (definition, state, now); the module knows no database, person or language: states, roles
and reasons leave it as words and codes, times as microseconds (in JSON as RFC 3339). Invariant: each node of the
state appears once in the tree, below its phase and its `for each` group; elements that have no node yet appear as
planned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from charter.engine.calendars import is_provisional
from charter.engine.dated import prepared
from charter.engine.definition import Definition, Element, digest
from charter.engine.keys import key_of, parse_key
from charter.engine.machines import OPEN, PASSED_OVER, SETTLED, UNDER_WAY
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, prepare
from charter.engine.plan.seats import roles_left
from charter.engine.plan.waiting import holds, undated
from charter.engine.reading import WITHHELD, Sight
from charter.engine.refusals import Reason
from charter.engine.state import CaseState, Node
from charter.runtime.clock import iso
from charter.runtime.desk import rules
from charter.runtime.desk.ledgers import stands
from charter.runtime.desk.standing import of_case
from charter.runtime.desk.subjects import subject


class Row(Struct, frozen=True):
    """One line of the tree. `kind`: phase, activity, approval, milestone, or group for a `for each`."""

    depth: int
    key: str
    element: Element
    kind: str
    node: Node | None
    state: str


class Waiting(Struct, frozen=True):
    """Open work: who is waited for (a person, or whoever has one of the roles), since when, until when.

    `provisional`: the due date falls into a year whose public days nobody has published. `ends`: when a line ends it.
    """

    key: str
    element: Element
    state: str
    holder: str | None
    roles: tuple[str, ...]
    since: int | None
    due: int | None
    overdue: bool
    undated: tuple[Reason, ...] = ()
    provisional: bool = False
    ends: int | None = None


def rows(definition: Definition, state: CaseState) -> Iterator[Row]:
    """Yields the tree of a case in document order, instances below their group."""
    program = prepare(definition)
    for root in program.roots:
        yield from _below(root, (), 0, state)


def _below(plan: Plan, path: tuple[int, ...], depth: int, state: CaseState) -> Iterator[Row]:
    key = key_of(plan.name, path)
    node = state.nodes.get(key)
    kind = "group" if plan.is_group(path) else plan.kind
    yield Row(depth, key, plan.element, kind, node, node.state if node else "planned")
    if kind == "group":
        for index in range(1, (node.size if node else 0) + 1):
            yield from _below(plan, (*path, index), depth + 1, state)
        return
    for child in plan.children:
        yield from _below(child, path, depth + 1, state)


def allowances(row: Row) -> tuple[str, ...]:
    """Names what the file allows or forbids of an element, as long as that may still decide something.

    The inbox and forms do without: they offer nobody a skip, and a further vote of one person stands in the inbox.
    """
    agreement, ahead = row.element.agreement, row.state not in SETTLED
    said = {
        "never_skipped": row.element.never_skipped and ahead,
        "same_person": agreement is not None and agreement.same_person and ahead,
        "passes": agreement is not None and agreement.passes and (ahead or row.state in PASSED_OVER),
    }
    return tuple(word for word, holds in said.items() if holds)


def waiting(definition: Definition, state: CaseState) -> list[Waiting]:
    """Lists the open work of a case, what is due first in front."""
    program = prepared(definition, state)
    out = []
    for row in rows(definition, state):
        node = row.node
        if node is None or row.kind not in ("activity", "approval") or node.state not in OPEN:
            continue
        out.append(
            Waiting(
                row.key,
                row.element,
                node.state,
                node.holder,
                waited_for(program, node),
                node.ready_at,
                node.due,
                node.overdue,
                tuple(undated(program.plans[row.element.name], node)),
                node.due is not None
                and is_provisional(program.plans[row.element.name].calendar, node.due, node.ready_at),
                ends(row.element, node),
            )
        )
    return sorted(out, key=lambda w: (w.due is None, w.due or 0))


def ends(element: Element, node: Node) -> int | None:
    """Gives the instant at which a line of an element ends its work, if time does."""
    marks = (mark for event, mark in zip(element.events, node.marks, strict=False) if event.ends and mark > 0)
    return min(marks, default=None)


def open_lists(definition: Definition, state: CaseState) -> list[Row]:
    """Lists the `for each` groups that take more items until somebody closes them."""
    return [
        row
        for row in rows(definition, state)
        if row.kind == "group" and row.state == "active" and row.node and not row.node.closed and _is_open(row.element)
    ]


def _is_open(element: Element) -> bool:
    return element.many is not None and element.many.open


def waited_for(program: Program, node: Node) -> tuple[str, ...]:
    """Names the roles of which somebody is to act on a node; none for what runs by itself."""
    plan = program.plans[node.element]
    if plan.element.work is not None:
        return ()
    owner = program.definition.owner
    return roles_left(plan, node) or ((owner,) if owner else ())


def coming(definition: Definition, state: CaseState, now: int) -> list[tuple[Row, tuple[Reason, ...]]]:
    """Lists what is planned inside what is active, with the reasons that hold each back."""
    if state.status not in UNDER_WAY:
        return []
    program = prepared(definition, state)
    out = []
    for row in rows(definition, state):
        around = program.plans[row.element.name].container(parse_key(row.key)[1])
        inside = around is None or ((node := state.nodes.get(around)) is not None and node.state == "active")
        if row.state == "planned" and inside:
            out.append((row, tuple(holds(program, state, row.key, now))))
    return out


def collapsed(tree: list[Row]) -> list[Row]:
    """Leaves out what has not begun or was passed over, and what is settled in a list of more than CROWD items."""
    out: list[Row] = []
    hidden: int | None = None
    crowded: set[int] = set()  # depths at which the rows are instances of a long list
    for row in tree:
        if hidden is not None and row.depth > hidden:
            continue
        hidden = None
        if row.depth in crowded and row.state in SETTLED:
            hidden = row.depth
            continue
        crowded = {depth for depth in crowded if depth <= row.depth}
        if row.kind == "group" and row.node is not None and row.node.size > CROWD:
            crowded.add(row.depth + 1)
        if row.kind in ("phase", "group") and row.state in _CLOSED:
            hidden = row.depth
        out.append(row)
    return out


CROWD = 12
_CLOSED = PASSED_OVER | {"planned"}


def to_json(definition: Definition, state: CaseState, now: int, sight: Sight) -> dict[str, Any]:
    """Gives the whole view as JSON data, as it is read; `commands` is what `--seen` takes."""
    clocks = of_case(definition, state, None, now) if definition.slas else []
    return {
        "case": state.case,
        "process": definition.name,
        "title": definition.title,
        **({} if (about := subject(definition, state, now)) is None else {"case_subject": about}),
        "status": state.status,
        "drill": state.drill,
        "reason": state.reason,
        "opened_at": iso(state.opened_at),
        "opened_by": state.opened_by,
        "closed_at": iso(state.closed_at),
        "version": definition.version,
        "definition": digest(definition),
        "commands": state.commands,
        "elements": [_row_json(row) for row in rows(definition, state)],
        "waiting": [waiting_json(w) for w in waiting(definition, state)],
        "open_lists": [row.key for row in open_lists(definition, state)],
        "coming": [
            {"element": row.key, "holds": [reason_json(reason, definition) for reason in reasons]}
            for row, reasons in coming(definition, state, now)
        ],
        "rules": [rules.to_json(each) for each in rules.standings(definition, state, now)],
        "signals": [
            {
                "signal": early.signal,
                "by": list(early.by),
                "records": {name: sight.value(name, value) for name, value in early.records},
            }
            for early in state.signals
        ],
        **({"ledgers": [each.to_json(sight) for each in stands(definition, state)]} if definition.ledgers else {}),
        **({"clocks": [clock.to_json() for clock in clocks]} if clocks else {}),
        "records": [
            {
                "record": key,
                "record_version": v.number,
                "by": v.by,
                "at": iso(v.at),
                "element": v.node,
                "digest": WITHHELD if sight.hides(key) else v.digest,
                "value": sight.value(key, v.value),
            }
            for key, v in state.versions.items()
        ],
    }


def _row_json(row: Row) -> dict[str, Any]:
    node = row.node
    facts: Mapping[str, Any] = (
        {
            "iteration": node.iteration,
            "holder": node.holder,
            "doers": list(node.doers),
            "outcome": node.outcome,
            "reason": node.reason,
            "ready_at": iso(node.ready_at),
            "ended_at": iso(node.ended_at),
            "due": iso(node.due),
            "overdue": node.overdue,
        }
        if node
        else {}
    )
    return {
        "element": row.key,
        "title": row.element.title,
        "kind": row.kind,
        "depth": row.depth,
        "state": row.state,
        **({"allowances": list(said)} if (said := allowances(row)) else {}),
        **facts,
    }


def waiting_json(w: Waiting) -> dict[str, Any]:
    """Gives what is waited for as JSON data."""
    return {
        "element": w.key,
        "title": w.element.title,
        "state": w.state,
        "holder": w.holder,
        "roles": list(w.roles),
        "since": iso(w.since),
        "due": iso(w.due),
        "overdue": w.overdue,
        **({"ends": iso(w.ends)} if w.ends is not None else {}),
        **({"provisional": True} if w.provisional else {}),
        **({"undated": [reason.arguments["clause"] for reason in w.undated]} if w.undated else {}),
    }


def placed(place: str | None) -> dict[str, Any]:
    """Gives a place of a process file, `file:line`, as JSON data."""
    file, _, line = (place or "").rpartition(":")
    return {"file": file or None, "line": int(line) if file else None}


def reason_json(reason: Reason, definition: Definition) -> dict[str, Any]:
    """Gives a reason as JSON data, with its place in the process file."""
    return {
        "code": reason.code,
        "subject": reason.subject,
        **placed(definition.place(reason.subject) if reason.subject else None),
        "arguments": dict(reason.arguments),
    }
