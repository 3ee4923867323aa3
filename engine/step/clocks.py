"""The clocks of a node: its due date, its wait, its rhythm; what becomes of them while the node or its case stands.

`within` counts elapsed time, or working time on the element's calendar, for those who work: it stands while they put
the work or the case aside or wait for what it rests on, and what was left of it is left afterwards. `wait SPAN` stands
with the case alone, for it waits for time itself. An instant that the process names (`due`, `wait until`) is a date and
stays one. A rhythm is a date too: its n-th round comes n spans after the first, however late a round begins or ends;
rounds that were missed come once. What has passed is marked where a node moves (`mark_late`): `overdue` is one fact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from msgspec.structs import replace

from charter.engine import calendars
from charter.engine.definition import Calendar, Event
from charter.engine.entries.cases import Overdue, Redated, Undated
from charter.engine.entries.clocks import Missed
from charter.engine.keys import Path, parse_key
from charter.engine.machines import STILL
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import Program
from charter.engine.plan.scope import Scope
from charter.engine.state import Node
from charter.engine.step import actions

# What is not due yet, or no longer.
_NOT_DUE = frozenset({"planned", "failed"})


class Draft(actions.Draft, Protocol):
    """What the clocks need of a step's working copy of a case (`draft.Draft`, which stands on this)."""

    @property
    def at(self) -> int: ...
    @property
    def place(self) -> Callable[[str], tuple[Plan, Path]]: ...

    stood: int | None
    parameters: tuple[tuple[str, Any], ...]
    cause: int | None
    agenda: dict[str, int | None]

    def touch_element(self, plan: Plan, path: Path, cause: int | None) -> None: ...


def set_due(draft: Draft, node: Node, plan: Plan, path: Path) -> Node:
    """Gives what has just opened its due date, the earlier of `within` and `due`, and tells where one has no value."""
    element, calendar = plan.element, plan.calendar
    if element.within is None and element.due is None:
        return _armed(draft, node, plan, path)
    scope = draft.scope(plan, path)
    ends: dict[str, int | None] = {}
    if element.within is not None:
        ends["within"] = calendars.term(calendar, draft.at, scope.value(element.within))
    if element.due is not None:
        ends["due"] = calendars.deadline(calendar, scope.value(element.due))
    due = min((end for end in ends.values() if end is not None), default=None)
    node = replace(node, due=due, bound=ends.get("due") if len(ends) > 1 else None)
    draft.put(node)
    for clause, end in ends.items():
        if end is None:
            tell(draft, node, clause, getattr(element, clause))
    return mark_late(draft, _armed(draft, node, plan, path))


def _armed(draft: Draft, node: Node, plan: Plan, path: Path) -> Node:
    """Gives what has just opened the instants of its events, and has their conditions looked at."""
    if not plan.element.events:
        return node
    marks = []
    for event in plan.element.events:
        mark = 0
        if event.kind == "after" and event.at is not None:
            mark = calendars.add(plan.calendar, draft.at, draft.scope(plan, path).value(event.at)) or 0
            if not mark:
                tell(draft, node, event.clause, event.at)
        elif event.kind == "remind" and node.due is not None:
            mark = reminded_at(draft, node, event)
            if not mark:
                tell(draft, node, event.clause, event.at or "")
        marks.append(mark)
    node = replace(node, marks=tuple(marks))
    draft.put(node)
    draft.agenda.setdefault(node.key, draft.cause)
    return node


def reminded_at(draft: Draft, node: Node, event: Event) -> int:
    """Gives the instant of a reminder: so long before the due date; 0 where that is no time."""
    plan, path = draft.place(node.key)
    span = draft.scope(plan, path).value(f"-({event.at})")
    return (0 if node.due is None else calendars.add(plan.calendar, node.due, span)) or 0


def aimed(draft: Draft, before: Node, node: Node) -> Node:
    """Moves reminders with the due date; one that was given is given again where its time is still to come."""
    if node.due == before.due or not node.marks:
        return node
    marks = list(node.marks)
    for index, event in enumerate(draft.place(node.key)[0].element.events):
        if event.kind == "remind":
            at = reminded_at(draft, node, event)
            marks[index] = at if marks[index] > 0 or at > draft.at else 0
    return replace(node, marks=tuple(marks))


