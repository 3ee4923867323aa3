"""A host in memory: cases, people and connectors in virtual time, for scenarios, benchmarks, properties and what-if.

It does what a real host does with the effects of a step: it starts the cases that others run and answers their
parents, calls connectors (answered from a table that the caller fills), chooses among people, and sends a Tick when
one is wanted. It keeps every entry. Nothing here reads a clock: time passes when `advance` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct, field

from charter.engine.commands import SYSTEM, Actor, Answer, Assign, Command, Follow, Start, Tick
from charter.engine.definition import Definition
from charter.engine.effects import AnswerParent, CallConnector, Effect, Offer, StartCase, TellCase
from charter.engine.entries import Entry
from charter.engine.state import NEW, CaseState
from charter.engine.subcases import heeds
from charter.engine.transition import Step, step

Records = tuple[tuple[str, Any], ...]


class _Connector(Struct):
    answers: Records = ()
    failing: int | None = 0  # so many more calls fail; None: all


class _Case(Struct):
    definition: Definition
    state: CaseState = NEW
    entries: list[Entry] = field(default_factory=list)


class World:
    """See the module's text. `now` and all times are microseconds since the epoch, UTC."""

    def __init__(self, definitions: Iterable[Definition], now: int, people: Iterable[Actor] = ()) -> None:
        self.now = now
        self.effects: list[tuple[str, Effect]] = []
        self._definitions = {definition.name: definition for definition in definitions}
        self._people = {person.person: person for person in people}
        self._cases: dict[str, _Case] = {}
        self._connectors: dict[str, _Connector] = {}
        self._unanswered: list[tuple[str, CallConnector]] = []
        self._queue: deque[tuple[str, Effect]] = deque()
        self._turns: dict[tuple[str, ...], int] = {}

    def cases(self) -> tuple[str, ...]:
        """Names all cases, in the order in which they were opened."""
        return tuple(self._cases)

    def state(self, case: str) -> CaseState:
        return self._cases[case].state

    def definition(self, case: str) -> Definition:
        return self._cases[case].definition

    def entries(self, case: str) -> tuple[Entry, ...]:
        return tuple(self._cases[case].entries)

    def open(
        self, process: str, actor: Actor, records: Records = (), parent: tuple[str, str] | None = None, attempt: int = 0
    ) -> tuple[str, Step]:
        """Opens a case of a process and gives its id with the step; a refused start leaves no case behind."""
        case = f"{process}-{len(self._cases) + 1}"
        self._cases[case] = _Case(self._definitions[process])
        command = Start(actor=actor, at=self.now, case=case, records=records, parent=parent, attempt=attempt)
        done = self.perform(case, command)
        if done.refusal is not None:
            del self._cases[case]
        return case, done

    def perform(self, case: str, command: Command) -> Step:
        """Sends a command, keeps what happened, and carries out everything that follows from it."""
        self.now = max(self.now, command.at)
        if command.actor.person != SYSTEM.person:
            self._people[command.actor.person] = command.actor
        done = self._step(case, command)
        self._carry_out()
        return done

    def connect(self, name: str, answers: Records = (), *, fails: bool = False, times: int | None = None) -> None:
        """Sets what a connector answers from now on; or that it fails, so many `times` or always.

        Calls that nobody has answered yet are answered now.
        """
        if fails:
            known = self._connectors.get(name, _Connector())
            self._connectors[name] = _Connector(answers or known.answers, times)
        else:
            self._connectors[name] = _Connector(answers)
        waiting, self._unanswered = self._unanswered, []
        self._queue.extend(waiting)
        self._carry_out()

    def advance(self, to: int) -> None:
        """Lets virtual time pass, with a Tick for each case at each instant it asked for."""
        while True:
            waking = [
                (case.state.wake, name)
                for name, case in self._cases.items()
                if case.state.wake is not None and case.state.wake <= to
            ]
            if not waking:
                break
            wake, name = min(waking)
            self.now = max(self.now, wake)
            self._step(name, Tick(actor=SYSTEM, at=self.now))
            self._carry_out()
        self.now = max(self.now, to)

    def _step(self, name: str, command: Command) -> Step:
        case = self._cases[name]
        done = step(case.definition, case.state, command)
        case.state = done.state
        case.entries.extend(done.entries)
        for effect in done.effects:
            self.effects.append((name, effect))
            self._queue.append((name, effect))
        return done

    def _carry_out(self) -> None:
        while self._queue:
            case, effect = self._queue.popleft()
            act = _EFFECTS.get(type(effect))
            if act is not None:
                act(self, case, effect)

    def _call(self, case: str, effect: CallConnector) -> None:
        connector = self._connectors.get(effect.connector)
        if connector is None:
            self._unanswered.append((case, effect))
            return
        failure = None
        if connector.failing is None or connector.failing > 0:
            failure = f"{effect.connector} failed"
            if connector.failing is not None:
                connector.failing -= 1
        records = () if failure is not None else connector.answers
        self._answer(case, effect.node, effect.attempt, records, failure)

    def _answer(self, case: str, node: str, attempt: int, records: Records, failure: str | None) -> None:
        answer = Answer(actor=SYSTEM, at=self.now, node=node, attempt=attempt, records=records, failure=failure)
        self._step(case, answer)

    def _start(self, case: str, effect: StartCase) -> None:
        if effect.process not in self._definitions:
            failure = f"no process {effect.process}"
        else:
            inputs = self._definitions[effect.process].inputs
            records = tuple(pair for pair in effect.records if pair[0] in inputs)
            parent = (case, effect.node) if effect.wait else None
            _, done = self.open(effect.process, SYSTEM, records, parent, effect.attempt)
            if done.refusal is None:
                return
            failure = done.refusal.code
        if effect.wait:
            self._answer(case, effect.node, effect.attempt, (), failure)

    def _tell(self, case: str, effect: TellCase) -> None:
        for name, child in tuple(self._cases.items()):
            asked = child.state.parent == (case, effect.node) and child.state.attempt == effect.attempt
            if asked and heeds(child.state, effect.order):
                order = Follow(
                    actor=SYSTEM, at=self.now, reason=effect.reason, order=effect.order, parent=(case, effect.node)
                )
                self._step(name, order)

    def _answer_parent(self, case: str, effect: AnswerParent) -> None:
        self._answer(effect.case, effect.node, effect.attempt, effect.records, effect.failure)

    def _offer(self, case: str, effect: Offer) -> None:
        fit = [p for p in self._people.values() if not effect.roles or set(effect.roles) & set(p.roles)]
        if not fit:
            return
        if effect.mode == "in turn":
            turn = self._turns.get(effect.roles, 0)
            self._turns[effect.roles] = turn + 1
            ranked = fit[turn % len(fit) :] + fit[: turn % len(fit)]
        else:
            ranked = sorted(fit, key=lambda p: (self._load(p.person), p.person))
        for person in ranked:
            assign = Assign(actor=SYSTEM, at=self.now, node=effect.node, to=person)
            if self._step(case, assign).refusal is None:
                return

    def _load(self, person: str) -> int:
        rows = (node for case in self._cases.values() for node in case.state.nodes.values())
        return sum(n.holder == person and n.state in ("ready", "claimed", "active") for n in rows)


_EFFECTS: dict[type[Effect], Callable[[World, str, Any], None]] = {
    CallConnector: World._call,
    StartCase: World._start,
    TellCase: World._tell,
    AnswerParent: World._answer_parent,
    Offer: World._offer,
}
