"""What runs by itself: connectors, other cases, signals and waits; and what time does on a Tick.

The engine asks the host for calls and cases through effects and takes its answers as commands. A call that fails is
tried again as its `retry` says, with gaps that double; a failed one holds its phase until somebody retries or skips
it. Knows no clock: time is what a Tick says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from charter.engine import calendars, values
from charter.engine.commands import Actor, Answer, Decline, Retry, Signal, Tick
from charter.engine.effects import Address, CallConnector, StartCase
from charter.engine.entries import Because
from charter.engine.entries.cases import (
    Answered,
    Begun,
    Called,
    Decided,
    Declined,
    Failed,
    Retried,
    Signalled,
    Ticked,
)
from charter.engine.keys import Path
from charter.engine.machines import OPEN, WORKABLE
from charter.engine.plan.plans import Plan
from charter.engine.refusals import Reason, Refusal
from charter.engine.state import Early, Node
from charter.engine.step import actions, addressing, blocks, clocks, events, linking, work
from charter.engine.step.authority import apart, in_charge, persons, role_among
from charter.engine.step.draft import Draft, Refused, refuse


def begin_work(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Starts what an element that has just become ready does by itself."""
    task = plan.element.work
    assert task is not None
    if task.kind in ("call", "run", "start", "amend"):
        _ask(draft, node, plan, path, "begin")
    elif task.kind == "decide":
        _decide(draft, node, plan, path, "begin")
    elif task.kind == "signal":
        if not take_early(draft, node, plan, path):
            draft.move(node, "begin", Begun(), started_at=draft.at)
    else:
        value = None if task.when is None else draft.scope(plan, path).value(task.when)
        calendar = plan.calendar
        until = task.kind == "until"
        wake = calendars.deadline(calendar, value) if until else calendars.add(calendar, draft.at, value)
        if wake is not None and wake <= draft.at:
            work.finish(draft, node, plan, path, [])
            return
        node = draft.move(node, "begin", Begun(), started_at=draft.at, wake=wake)
        if wake is None and task.when is not None:
            clocks.tell(draft, node, "wait", task.when)


def _decide(draft: Draft, node: Node, plan: Plan, path: Path, trigger: str) -> None:
    """Asks a decision table and writes what it says; the entry names the rows that decided.

    A table that says nothing, or something the record cannot hold, is a failed element: somebody mends the facts and
    retries, or skips it.
    """
    task = plan.element.work
    assert task is not None and task.target is not None
    node = draft.move(node, trigger, Begun(), started_at=draft.at)
    scope = draft.scope(plan, path)
    judge = draft.program.judge(task.target)
    asked = {name: scope.value(text) for name, text in task.arguments}
    verdict = judge.decide(asked, draft.budget) if judge is not None else None
    given = dict(actions.arguments(draft, plan, path, task.arguments))
    rows = verdict.rows if verdict is not None else ()
    said: Any = UNSET
    failure = "; ".join(verdict.reasons[:1]) if verdict is not None and verdict.outputs is None else None
    written = []
    if verdict is not None and verdict.outputs is not None:
        said = values.encode(dict(verdict.outputs))
        try:
            written = work.outputs(draft, node, plan, path, tuple((record, said) for record in plan.element.outputs))
        except Refused as refused:
            failure = _named(refused)
    if failure is None and written:
        work.finish(draft, node, plan, path, written, Decided(task.target, given, rows, said))
        return
    failure = failure or "the table says nothing"
    _fail(draft, node, Failed(failure, decision=task.target, given=given, rows=rows, said=said))


def _fail(draft: Draft, node: Node, told: Failed) -> None:
    """Fails an element, and lets the owner know."""
    if node.state == "stale":
        draft.change(node, before="failed", reason=told.failure, ended_at=draft.at)
        draft.enter(told, node, "stale", "stale", reason=told.failure)
    else:
        draft.move(node, "fail", told, reason=told.failure, ended_at=draft.at)


def _named(refused: Refused) -> str:
    """Says in one line what was wrong with a value that a program or table gave."""
    return Refusal(refused.reasons).line


