"""All that can come of a case, by the engine's own step over values that stand for others.

Two states are one where nothing that follows can tell them apart (`sameness`). Of independent work one order is looked
at: where somebody's work meets the rest only where all must be over anyway, the rest may wait until it is done (ample
sets; work that comes round again is looked at alone only where that leads to a state whose own moves are still to be
looked at, so that nothing is put off for ever). The search is breadth first, so that the first way to a state is a
shortest one, and ends where the caller says so; what it has not seen is unknown and never taken for good.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from charter.engine import law
from charter.engine.commands import Command, Start, Tick
from charter.engine.definition import Definition
from charter.engine.keys import name_of
from charter.engine.machines import CLOSED, SETTLED, WORKABLE
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled, prepare
from charter.engine.proof.assumptions import starting
from charter.engine.proof.atoms import conditions_of
from charter.engine.proof.independent import Independence
from charter.engine.proof.moves import STARTER, Move, Moves
from charter.engine.proof.nodes import OUTSIDE
from charter.engine.proof.outside import Taken, apart, registers_read, steps
from charter.engine.proof.sameness import Sameness
from charter.engine.proof.values import Conditions
from charter.engine.refusals import Refusal
from charter.engine.state import NEW, CaseState
from charter.engine.step.transition import Step

_MOVABLE = WORKABLE | {"failed"}
_NOT_ITS_TURN = "CH524"
_MOST_TICKS = 64  # that change nothing which matters


class Edge(NamedTuple):
    move: Move
    target: int


class Graph(Struct, eq=False):
    """What was seen. `states` by number; `came`: (state, move) by which each was first met, or (start, None).

    `open`: states whose moves were not all looked at; `spun`: what repeats in a move that the engine refused for its
    length, with the state before it (-1: no case can even begin);
    `opened`, `granted`: elements that were, also on the way to a state that is like another;
    `barren`: (state, node) of work that no value could finish; `cut`: whether the caller ended it; `timed`: elements
    whose conditions ask what time it is; `many`: records with too many values; `inexact`: records of which not all was
    looked at, service-level clocks that conditions ask for (how long work takes is not tried out), and ledgers (so are
    amounts); `taken`: what was taken of linked cases and registers at each start; `asked`: what they are asked, by key.
    """

    states: list[CaseState] = field(default_factory=list)
    came: list[tuple[int, Move | None]] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    next: list[list[Edge]] = field(default_factory=list)
    open: set[int] = field(default_factory=set)
    spun: list[tuple[int, str]] = field(default_factory=list)
    barren: set[tuple[int, str]] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)
    inexact: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    asked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timed: set[str] = field(default_factory=set)
    cut: bool = False
    steps: int = 0

    def depth(self) -> int:
        """Gives the longest of the shortest ways, in moves; each state was met after the one that it came from."""
        depths: list[int] = []
        for source, move in self.came:
            depths.append(0 if move is None else depths[source] + 1)
        return max(depths, default=0)

    def at(self, state: int) -> int:
        """Gives the instant at which a state was first met; no move goes back in time."""
        source, move = self.came[state]
        return self.starts[source].at if move is None else move.commands[-1].at

    def trace(self, state: int) -> tuple[Start, list[Move]]:
        """Gives the start and the moves of a shortest way to a state."""
        moves: list[Move] = []
        while (move := self.came[state][1]) is not None:
            moves.append(move)
            state = self.came[state][0]
        return self.starts[self.came[state][0]], moves[::-1]

    def assumed(self, state: int) -> tuple[str, ...]:
        """Names what of linked cases and registers was taken in some way on a shortest way to a state."""
        keys: dict[str, None] = {}
        while True:
            source, move = self.came[state]
            keys.update((key, None) for key, _ in (self.taken[source] if move is None else move.taken))
            if move is None:
                return tuple(dict.fromkeys(name for key in sorted(keys) for name in self.asked.get(key, ())))
            state = source


def explore(definition: Definition, more: Callable[[int], bool], *, reduced: bool = True) -> Graph:
    """Looks at what can come of the cases of a process as long as `more(steps taken)` allows it.

    Rules are left out: they open and hold no work, and whom one escalates to may only do more.
    """
    return _Search(replace(definition, rules=())).run(more, reduced)


def _asks_the_clock(plan: Plan) -> bool:
    element, repeat = plan.element, plan.element.repeat
    texts = [element.when, element.exit, element.offered]
    texts += [event.at for event in element.events if event.kind == "when" and event.ends]
    texts += [repeat.until, repeat.while_] if repeat is not None else []
    texts += [stage.when for stage in element.agreement.stages] if element.agreement is not None else []
    texts += [element.many.closes] if element.many is not None else []
    return any(e.tells_time for text in texts if text is not None and (e := compiled(text)) is not None)


def _asks_a_ledger(program: Program, plan: Plan) -> bool:
    read = (n for text in conditions_of(program.definition, plan.element) for n in program.names(text))
    return any(name in program.ledgers for name in read)


def _spins(refusal: Refusal) -> bool:
    """Whether more would follow than may; where a line is blamed, it is a list that is too long."""
    return refusal.code == "CH541" and refusal.reasons[0].subject is None


class _Search:
    def __init__(self, definition: Definition) -> None:
        self.outside = apart(definition)
        self.definition = self.outside.definition
        self.uncertain: dict[str, None] = {}
        program = prepare(self.definition)
        known = Conditions(program)
        self.moves = Moves(program, known)
        # What an instant or an amount may change that is not tried out.
        self.timed = frozenset(plan.name for plan in program.plans.values() if _asks_the_clock(plan))
        self.clocked = self.timed.union(plan.name for plan in program.plans.values() if _asks_a_ledger(program, plan))
        self.read = registers_read(program)
        self.clocked |= {name for names in self.read.values() for name in names}
        self.independence = Independence(program)
        self.sameness = Sameness(program, known, self.moves.past)
        self.graph = Graph()
        self.numbers: dict[Any, list[tuple[frozenset[str], int]]] = {}
        self.waiting: deque[int] = deque()

    def run(self, more: Callable[[int], bool], reduced: bool) -> Graph:
        graph, left_out = self.graph, self.sameness.clocks | self.sameness.ledgers
        self._start()
        while self.waiting:
            if not more(graph.steps):
                graph.open.update(self.waiting)
                graph.cut = True
                break
            number = self.waiting.popleft()
            if graph.states[number].status not in CLOSED:
                self._look(number, reduced and not left_out and not self.outside.asked)
        graph.many = self.moves.many()
        graph.inexact = tuple(dict.fromkeys((*self.moves.inexact(), *sorted(left_out), *self.read, *self.uncertain)))
        graph.asked = {key: tuple(sorted(names)) for key, (names, _) in self.outside.asked.items()}
        return graph

    def _start(self) -> None:
        at = starting(self.definition)
        who = self.moves.somebody(STARTER, [role.name for role in self.definition.roles])
        for records in self.moves.starts():
            start = Start(actor=who, at=at, case="case", records=records, **law.PRESENT._asdict())
            for done, taken in self._steps(NEW, start):
                if done.refusal is None:
                    self.graph.starts.append(start)
                    self.graph.taken.append(taken)
                    self._meet(done.state, (len(self.graph.starts) - 1, None))
                elif _spins(done.refusal):
                    self.graph.spun.append((-1, self._spinning("")))

    def _steps(self, state: CaseState, command: Command) -> Iterator[tuple[Step, Taken]]:
        """Takes a step, in every way in which what it asks of others may be answered."""
        for done, taken, more in steps(self.definition, state, command):
            self.graph.steps += 1
            if more:
                self.uncertain.update(dict.fromkeys(self.outside.names([key for key, _ in taken])))
            yield done, taken

    def _spinning(self, node: str) -> str:
        """Names what repeats: the first element that can, else whoever moved."""
        return next((e.name for e in self.definition.elements if e.repeat is not None), name_of(node))

    def _meet(self, state: CaseState, came: tuple[int, Move | None]) -> int:
        """Gives the number of a state, or of one from which as much can be missing at the end."""
        graph = self.graph
        for node in state.nodes.values():
            if node.ready_at is not None or node.state == "reached":
                graph.opened.add(node.element)
            if node.state == "granted":
                graph.granted.add(node.element)
        outputs = self.sameness.outputs(state)
        alike = self.numbers.setdefault(self._key(state), [])
        for there, number in alike:
            if there <= outputs:
                return number
        number = len(graph.states)
        alike.append((outputs, number))
        graph.states.append(state)
        graph.came.append(came)
        graph.next.append([])
        self.waiting.append(number)
        return number

    def _key(self, state: CaseState) -> Any:
        """Gives what is equal for two states from which the same can follow."""
        key = self.sameness.key(state)
        if not self.outside.asked:
            return key
        return key, frozenset(found.ask.key for found in state.looked if found.ask.register == OUTSIDE)

    def _look(self, number: int, reduced: bool) -> None:
        graph, moves = self.graph, self.moves
        state, at = graph.states[number], graph.at(number)
        asking = {node.element for node in state.nodes.values() if node.state not in SETTLED} & self.clocked
        if asking:
            graph.open.add(number)  # time alone may change it, at no timer, or what another case files
            graph.timed |= asking & self.timed
        nodes = [node for node in state.nodes.values() if node.state in _MOVABLE]
        tried: set[str] = set()
        awaiting = self.independence.awaiting(state)
        for node in self.independence.of(state, nodes) if reduced and not awaiting else ():
            before = len(graph.next[number])
            self._take(number, moves.of(state, node, at))
            edges = graph.next[number][before:]
            if edges and (node.element not in self.independence.rounds or any(e.target > number for e in edges)):
                return
            tried.add(node.key)
        for node in nodes:
            if node.key not in tried:
                self._take(number, moves.of(state, node, at))
        self._take(number, moves.early(state, awaiting, at))
        self._take(number, moves.ends(state, at))
        self._take(number, moves.time(state, at))
        self._take(number, moves.look(state, at))

    def _take(self, number: int, moves: Iterator[Move]) -> None:
        graph = self.graph
        taken, refused = False, ""
        for move in moves:
            for done, came in self._make(number, move):
                if isinstance(came, CaseState):
                    if move.told in ("answer", "fail") and came.nodes[move.node].state == "failed":
                        # An answer that does not fit; that it may fail anyway says nothing of what would.
                        refused = move.node if move.told == "answer" else refused
                    else:
                        taken = True
                    graph.next[number].append(Edge(done, self._meet(came, (number, done))))
                elif came.code != _NOT_ITS_TURN:
                    refused = move.node
        if refused and not taken:
            graph.barren.add((number, refused))

    def _make(self, number: int, move: Move) -> Iterator[tuple[Move, CaseState | Refusal]]:
        """Yields a move as it was made and the state after it, or why it was refused, for all that may be answered.

        Time goes on until something has happened that matters.
        """
        state = self.graph.states[number]
        before = self._key(state) if move.told == "time" else None
        waiting = [(state, 0, move)]
        while waiting:
            state, index, made = waiting.pop()
            command = made.commands[index]
            for done, taken in self._steps(state, command):
                told = made._replace(taken=(*made.taken, *taken))
                if done.refusal is not None:
                    if _spins(done.refusal):
                        self.graph.spun.append((number, self._spinning(move.node)))
                    yield told, done.refusal
                    continue
                now = done.state
                again = before is not None and len(told.commands) < _MOST_TICKS and self._key(now) == before
                if again and now.wake is not None:
                    tick = Tick(actor=command.actor, at=max(command.at, now.wake))
                    told = told._replace(commands=(*told.commands, tick))
                if index + 1 < len(told.commands):
                    waiting.append((now, index + 1, told))
                else:
                    yield told, now
