"""Whether there are people enough: can every path of a process be staffed, and if not, what stands in the way.

Whoever can staff more elements can staff fewer, so that one answer for all elements together is an answer for every
path. Where there is none, a smallest set of elements that cannot be staffed together is looked for, and whether some
path has them all: what excludes each other needs nobody twice. Exact for what the language can ask; what is decided by
another process, and what would take too long, is told as unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, combinations_with_replacement, islice, product
from typing import NamedTuple

from charter.engine.commands import Actor
from charter.engine.definition import Definition
from charter.engine.keys import name_of
from charter.engine.plan.program import prepare
from charter.engine.proof.explore import Graph
from charter.engine.proof.seating import Seating, TooMany, seat
from charter.engine.proof.seats import START, Seat, Seats

MOST_WAYS = 256  # to fill the seats of elements together
MOST_ESCALATIONS = 6
MOST_NEWCOMERS = 3  # of several roles
MOST_OF_ONE = 12  # newcomers of one role
MOST_GAPS = 20  # of elements that have a say in one another's staffing
# Says of elements whether some path has them all; None: not known.
Together = Callable[[frozenset[str]], bool | None]


class Rule(NamedTuple):
    """What holds between people: `apart` and `same` of two elements, `votes` of one, `check` of a point (`other`)."""

    kind: str
    element: str
    other: str = ""


class Gap(NamedTuple):
    """Elements that cannot be staffed together, though all but any one of them can.

    `seats`: theirs; `rules`: what holds between them; `more`: the roles of each person more with whom it would do, ()
    where no few people were found to. `sure`: whether some path has all of them.
    """

    elements: tuple[str, ...]
    seats: tuple[Seat, ...]
    rules: tuple[Rule, ...]
    more: tuple[tuple[str, ...], ...]
    sure: bool = True


class Staffing(NamedTuple):
    """said: `staffed`, `unstaffed` or `unknown`. `beyond`: elements that other processes have a part in;

    `hard`: elements whose staffing would take too long to judge; `named`: those whose people only a case names.
    """

    said: str
    gaps: tuple[Gap, ...]
    beyond: tuple[str, ...] = ()
    hard: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


def staffing(definition: Definition, people: Sequence[Actor], together: Together) -> Staffing:
    """Judges whether these people, with what each may do in the process, can staff every path of it."""
    return judge(Seats(prepare(definition), people), together)


def judge(seats: Seats, together: Together) -> Staffing:
    """Judges whether certain seats can all be taken, on every path."""
    gaps: list[Gap] = []
    hard: list[str] = []
    for group in groups_of(seats):
        try:
            gaps += _gaps(seats, group, together)
        except TooMany:
            hard += [name for name in sorted(group) if name]
    beyond = tuple(sorted(set(_beyond(seats))))
    unnamed = seats.unnamed()
    named = tuple(p.name for p in seats.by_people if p.element.assign_mode == "expression" or p.name in unnamed)
    sure = [gap for gap in gaps if gap.sure]
    said = "unstaffed" if sure else "unknown" if gaps or hard or beyond or unnamed else "staffed"
    return Staffing(said, (*sure, *(gap for gap in gaps if not gap.sure)), beyond, tuple(hard), named)


class Enough(NamedTuple):
    """Of people who can staff every path: `enough`, so few of them that none may be missing; `needed`, those without
    whom all the others could not do it, each with the elements that would lack somebody."""

    enough: tuple[str, ...]
    needed: tuple[tuple[str, tuple[str, ...]], ...]


def enough(seats: Seats, together: Together, goes_on: Callable[[], bool] = lambda: True) -> Enough | None:
    """Looks for the fewest people that are needed; None where they are not known to be enough, or it takes too long."""
    kept = list(dict.fromkeys(who.person for who in seats.people))
    if judge(seats, together).said != "staffed":
        return None
    needed: list[tuple[str, tuple[str, ...]]] = []
    for person in list(kept):
        if not goes_on():
            return None
        found = judge(seats.among([who for who in seats.people if who.person != person]), together)
        if found.said != "staffed":
            needed.append((person, tuple(dict.fromkeys(name for gap in found.gaps for name in gap.elements if name))))
            continue
        fewer = [one for one in kept if one != person]
        if judge(seats.among([who for who in seats.people if who.person in fewer]), together).said == "staffed":
            kept = fewer
    return Enough(tuple(kept), tuple(needed))


def occurs(graph: Graph) -> Together:
    """Says of elements whether some path that was seen has work on all of them; None where not all was seen."""

    def together(elements: frozenset[str]) -> bool | None:
        wanted = elements - {START}
        seen = {(number, frozenset[str]()) for number, (_, move) in enumerate(graph.came) if move is None}
        waiting = list(seen)
        while waiting:
            number, had = waiting.pop()
            if had == wanted:
                return True
            for edge in graph.next[number]:
                name = name_of(edge.move.node) if edge.move.node else START
                then = edge.target, had | ({name} & wanted)
                if then not in seen:
                    seen.add(then)
                    waiting.append(then)
        return None if graph.open else False

    return together


def groups_of(seats: Seats) -> Iterator[frozenset[str]]:
    """Yields the elements by people, those that have a say in one another's staffing together."""
    names = [START, *(plan.name for plan in seats.by_people)]
    near: dict[str, set[str]] = {name: set() for name in names}
    for name in names[1:]:
        for other in seats.related(name):
            if other in near:
                near[name].add(other)
                near[other].add(name)
    left = dict.fromkeys(names)
    while left:
        group, waiting = set[str](), [next(iter(left))]
        while waiting:
            name = waiting.pop()
            if name not in group:
                group.add(name)
                left.pop(name)
                waiting += near[name]
        yield frozenset(group)


