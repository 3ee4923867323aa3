"""The seats of a process: each part of its work that one person takes, who may take it, and what holds between two.

What the engine would refuse is what counts (`step.authority`, `plan.makers`): roles and what they ask for, separations
and bindings of duties, approvals by others and of several people, points of a checklist. One person may do an element
again in every round, and for every item of a list, so it has its seats once. Nobody skips what is theirs to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

from msgspec.structs import replace

from charter.engine.commands import Actor
from charter.engine.definition import Stage
from charter.engine.personal import whose
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled
from charter.engine.proof.seating import Sitter
from charter.engine.step.authority import missing, role_among, unmet

START = ""  # the seat of whoever opens the case


class Seat(NamedTuple):
    """One person's part in an element: `do`, `vote`, `check` (`name`: of the point), `send` a signal, or `start`.

    `roles`: who is asked; none: who is in charge. `stage` of a vote; `other`: by nobody whose the record, or the
    activity, is. `bound`: by whoever opens the case. `short`: those who have a role and cannot show what it asks for.
    """

    element: str
    part: str
    roles: tuple[str, ...]
    may: frozenset[Sitter]
    name: str = ""
    stage: int = 0
    other: bool = False
    bound: bool = False
    short: frozenset[Sitter] = frozenset()


# Ways to fill an element's seats, one of which is enough.
Ways = list[tuple[Seat, ...]]


class Seats:
    """The seats of one process among certain people."""

    def __init__(self, program: Program, people: Sequence[Actor]) -> None:
        self.program = program
        self.people = people
        self._known: dict[tuple[tuple[str, ...], bool], frozenset[Sitter]] = {}
        self.by_people = [plan for plan in program.plans.values() if self._is_work(plan)]
        self.escalating = tuple(
            plan.name for plan in self.by_people if plan.element.agreement and plan.element.agreement.escalation
        )

    def among(self, people: Sequence[Actor]) -> Seats:
        """Gives the same seats among other people."""
        return Seats(self.program, people)

    @staticmethod
    def _is_work(plan: Plan) -> bool:
        work = plan.element.work
        return plan.kind in ("activity", "approval") and (work is None or work.kind == "signal")

    # -- who may take them ---------------------------------------------------------------------------------------

    def _having(self, roles: tuple[str, ...], *, asked: bool = True) -> frozenset[Sitter]:
        """Gives who has one of these roles and shows what it asks for."""
        if (roles, asked) not in self._known:
            self._known[roles, asked] = frozenset(
                Sitter(who.person, who.on_behalf_of)
                for who in self.people
                if any(
                    role_among(who, (role,)) is not None and not (asked and unmet(self.program, who, role))
                    for role in roles
                )
            ) | {Sitter(person, None) for role in roles if (person := whose(role)) is not None}
        return self._known[roles, asked]

    def unnamed(self) -> tuple[str, ...]:
        """Names the work that people do whom data will name, and has not yet."""
        return tuple(plan.name for plan in self.by_people if plan.element.named)

    def _seat(self, plan: Plan, part: str, roles: tuple[str, ...], **more: Any) -> Seat:
        if not set(roles).isdisjoint(plan.element.named):
            return Seat(plan.name, part, roles, self._all(), **more)  # whom data names, only a case can tell
        may = self._having(roles)
        return Seat(plan.name, part, roles, may, short=self._having(roles, asked=False) - may, **more)

    def _all(self) -> frozenset[Sitter]:
        return frozenset(Sitter(who.person, who.on_behalf_of) for who in self.people)

    def _in_charge(self, plan: Plan) -> tuple[str, ...]:
        owner = self.program.definition.owner
        return tuple(dict.fromkeys((*plan.element.accountable, *((owner,) if owner is not None else ()))))

    def named(self, plan: Plan) -> frozenset[Sitter] | None:
        """Gives whom an `assign` may name: anybody who could do it, where only a case can tell; None: no such line."""
        element = plan.element
        if element.assign is None or element.assign_mode != "expression":
            return None
        expression = compiled(element.assign)
        able = [who for who in self.people if missing(self.program, who, element.roles) is None]
        found = frozenset(Sitter(who.person, who.on_behalf_of) for who in able)
        if expression is not None and expression.names <= self.program.parameters.keys():
            whom = expression.evaluate(self.program.bound, self.program.env())
            return frozenset(sitter for sitter in found if whom in sitter)
        return found

    # -- which there are -----------------------------------------------------------------------------------------

    def start(self) -> Seat:
        roles = tuple(self.program.roles)
        return Seat(START, "start", roles, self._having(roles, asked=False) if roles else self._all())

    def ways(self, plan: Plan, *, escalated: bool = False) -> Ways:
        """Gives the ways to fill an element's seats; `escalated`: where rejections bring it to the higher role."""
        if plan.element.work is not None:
            roles = tuple(self.program.roles)
            return [(Seat(plan.name, "send", roles, self._having(roles, asked=False) if roles else self._all()),)]
        return self._votes(plan, escalated) if plan.kind == "approval" else self._work(plan)

    def _work(self, plan: Plan) -> Ways:
        element = plan.element
        roles = element.roles or self._in_charge(plan)
        may = self._having(roles, asked=bool(element.roles)) | (self.named(plan) or frozenset())
        if not set(roles).isdisjoint(element.named):
            may = self._all()
        checks = tuple(
            self._seat(plan, "check", (check.by,) if check.by else element.roles, name=check.name, other=check.other)
            for check in element.checklist
            if check.by is not None or check.other
        )
        short = self._having(element.roles, asked=False) - may
        ways = [(Seat(plan.name, "do", roles, may, short=short), *checks)]
        if not element.roles and self.program.definition.owner is None:
            ways.append((Seat(plan.name, "do", (), self._all(), bound=True), *checks))
        return ways

    def _votes(self, plan: Plan, escalated: bool) -> Ways:
        agreement = plan.element.agreement
        if agreement is None or not agreement.stages:
            return [()]
        if not escalated or agreement.escalation is None:
            return self.chains(plan, enumerate(agreement.stages))
        first = agreement.stages[0]
        rejects = replace(first, needed=sum(count for _, count in first.seats) - first.needed + 1)
        return self.chains(plan, [(0, rejects), (-1, Stage(((agreement.escalation.role, 1),), 1))])

    def chains(self, plan: Plan, stages: Iterable[tuple[int, Stage]]) -> Ways:
        """Gives the ways to vote in stages, each by its number."""
        ways: Ways = [()]
        for number, stage in stages:
            more = [
                tuple(self._seat(plan, "vote", roles, stage=number, other=stage.other) for roles in one)
                for one in _chosen(stage, 1 if stage.first else stage.needed or len(stage.seats))
            ]
            ways = [(*way, *votes) for way in ways for votes in more]
        return ways

    # -- what holds between them ---------------------------------------------------------------------------------

    def apart(self, one: Seat, other: Seat) -> bool:
        """Says whether two seats share no person; of what is done already nothing is asked."""
        if "did" in (one.part, other.part):
            return False
        if one.element != other.element:
            return self._separate(one, other) or self._made(one, other) or self._made(other, one)
        if one.part == other.part == "vote":
            agreement = self.program.plans[one.element].element.agreement
            again = agreement is not None and agreement.same_person
            return one.stage == other.stage or not (again or min(one.stage, other.stage) < 0)
        return False

    def _separate(self, one: Seat, other: Seat) -> bool:
        rules = self.program.separations.get(one.element, ())
        return any(rule.other == other.element and not rule.same for rule in rules)

    def _made(self, vote: Seat, seat: Seat) -> bool:
        """Says whether a seat has a part in the record that a vote is on, which is for others."""
        if not vote.other or vote.part != "vote":
            return False
        plan = self.program.plans[vote.element]
        of = plan.element.agreement.of if plan.element.agreement is not None else None
        if seat.element == START:
            return of in self.program.definition.inputs
        made = self.program.plans[seat.element]
        return of in made.element.outputs and not self.program.precedes(plan, made)

    @staticmethod
    def hands(one: Seat, other: Seat) -> bool:
        """Says whether `one` ticks a point by others of what `other` does."""
        return one.element == other.element and one.part == "check" and one.other and other.part == "do"

    def bound(self, seat: Seat, seats: Sequence[Seat]) -> Iterator[tuple[int, ...]]:
        """Yields, for each binding of a seat, the numbers of those with one of which it shares a person."""
        if seat.bound:
            yield tuple(number for number, other in enumerate(seats) if other.part == "start")
        if seat.part not in ("do", "vote"):
            return
        for rule in self.program.separations.get(seat.element, ()):
            if rule.same:
                others = tuple(
                    n for n, o in enumerate(seats) if o.element == rule.other and o.part in ("do", "vote", "did")
                )
                if others:
                    yield others

    def related(self, element: str) -> Iterator[str]:
        """Names what else has a say in who may take an element's seats."""
        plan = self.program.plans[element]
        yield from (rule.other for rule in self.program.separations.get(element, ()))
        agreement = plan.element.agreement
        if agreement is not None and any(stage.other for stage in agreement.stages):
            yield from (made.name for made in self.program.producers.get(agreement.of or "", ()))
            if agreement.of in self.program.definition.inputs:
                yield START
        if plan.kind == "activity" and not plan.element.roles and self.program.definition.owner is None:
            yield START


def _chosen(stage: Stage, needed: int) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Yields the roles of so many votes that decide a stage; one vote may have any of them."""
    seats = dict(stage.seats)
    if needed == 1:
        yield (tuple(seats),)
        return
    for roles in combinations_with_replacement(seats, needed):
        if all(roles.count(role) <= count for role, count in seats.items()):
            yield tuple((role,) for role in roles)
