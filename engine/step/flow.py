"""What follows from a change: the work list that drives a step, and what a look at each node on it leads to.

The joint rules of a step, which no module could tell alone:

- *Everything follows by looking.* A command, or the clock, moves nodes and writes versions. Each of these puts whoever
  watches it on the work list (`Draft`); `run` takes keys off in the order in which they came. A look moves its node at
  most once, which puts others on the list. So the end depends on definition, state and command alone.
- *Who watches what* follows from the definition (`Program`): an element watches what it needs, what its expressions
  name and whom it competes with; from outside a `for each`, the group. Of work that only begins, those alone are told
  who ask for more than how it ends.
- *Staleness follows data only* (`staleness`): what rests on a version that is being made again is stale, through
  whatever was made of it, and stands still until all upstream of it is settled. Then it is restored if what it had used
  is as it was, else reopened. An `after` makes nothing stale.
- *Blocks count* (`blocks`): a phase, group or case knows how many inside it are not settled. At none it is completed;
  one that is open again opens it again; what is still open when it is ended, ends with it. A round in which nothing
  was opened is not followed by another, which would be like it: the phase stands until something changes.
- *A choice is settled when work on one of it begins* (`choice`), or a milestone is reached, not when it is offered or
  claimed, and is open again where that work is put down. `one at a time` holds from a claim until work is put down or
  over (`turns`). What is offered only `while` something holds is withdrawn, as long as nobody has begun it.
- *Unknown is not false* (`readiness`): what is unknown holds an element, what is false for good rules it out, and what
  was ruled out comes back when the record that said so changes.

- *Ledgers are looked at* (`ledgers`) when all else has followed, and then once again what asks for their baselines.
- *Service-level clocks look last* (`services`): what they see of a case is how it stands once all else has followed.
- *Rules look after them* (`rules`): at what has come of all this, once a step, by the events that its entries tell.
- *Counters* (`counting`) are brought up to date at the very end, with a case that is completed.

Three bounds (`MOST_LOOKS`, `draft.MOST_MOVES`, `draft.MOST_STEPS`) end what would not end by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from charter.engine.definition import Many
from charter.engine.entries.cases import Closed, Completed, Idle, Reopened, Skipped, Uncounted
from charter.engine.keys import Path, key_of, parse_key
from charter.engine.machines import ATTAINED, LASTING, OFFERED, OPEN, SETTLED
from charter.engine.plan.plans import Plan
from charter.engine.plan.readiness import OUTCOMES, not_offered, obstacles, ruled_out
from charter.engine.refusals import Reason
from charter.engine.state import Node
from charter.engine.step import (
    addressing,
    asking,
    blocks,
    clocks,
    counting,
    events,
    ledgers,
    lists,
    opening,
    rules,
    services,
    staleness,
)
from charter.engine.step.automation import begin_work, take_early
from charter.engine.step.case import answer_parent
from charter.engine.step.draft import MOST_STEPS, Draft, refuse

# So many looks a step may take before it is refused (CH541).
MOST_LOOKS = 200_000


def run(draft: Draft) -> None:
    """Works the list off, then looks at ledgers, service-level clocks and last at rules, until nothing follows.

    Records made from here on are the system's, each with its cause.
    """
    draft.acting = False
    looks = seen = booked = 0
    while True:
        looks = _work_off(draft, looks)
        if draft.program.ledgers:
            booked = ledgers.look(draft, booked)
            if draft.agenda:
                continue
        if draft.program.slas and services.look(draft):
            continue
        seen = rules.look(draft, seen)
        if not draft.agenda:
            counting.look(draft)
            return


def _work_off(draft: Draft, looks: int) -> int:
    _afford(draft)
    agenda = draft.agenda
    while agenda:
        if draft.status not in LASTING:
            agenda.clear()
            break
        key = next(iter(agenda))
        draft.cause = agenda.pop(key)
        looks += 1
        if looks > MOST_LOOKS:
            raise refuse("CH541", limit=MOST_LOOKS)
        if key == "":
            _finish_case(draft)
            continue
        node = draft.nodes.get(key)
        if node is not None and node.marks and events.look(draft, node, draft.place(key)[0]):
            _afford(draft)
            continue
        if node is not None and node.named and node.state in OPEN and addressing.look(draft, node, *draft.place(key)):
            _afford(draft)
        follow = None if node is None else _LOOKS.get(draft.nodes[key].state)
        if follow is not None:
            follow(draft, draft.nodes[key], *draft.place(key))
            _afford(draft)
    return looks


def _afford(draft: Draft) -> None:
    """Refuses a step whose expressions have taken more than they may."""
    if draft.budget.left < 0:
        raise refuse("CH541", limit=MOST_STEPS)


def look(draft: Draft, node: Node) -> None:
    """Does what follows for one node, if anything."""
    follow = _LOOKS.get(node.state)
    if follow is not None:
        plan, path = draft.place(node.key)
        follow(draft, node, plan, path)


def _look_planned(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    place = draft.here(plan, path)
    held = obstacles(place, draft.at, brief=True)
    if not held:
        opening.open_node(draft, node, plan, path)
        if plan.element.work is not None and not plan.is_group(path):
            begin_work(draft, draft.nodes[node.key], plan, path)
        return
    reason = held[0]
    if reason.code in OUTCOMES:
        used = place.asked() if plan.lifecycle(path) == "phase" else place.uses()
        if reason.code == "CH593":
            used = place.offers()
        draft.move(
            node,
            "skip",
            Skipped(blocks.because(reason)),
            outcome=OUTCOMES[reason.code],
            used=used,
            ended_at=draft.at,
        )
        blocks.tell_unapproved(draft, draft.nodes[node.key], plan, path)
        if plan.children or plan.many:
            blocks.touch_inside(draft, plan, path)


def _look_skipped(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Brings back what was ruled out by a dead path that is alive again, or a phase by records that have changed.

    So with a milestone that may be reached after all.

    Activities and approvals become stale when a record that their `when` has read changes; a phase cannot.
    """
    block = plan.lifecycle(path) == "phase"
    place = draft.here(plan, path)
    if node.outcome == "condition" and block:
        same = place.asked() == node.used
        if same or not place.open_around() or ruled_out(place, draft.at):
            return
    elif node.outcome == "withdrawn":
        # Offered again for a record that says so, and not for what the withdrawal itself has brought about.
        if place.offers() == node.used or not place.open_around() or obstacles(place, draft.at):
            return
    elif node.outcome == "dead" or (node.outcome == "condition" and plan.kind == "milestone"):
        held = obstacles(place, draft.at)
        over = plan.kind == "milestone" and plan.container(path) is None and not draft.pending
        if held and (over or held[0].code in OUTCOMES or held[0].code == "CH550"):
            return
    else:
        return
    if block:
        draft.move(node, "reset", Reopened(), outcome=None, ended_at=None, redo=False, used=())
        blocks.touch_inside(draft, plan, path)
    else:
        draft.move(node, "reopen", Reopened(), outcome=None, ended_at=None, used=(), redo=False)
    draft.agenda.setdefault(node.key, draft.cause)


