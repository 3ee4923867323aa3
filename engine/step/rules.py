"""Rules: at an event, once a condition has become true, actions follow.

Rules look at a case when all else of a step has followed, so that a condition sees what has come of it and not what was
on the way. A condition is asked once a step, and only where an event of its rule is among the entries, or its rhythm
has come round. The rule takes effect when it has become true, and not again before it has been false; what is unknown
changes nothing. A rule without a condition takes effect at each event. What a rule does is no event for another one of
the same case; the rules that lead from case to case are counted, so that a circle of them ends and is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from charter.engine import calendars
from charter.engine.commands import Recount
from charter.engine.definition import Action, Rule
from charter.engine.effects import StartCase
from charter.engine.entries import Entry, Told
from charter.engine.entries.cases import (
    Amended,
    Fired,
    Notified,
    Overdue,
    Rejected,
    Signalled,
    Undated,
    Written,
)
from charter.engine.entries.clocks import ThresholdReached
from charter.engine.entries.ledgers import LineOverrun
from charter.engine.keys import name_of
from charter.engine.machines import UNDER_WAY
from charter.engine.plan.program import Occurrence
from charter.engine.refusals import Reason
from charter.engine.state import Watch
from charter.engine.step import actions
from charter.engine.step.draft import Draft

# So often rules may take effect in one step; beyond it they are held back, and the owner is told.
MOST_FIRED = 1_000
# So often one rule may lead to a case in which it takes effect again.
MOST_TURNS = 8


def look(draft: Draft, seen: int) -> int:
    """Lets the rules look at a step's entries from number `seen` on; gives how many have been looked at."""
    rules = [rule for rule in draft.program.definition.rules if rule.of_cases]
    if not rules:
        return 0
    there = len(draft.entries)
    found = _found(draft, seen)
    known = {watch.rule: watch for watch in draft.watches}
    watches = {rule.name: known.get(rule.name) or Watch(rule.name) for rule in rules}
    fired = 0
    for rule in rules:
        watch = watches[rule.name]
        causes = found.get(rule.name, [])
        if draft.status == "open" and any(0 <= wake <= draft.at for wake in watch.wakes):
            causes.insert(0, 0)
        if causes:
            held = True if rule.when is None else draft.scope(None, ()).value(rule.when)
            firings = [causes] if rule.when is not None else [[cause] for cause in causes]
            if held is True and not watch.held:
                allowed = max(MOST_FIRED - fired, 0)
                for each in firings[:allowed]:
                    _fire(draft, rule, each)
                if len(firings) > allowed:
                    _hold_back(draft, rule, firings[allowed][0])
                fired += len(firings)
                done = min(len(firings), allowed)
                watch = watch._replace(fired=watch.fired + done, at=draft.at if done else watch.at)
            if rule.when is not None and isinstance(held, bool):
                watch = watch._replace(held=held)
        watches[rule.name] = _wound(draft, rule, watch)
    draft.watches = tuple(watch for watch in watches.values() if watch != Watch(watch.rule))
    return there


# -- events ---------------------------------------------------------------------------------------------------


def _found(draft: Draft, seen: int) -> dict[str, list[int]]:
    """Gives, by the name of each rule, which entries tell an event of it."""
    occasions = draft.program.occasions
    found: dict[str, list[int]] = {}
    if occasions:
        for index in range(seen, len(draft.entries)):
            for occurrence in _occurrences(draft, draft.entries[index]):
                for rule in occasions.get(occurrence, ()):
                    found.setdefault(rule, []).append(index)
    return found


def _occurrences(draft: Draft, entry: Entry) -> Iterator[Occurrence]:
    tells = _TELLS.get(type(entry.told))
    if tells is not None:
        yield from tells(draft, entry, entry.told)
    if entry.after is None or entry.before == entry.after:
        return
    if entry.node is None:
        yield "state", "case", entry.after
        return
    plan, path = draft.place(entry.node)
    if not plan.is_group(path):
        yield "state", plan.name, entry.after


def _written(_draft: Draft, _entry: Entry, told: Written | Amended) -> Iterator[Occurrence]:
    if isinstance(told, Written) or not told.same:
        yield "written", name_of(told.record), ""


def _signalled(_draft: Draft, _entry: Entry, told: Signalled) -> Iterator[Occurrence]:
    yield "signal", told.signal, ""


