"""What becomes stale when work is done again, and what becomes of stale work afterwards.

What that is, `closure` says; `mark` does it. When the new version is there, a stale node that used exactly what is
current now is restored to where it stood; any other is reopened.
"""

from __future__ import annotations

from charter.engine.entries.cases import Reopened, Restored, Staled, Withdrawn
from charter.engine.keys import Path, key_of, name_of, parse_key
from charter.engine.machines import DELIVERED, SATISFIED
from charter.engine.plan.closure import Fact, closure, eligible, groups_over, rests
from charter.engine.plan.place import finished
from charter.engine.plan.plans import Plan
from charter.engine.plan.readiness import still_asked_for
from charter.engine.state import Node
from charter.engine.step.blocks import reopen
from charter.engine.step.draft import Draft


def mark(
    draft: Draft,
    nodes: list[Node],
    facts: list[Fact] | None = None,
    *,
    spare: str | None = None,
    withdrawn: bool = False,
) -> None:
    """Makes stale whatever `closure` names; with `withdrawn`, pending approvals are withdrawn instead."""
    stale, groups, _ = closure(draft.program, draft, nodes, facts, spare)
    for group in groups:
        _fit_again(draft, draft.nodes[group.key])
    for node in stale:
        current = draft.nodes[node.key]
        approval = draft.program.plans[node.element].kind == "approval"
        pending = withdrawn and approval and node.state == "ready"
        trigger, told = ("withdraw", Withdrawn()) if pending else ("stale", Staled())
        redo = current.redo or node.state in DELIVERED
        draft.move(current, trigger, told, before=node.state, redo=redo)
        draft.agenda.setdefault(node.key, draft.cause)


def _fit_again(draft: Draft, group: Node) -> None:
    """Has a group fit itself to its list, which has changed."""
    if group.state == "done":
        group = draft.move(group, "reopen", Reopened(), ended_at=None, wake=None)
    draft.change(group, redo=True)
    draft.agenda.setdefault(group.key, draft.cause)


def fit_lists(draft: Draft, record: str, path: Path, plan: Plan) -> None:
    """Fits the groups over a record's list that another element has updated in place; not those before the update."""
    for group, lister, _ in list(groups_over(draft.program, draft, record, path, plan.loops)):
        if not draft.program.precedes(lister, plan):
            _fit_again(draft, group)


def outdated(draft: Draft, record: str, path: Path, plan: Plan, digest: str) -> list[Node]:
    """Lists the approvals that had this version before them when another element updated the record in place.

    An approval says yes to what is there, so it is asked again; unless it lies before the update, as a first review
    does before the revision that follows from it.
    """
    found = []
    for approval in draft.program.users.get(record, ()):
        agreement = approval.element.agreement
        if agreement is None or agreement.of != record or draft.program.precedes(approval, plan):
            continue
        for key in draft.program.keys(draft.nodes, approval, path, plan.loops):
            node = draft.nodes.get(key)
            if node is None or not eligible(node) or not rests(node, key_of(record, path), digest):
                continue
            if draft.here(approval, parse_key(key)[1]).open_around():
                found.append(node)
    return found


def ask_again(draft: Draft, nodes: list[Node]) -> None:
    """Makes approvals stale that look at an outdated version, with what leans on them."""
    mark(draft, nodes)
    for node in nodes:
        current = draft.nodes[node.key]
        if eligible(current):
            redo = current.redo or current.state in DELIVERED
            draft.move(current, "stale", Staled(), before=current.state, redo=redo)
            draft.agenda.setdefault(node.key, draft.cause)


def settle(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Looks at a stale (or withdrawn) node again: restores it, reopens it, or leaves it until upstream is finished."""
    if node.waits is not None:
        target = draft.nodes.get(node.waits)
        if target is not None and not finished(draft.program, target):
            return
    if draft.here(plan, path).upstream_rework() is not None:
        return
    if _unchanged(draft, node, plan, path):
        before = node.before or "ready"
        redo = node.redo and before not in DELIVERED
        used = draft.here(plan, path).uses() if plan.gates else node.used
        draft.move(node, f"restore:{before}", Restored(), before=None, waits=None, redo=redo, used=used)
        for output in plan.element.outputs:
            draft.touch_record(output, path, plan.loops, len(draft.entries) - 1)
    else:
        reopen(draft, node)


def _unchanged(draft: Draft, node: Node, plan: Plan, path: Path) -> bool:
    """Says whether everything a node used is as it was, and what it made is still its own.

    What only its `when` reads decides whether there is work, not what comes of it: that is as it was where the `when`
    that let it begin holds still.
    """
    program = draft.program
    place = draft.here(plan, path)
    gates: frozenset[str] = frozenset() if node.before == "skipped" else plan.gates
    for key, digest in node.used:
        now = place.use(name_of(key))
        if now == (key, digest):
            continue
        if now is None or name_of(key) not in gates or not still_asked_for(place, draft.at):
            return False
    for output in plan.element.outputs:
        version = draft.versions.get(key_of(output, path))
        if node.before == "done" and version is not None and version.node != node.key:
            return False
    for needed in plan.element.inputs:
        for name in needed.approvals:
            approval = program.plans[name]
            state = draft.here(plan, path).seen_state(approval)
            if state not in SATISFIED:
                return False
    return True
