"""What people do when work departs from the plan: return, withdraw, reopen, amend, skip, cancel, suspend, resume.

Also what they add to it: comments, files, items of an open `for each`. Each function checks everything first and
refuses before it changes anything. Which of them need a reason is in `transition`.
"""

from __future__ import annotations

from charter.engine import flow, opening, staleness
from charter.engine.authority import entitle, in_charge, persons, require_charge, role_among
from charter.engine.commands import (
    Add,
    Amend,
    Attach,
    Cancel,
    Close,
    Comment,
    Reopen,
    Resume,
    Return,
    Skip,
    Suspend,
    Withdraw,
)
from charter.engine.contents import validate
from charter.engine.draft import Draft, Refused, decode, refuse
from charter.engine.entries import Because, cases
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import DECIDED, ENTERED, FINISHED, SETTLED, WORKABLE
from charter.engine.program import Plan
from charter.engine.readiness import open_around
from charter.engine.state import Node
from charter.engine.work import alone, require

# -- sending back ---------------------------------------------------------------------------------------------


def _targets(draft: Draft, key: str) -> list[Node]:
    """Lists the nodes that a return target stands for: itself, or the instances of a group that are over."""
    node = draft.nodes.get(key)
    if node is None:
        return []
    plan, path = draft.place(key)
    if not plan.is_group(path):
        return [node]
    rows = (draft.nodes[key_of(plan.name, (*path, index))] for index in range(1, node.size + 1))
    return [row for row in rows if row.state in FINISHED and row.state != "cancelled"]


def send_back(draft: Draft, node: Node, target: str, reason: str | None, *, returned: bool = False) -> None:
    """Sends work back: `node` waits as stale until the target is done again, and the target is reopened.

    An approval is asked afresh afterwards, also when the same content comes back.
    """
    before = node.state if draft.place(node.key)[0].kind != "approval" else "ready"
    moved = draft.move(
        node,
        "stale",
        cases.Returned(target) if returned else cases.Staled(target),
        reason=reason,
        before=before,
        votes=(),
        stage=0,
        outcome="return" if returned else node.outcome,
        waits=target,
        ended_at=None,
    )
    draft.follow()
    targets = [t for t in _targets(draft, target) if t.state in FINISHED or t.state == "stale"]
    if not targets:
        draft.put(moved._replace(waits=None))
        draft.agenda.setdefault(node.key, draft.cause)
        return
    staleness.mark(draft, [t for t in targets if t.state in DECIDED or t.redo])
    for found in targets:
        staleness.reopen(draft, draft.nodes[found.key], reason=reason)


def _target(draft: Draft, node: Node, plan: Plan, path: Path, to: str | None) -> str:
    """Finds where to send back to: the one named, the declared one, or the only producer of what was used."""
    agreement = plan.element.agreement
    if to is None and agreement is not None:
        to = agreement.on_return
    if to is None:
        records = [agreement.of] if agreement is not None else [i.record for i in plan.element.inputs]
        producers = {
            p.name: p for r in records if r is not None for p in draft.program.producers.get(r, ()) if p is not plan
        }
        if len(producers) != 1:
            raise refuse("CH522", f"{plan.name}.return", element=node.key, candidates=list(producers))
        to = next(iter(producers))
    name, at = parse_key(to)
    found = draft.program.plans.get(name)
    if found is None:
        raise refuse("CH509", element=to)
    key = to if at else draft.program.seen(plan, path, found)
    if found.kind not in ("activity", "approval") or not draft.program.precedes(found, plan):
        raise refuse("CH523", f"{plan.name}.return", element=node.key, target=to)
    target = draft.nodes.get(key)
    if target is None or target.key == node.key:
        raise refuse("CH509", element=to)
    placed = open_around(draft.program, draft, found, parse_key(key)[1])
    over = [t for t in _targets(draft, key) if t.state in FINISHED]
    if not over or not placed:
        raise refuse("CH502", plan.name, element=key, state=target.state, verb="return")
    return key


def return_(draft: Draft, command: Return) -> None:
    node, plan, path = require(draft, command.node, "stale", "return")
    if node.state not in WORKABLE:
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb="return")
    roles = plan.roles_wanted(node)
    agreement = plan.element.agreement
    if agreement is not None and agreement.veto is not None:
        roles = (*roles, agreement.veto)
    draft.role = entitle(draft, node, plan, path, command.actor, roles, held=plan.kind == "activity")
    target = _target(draft, node, plan, path, command.to)
    send_back(draft, node, target, command.reason, returned=True)


