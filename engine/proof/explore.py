"""All that can come of a case, by the engine's own step over values that stand for others.

Two states are one where nothing that follows can tell them apart (`sameness`). Of independent work one order is looked
at: where somebody's work meets the rest only where all must be over anyway, the rest may wait until it is done (ample
sets; work that comes round again is looked at alone only where that leads to a state whose own moves are still to be
looked at, so that nothing is put off for ever). The search is breadth first, so that the first way to a state is a
shortest one, and ends where the caller says so; what it has not seen is unknown and never taken for good.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from charter.engine import law
from charter.engine.commands import Start, Tick
from charter.engine.definition import Definition
from charter.engine.hosting import alone
from charter.engine.keys import name_of
from charter.engine.machines import CLOSED, SETTLED, WORKABLE
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program, compiled, prepare
from charter.engine.proof.assumptions import starting
from charter.engine.proof.atoms import conditions_of, registers_read
from charter.engine.proof.independent import Independence
from charter.engine.proof.moves import STARTER, Move, Moves
from charter.engine.proof.sameness import Sameness
from charter.engine.proof.values import Conditions
from charter.engine.refusals import Refusal
from charter.engine.state import NEW, CaseState

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
    amounts).
    """

    states: list[CaseState] = field(default_factory=list)
    came: list[tuple[int, Move | None]] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    next: list[list[Edge]] = field(default_factory=list)
    open: set[int] = field(default_factory=set)
    spun: list[tuple[int, str]] = field(default_factory=list)
    barren: set[tuple[int, str]] = field(default_factory=set)
    opened: set[str] = field(default_factory=set)
    granted: set[str] = field(default_factory=set)
    inexact: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
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
        self.definition = definition
        program = prepare(definition)
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
                self._look(number, reduced and not left_out)
        graph.many = self.moves.many()
        graph.inexact = tuple(dict.fromkeys((*self.moves.inexact(), *sorted(left_out), *self.read)))
        return graph

    def _start(self) -> None:
        at = starting(self.definition)
        who = self.moves.somebody(STARTER, [role.name for role in self.definition.roles])
        for records in self.moves.starts():
            start = Start(actor=who, at=at, case="case", records=records, **law.PRESENT._asdict())
            done = alone(self.definition, NEW, start)
            self.graph.steps += 1
            if done.refusal is None:
                self.graph.starts.append(start)
                self._meet(done.state, (len(self.graph.starts) - 1, None))
            elif _spins(done.refusal):
                self.graph.spun.append((-1, self._spinning("")))

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
        alike = self.numbers.setdefault(self.sameness.key(state), [])
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

    def _take(self, number: int, moves: Iterator[Move]) -> None:
        graph = self.graph
        taken, refused = False, ""
        for move in moves:
            made = self._make(number, move)
            if not isinstance(made, Refusal):
                done, state = made
                if move.told in ("answer", "fail") and state.nodes[move.node].state == "failed":
                    # An answer that does not fit; that it may fail anyway says nothing of what would.
                    refused = move.node if move.told == "answer" else refused
                else:
                    taken = True
                graph.next[number].append(Edge(done, self._meet(state, (number, done))))
            elif made.code != _NOT_ITS_TURN:
                refused = move.node
        if refused and not taken:
            graph.barren.add((number, refused))

    def _make(self, number: int, move: Move) -> tuple[Move, CaseState] | Refusal:
        """Gives a move as it was made and the state after it, or why it was refused.

        Time goes on until something has happened that matters.
        """
        state = self.graph.states[number]
        commands = list(move.commands)
        before = self.sameness.key(state) if move.told == "time" else None
        for command in commands:
            done = alone(self.definition, state, command)
            self.graph.steps += 1
            if done.refusal is not None:
                if _spins(done.refusal):
                    self.graph.spun.append((number, self._spinning(move.node)))
                return done.refusal
            state = done.state
            again = before is not None and len(commands) < _MOST_TICKS and self.sameness.key(state) == before
            if again and state.wake is not None:
                commands.append(Tick(actor=command.actor, at=max(command.at, state.wake)))
        return move._replace(commands=tuple(commands)), state
