"""What is handed over in simulated cases: values that stand for all others, with dates brought near the present.

The values are those of the proof (`engine.proof.values`), whose dates are as far apart as conditions can tell, and
anywhere in time. A simulation has a present: the dates of a value move together, to today, a week and a month ahead,
and where conditions reckon, as with `today()`, to so many more places that these may turn out either way. Where a
condition names a date, the value stays as well where that put it; where one record is held against others, it may lie
on their days. What criteria refuse is known beforehand, as whoever does the work would know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from charter.engine import values
from charter.engine.definition import Definition
from charter.engine.feel.own import Money
from charter.engine.feel.ranges import Range
from charter.engine.feel.temporal import Date, DateTime, date_from_number
from charter.engine.plan.facts import moment
from charter.engine.plan.plans import Plan
from charter.engine.plan.program import prepare
from charter.engine.plan.scope import Scope
from charter.engine.proof.atoms import value_of
from charter.engine.proof.moves import Moves
from charter.engine.proof.values import Conditions
from charter.engine.state import CaseState, Version
from charter.runtime.host.memory import Records
from charter.runtime.simulation.setting import Written

_AHEAD = (0, 7, 30)  # days from today
_FAR = (*_AHEAD, 1, 90, 365, -1, -7, -30, -365, -20 * 365)  # where conditions reckon
_MOST_KEPT = 1_000
_MOST_DAYS = 4  # of one record, and of a case
# Where the proof puts dates, and dates with a time, that no condition asks about.
_ANCHORS = {Date: 20_000, DateTime: 20_514}


class Contents:
    """What the cases of one process are given."""

    def __init__(self, definition: Definition) -> None:
        self.program = prepare(definition)
        self.conditions = Conditions(self.program)
        self.moves = Moves(self.program, self.conditions)
        literals = [value_of(literal) for atom in self.conditions.every for literal in atom.literals]
        self._stays = any(isinstance(value, Date | DateTime) for value in literals)
        self._offsets = _FAR if self.conditions.strange else _AHEAD
        self._asking: dict[str, list[Plan]] = {}
        for plan in self.program.plans.values():
            agreement = plan.element.agreement
            if agreement is not None and agreement.criteria is not None and agreement.of is not None:
                self._asking.setdefault(agreement.of, []).append(plan)
        self._known: dict[Any, Sequence[Records]] = {}
        self._timeless: dict[str, Version] = {}
        self._named: dict[str, tuple[int, ...]] = {}

    def of(self, records: Sequence[str], state: CaseState, at: int) -> Sequence[Records]:
        """Gives what may be handed over as these records at an instant."""
        if len(self.conditions.told) > _MOST_KEPT:
            for kept in (self.conditions.told, self._known, self._timeless, self._named):
                kept.clear()
        compared = any(map(self.conditions.is_compared, records))
        seen = state._replace(versions=dict(self._without_dates(state))) if compared else state
        there = tuple(id(self.moves.representatives(name, seen)) for name in records)
        if there not in self._known:
            made = list(self.moves.contents(records, seen))
            usual = [one for one in made if all(self._is_usual(values.decode(value)) for _, value in one)]
            found = usual or made
            dated = any(_has_dates(values.decode(value)) for one in found for _, value in one)
            self._known[there] = found if not dated else _Near(found, self._offsets, stays=self._stays)
        known = self._known[there]
        if not isinstance(known, _Near):
            return known
        return known.on(moment(at, self.program.zone).date.number, self._days(state) if compared else ())

    def _is_usual(self, value: Any) -> bool:
        """Says whether a value has no amount in a currency that nothing names: nobody would write one."""
        if isinstance(value, dict | list):
            return all(map(self._is_usual, value.values() if isinstance(value, dict) else value))
        return not isinstance(value, Money) or value.currency in self.conditions.currencies

    def _days(self, state: CaseState) -> Sequence[int]:
        """Gives some days that records of a case name, which others may be held against."""
        found: dict[int, None] = {}
        for version in state.versions.values():
            if version.digest not in self._named:
                self._named[version.digest] = tuple(dict.fromkeys(_days_in(values.decode(version.value))))[:_MOST_DAYS]
            found.update(dict.fromkeys(self._named[version.digest]))
        return list(found)[-_MOST_DAYS:]

    def _without_dates(self, state: CaseState) -> Iterator[tuple[str, Version]]:
        """Yields what records are held against, but for dates: they differ from day to day, and are drawn as others."""
        for name, version in state.versions.items():
            if version.digest not in self._timeless:
                value = _undated(values.decode(version.value))
                timeless = version._replace(value=values.encode(value), digest=values.data_digest(values.encode(value)))
                self._timeless[version.digest] = timeless
            yield name, self._timeless[version.digest]

    def again(self, seen: Sequence[Written], at: int) -> Sequence[Records]:
        """Gives what was handed over before, its dates as far from an instant as they were from that day."""
        return _Again(seen, moment(at, self.program.zone).date.number)

    def criteria_allow(self, records: Records, state: CaseState, at: int) -> bool:
        """Says whether no criteria of an approval are known to refuse any of these records."""
        for name, data in records:
            for plan in self._asking.get(name, ()):
                agreement = plan.element.agreement
                assert agreement is not None and agreement.criteria is not None
                scope = Scope(self.program, state, plan, (), at)
                if scope.value(agreement.criteria, {name: self.conditions.filled(name, values.decode(data))}) is False:
                    return False
        return True

    def is_asked(self, records: Sequence[str]) -> bool:
        """Says whether an approval has criteria for one of these records."""
        return any(name in self._asking for name in records)


def _has_dates(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_dates, value.values()))
    if isinstance(value, list):
        return any(map(_has_dates, value))
    return isinstance(value, Date | DateTime) or (isinstance(value, Range) and _has_dates([value.low, value.high]))


def _days_in(value: Any) -> Iterator[int]:
    """Yields the days of the dates in a value."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _days_in(inner)
    elif isinstance(value, Range):
        yield from _days_in([value.low, value.high])
    elif isinstance(value, Date):
        yield value.number
    elif isinstance(value, DateTime):
        yield value.date.number


