"""What rules promise, on random processes, rules and histories: they are told of as often as the trail itself says."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from charter.engine import calendars, state
from charter.engine.commands import Command
from charter.engine.definition import Definition, Occasion
from charter.engine.entries import Entry
from charter.engine.entries.cases import Fired
from charter.engine.keys import name_of, parse_key
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.replay import replay
from charter.engine.state import CaseState
from charter.engine.step.rules import MOST_FIRED
from charter.engine.step.transition import Step
from tests.properties.histories import histories

History = tuple[Definition, list[tuple[CaseState, Command, Step]]]


def _tells(definition: Definition, after: CaseState, entry: Entry, on: Occasion) -> bool:
    """Whether an entry tells what a rule waits for, read off the entry alone."""
    if on.kind == "written":
        new = entry.kind == "written" or (entry.kind == "amended" and not getattr(entry.told, "same", False))
        return new and name_of(getattr(entry.told, "record", "")) == on.name
    if on.kind == "signal":
        return entry.kind == "signalled" and getattr(entry.told, "signal", None) == on.name
    if on.kind == "rejected":
        here = entry.kind == "rejected" and entry.element == on.name
        return here and after.nodes[entry.node or ""].rejects == on.count
    if on.kind != "state":
        return False
    if on.state == "overdue":
        return entry.kind == "overdue" and entry.element == on.name
    if entry.before == entry.after or entry.after != on.state:
        return False
    if entry.node is None:
        return on.name == "case"
    plan = prepare(definition).plans[name_of(entry.node)]
    return plan.name == on.name and len(parse_key(entry.node).path) == len(plan.loops)


class _Clock:
    """When a rhythm comes round next, counted anew: from the opening on, while the case is under way."""

    def __init__(self, definition: Definition, text: str) -> None:
        self.definition, self.text = definition, text
        self.next: int | None = None
        self.silent = False  # it has no value, which has been told

    def due(self, after: CaseState, at: int) -> bool:
        return after.status == "open" and self.next is not None and self.next <= at

    def wind(self, after: CaseState, at: int) -> bool:
        """Sets it to come round next; gives whether it has to be told that there is no such time."""
        if after.status not in ("open", "suspended"):
            self.next, self.silent = None, False
        elif self.next is None or self.due(after, at):
            span = Scope(prepare(self.definition), after, None, (), at).value(self.text)
            number, self.next = 0, None
            while span is not None and after.opened_at is not None and self.next is None:
                number += 1
                comes = calendars.turn(self.definition.calendar, after.opened_at, span, number)
                assert comes is not None
                self.next = comes if comes > at else None
            told, self.silent = self.silent, self.next is None
            return self.silent and not told
        return False


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(histories())
def test_a_rule_takes_effect_once_for_each_time_its_condition_becomes_true(history: History) -> None:
    definition, rows = history
    held = dict.fromkeys((rule.name for rule in definition.rules), False)
    clocks = {
        rule.name: [_Clock(definition, on.every) for on in rule.occasions if on.every is not None]
        for rule in definition.rules
    }
    total = dict.fromkeys(held, 0)
    for _, command, done in rows:
        if done.refusal is not None:
            continue
        untimed = 0
        fired = [entry for entry in done.entries if isinstance(entry.told, Fired)]
        for rule in definition.rules:
            mine = [entry for entry in fired if isinstance(entry.told, Fired) and entry.told.rule == rule.name]
            told = [
                index
                for index, entry in enumerate(done.entries)
                if any(_tells(definition, done.state, entry, on) for on in rule.occasions)
            ]
            if any(clock.due(done.state, command.at) for clock in clocks[rule.name]):
                told.insert(0, 0)
            wanted = told
            if rule.when is not None:
                now = Scope(prepare(definition), done.state, None, (), command.at).value(rule.when) if told else None
                wanted = told[:1] if now is True and not held[rule.name] else []
                held[rule.name] = now if isinstance(now, bool) else held[rule.name]
            assert [entry.cause for entry in mine] == wanted[:MOST_FIRED], rule
            total[rule.name] += len(mine)
            untimed += sum([clock.wind(done.state, command.at) for clock in clocks[rule.name]])
        assert untimed == sum(getattr(entry.told, "clause", None) == "every" for entry in done.entries)
        for index, entry in enumerate(done.entries):
            if entry.kind in ("notified", "launched", "escalated") and entry.node is None:
                assert entry.cause is not None and entry.cause < index
                assert done.entries[entry.cause].kind == "fired"
        watched = {watch.rule: watch for watch in done.state.watches}
        assert all(watched[name].fired == count for name, count in total.items() if count)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(histories())
def test_replay_and_a_restart_change_nothing_of_rules(history: History) -> None:
    definition, rows = history
    again = replay(definition, [entry for _, _, done in rows for entry in done.entries])
    assert again.difference is None and again.state == rows[-1][2].state
    for _, _, done in rows:
        assert state.from_json(state.to_json(done.state)) == done.state
        assert state.from_snapshot(state.snapshot(done.state)) == done.state