# -- taking back, doing again ---------------------------------------------------------------------------------


def withdraw(draft: Draft, command: Withdraw) -> None:
    approval = draft.nodes.get(command.node) is not None and draft.place(command.node)[0].kind == "approval"
    node, plan, path = require(draft, command.node, "retract" if approval else "withdraw", "withdraw")
    if plan.element.work is not None:
        raise refuse("CH544", plan.name, element=node.key, target=plan.element.work.target)
    if not open_around(draft.program, draft, plan, path):
        raise _ended(draft, plan, path, node)
    people = persons(command.actor)
    # One's latest vote, also of a stage that is over, as long as nobody of a later one has voted.
    last = max((v.stage for v in node.votes if v.person in people), default=None)
    voted = [v for v in node.votes if v.person in people and v.stage == last]
    if not (set(people) & set(node.doers)) or (approval and not voted):
        raise refuse("CH546", plan.name, element=node.key, person=command.actor.person, doers=list(node.doers))
    later = next((v.person for v in node.votes if last is not None and v.stage > last), None)
    if later is not None:
        raise refuse("CH548", f"{plan.name}.by", element=node.key, person=command.actor.person, other=later)
    pending = approval and node.state == "ready"
    stale, _ = ([], []) if pending else staleness.closure(draft.program, draft, [node])
    for user in stale:
        if user.state in DECIDED or user.votes:
            raise refuse("CH521", user.element, element=node.key, user=user.key, state=user.state)
    if approval:
        draft.role = voted[0].role
        rest = tuple(v for v in node.votes if v not in voted)
        rejects = node.rejects - (node.state == "rejected")
        moved = draft.move(
            node,
            "retract",
            cases.Withdrawn(),
            reason=command.reason,
            votes=rest,
            stage=voted[0].stage,
            outcome=None,
            ended_at=None,
            rejects=rejects,
            redo=node.redo or not pending,
        )
    else:
        draft.role = role_among(command.actor, plan.element.roles)
        moved = draft.move(
            node,
            "withdraw",
            cases.Withdrawn(),
            reason=command.reason,
            holder=command.actor.person,
            ended_at=None,
            redo=True,
            wake=None,
        )
    draft.follow()
    if not pending:
        staleness.mark(draft, [moved], withdrawn=True)


def _ended(draft: Draft, plan: Plan, path: Path, node: Node) -> Refused:
    container = plan.container(path)
    while container is not None:
        around = draft.nodes.get(container)
        if around is None or around.state not in ENTERED:
            state = "planned" if around is None else around.state
            return refuse("CH545", plan.name, element=node.key, container=container, state=state)
        outer, at = draft.place(container)
        container = outer.container(at)
    return refuse("CH545", plan.name, element=node.key, container=plan.name, state=node.state)


def reopen(draft: Draft, command: Reopen) -> None:
    node, plan, path = require(draft, command.node, "reopen", "reopen")
    draft.role = require_charge(draft, plan, command.actor, "reopen")
    if node.state not in FINISHED:
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb="reopen")
    if not open_around(draft.program, draft, plan, path):
        raise _ended(draft, plan, path, node)
    if plan.lifecycle(path) == "phase":
        inner = [draft.nodes[key] for key in _within(draft, node)]
        moved = draft.move(
            node,
            "reset",
            cases.Reopened(),
            reason=command.reason,
            iteration=node.iteration + 1,
            ended_at=None,
            wake=None,
            outcome=None,
            closed=False,
            due=None,
            overdue=False,
            redo=False,
        )
        draft.follow()
        draft.agenda.setdefault(moved.key, draft.cause)
        staleness.mark(draft, [n for n in inner if n.state in DECIDED])
        for key in flow.inside(draft, moved, plan, path):
            flow.reset(draft, draft.nodes[key])
        return
    decided = node.state in DECIDED
    if plan.kind == "milestone":
        draft.move(node, "reopen", cases.Reopened(), reason=command.reason, outcome=None, ended_at=None)
        draft.agenda.setdefault(node.key, 0)
        container = plan.container(path)
        if container is not None and draft.nodes[container].state == "done":
            draft.revive(container)
        return
    moved = staleness.reopen(draft, node, reason=command.reason)
    draft.follow()
    if decided:
        staleness.mark(draft, [moved])


