"""What people do to have work done again: return, withdraw, reopen and amend.

Each function checks everything first and refuses before it changes anything. What becomes stale with it is for
`staleness`. Which of them need a reason is in `transition`.
"""

from __future__ import annotations

from charter.engine import calendars
from charter.engine.commands import (
    SYSTEM,
    Amend,
    Reopen,
    Return,
    Withdraw,
)
from charter.engine.entries import cases
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import DECIDED, ENTERED, FINISHED, WORKABLE
from charter.engine.plan.closure import closure
from charter.engine.plan.plans import Plan
from charter.engine.refusals import Reason
from charter.engine.state import Node, Vote
from charter.engine.step import blocks, drawing, filing, ledgers, linking, staleness
from charter.engine.step.authority import (
    apart,
    entitle,
    in_charge,
    missing,
    persons,
    require_bound,
    require_charge,
    role_among,
)
from charter.engine.step.contents import not_asked_for, validate
from charter.engine.step.draft import Draft, Refused, refuse
from charter.engine.step.work import require


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
        held=False,
        outcome="return" if returned else node.outcome,
        waits=target,
        ended_at=None,
    )
    draft.end_of_command()
    targets = [t for t in _targets(draft, target) if t.state in FINISHED or t.state == "stale"]
    if not targets:
        draft.change(moved, waits=None)
        draft.agenda.setdefault(node.key, draft.cause)
        return
    staleness.mark(draft, [t for t in targets if t.state in DECIDED or t.redo])
    for found in targets:
        blocks.reopen(draft, draft.nodes[found.key], reason=reason)


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
    placed = draft.here(found, parse_key(key)[1]).open_around()
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


def vetoes(vote: Vote, plan: Plan, node: Node) -> bool:
    """Tells a vote that took no seat: a veto, which decides alone."""
    chain = plan.stages(node)
    return vote.role not in dict(chain[min(vote.stage, len(chain) - 1)].seats)


def withdraw(draft: Draft, command: Withdraw) -> None:
    approval = draft.nodes.get(command.node) is not None and draft.place(command.node)[0].kind == "approval"
    node, plan, path = require(draft, command.node, "retract" if approval else "withdraw", "withdraw")
    drawing.require_reason(draft, plan)
    if plan.element.work is not None:
        raise refuse("CH544", plan.name, element=node.key, target=plan.element.work.target)
    if not draft.here(plan, path).open_around():
        raise _ended(draft, plan, path, node)
    if node.state in FINISHED:
        _in_time(draft, node)
    people = persons(command.actor)
    # One's latest vote, also of a stage that is over, as long as nobody of a later one has voted.
    last = max((v.stage for v in node.votes if v.person in people), default=None)
    voted = [v for v in node.votes if v.person in people and v.stage == last]
    if not (set(people) & set(node.doers)) or (approval and not voted):
        raise refuse("CH546", plan.name, element=node.key, person=command.actor.person, doers=list(node.doers))
    later = next((v.person for v in node.votes if last is not None and v.stage > last), None)
    if later is None and approval:
        # A veto has settled it since, whatever the others say.
        later = next((v.person for v in node.votes if v.person not in people and vetoes(v, plan, node)), None)
    if later is not None:
        raise refuse("CH548", f"{plan.name}.by", element=node.key, person=command.actor.person, other=later)
    pending = approval and node.state == "ready"
    stale = [] if pending else closure(draft.program, draft, [node]).stale
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
            held=False,
            outcome=None,
            ended_at=None,
            rejects=rejects,
            redo=node.redo or not pending,
        )
    else:
        draft.role = role_among(command.actor, plan.roles_wanted(node))
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
    draft.end_of_command()
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
    require_bound(draft, node, plan, path, command.actor, "reopen")
    if node.state not in FINISHED:
        raise refuse("CH502", plan.name, element=node.key, state=node.state, verb="reopen")
    if not draft.here(plan, path).open_around():
        raise _ended(draft, plan, path, node)
    _in_time(draft, node)
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
            higher=(),
            marks=(),
            redo=False,
        )
        draft.end_of_command()
        draft.agenda.setdefault(moved.key, draft.cause)
        staleness.mark(draft, [n for n in inner if n.state in DECIDED])
        for key in blocks.inside(draft, moved, plan, path):
            blocks.reset(draft, draft.nodes[key])
        return
    decided = node.state in DECIDED
    if plan.kind == "milestone":
        draft.move(node, "reopen", cases.Reopened(), reason=command.reason, outcome=None, ended_at=None)
        draft.agenda.setdefault(node.key, 0)
        container = plan.container(path)
        if container is not None and draft.nodes[container].state == "done":
            draft.revive(container)
        return
    moved = blocks.reopen(draft, node, reason=command.reason)
    draft.end_of_command()
    if decided:
        staleness.mark(draft, [moved])


