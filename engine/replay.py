"""Playing a trail again: from the commands found in its entries to the state, and the first place where they differ.

The first entry of each step carries its command; everything else in a trail must follow from these. What other rules
judged (`law.Rules`) than those of this build may well come out alike: then it is proved all the same. Where it does
not, nobody here can tell another law from a change; how the case stood is not known until a `continued` entry says it.
Knows neither chain nor storage: it sees `Entry` values in the order of the case's sequence, from the first one on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from charter.engine import law
from charter.engine.commands import Answer, Command, Continue, Migrate, Start
from charter.engine.definition import Definition
from charter.engine.effects import Effect
from charter.engine.entries import Entry
from charter.engine.entries.cases import Continued, Migrated
from charter.engine.law import Rules
from charter.engine.state import NEW, CaseState, from_snapshot
from charter.engine.step.transition import Target, step
from charter.engine.text import composed

# What reading a command or a state comes to that no step wrote, or playing it.
_UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Difference(Struct, frozen=True):
    """Entry number `index` (from 0) is `found` where the definition produces `expected`; None: there is none.

    `rules` judged what stands there.
    """

    index: int
    found: Entry | None
    expected: Entry | None
    rules: Rules

    @property
    def is_foreign(self) -> bool:
        """Tells whether other rules than those of this build may be the reason."""
        return self.rules != law.PRESENT


class Played(Struct, frozen=True):
    """One step of a trail: where its entries begin and how many they are, its command (None: there is none),
    the states around it.

    `sure`: the entries are those of the trail, from its start or the last `continued` on to here. Where they are not,
    the states are what this build makes of the commands. `differences`: those that begin here. `definition`: the one
    that the case runs from here on. `effects`: what the step asked of the world.
    """

    index: int
    length: int
    command: Command | None
    before: CaseState
    after: CaseState
    sure: bool
    definition: Definition
    differences: tuple[Difference, ...] = ()
    effects: tuple[Effect, ...] = ()


class Replay(Struct, frozen=True):
    """What a trail comes to: the state at its end, None where other rules judged and nobody here knows it.

    `difference` is a fault, and the state the one before its step; `foreign` is the first that other rules may explain.
    `asked`: what all its steps asked of the world, and `answered`: which elements and attempts got an answer.
    """

    state: CaseState | None
    difference: Difference | None = None
    foreign: Difference | None = None
    asked: tuple[Effect, ...] = ()
    answered: frozenset[tuple[str, int]] = frozenset()


# Gives the definition of a digest, None where there is none.
Find = Callable[[str], Definition | None]


def unknown(_digest: str) -> None:
    """Knows no definition: for trails of cases that stay with theirs."""


def replay(definition: Definition, entries: Iterable[Entry], find: Find = unknown) -> Replay:
    """Plays a trail up to its end or its first fault; `definition`: the one that the case began with."""
    state: CaseState | None = NEW
    foreign = None
    asked: list[Effect] = []
    answered: set[tuple[str, int]] = set()
    for played in play(definition, entries, find):
        for difference in played.differences:
            if not difference.is_foreign:
                return Replay(played.before, difference, foreign)
            foreign = foreign or difference
        state = played.after if played.sure else None
        asked += played.effects
        if isinstance(played.command, Answer):
            answered.add((played.command.node, played.command.attempt))
    return Replay(state, None, foreign, tuple(asked), frozenset(answered))


def play(definition: Definition, entries: Iterable[Entry], find: Find = unknown) -> Iterator[Played]:
    """Plays every step of a trail, also after differences; `definition`: the one that the case began with.

    Here alone a trail goes over from one definition to another: after a `migrated` entry, to the one that it names.
    """
    # A trail that does not begin with a start is none under any law.
    state, rules, sure = NEW, law.PRESENT, True
    crossed: dict[int, tuple[CaseState, CaseState]] = {}
    for index, group in _steps(entries):
        command = group[0].command
        named = Rules(command.law, command.tzdata) if isinstance(command, Start | Continue) else None
        if index == 0 and named is not None:
            rules = named
        target = _target(find, state, command, crossed)
        after, effects, difference = _play(definition, state, command, index, group, rules, target)
        found = [difference] if difference is not None and sure else []
        sure = sure and difference is None
        continued = isinstance(group[0].told, Continued)
        if continued and named is not None and not sure and all(d.is_foreign for d in found):
            # How that ended which other rules judged is for the trail to say.
            state = _stood(group[0]) or state
            after, effects, difference = _play(definition, state, command, index, group, named)
            found += [difference] if difference is not None else []
            sure = difference is None
        if named is not None and continued:
            rules = named
        if isinstance(group[0].told, Migrated) and target is not None:
            definition = target.definition
            crossed[index + 1] = state, after
        yield Played(index, len(group), command, state, after, sure, definition, tuple(found), effects)
        state = after


def _target(
    find: Find, state: CaseState, command: Command | None, crossed: dict[int, tuple[CaseState, CaseState]]
) -> Target | None:
    """Gives where a migration leads; None where it leads nowhere, or back to what is not there."""
    definition = find(command.to) if isinstance(command, Migrate) else None
    if not isinstance(command, Migrate) or definition is None:
        return None
    if command.undoes is None:
        return None if command.restores else Target(definition)
    before, after = crossed.get(command.undoes, (None, None))
    if before is None or after is None or (command.restores and not untouched(after, state)):
        return None
    return Target(definition, before)


def untouched(after: CaseState, state: CaseState) -> bool:
    """Says whether a case stands as a step has left it; what was refused since counts for nothing."""
    return after._replace(entries_written=state.entries_written) == state


def _steps(entries: Iterable[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """Parts a trail into its steps, each with the number of its first entry."""
    first, group = 0, list[Entry]()
    for index, entry in enumerate(entries):
        if group and entry.command is not None:
            yield first, group
            first, group = index, []
        group.append(entry)
    if group:
        yield first, group


def _stood(entry: Entry) -> CaseState | None:
    try:
        return from_snapshot(entry.told.state) if isinstance(entry.told, Continued) else None
    except _UNREADABLE:
        return None


def _play(
    definition: Definition,
    state: CaseState,
    command: Command | None,
    index: int,
    group: Sequence[Entry],
    rules: Rules,
    target: Target | None = None,
) -> tuple[CaseState, tuple[Effect, ...], Difference | None]:
    """Gives the state after a step, what it asks for, and where its entries differ from those found."""
    try:
        done = step(definition, state, command, target) if command is not None else None
    except _UNREADABLE:
        done = None
    if done is None:
        # A step begins here, but none that can be played: an entry was put in, taken out or changed.
        return state, (), Difference(index, group[0], None, rules)
    for offset in range(max(len(group), len(done.entries))):
        found = group[offset] if offset < len(group) else None
        expected = done.entries[offset] if offset < len(done.entries) else None
        if found != expected and found != composed(expected):  # a trail is in the one form of text
            return done.state, done.effects, Difference(index + offset, found, expected, rules)
    return done.state, done.effects, None
