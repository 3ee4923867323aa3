"""The world of a simulation: it keeps states and no entries, and says which cases have moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from charter.engine.commands import Actor, Command, Start
from charter.engine.definition import Definition
from charter.engine.effects import AmendCase, CallConnector, StartCase
from charter.engine.hosting import let_pass
from charter.engine.refusals import Refusal
from charter.engine.registers import Ask, Found
from charter.engine.step.transition import Step
from charter.runtime.host.memory import Endless, World
from charter.runtime.simulation.crew import Crew

# So many ends of periods are looked at: work that verdicts lead to may lead to other verdicts for ever.
MOST_PERIODS = 1_000


class Floor(World):
    """See the module's text. `work`: what a program or another process is asked to do.

    `turned_away`: by case and node, what the engine last refused of what could be done there.
    """

    def __init__(self, definitions: Sequence[Definition], now: int, crew: Crew, work: Callable[..., None]) -> None:
        super().__init__(definitions, now)
        self.crew = crew
        self.moved: dict[str, None] = {}
        self.turned_away: dict[tuple[str, str], Refusal] = {}
        self.endless: set[str] = set()  # cases of which more follows than is carried out
        self.periods = 0
        self._work = work

    def send(self, case: str, command: Command) -> Step:
        done = super().send(case, command)
        if done.refusal is None:
            self.moved[case] = None
        self._cases[case].entries.clear()
        self.effects.clear()
        for effect in done.effects:
            missing = isinstance(effect, StartCase) and effect.wait and self.running(effect.process) is None
            if isinstance(effect, StartCase | AmendCase) and (missing or isinstance(effect, AmendCase)):
                self._queue.remove((case, effect))
                self._work(case, effect.node, effect.attempt)
        return done

    def answer(self, ask: Ask, actor: Actor | None = None) -> Found:
        """Looks a register up; of cases that are not drawn here nothing is known."""
        return Found(ask, more=True) if ask.process else super().answer(ask, actor)

    def _call(self, case: str, effect: CallConnector) -> None:
        self._work(case, effect.node, effect.attempt)

    def act(self, case: str, command: Command) -> Step:
        """Sends a command and carries out what follows; what is due comes first."""
        self.clock = command.at
        let_pass(self, case, self.clock)
        done = self.send(case, command)
        self._carry_out()
        return done

    def open(self, definition: Definition, start: Callable[[str, int], Start]) -> Step:
        built: list[Start] = []

        def kept(case: str, at: int) -> Start:
            built.append(start(case, at))
            return built[-1]

        done = super().open(definition, kept)
        parent = built[-1].parent
        if done.refusal is not None and parent is not None:
            self.turned_away[parent] = done.refusal
        return done

    def _carry_out(self) -> None:
        first = self._queue[0][0] if self._queue else None
        try:
            super()._carry_out()
        except Endless:
            self.endless.add(first or "")

    def wake(self, case: str, at: int) -> None:
        self.clock = at
        let_pass(self, case, at)
        self._carry_out()

    def period_ends(self) -> int | None:
        """Gives when the next period of a KPI ends whose verdict rules wait for."""
        return self._closing.earliest() if self.periods < MOST_PERIODS else None

    def close_period(self, ends: int) -> None:
        """Closes the periods that end now; rules may tell somebody, or open cases."""
        self.periods += 1
        self.clock = ends
        self._closing.close(self, ends)
        self._carry_out()

    def candidates(self, process: str, roles: Sequence[str], at: int) -> list[Actor]:
        return sorted((m.actor for m in self.crew.holding(roles)), key=lambda actor: actor.person)

    def is_held(self, process: str, role: str) -> bool:
        return bool(self.crew.holding((role,)))

    def is_reached(self, process: str, person: str, at: int) -> bool:
        return True  # somebody is made up for each whom a record names

    def busy(self, persons: Sequence[str]) -> Mapping[str, int]:
        return {person: self.crew.member(person, ()).load for person in persons}