def _overdue(_draft: Draft, entry: Entry, _told: Overdue) -> Iterator[Occurrence]:
    yield "state", entry.element or "", "overdue"


def _threshold(_draft: Draft, _entry: Entry, told: ThresholdReached) -> Iterator[Occurrence]:
    yield "threshold", name_of(told.sla), str(told.percent)


def _rejected(draft: Draft, entry: Entry, _told: Rejected) -> Iterator[Occurrence]:
    node = draft.nodes.get(entry.node or "")
    if node is not None:
        yield "rejected", node.element, str(node.rejects)


def _overrun(_draft: Draft, _entry: Entry, told: LineOverrun) -> Iterator[Occurrence]:
    yield "overrun", told.ledger, ""


_TELLS: Mapping[type[Told], Callable[[Draft, Entry, Any], Iterator[Occurrence]]] = {
    Written: _written,
    Amended: _written,
    Signalled: _signalled,
    Overdue: _overdue,
    Rejected: _rejected,
    LineOverrun: _overrun,
    ThresholdReached: _threshold,
}


# -- taking effect --------------------------------------------------------------------------------------------


def _fire(draft: Draft, rule: Rule, causes: list[int]) -> None:
    """Carries out what a rule does; work is escalated of all elements that its events befell."""
    index = draft.follow(Fired(rule.name, rule.when), None, causes[0])
    if rule.clauses:
        draft.entries[index] = replace(draft.entries[index], clauses=rule.clauses)
    keys = dict.fromkeys(draft.entries[cause].node for cause in causes)
    for action in rule.actions:
        if action.kind == "escalate":
            for key in keys:
                if key is not None and key in draft.nodes:
                    actions.act(draft, (action,), index, key)
        elif action.kind == "notify":
            draft.follow(Notified(action.roles, rule.name), None, index)
        else:
            lead(draft, rule.name, action, index)


def lead(draft: Draft, name: str, action: Action, cause: int, seen: Mapping[str, Any] | None = None) -> None:
    """Does what a rule or a counter leads to, unless it has led to itself too often, from case to case."""
    me, before = f"{draft.process}.{name}", draft.chain
    if action.kind == "start" and before.count(me) >= MOST_TURNS:
        circle = before[len(before) - 1 - before[::-1].index(me) :]
        circular: dict[str, Any] = {"rule": name, "rules": [*circle, me], "limit": MOST_TURNS}
        reason = Reason("CH660", f"rule {name}", circular)
        draft.follow(actions.declined(StartCase.__name__, action.process or "", reason), None, cause)
        return
    draft.chain = (*before, me)
    actions.act(draft, (action,), cause, seen=seen)
    draft.chain = before


def _hold_back(draft: Draft, rule: Rule, cause: int) -> None:
    """Tells that a rule does not take effect any more."""
    reason = Reason("CH661", f"rule {rule.name}", {"rule": rule.name, "limit": MOST_FIRED})
    draft.follow(actions.declined(actions.RULE, rule.name, reason), None, cause)


# -- rhythms --------------------------------------------------------------------------------------------------


def _wound(draft: Draft, rule: Rule, watch: Watch) -> Watch:
    """Gives how a rule stands with its rhythms set to come round next: n spans after the opening of the case.

    Those that nobody was there for come once; a case that is over has none.
    """
    spans = [occasion.every for occasion in rule.occasions if occasion.every is not None]
    if not spans:
        return watch
    wakes: tuple[int, ...] = ()
    if draft.status in UNDER_WAY:
        before = watch.wakes or (None,) * len(spans)
        wakes = tuple(_next(draft, text, wake) for text, wake in zip(spans, before, strict=True))
    wound = watch._replace(wakes=wakes)
    draft.time(wound.key, wound.wake)
    return wound


def _next(draft: Draft, text: str, wake: int | None) -> int:
    still = wake is not None and wake > draft.at and not isinstance(draft.command, Recount)
    if wake is not None and (still or (wake >= 0 and draft.status != "open")):
        return wake
    calendar, span = draft.program.definition.calendar, draft.scope(None, ()).value(text)
    anchor = draft.at if draft.opened_at is None else draft.opened_at
    number = calendars.turns_by(calendar, anchor, span, draft.at)
    comes = calendars.turn(calendar, anchor, span, number + 1)
    if comes is not None and comes > draft.at:
        return comes
    if wake != -1:
        draft.follow(Undated("every", text), None, 0)
    return -1