def _look_active(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    if plan.is_group(path):
        _look_group(draft, node, plan, path)
    elif plan.kind == "phase":
        _look_phase(draft, node, plan, path)
    elif draft.signals and plan.element.work is not None and plan.element.work.kind == "signal":
        # Restored, or judged by other records now.
        take_early(draft, node, plan, path)


def _look_offered(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Withdraws work that nobody has begun once its `offered while` no longer holds; asks a stage that was held."""
    if node.held:
        asking.look(draft, node, plan, path)
        node = draft.nodes[node.key]
    if node.state not in OFFERED:
        return
    if plan.element.offered is None or node.votes:
        return
    place = draft.here(plan, path)
    reason = not_offered(place, draft.at)
    if reason is not None and reason.code == "CH593":
        blocks.end(draft, node, "skip", reason.code, condition=plan.element.offered)
        draft.change(draft.nodes[node.key], used=place.offers())
        blocks.tell_unapproved(draft, draft.nodes[node.key], plan, path)


def _look_done(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Takes up a rhythm that has changed meanwhile."""
    repeat = plan.element.repeat
    if repeat is not None and repeat.every is not None and node.wake is not None:
        changes = clocks.next_round(draft, node, plan)
        if changes["wake"] != node.wake:
            draft.change(node, **changes)


_LOOKS: dict[str, Callable[[Draft, Node, Plan, Path], None]] = {
    "planned": _look_planned,
    "skipped": _look_skipped,
    "stale": staleness.settle,
    "withdrawn": staleness.settle,
    "ready": _look_offered,
    "claimed": _look_offered,
    "active": _look_active,
    "done": _look_done,
}


# -- finishing ------------------------------------------------------------------------------------------------


def _look_group(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    many = plan.element.many
    assert many is not None
    if node.redo:
        _look_changed_list(draft, node, plan, path)
        return
    if many.closes is not None and not node.closed and draft.scope(plan, path).value(many.closes) is True:
        draft.change(node, closed=True)
        node = draft.nodes[node.key]
        draft.follow(Closed(many.closes), node)
    enough = False
    if many.enough is not None and node.size:
        wanted = lists.enough(draft, plan, path)
        if wanted is None:
            _hold_uncounted(draft, node, many)
            return
        rows = [draft.nodes[key] for key in blocks.inside(draft, node, plan, path)]
        enough = sum(row.state in ATTAINED for row in rows) >= wanted
        if enough and node.pending:
            for row in rows:
                if row.state not in SETTLED:
                    blocks.end(draft, draft.nodes[row.key], "skip", "CH575", enough=wanted)
            return
    if node.pending or (many.open and not node.closed and not enough):
        return
    _skip_milestones(draft, plan, path, range(1, node.size + 1) if plan.kind == "milestone" else ())
    blocks.complete(draft, draft.nodes[node.key], plan)


def _hold_uncounted(draft: Draft, node: Node, many: Many) -> None:
    """Keeps a group open that nobody can say enough of, and tells so once that alone holds it."""
    if not node.pending and (not many.open or node.closed) and node.outcome != "uncounted":
        draft.change(node, outcome="uncounted")
        draft.follow(Uncounted(str(many.enough)), node)


def _look_changed_list(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    """Fits a group to its list once the list is made again; the group does not wait for itself meanwhile."""
    free = replace(node, redo=False)
    draft.put(free)
    waits = draft.here(plan, path).upstream_rework() is not None
    items = None if waits else lists.items_of(draft, plan, path)
    if items is None:
        draft.put(node)
    else:
        lists.reconcile(draft, free, plan, path, items)


def _skip_milestones(draft: Draft, plan: Plan, path: Path, indexes: Iterable[int] = ()) -> None:
    """Passes over milestones that were not reached when everything beside them is over."""
    keys = [key_of(plan.name, (*path, index)) for index in indexes]
    if not keys:
        keys = [key_of(child.name, path) for child in plan.children if child.kind == "milestone"]
    for key in keys:
        node = draft.nodes.get(key)
        if node is not None and node.state == "planned" and not draft.place(key)[0].is_group(parse_key(key)[1]):
            _last_look(draft, node)


def _last_look(draft: Draft, node: Node) -> None:
    """Reaches a milestone if what completed the rest has brought it about, else passes over it."""
    look(draft, node)
    node = draft.nodes[node.key]
    if node.state != "planned":
        return
    element = draft.program.plans[node.element].element
    reason = Reason("CH577", node.element, {"element": node.key, "condition": element.when})
    draft.move(node, "skip", Skipped(blocks.because(reason)), outcome="condition", ended_at=draft.at)


def _look_phase(draft: Draft, node: Node, plan: Plan, path: Path) -> None:
    if node.pending:
        return
    element = plan.element
    if element.exit is not None and draft.scope(plan, path).value(element.exit) is not True:
        return
    _skip_milestones(draft, plan, path)
    repeat = element.repeat
    node = draft.nodes[node.key]
    if repeat is not None and repeat.until is not None and draft.scope(plan, path).value(repeat.until) is not True:
        if not blocks.is_idle(draft, plan, path):
            blocks.again(draft, node, plan, path)
        elif node.outcome != "idle":
            draft.change(node, outcome="idle")
            draft.follow(Idle(repeat.until), node)
        return
    blocks.complete(draft, node, plan)


def _finish_case(draft: Draft) -> None:
    if draft.status != "open" or draft.pending:
        return
    blocks.end_rhythms(draft, [plan.name for plan in draft.program.roots])
    for plan in draft.program.roots:
        node = draft.nodes.get(plan.name)
        if plan.kind == "milestone" and not plan.many and node is not None and node.state == "planned":
            _last_look(draft, node)
    draft.set_status("complete", Completed())
    answer_parent(draft)
