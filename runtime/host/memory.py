"""A host in memory: cases, people and connectors in virtual time, for scenarios, benchmarks, properties and what-if.

What effects mean is said in `hosting`; this host keeps the cases and every entry, answers connectors from a table that
the caller fills, and sends a Tick when one is wanted. Nothing here reads a clock: time passes when `advance` says so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import count, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from charter.engine import law
from charter.engine.commands import SYSTEM, Actor, Command, Migrate, Start
from charter.engine.dated import counted_by
from charter.engine.definition import Definition
from charter.engine.draws import plain_seed, with_lots
from charter.engine.effects import CallConnector, Effect
from charter.engine.entries import Entry
from charter.engine.entries.cases import Filed
from charter.engine.errors import CharterError
from charter.engine.hosting import MOST_DELIVERIES, answer, carry_out, informed, is_asked, let_pass
from charter.engine.machines import OPEN
from charter.engine.plan.program import prepare
from charter.engine.queueing import rows_of, weighed
from charter.engine.queues import Waiting
from charter.engine.reading import readers_of, takes_part
from charter.engine.refusals import Refusal
from charter.engine.registers import Ask, Found, Row, found_among
from charter.engine.sequences import called
from charter.engine.state import NEW, CaseState
from charter.engine.step.linking import found
from charter.engine.step.transition import Step, Target
from charter.engine.strangers import introduced
from charter.engine.values import data_digest
from charter.runtime.host.closing import Closing
from charter.runtime.host.reviewing import Reviewing

if TYPE_CHECKING:
    from charter.engine.proof.staffing import Gap

Records = tuple[tuple[str, Any], ...]
_Command = TypeVar("_Command", bound=Command)


class Endless(CharterError):
    """What follows from one command goes on beyond `MOST_DELIVERIES`."""


class _Connector(Struct):
    answers: Records = ()
    failing: int | None = 0  # so many more calls fail; None: all


class _Case(Struct):
    definition: Definition
    state: CaseState = NEW
    entries: list[Entry] = field(default_factory=list)


class World:
    """See the module's text. `now` and all times are microseconds since the epoch, UTC.

    `people`: who is known besides those who act; None knows everybody. `refusing`: what leaves nobody for other work of
    a case is refused, as where the organisation chose that.
    """

    def __init__(
        self,
        definitions: Iterable[Definition],
        now: int,
        people: Iterable[Actor] | None = None,
        *,
        refusing: bool = False,
    ) -> None:
        self.clock = now
        self._refusing = refusing
        self._open = people is None
        self.effects: list[tuple[str, Effect]] = []
        self._definitions = {definition.name: definition for definition in definitions}
        self._closing = Closing(self._definitions.values(), self._of_process)
        self._reviewing = Reviewing(self._definitions.values(), self._entry, self._closing.entries)
        self._people = {person.person: person for person in people or ()}
        self._cases: dict[str, _Case] = {}
        self._connectors: dict[str, _Connector] = {}
        self._unanswered: list[tuple[str, CallConnector]] = []
        self._queue: deque[tuple[str, Effect]] = deque()
        self._calls: deque[tuple[str, CallConnector]] = deque()
        self._turns: dict[tuple[str, str], str] = {}
        self._registers: dict[str, dict[str, Row]] = {}

    # -- for whoever plays ---------------------------------------------------------------------------------------

    def cases(self) -> tuple[str, ...]:
        """Names all cases, in the order in which they were opened."""
        return tuple(self._cases)

    def state(self, case: str) -> CaseState:
        return self._cases[case].state

    def definition(self, case: str) -> Definition:
        return self._cases[case].definition

    def entries(self, case: str) -> tuple[Entry, ...]:
        return tuple(self._cases[case].entries)

    def organisation(self) -> Sequence[Entry]:
        """Gives what verdicts of KPIs and reviews of registers have led to."""
        return self._closing.entries

    def _of_process(self, process: str) -> list[CaseState]:
        found = (case.state for case in self._cases.values() if case.definition.name == process)
        return [state for state in found if not state.drill]

    def start(self, process: str, actor: Actor, records: Records = ()) -> tuple[str, Step]:
        """Opens a case of a process and gives its id with the step; a refused start leaves no case behind."""
        opened: list[str] = []

        def build(case: str, at: int) -> Start:
            opened.append(case)
            return Start(actor=actor, at=at, case=case, records=records, **law.PRESENT._asdict())

        done = self.open(self._definitions[process], build)
        self._carry_out()
        return opened[0], done

    def perform(self, case: str, command: Command) -> Step:
        """Sends a command, keeps what happened, and carries out everything that follows from it; raises Endless."""
        self.clock = max(self.clock, command.at)
        if command.actor.person != SYSTEM.person:
            self._people[command.actor.person] = command.actor
        let_pass(self, case, self.clock)  # what is due comes before what people do
        refused = self._stranding(case, command) if self._refusing else None
        if refused is not None:
            return Step(self.state(case), (), refusal=refused)
        done = self.send(case, command)
        self._carry_out()
        return done

    def _stranding(self, case: str, command: Command) -> Refusal | None:
        """Refuses what leaves nobody for other work of a case."""
        from charter.runtime.desk.staffing import refused

        there = self._cases[case]
        done = self._step(there, command)
        gaps = () if done.refusal is not None else self._gaps(case, command, done.state)
        return refused(command, gaps) if gaps else None

    def _gaps(self, case: str, command: Command, after: CaseState) -> Sequence[Gap]:
        from charter.runtime.desk.staffing import strands

        there, people = self._cases[case], tuple(self._people.values())
        return strands(there.definition, there.state, command, after, lambda: people)

    def spares(self, case: str, command: Command, after: CaseState) -> bool:
        return not self._refusing or not self._gaps(case, command, after)

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
        self._calls.extend(waiting)
        self._carry_out()

    def advance(self, to: int) -> None:
        """Lets virtual time pass, with a Tick for each case at each instant it asked for; the oldest case first."""
        again = 0
        while True:
            wakes = [(case.state.wake, number) for number, case in enumerate(self._cases.values())]
            waking = [(wake, number) for wake, number in wakes if wake is not None and wake <= to]
            # What happens at the very end of a period belongs to the next one.
            if self._close(min((to, *(wake for wake, _ in waking)))):
                continue
            if not waking:
                break
            wake, number = min(waking)
            again = again + 1 if wake <= self.clock else 0
            if again > MOST_DELIVERIES:
                raise Endless(f"more than {MOST_DELIVERIES} ticks come to one instant")
            self.clock = max(self.clock, wake)
            let_pass(self, self.cases()[number], self.clock)
            self._carry_out()
        self.clock = max(self.clock, to)

    def _close(self, until: int) -> bool:
        """Has the next period of a KPI end, or review of a register begin, that is due by then; says whether any is."""
        dues = ((each.earliest(), each) for each in (self._closing, self._reviewing))
        ends, first = min(((at, each) for at, each in dues if at is not None), key=itemgetter(0), default=(None, None))
        if ends is None or first is None or ends > until:
            return False
        self.clock = max(self.clock, ends)
        first.close(self, ends)
        self._carry_out()
        return True

    def _carry_out(self) -> None:
        done = 0
        while self._queue or self._calls:
            if done == MOST_DELIVERIES:
                self._queue.clear()
                self._calls.clear()
                raise Endless(f"more than {MOST_DELIVERIES} effects follow")
            done += 1
            if self._queue:
                carry_out(self, *self._queue.popleft())
            else:
                self._call(*self._calls.popleft())

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
        answer(self, case, effect.node, effect.attempt, () if failure is not None else connector.answers, failure)

    # -- the host, as `hosting.Host` asks for it -----------------------------------------------------------------

    def now(self, case: str) -> int:
        return self.clock

    def running(self, process: str) -> Definition | None:
        return self._definitions.get(process)

    def find(self, case: str) -> tuple[Definition, CaseState] | None:
        found = self._cases.get(case)
        return None if found is None else (found.definition, found.state)

    def send(self, case: str, command: Command) -> Step:
        return self._take(case, command)

    def _take(self, case: str, command: Command, target: Target | None = None) -> Step:
        there = self._cases[case]
        done = self._step(there, command, target)
        there.state = done.state
        if target is not None and done.refusal is None:
            there.definition = target.definition
        there.entries.extend(done.entries)
        for entry in done.entries:
            if isinstance(filed := entry.told, Filed):
                self._file(filed.register, Row(filed.key, filed.version, filed.digest, filed.value, entry.at))
        for effect in done.effects:
            self.effects.append((case, effect))
            if isinstance(effect, CallConnector):
                self._calls.append((case, effect))
            elif is_asked(effect):
                self._queue.append((case, effect))
        return done

    def _free(self, series: str, text: Callable[[int], str]) -> int:
        """Gives the next serial of a series by which no case is called yet."""
        taken = {case.state.called for case in self._cases.values()}
        return next(serial for serial in count(1) if text(serial) not in taken)

    def _holders(self, process: str, role: str) -> list[Actor]:
        return self.candidates(process, (role,), self.clock)

    def _step(self, there: _Case, command: Command, target: Target | None = None) -> Step:
        command = introduced(there.definition, command, self._knows)
        command = called(there.definition, command, self._free)
        command = weighed(there.definition, there.state, command, self.work)
        known = {case for _, _, case in there.state.links}

        def answer(ask: Ask) -> Found:
            # Nobody names a case that they may not read; what the case knows already nobody names.
            return self.answer(ask, None if ask.key in known else command.actor)

        people = partial(self._holders, there.definition.name)
        command = with_lots(there.definition, command, people, plain_seed)
        return informed(there.definition, there.state, command, answer, target)[1]

    def migrate(self, case: str, target: Target, command: Migrate) -> Step:
        """Has a case run another definition, or back; a refusal leaves it where it is."""
        self.clock = max(self.clock, command.at)
        let_pass(self, case, self.clock)
        done = self._take(case, replace(command, days=counted_by(target.definition)), target)
        self._carry_out()
        return done

    def answer(self, ask: Ask, actor: Actor | None = None) -> Found:
        """Looks a register up, or a case of another process, of those that somebody may read."""
        if ask.process:
            cases = [case for case in self._called(ask) if actor in (None, SYSTEM) or self._reads(actor, case)]
            return found(ask, ((case.definition, case.state) for case in cases))
        return found_among(ask, self._registers.get(ask.register, {}))

    def _reads(self, actor: Actor, there: _Case) -> bool:
        definition, roles = there.definition, actor.roles
        reads_all = not readers_of(definition).isdisjoint(roles)
        return reads_all or takes_part(definition, there.state, there.entries, actor.person, roles)

    def _called(self, ask: Ask) -> Iterator[_Case]:
        """Yields the case of a process that goes by a text: its id, what it is called, or which it was to be opened."""
        text = (ask.key or "").strip()
        number = text.removeprefix("#")
        if number.isascii() and number.isdigit():
            text = next(islice(self._cases, int(number) - 1, None), "") if int(number) else ""
        names = (text, text.upper())
        called = (each for name in names for each in self._cases.values() if name and each.state.called == name)
        there = self._cases.get(text) or next(called, None)
        if there is not None and there.definition.name == ask.process and (ask.drill or not there.state.drill):
            yield there

    def fill(self, register: str, key: str, value: Any) -> None:
        """Puts an encoded entry into a register, as if it had been filed before."""
        last = self._entry(register, key)
        version = 1 if last is None else last.version + 1
        self._file(register, Row(key, version, data_digest(value), value, self.clock))

    def _file(self, register: str, row: Row) -> None:
        self._registers.setdefault(register, {})[row.key] = row
        self._reviewing.filed(register, row)

    def _entry(self, register: str, key: str) -> Row | None:
        return self._registers.get(register, {}).get(key)

    def work(
        self, process: str, elements: frozenset[str], _role: str, _person: str, _since: int | None
    ) -> Iterator[Waiting]:
        """Yields the work of these elements in the cases of a process."""
        for case in self._cases.values():
            if case.definition.name == process and not case.state.drill:
                yield from rows_of(prepare(case.definition), case.state, elements)

    def _knows(self, person: str) -> bool:
        return self._open or person in self._people

    def open(self, definition: Definition, start: Callable[[str, int], Start]) -> Step:
        case = f"{definition.name}-{len(self._cases) + 1}"
        self._cases[case] = _Case(definition)
        done = self.send(case, replace(start(case, self.clock), days=counted_by(definition)))
        if done.refusal is not None:
            del self._cases[case]
        return done

    def opened_by(self, case: str, node: str, attempt: int) -> str | None:
        asked = ((case, node), attempt)
        return next((n for n, c in self._cases.items() if (c.state.parent, c.state.attempt) == asked), None)

    def candidates(self, process: str, roles: Sequence[str], at: int) -> list[Actor]:
        there = [p for p in self._people.values() if not roles or set(roles) & set(p.roles)]
        return sorted(there, key=lambda actor: actor.person)

    def is_held(self, process: str, role: str) -> bool:
        return self._open or any(role in person.roles for person in self._people.values())

    def is_reached(self, process: str, person: str, at: int) -> bool:
        return self._knows(person)

    def busy(self, persons: Sequence[str]) -> Mapping[str, int]:
        open_ = [case.state for case in self._cases.values() if case.state.status == "open"]
        held = [node.holder for state in open_ for node in state.nodes.values() if node.state in OPEN]
        return {person: held.count(person) for person in persons}

    def off(self, persons: Sequence[str], at: int, until: int) -> Collection[str]:
        return ()

    def last_turn(self, process: str, element: str) -> str | None:
        return self._turns.get((process, element))

    def note_turn(self, process: str, element: str, person: str) -> None:
        self._turns[process, element] = person
