"""What people do to an activity: claim, release, delegate, begin, confirm, complete; and `Assign`, the host's choice.

Each function checks everything first and refuses before it changes anything. Approvals are in `votes`, what departs
from the plan in `changes`, what runs by itself in `automation`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from charter.engine.commands import SYSTEM, Actor, Assign, Begin, Claim, Complete, Confirm, Delegate, HandOver, Release
from charter.engine.definition import Check
from charter.engine.entries import Told
from charter.engine.entries.cases import Assigned, Begun, Claimed, Completed, Confirmed, Delegated, HandedOver, Released
from charter.engine.feel.own import File
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import OFFERED, OPEN, TAKEN, legal
from charter.engine.offers import points as points_of
from charter.engine.plan.closure import Fact
from charter.engine.plan.makers import written
from charter.engine.plan.plans import Plan
from charter.engine.plan.readiness import not_offered
from charter.engine.plan.turns import in_the_way
from charter.engine.plan.waiting import holds
from charter.engine.refusals import Reason
from charter.engine.state import Confirmation, Node
from charter.engine.step import blocks, drawing, filing, ledgers, offering, queues, staleness
from charter.engine.step.authority import (
    apart,
    doers_with,
    entitle,
    grouped,
    in_charge,
    missing,
    persons,
    require_charge,
    require_fit,
    role_among,
    taken,
)
from charter.engine.step.choice import settle_choice, unsettle_choice
from charter.engine.step.contents import decode, not_asked_for, validate
from charter.engine.step.draft import Draft, Refused, refuse

# What takes work that is offered.
_TAKING = frozenset({"claim", "begin", "complete", "grant", "reject"})


def require(draft: Draft, key: str, trigger: str, verb: str) -> tuple[Node, Plan, Path]:
    """Finds a node that the lifecycle lets make a move; refuses an unknown one (CH509) or a wrong state (CH502).

    What is planned is refused with what it waits for, also before its phase has begun and it has a node at all.
    """
    node = draft.nodes.get(key)
    if node is None:
        name, bare = parse_key(key)
        ahead = draft.program.plans.get(name)
        if ahead is None or bare or ahead.outer:
            raise refuse("CH509", element=key)
        raise _planned(draft, key, name, verb)
    plan, path = draft.place(key)
    lifecycle = plan.lifecycle(path)
    if plan.element.offered is not None and trigger in _TAKING and node.state in OFFERED and not node.votes:
        # Time alone lets nobody look at an offer; whoever takes it does.
        reason = not_offered(draft.here(plan, path), draft.at)
        if reason is not None and reason.code == "CH593":
            raise Refused(reason)
    # Phases and groups are completed by the engine alone.
    if not legal(lifecycle, node.state, trigger) or (trigger == "complete" and lifecycle == "phase"):
        if node.state == "planned":
            raise _planned(draft, key, plan.name, verb)
        raise refuse("CH502", plan.name, element=key, state=node.state, verb=verb)
    return node, plan, path


def _planned(draft: Draft, key: str, name: str, verb: str) -> Refused:
    found = Reason("CH502", name, {"element": key, "state": "planned", "verb": verb})
    return Refused(found, *holds(draft.program, draft, key, draft.at))


def _by_people(plan: Plan, node: Node) -> None:
    if plan.element.work is not None:
        raise refuse("CH544", plan.name, element=node.key, target=plan.element.work.target)


def require_alone(draft: Draft, plan: Plan, path: Path, node: Node) -> None:
    """Refuses (CH524) while another of a `one at a time` is in hand."""
    rival = in_the_way(draft.here(plan, path))
    if rival is not None:
        level, other = rival
        raise refuse("CH524", f"{level}.one", element=node.key, other=other)


def claim(draft: Draft, command: Claim) -> None:
    node, plan, path = require(draft, command.node, "claim", "claim")
    _by_people(plan, node)
    draft.role = entitle(draft, node, plan, path, command.actor, plan.roles_wanted(node))
    queues.admit(draft, node, plan, command, draft.role)
    require_alone(draft, plan, path, node)
    draft.move(node, "claim", Claimed(), holder=command.actor.person, **grouped(draft, draft.role))


def release(draft: Draft, command: Release) -> None:
    node, plan, path = require(draft, command.node, "release", "release")
    _by_people(plan, node)
    if node.holder not in persons(command.actor):
        draft.role = in_charge(draft, plan, command.actor)
        if draft.role is None:
            raise refuse("CH520", plan.name, element=node.key, holder=node.holder, person=command.actor.person)
    draft.move(node, "release", Released(), holder=None, group=None, assigned=False, handed=False, started_at=None)
    draft.end_of_command()
    unsettle_choice(draft, plan, path)


def delegate(draft: Draft, command: Delegate) -> None:
    node, plan, path = (
        require(draft, command.node, "release", "delegate")
        if _held(draft, command.node)
        else require(draft, command.node, "claim", "delegate")
    )
    _by_people(plan, node)
    draft.role = entitle(draft, node, plan, path, command.actor, plan.roles_wanted(node))
    if command.to.person == command.actor.person:
        raise refuse("CH568", f"{plan.name}.role", element=node.key, person=command.actor.person)
    require_fit(draft, node, plan, path, command.to)
    queues.admit(draft, node, plan, command, role_among(command.to, plan.element.roles), in_turn=False)
    its = grouped(draft, role_among(command.to, plan.roles_wanted(node)))
    draft.change(node, holder=command.to.person, assigned=True, handed=draft.law > 0, **its)
    told = Delegated(command.to.person, command.actor.person)
    draft.enter(told, node, node.state, node.state, reason=command.reason)


def _held(draft: Draft, key: str) -> bool:
    node = draft.nodes.get(key)
    return node is not None and node.state in TAKEN


def assign(draft: Draft, command: Assign) -> None:
    node, plan, path = require(draft, command.node, "claim", "assign")
    _by_people(plan, node)
    if command.actor.person != SYSTEM.person:
        draft.role = require_charge(draft, plan, command.actor, "assign")
    require_fit(draft, node, plan, path, command.to)
    queues.admit(draft, node, plan, command, role_among(command.to, plan.element.roles), in_turn=False)
    its = grouped(draft, role_among(command.to, plan.roles_wanted(node)))
    draft.change(node, holder=command.to.person, assigned=True, handed=draft.law > 0, **its)
    draft.enter(Assigned(command.to.person), node, node.state, node.state)


def hand_over(draft: Draft, command: HandOver) -> None:
    """Hands work from whoever holds it to another, who must be fit for it; how far it has come is kept."""
    node = draft.nodes.get(command.node)
    if node is None or node.state not in OPEN or node.holder != command.giver:
        holder = None if node is None else node.holder
        raise refuse("CH520", None, element=command.node, holder=holder, person=command.giver)
    plan, path = draft.place(command.node)
    require_fit(draft, node, plan, path, command.to)
    queues.admit(draft, node, plan, command, role_among(command.to, plan.element.roles), in_turn=False)
    draft.change(node, holder=command.to.person, assigned=True, handed=True)
    told = HandedOver(command.to.person, command.giver, command.by)
    draft.enter(told, node, node.state, node.state, reason=command.reason)


def begin(draft: Draft, command: Begin) -> None:
    node, plan, path = require(draft, command.node, "begin", "begin")
    _by_people(plan, node)
    draft.role = entitle(draft, node, plan, path, command.actor, plan.roles_wanted(node))
    queues.admit(draft, node, plan, command, draft.role)
    require_alone(draft, plan, path, node)
    draft.move(node, "begin", Begun(), started_at=draft.at, **taken(draft, node, command.actor))
    settle_choice(draft, plan, path, node)


# -- checklists -----------------------------------------------------------------------------------------------


def checks(draft: Draft, plan: Plan, path: Path) -> dict[str, Check]:
    """Gives an activity's checklist points by name; `for each` points once an item, as `proof[1]`."""
    found: dict[str, Check] = {}
    for check in plan.element.checklist:
        if check.many is None:
            found[check.name] = check
            continue
        items = draft.scope(plan, path).value(check.many.items)
        count = len(items) if isinstance(items, list) else (0 if items is None else 1)
        found.update((key_of(check.name, (index,)), check) for index in range(1, count + 1))
    return found


