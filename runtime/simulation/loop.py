"""Simulates the cases of a process: drawn arrivals, people who do one thing at a time, and the engine's own steps.

Everything that happens is a command to a world in memory, so that a simulated case is judged as a real one is. Here is
decided only when commands come and from whom: whoever is free takes the work that has waited longest and that the
engine lets them take, works on it in the opening hours of the process's calendar, and hands over one of the values
that stand for all others (`engine.proof.values`). Draws are by case, element and round (`engine.proof.chances`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from heapq import heappop, heappush, merge
from operator import itemgetter
from typing import Any, NamedTuple

from charter.engine.commands import Begin, Reject
from charter.engine.hosting import informed
from charter.engine.keys import Path
from charter.engine.machines import CLOSED, WORKABLE
from charter.engine.personal import personal, whose
from charter.engine.plan.makers import bound
from charter.engine.plan.plans import Plan, shared_loops
from charter.engine.plan.program import Program, prepare
from charter.engine.proof.assumptions import starting
from charter.engine.proof.hours import Hours
from charter.engine.proof.moves import STARTER
from charter.engine.refusals import Refusal
from charter.engine.state import CaseState, Node
from charter.runtime.simulation.crew import Crew, Member, somebody
from charter.runtime.simulation.deeds import REASON, Deeds, round_of
from charter.runtime.simulation.floor import Floor
from charter.runtime.simulation.setting import Job, Run, Setting
from charter.runtime.simulation.standing import MOST_COMMANDS, Standing, gathered, standing

# Work that somebody may take when they have done other work, or others have.
_LATER = frozenset({"CH634", "CH635"})
_DAY = 86_400_000_000


class _Event(NamedTuple):
    at: int
    number: int
    what: Callable[..., None]
    about: tuple[Any, ...]


def simulate(setting: Setting, told: Callable[[], None] = lambda: None) -> Run:
    """Simulates all cases of a setting to their ends; `told` is called as each arrives. Raises OverflowError."""
    return _Simulation(setting, told).run()


class _Simulation:
    def __init__(self, setting: Setting, told: Callable[[], None]) -> None:
        self.setting, self.told = setting, told
        self.start = starting(setting.definition)
        self.hours = Hours(setting.definition.calendar, self.start)
        self.crew = Crew(setting.definitions, setting.people)
        self.floor = Floor(setting.definitions, self.start, self.crew, self._by_program)
        self.deeds = Deeds(setting, self.floor)
        self.events: list[_Event] = []
        self.numbers = 0
        self.waiting: dict[str, dict[int, Job]] = {}
        self.jobs: dict[str, dict[tuple[str, int], Job]] = {}
        self.done: list[Job] = []
        self.arrived: dict[str, int] = {}
        self.unopened: list[Standing] = []
        self.wakes: dict[str, int] = {}
        self.closed: set[str] = set()
        self.over: set[tuple[Any, ...]] = set()  # what nothing more is to be done about, by case, node and round
        self.opening = -1
        self.now = self.start

    def run(self) -> Run:
        self._await(1, 0.0)
        while self.events:
            ends = self.floor.period_ends()
            if ends is not None and ends <= self.events[0].at:
                self.now = ends
                self.floor.close_period(ends)
                self._settle()
                continue
            event = heappop(self.events)
            self.now = event.at
            event.what(*event.about)
            self._settle()
        states = {case: self.floor.state(case) for case in self.floor.cases()}
        stuck = (
            standing(self.floor, case, state, self.now)
            for case, state in states.items()
            if state.status not in CLOSED or case in self.floor.endless
        )
        return Run(
            setting=self.setting,
            hours=self.hours,
            cases=states,
            arrived=self.arrived,
            jobs=self.done,
            counts=self.crew.counts,
            stood=gathered((*self.unopened, *stuck)),
            usual=frozenset(self.deeds.usual),
            instant=frozenset(self.deeds.instant),
            end=self.now,
        )

    def _at(self, at: int, what: Callable[..., None], *about: Any) -> None:
        self.numbers += 1
        heappush(self.events, _Event(at, self.numbers, what, about))

    # -- arrivals and time ---------------------------------------------------------------------------------------

    def _await(self, number: int, after: float) -> None:
        gaps, what = self.setting.habits.gaps, ("arrival", number)
        gap = (
            self.deeds.chances.length(self.setting.gap, *what)
            if gaps is None
            else gaps.at(self.deeds.chances.share(*what))
        )
        self._at(self.hours.at(round(after + gap)), self._arrive, number, after + gap)

    def _arrive(self, number: int, after: float) -> None:
        self.told()
        definition = self.setting.definition
        self.floor.clock = self.now
        who = somebody(self.setting.definitions, STARTER, [role.name for role in definition.roles])

        refused: list[Refusal] = []

        def open_(records: tuple[tuple[str, Any], ...]) -> bool:
            case, done = self.floor.start(definition.name, who, records)
            if done.refusal is None:
                self.arrived[case] = self.now
                self.deeds.names[case] = f"{definition.name}#{number}"
            else:
                refused.append(done.refusal)
            return done.refusal is None

        if not self.deeds.hand_over("", definition.inputs, ("start", number), open_):
            reason = refused[-1].reasons[0] if refused else None
            self.unopened.append(Standing(definition.name, "", "held", reason=reason))
        if number < self.setting.cases:
            self._await(number + 1, after)

    def _wake(self, case: str) -> None:
        wake = self.wakes.pop(case, None)
        if wake is not None and self.floor.state(case).wake == wake <= self.now:
            self.floor.wake(case, self.now)
            if self.floor.state(case).wake == wake:  # nothing came of it, nor will it
                self.wakes[case] = wake
        self.floor.moved[case] = None

    # -- what has come up ----------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Looks at the cases that have moved, until none moves any more."""
        while self.floor.moved:
            moved, self.floor.moved = self.floor.moved, {}
            for case in moved:
                if case not in self.closed:
                    self._look(case)

    def _look(self, case: str) -> None:
        state = self.floor.state(case)
        kept = self.jobs.setdefault(case, {})
        if state.status in CLOSED or state.commands > MOST_COMMANDS or case in self.floor.endless:
            self.closed.add(case)
            for job in self.jobs.pop(case).values():
                self._drop(job)
            return
        program = prepare(self.floor.definition(case))
        wanted = {
            (node.key, seat): (node, roles)
            for node in state.nodes.values()
            if node.state in WORKABLE
            for seat, roles in self._seats(program, case, state, node)
        }
        for place, job in list(kept.items()):
            if place not in wanted or job.round != round_of(wanted[place][0]):
                self._drop(kept.pop(place))
        new = [
            self._job(case, node, seat, roles)
            for (key, seat), (node, roles) in wanted.items()
            if (key, seat) not in kept
        ]
        if len(new) > 1:  # of several that come up together none is always the first
            new = self.deeds.chances.order(new, "order", self.deeds.name(case), state.commands)
        again = [job for job in kept.values() if job.refused]
        kept.update(((job.key, job.seat), job) for job in new)
        for job in (*again, *new):
            job.refused.clear()
            self._offer(job)
        if state.wake is not None and self.wakes.get(case, state.wake + 1) > state.wake:
            self.wakes[case] = state.wake
            self._at(max(state.wake, self.now), self._wake, case)

    def _seats(self, program: Program, case: str, state: CaseState, node: Node) -> list[tuple[int, tuple[str, ...]]]:
        """Lists what people are to do with a node: by number, with the roles of which one is wanted."""
        plan, path = program.spot(node.key)
        element = plan.element
        known = (case, node.key, *round_of(node))
        if known in self.over:
            return []
        if plan.is_group(path):
            if element.many is not None and element.many.open and not node.closed and node.state == "active":
                self.over.add(known)
                self._at(self.now, self._at_last, self.deeds.close, case, node.key)
            return []
        if plan.kind == "approval":
            stage = next(iter(plan.stage(node)), None)
            if stage is None or node.state != "ready":
                return []
            if stage.first:
                return [(0, tuple(role for role, _ in stage.seats))]
            voted = Counter(vote.role for vote in node.votes if vote.stage == node.stage)
            seats = [role for role, count in stage.seats for _ in range(count)]
            free: list[tuple[int, tuple[str, ...]]] = []
            for number, role in enumerate(seats):
                if voted[role]:
                    voted[role] -= 1
                else:
                    free.append((number, (role,)))
            return free
        if plan.kind != "activity":
            return []
        if element.work is None:
            return [(0, plan.roles_wanted(node) if node.named else element.roles)]
        if element.work.kind == "signal" and node.state == "active":
            self.over.add(known)
            self._later(case, node, plan, path, self.deeds.signal, case, node.key)
        return []

    def _job(self, case: str, node: Node, seat: int, roles: tuple[str, ...]) -> Job:
        self.numbers += 1
        plan = prepare(self.floor.definition(case)).spot(node.key)[0]
        return Job(
            case=case,
            key=node.key,
            element=plan.name,
            roles=roles,
            round=round_of(node),
            seat=seat,
            ready=self.hours.until(self.now),
            vote=plan.kind == "approval",
            number=self.numbers,
        )

    # -- who takes what ------------------------------------------------------------------------------------------

    def _offer(self, job: Job) -> None:
        """Gives work to whoever is free and may do it; else it waits."""
        state = self.floor.state(job.case)
        node = state.nodes[job.key]
        program = prepare(self.floor.definition(job.case))
        plan, path = program.spot(job.key)
        named = [node.holder] if node.holder is not None else list(self._bound(program, state, plan, path))
        named += [person for role in job.roles if (person := whose(role)) is not None and person not in named]
        if named:
            there = [self.crew.member(person, job.roles) for person in named]
        elif not job.roles:
            there = [self.deeds.boss(job.case, plan)]
        else:
            there = []
        open_ = self.hours.opening(self.now)
        if open_ == self.now:
            for member in there or self.crew.free(job.roles):
                if member.free and self._take(job, member):
                    return
        elif self.opening < open_:
            self.opening = open_
            self._at(open_, self._open)
        for role in [personal(person) for person in named] or job.roles:
            self.waiting.setdefault(role, {})[job.number] = job

    def _open(self) -> None:
        """Offers what waits, at the beginning of hours."""
        every = {number: job for jobs in self.waiting.values() for number, job in jobs.items()}
        for number in sorted(every):
            job = every[number]
            if job.by is None and not job.dropped and self.crew.may_be_free(job.roles):
                self._offer(job)

    def _bound(self, program: Program, state: CaseState, plan: Plan, path: Path) -> dict[str, None]:
        """Names those of whom one must do an element's work, because they have done another's."""
        found: dict[str, None] = {}
        for rule in program.separations.get(plan.name, ()):
            if rule.same:
                other = program.plans[rule.other]
                found.update(bound(program, state, other, path[: shared_loops(plan.loops, other.loops)]))
        return found

    def _take(self, job: Job, member: Member) -> bool:
        """Lets somebody take work, if the engine does."""
        actor = member.actor
        if actor.person in job.refused:
            return False
        state = self.floor.state(job.case)
        if job.vote:
            asked = Reject(actor=actor, at=self.now, node=job.key, reason=REASON)
            done = informed(self.floor.definition(job.case), state, asked, self.floor.answer)[1]
        elif state.nodes[job.key].state != "active":
            done = self.floor.act(job.case, Begin(actor=actor, at=self.now, node=job.key))
        else:
            done = None
        if done is not None and done.refusal is not None:
            if done.refusal.code in _LATER:
                self._again(done.refusal.code)
                return False
            job.refused.add(actor.person)
            self.floor.turned_away[job.case, job.key] = done.refusal
            return False
        for jobs in [self.waiting.get(role, {}) for role in (*job.roles, personal(actor.person))]:
            jobs.pop(job.number, None)
        job.by, job.begun = member, self.hours.until(self.now)
        job.role = next((role for role in job.roles if role in actor.roles), "")
        self.crew.take(member)
        program = prepare(self.floor.definition(job.case))
        plan, path = program.spot(job.key)
        what = (self.deeds.name(job.case), job.key, job.round, job.seat)
        job.ended = job.begun + max(round(self.deeds.length(job.case, plan, path, *what)), 1)
        self._at(self.hours.at(job.ended), self._finish, job)
        return True

    def _again(self, code: str) -> None:
        """Offers what waits on another day, where somebody has had as much as they may of a period."""
        later = self.hours.opening(self.now + _DAY)
        if code == "CH634" and self.opening < later:
            self.opening = later
            self._at(later, self._open)

    def _drop(self, job: Job) -> None:
        """Ends work that is no longer wanted."""
        job.dropped = True
        for jobs in self.waiting.values():
            jobs.pop(job.number, None)
        if job.by is not None:
            self._free(job.by)

    def _free(self, member: Member) -> None:
        """Lets somebody who is free again take what has waited longest."""
        self.crew.give_back(member)
        if member.endless or self.hours.opening(self.now) != self.now:
            return
        queues = [self.waiting.get(role) or {} for role in (*member.actor.roles, personal(member.actor.person))]
        for _, job in merge(*(queue.items() for queue in queues), key=itemgetter(0)):
            if self._take(job, member):  # the queues have changed
                return

    # -- what is done --------------------------------------------------------------------------------------------

    def _finish(self, job: Job) -> None:
        member = job.by
        if job.dropped or member is None:
            return
        self.jobs.get(job.case, {}).pop((job.key, job.seat), None)
        self.done.append(job)
        self.floor.clock = self.now
        if not (self.deeds.vote if job.vote else self.deeds.complete)(job, member.actor):
            self.over.add((job.case, job.key, *job.round))
        self._free(member)

    def _later(self, case: str, node: Node, plan: Plan, path: Path, what: Callable[..., Any], *about: Any) -> None:
        """Lets something happen once what an element says that it takes has gone by."""
        self.floor.clock = self.now
        drawn = self.deeds.delay(case, plan, path, node.key, round_of(node), node.attempt)
        at = self.hours.at(self.hours.until(self.now) + round(drawn)) if drawn else self.now
        self._at(at, self._at_last, what, *about)

    def _at_last(self, what: Callable[..., Any], *about: Any) -> None:
        self.floor.clock = self.now
        what(*about)

    def _by_program(self, case: str, key: str, attempt: int) -> None:
        plan, path = prepare(self.floor.definition(case)).spot(key)
        node = self.floor.state(case).nodes[key]
        self._later(case, node, plan, path, self.deeds.answer, case, key, attempt)
