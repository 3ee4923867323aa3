"""The past, lineage, reasons and views over generated histories of generated processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import assume, given, settings
from tests.properties.histories import histories
from tests.written import process

from charter.engine.commands import Actor, Amend, Command, Complete
from charter.engine.definition import Definition
from charter.engine.machines import OPEN
from charter.engine.state import CaseState
from charter.engine.step.transition import Step
from charter.runtime.audit.asof import as_of, moments
from charter.runtime.audit.crossing import alone
from charter.runtime.audit.lineage import lineage
from charter.runtime.audit.log import Chain, Origin, Sealed, seal
from charter.runtime.audit.why import why
from charter.runtime.desk import views
from charter.runtime.host.memory import World
from charter.runtime.store.errors import NotText

History = tuple[Definition, list[tuple[CaseState, Command, Step]]]


def sealed(history: list[tuple[CaseState, Command, Step]]) -> list[Sealed]:
    """Seals a history up to the first command that the host turns away as no text, and cuts the history there."""
    chain, out = Chain("case"), []
    for index, (_, _, step) in enumerate(history):
        try:
            chain, more, _ = seal(chain, step.entries, Origin("test", "host", "process", "digest"))
        except NotText:
            del history[index:]
            break
        out += more
    assume(history)
    return out


@settings(max_examples=80)
@given(histories(25))
def test_every_moment_of_the_past_is_what_was(history: History) -> None:
    definition, steps = history
    records = sealed(steps)
    found = list(moments(lambda _: definition, records))
    assert [m.after for m in found] == [step.state for _, _, step in steps]
    assert [r.seq for m in found for r in m.entries] == list(range(1, len(records) + 1))
    for moment in found:
        for seq in (moment.first, moment.last):
            then = as_of(lambda _: definition, records, seq=seq)
            assert then is not None and then.after == moment.after
    assert as_of(lambda _: definition, records, at=records[0].at - 1) is None


@settings(max_examples=80)
@given(histories(30))
def test_every_version_was_made_once_from_what_was_made_before(history: History) -> None:
    definition, steps = history
    records = sealed(steps)
    graph = lineage(moments(lambda _: definition, records))
    last = steps[-1][2].state
    assert {key: made[-1].number for key, made in graph.versions.items() if key in last.versions} == {
        key: version.number for key, version in last.versions.items()
    }
    makers: dict[str, int] = {}
    for deed in graph.deeds:
        for made in deed.made:
            assert made.name not in makers
            makers[made.name] = deed.seq
    for deed in graph.deeds:
        for used in deed.used:
            assert makers[used.name] <= deed.seq
        # one version of each record, or of each instance of it, and never two of one
        assert len({used.key for used in deed.used}) == len(deed.used)
    rests = {(made.name, used.name) for deed in graph.deeds for made in deed.made for used in deed.used}
    every = [made for versions in graph.versions.values() for made in versions]
    assert {pair for made in every for pair in _above(alone().upward(graph, made))} == rests
    assert {pair for made in every for pair in _below(made.name, alone().downward(graph, made))} == rests
    for made in every:
        assert _named(alone().upward(graph, made)) == made.name


def test_the_same_content_again_is_a_version_of_its_own() -> None:
    text = """process p
  owner li
  role li
  record note
    text text
  record copy
    text text
  activity write
    role   li
    output note
  activity write_too
    role   li
    output note
  activity copy_it
    role   li
    input  note
    output copy
"""
    definition = process(text)
    li = Actor("li", ("li",))
    world = World((definition,), 1_772_442_000_000_000)
    case, _ = world.start("p", li)

    def does(node: str, **records: str) -> None:
        given = tuple((record, {"text": value}) for record, value in records.items())
        sent = Complete(actor=li, at=world.clock, node=node, records=given)
        assert world.perform(case, sent).refusal is None

    def amends(value: str) -> None:
        sent = Amend(actor=li, at=world.clock, reason="so", record="note", value={"text": value})
        assert world.perform(case, sent).refusal is None

    does("write", note="a")
    does("write_too", note="a")
    does("copy_it", copy="a")
    amends("b")
    does("copy_it", copy="b")
    amends("a")
    does("copy_it", copy="a")
    _, records, _ = seal(Chain("case"), world.entries(case), Origin("test", "host", "process", "digest"))
    graph = lineage(moments(lambda _: definition, records))
    notes, copies = graph.versions["note"], graph.versions["copy"]
    assert [made.name for made in notes] == ["note@1", "note@2", "note@3"]
    assert notes[0].digest == notes[2].digest != notes[1].digest
    # Whoever writes what is there already makes nothing; each use is of the version that stood then.
    assert [(d.node, [m.name for m in d.made]) for d in graph.deeds if d.node is not None and d.node != "copy_it"] == [
        ("write", ["note@1"]),
        ("write_too", []),
    ]
    for note, copy in zip(notes, copies, strict=True):
        assert [used.name for used in graph.maker(copy).used] == [note.name]  # type: ignore[union-attr]
        assert [m.name for d in graph.users(note) if d.node == "copy_it" for m in d.made] == [copy.name]
    assert graph.find("note@1") is notes[0] and graph.find("note") is notes[2]


def _named(made: Mapping[str, Any]) -> str:
    return f"{made['record']}@{made['record_version']}"


def _above(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for used in (used for used in tree["from"] if "record" in used):  # what a case was given lies in another one
        yield _named(tree), _named(used)
        yield from _above(used)


def _below(version: str, tree: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for branch in tree:
        for made in branch["made"]:
            yield _named(made), version
            yield from _below(_named(made), made["came"])


@settings(max_examples=80)
@given(histories(25))
def test_the_tree_shows_every_node_once_and_every_element(history: History) -> None:
    definition, steps = history
    state = steps[-1][2].state
    shown = [row.key for row in views.rows(definition, state)]
    assert len(shown) == len(set(shown))
    assert set(state.nodes) <= set(shown)
    # an element inside a `for each` shows once it has an instance
    assert {e.name for e in definition.elements if e.parent is None} <= {key.partition("[")[0] for key in shown}
    folded = [row.key for row in views.collapsed(list(views.rows(definition, state)))]
    assert folded == [key for key in shown if key in set(folded)]
    waiting = {w.key for w in views.waiting(definition, state)}
    assert waiting <= set(state.nodes)
    assert all(state.nodes[key].state in OPEN for key in waiting)


@settings(max_examples=40)
@given(histories(25))
def test_why_follows_causes_back_to_a_command(history: History) -> None:
    definition, steps = history
    records, state = sealed(steps), steps[-1][2].state
    for key, node in state.nodes.items():
        found = why(definition, state, records, key, steps[-1][1].at)
        assert found.state == node.state
        if found.chain:
            assert "cause" not in found.chain[-1].fields
            assert found.chain[0].fields["after"] == node.state