def _confirmable(
    draft: Draft, node: Node, plan: Plan, path: Path, name: str, check: Check, actor: Actor
) -> Reason | None:
    """Gives what stands against this person's ticking a point."""
    subject = f"{plan.name}.checklist.{check.name}"
    if check.by is not None and role_among(actor, (check.by,)) is None:
        arguments = {"element": node.key, "check": name, "role": check.by, "person": actor.person}
        return Reason("CH530", subject, arguments)
    lacking = missing(draft.program, actor, plan.roles_wanted(node) if check.by is None else (check.by,))
    if lacking is not None:
        return lacking
    doing = {node.holder, *node.doers, *written(draft.program, draft, node)} if check.other else set()
    if not doing.isdisjoint(persons(actor)):
        return Reason("CH531", subject, {"element": node.key, "check": name, "person": actor.person})
    return apart(draft, node, plan, path, actor)


def _evidence(
    draft: Draft, plan: Plan, path: Path, node: Node, name: str, check: Check, evidence: Any, given: set[str]
) -> Reason | None:
    """Gives the missing evidence of a checklist point (a file, or a record that exists or comes along), or None."""
    if check.evidence is None:
        return None
    if check.evidence == "file":
        shown = evidence is not None and isinstance(decode(check.name, evidence), File)
    else:
        shown = check.evidence in given or draft.here(plan, path).use(check.evidence) is not None
    if shown:
        return None
    arguments = {"element": node.key, "check": name, "evidence": check.evidence}
    return Reason("CH516", f"{plan.name}.checklist.{check.name}", arguments)


