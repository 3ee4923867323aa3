"""What the effects of a step mean: the one place where it is said, for every host.

A host keeps cases, people and a clock; `carry_out` drives it through the `Host` protocol and decides everything else:
who is chosen for offered work, what a case is opened with, who is answered, who follows. The memory host (scenarios,
properties, what-if) and the database host are thin; another is one more class. Connectors are called by the host
itself, in its own time, and what they say is given to `answer`; notices are for the host alone.
Invariants: what is carried out here follows from the effect and from what the host knows, so that every host leaves
the same entries; whoever is chosen, the engine has judged and not refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from msgspec.structs import replace

from charter.engine import law, registers
from charter.engine.commands import SYSTEM, Actor, Amend, Answer, Assign, Command, Decline, Follow, Start, Tick
from charter.engine.definition import Definition
from charter.engine.effects import (
    Address,
    AmendCase,
    AnswerParent,
    CallConnector,
    Effect,
    Notify,
    Offer,
    StartCase,
    TellCase,
)
from charter.engine.keys import parse_key
from charter.engine.machines import SETTLED
from charter.engine.refusals import Reason, Refusal, recorded
from charter.engine.state import CaseState
from charter.engine.step.subcases import standing, still_changes
from charter.engine.step.transition import Step, Target, step

# What follows from one command or tick is carried out up to here; the rest waits for the host's next round. What the
# host does by itself comes before calls, whose answers then find all of it done.
MOST_DELIVERIES = 1_000
# A tick may make the next one due at once; a process that never comes to rest is stopped here, and goes on next time.
MOST_TICKS = 1_000

Pairs = tuple[tuple[str, Any], ...]
_Command = TypeVar("_Command", bound=Command)


class Host(Protocol):
    """Where cases live. Times are microseconds since the epoch, UTC; `case` is a case's id."""

    def now(self, case: str) -> int:
        """Gives the time of a case's next entry: the clock's, but never before the case's last one."""

    def running(self, process: str) -> Definition | None:
        """Gives the definition that new cases of a process run."""

    def find(self, case: str) -> tuple[Definition, CaseState] | None:
        """Gives a case as it stands, None where there is none."""

    def send(self, case: str, command: Command) -> Step:
        """Runs a command and keeps what comes of it."""

    def open(self, definition: Definition, start: Callable[[str, int], Start]) -> Step:
        """Opens a case with the Start made of its new id and the time; what is refused leaves no case."""

    def opened_by(self, case: str, node: str, attempt: int) -> str | None:
        """Finds the case that an attempt of a case's element opened."""

    def candidates(self, process: str, roles: Sequence[str], at: int) -> list[Actor]:
        """Lists who is there and holds one of the roles (none: everybody), by their ids."""

    def is_held(self, process: str, role: str) -> bool:
        """Says whether anybody holds a role, be they there or not."""

    def is_reached(self, process: str, person: str, at: int) -> bool:
        """Says whether a person, or somebody who stands in for them, is there."""

    def busy(self, persons: Sequence[str]) -> Mapping[str, int]:
        """Counts the open work that each of these people holds."""

    def off(self, persons: Sequence[str], at: int, until: int) -> Collection[str]:
        """Names those of these people who do not work between two instants, by hours of their own."""

    def spares(self, case: str, command: Command, after: CaseState) -> bool:
        """Says whether a command leaves people for the other work of its case, where the organisation wants that."""

    def last_turn(self, process: str, element: str) -> str | None:
        """Names who got an element's work last, in turn."""

    def note_turn(self, process: str, element: str, person: str) -> None: ...


def informed(
    definition: Definition,
    state: CaseState,
    command: _Command,
    answer: registers.Answer,
    target: Target | None = None,
) -> tuple[_Command, Step]:
    """Takes a step with all that it needs to know of registers; gives the command as the trail is to keep it."""
    runs = definition if target is None else target.definition
    if not runs.registers and not runs.links:
        return command, step(definition, state, command, target)
    if state.status == "open":
        command = replace(command, looked=registers.changed(state.looked, answer))
    done = step(definition, state, command, target)
    while done.asks:
        command = replace(command, looked=(*command.looked, *map(answer, done.asks)))
        done = step(definition, state, command, target)
    return command, done


