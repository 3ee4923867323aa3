"""Who may take which seat so that every rule between the seats holds: the search behind `staffing`.

A seat is one person's part in a process. Which rules hold between two seats depends on who is the same person as whom,
and on nothing else of them; so the search is over the ways to divide the seats into groups of one person each, and a
matching says whether the groups find different people (Crampton, Gutin and Yeo 2013, on workflow satisfiability: the
cost grows with the number of seats, hardly with that of people). It is exact, and gives up after so many divisions.
Knows nothing of processes.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

MOST_TRIED = 20_000  # divisions


class TooMany(Exception):
    """The search was given up: nothing is known."""


class Sitter(NamedTuple):
    """Somebody who may take a seat: a person, for a `principal` where they stand in for one."""

    person: str
    principal: str | None = None

    @property
    def persons(self) -> frozenset[str]:
        return frozenset((self.person,) if self.principal is None else (self.person, self.principal))


class Seating(NamedTuple):
    """Seats by number. `may`: who may take each; `apart`: pairs that share no person.

    `hands`: (checker, doer) pairs in which whoever checks is not the doer nor whom the doer stands in for;
    `bound`: a seat -> those of which it shares a person with one.
    """

    may: Sequence[frozenset[Sitter]]
    apart: frozenset[tuple[int, int]]
    hands: frozenset[tuple[int, int]] = frozenset()
    bound: Mapping[int, tuple[tuple[int, ...], ...]] = {}


class _Group(NamedTuple):
    seats: frozenset[int]
    may: frozenset[Sitter]


def seat(seating: Seating) -> Mapping[int, Sitter] | None:
    """Gives everybody a seat by number, None where it cannot be done; raises TooMany."""
    return _Search(seating).run()


class _Search:
    def __init__(self, seating: Seating) -> None:
        self.seating = seating
        self.may = _few(seating)
        self.plain = not any(sitter.principal for may in self.may for sitter in may)
        self.kinds = _kinds(self.may)
        self.against: list[set[int]] = [set() for _ in self.may]
        for one, other in (*seating.apart, *seating.hands):
            self.against[one].add(other)
            self.against[other].add(one)
        self.tried = 0

    def run(self) -> Mapping[int, Sitter] | None:
        every = frozenset(range(len(self.may)))
        return self._divide([], {}, every) if self.plain else self._people(dict(enumerate(self.may)), {})

    def _divide(
        self, groups: list[_Group], matched: dict[int, Sitter], left: frozenset[int]
    ) -> Mapping[int, Sitter] | None:
        """Puts the seats that are left into groups, the one with the fewest choices first."""
        self.tried += 1
        if self.tried > MOST_TRIED:
            raise TooMany
        if not left:
            return {seat: matched[at] for at, group in enumerate(groups) for seat in group.seats}
        number = min(sorted(left), key=lambda one: self._number_of_choices(groups, matched, one))
        for divided, found in self._choices(groups, matched, number):
            if self._holds(divided, number):
                answer = self._divide(divided, found, left - {number})
                if answer is not None:
                    return answer
        return None

    def _joins(self, group: _Group, number: int) -> bool:
        return group.seats.isdisjoint(self.against[number]) and not group.may.isdisjoint(self.may[number])

    def _number_of_choices(self, groups: list[_Group], matched: dict[int, Sitter], number: int) -> int:
        alone = _rematched([*groups, _Group(frozenset(), self.may[number])], matched, len(groups)) is not None
        return sum(self._joins(group, number) for group in groups) + alone

    def _choices(
        self, groups: list[_Group], matched: dict[int, Sitter], number: int
    ) -> Iterator[tuple[list[_Group], dict[int, Sitter]]]:
        """Yields each group that a seat may join, and one of its own, with people for all the groups."""
        for at, group in enumerate(groups):
            if self._joins(group, number):
                joined = _Group(group.seats | {number}, group.may & self.may[number])
                divided = [*groups[:at], joined, *groups[at + 1 :]]
                people = matched if matched[at] in joined.may else _rematched(divided, matched, at)
                if people is not None:
                    yield divided, people
        divided = [*groups, _Group(frozenset((number,)), self.may[number])]
        people = _rematched(divided, matched, len(groups))
        if people is not None:
            yield divided, people

    def _holds(self, groups: list[_Group], number: int) -> bool:
        """Says whether what binds a seat, or others to it, still can hold."""
        at = {seat: index for index, group in enumerate(groups) for seat in group.seats}
        return self._bound(number, at, lambda one, other: at[one] == at[other])

    def _people(self, left: Mapping[int, frozenset[Sitter]], taken: dict[int, Sitter]) -> Mapping[int, Sitter] | None:
        """Gives people one by one, where some stand in for others and so count as two; who is left to each seat."""
        self.tried += 1
        if self.tried > MOST_TRIED:
            raise TooMany
        if not left:
            return taken
        number = min(left, key=lambda one: (len(left[one]), one))
        alike = set()
        for sitter in sorted(left[number], key=str):
            kind = self.kinds[sitter] if sitter not in taken.values() else sitter
            if kind in alike:
                continue
            alike.add(kind)
            more = {**taken, number: sitter}
            if self._bound(number, more, partial(_share, more)):
                rest = {
                    seat: frozenset(s for s in may if self._may_beside(seat, s, number, sitter))
                    for seat, may in left.items()
                    if seat != number
                }
                if all(rest.values()) and (answer := self._people(rest, more)) is not None:
                    return answer
        return None

    def _may_beside(self, one: int, sitter: Sitter, number: int, other: Sitter) -> bool:
        apart, hands = self.seating.apart, self.seating.hands
        if (one, number) in apart or (number, one) in apart:
            return not sitter.persons & other.persons
        return not (
            ((one, number) in hands and sitter.person in other.persons)
            or ((number, one) in hands and other.person in sitter.persons)
        )

    def _bound(self, number: int, there: Container[int], shares: Callable[[int, int], bool]) -> bool:
        """Says whether the bindings in which a seat is hold, as far as all that they speak of are there."""
        return all(
            any(shares(one, other) for other in others)
            for one, bindings in self.seating.bound.items()
            for others in bindings
            if number in (one, *others) and one in there and all(other in there for other in others)
        )


def _share(taken: Mapping[int, Sitter], one: int, other: int) -> bool:
    return not taken[one].persons.isdisjoint(taken[other].persons)


def _few(seating: Seating) -> list[frozenset[Sitter]]:
    """Leaves out people beyond the number of seats whom nothing tells apart from others, and needless stand-ins."""
    may = list(seating.may)
    if not seating.bound:
        # In their own right they share fewer persons with others, and nothing wants them to share one.
        may = [frozenset(s for s in all_ if s.principal is None or Sitter(s.person) not in all_) for all_ in may]
    kinds = _kinds(may)
    count: dict[Any, int] = {}
    left_out = set()
    for sitter in sorted(kinds, key=str):
        count[kinds[sitter]] = count.get(kinds[sitter], 0) + 1
        if count[kinds[sitter]] > len(may):
            left_out.add(sitter)
    return [sitters - left_out for sitters in may]


def _kinds(may: Sequence[frozenset[Sitter]]) -> Mapping[Sitter, Any]:
    """Gives what is equal for people whom nothing tells apart: they may take the same seats, for themselves."""
    standing = {person for sitters in may for s in sitters if s.principal is not None for person in s.persons}
    return {
        sitter: sitter
        if sitter.person in standing
        else tuple(number for number, sitters in enumerate(may) if sitter in sitters)
        for sitter in frozenset[Sitter]().union(*may)
    }


def _rematched(groups: list[_Group], matched: dict[int, Sitter], at: int) -> dict[int, Sitter] | None:
    """Gives different people for all groups where all but the one at `at` have theirs (an augmenting path)."""
    found = {index: sitter for index, sitter in matched.items() if index != at}
    whose = {sitter: index for index, sitter in found.items()}

    def find(index: int, tried: set[Sitter]) -> bool:
        for sitter in groups[index].may:
            if sitter in tried:
                continue
            tried.add(sitter)
            if sitter not in whose or find(whose[sitter], tried):
                whose[sitter] = index
                found[index] = sitter
                return True
        return False

    return found if find(at, set()) else None
