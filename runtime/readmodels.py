"""What the same transaction keeps beside a case for speed: open work by role and by person, and who wrote which
version.

Read models follow from the case's state (and, for a version, from the entry that holds it): `rebuild` makes them
anew, and a property test compares. Only what a step changed is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from charter.engine.authority import makers
from charter.engine.definition import Definition
from charter.engine.entries import Entry
from charter.engine.keys import parse_key
from charter.engine.program import Plan, prepare
from charter.engine.state import CaseState, Node
from charter.runtime.audit.log import WRITES, load, to_entries
from charter.runtime.store import tables as t
from charter.runtime.store.prepared import Prepared

# Work without a due date comes after all work that has one: some 3,000 years later.
_NEVER = 10**17

_OPEN = frozenset({"ready", "claimed", "active", "suspended"})

_COLUMNS = (
    "case",
    "node",
    "role",
    "process",
    "element",
    "state",
    "iteration",
    "holder",
    "assigned",
    "barred",
    "since",
    "due",
    "rank",
)
Row = tuple[object, ...]


def _separated(definition: Definition) -> dict[str, tuple[str, ...]]:
    """Gives, for each element, the elements that its doers may not do."""
    out: dict[str, tuple[str, ...]] = {}
    for s in definition.separations:
        if not s.same:
            out[s.other] = (*out.get(s.other, ()), s.element)
    return out


class Shape:
    """What the read models need of a definition, looked up once; `plans` are those of people's work."""

    __slots__ = ("bars", "name", "others", "owner", "plans", "program", "separated_from")

    def __init__(self, definition: Definition) -> None:
        self.program = prepare(definition)
        self.name = definition.name
        self.owner = definition.owner
        plans = self.program.plans.items()
        self.plans = {n: p for n, p in plans if p.kind in ("activity", "approval") and p.element.work is None}
        # element -> those whose open work its doers are barred from
        self.bars = _separated(definition)
        self.separated_from: dict[str, set[str]] = {}
        for other, elements in self.bars.items():
            for element in elements:
                self.separated_from.setdefault(element, set()).add(other)
        asked = {e.name: e.agreement for e in definition.elements if e.agreement is not None}
        self.others = {name: a.of for name, a in asked.items() if any(stage.other for stage in a.stages)}
        for name, record in self.others.items():
            for producer in definition.elements:
                if record in producer.outputs:
                    self.bars[producer.name] = (*self.bars.get(producer.name, ()), name)


def _barred(shape: Shape, state: CaseState, plan: Plan, node: Node) -> str:
    people = {v.person for v in node.votes if v.stage == node.stage}
    others = shape.separated_from.get(node.element)
    if others:
        for other in state.nodes.values():
            if other.element in others:
                people.update(other.doers)
    if node.element in shape.others:
        people.update(makers(shape.program, state, plan, parse_key(node.key)[1], node))
    return f"|{'|'.join(sorted(people))}|" if people else ""


def work_rows(shape: Shape, state: CaseState, node: Node) -> list[Row]:
    """Gives the open-work rows of one node: none, one for its holder, or one for each role it is offered to."""
    if node.state not in _OPEN or state.status != "open":
        return []
    plan = shape.plans.get(node.element)
    if plan is None or (plan.many and plan.is_group(parse_key(node.key)[1])):
        return []
    since = node.ready_at or state.opened_at or 0
    rank = node.due if node.due is not None else since + _NEVER
    barred = _barred(shape, state, plan, node)
    roles = ("",) if node.holder is not None else (plan.roles_wanted(node) or (shape.owner or "",))
    return [
        (
            state.case,
            node.key,
            role,
            shape.name,
            node.element,
            node.state,
            node.iteration,
            node.holder,
            int(node.assigned),
            barred,
            since,
            node.due,
            rank,
        )
        for role in dict.fromkeys(roles)
    ]


