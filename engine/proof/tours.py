"""Ways through what was explored of a process on which something wanted happens: few, and no longer than it takes.

A tour goes from where a case begins to the nearest thing that is still wanted, and from there to the next. First the
plain course of things; what is out of the ordinary then has tours of its own, with at most `_MOST_NOTABLE` such things
each. What the exploration leaves out because nothing follows from it is put in where it is wanted: time that passes
(due dates, shares of clocks, the rhythms of rules), an approval that is sent back, a signal for a rule.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from charter.engine.commands import SYSTEM, Answer, Command, Return, Signal, Start, Tick
from charter.engine.definition import Definition
from charter.engine.entries import Entry
from charter.engine.hosting import alone
from charter.engine.keys import parse_key
from charter.engine.machines import UNDER_WAY, WORKABLE
from charter.engine.plan.program import prepare
from charter.engine.proof.explore import Graph
from charter.engine.proof.moves import Moves
from charter.engine.proof.sameness import Sameness
from charter.engine.proof.values import Conditions
from charter.engine.state import NEW, CaseState

Reach = tuple[str, str | int]  # as `Coverage.lacking` names them
_PLAIN = frozenset({"", "done", "granted", "reached"})
_MOST_NOTABLE = 3
_MOST_TICKS = 64
_AHEAD = 12  # ticks that are looked ahead from a state, where nothing else happens
_BEGUN = -1  # before a case begins


class Tour(NamedTuple):
    """A run: its commands, the state at its end, and what was wanted and happens in it, in that order."""

    start: Start
    commands: tuple[Command, ...]
    state: CaseState
    shows: tuple[Reach, ...]


class _Way(Struct, eq=False):
    """From one state to another, None where it leaves what was explored; `reaches`: all that happens on it."""

    source: int
    commands: tuple[Command, ...]
    target: int | None
    reaches: frozenset[Reach]
    kind: str = "move"


def notable(reach: Reach) -> bool:
    """Says whether something is out of the ordinary: neither a row of a table nor work that is done."""
    return isinstance(reach[1], str) and reach[1] not in _PLAIN


class Tours:
    """The tours of a process.

    `reached` says what entries show; `tells` whether the reader can be told of commands; `more` whether there is time.
    """

    def __init__(
        self,
        definition: Definition,
        graph: Graph,
        reached: Callable[[Iterable[Entry]], Iterator[Reach]],
        tells: Callable[[Start, tuple[Command, ...]], bool],
        more: Callable[[], bool],
    ) -> None:
        self.definition = definition
        self.reached = reached
        self.program = program = prepare(definition)
        known = Conditions(program)
        self.moves = Moves(program, known)
        self.sameness = Sameness(program, known, self.moves.past)
        self.graph = graph
        self.ways: dict[int, list[_Way]] = {_BEGUN: []}
        self.possible: set[Reach] = set()
        self.whole = True
        self._broken: set[_Way] = set()
        # Signals that rules hear, or that something happens by beside the work.
        beside = (
            event.at
            for element in definition.elements
            for event in element.events
            if event.kind == "signal" and not event.ends
        )
        of_rules = (on.name for rule in definition.rules for on in rule.occasions if on.kind == "signal")
        self._signals = tuple(name for name in dict.fromkeys((*of_rules, *beside)) if name)
        self._learn(tells, more)

    def _learn(self, tells: Callable[[Start, tuple[Command, ...]], bool], more: Callable[[], bool]) -> None:
        graph = self.graph
        for number, (before, move) in enumerate(graph.came):
            if not more():
                self.whole = False
                return
            if move is None:
                start = graph.starts[before]
                self._add(_Way(_BEGUN, (start,), number, self._reaches(NEW, (start,))), tells(start, ()))
            for made, target in graph.next[number]:
                reaches = self._reaches(graph.states[number], made.commands)
                way = _Way(number, made.commands, target, reaches, "time" if made.told == "time" else "move")
                self._add(way, tells(graph.starts[0], made.commands))
            for way in self._asides(number):
                self._add(way, True)

    def _reaches(self, state: CaseState, commands: Iterable[Command]) -> frozenset[Reach]:
        found: list[Entry] = []
        for command in commands:
            state, entries, *_ = alone(self.definition, state, command)
            found += entries
        return frozenset(self.reached(found))

    def _add(self, way: _Way, told: bool) -> None:
        self.possible |= way.reaches
        if told:
            self.ways.setdefault(way.source, []).append(way)

    def _asides(self, number: int) -> Iterator[_Way]:
        """What nothing follows from for the exploration."""
        state = self.graph.states[number]
        if state.status not in UNDER_WAY:
            return
        yield from self._waits(number, state)
        for name in self._signals:
            sent = Signal(actor=self.moves.in_charge(self.program.roots[0]), at=0, name=name)
            yield _Way(number, (sent,), None, self._reaches(state, (sent,)))
        for key, node in state.nodes.items():
            plan = self.program.plans[node.element]
            if plan.kind == "approval" and node.state in WORKABLE and not plan.is_group(parse_key(key)[1]):
                for role in plan.roles_wanted(node)[:1]:
                    back = Return(actor=self.moves.voter(node, role), at=0, node=key, reason="once more")
                    yield _Way(number, (back,), None, frozenset({(node.element, "returned")}))

    def _waits(self, number: int, state: CaseState) -> Iterator[_Way]:
        """What time brings by itself, each thing when it first comes."""
        seen: set[Reach] = set()
        at = 0
        for _ in range(_AHEAD):
            if state.wake is None:
                return
            at = max(at, state.wake)
            state, entries, *_ = alone(self.definition, state, Tick(actor=SYSTEM, at=at))
            new = frozenset(self.reached(entries)) - seen
            if new:
                seen |= new
                yield _Way(number, (), None, new, "overdue")

    # -- one tour ------------------------------------------------------------------------------------------------

    def find(self, wanted: Iterable[Reach]) -> Tour | None:
        """Gives a tour on which something of what is wanted happens, None where none does."""
        left = set(wanted)
        for goals in ({reach for reach in left if not notable(reach)}, left):
            if goals:
                walk = _Walk(self)
                while walk.room(goals) and (path := self._nearest(walk.number, goals - walk.shown.keys())):
                    walk.follow(path)
                shows = tuple(reach for reach in walk.shown if reach in left)
                if shows and walk.start is not None:
                    return Tour(walk.start, tuple(walk.commands), walk.state, shows)
        return None

    def _nearest(self, number: int | None, goals: set[Reach]) -> list[_Way]:
        """A shortest way from a state to something that is wanted; empty where there is none."""
        if number is None or not goals:
            return []
        came: dict[int, _Way | None] = {number: None}
        waiting = deque([number])
        while waiting:
            for way in self.ways.get(waiting.popleft(), ()):
                if way in self._broken:
                    continue
                if not goals.isdisjoint(way.reaches):
                    return [*_back(came, way.source), way]
                if way.target is not None and way.target not in came:
                    came[way.target] = way
                    waiting.append(way.target)
        return []

    def broken(self, way: _Way) -> None:
        """Takes a way out that a real case could not go."""
        self._broken.add(way)


def _back(came: dict[int, _Way | None], number: int) -> list[_Way]:
    path = []
    while (way := came[number]) is not None:
        path.append(way)
        number = way.source
    return path[::-1]


class _Walk:
    """A case that goes along ways: its real state, which is like the explored one in all that matters."""

    def __init__(self, tours: Tours) -> None:
        self.tours = tours
        self.state = NEW
        self.number: int | None = _BEGUN
        self.start: Start | None = None
        self.commands: list[Command] = []
        self.shown: dict[Reach, None] = {}
        self.at = 0

    def room(self, goals: set[Reach]) -> bool:
        return sum(reach in goals and notable(reach) for reach in self.shown) < _MOST_NOTABLE

    def follow(self, path: list[_Way]) -> None:
        """Goes along a path as far as a real case can."""
        for way in path:
            before = self.state, list(self.commands), self.at
            entries = self._go(way)
            if entries is None or (way.target is None and way.reaches.isdisjoint(self.tours.reached(entries))):
                self.state, self.commands, self.at = before
                self.tours.broken(way)
                return
            self.shown.update(dict.fromkeys(self.tours.reached(entries)))
            self.number = way.target
            if way.kind == "overdue" and self._key(self.state) == self._key(before[0]):
                self.number = way.source

    def _key(self, state: CaseState) -> object:
        return self.tours.sameness.key(state)

    def _go(self, way: _Way) -> list[Entry] | None:
        if way.kind == "move":
            entries: list[Entry] = []
            for command in way.commands:
                done = self._make(command)
                if done is None:
                    return None
                entries += done
            return entries
        if way.target is not None:
            there = self._key(self.tours.graph.states[way.target])
            return self._wait(lambda _: self._key(self.state) == there)
        return self._wait(lambda found: not way.reaches.isdisjoint(self.tours.reached(found)))

    def _wait(self, enough: Callable[[list[Entry]], bool]) -> list[Entry] | None:
        entries: list[Entry] = []
        for _ in range(_MOST_TICKS):
            if self.state.wake is None:
                return None
            done = self._make(Tick(actor=SYSTEM, at=max(self.at, self.state.wake)))
            if done is None:
                return None
            entries += done
            if enough(entries):
                return entries
        return None

    def _make(self, command: Command) -> tuple[Entry, ...] | None:
        if isinstance(command, Start):
            self.start = command
        else:
            at = command.at if isinstance(command, Tick) else self.at
            node = self.state.nodes.get(command.node) if isinstance(command, Answer) else None
            command = replace(command, at=at) if node is None else replace(command, at=at, attempt=node.attempt)
            self.commands.append(command)
        done = alone(self.tours.definition, self.state, command)
        if done.refusal is not None:
            return None
        self.state, self.at = done.state, command.at
        return done.entries
