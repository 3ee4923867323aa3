"""Counters: what a case that is completed adds to the counts of its keys, and what follows once there are so many.

Looked at when all else of a step has followed. A case that is opened again, or whose records are amended after it was
completed, says anew what it says; a case that is cancelled says nothing. What is not known does not count, and ends no
count. So a count is that of the completed cases as they stand, by the time at which they were completed; only what an
amendment takes back of an end stays ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from charter.engine.counters import COUNTED, Counter, Mark, Tally, read, written
from charter.engine.entries.cases import CountReached
from charter.engine.plan.looking import window_since
from charter.engine.registers import Ask, key_text
from charter.engine.step.draft import Draft
from charter.engine.step.filing import enter
from charter.engine.step.rules import lead


def look(draft: Draft) -> None:
    """Brings the counters up to date with a case that is completed."""
    state = draft.state
    if draft.drill or draft.status != "completed" or not draft.program.definition.counters:
        return
    if state.status != "completed" or draft.versions is not state.versions:
        draft.cause = len(draft.entries) - 1
        for counter in draft.program.definition.counters:
            _count(draft, counter)


def _count(draft: Draft, counter: Counter) -> None:
    marks = _marks(draft, counter)
    before = [key for node, register, key in draft.filed if not node and register == counter.name]
    for key in dict.fromkeys((*marks, *before)):
        _mark(draft, counter, key, marks.get(key, []))
    mine = [("", counter.name, key) for key in marks]
    draft.filed = (*(each for each in draft.filed if each[0] or each[1] != counter.name), *mine)


def _marks(draft: Draft, counter: Counter) -> dict[str, list[Mark]]:
    """Gives what the case says, by key; an item without a key says nothing."""
    scope = draft.scope(None, ())
    found: dict[str, list[Mark]] = {}
    for seen in _items(draft, counter):
        key = key_text(scope.value(counter.by, seen))
        counts = counter.when is None or scope.value(counter.when, seen) is True
        resets = counter.resets is not None and scope.value(counter.resets, seen) is True
        if key is not None and (counts or resets):
            found.setdefault(key, []).append(Mark(counts, resets))
    return found


def _items(draft: Draft, counter: Counter) -> Iterator[Mapping[str, Any]]:
    if counter.items is None or counter.variable is None:
        yield {}
        return
    items = draft.scope(None, ()).value(counter.items)
    for item in items if isinstance(items, list) else [] if items is None else [items]:
        yield {counter.variable: item}


def _mark(draft: Draft, counter: Counter, key: str, marks: list[Mark]) -> None:
    program, at = draft.program, draft.at
    found = draft.looked.get(Ask(counter.name, key))
    since = window_since(program, program.registers[counter.name], at)
    before = read(found.rows[0] if found is not None and found.rows else None)
    closed = at if draft.closed_at is None else draft.closed_at
    after = before.marked(draft.case, closed, marks).within(since)
    asked = found is not None
    if asked and before == after:
        return
    enter(draft, None, counter.name, key, written(key, after, program.zone))
    if asked:
        _follow(draft, counter, key, before.within(since).total, after)


def _follow(draft: Draft, counter: Counter, key: str, before: int, after: Tally) -> None:
    """Does what follows where the count has come up to so many."""
    seen = {COUNTED: written(key, after, draft.program.zone) | {"counter": counter.name}}
    for reached in counter.reached:
        if before < reached.count <= after.total:
            cases = [case for _, case in after.named if case]
            told = CountReached(counter.name, key, reached.count, after.total, cases)
            index = draft.follow(told, None, len(draft.entries) - 1)
            for action in reached.actions:
                lead(draft, counter.name, action, index, seen)
