"""`step`: what a command does to a case. Pure, deterministic and total: every state and command gives a Step.

A command is checked and carried out by the function of its verb, then the work list is run until nothing follows any
more. A refusal is a value with its reasons and leaves one entry; the state keeps everything but the count of entries.
The command itself stands in the first entry of its step, so that `replay` can run it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from charter.engine import state as states
from charter.engine.commands import SYSTEM, Command, Continue, Migrate, Recount, Start
from charter.engine.dated import dated
from charter.engine.definition import Definition
from charter.engine.effects import Effect
from charter.engine.entries import Entry, cases
from charter.engine.machines import CASE_STATES, LASTING, UNDER_WAY
from charter.engine.migration import NOT_KNOWN
from charter.engine.plan.program import Program, prepare
from charter.engine.refusals import Reason, Refusal, recorded
from charter.engine.registers import Ask
from charter.engine.requested import closed_to
from charter.engine.state import CaseState
from charter.engine.step import (
    actions,
    additions,
    automation,
    clocks,
    filing,
    flow,
    holding,
    linking,
    migrating,
    rework,
    services,
    subcases,
    votes,
    work,
)
from charter.engine.step.authority import role_among
from charter.engine.step.case import open_case
from charter.engine.step.contents import bindable, not_asked_for, validate
from charter.engine.step.draft import Draft, Refused, refuse
from charter.engine.step.migrating import Target as Target
from charter.engine.text import composed


class Step(NamedTuple):
    """What a command did: the next state, at least one entry, what the host must do, and the refusal if any.

    `nodes`: the keys of those that may be new or other, so that a host need not look through all. `asks`: what it would
    have to know of registers; the host takes it again with the answers (`hosting.informed`), and keeps nothing of this.
    """

    state: CaseState
    entries: tuple[Entry, ...]
    effects: tuple[Effect, ...] = ()
    refusal: Refusal | None = None
    nodes: Iterable[str] = ()
    asks: tuple[Ask, ...] = ()


_Act = Callable[[Draft, Any], None]


def _start(draft: Draft, command: Start) -> None:
    program = draft.program
    given = [name for name, _ in command.parameters]
    unbound = [name for name in program.definition.unbound() if name not in given]
    if unbound:
        raise refuse("CH526", None, parameters=unbound)
    roles = tuple(role.name for role in program.definition.roles)
    draft.role = role_among(command.actor, roles)
    if draft.role is None and roles and command.actor.person != SYSTEM.person:
        raise refuse("CH501", None, element=program.definition.name, person=command.actor.person, roles=list(roles))
    person = command.actor.person != SYSTEM.person
    closed = closed_to(program.definition, command.actor.person, command.actor.roles) if person else None
    if closed is not None:
        raise Refused(closed)
    draft.case, draft.process = command.case, program.definition.name
    draft.parent, draft.attempt, draft.depth = command.parent, command.attempt, command.depth
    draft.parameters = command.parameters
    draft.law, draft.tzdata = command.law, command.tzdata
    draft.days, draft.chain, draft.drill = command.days, command.chain, command.drill
    found = [reason for name, value in command.parameters for reason in bindable(program, name, value)]
    written: list[tuple[str, Any, str]] = []
    given = [name for name, _ in command.records]
    for record, value in command.records:
        if record not in program.definition.inputs or given.count(record) > 1:
            found.append(Reason("CH510", None, {"element": draft.process, "record": record}))
            continue
        try:
            written.append((record, *validate(draft, None, (), record, value)))
            found.extend(not_asked_for(draft, record, written[-1][1]))
        except Refused as refused:
            found.extend(refused.reasons)
    for record in program.definition.inputs:
        if record not in given:
            found.append(Reason("CH511", None, {"element": draft.process, "record": record}))
    if found:
        raise Refused(*found)
    draft.opened_at, draft.opened_by = draft.at, command.actor.person
    called = command.called
    numbered = () if called is None else (called.text, called.series, called.serial)
    draft.called = "" if called is None else called.text
    draft.set_status("start", cases.Started(draft.process, command.case, command.drill, *numbered))
    made = dict(command.makers)
    for record, value, digest in written:
        draft.write(record, (), (), value, digest, None)
        if record in made:
            earlier = tuple((person, None) for person in made[record])
            draft.versions[record] = draft.versions[record]._replace(earlier=earlier)
    draft.end_of_command()
    open_case(draft)


def _continue(draft: Draft, command: Continue) -> None:
    """Puts the case under other rules, and on record how it stood, so that what follows can be played from here."""
    was = draft.state.rules
    draft.law, draft.tzdata = command.law, command.tzdata
    draft.enter(cases.Continued(command.law, command.tzdata, was._asdict(), states.snapshot(draft.state)))


def _recount(draft: Draft, command: Recount) -> None:
    """Counts by other public days from here on: what is due, or comes round, moves with them.

    Whatever is not over is looked at again: any condition may count working days.
    """
    draft.days = command.days
    draft.cause = draft.enter(cases.Recounted(dict(command.days), dict(draft.state.days)))
    clocks.recount(draft, prepare(dated(draft.program.definition, draft.state.days)))
    for node in draft.nodes.values():
        if node.ended_at is None:
            draft.agenda.setdefault(node.key, draft.cause)


def _migrate(_draft: Draft, command: Migrate) -> None:
    raise Refused(Reason(NOT_KNOWN, None, {"definition": command.to}))


def _crossing(program: Program, state: CaseState, command: Migrate, target: Target) -> tuple[Draft, _Act]:
    """Gives a draft of the case as the version has it that it goes over to, and what carries it over."""
    draft = Draft(prepare(dated(target.definition, command.days)), state, command)
    return draft, lambda draft, command: migrating.migrate(draft, command, program, target.was)


_RUNNING = frozenset({"open"})
_STARTED = frozenset(CASE_STATES)


# verb -> (who does it, in which case statuses, who may send it, whether it needs a reason)
_VERBS: dict[str, tuple[_Act, frozenset[str], str, bool]] = {
    "start": (_start, frozenset({"none"}), "anybody", False),
    "claim": (work.claim, _RUNNING, "people", False),
    "release": (work.release, _RUNNING, "people", False),
    "delegate": (work.delegate, _RUNNING, "people", False),
    "assign": (work.assign, _RUNNING, "anybody", False),
    "hand over": (work.hand_over, _RUNNING, "engine", False),
    "begin": (work.begin, _RUNNING, "people", False),
    "confirm": (work.confirm, _RUNNING, "people", False),
    "complete": (work.complete, _RUNNING, "people", False),
    "approve": (votes.approve, _RUNNING, "people", False),
    "reject": (votes.reject, _RUNNING, "people", True),
    "return": (rework.return_, _RUNNING, "people", True),
    "withdraw": (rework.withdraw, LASTING, "people", False),
    "suspend": (holding.suspend, _RUNNING, "people", False),
    "resume": (holding.resume, UNDER_WAY, "people", False),
    "skip": (holding.skip, _RUNNING, "people", True),
    "cancel": (holding.cancel, UNDER_WAY, "people", True),
    "reopen": (rework.reopen, LASTING, "people", True),
    "amend": (rework.amend, LASTING, "anybody", True),
    "comment": (additions.comment, _STARTED, "people", False),
    "observe": (additions.observe, _STARTED, "anybody", False),
    "attach": (additions.attach, _STARTED, "people", False),
    "add": (additions.add, _RUNNING, "people", False),
    "close": (additions.close, _RUNNING, "people", False),
    "signal": (automation.signal, UNDER_WAY, "people", False),
    "tick": (automation.tick, UNDER_WAY, "engine", False),
    "answer": (automation.answer, UNDER_WAY, "engine", False),
    "follow": (subcases.follow, UNDER_WAY, "engine", False),
    "decline": (automation.decline, _STARTED, "engine", False),
    "retry": (automation.retry, _RUNNING, "people", False),
    "continue": (_continue, _STARTED, "engine", False),
    "recount": (_recount, _STARTED, "engine", False),
    "migrate": (_migrate, UNDER_WAY, "people", True),
}  # fmt: skip


# what leads to nothing
_ALONE = (additions.observe, automation.decline)


def _admit(draft: Draft, command: Command, statuses: frozenset[str], sender: str, reason: bool) -> None:
    """Refuses what no state of an element could allow."""
    if draft.status not in statuses:
        if command.verb == "start":
            raise refuse("CH540", None, case=draft.case)
        raise refuse("CH519", None, status=draft.status, verb=command.verb)
    # What the case that runs this one has suspended, or has the answer of, is not moved on behind its back.
    answered = draft.status == "completed" and statuses is LASTING
    if draft.parent is not None and (answered or (draft.held and command.verb == "resume")):
        case, element = draft.parent
        raise refuse("CH549", None, case=case, element=element, status=draft.status, verb=command.verb)
    is_engine = command.actor.person == SYSTEM.person
    if sender == "people" and is_engine:
        raise refuse("CH534", None, verb=command.verb)
    if sender == "engine" and not is_engine:
        raise refuse("CH533", None, verb=command.verb, person=command.actor.person)
    if reason and not (command.reason or "").strip():
        raise refuse("CH506", None, verb=command.verb)


def step(definition: Definition, state: CaseState, command: Command, target: Target | None = None) -> Step:
    """Gives what a command does to a case; its texts count in their one form, as the trail keeps them.

    `target`: where a migration leads. Raises SameKey.
    """
    command = composed(command)
    days = command.days if isinstance(command, Start | Recount) else state.days
    program = prepare(dated(definition, days))
    draft = Draft(program, state, command)
    act, statuses, sender, reason = _VERBS[command.verb]
    alone = act in _ALONE or (isinstance(command, Migrate) and command.restores)
    if isinstance(command, Migrate) and target is not None:
        draft, act = _crossing(program, state, command, target)
        # A migration may have ended the case, and can be taken back all the same.
        statuses = _STARTED if command.restores and draft.parent is None else statuses
    try:
        _admit(draft, command, statuses, sender, reason)
        act(draft, command)
        if not alone:
            _look_again(draft)
            flow.run(draft)
            linking.tell_links(draft)
        filing.tell_reads(draft)
        linking.settle(draft)
    except Refused as refused:
        return _refused(program, state, command, refused.reasons)._replace(asks=tuple(draft.asks))
    wake = state.wake if act in _ALONE else _wake(draft)
    told = actions.told_roles(draft.entries, state.entries_written + 1)
    effects = (*subcases.effects_of(draft), *told)
    return Step(_next(draft, wake), tuple(draft.entries), effects, None, draft.touched, tuple(draft.asks))


def _look_again(draft: Draft) -> None:
    """Puts whatever is not over on the work list where the case has learnt something else of a register."""
    known = {found.ask for found in draft.state.looked}
    if any(found.ask in known for found in draft.command.looked):
        for node in draft.nodes.values():
            if node.ended_at is None:
                draft.agenda.setdefault(node.key, draft.cause)


def _wake(draft: Draft) -> int | None:
    wake = None
    if draft.timers and draft.status == "open":
        wake = draft.wake if draft.wake is not None else min(draft.timers.values())
    return services.next_instant(draft, wake) if draft.clocks else wake


def _next(draft: Draft, wake: int | None) -> CaseState:
    before = draft.state
    return CaseState(
        draft.case,
        draft.process,
        draft.status,
        before.commands + 1,
        before.entries_written + len(draft.entries),
        draft.opened_at,
        draft.closed_at,
        draft.opened_by,
        draft.reason,
        draft.parent,
        draft.attempt,
        draft.depth,
        draft.parameters,
        draft.held,
        draft.pending,
        draft.nodes,
        draft.versions,
        draft.signals,
        wake,
        draft.timers,
        draft.law,
        draft.tzdata,
        draft.stood,
        draft.days,
        draft.clocks,
        draft.watches,
        draft.chain,
        draft.books,
        filing.known_now(draft),
        draft.filed,
        draft.rounds,
        draft.drill,
        draft.called,
        draft.links,
        draft.bases,
    )


def _refused(program: Program, state: CaseState, command: Command, reasons: tuple[Reason, ...]) -> Step:
    actor = command.actor
    key = getattr(command, "node", None)
    node = state.nodes.get(key) if isinstance(key, str) else None
    entry = Entry(
        cases.Refused(recorded(reasons)),
        command.at,
        actor.person,
        key if isinstance(key, str) else None,
        node.state if node is not None else None,
        node.state if node is not None else None,
        None,
        actor.on_behalf_of,
        command.reason,
        None,
        program.plans[node.element].clauses if node is not None else program.definition.clauses,
        command,
    )
    counted = state._replace(entries_written=state.entries_written + 1)
    return Step(counted, (entry,), (), Refusal(reasons))