def _ask(draft: Draft, node: Node, plan: Plan, path: Path, trigger: str | None) -> None:
    """Sends the effect of a call or another case, with the next attempt's number."""
    task = plan.element.work
    assert task is not None and task.target is not None
    attempt = node.attempt + 1
    arguments = actions.arguments(draft, plan, path, task.arguments)
    told = Called(task.target, attempt, arguments)
    if trigger is not None:
        node = draft.move(node, trigger, told, attempt=attempt, wake=None, started_at=draft.at)
    else:
        node = replace(node, attempt=attempt, wake=None)
        draft.put(node)
        draft.enter(told, node, node.state, node.state)
    if task.kind == "amend":
        wanted = linking.amendment(draft, node, plan, attempt, dict(arguments))
        if isinstance(wanted, Reason):
            because = Because(wanted.code, wanted.arguments)
            _fail(draft, draft.nodes[node.key], Failed(Refusal((wanted,)).line, because=because))
        else:
            draft.effects.append(wanted)
        return
    if task.kind == "call" and draft.drill:
        reason = Reason("CH617", plan.name, {"element": node.key, "target": task.target})
        _fail(
            draft,
            draft.nodes[node.key],
            Failed(Refusal((reason,)).line, because=Because(reason.code, reason.arguments)),
        )
        return
    if task.kind == "call":
        draft.effects.append(CallConnector(node.key, task.target, attempt, arguments))
        return
    waits, depth, asked = task.kind == "run", draft.depth + 1, draft.number(told)
    deep = actions.too_deep(draft, node, task.target)
    if deep is not None and waits:
        because = Because(deep.code, deep.arguments)
        _fail(draft, draft.nodes[node.key], Failed(Refusal((deep,)).line, because=because))
    elif deep is not None:
        draft.follow(actions.declined(StartCase.__name__, task.target, deep, asked), node)
    else:
        made = actions.makers(draft, plan, path, task.arguments)
        start = StartCase(
            node.key, task.target, attempt, arguments, waits, depth, made, draft.chain, asked, draft.drill
        )
        draft.effects.append(start)
    if not waits:
        work.finish(draft, draft.nodes[node.key], plan, path, [])


def awaits_answer(plan: Plan, path: Path, node: Node) -> bool:
    """Says whether a node waits for the answer of a call or another case, also where it has become stale meanwhile."""
    work = plan.element.work
    if work is None or work.kind not in ("call", "run", "amend") or plan.is_group(path) or node.wake is not None:
        return False
    return node.state == "active" or (node.state == "stale" and node.before == "active")


def answer(draft: Draft, command: Answer) -> None:
    node = draft.nodes.get(command.node)
    if node is None:
        raise refuse("CH509", element=command.node)
    plan, path = draft.place(node.key)
    task = plan.element.work
    if task is None or not awaits_answer(plan, path, node) or command.attempt != node.attempt:
        raise refuse("CH525", plan.name, element=node.key, attempt=command.attempt, current=node.attempt)
    failure = command.failure
    written = []
    if failure is None:
        given = tuple(pair for pair in command.records if pair[0] in plan.element.outputs)
        try:
            written = work.outputs(draft, node, plan, path, given)
        except Refused as refused:
            # What answered cannot be told to try harder, so a wrong answer is a failed call.
            failure = _named(refused)
    if failure is None and command.makers:
        draft.change(node, hands=draft.hands(node, command.verb, command.makers))
        node = draft.nodes[node.key]
    if failure is None and node.state == "stale":
        # What it was asked with is being made again: the answer counts if that comes out the same.
        draft.change(node, before="done", redo=True, ended_at=draft.at)
        draft.enter(_answered(command), node, node.state, node.state)
        for record, value, digest in written:
            draft.write(record, path, plan.loops, value, digest, node.key)
        return
    if failure is None:
        work.finish(draft, node, plan, path, written, _answered(command))
        return
    wake = _retry_at(draft, plan, path, node)
    if wake is None:
        because = None if command.code is None else Because(command.code, dict(command.arguments))
        _fail(draft, node, Failed(failure, node.attempt, because=because))
    else:
        draft.change(node, wake=wake)
        told = Retried(node.attempt, failure, wake)
        draft.enter(told, node, node.state, node.state, reason=failure)


