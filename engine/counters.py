"""Counters over cases: how often something has come about for one key, in which cases, and since when.

A counter has an entry of a register for each key, which a case that is completed brings up to date. An entry says how
many there are and names the latest of them with their times, so that a window needs no other case. Pure; knows neither
cases nor registers beyond the entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from charter.engine import values
from charter.engine.feel.temporal import datetime_from_instant
from charter.engine.forms import Field, Register, TypeRef
from charter.engine.happenings import Action
from charter.engine.plain import Kept
from charter.engine.registers import Row

# So many of the latest are named in an entry; within a window no more are counted.
MOST_NAMED = 1_000
# The name under which what a counter starts sees the entry.
COUNTED = "counted"


class Reached(Kept, frozen=True):
    """What follows once a counter comes up to so many."""

    count: int
    actions: tuple[Action, ...] = ()


class Counter(Kept, frozen=True):
    """What a completed case adds to the counts of a register; all texts are FEEL.

    `by`: the key; `items` with `variable`: a list each item of which is counted, and not the case as a whole; `when`:
    what counts (None: everything); `resets`: what ends the count, looked at first.
    """

    name: str
    title: str
    by: str
    variable: str | None = None
    items: str | None = None
    when: str | None = None
    resets: str | None = None
    reached: tuple[Reached, ...] = ()
    clauses: tuple[str, ...] = ()


def register_of(name: str, title: str, window: str | None, clauses: tuple[str, ...] = ()) -> Register:
    """Gives the register that holds the counts; `window`: a Span in FEEL text."""
    text = TypeRef("text")
    fields = (
        Field("key", "key", text),
        Field("count", "count", TypeRef("integer")),
        Field("cases", "cases", TypeRef("list", item=text), True),
        Field("times", "times", TypeRef("list", item=TypeRef("datetime")), True),
        Field("reset", "reset", TypeRef("datetime"), True),
    )
    return Register(name, title, "key", fields, None, clauses, True, window)


class Mark(NamedTuple):
    """What one item of a case, or the case, says of a key: it ends the count, it counts, or both, in this order."""

    counts: bool
    resets: bool


class Tally(NamedTuple):
    """The entry of a key. `named`: (instant, case) of the latest, in order of time; `reset`: when it was last ended."""

    total: int = 0
    named: tuple[tuple[int, str], ...] = ()
    reset: int | None = None

    def within(self, since: int | None) -> Tally:
        """Gives what of it is later than an instant; None: all."""
        if since is None:
            return self
        named = tuple(each for each in self.named if each[0] > since)
        return Tally(len(named), named, self.reset)

    def marked(self, case: str, at: int, marks: Iterable[Mark]) -> Tally:
        """Gives it with what a case, which was completed at an instant, says of it now in place of what it said."""
        others = [each for each in self.named if each[1] != case]
        count, reset, own = self.total - (len(self.named) - len(others)), self.reset, 0
        for mark in marks:
            if mark.resets and (reset is None or at >= reset):
                others = [each for each in others if each[0] > at]
                count, reset, own = len(others), at, 0
            if mark.counts and (reset is None or at >= reset):
                own += 1
        named = sorted([*others, *[(at, case)] * own], key=lambda each: each[0])
        return Tally(count + own, tuple(named[-MOST_NAMED:]), reset)


def read(row: Row | None) -> Tally:
    """Reads an entry; what it has no times for, as one that was imported, counts as of its version."""
    value = None if row is None else values.decode(row.value)
    if row is None or not isinstance(value, Mapping):
        return Tally()
    count, reset = int(value.get("count") or 0), value.get("reset")
    times = [_instant(each) or row.at for each in value.get("times") or ()]
    cases = [str(each) for each in value.get("cases") or ()]
    most = min(count, MOST_NAMED)
    times = ([row.at] * (most - len(times)) + times)[-most:] if most else []
    cases = ([""] * (most - len(cases)) + cases)[-most:] if most else []
    named = sorted(zip(times, cases, strict=True), key=lambda each: each[0])
    return Tally(count, tuple(named), None if reset is None else _instant(reset))


def written(key: str, tally: Tally, zone: Any) -> dict[str, Any]:
    """Gives the fields of an entry."""
    found: dict[str, Any] = {
        "key": key,
        "count": Decimal(tally.total),
        "cases": [case for _, case in tally.named if case],
        "times": [datetime_from_instant(at * 1000, zone) for at, _ in tally.named],
        "reset": None if tally.reset is None else datetime_from_instant(tally.reset * 1000, zone),
    }
    return found


def _instant(value: Any) -> int | None:
    found = getattr(value, "instant", None)
    return None if found is None else int(found) // 1000
