"""What a person has of a queue when they ask for work of it: found by the host, judged by the step.

It is a fact of the moment in other cases, too, so the command carries it (`Load`), and a replay judges as the step did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from msgspec.structs import replace

from charter.engine import periods, values
from charter.engine.capacity import Capacity, Load, Queue
from charter.engine.commands import Assign, Begin, Claim, Command, Complete, Delegate
from charter.engine.definition import Definition
from charter.engine.feel.own import Span
from charter.engine.machines import OPEN
from charter.engine.plan.makers import barred
from charter.engine.plan.place import Place
from charter.engine.plan.program import Program, prepare
from charter.engine.plan.scope import Scope
from charter.engine.queues import Waiting, used, waiting
from charter.engine.state import CaseState

_Command = TypeVar("_Command", bound=Command)
# Gives the work of elements of a process that somebody holds, has finished since an instant, or may take.
Work = Callable[[str, frozenset[str], str, str, int | None], Iterable[Waiting]]


def rows_of(program: Program, state: CaseState, elements: frozenset[str]) -> Iterator[Waiting]:
    """Yields the work of some elements in a case: what is open, where the case is, and what is done."""
    for node in state.nodes.values():
        if node.element in elements and (node.state == "done" or (state.status == "open" and node.state in OPEN)):
            yield Waiting(state.case, node, frozenset(barred(Place(program, state, *program.spot(node.key)), node)))


def elements_of(program: Program, role: str) -> frozenset[str]:
    """Names the work of people that a role does."""
    return frozenset(
        e.name for e in program.definition.elements if e.kind == "activity" and e.work is None and role in e.roles
    )


def queued(program: Program, element: str) -> Iterator[Queue]:
    """Yields the queues of an element's roles, in the order in which it names these."""
    plan = program.plans.get(element)
    for role in plan.element.roles if plan is not None and plan.kind == "activity" else ():
        yield from (queue for queue in program.definition.queues if queue.role == role)


def begins(scope: Scope, capacity: Capacity) -> int | None:
    """Gives when the running period of a capacity began; None for one that has no periods."""
    span = None if capacity.every is None else scope.value(capacity.every)
    if not isinstance(span, Span) or not periods.is_period(span):
        return None
    return periods.period_at(scope.program.definition.calendar.zone, span, scope.now).since


def most(scope: Scope, capacity: Capacity) -> int:
    """Gives how much a capacity is; nothing where it is not known."""
    value = scope.value(capacity.most)
    return int(value) if values.is_count(value) else 0


def weighed(definition: Definition, state: CaseState, command: _Command, work: Work) -> _Command:
    """Gives a command for work that says what the person who is to do it has of its queues already."""
    if not definition.queues or not isinstance(command, Claim | Begin | Complete | Assign | Delegate):
        return command
    program, node = prepare(definition), state.nodes.get(command.node)
    if node is None:
        return command
    scope = Scope(program, state, None, (), command.at)
    person = command.to.person if isinstance(command, Assign | Delegate) else command.actor.person
    found = []
    for queue in queued(program, node.element):
        elements = elements_of(program, queue.role)
        since = [begins(scope, capacity) for capacity in queue.capacities]
        earliest = min((each for each in since if each is not None), default=None)
        rows = list(work(definition.name, elements, queue.role, person, earliest))
        line = waiting(queue, elements, rows, person)
        me = (state.case, node.key)
        ahead = 0 if node.holder is not None else next((n for n, r in enumerate(line) if (r.case, r.node.key) == me), 0)
        first = (
            ""
            if not ahead
            else line[0].node.key
            if line[0].case == state.case
            else f"{line[0].case} {line[0].node.key}"
        )
        found.append(Load(queue.role, used(since, elements, rows, person, me), ahead, first))
    loads = tuple(found)
    return replace(command, loads=loads) if loads != command.loads else command