def _within(draft: Draft, node: Node) -> list[str]:
    plan, path = draft.place(node.key)
    if plan.lifecycle(path) != "phase":
        return [node.key]
    found: list[str] = []
    for key in flow.inside(draft, node, plan, path):
        found.extend(_within(draft, draft.nodes[key]))
    return found


def amend(draft: Draft, command: Amend) -> None:
    record, path = parse_key(command.record)
    current = draft.versions.get(command.record)
    if record not in draft.program.types or current is None:
        raise refuse("CH539", f"record {record}", record=command.record)
    producers = draft.program.producers.get(record, ())
    roles = tuple(dict.fromkeys(role for p in producers for role in p.element.roles))
    draft.role = role_among(command.actor, roles) or in_charge(draft, None, command.actor)
    if draft.role is None:
        owner = draft.program.definition.owner
        raise refuse(
            "CH535",
            f"record {record}",
            element=command.record,
            person=command.actor.person,
            roles=[*roles, *([owner] if owner is not None else [])] or ["opener"],
            verb="amend",
        )
    writer = draft.place(current.node)[0] if current.node in draft.nodes and current.node is not None else None
    encoded, digest = validate(draft, writer, path, record, command.value)
    if digest == current.digest:
        draft.enter(cases.Amended(command.record, current.number, same=True), reason=command.reason)
        return
    loops = writer.loops if writer is not None else ()
    draft.write(record, path, loops, encoded, digest, current.node, cases.Amended, reason=command.reason)
    draft.follow()
    staleness.mark(draft, [], [(record, path, loops, current.digest)], spare=current.node)


# -- leaving out, holding up ----------------------------------------------------------------------------------


def skip(draft: Draft, command: Skip) -> None:
    node, plan, _ = require(draft, command.node, "skip", "skip")
    draft.role = require_charge(draft, plan, command.actor, "skip")
    _over(draft, node, "skip", cases.Skipped(), command.reason)


def _over(draft: Draft, node: Node, trigger: str, told: cases.Skipped | cases.Cancelled, reason: str | None) -> None:
    moved = draft.move(
        node,
        trigger,
        told,
        reason=reason,
        outcome="person",
        ended_at=draft.at,
        wake=None,
        holder=None,
        assigned=False,
        waits=None,
        before=None,
    )
    draft.follow()
    flow.end_inside(draft, draft.nodes[moved.key], trigger)


def cancel(draft: Draft, command: Cancel) -> None:
    if command.node is None:
        draft.role = require_charge(draft, None, command.actor, "cancel", opener=True)
        cancel_case(draft, command.reason)
        return
    node, plan, _ = require(draft, command.node, "cancel", "cancel")
    draft.role = require_charge(draft, plan, command.actor, "cancel")
    _over(draft, node, "cancel", cases.Cancelled(), command.reason)


def cancel_case(draft: Draft, reason: str | None) -> None:
    """Cancels the case and everything in it that is not over, and tells the case that runs it."""
    end_case(draft, reason)
    flow.answer_parent(draft)


def end_case(draft: Draft, reason: str | None, because: Because | None = None) -> None:
    """Cancels the case and everything in it that is not over."""
    draft.held = ""
    draft.set_status("cancel", cases.Cancelled(because), reason=reason)
    draft.follow()
    for plan in draft.program.roots:
        node = draft.nodes.get(plan.name)
        if node is not None and node.state not in SETTLED:
            flow.end(draft, node, "cancel", "CH574", container=draft.case)


def suspend(draft: Draft, command: Suspend) -> None:
    if command.node is None:
        draft.role = require_charge(draft, None, command.actor, "suspend", opener=True)
        draft.set_status("suspend", cases.Suspended(), reason=command.reason)
        return
    node, plan, path = require(draft, command.node, "suspend", "suspend")
    if plan.element.work is not None:
        raise refuse("CH544", plan.name, element=node.key, target=plan.element.work.target)
    _own_or_charge(draft, node, plan, path, command, "suspend")
    draft.move(node, "suspend", cases.Suspended(), reason=command.reason)