_w = t.work_items.c
_INSERT_WORK = Prepared(insert(t.work_items).inline(), *_COLUMNS)
_DELETE_WORK = Prepared(
    delete(t.work_items).where(and_(_w.case == bindparam("case"), _w.node == bindparam("node"))), "case", "node"
)
_DELETE_CASE = Prepared(delete(t.work_items).where(_w.case == bindparam("case")), "case")
_VERSION_COLUMNS = ("case", "record", "number", "digest", "node", "by", "at", "seq")
_INSERT_VERSION = Prepared(insert(t.record_versions).inline(), *_VERSION_COLUMNS)


def keep(
    connection: Connection, shape: Shape, before: CaseState, after: CaseState, entries: Sequence[Entry], first: int
) -> None:
    """Brings the read models from one state of a case to the next, in its transaction; `first` numbers `entries[0]`."""
    old, new = before.nodes, after.nodes
    if before.status != after.status and "open" in (before.status, after.status):
        _DELETE_CASE.run(connection, after.case).close()
        rows = [row for node in new.values() for row in work_rows(shape, after, node)]
        if rows:
            _INSERT_WORK.run_many(connection, rows)
    elif new is not old:
        changed = [node for key, node in new.items() if old.get(key) is not node]
        if shape.bars:
            touched = {e for node in changed for e in shape.bars.get(node.element, ())}
            if touched:
                seen = {node.key for node in changed}
                changed += [n for n in new.values() if n.element in touched and n.key not in seen]
        gone, come = [], []
        for node in changed:
            earlier = old.get(node.key)
            was = work_rows(shape, before, earlier) if earlier is not None else []
            now = work_rows(shape, after, node)
            if was != now:
                if was:
                    gone.append((after.case, node.key))
                come += now
        gone += [(after.case, key) for key in old if key not in new]
        if gone:
            _DELETE_WORK.run_many(connection, gone)
        if come:
            _INSERT_WORK.run_many(connection, come)
    if after.versions is not before.versions:
        rows = version_rows(after.case, entries, first)
        if rows:
            _INSERT_VERSION.run_many(connection, rows)


def version_rows(case: str, entries: Iterable[Entry], first: int) -> list[Row]:
    """Gives the rows of the record versions that these entries wrote; `first` is the number of the first."""
    # An amendment to the same content is recorded too, but makes no version.
    return [
        (case, r.data["record"], r.data["version"], r.data["digest"], r.element, r.actor, r.at, seq)
        for seq, r in enumerate(entries, first)
        if r.kind in WRITES and "digest" in r.data
    ]


def derived(
    case: str, definition: Definition, state: CaseState, entries: Iterable[Entry]
) -> tuple[list[Row], list[Row]]:
    """Gives a case's read models as they follow from its state and its entries: open work, and record versions."""
    shape = Shape(definition)
    work = [row for node in state.nodes.values() for row in work_rows(shape, state, node)]
    return work, version_rows(case, entries, 1)


def rebuild(connection: Connection, case: str, definition: Definition, state: CaseState) -> None:
    """Makes a case's read models anew from its state and its entries."""
    work, versions = derived(case, definition, state, to_entries(load(connection, case)))
    _DELETE_CASE.run(connection, case).close()
    connection.execute(delete(t.record_versions).where(t.record_versions.c.case == case))
    if work:
        _INSERT_WORK.run_many(connection, work)
    if versions:
        _INSERT_VERSION.run_many(connection, versions)


def snapshot(connection: Connection, case: str) -> tuple[list[Row], list[Row]]:
    """Gives a case's read models as they are stored, sorted, to compare with."""
    w, v = t.work_items, t.record_versions
    work = connection.execute(select(w).where(w.c.case == case).order_by(w.c.node, w.c.role))
    versions = connection.execute(select(v).where(v.c.case == case).order_by(v.c.record, v.c.number))
    return [tuple(r) for r in work], [tuple(r) for r in versions]