def alone(definition: Definition, state: CaseState, command: _Command) -> Step:
    """Takes a step as where registers hold what the case itself has filed, and nothing else."""
    return informed(definition, state, command, answer_alone(state))[1]


def answer_alone(state: CaseState) -> registers.Answer:
    """Gives what answers as where registers hold what a case itself has filed, and nothing else."""
    newest: dict[str, dict[str, registers.Row]] = {}
    for found in state.looked:
        newest.setdefault(found.ask.register, {}).update({row.key: row for row in found.rows})

    def answer(ask: registers.Ask) -> registers.Found:
        if ask.process:  # of other cases nobody knows here
            return next((found for found in state.looked if found.ask == ask), registers.Found(ask, more=True))
        return registers.found_among(ask, newest.get(ask.register, {}))

    return answer


def carry_out(host: Host, case: str, effect: Effect) -> Refusal | None:
    """Does what an effect of a case's step asks of the world.

    Gives why nothing came of it, where no element waits for an answer: the trail of the case says so then, and somebody
    must see to it.
    """
    declined = _MEANINGS[type(effect)](host, case, effect)
    if declined is not None:
        _decline(host, case, type(effect).__name__, effect, declined)
    return declined


def is_asked(effect: Effect) -> bool:
    """Says whether an effect asks for something to be done; the others only tell people."""
    return type(effect).__name__ in ASKED


def give_up(host: Host, case: str, kind: str, effect: Effect | None, failure: str) -> None:
    """Tells the element that waits for what an effect asks, else the case, that nothing will come of it.

    `kind`: the effect's name; the effect is None where it cannot be read.
    """
    if isinstance(effect, CallConnector | AmendCase) or (isinstance(effect, StartCase) and effect.wait):
        answer(host, case, effect.node, effect.attempt, (), failure)
    elif isinstance(effect, AnswerParent) and host.find(effect.case) is not None:
        answer(host, effect.case, effect.node, effect.attempt, (), failure)
    elif effect is not None or host.find(case) is not None:
        _decline(host, case, kind, effect, failure)


def let_pass(host: Host, case: str, until: int, most: int = MOST_TICKS) -> int:
    """Makes happen in a case what has come due, by so many ticks at most; gives how many that took."""
    ticks = 0
    while ticks < most and (found := host.find(case)) is not None:
        wake = found[1].wake
        if wake is None or wake > until:
            break
        done = host.send(case, Tick(actor=SYSTEM, at=host.now(case)))
        ticks += 1
        if done.refusal is not None or done.state.wake == wake:
            break
    return ticks


def answer(
    host: Host,
    case: str,
    node: str,
    attempt: int,
    records: Pairs,
    failure: str | None,
    makers: tuple[str, ...] = (),
) -> None:
    """Gives a waiting element what its call or case came to."""
    given = Answer(
        actor=SYSTEM,
        at=host.now(case),
        node=node,
        attempt=attempt,
        records=records,
        failure=failure,
        makers=makers,
    )
    host.send(case, given)


def _decline(host: Host, case: str, kind: str, effect: Effect | None, why: Refusal | str) -> None:
    """Has the trail of a case say that nothing came of what it asked for."""
    reason = None if isinstance(why, str) else recorded(why.reasons)[0]
    host.send(
        case,
        Decline(
            actor=SYSTEM,
            at=host.now(case),
            ask=kind,
            target="" if effect is None else aim(effect),
            node=None if effect is None else effect.node or None,
            asked=getattr(effect, "asked", 0),
            code=None if reason is None else reason.code,
            arguments=() if reason is None else tuple(reason.arguments.items()),
            failure=why if isinstance(why, str) else None,
        ),
    )