def tell(draft: Draft, node: Node, clause: str, condition: str) -> None:
    """Tells that a line that should have given a date had no value."""
    draft.follow(Undated(clause, condition), node)


def mark_late(draft: Draft, node: Node) -> Node:
    """Marks a node whose due date has passed while its clock ran, once, and does what follows; gives it as it is then.

    The instant itself is past: a date is over at its midnight.
    """
    if node.due is None or node.overdue or node.state in _NOT_DUE:
        return node
    stopped = [at for at in (node.ended_at, node.stands, draft.stood) if at is not None]
    if min(stopped, default=draft.at) < node.due:
        return node
    late = replace(node, overdue=True)
    draft.put(late)
    plan, path = draft.place(late.key)
    cause = draft.follow(Overdue(node.due), late)
    draft.touch_element(plan, path, cause)
    for event in plan.element.events:
        if event.kind == "overdue":
            actions.act(draft, event.actions, cause, late.key)
    return draft.nodes[late.key]


def clocked(draft: Draft, before: Node, after: Node) -> Node:
    """Stops the clocks of a node that comes to stand still, and lets them go on with what was left.

    What goes on in a case that stands, stands on with it.
    """
    if after.state in STILL:
        return after if before.state in STILL else replace(after, stands=draft.at)
    if after.stands is not None:
        until = draft.at if draft.stood is None else draft.stood
        after = replace(_gone_on(draft, after, after.stands, until), stands=None)
    if draft.stood is not None and after.ended_at == draft.at:
        after = _gone_on(draft, after, draft.stood, draft.at)
    return after


def case_goes_on(draft: Draft, since: int) -> None:
    """Lets the clocks of a case that stood still go on; what stands by itself stands on, what is over is over."""
    draft.stood = None
    timed = (n for n in draft.nodes.values() if n.due is not None or n.wake is not None or n.marks)
    for node in [n for n in timed if n.ended_at is None]:
        work = draft.place(node.key)[0].element.work
        moved = node
        if node.wake is not None and work is not None and work.kind == "pause":
            moved = replace(moved, wake=_moved(draft, node, work.when, node.wake, since, draft.at))
        if node.state not in STILL:
            moved = _gone_on(draft, moved, since, draft.at)
        if moved is not node:
            draft.put(moved)
        mark_late(draft, moved)


def _gone_on(draft: Draft, node: Node, since: int, until: int) -> Node:
    """Gives a node whose clocks have stood between two instants, or to its end: what was left of them is left."""
    element = draft.place(node.key)[0].element
    within = element.within
    until = until if node.ended_at is None else min(node.ended_at, until)
    before = node
    if node.marks:
        moved = (
            _moved(draft, node, event.at, mark, since, until) if event.kind == "after" and mark > 0 else mark
            for event, mark in zip(element.events, node.marks, strict=True)
        )
        node = replace(node, marks=tuple(moved))
    if node.due is None or within is None or node.overdue:
        return node
    due = _moved(draft, node, within, node.due, since, until)
    return aimed(draft, before, replace(node, due=due if node.bound is None else min(due, node.bound)))


def _moved(draft: Draft, node: Node, span: str | None, end: int, since: int, until: int) -> int:
    """Gives when what was left of a span at one instant is over, counted from another, on the clock of the span."""
    if until <= since or end <= since:
        return end
    plan, path = draft.place(node.key)
    value = None if span is None else draft.scope(plan, path).value(span)
    if calendars.keeps_hours(value):
        calendar = plan.calendar
        try:
            return calendars.advance(calendar, until, calendars.worked(calendar, since, end))
        except (OverflowError, ValueError):
            pass  # beyond the calendar: it goes on by plain time
    return end + until - since


