"""What may happen next in a case: what people, programs, signals and time could do to it.

People are made up as they are needed: whoever does an element's work has its roles and shows what they ask for, and is
nobody else's double, so that separations hold nobody back; whoever must be the same as another is that other. Whether
real people are enough is for staffing. Only what the process foresees happens: nobody skips, cancels or amends, and
work is sent back only where the process says to what.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Any, NamedTuple

from charter.engine import offers, values
from charter.engine.commands import (
    SYSTEM,
    Actor,
    Add,
    Answer,
    Approve,
    Begin,
    Claim,
    Close,
    Command,
    Comment,
    Complete,
    Confirm,
    Reject,
    Retry,
    Return,
    Signal,
    Tick,
)
from charter.engine.definition import Check, item_type
from charter.engine.draws import plain_seed, with_lots
from charter.engine.feel.own import File
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import OPEN, WORKABLE
from charter.engine.personal import whose
from charter.engine.plan.makers import bound
from charter.engine.plan.plans import Plan, shared_loops
from charter.engine.plan.program import Program
from charter.engine.plan.scope import Scope
from charter.engine.proof.fields import DRAWN
from charter.engine.proof.nodes import OUTSIDE
from charter.engine.proof.outside import Taken
from charter.engine.proof.past import Past
from charter.engine.proof.values import Conditions, Representatives
from charter.engine.state import NEW, CaseState, Node

MOST_VALUES = 256  # of one move
STARTER, IN_CHARGE = "starter", "owner"  # who opens a case, and who owns the process
# What tells work that is under way from work that nobody has taken.
_UNDER_WAY = frozenset({"state", "ready", "claimed", "active"})
EVIDENCE = values.encode(File("0" * 64, "proof.pdf", 1, "application/pdf"))


class Move(NamedTuple):
    """Commands that happen together. `node`: whose, if anybody's; `told`: what is done, in the words of scenarios.

    `taken`: what was taken of linked cases and registers then.
    """

    node: str
    told: str
    commands: tuple[Command, ...]
    taken: Taken = ()


class Moves:
    """The moves of the cases of one process."""

    def __init__(self, program: Program, known: Conditions) -> None:
        self.program = program
        self.known = known
        self.past = Past(program)
        self._inexact: dict[str, None] = dict.fromkeys(known.strange)
        watched = {path[0] for atom in known.atoms for path in atom.paths if path[1:2] and path[1] in _UNDER_WAY}
        watched |= {plan.name for plan in program.plans.values() if plan.element.offered is not None}
        self._claimed = frozenset(watched)
        self._begun = frozenset(watched).union(program.rivals)
        self._skills = {
            (r.name, r.at_least or 0) for role in program.definition.roles for r in role.requires if r.kind == "skill"
        }
        self._certificates = tuple(
            r.name for role in program.definition.roles for r in role.requires if r.kind == "certificate"
        )

    def inexact(self) -> tuple[str, ...]:
        """Names the records of which values were left out, and what else was, that might have made a difference."""
        return tuple(sorted(self._inexact))

    def many(self) -> tuple[str, ...]:
        """Names the records of which values were left out because they are too many."""
        return tuple(sorted(self._inexact.keys() - set(self.known.strange)))

    def somebody(self, person: str, roles: Sequence[str]) -> Actor:
        return Actor(person, tuple(roles), skills=tuple(sorted(self._skills)), certificates=self._certificates)

    def starts(self) -> Iterator[tuple[tuple[str, Any], ...]]:
        """Yields what a case may begin with."""
        yield from self.contents(self.program.definition.inputs)

    def contents(self, records: Sequence[str], state: CaseState = NEW) -> Iterator[tuple[tuple[str, Any], ...]]:
        """Yields what may be handed over as these records."""
        found = {name: self.representatives(name, state) for name in records}
        self._inexact.update((name, None) for name in records if not found[name].exact)
        columns = [[(name, value) for value in found[name].values] for name in records]
        size = 1
        for column in columns:
            size *= len(column)
        if size > MOST_VALUES:
            self._inexact.update((name, None) for name in records)
        yield from islice(product(*columns), MOST_VALUES)

    def early(self, state: CaseState, waiters: Iterable[Plan], at: int) -> Iterator[Move]:
        """Yields signals that come before these wait for them, one of each name at a time."""
        for plan in waiters:
            work = plan.element.work
            name = work.target or "" if work is not None else ""
            if not any(early.signal == name for early in state.signals):
                for records in self.contents(plan.element.outputs, state):
                    sent = Signal(actor=self.in_charge(plan), at=at, name=name, records=records)
                    yield Move("", "signal", (sent,))

    def representatives(self, record: str, state: CaseState) -> Representatives:
        """Gives the values that a record may be written with now."""
        writable = self.past.writable(state) if state.nodes else self.past.written
        return self.known.values(record, state.versions, writable)

    def of(self, state: CaseState, node: Node, at: int) -> Iterator[Move]:
        """Yields what may be done with a node at an instant."""
        name, path = parse_key(node.key)
        plan = self.program.plans[name]
        if plan.is_group(path):
            yield from self._list(node, plan, at)
        elif node.state == "failed":
            yield Move(node.key, "retry", (Retry(actor=self.in_charge(plan), at=at, node=node.key),))
        elif plan.kind == "approval" and node.state == "ready":
            yield from self._votes(node, plan, at)
        elif plan.kind == "activity" and plan.element.work is None and node.state in WORKABLE:
            yield from self._work(state, node, plan, path, at)
        elif plan.kind == "activity" and node.state == "active":
            yield from self._automatic(state, node, plan, at)

    def ends(self, state: CaseState, at: int) -> Iterator[Move]:
        """Yields the signals that would end something under way, one of each name."""
        names: dict[str, Plan] = {}
        for node in state.nodes.values() if self.program.heard else ():
            plan = self.program.plans[node.element]
            if node.marks and node.state in OPEN:
                names |= {
                    event.at or "": plan for event in plan.element.events if event.kind == "signal" and event.ends
                }
        for name, plan in names.items():
            yield Move("", "signal", (Signal(actor=self.in_charge(plan), at=at, name=name),))

    def in_charge(self, plan: Plan) -> Actor:
        owner = self.program.definition.owner
        return self.somebody(
            IN_CHARGE if owner is not None else STARTER,
            (*plan.element.accountable, *((owner,) if owner is not None else ())),
        )

    def look(self, state: CaseState, at: int) -> Iterator[Move]:
        """Yields what has a case look at others again that changes nothing in it."""
        if any(found.ask.register == OUTSIDE for found in state.looked):
            who = self.somebody(STARTER, ())
            yield Move("", "comment", (Comment(actor=who, at=at, text="?"),))

    def time(self, state: CaseState, at: int) -> Iterator[Move]:
        if state.wake is not None:
            yield Move("", "time", (Tick(actor=SYSTEM, at=max(at, state.wake)),))

    # -- by kind -------------------------------------------------------------------------------------------------

    def _list(self, node: Node, plan: Plan, at: int) -> Iterator[Move]:
        many = plan.element.many
        if many is None or not many.open or node.closed or node.state != "active":
            return
        who = self.in_charge(plan)
        if node.size < self.known.most(plan):
            kind = item_type(self.program.types, many)
            items: Iterable[Any] = [values.encode("item")]
            if kind is not None and kind.record is not None:
                items = self.known.values(kind.record).values
            for item in items:
                yield Move(node.key, "add", (Add(actor=who, at=at, node=node.key, item=item),))
        yield Move(node.key, "close", (Close(actor=who, at=at, node=node.key),))

    def _votes(self, node: Node, plan: Plan, at: int) -> Iterator[Move]:
        wanted = tuple(dict.fromkeys(plan.roles_wanted(node)))
        for role in wanted:
            who = self.voter(node, role)
            yield Move(node.key, "approve", (Approve(actor=who, at=at, node=node.key),))
            yield Move(node.key, "reject", (Reject(actor=who, at=at, node=node.key, reason="no"),))
        agreement = plan.element.agreement
        if agreement is None or not wanted:
            return
        if agreement.veto is not None and agreement.veto not in wanted:
            who = self.voter(node, agreement.veto)
            yield Move(node.key, "reject", (Reject(actor=who, at=at, node=node.key, reason="no"),))
        if agreement.on_return is not None:
            who = self.voter(node, wanted[0])
            yield Move(node.key, "return", (Return(actor=who, at=at, node=node.key, reason="not yet"),))

    def voter(self, node: Node, role: str) -> Actor:
        """Makes up who votes next in a role, and has no other; whom data names is who they are."""
        person = whose(role)
        if person is not None:
            return self.somebody(person, ())
        return self.somebody(f"{node.key}.{role}.{len(node.votes) + 1}", (role,))

    def _work(self, state: CaseState, node: Node, plan: Plan, path: Path, at: int) -> Iterator[Move]:
        element = plan.element
        persons = [node.holder] if node.holder is not None else []
        for rule in self.program.separations.get(plan.name, ()):
            if rule.same:
                other = self.program.plans[rule.other]
                persons += bound(self.program, state, other, path[: shared_loops(plan.loops, other.loops)])
        wanted = plan.roles_wanted(node) if node.named else element.roles
        persons += [person for role in wanted if (person := whose(role)) is not None]
        who = self.somebody(persons[0] if persons else node.key, wanted or self.in_charge(plan).roles)
        if node.state == "ready" and plan.name in self._claimed:
            yield Move(node.key, "claim", (Claim(actor=who, at=at, node=node.key),))
        if node.state != "active" and plan.name in self._begun:
            yield Move(node.key, "begin", (Begin(actor=who, at=at, node=node.key),))
        done = {confirmation.check for confirmation in node.confirmations}
        before: list[Command] = []
        with_it: list[tuple[str, Any]] = []
        for point, check in self.points(state, plan, path, at):
            if point in done:
                continue
            evidence = EVIDENCE if check.evidence == "file" else check.evidence
            if check.by is not None or check.other:
                other_ = self.somebody(f"{node.key}.{check.name}", (check.by,) if check.by else element.roles)
                before.append(Confirm(actor=other_, at=at, node=node.key, check=point, evidence=evidence))
            else:
                with_it.append((point, evidence))
        for records in self.contents(element.outputs, state):
            complete = Complete(actor=who, at=at, node=node.key, records=records, checks=tuple(with_it))
            drawing = with_lots(self.program.definition, complete, lambda _: [Actor(one) for one in DRAWN], plain_seed)
            yield Move(node.key, "complete", (*before, drawing))

    def points(self, state: CaseState, plan: Plan, path: Path, at: int) -> Iterator[tuple[str, Check]]:
        """Yields the points of an element's checklist, by the names that they are confirmed by."""
        for check in plan.element.checklist:
            if check.many is None:
                yield check.name, check
                continue
            items = Scope(self.program, state, plan, path, at).value(check.many.items)
            count = len(items) if isinstance(items, list) else int(items is not None)
            yield from ((key_of(check.name, (index,)), check) for index in range(1, count + 1))
        # Whoever does the work may always say that they took up what is offered.
        node = state.nodes.get(key_of(plan.name, path))
        yield from offers.points(node).items() if node is not None else ()

    def _automatic(self, state: CaseState, node: Node, plan: Plan, at: int) -> Iterator[Move]:
        work = plan.element.work
        if work is None:
            return
        if work.kind == "signal":
            for records in self.contents(plan.element.outputs, state):
                who = self.in_charge(plan)
                yield Move(node.key, "signal", (Signal(actor=who, at=at, name=work.target or "", records=records),))
        elif (
            work.kind in ("call", "run", "start", "amend") and node.wake is None
        ):  # else its next attempt is a matter of time
            for records in self.contents(plan.element.outputs, state):
                yield Move(
                    node.key,
                    "answer",
                    (Answer(actor=SYSTEM, at=at, node=node.key, attempt=node.attempt, records=records),),
                )
            failure = Answer(actor=SYSTEM, at=at, node=node.key, attempt=node.attempt, failure="it failed")
            yield Move(node.key, "fail", (failure,))