def aim(effect: Effect) -> str:
    """Says what an effect is aimed at: a connector, process, case, roles or people; empty where that is its element."""
    found = next(
        (v for n in ("connector", "process", "case", "roles", "persons") if (v := getattr(effect, n, None))), ""
    )
    return found if isinstance(found, str) else ", ".join(found)


def begin(host: Host, effect: StartCase, case: str | None = None) -> tuple[str | None, Refusal | None]:
    """Opens the case that is asked for; gives its id, or why there is none. `case`: the one that waits for it."""
    definition = host.running(effect.process)
    if definition is None:
        return None, Refusal((Reason("CH597", None, {"target": effect.process}),))
    bindable = {p.name for p in definition.parameters} - set(definition.inputs)
    opened: list[str] = []

    def start(child: str, at: int) -> Start:
        opened.append(child)
        return Start(
            actor=SYSTEM,
            at=at,
            case=child,
            records=tuple(pair for pair in effect.records if pair[0] not in bindable),
            parameters=tuple(pair for pair in effect.records if pair[0] in bindable),
            parent=None if case is None else (case, effect.node),
            attempt=effect.attempt,
            depth=effect.depth,
            makers=effect.makers,
            chain=effect.chain,
            drill=effect.drill,
            **law.PRESENT._asdict(),
        )

    refusal = host.open(definition, start).refusal
    return (opened[-1] if refusal is None else None), refusal


def _start(host: Host, case: str, effect: StartCase) -> Refusal | None:
    if not effect.wait:
        return begin(host, effect)[1]
    wanted = _standing(host, case, effect)
    if wanted is None:
        return None  # given up since, as the trail of its case says
    _, refusal = begin(host, effect, case)
    if refusal is None:
        if wanted == "suspended":
            _tell(host, case, TellCase(effect.node, effect.attempt, "suspend"))
        return None
    failure = f"no process {effect.process}" if refusal.reasons[0].code == "CH597" else refusal.line
    answer(host, case, effect.node, effect.attempt, (), failure)
    return None


def _standing(host: Host, case: str, effect: StartCase | AmendCase) -> str | None:
    found = host.find(case)
    return None if found is None else standing(*found, effect.node, effect.attempt)


def _tell(host: Host, case: str, effect: TellCase) -> None:
    child = host.opened_by(case, effect.node, effect.attempt)
    # None where it could not be opened, and the answer said so; or is not yet, and will be as its element then stands.
    found = None if child is None else host.find(child)
    if child is None or found is None or not still_changes(found[1], effect.order):
        return
    order = Follow(
        actor=SYSTEM, at=host.now(child), reason=effect.reason, order=effect.order, parent=(case, effect.node)
    )
    host.send(child, order)


def _amend(host: Host, case: str, effect: AmendCase) -> None:
    """Has the other case amended by its own rules, as by anybody else, and says here what came of it, and where."""
    if _standing(host, case, effect) is None:
        return  # given up since, as the trail of its case says
    source, other = host.find(case), host.find(effect.case or "")
    assert source is not None
    refusal, entry = None, 0
    if other is None or other[1].drill != effect.drill:
        named = {"record": effect.record, "process": effect.process, "other": source[0].name}
        refusal = Refusal((Reason("CH671", None, named),))
    else:
        entry = other[1].entries_written + 1
        amend = Amend(
            actor=SYSTEM,
            at=host.now(other[1].case),
            reason=effect.reason,
            record=effect.record,
            value=effect.value,
            source=(source[0].name, case, effect.node),
            basis=effect.basis,
            makers=effect.makers,
        )
        done = host.send(other[1].case, amend)
        refusal = done.refusal
        entry = done.state.entries_written - len(done.entries) + 1
    reason = None if refusal is None else recorded(refusal.reasons)[0]
    told = Answer(
        actor=SYSTEM,
        at=host.now(case),
        node=effect.node,
        attempt=effect.attempt,
        failure=None if refusal is None else refusal.line,
        amended=None if refusal is not None or other is None else (other[1].case, entry),
        code=None if reason is None else reason.code,
        arguments=() if reason is None else tuple(reason.arguments.items()),
    )
    host.send(case, told)