def _answered(command: Answer) -> Answered:
    return Answered() if command.amended is None else Answered(*command.amended)


def decline(draft: Draft, command: Decline) -> None:
    """Enters that nothing came of what the case asked for; work whose people are not there comes up to its fallback."""
    node = draft.nodes.get(command.node or "")
    state = draft.status if node is None else node.state
    because = None if command.code is None else Because(command.code, dict(command.arguments))
    told = Declined(command.ask, command.target, command.asked or None, because, command.failure)
    draft.enter(told, node, state, state)
    if node is not None and command.ask == Address.__name__ and state in OPEN:
        addressing.come_up(draft, node, draft.place(node.key)[0])


def _retry_at(draft: Draft, plan: Plan, path: Path, node: Node) -> int | None:
    """Gives when a failed call is tried again: gaps double and together fill the span that `retry` gives."""
    retry = plan.element.work.retry if plan.element.work is not None else None
    if retry is None or retry.times < 1 or node.attempt > retry.times:
        return None
    span = draft.scope(plan, path).value(retry.over)
    end = calendars.add(plan.calendar, draft.at, span)
    if end is None:
        clocks.tell(draft, node, "retry", retry.over)
    total = max(end - draft.at, 0) if end is not None else 0
    times = min(retry.times, 60)
    gap: int = total * (1 << (min(node.attempt, times) - 1)) // ((1 << times) - 1)
    return draft.at + max(gap, 1)


def retry(draft: Draft, command: Retry) -> None:
    node, plan, path = work.require(draft, command.node, "retry", "retry")
    draft.role = role_among(command.actor, plan.roles_wanted(node)) or in_charge(draft, plan, command.actor)
    if draft.role is None:
        owner = draft.program.definition.owner
        roles = [*plan.roles_wanted(node), *([owner] if owner is not None else ["opener"])]
        raise refuse("CH535", plan.name, element=plan.name, person=command.actor.person, roles=roles, verb="retry")
    draft.change(node, ended_at=None)
    again = _decide if plan.element.work is not None and plan.element.work.kind == "decide" else _ask
    again(draft, draft.nodes[node.key], plan, path, "retry")


def signal(draft: Draft, command: Signal) -> None:
    plans = [
        plan
        for plan in draft.program.plans.values()
        if plan.element.work is not None
        and plan.element.work.kind == "signal"
        and plan.element.work.target == command.name
    ]
    hearing = list(events.hearing(draft, command.name))
    ruled = ("signal", command.name, "") in draft.program.occasions
    heard = command.name in draft.program.heard
    if not plans and not heard and not ruled:
        raise refuse("CH536", None, signal=command.name)
    roles = tuple(role.name for role in draft.program.definition.roles)
    draft.role = role_among(command.actor, roles)
    if draft.role is None and in_charge(draft, None, command.actor) is None:
        raise refuse("CH501", None, element=draft.process, person=command.actor.person, roles=list(roles))
    waiting = []
    for plan in plans:
        for key in draft.program.expand(draft.nodes, plan, ()):
            node = draft.nodes.get(key)
            path = draft.place(key)[1]
            if node is not None and node.state == "active" and not plan.is_group(path):
                against = apart(draft, node, plan, path, command.actor)
                if against is not None:
                    raise Refused(against)
                waiting.append((node, plan, path))
    if not waiting and plans:
        _fits_somewhere(draft, plans, command)
    elif not waiting and command.records:
        raise refuse("CH510", None, element=draft.process, record=command.records[0][0])
    elif not waiting and not hearing and not ruled:
        raise refuse("CH596", None, signal=command.name)
    # It reaches those who find in it all that they write, and each takes that; what nobody takes is refused.
    given = {record for record, _ in command.records}
    reached = [row for row in waiting if given.issuperset(row[1].element.outputs)] or waiting
    theirs = {record for _, plan, _ in reached for record in plan.element.outputs}
    finished = []
    for node, plan, path in reached:
        own = tuple(row for row in command.records if row[0] in plan.element.outputs or row[0] not in theirs)
        finished.append((node, plan, path, work.outputs(draft, node, plan, path, own)))
    draft.enter(Signalled(command.name), reason=command.reason)
    if not waiting and plans and not hearing:
        draft.signals = (*draft.signals, Early(command.name, command.records, persons(command.actor)))
    draft.end_of_command()
    for node, plan, path, written in finished:
        if draft.nodes[node.key].state == "active":
            sent = draft.hands(draft.nodes[node.key], "signal")
            work.finish(draft, draft.nodes[node.key], plan, path, written, hands=sent)
    for node, index in hearing:
        events.hear(draft, node, index)


