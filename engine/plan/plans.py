"""An element prepared for execution: its place in the process, and what it rests on.

A `Plan` is an element with its loops: the names of the `for each` elements around it (its own last), so that a node is
a plan and an index path. Where a plan has loops [a, b], its nodes are keyed by paths of two numbers; a plan that is
itself `for each` has a group node, keyed by a path one number shorter. What others mean for it is in the `Program`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from charter.engine.definition import Calendar, Definition, Element, Input, Ledger, Sla, Stage
from charter.engine.keys import Path, key_of
from charter.engine.machines import Kind
from charter.engine.plan.named import filled, seats
from charter.engine.sla import BREACH
from charter.engine.state import Node


class Plan(Struct, eq=False):
    """An element prepared: `outer` is the length of its group's (or, without `for each`, its own) index path.

    `calendar` is the one that it names, else that of what is around it. `fallback`: the role that its work falls to
    where the data that is to name people names nobody.
    """

    element: Element
    name: str
    kind: Kind
    many: bool
    loops: tuple[str, ...]
    outer: int
    position: int
    parent: Plan | None
    clauses: tuple[str, ...]
    children: list[Plan] = field(default_factory=list)
    uses: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    gates: frozenset[str] = frozenset()
    offers: tuple[str, ...] = ()
    around: str | None = None
    calendar: Calendar = Calendar()
    fallback: str = ""

    def lifecycle(self, path: Path) -> Kind:
        """Says which lifecycle the node at a path has: a `for each` group lives like a phase."""
        return "phase" if self.many and len(path) == self.outer else self.kind

    def is_group(self, path: Path) -> bool:
        return self.many and len(path) == self.outer

    @property
    def by_people(self) -> bool:
        """Says whether people do it: it is neither a block nor a milestone, nor runs by itself."""
        return self.kind in ("activity", "approval") and self.element.work is None

    def container(self, path: Path) -> str | None:
        """Gives the key of the node around the node at a path: its group, else its phase, None at process level."""
        if not self.loops:
            return self.around
        if self.many and len(path) > self.outer:
            return key_of(self.name, path[:-1])
        return None if self.parent is None else key_of(self.parent.name, path[: len(self.parent.loops)])

    def stages(self, node: Node) -> tuple[Stage, ...]:
        """Gives the stages that decide an approval now: the declared ones, after enough rejections the higher role."""
        agreement = self.element.agreement
        if agreement is None:
            return ()
        escalation = agreement.escalation
        if escalation is not None and node.rejects >= escalation.rejects:
            return (Stage(((escalation.role, 1),), 1),)
        if not node.named:
            return agreement.stages
        return tuple(seats(stage, node.named, self.fallback) for stage in agreement.stages)

    def stage(self, node: Node) -> tuple[Stage, ...]:
        """Gives the stage that decides an approval now, as a tuple of one; of none while nobody is asked."""
        chain = () if node.held else self.stages(node)
        return chain[min(node.stage, len(chain) - 1) :][:1] if chain else ()

    def roles_wanted(self, node: Node) -> tuple[str, ...]:
        """Names the roles whose people a node waits for: the activity's, or those with seats in the current stage; and
        those that the work has come up to.
        """
        own = filled(self.element.roles, node.named, self.fallback) if node.named else self.element.roles
        if self.element.agreement is not None:
            own = tuple(role for stage in self.stage(node) for role, _ in stage.seats)
        return tuple(dict.fromkeys((*own, *node.higher))) if node.higher else own

    def levels(self) -> Iterator[Plan]:
        """Yields the plan and what it stands in, from inside out."""
        level: Plan | None = self
        while level is not None:
            yield level
            level = level.parent

    def descendants(self) -> Iterator[Plan]:
        for child in self.children:
            yield child
            yield from child.descendants()


class ClockPlan(Struct, frozen=True, eq=False):
    """A service-level clock prepared: `of` is the element in which it stands, None for the case.

    `shares`: those of the agreed time at which something is entered, in per cent.
    """

    sla: Sla
    of: Plan | None
    calendar: Calendar
    loops: tuple[str, ...]
    shares: frozenset[int]

    @property
    def clauses(self) -> tuple[str, ...]:
        return self.sla.clauses


class LedgerPlan(Struct, frozen=True, eq=False):
    """A ledger prepared. `plan` stands for it where it looks at its baseline, as work at process level would.

    `record`: that of the baseline; `records`: those whose versions it follows, that one among them; `approvals`: those
    of its entries.
    """

    ledger: Ledger
    plan: Plan
    record: str
    records: frozenset[str]
    approvals: tuple[Plan, ...]

    @classmethod
    def of(cls, ledger: Ledger, plans: Iterable[Plan]) -> LedgerPlan:
        record, *booked = (path.split(".")[0] for path in (ledger.baseline, *(b.items for b in ledger.bookings)))
        element = Element(ledger.name, ledger.title, "milestone", inputs=(Input(record, ledger.approvals),))
        plan = Plan(element, ledger.name, "milestone", False, (), 0, -1, None, ledger.clauses)
        approvals = (p for p in plans if p.element.agreement is not None and p.element.agreement.of in booked)
        return cls(ledger, plan, record, frozenset((record, *booked)), tuple(approvals))


def shares(definition: Definition, sla: Sla) -> frozenset[int]:
    """Gives the shares of a clock's time at which something is entered: of its own lines, of rules, and the breach."""
    of_rules = {
        on.count
        for rule in definition.rules
        for on in rule.occasions
        if on.kind == "threshold" and on.name == sla.name and on.count is not None
    }
    return frozenset(threshold.percent for threshold in sla.thresholds) | of_rules | {BREACH}


def shared_loops(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    """Counts the outermost loops that two places stand in together."""
    count = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        count += 1
    return count


def shared_from(plan: Plan | None, path: Path, seen: Plan) -> int:
    """Counts the outermost loops in one instance of which a place of a plan and an element stand together."""
    return 0 if plan is None or not seen.loops else min(shared_loops(plan.loops, seen.loops), len(path))
