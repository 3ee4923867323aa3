"""What people and programs do with the work of a simulated case, and how long it takes them: drawn, then commanded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from charter.engine.commands import SYSTEM, Actor, Answer, Approve, Close, Command, Complete, Confirm, Reject, Signal
from charter.engine.feel.own import Span
from charter.engine.feel.temporal import DaysDuration
from charter.engine.keys import Path
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.proof.chances import Chances
from charter.engine.proof.hours import working
from charter.engine.proof.moves import EVIDENCE, STARTER
from charter.engine.state import NEW, Node
from charter.runtime.host.memory import Records
from charter.runtime.simulation.contents import Contents
from charter.runtime.simulation.crew import Member, somebody
from charter.runtime.simulation.floor import Floor
from charter.runtime.simulation.setting import GRANTED, USUAL, Job, Setting

REASON = "drawn"
_MOST_TRIED = 256  # values, before it is said that none will do
_HOPELESS = 8  # so many refusals of a value, and never an acceptance: it is tried last


def round_of(node: Node) -> tuple[int, ...]:
    """Gives what tells the rounds of a node's work apart."""
    return (node.iteration, node.stage, node.rejects)


class Deeds:
    """Does things on a floor, at its clock.

    Of which nothing says how long they take: `usual`, elements of people's work; `instant`, of programs and the world.
    """

    def __init__(self, setting: Setting, floor: Floor) -> None:
        self.setting, self.floor, self.habits, self.crew = setting, floor, setting.habits, floor.crew
        self.chances = Chances(setting.seed)
        self.names: dict[str, str] = {}
        self.usual: set[str] = set()
        self.instant: set[str] = set()
        self._contents = {d.name: Contents(d) for d in setting.definitions}
        self._tried: dict[tuple[str, ...], Counter[int]] = {}

    def name(self, case: str) -> str:
        """Names a case for its draws: by its arrival, whatever else was opened before it."""
        return self.names.get(case, case)

    def boss(self, case: str, plan: Plan) -> Member:
        """Makes up who does what is nobody's by role: whoever opened the case and is in charge of the element."""
        owner = self.floor.definition(case).owner
        roles = (*plan.element.accountable, *((owner,) if owner is not None else ()))
        person = self.floor.state(case).opened_by or STARTER
        return Member(somebody(self.setting.definitions, person, roles), endless=True)

    def act(self, case: str, key: str, command: Command) -> bool:
        """Sends a command, and says whether it was taken."""
        refusal = self.floor.act(case, command).refusal
        if refusal is None:
            self.floor.turned_away.pop((case, key), None)
        else:
            self.floor.turned_away[case, key] = refusal
        return refusal is None

    def vote(self, job: Job, actor: Actor) -> bool:
        case, at, node = job.case, self.floor.clock, job.key
        share = self.habits.granted.get((self.floor.definition(case).name, job.element), GRANTED)
        approves = self.chances.share("vote", self.name(case), node, job.round, job.seat) < share
        if approves and self.act(case, node, Approve(actor=actor, at=at, node=node)):
            return True
        refused = self.floor.turned_away.get((case, node)) if approves else None
        done = self.act(case, node, Reject(actor=actor, at=at, node=node, reason=REASON))
        if refused is not None:  # what could not be approved says more than that it was rejected
            self.floor.turned_away[case, node] = refused
        return done

    def complete(self, job: Job, actor: Actor) -> bool:
        case, at = job.case, self.floor.clock
        definition, state = self.floor.definition(case), self.floor.state(case)
        plan, path = prepare(definition).spot(job.key)
        done = {confirmation.check for confirmation in state.nodes[job.key].confirmations}
        own: list[tuple[str, Any]] = []
        for point, check in self._contents[definition.name].moves.points(state, plan, path, at):
            evidence = EVIDENCE if check.evidence == "file" else check.evidence
            if point in done:
                continue
            if check.by is None and not check.other:
                own.append((point, evidence))
                continue
            for other in self.crew.holding((check.by,) if check.by else job.roles):
                said = Confirm(actor=other.actor, at=at, node=job.key, check=point, evidence=evidence)
                if other.actor.person != actor.person and self.floor.act(case, said).refusal is None:
                    break

        def send(records: Records) -> bool:
            command = Complete(actor=actor, at=at, node=job.key, records=records, checks=tuple(own))
            return self.act(case, job.key, command)

        return self.hand_over(case, plan.element.outputs, (job.key, job.round), send)

    def hand_over(
        self, case: str, records: Sequence[str], what: tuple[object, ...], send: Callable[[Records], bool]
    ) -> bool:
        """Hands over drawn values, others where the engine refuses them; says whether any was taken.

        What criteria of an approval are known to refuse comes last.
        """
        process = self.floor.definition(case).name if case else self.setting.definition.name
        state, at, contents = self.floor.state(case) if case else NEW, self.floor.clock, self._contents[process]
        about = ("value", self.name(case) if case else "", *what)
        seen = self.habits.written.get((process, tuple(sorted(records))))
        if seen and self._one_of(contents.again(seen, at), ("seen", process, *records), about, send, lambda _: True):
            return True
        found = contents.of(records, state, at)
        judged = len(found) > 1 and contents.is_asked(records)
        liked: Callable[[Records], bool] = lambda one: not judged or contents.criteria_allow(one, state, at)  # noqa: E731
        return self._one_of(found, (process, *records), about, send, liked)

    def _one_of(
        self,
        found: Sequence[Records],
        kind: tuple[str, ...],
        about: tuple[object, ...],
        send: Callable[[Records], bool],
        liked: Callable[[Records], bool],
    ) -> bool:
        """Sends values in a drawn order until one is taken, those that are not liked last; says whether one was."""
        tried = self._tried.setdefault(kind, Counter())
        left = list(range(len(found)))
        likely = [n for n in left if tried[n] < _HOPELESS] or left
        unwanted: list[int] = []
        for _ in range(_MOST_TRIED):
            if not left:
                left, unwanted, liked = unwanted, [], lambda _: True
            if not left:
                break
            number = self.chances.one(likely or left, *about, len(left))
            left.remove(number)
            if number in likely:
                likely.remove(number)
            one = found[number]
            if not liked(one):
                unwanted.append(number)
            elif send(one):
                tried[number] = -(2**40)
                return True
            else:
                tried[number] += 1
        return False

    def answer(self, case: str, key: str, attempt: int) -> None:
        plan, _ = prepare(self.floor.definition(case)).spot(key)

        def send(records: Records) -> bool:
            command = Answer(actor=SYSTEM, at=self.floor.clock, node=key, attempt=attempt, records=records)
            return self.act(case, key, command)

        self.hand_over(case, plan.element.outputs, (key, "answer", attempt), send)

    def signal(self, case: str, key: str) -> None:
        plan, _ = prepare(self.floor.definition(case)).spot(key)
        assert plan.element.work is not None
        name, who = plan.element.work.target or "", self.boss(case, plan).actor

        def send(records: Records) -> bool:
            return self.act(case, key, Signal(actor=who, at=self.floor.clock, name=name, records=records))

        self.hand_over(case, plan.element.outputs, (key, "signal"), send)

    def close(self, case: str, key: str) -> None:
        plan, _ = prepare(self.floor.definition(case)).spot(key)
        self.act(case, key, Close(actor=self.boss(case, plan).actor, at=self.floor.clock, node=key))

    def length(self, case: str, plan: Plan, path: Path, *what: object) -> float:
        """Draws how much working time an element's work takes, in microseconds."""
        seen = self.habits.lengths.get((self.floor.definition(case).name, plan.name))
        if seen is not None:
            return seen.at(self.chances.share("length", *what))
        mean = self.takes(case, plan, path)
        if mean is None:
            self.usual.add(plan.name)
        return self.chances.length(USUAL if mean is None else mean, "length", *what)

    def takes(self, case: str, plan: Plan, path: Path) -> float | None:
        if plan.element.takes is None:
            return None
        program = prepare(self.floor.definition(case))
        span = Scope(program, self.floor.state(case), plan, path, self.floor.clock).value(plan.element.takes)
        if isinstance(span, DaysDuration):
            return span.nanoseconds / 1000
        return working(self.setting.definition.calendar, span) if isinstance(span, Span) else None

    def delay(self, case: str, plan: Plan, path: Path, *what: object) -> float:
        """Draws how long a program or the world outside takes: no time where nothing says how long."""
        known = plan.element.takes is not None or (self.floor.definition(case).name, plan.name) in self.habits.lengths
        if not known:
            self.instant.add(plan.name)
            return 0.0
        return self.length(case, plan, path, self.name(case), *what)