def _fits_somewhere(draft: Draft, plans: Sequence[Plan], command: Signal) -> None:
    """Refuses a signal that nobody waits for yet, and that none of those who will could take.

    A condition that is not known yet (CH529, CH333) is judged when it is taken.
    """
    refused: list[Refused] = []
    for plan in plans:
        try:
            against = None if plan.loops else apart(draft, None, plan, (), command.actor)
            if against is not None:
                raise Refused(against)
            work.outputs(draft, Node(plan.name, plan.name), plan, (), command.records)
        except Refused as why:
            if any(reason.code not in ("CH529", "CH333") for reason in why.reasons):
                refused.append(why)
                continue
        return
    raise refused[0]


def take_early(draft: Draft, node: Node, plan: Plan, path: Path) -> bool:
    """Lets an element have the first signal of those that came before anybody waited for them, and that fits it.

    One signal is for one waiter. What does not fit is kept: for another, or until it does.
    """
    task = plan.element.work
    for index, early in enumerate(draft.signals):
        if task is None or early.signal != task.target:
            continue
        if any(apart(draft, node, plan, path, Actor(person)) is not None for person in early.by):
            continue
        try:
            written = work.outputs(draft, node, plan, path, early.records)
        except Refused:
            continue
        draft.signals = (*draft.signals[:index], *draft.signals[index + 1 :])
        sent = draft.hands(node, "signal", early.by)
        work.finish(draft, node, plan, path, written, by=next(iter(early.by), None), hands=sent)
        return True
    return False


def tick(draft: Draft, command: Tick) -> None:
    draft.enter(Ticked())
    time_passes(draft)


def time_passes(draft: Draft) -> None:
    """Makes happen what has come due; nothing does in a case that stands."""
    draft.end_of_command()
    if draft.status != "open":
        return
    passed = sorted((at, key) for key, at in draft.timers.items() if at <= draft.at)
    for _, key in passed:
        if key not in draft.nodes:
            continue  # of a rule, which is looked at when all else has followed
        if draft.nodes[key].state in WORKABLE:
            events.strike(draft, key)
        node = draft.nodes[key]
        if node.wake is not None and node.wake <= draft.at:
            _wake(draft, node, *draft.place(key))


def _wake(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    task = plan.element.work
    if node.state == "active" and task is not None:
        if task.kind in ("call", "run", "amend"):
            _ask(draft, node, plan, path, None)
        else:
            draft.change(node, wake=None)
            work.finish(draft, draft.nodes[node.key], plan, path, [])
        return
    draft.change(node, wake=None)
    repeat = plan.element.repeat
    if node.state != "done" or repeat is None:
        return
    container = plan.container(path)
    around = draft.nodes.get(container) if container is not None else None
    if container is not None and (around is None or around.state != "active"):
        return
    if repeat.while_ is None or draft.scope(plan, path).value(repeat.while_) is True:
        come, begins = clocks.come_round(draft, draft.nodes[node.key], plan, path)
        if begins:
            blocks.again(draft, come, plan, path)
        else:
            draft.change(node, wake=come.wake, rhythm=come.rhythm)