def _own_or_charge(draft: Draft, node: Node, plan: Plan, path: Path, command: Suspend | Resume, verb: str) -> None:
    actor = command.actor
    draft.role = role_among(actor, plan.element.roles)
    if draft.role is None and node.holder not in persons(actor):
        draft.role = in_charge(draft, plan, actor)
        if draft.role is None:
            roles = list(plan.element.roles)
            raise refuse("CH501", f"{plan.name}.role", element=node.key, person=actor.person, roles=roles)


def resume(draft: Draft, command: Resume) -> None:
    if command.node is None:
        draft.role = require_charge(draft, None, command.actor, "resume", opener=True)
        resume_case(draft, command.reason)
        return
    node, plan, path = require(draft, command.node, "resume:ready", "resume")
    _own_or_charge(draft, node, plan, path, command, "resume")
    claimed = node.holder is not None and not node.assigned
    state = "active" if node.started_at is not None else ("claimed" if claimed else "ready")
    if state != "ready":
        alone(draft, plan, path, node)
    draft.move(node, f"resume:{state}", cases.Resumed(), reason=command.reason)


def resume_case(draft: Draft, reason: str | None, because: Because | None = None) -> None:
    """Opens a suspended case again and looks at everything that time may have changed."""
    draft.held = ""
    draft.set_status("resume", cases.Resumed(because), reason=reason)
    for key, node in draft.nodes.items():
        if node.state not in SETTLED or node.outcome in ("dead", "condition"):
            draft.agenda.setdefault(key, 0)
    if draft.pending == 0:
        draft.agenda.setdefault("", 0)


# -- adding ---------------------------------------------------------------------------------------------------


def _participant(draft: Draft, command: Comment | Attach) -> None:
    """Refuses (CH501) whoever has nothing to do with the case: no role of the process, and not its opener."""
    actor = command.actor
    roles = tuple(role.name for role in draft.program.definition.roles)
    draft.role = role_among(actor, roles)
    if draft.role is None and draft.opened_by not in persons(actor):
        raise refuse("CH501", None, element=draft.process, person=actor.person, roles=list(roles))


def _node_or_case(draft: Draft, key: str | None) -> Node | None:
    if key is None:
        return None
    node = draft.nodes.get(key)
    if node is None:
        raise refuse("CH509", element=key)
    return node


def comment(draft: Draft, command: Comment) -> None:
    node = _node_or_case(draft, command.node)
    _participant(draft, command)
    state = None if node is None else node.state
    draft.enter(cases.Commented(command.text), node, state, state, reason=command.reason)


def attach(draft: Draft, command: Attach) -> None:
    node = _node_or_case(draft, command.node)
    _participant(draft, command)
    decode("file", command.file)
    state = None if node is None else node.state
    draft.enter(cases.Attached(command.file), node, state, state, reason=command.reason)


def _open_list(draft: Draft, command: Add | Close) -> tuple[Node, Plan, Path]:
    node = draft.nodes.get(command.node)
    if node is None:
        raise refuse("CH509", element=command.node)
    plan, path = draft.place(node.key)
    if not plan.is_group(path) or plan.element.many is None or not plan.element.many.open:
        raise refuse("CH537", plan.name, element=node.key)
    # A phase has no role of its own: its list is kept by those who work inside.
    inside = (role for part in plan.descendants() for role in part.element.roles)
    roles = plan.element.roles or tuple(dict.fromkeys(inside))
    draft.role = role_among(command.actor, roles) or in_charge(draft, plan, command.actor)
    if draft.role is None:
        person = command.actor.person
        raise refuse("CH501", f"{plan.name}.role", element=node.key, person=person, roles=list(roles))
    if node.closed:
        raise refuse("CH538", plan.name, element=node.key)
    if node.state != "active":
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb=command.verb)
    return node, plan, path


def add(draft: Draft, command: Add) -> None:
    node, plan, path = _open_list(draft, command)
    item = decode(plan.name, command.item)
    draft.enter(cases.Added(command.item), node, node.state, node.state, reason=command.reason)
    draft.follow()
    opening.create_instance(draft, plan, path, item, added=True)


def close(draft: Draft, command: Close) -> None:
    node, _, _ = _open_list(draft, command)
    draft.put(node._replace(closed=True))
    draft.enter(cases.Closed(), node, node.state, node.state, reason=command.reason)
    draft.agenda.setdefault(node.key, 0)
