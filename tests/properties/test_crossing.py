"""Lineage over the borders of cases: what a version came from led to it, in whichever case either lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from charter.dsl.passes import Compiled
from charter.runtime.audit.asof import moments
from charter.runtime.audit.crossing import Web
from charter.runtime.audit.lineage import Lineage, lineage
from charter.runtime.audit.log import Chain, Origin, seal
from charter.runtime.author.scenarios import play
from charter.runtime.author.texts import compile_file
from charter.runtime.host.memory import World

ROOT = Path(__file__).resolve().parents[2]
LINKED: Compiled = compile_file(str(ROOT / "tests/conformance/language/linked_cases.charter"))
RUN: Compiled = compile_file(str(ROOT / "tests/conformance/language/subprocesses.charter"))

Version = tuple[str, str]  # the case, and the version's name


def graphs(world: World) -> dict[str, Lineage]:
    """Reads the graph of every case of a world off its entries, as they are sealed and read back."""
    found = {}
    for case in world.cases():
        definition, _ = world.find(case) or (None, None)
        assert definition is not None
        _, records, _ = seal(Chain(case), world.entries(case), Origin("test", "host", "process", "digest"))
        found[case] = lineage(moments(lambda _, known=definition: known, records))  # type: ignore[misc]
    return found


def above(case: str, tree: Mapping[str, Any]) -> Iterator[tuple[Version, Version]]:
    for used in tree["from"]:
        there = used.get("case", case)
        yield (case, named(tree)), (there, named(used))
        yield from above(there, used)


def below(version: Version, tree: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Version, Version]]:
    for branch in tree:
        at = branch.get("case", version[0])
        for made in branch["made"]:
            further = made.get("case", at), named(made)
            yield further, version
            yield from below(further, made["came"])


def named(made: Mapping[str, Any]) -> str:
    return f"{made['record']}@{made['record_version']}"


def played(story: Compiled, index: int) -> dict[str, Lineage]:
    """Plays a scenario and gives the graphs of its cases."""
    worlds: list[World] = []

    def make(*given: Any) -> World:
        worlds.append(World(*given))
        return worlds[-1]

    play(story.scenarios[index], story.definitions, make)
    return graphs(worlds[0])


def by_parent(every: Mapping[str, Lineage]) -> Callable[[str, str], str | None]:
    """Gives what finds the case that an element of a case runs."""
    ran = {graph.parent: case for case, graph in every.items() if graph.parent is not None}
    return lambda case, node: ran.get((case, node))


STORIES = [(story, index) for story in (LINKED, RUN) for index in range(len(story.scenarios))]


@pytest.mark.parametrize(("story", "index"), STORIES, ids=[s.scenarios[i].title for s, i in STORIES])
def test_what_a_version_came_from_led_to_it_over_every_border(story: Compiled, index: int) -> None:
    every = played(story, index)
    about = {
        case: {d.case for d in every.values() for deed in d.deeds for read in deed.reads if read.case == case}
        for case in every
    }
    run = by_parent(every)
    web = Web(every.get, lambda case: sorted(about[case]), run, lambda case, link: True)
    versions = [(graph, made) for graph in every.values() for found in graph.versions.values() for made in found]
    up = {pair for graph, made in versions for pair in above(graph.case, web.upward(graph, made))}
    down = {pair for graph, made in versions for pair in below((graph.case, made.name), web.downward(graph, made))}
    assert up == down
    # Nobody reads through a link what nobody may read: no case but its own is told of then.
    shut = Web(every.get, lambda case: sorted(about[case]), lambda case, node: None, lambda case, link: False)
    linked = {*(case for case in every if about[case]), *(other for found in about.values() for other in found)}
    for graph, made in versions:
        graph.parent = None
        told = str((shut.upward(graph, made), shut.downward(graph, made)))
        assert not any(other in told for other in linked - {graph.case})


def test_borders_are_crossed_both_ways() -> None:
    """The second of these stories: a change read the plan of a project, and its approval amended that plan."""
    project, change = played(LINKED, 1).values()
    web = Web(
        {project.case: project, change.case: change}.get,
        lambda c: [change.case],
        lambda case, node: None,
        lambda case, link: True,
    )
    plan = project.versions["plan"][-1]
    assert {there for _, there in above(project.case, web.upward(project, plan))} >= {
        (project.case, "plan@1"),
        (change.case, "request@1"),
    }
    request = change.versions["request"][0]
    assert ((project.case, "plan@2"), (change.case, "request@1")) in set(
        below((change.case, "request@1"), web.downward(change, request))
    )
    decided = [d for d in web.downward(project, project.versions["plan"][0]) if d.get("case") == change.case]
    assert [each["deed"]["element"] for each in decided] == ["decide", "put_in"]


def test_a_case_that_another_runs_is_crossed_both_ways() -> None:
    """What the case that is run was given came from what the other one knew, and its result became a record there."""
    pairs = {
        (one[0], other[0])
        for index in range(len(RUN.scenarios))
        for every in [played(RUN, index)]
        for web in [Web(every.get, lambda case: (), by_parent(every), lambda case, link: True)]
        for graph in every.values()
        for found in graph.versions.values()
        for made in found
        for one, other in above(graph.case, web.upward(graph, made))
        if one[0] != other[0]
    }
    assert {(a.partition("-")[0], b.partition("-")[0]) for a, b in pairs} == {
        ("delivery", "packing"),
        ("packing", "delivery"),
    }