def _undated(value: Any) -> Any:
    """Gives a value with null for each date."""
    if isinstance(value, dict):
        return {name: _undated(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_undated(inner) for inner in value]
    return None if _has_dates(value) else value


def _moved(value: Any, dates: int, moments: int) -> Any:
    """Gives a value with its dates so many days later, and its dates with a time likewise."""
    if isinstance(value, dict):
        return {name: _moved(inner, dates, moments) for name, inner in value.items()}
    if isinstance(value, list):
        return [_moved(inner, dates, moments) for inner in value]
    if isinstance(value, Range):
        low, high = _moved(value.low, dates, moments), _moved(value.high, dates, moments)
        return Range(low, high, value.low_included, value.high_included)
    if isinstance(value, Date):
        return date_from_number(value.number + dates)
    if isinstance(value, DateTime):
        return DateTime(date_from_number(value.date.number + moments), value.time)
    return value


class _Near(Sequence[Records]):
    """Values with dates, each brought near a day when it is asked for; first, where it `stays`, as it is."""

    def __init__(self, found: Sequence[Records], offsets: Sequence[int], *, stays: bool, today: int = 0) -> None:
        self._found, self._today = found, today
        self._offsets: Sequence[int | None] = (None, *offsets) if stays else offsets

    def on(self, today: int, days: Sequence[int]) -> _Near:
        """Gives the same near another day, and on other days."""
        near = _Near(self._found, (), stays=False, today=today)
        near._offsets = (*self._offsets, *(day - today for day in days))
        return near

    def __len__(self) -> int:
        return len(self._found) * len(self._offsets)

    def __getitem__(self, number: Any) -> Any:
        which, at = divmod(number, len(self._found))
        offset, records = self._offsets[which], self._found[at]
        if offset is None:
            return records
        dates, moments = (self._today + offset - _ANCHORS[kind] for kind in (Date, DateTime))
        decoded = ((name, values.decode(value)) for name, value in records)
        return tuple((name, values.encode(_moved(value, dates, moments))) for name, value in decoded)


class _Again(Sequence[Records]):
    """What was handed over once, as on another day."""

    def __init__(self, seen: Sequence[Written], today: int) -> None:
        self._seen, self._today = seen, today

    def __len__(self) -> int:
        return len(self._seen)

    def __getitem__(self, number: Any) -> Any:
        one = self._seen[number]
        days = self._today - one.day
        decoded = [(name, values.decode(value)) for name, value in one.records]
        if not any(_has_dates(value) for _, value in decoded):
            return one.records
        return tuple((name, values.encode(_moved(value, days, days))) for name, value in decoded)