def _beyond(seats: Seats) -> Iterator[str]:
    """Names what is kept apart from work that another process does."""
    runs = seats.program.runs
    for plan in seats.by_people:
        if not runs.isdisjoint(seats.related(plan.name)):
            yield plan.name


class _Group:
    """Elements that have a say in one another's staffing, judged together."""

    def __init__(self, seats: Seats, group: frozenset[str], together: Together) -> None:
        self.seats = seats
        self.order = [START, *seats.program.plans]
        self.group = group
        self.together = together
        self.known: dict[frozenset[str], bool] = {}
        self.looked: set[frozenset[str]] = set()

    def gap(self) -> Gap | None:
        """Gives elements that cannot be staffed together and some path has, before those of which that is not known."""
        found = self._conflict(self.group)
        if found is None:
            return None
        elements, sure = found
        told = tuple(sorted(elements, key=self.order.index))
        seats = self._told(elements)
        return Gap(told, seats, tuple(dict.fromkeys(self._rules(seats))), self._newcomers(elements, seats), sure)

    def _conflict(self, elements: frozenset[str]) -> tuple[frozenset[str], bool] | None:
        """Looks for a smallest conflict of elements that go together: no other has all of one that do not."""
        if elements in self.looked or self.staffed(elements):
            return None
        self.looked.add(elements)
        if len(self.looked) > MOST_WAYS:
            raise TooMany
        core = self._core(elements)
        together = len(core) < 2 or self.together(core)
        if together:
            return core, True
        best = None if together is False else (core, False)
        for element in sorted(core, key=self.order.index):
            found = self._conflict(elements - {element})
            if found is not None and found[1]:
                return found
            best = best or found
        return best

    def _core(self, elements: frozenset[str]) -> frozenset[str]:
        """Leaves out every element without which it still cannot be done."""
        core = elements
        for element in sorted(elements, key=self.order.index):
            if not self.staffed(core - {element}):
                core -= {element}
        return core

    def staffed(self, elements: frozenset[str]) -> bool:
        """Says whether elements can be staffed together, however they are escalated."""
        if elements not in self.known:
            escalating = [name for name in self.seats.escalating if name in elements]
            if len(escalating) > MOST_ESCALATIONS:
                raise TooMany
            self.known[elements] = all(
                self._staffed(elements, frozenset(higher))
                for count in range(len(escalating) + 1)
                for higher in combinations(escalating, count)
            )
        return self.known[elements]

    def _staffed(self, elements: frozenset[str], escalated: frozenset[str]) -> bool:
        for number, seats in enumerate(self._ways(elements, escalated)):
            if number >= MOST_WAYS:
                raise TooMany
            if seat(self._seating(seats)) is not None:
                return True
        return False

    def _ways(self, elements: frozenset[str], escalated: frozenset[str]) -> Iterator[tuple[Seat, ...]]:
        ways = [
            [(self.seats.start(),)]
            if name == START
            else self.seats.ways(self.seats.program.plans[name], escalated=name in escalated)
            for name in sorted(elements, key=self.order.index)
        ]
        return (tuple(one for way in chosen for one in way) for chosen in product(*ways))

    def _seating(self, seats: Sequence[Seat]) -> Seating:
        numbered = list(enumerate(seats))
        rules = self.seats
        pairs = [(one, other) for one, other in combinations(numbered, 2)]
        apart = frozenset((i, j) for (i, one), (j, other) in pairs if rules.apart(one, other))
        hands = frozenset((i, j) for i, one in numbered for j, other in numbered if i != j and rules.hands(one, other))
        bound = {i: found for i, one in numbered if (found := tuple(rules.bound(one, seats)))}
        return Seating([one.may for one in seats], apart, hands, bound)

    def _told(self, elements: frozenset[str]) -> tuple[Seat, ...]:
        """Gives the seats to show: of an approval that cannot be staffed once it is escalated, those of then."""
        escalating = [name for name in self.seats.escalating if name in elements]
        for count in range(len(escalating) + 1):
            for higher in combinations(escalating, count):
                if not self._staffed(elements, frozenset(higher)):
                    return next(self._ways(elements, frozenset(higher)))
        return ()

    def _rules(self, seats: tuple[Seat, ...]) -> Iterator[Rule]:
        """Yields what holds between seats, in the order of the process."""
        seating = self._seating(seats)
        for i, j in sorted(seating.apart):
            one, other = seats[i], seats[j]
            yield (
                Rule("votes", one.element)
                if one.element == other.element
                else Rule("apart", one.element, other.element)
            )
        for i, _ in sorted(seating.hands):
            yield Rule("check", seats[i].element, seats[i].name)
        for i, bindings in seating.bound.items():
            yield from (Rule("same", seats[i].element, seats[others[0]].element) for others in bindings if others)

    def _newcomers(self, elements: frozenset[str], seats: tuple[Seat, ...]) -> tuple[tuple[str, ...], ...]:
        """Gives the roles of the fewest people more with whom the elements could be staffed."""
        higher = next(self._ways(elements, elements & frozenset(self.seats.escalating)))
        roles = list(dict.fromkeys(role for one in (*seats, *higher) for role in one.roles))
        alone = [(role,) for role in roles]
        # One person does what is bound to be one person's, in whatever roles.
        several = [alike for n in range(2, len(roles) + 1) for alike in combinations(roles, n)]
        profiles = alone + (several if any(tuple(self.seats.bound(one, seats)) for one in seats) else [])
        few = (c for n in range(1, MOST_NEWCOMERS + 1) for c in combinations_with_replacement(profiles, n))
        many = ((role,) * n for n in range(MOST_NEWCOMERS + 1, MOST_OF_ONE + 1) for role in alone)
        for wanted in (*islice(few, MOST_WAYS), *many):
            if _Group(joined(self.seats, wanted), elements, self.together).staffed(elements):
                return wanted
        return ()


def joined(seats: Seats, newcomers: Sequence[tuple[str, ...]]) -> Seats:
    """Gives the seats with so many people more, each new in some roles, who show what these ask for."""
    people = list(seats.people)
    for roles in newcomers:
        declared = [seats.program.roles[role] for role in roles if role in seats.program.roles]
        asked = [requirement for role in declared for requirement in role.requires]
        skills = tuple((r.name, r.at_least or 0) for r in asked if r.kind == "skill")
        certificates = tuple(r.name for r in asked if r.kind == "certificate")
        people.append(Actor(f"+{len(people)}", roles, skills=skills, certificates=certificates))
    return seats.among(people)


def _gaps(seats: Seats, group: frozenset[str], together: Together) -> Iterator[Gap]:
    """Yields the gaps of a group, each as it is once those before it are closed."""
    for _ in range(MOST_GAPS):
        gap = _Group(seats, group, together).gap()
        if gap is None:
            return
        yield gap
        if not gap.more:
            return
        seats = joined(seats, gap.more)
