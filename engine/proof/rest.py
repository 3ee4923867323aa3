"""The seats that are left in a running case: what is still to be done, by whom the case so far lets do it.

Who did what already counts as the engine counts it (`plan.makers`). Whoever holds work is taken to do it. Work inside a
`for each` is left out: what is done there counts, what is to be done there does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from msgspec.structs import replace

from charter.engine.commands import Actor
from charter.engine.keys import name_of
from charter.engine.machines import OPEN, SETTLED
from charter.engine.personal import whose
from charter.engine.plan.makers import barred, bound, written
from charter.engine.plan.place import Place, standing
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.proof.seating import Sitter, TooMany
from charter.engine.proof.seats import START, Seat, Seats, Ways
from charter.engine.state import CaseState, Node


class Rest(Seats):
    """The seats that are left in a case, among certain people."""

    def __init__(self, program: Program, people: Sequence[Actor], state: CaseState) -> None:
        super().__init__(program, people)
        self.state = state
        self.by_people = [
            plan for plan in self.by_people if not plan.loops and standing(program, state, plan, ()) not in SETTLED
        ]
        self.escalating = ()
        self._pending = {plan.name for plan in self.by_people}

    def among(self, people: Sequence[Actor]) -> Seats:
        """Gives the same seats among other people."""
        return Rest(self.program, people, self.state)

    def unnamed(self) -> tuple[str, ...]:
        """Names the work that people do whom data will name, and has not yet."""
        nodes = self.state.nodes
        return tuple(name for name in super().unnamed() if name not in nodes or nodes[name].state not in OPEN)

    def start(self) -> Seat:
        """Gives the seat of whoever opened the case."""
        return Seat(START, "start", (), frozenset((Sitter(self.state.opened_by or ""),)))

    def ways(self, plan: Plan, *, escalated: bool = False) -> Ways:
        """Gives the ways to fill the seats that are left of an element."""
        node = self.state.nodes.get(plan.name) or Node(plan.name, plan.name)
        if (node.before if node.state == "stale" else node.state) not in OPEN:
            # Decided, and stale since: it stays as it is, or is asked afresh.
            node = replace(node, votes=(), stage=0, confirmations=())
        ways = self._chains(plan, node) if plan.kind == "approval" else super().ways(plan)
        confirmed = {confirmation.check for confirmation in node.confirmations}
        # Whoever did some of it already: others may be bound to them as well.
        did = tuple(Seat(plan.name, "did", (), frozenset((Sitter(person),))) for person in node.doers)
        return [
            (*(one._replace(may=self._left(plan, node, one)) for one in way if one.name not in confirmed), *did)
            for way in ways
        ]

    def _chains(self, plan: Plan, node: Node) -> Ways:
        """Gives the ways to vote in the stages that are left, however those who voted in the present one are seated."""
        left = list(enumerate(plan.stages(node)))[node.stage :]
        if not left:
            return [()]
        (number, stage), *later = left
        votes = [vote for vote in node.votes if vote.stage == number]
        needed = stage.needed - sum(vote.approve for vote in votes)
        ways: Ways = []
        for taken in {tuple(sorted(roles)) for roles in product(*(vote.roles or (vote.role,) for vote in votes))}:
            seats = tuple((role, count - taken.count(role)) for role, count in stage.seats)
            if all(count >= 0 for _, count in seats):
                present = replace(stage, seats=tuple(pair for pair in seats if pair[1]), needed=needed)
                ways += self.chains(plan, [(number, present), *later])
        if not ways:  # those who voted have seats that the process no longer gives
            raise TooMany
        return ways

    def _left(self, plan: Plan, node: Node, seat: Seat) -> frozenset[Sitter]:
        """Gives who may take a seat after all that has happened."""
        at = replace(node, stage=max(seat.stage, 0)) if seat.part == "vote" else node
        out = set(barred(Place(self.program, self.state, plan, self.program.spot(node.key)[1]), at))
        if seat.part == "vote":
            again = plan.element.agreement is not None and plan.element.agreement.same_person
            votes = [vote for vote in node.votes if not again or vote.stage == seat.stage]
            out |= {person for vote in votes for person in (vote.person, vote.on_behalf_of) if person is not None}
        if seat.other and seat.part == "check":
            out |= {*node.doers, *written(self.program, self.state, node), *((node.holder,) if node.holder else ())}
        if seat.part == "do":
            by_others = {check.name for check in plan.element.checklist if check.other}
            out |= {done.person for done in node.confirmations if name_of(done.check) in by_others}
        may = {sitter for sitter in seat.may if sitter.persons.isdisjoint(out)}
        if seat.part == "do" and node.named:
            asked = plan.roles_wanted(node)
            may = {s for s in may if any(whose(role) in s.persons for role in asked)} | self._having(asked)
        if seat.part in ("do", "vote"):
            for rule in self.program.separations.get(plan.name, ()):
                over = rule.same and rule.other not in self._pending
                doers = bound(self.program, self.state, self.program.plans[rule.other], ()) if over else {}
                may = {sitter for sitter in may if not doers or not sitter.persons.isdisjoint(doers)}
        if seat.part == "do" and node.holder is not None:
            held = {Sitter(who.person, who.on_behalf_of) for who in self.people if self._named(node, who)}
            may = {sitter for sitter in may | held if node.holder in sitter.persons}
        return frozenset(may)

    @staticmethod
    def _named(node: Node, who: Actor) -> bool:
        """Says whether work is somebody's whom the process named for it, in whatever role."""
        return node.assigned and not node.handed and who.person == node.holder