def confirm(draft: Draft, command: Confirm) -> None:
    node, plan, path = require(draft, command.node, "complete", "confirm")
    points = checks(draft, plan, path) | points_of(node)
    check = points.get(command.check)
    if check is None:
        raise refuse("CH532", f"{plan.name}.checklist", element=node.key, check=command.check)
    found = [
        _confirmable(draft, node, plan, path, command.check, check, command.actor),
        _evidence(draft, plan, path, node, command.check, check, command.evidence, set()),
        offering.against(node, plan, command.check, command.evidence),
    ]
    if check.by is None and not check.other:
        draft.role = entitle(draft, node, plan, path, command.actor, plan.roles_wanted(node))
    elif check.by is None:
        draft.role = role_among(command.actor, plan.roles_wanted(node))
        if draft.role is None:
            arguments = {
                "element": node.key,
                "person": command.actor.person,
                "roles": list(plan.roles_wanted(node)),
            }
            found.insert(0, Reason("CH501", f"{plan.name}.role", arguments))
    else:
        draft.role = check.by
    reasons = [reason for reason in found if reason is not None]
    if reasons:
        raise Refused(*reasons)
    ticked = Confirmation(command.check, command.actor.person, draft.at, command.evidence)
    rest = tuple(c for c in node.confirmations if c.check != command.check)
    hands = draft.hands(node, "confirm")
    draft.change(node, confirmations=(*rest, ticked), hands=hands)
    told = Confirmed(command.check, command.evidence)
    draft.enter(told, node, node.state, node.state, reason=command.reason)


def _ticked(draft: Draft, command: Complete, node: Node, plan: Plan, path: Path) -> tuple[Confirmation, ...]:
    """Gives all confirmations with those that come along; refuses with every point that is missing or not allowed."""
    if not plan.element.checklist and not command.checks and not node.offered:
        return node.confirmations
    offered = points_of(node)
    points = checks(draft, plan, path) | offered
    given = {name for name, _ in command.records}
    done = {c.check: c for c in node.confirmations}
    found: list[Reason] = []
    actor = command.actor
    for name, evidence in command.checks:
        check = points.get(name)
        if check is None:
            arguments: dict[str, Any] = {"element": node.key, "check": name}
            found.append(Reason("CH532", f"{plan.name}.checklist", arguments))
            continue
        against = _confirmable(draft, replace(node, holder=actor.person), plan, path, name, check, actor)
        against = against or _evidence(draft, plan, path, node, name, check, evidence, given)
        against = against or offering.against(node, plan, name, evidence)
        if against is not None:
            found.append(against)
        done[name] = Confirmation(name, actor.person, draft.at, evidence)
    found += offering.unanswered(node, plan, done)
    for name, check in points.items():
        subject = f"{plan.name}.checklist.{check.name}"
        if name in offered:
            continue
        if name not in done:
            arguments = {"element": node.key, "check": name, "title": check.title}
            found.append(Reason("CH515", subject, arguments))
        elif (
            check.other
            and done[name].person in persons(actor)
            and not any(reason.code == "CH531" and reason.arguments["check"] == name for reason in found)
        ):
            found.append(Reason("CH531", subject, {"element": node.key, "check": name, "person": actor.person}))
    if found:
        raise Refused(*found)
    return tuple(done.values())


