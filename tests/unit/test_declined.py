"""What a case asks for and nothing comes of: it never ends without an answer, an entry or an incident."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.calling import post
from tests.founded import founded
from tests.leave import Clock, count, kinds

from charter.dsl.passes import compile
from charter.engine import plain
from charter.engine.commands import Actor
from charter.engine.effects import (
    Address,
    AmendCase,
    AnswerParent,
    CallConnector,
    Effect,
    Notify,
    Offer,
    StartCase,
    TellCase,
)
from charter.engine.entries.cases import Declined
from charter.engine.hosting import ASKED
from charter.runtime.audit import log
from charter.runtime.audit.verify import verify
from charter.runtime.cli.failures import declined_sentence
from charter.runtime.cli.messages import Messages
from charter.runtime.desk import notes
from charter.runtime.host.cases import Cases
from charter.runtime.host.memory import World
from charter.runtime.host.outbox import MOST_TRIES
from charter.runtime.people.changes import People
from charter.runtime.store import Store, tables as t

TEXT = """
process review
  input tip
  role clerk
  record tip
    cause text where string length(cause) > 3
  activity look
    role  clerk
    input tip

process order
  role clerk
  role packer
  record note
    cause text
  rule many
    on   note written
    then start review with tip = {cause: note.cause}
  activity write
    role   clerk
    output note
  activity tell start review with tip = {cause: note.cause}
    input note
  activity pack
    role   packer
    assign in turn
  activity wait
    role clerk