def recount(draft: Draft, before: Program) -> None:
    """Moves what is due or comes round in a case that counts by other public days than `before`.

    A date that still follows from its line is made anew; of a clock that has stood, what was left of it is left.
    """
    same = before.bindings(draft.parameters) == draft.program.bindings(draft.parameters)
    for node in [n for n in draft.nodes.values() if n.ended_at is None or n.wake is not None]:
        plan, path = draft.place(node.key)
        old = before.plans[plan.name]
        if same and old.calendar == plan.calendar:
            continue
        if node.due is not None and not node.overdue and node.ended_at is None:
            node = _redate(draft, node, Scope(before, draft, old, path, draft.at))  # type: ignore[arg-type]
        if node.marks and node.ready_at is not None and node.ended_at is None:
            _remark(draft, node, old)
        if node.wake is not None:
            _rewake(draft, draft.nodes[node.key], Scope(before, draft, old, path, draft.at))  # type: ignore[arg-type]


def _redate(draft: Draft, node: Node, past: Scope) -> Node:
    plan, path = draft.place(node.key)
    element, scope, old = plan.element, draft.scope(plan, path), past.plan
    assert node.due is not None and old is not None
    ends: dict[str, int] = {}
    if element.due is not None:
        held = node.due if element.within is None else node.bound
        was = calendars.deadline(old.calendar, past.value(element.due))
        now = calendars.deadline(plan.calendar, scope.value(element.due))
        end = now if was == held else held
        if end is not None:
            ends["due"] = end
    if element.within is not None and node.ready_at is not None:
        span = scope.value(element.within)
        # Where the other date came first, how much later this one was follows from its line alone.
        was = calendars.term(old.calendar, node.ready_at, span) if node.due == node.bound else None
        end = node.due if was is None else was
        ends["within"] = _recounted(draft, node, old, span, calendars.term, node.ready_at, end)
    due = min(ends.values(), default=node.due)
    bound = ends.get("due") if len(ends) > 1 else node.bound
    if (due, bound) != (node.due, node.bound):
        moved = aimed(draft, node, replace(node, due=due, bound=bound))
        draft.put(moved)
        if due != node.due:
            told = Redated(min(ends, key=lambda name: ends[name]), due, node.due)
            draft.touch_element(plan, path, draft.follow(told, moved))
        node = mark_late(draft, moved)
    return node


def _remark(draft: Draft, node: Node, old: Plan) -> None:
    """Moves what comes so long after an element became ready."""
    plan, path = draft.place(node.key)
    assert node.ready_at is not None
    marks = list(draft.nodes[node.key].marks)
    for index, event in enumerate(plan.element.events):
        if event.kind == "after" and marks[index] > 0:
            span = draft.scope(plan, path).value(event.at or "")
            end = _recounted(draft, node, old, span, calendars.add, node.ready_at, marks[index])
            if end != marks[index]:
                draft.follow(Redated(event.clause, end, marks[index]), node)
                marks[index] = end
    draft.put(replace(draft.nodes[node.key], marks=tuple(marks)))


def _rewake(draft: Draft, node: Node, past: Scope) -> None:
    plan, path = draft.place(node.key)
    work, repeat, scope, old = plan.element.work, plan.element.repeat, draft.scope(plan, path), past.plan
    assert node.wake is not None and old is not None
    rhythm = node.rhythm
    if rhythm and repeat is not None and repeat.every is not None:
        anchor, number, _ = rhythm
        span, clause = scope.value(repeat.every), "repeat"
        was, wake = (calendars.turn(c, anchor, span, number + 1) for c in (old.calendar, plan.calendar))
        if was != node.wake or wake is None:
            return
        rhythm = (anchor, number, calendars.turn(plan.calendar, anchor, span, number) or rhythm[2])
    elif work is not None and work.kind == "pause" and work.when is not None and node.started_at is not None:
        span, clause = scope.value(work.when), "wait"
        wake = _recounted(draft, node, old, span, calendars.add, node.started_at, node.wake)
    elif work is not None and work.kind == "until" and work.when is not None:
        clause, was = "wait", calendars.deadline(old.calendar, past.value(work.when))
        now = calendars.deadline(plan.calendar, scope.value(work.when))
        wake = now if was == node.wake and now is not None else node.wake
    else:
        return
    if wake != node.wake:
        moved = replace(node, wake=max(wake, draft.at), rhythm=rhythm)
        draft.put(moved)
        draft.follow(Redated(clause, wake, node.wake), moved)