def _in_time(draft: Draft, node: Node) -> None:
    """Refuses to take up again what is over for longer than `reopen within` allows, with all that is over inside it."""
    for key in dict.fromkeys((node.key, *_within(draft, node))):
        over = draft.nodes[key]
        plan, path = draft.place(key)
        text = plan.element.reopening
        if text is None or over.state not in FINISHED or over.ended_at is None:
            continue
        end = calendars.term(plan.calendar, over.ended_at, draft.scope(plan, path).value(text))
        subject, told = f"{plan.name}.reopen", {"element": key, "condition": text}
        if end is None:
            raise refuse("CH637", subject, **told)
        if draft.at > end:
            raise refuse("CH621", subject, **told, at=end)


def _within(draft: Draft, node: Node) -> list[str]:
    plan, path = draft.place(node.key)
    if plan.lifecycle(path) != "phase":
        return [node.key]
    found: list[str] = []
    for key in blocks.inside(draft, node, plan, path):
        found.extend(_within(draft, draft.nodes[key]))
    return found


def amend(draft: Draft, command: Amend) -> None:
    record, path = parse_key(command.record)
    current = draft.versions.get(command.record)
    if record not in draft.program.types or current is None:
        raise refuse("CH539", f"record {record}", record=command.record)
    if command.source is None and command.actor.person == SYSTEM.person:
        raise refuse("CH534", None, verb=command.verb)
    producers = draft.program.producers.get(record, ())
    node = draft.nodes.get(current.node) if current.node is not None else None
    writer = draft.program.plans[node.element] if node is not None else None
    own = writer.roles_wanted(node) if node is not None and writer is not None else ()
    others = (role for p in producers for role in p.element.roles if role not in p.element.named)
    roles = tuple(dict.fromkeys((*own, *others)))
    elsewhere = command.source is not None
    draft.role = None if elsewhere else role_among(command.actor, roles) or in_charge(draft, None, command.actor)
    if draft.role is None and not elsewhere:
        owner = draft.program.definition.owner
        raise refuse(
            "CH535",
            f"record {record}",
            element=command.record,
            person=command.actor.person,
            roles=[*roles, *([owner] if owner is not None else [])] or ["opener"],
            verb="amend",
        )
    against: list[Reason | None] = list(linking.against(draft, command)) if elsewhere else []
    if not elsewhere:
        against.append(missing(draft.program, command.actor, roles))
    if node is not None and writer is not None and not elsewhere:
        against.append(apart(draft, node, *draft.place(node.key), command.actor))
    reasons = [reason for reason in (*against, *ledgers.unapproved(draft, record)) if reason is not None]
    if reasons:
        raise Refused(*reasons)
    encoded, digest = validate(draft, writer, path, record, command.value)
    if (unasked := not_asked_for(draft, record, encoded)) and not elsewhere:
        raise Refused(*unasked)
    ledgers.guard(draft, {command.record: encoded})
    if digest == current.digest:
        draft.enter(cases.Amended(command.record, current.number, same=True), reason=command.reason)
        return
    loops = writer.loops if writer is not None else ()
    draft.write(record, path, loops, encoded, digest, current.node, cases.Amended, reason=command.reason)
    if elsewhere:
        version = draft.versions[command.record]
        made = tuple((person, None) for person in command.makers)
        draft.versions[command.record] = version._replace(earlier=tuple(dict.fromkeys((*made, *version.earlier))))
    filing.file_again(draft, record, reason=command.reason)
    draft.end_of_command()
    staleness.mark(draft, [], [(record, path, loops, current.digest)], spare=current.node)