"""
LANGS = ("en", "zh")
SHORT = {"note": {"cause": "ab"}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with founded(tmp_path / "a.db", "ann", clock=Clock()) as opened:
        yield opened


def host(store: Store, clock: Clock, *processes: str, text: str = TEXT) -> Cases:
    compiled = compile("a.charter", text.encode())
    assert not [d for d in compiled.diagnostics if d.is_error]
    people = People(store, by="ann", clock=clock)
    for person in ("ann", "bea"):
        people.add(person)
    people.grant("bea", "clerk")
    opened = Cases(store, clock=clock)
    for definition in compiled.definitions:
        if definition.name in processes:
            assert opened.deploy(definition, by="ann").refusal is None
    return opened


def declined(store: Store, case: str) -> list[tuple[str, str, str | None, str | None, str]]:
    """Lists what came to nothing: what was asked, its target, why, its element, and what the asking entry is."""
    with store.read() as connection:
        found = [sealed.entry for sealed in log.load(connection, case)]
    return [
        (e.told.ask, e.told.target, e.told.because and e.told.because.code, e.node, found[(e.told.asked or 0) - 1].kind)
        for e in found
        if isinstance(e.told, Declined)
    ]


def undone(store: Store, case: str) -> list[str]:
    """Lists what `show` says was not done, by its code or as given up."""
    with store.read() as connection:
        told = [entry.told for entry in notes.declined(connection, case, lambda sealed: sealed)]
    return [each.because.code if each.because else "given up" for each in told if isinstance(each, Declined)]


def test_what_is_given_up_stays_undone(store: Store) -> None:
    opened = host(store, Clock(), "order")
    case = opened.start("order", person="bea").case
    [one] = opened.incidents.all()
    assert undone(store, case) == ["CH599"]
    opened.incidents.settle(one.ask.number, by="ann", reason="not this one")
    assert undone(store, case) == ["given up"]


def test_a_start_that_nobody_waits_for_is_told_where_it_is_refused(store: Store) -> None:
    clock = Clock()
    opened = host(store, clock, "order", "review")
    case = opened.start("order", person="bea").case
    done = opened.perform(case, person="bea", verb="complete", node="write", records=SHORT)
    assert done.refusal is None
    assert opened.state(case).nodes["tell"].state == "done"
    assert declined(store, case) == [
        ("Offer", "packer", "CH599", "pack", "opened"),
        ("StartCase", "review", "CH528", "tell", "called"),
        ("StartCase", "review", "CH528", None, "launched"),
    ]
    assert [one.ask.kind for one in opened.incidents.all()] == ["Offer", "StartCase", "StartCase"]
    assert all(one.next_at is None and one.ask.deliveries == 1 for one in opened.incidents.all())
    assert verify(store).sound


def test_a_start_is_made_once_its_process_is_there(store: Store) -> None:
    clock = Clock()
    opened = host(store, clock, "order")
    case = opened.start("order", person="bea").case
    assert (
        opened.perform(case, person="bea", verb="complete", node="write", records={"note": {"cause": "late"}}).refusal
        is None
    )
    assert [row[2] for row in declined(store, case)] == ["CH599", "CH597", "CH597"]
    assert undone(store, case) == ["CH599", "CH597", "CH597"]
    # Tried again in vain it is still one thing that was not done.
    opened.incidents.retry(opened.incidents.all()[0].ask.number, by="ann")
    opened.tick()
    assert len(declined(store, case)) == 4
    assert sorted(undone(store, case)) == ["CH597", "CH597", "CH599"]
    host(store, clock, "review")
    People(store, by="ann", clock=clock).grant("bea", "packer")
    for one in opened.incidents.all():
        assert opened.incidents.retry(one.ask.number, by="ann")[1] is None
    opened.tick()
    assert opened.incidents.all() == []
    assert undone(store, case) == []
    assert opened.state(case).nodes["pack"].holder == "bea"
    assert count(store, t.cases) == 3
    assert verify(store).sound


def test_the_host_in_memory_says_the_same() -> None:
    order = next(d for d in compile("a.charter", TEXT.encode()).definitions if d.name == "order")
    world = World([order], Clock()(), [Actor("bea", ("clerk",))])
    case, _ = world.start("order", Actor("bea", ("clerk",)))
    assert [e.told.because.code for e in world.entries(case) if isinstance(e.told, Declined) and e.told.because] == [
        "CH599"
    ]


# Every kind of effect, where nobody can do it, and what the case that asked, or waits, says then.
HOPELESS: list[tuple[Effect, str]] = [
    (StartCase("tell", "nowhere", 1, wait=False), "declined"),
    (StartCase("", "nowhere", 0, wait=False), "declined"),
    (Offer("pack", ("packer",), "in turn"), "declined"),
    (AnswerParent("x", "gone", 1), "declined"),
    (Notify("pack", ("packer",)), "declined"),
    (Address("pack", ("nobody",)), "declined"),
    (CallConnector("wait", "nowhere", 1), "refused"),
]
# What a later step has made needless asks for nothing any more.
NEEDLESS: list[Effect] = [
    StartCase("wait", "nowhere", 1),
    TellCase("wait", 1, "cancel"),
    AmendCase("wait", 1, "order", "nowhere", "note", None),
]


def test_every_kind_of_effect_is_accounted_for() -> None:
    assert {type(effect) for effect, _ in HOPELESS} | {type(effect) for effect in NEEDLESS} == set(ASKED.values())


@pytest.mark.parametrize(("effect", "kind"), HOPELESS)
def test_nothing_that_a_step_asks_for_ends_without_a_word(store: Store, effect: Effect, kind: str) -> None:
    clock = Clock()
    opened = host(store, clock, "order")
    case = opened.start("order", person="bea").case
    for one in opened.incidents.all():
        opened.incidents.settle(one.ask.number, by="ann", reason="not this one")
    before = len(kinds(store, case))
    post(store, case, type(effect).__name__, json.dumps(plain.to_json(effect)))
    for _ in range(MOST_TRIES):
        opened.tick()
        clock.at += 10**10
    for one in opened.incidents.all():
        assert opened.incidents.settle(one.ask.number, by="ann", reason="nobody can")[1] is None
    assert kind in kinds(store, case)[before:]
    assert verify(store).sound


def test_people_are_told_in_both_languages(store: Store) -> None:
    clock = Clock()
    opened = host(store, clock, "order")
    case = opened.start("order", person="bea").case
    opened.perform(case, person="bea", verb="complete", node="write", records=SHORT)
    with store.read() as connection:
        found = [sealed.entry.told for sealed in log.load(connection, case)]
    undone = [each for each in found if isinstance(each, Declined)]
    said = {lang: [declined_sentence(Messages(lang), each) for each in undone] for lang in LANGS}
    assert said["en"][1] == "open a case review: `review` is not deployed, so no case of it was started  CH597"
    assert said["zh"][0] == "选定人员 packer：没有人担任角色 packer，未能为 `pack` 选定人员  CH599"


NEWS = """
process order
  role clerk
  role boss
  rule many
    on   note written
    then notify boss
  record note
    cause text
  activity write
    role   clerk
    output note
  activity wait
    role  clerk
    input note
"""


def test_a_role_that_is_told_and_that_nobody_holds_is_listed_until_somebody_does(store: Store) -> None:
    clock = Clock()
    opened = host(store, clock, "order", text=NEWS)
    case = opened.start("order", person="bea").case
    assert opened.incidents.unheard() == []
    assert opened.perform(case, person="bea", verb="complete", node="write", records=SHORT).refusal is None
    assert [(one.process, one.role, one.times) for one in opened.incidents.unheard()] == [("order", "boss", 1)]
    People(store, by="ann", clock=clock).grant("ann", "boss")
    assert opened.incidents.unheard() == []