def _recounted(
    draft: Draft,
    node: Node,
    old: Plan,
    span: Any,
    reckon: Callable[[Calendar, int, Any], int | None],
    since: int,
    end: int,
) -> int:
    """Gives when a span is over that began at an instant and would have been over at `end` on the old calendar."""
    calendar = draft.place(node.key)[0].calendar
    if reckon(old.calendar, since, span) == end:
        return reckon(calendar, since, span) or end
    at = min(stopped for stopped in (node.stands, draft.stood, draft.at) if stopped is not None)
    if calendars.keeps_hours(span) and end > at and calendar != old.calendar:
        try:
            return calendars.advance(calendar, at, calendars.worked(old.calendar, at, end))
        except (OverflowError, ValueError):
            pass  # beyond the calendar: it stays where it was
    return end


# -- rhythms --------------------------------------------------------------------------------------------------


def next_round(draft: Draft, node: Node, plan: Plan, *, ended: bool = False) -> dict[str, Any]:
    """Gives, as changes of a node that is done, when its `repeat every` comes round again; nothing for anything else.

    A rhythm whose span has changed goes on from the round that was the latest, with the new span. `ended`: the round
    before has ended just now; rounds that were to begin until then are missed.
    """
    repeat = plan.element.repeat
    if repeat is None or repeat.every is None:
        return {}
    path = parse_key(node.key)[1]
    if plan.is_group(path):
        return {}
    calendar, span = plan.calendar, draft.scope(plan, path).value(repeat.every)
    opened = node.ready_at if node.ready_at is not None else draft.at
    anchor, number, latest = node.rhythm or (opened, 0, opened)
    if number and calendars.turn(calendar, anchor, span, number) != latest:
        anchor, number = latest, 0
    if ended and repeat.missed == "none":
        number, latest = _passed_over(draft, node, plan, span, (anchor, number, latest), 0)
    wake = calendars.turn(calendar, anchor, span, number + 1)
    if wake is None or wake <= latest:
        # A rhythm that takes no time would come round for ever at one instant.
        tell(draft, node, "repeat", repeat.every)
        return {"wake": None, "rhythm": (anchor, number, latest)}
    return {"wake": max(wake, draft.at), "rhythm": (anchor, number, latest)}


def come_round(draft: Draft, node: Node, plan: Plan, path: Path) -> tuple[Node, bool]:
    """Counts the round that begins now, and says whether it does; rounds that nobody was there for are missed.

    Of several that were to begin until now, the latest does (`missed once`), the first (`each`), or none.
    """
    repeat = plan.element.repeat
    assert repeat is not None and repeat.every is not None
    calendar, span = plan.calendar, draft.scope(plan, path).value(repeat.every)
    anchor, number, latest = node.rhythm or (draft.at, 0, draft.at)
    by_now = calendars.turns_by(calendar, anchor, span, draft.at, number)
    if repeat.missed == "each":
        number = min(by_now, number + 1)
        return replace(node, rhythm=(anchor, number, calendars.turn(calendar, anchor, span, number) or latest)), True
    begins = repeat.missed != "none" or by_now - number <= 1
    number, latest = _passed_over(draft, node, plan, span, (anchor, number, latest), int(begins))
    node = replace(node, rhythm=(anchor, number, latest))
    return (node if begins else replace(node, wake=calendars.turn(calendar, anchor, span, number + 1))), begins


def _passed_over(
    draft: Draft, node: Node, plan: Plan, span: Any, rhythm: tuple[int, int, int], done: int
) -> tuple[int, int]:
    """Tells of the rounds that passed until now but for the last `done`; gives the number and instant of the latest."""
    anchor, number, latest = rhythm
    by_now = calendars.turns_by(plan.calendar, anchor, span, draft.at, number)
    first = calendars.turn(plan.calendar, anchor, span, number + 1)
    if by_now - number > done and first is not None:
        draft.follow(Missed(by_now - number - done, first), node)
    return by_now, calendars.turn(plan.calendar, anchor, span, by_now) or latest
