"""Who is told of what: every kind of entry is news to somebody or to nobody by design, and no end is missed."""

from __future__ import annotations

import pytest

from charter.dsl.passes import compile
from charter.engine import notices
from charter.engine.commands import Actor, Amend, Approve, Cancel, Complete, Reject, Signal, Skip
from charter.engine.entries import Told, actions, approvals, cases, clocks, ledgers
from charter.engine.machines import SETTLED
from charter.engine.plan.program import prepare
from charter.runtime.host.memory import World

# Kinds by which an element ends: news to those informed of it.
ENDS = {"completed", "granted", "rejected", "reached", "answered", "decided", "skipped", "cancelled"}
# Kinds that tell nobody: work that is in an inbox, what people do and see done, and how clocks and rules go.
NOBODY = {
    *("started", "continued", "recounted", "opened", "claimed", "assigned", "released", "delegated", "begun"),
    *("confirmed", "written", "voted", "returned", "withdrawn", "reopened", "repeated", "staled"),
    *("restored", "suspended", "resumed", "ticked", "happened", "called", "retried", "observed", "deviated"),
    *("signalled", "added", "closed", "commented", "attached", "refused", "fired", "launched", "missed"),
    *("clock_started", "clock_paused", "clock_resumed", "clock_stopped", "threshold_reached", "clock_recounted"),
    *(
        "baseline_fixed",
        "line_covered",
        "filed",
        "filing_withheld",
        "looked_up",
        "entries_offered",
        "linked",
        "count_reached",
        "migrated",
    ),
    *("handed_over", "stage_passed", "drawn"),
}


def kinds() -> set[str]:
    found = (
        c
        for module in (cases, approvals, actions, clocks, ledgers)
        for c in vars(module).values()
        if isinstance(c, type)
    )
    return {c.kind for c in found if issubclass(c, Told) and c is not Told}


def test_every_kind_of_entry_is_news_or_said_to_be_none() -> None:
    news = {kind.kind for kind in (*notices._NEWS, *notices._NEWS_OF_CASE)}
    assert news.isdisjoint(NOBODY) and news.isdisjoint(ENDS) and ENDS.isdisjoint(NOBODY)
    assert news | ENDS | NOBODY == kinds()


TEXT = """
process child
  role clerk
  activity see
    role clerk

process p
  owner boss
  role clerk
  role boss
  role client
  record note
    text text
    size integer
  record fit
    good boolean
  decision sized (size)
    | size | -> good |
    | -    | true    |
  phase work
    informed client
    activity write
      role     clerk
      output   note
      informed client
    activity judge decide sized with size = note.size
      input    note
      output   fit
      informed client
    activity fetch call archive
      informed client
    activity hear wait for word
      informed client
    activity pause wait 1 hour
      informed client
    activity below run child
      informed client
    approval say of note
      by       boss
      informed client
    activity never
      role     clerk
      when     note.size < 0
      informed client
    activity dropped
      role     clerk
      informed client
    activity ended
      role       clerk
      informed   client
      ends after 1 day
    activity each for each open x
      role     clerk
      informed client
  milestone there "There" when say.granted
    informed client
  phase left
    informed client
    activity open_work
      role     clerk
      informed client
    activity to_come
      role     clerk
      after    open_work
      informed client
"""


@pytest.mark.parametrize("approves", [True, False])
def test_whoever_is_informed_hears_of_every_end_and_of_nothing_else(approves: bool) -> None:
    definitions = compile("a.charter", TEXT.encode()).definitions
    clerk, boss = Actor("li", ("clerk",)), Actor("bo", ("boss",))
    world = World(definitions, 1_772_442_000_000_000, [clerk, boss])
    case, _ = world.start("p", clerk)
    world.connect("archive")

    def say(verb: type, actor: Actor, **fields: object) -> None:
        done = world.perform(fields.pop("at_case", case), verb(actor=actor, at=world.clock, **fields))  # type: ignore[arg-type]
        assert done.refusal is None, done.refusal

    say(Complete, clerk, node="write", records=(("note", {"text": "a", "size": 1}),))
    say(Complete, clerk, node="see", at_case=world.cases()[1])
    say(Signal, clerk, name="word")
    say(Skip, boss, node="dropped", reason="no")
    if approves:
        say(Approve, boss, node="say")
    else:
        say(Reject, boss, node="say", reason="no")
    world.advance(world.clock + 2 * 86_400_000_000)
    say(Cancel, boss, node="each", reason="no")
    say(Cancel, boss, node=None, reason="over")
    program = prepare(next(d for d in definitions if d.name == "p"))
    over, heard = set(), set()
    for entry in world.entries(case):
        if entry.node is not None and entry.after in SETTLED and entry.before != entry.after:
            over.add(entry.node)
        if "client" in notices.told(program, entry):
            heard.add(entry.node)
            assert entry.after in SETTLED
    # what had not opened when the process passed over it
    passed = {"never", "to_come"} | (set() if approves else {"there", "judge"})
    named = {element.name for element in program.definition.elements}
    assert over - heard == passed and heard == named - passed


LINKED = """role boss
role clerk
process house
  owner boss
  record plan
    amended by change
    size integer
  activity make
    role   clerk
    output plan
  activity live
    role clerk
process change
  owner boss
  concerns house by request.house
  record request
    house text
    size  integer
  activity ask
    role   clerk
    output request
  activity put_in
    input  request
    amends house.plan = {size: request.size}
"""


def test_the_owner_hears_what_another_case_amends_and_not_what_its_own_people_do() -> None:
    definitions = compile("a.charter", LINKED.encode()).definitions
    clerk = Actor("li", ("clerk",))
    world = World(definitions, 1_772_442_000_000_000, [clerk])
    house, _ = world.start("house", clerk)
    size = {"size": 1}
    world.perform(house, Complete(actor=clerk, at=world.clock, node="make", records=(("plan", size),)))
    world.perform(house, Amend(actor=clerk, at=world.clock, record="plan", value={"size": 2}, reason="more"))
    change, _ = world.start("change", clerk)
    asked = (("request", {"house": house, "size": 3}),)
    world.perform(change, Complete(actor=clerk, at=world.clock, node="ask", records=asked))
    program = prepare(next(d for d in definitions if d.name == "house"))
    amended = [entry for entry in world.entries(house) if entry.told.kind == "amended"]
    assert [notices.told(program, entry) for entry in amended] == [(), ("boss",)]