def _answer_parent(host: Host, _case: str, effect: AnswerParent) -> None:
    answer(host, effect.case, effect.node, effect.attempt, effect.records, effect.failure, effect.makers)


def _offer(host: Host, case: str, effect: Offer) -> Refusal | None:
    """Assigns work to the first person in order whom the engine does not refuse, and who is not the last one left for
    other work; where all are that, to the first.

    Where nobody is fit, the first refusal is kept in the trail; there or where nobody is, the work stays offered.
    """
    found = host.find(case)
    assert found is not None
    definition, state = found
    offered = state.nodes.get(effect.node)
    if offered is None or offered.state in SETTLED or offered.holder is not None:
        return None  # over, or taken, since
    at, element = host.now(case), parse_key(effect.node)[0]
    ranked = _ranked(host, definition.name, element, effect, host.candidates(definition.name, effect.roles, at))
    if offered.due is not None and offered.due > at:
        # Who works before it is due comes before who does not.
        off = host.off([actor.person for actor in ranked], at, offered.due)
        ranked.sort(key=lambda actor: actor.person in off)
    choices = [Assign(actor=SYSTEM, at=at, node=effect.node, to=person) for person in ranked]
    # The choice is the engine's own judgement, asked beforehand, so that the trail holds one assignment.
    able = ((choice, done.state) for choice in choices if (done := step(definition, state, choice)).refusal is None)
    chosen = None
    for choice, after in able:
        chosen = chosen or choice
        if host.spares(case, choice, after):
            chosen = choice
            break
    if chosen is not None and effect.mode == "in turn":
        host.note_turn(definition.name, element, chosen.to.person)
    if not choices:
        return Refusal((Reason("CH599", element, {"element": effect.node, "roles": list(effect.roles)}),))
    host.send(case, chosen or choices[0])
    return None


def _notify(host: Host, case: str, effect: Notify) -> None:
    """Has the trail say which of the roles nobody holds; somebody who comes to hold one finds the notice there."""
    found = host.find(case)
    assert found is not None
    process = found[0].name
    nobody = tuple(role for role in effect.roles if not host.is_held(process, role))
    if nobody:
        reason = Reason("CH614", None, {"process": process, "roles": list(nobody)})
        _decline(host, case, Notify.__name__, replace(effect, roles=nobody), Refusal((reason,)))


def _address(host: Host, case: str, effect: Address) -> Refusal | None:
    """Says who of the people whom data names for work is not there, which then comes up to its fallback."""
    found = host.find(case)
    assert found is not None
    node = found[1].nodes.get(effect.node)
    if node is None or node.state in SETTLED:
        return None
    at = host.now(case)
    away = [person for person in effect.persons if not host.is_reached(found[0].name, person, at)]
    arguments = {"element": effect.node, "persons": away}
    return Refusal((Reason("CH616", parse_key(effect.node)[0], arguments),)) if away else None


def _ranked(host: Host, process: str, element: str, offer: Offer, there: list[Actor]) -> list[Actor]:
    if offer.mode == "least busy":
        load = host.busy([actor.person for actor in there])
        return sorted(there, key=lambda actor: (load.get(actor.person, 0), actor.person))
    last = host.last_turn(process, element)
    return sorted(there, key=lambda actor: (last is not None and actor.person <= last, actor.person))


_MEANINGS: Mapping[type[Effect], Callable[[Any, str, Any], Refusal | None]] = {
    StartCase: _start,
    AmendCase: _amend,
    TellCase: _tell,
    AnswerParent: _answer_parent,
    Offer: _offer,
    Address: _address,
    Notify: _notify,
}
# What a host keeps until it is done, by the name that it is kept under.
_ALL: tuple[type[Effect], ...] = (*_MEANINGS, CallConnector)
ASKED: Mapping[str, type[Effect]] = {kind.__name__: kind for kind in _ALL}
