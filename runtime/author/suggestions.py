"""Writes the scenarios that are missing for what none has reached yet, in the language of the file.

Each was played at the end of its file before it is shown, and reaches what it says. What no scenario shows is given
with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import Literal

from msgspec import Struct

from charter.dsl.build.stories import stands, story, tells
from charter.dsl.text.words import Language
from charter.engine.definition import Definition
from charter.engine.keys import name_of
from charter.engine.machines import OPEN
from charter.engine.proof.assumptions import assumed
from charter.engine.proof.explore import explore
from charter.engine.proof.tours import Tour, Tours, notable
from charter.runtime.author.coverage import FIRED, Reach, reached
from charter.runtime.author.proof import Prover

BUDGET = 10.0  # seconds for each process
Why = Literal["never", "unseen", "untold", "unplayed", "figure"]
Title = Callable[[Definition, tuple[Reach, ...], Language], str]


class Suggestion(Struct, frozen=True):
    """A scenario as text, and what it reaches that none did before."""

    definition: Definition
    title: str
    text: str
    reaches: tuple[Reach, ...]


class Missing(Struct, frozen=True):
    """What no scenario shows. `never`: it cannot happen; `unseen`: it was not found in the time there was; `untold`: it
    takes a file, or another case that no scenario could bring to its end; `unplayed`: the scenario did not come out so;
    `figure`: it takes the verdict of a KPI, which is of no case.
    """

    definition: Definition
    reach: Reach
    why: Why


def suggest(
    prover: Prover,
    definition: Definition,
    lacking: Iterable[Reach],
    title: Title,
    clock: Callable[[], float] = monotonic,
    budget: float = BUDGET,
) -> Iterator[Suggestion | Missing]:
    """Yields scenarios until nothing lacks that can be shown, then what cannot; half of the time is for looking."""
    of_figures = {(rule.name, FIRED) for rule in definition.rules if not rule.of_cases}
    wanted = list(lacking)
    left = [reach for reach in wanted if reach not in of_figures]
    yield from (Missing(definition, reach, "figure") for reach in wanted if reach in of_figures)
    if not left:
        return
    given = assumed(definition)
    bound = definition.bind(dict(given))
    begun = clock()
    graph = explore(bound, lambda _: clock() - begun < budget / 2)
    tours = Tours(
        bound, graph, reached, lambda s, c: tells(bound, s, c, prover.subcase), lambda: clock() - begun < budget
    )
    unplayed: list[Reach] = []
    titles = {scenario.title for scenario in prover.compiled.scenarios}
    while tour := tours.find(left):
        language = prover.language
        name = _unlike(title(bound, tour.shows, language), titles)
        fired = [name for name, outcome in tour.shows if outcome == FIRED]
        text = story(bound, name, tour.start, tour.commands, _expected(tour), language, given, prover.subcase, fired)
        played = prover.played(text) if text is not None else None
        if text is None or played is None or played.failure is not None:
            unplayed += tour.shows
            left = [reach for reach in left if reach not in tour.shows]
            continue
        shown = set(reached(played.entries.get(definition.name, ())))
        unplayed = [reach for reach in unplayed if reach not in shown]
        gained = tuple(reach for reach in left if reach in shown)
        if gained:
            titles.add(name)
            yield Suggestion(definition, name, text, gained)
        unplayed += [reach for reach in tour.shows if reach not in shown]
        left = [reach for reach in left if reach not in shown and reach not in tour.shows]
    whole = tours.whole and not graph.open and not graph.inexact
    of_rules = {rule.name for rule in definition.rules}
    of_clocks = {sla.name for sla in definition.slas}
    elements = {(n, o) for n, o in (*left, *unplayed) if n not in of_clocks and not (n in of_rules and o == FIRED)}
    for reach in [*left, *unplayed]:
        why: Why = "unplayed" if reach in unplayed else "untold" if reach in tours.possible else "unseen"
        # What the conditions of rules ask, and how long clocks run, is not explored.
        explored = whole and reach in elements
        yield Missing(definition, reach, "never" if why == "unseen" and explored else why)


def _expected(tour: Tour) -> list[tuple[str, str]]:
    """What a reader would look for at the end: how what is out of the ordinary stands, and the case."""
    outcomes = dict(filter(notable, tour.shows))
    found = stands(tour.state, [key for key in tour.state.nodes if name_of(key) in outcomes])
    late = {key for key, node in tour.state.nodes.items() if node.overdue and node.state in OPEN}
    return [(key, "overdue" if key in late and outcomes[name_of(key)] == "overdue" else state) for key, state in found]


def _unlike(title: str, titles: set[str]) -> str:
    number = 2
    found = title
    while found in titles:
        found, number = f"{title} ({number})", number + 1
    return found