# -- finishing ------------------------------------------------------------------------------------------------


def outputs(
    draft: Draft, node: Node, plan: Plan, path: Path, given: tuple[tuple[str, Any], ...]
) -> list[tuple[str, Any, str]]:
    """Validates what comes with a completion: (record, encoded value, digest); refuses what is missing or strange.

    An output that is not given is kept as it is when this element wrote it in an earlier round.
    """
    found: list[Reason] = []
    written: list[tuple[str, Any, str]] = []
    seen: set[str] = set()
    for record, value in given:
        if record not in plan.element.outputs or record in seen:
            found.append(Reason("CH510", f"{plan.name}.output", {"element": node.key, "record": record}))
            continue
        seen.add(record)
        try:
            written.append((record, *validate(draft, plan, path, record, value)))
            found.extend(not_asked_for(draft, record, written[-1][1]))
        except Refused as refused:
            found.extend(refused.reasons)
    for record in plan.element.outputs:
        if record not in seen:
            version = draft.versions.get(key_of(record, path))
            if version is None or version.node != node.key:
                found.append(Reason("CH511", f"{plan.name}.output", {"element": node.key, "record": record}))
    if found:
        raise Refused(*found)
    ledgers.guard(draft, {key_of(record, path): value for record, value, _ in written})
    return written


_COMPLETED = Completed()


def finish(
    draft: Draft,
    node: Node,
    plan: Plan,
    path: Path,
    written: list[tuple[str, Any, str]],
    told: Told = _COMPLETED,
    *,
    reason: str | None = None,
    ticked: tuple[tuple[str, Any], ...] = (),
    by: str | None = None,
    **changes: Any,
) -> None:
    """Moves an activity to done, writes its outputs and lets what rests on them know.

    `by`: whose the outputs are, where not the actor's.
    `ticked`: the points that are confirmed in passing; the trail tells of each as if it had been confirmed before.
    """
    moved = draft.move(
        node,
        "complete",
        told,
        reason=reason,
        ended_at=draft.at,
        outcome=None,
        wake=None,
        **changes,
    )
    blocks.repeat_later(draft, moved, plan)
    for name, evidence in ticked:
        draft.enter(Confirmed(name, evidence), moved, moved.state, moved.state)
    drawing.tell(draft, moved, plan)
    facts: list[Fact] = []
    outdated: list[Node] = []
    for record, value, digest in written:
        before = draft.versions.get(key_of(record, path))
        changed = draft.write(record, path, plan.loops, value, digest, node.key, by=by)
        if changed and before is not None:
            if before.node == node.key:
                facts.append((record, path, plan.loops, before.digest))
            else:
                outdated += staleness.outdated(draft, record, path, plan, before.digest)
                staleness.fit_lists(draft, record, path, plan)
    filing.file(draft, draft.nodes[moved.key], plan, path, reason=reason)
    draft.end_of_command()
    settle_choice(draft, plan, path, node)
    if facts:
        staleness.mark(draft, [], facts, spare=node.key)
    if outdated:
        staleness.ask_again(draft, outdated)
    repeat = plan.element.repeat
    if repeat is not None and repeat.until is not None and draft.scope(plan, path).value(repeat.until) is not True:
        blocks.again(draft, draft.nodes[moved.key], plan, path)


def complete(draft: Draft, command: Complete) -> None:
    node, plan, path = require(draft, command.node, "complete", "complete")
    _by_people(plan, node)
    actor = command.actor
    draft.role = entitle(draft, node, plan, path, actor, plan.roles_wanted(node))
    queues.admit(draft, node, plan, command, draft.role)
    require_alone(draft, plan, path, node)
    confirmations = _ticked(draft, command, node, plan, path)
    written = outputs(draft, node, plan, path, drawing.left_out(draft, plan, command.records))
    finish(
        draft,
        node,
        plan,
        path,
        written,
        reason=command.reason,
        ticked=command.checks,
        doers=doers_with(node, actor),
        confirmations=confirmations,
        **taken(draft, node, actor),
    )
