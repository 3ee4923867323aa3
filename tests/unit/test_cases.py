"""One path for a command: deploying, starting, the inbox, refusals before a case, keys."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace
from tests.leave import APART, ASK, DECIDE, HEAD, HELLO, LEAVE, Clock, box, code, count, host, kinds
from tests.written import process

from charter.runtime.audit.asof import as_of
from charter.runtime.audit.log import load
from charter.runtime.audit.verify import verify
from charter.runtime.clock import WrongClock, now
from charter.runtime.desk.inbox import WorkItem, inbox
from charter.runtime.host.casefile import AmbiguousCase, NoSuchCase, NoSuchProcess
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store
from charter.runtime.store.schema import ORGANISATION
from charter.runtime.store.tables import cases

HOUR = 3_600_000_000

# -- deploying, starting, finding --------------------------------------------------------------------------------------


def test_a_process_with_a_vague_word_is_not_deployed_and_the_attempt_is_recorded(store: Store) -> None:
    opened = Cases(store)
    vague = process(HEAD + "  parameter limit number\n" + ASK)
    deployed = opened.deploy(vague, by="root")
    assert code(deployed.refusal) == "CH526"
    assert kinds(store)[-1] == "refused"
    with pytest.raises(NoSuchProcess):
        opened.start("leave", person="li")
    assert opened.deploy(vague.bind({"limit": "3"}), by="root", texts={"leave.charter": "process leave"}).new


def test_a_running_case_keeps_the_definition_it_began_with(store: Store) -> None:
    opened = host(store)
    old = opened.start("leave", person="li").case
    newer = process(HEAD + "  version 2\n" + ASK)
    assert opened.deploy(newer, by="root").new
    assert not opened.deploy(newer, by="root").new
    new = opened.start("leave", person="li").case
    for each in (opened, Cases(store)):
        assert each.definition(old) == LEAVE
        assert each.definition(new) == each.definition("leave") == newer
        assert each.processes() == [newer]
    assert opened.perform(new, person="li", verb="complete", node="ask", records=HELLO).state.status == "completed"
    assert opened.perform(old, person="li", verb="complete", node="ask", records=HELLO).state.status == "open"


def test_a_case_is_found_by_number_or_the_beginning_of_its_id(store: Store) -> None:
    opened = host(store)
    ids = [opened.start("leave", person="li").case for _ in range(40)]
    found = [opened.resolve(text) for text in ("1", "#40", ids[7], ids[7][:12].upper())]
    assert found == [ids[0], ids[39], ids[7], ids[7]]
    with pytest.raises(AmbiguousCase):
        opened.resolve(next(a for a in "abcdefghjkmnpqrstvwxyz" if sum(i[0] == a for i in ids) > 1))
    for nothing in ("", "#41", "zzzzz", "~", "%"):
        with pytest.raises(NoSuchCase):
            opened.resolve(nothing)


def test_a_refused_start_leaves_a_record_and_no_case(store: Store) -> None:
    opened = host(store)
    refused = opened.start("leave", person="li", records={"nonsense": 1})
    assert code(refused.refusal) == "CH510"
    assert count(store, cases) == 0
    assert kinds(store)[-1] == "refused"


# -- the inbox ---------------------------------------------------------------------------------------------------------


def test_the_inbox_shows_what_one_may_do_and_no_more(store: Store) -> None:
    opened = host(store)
    case = opened.start("leave", person="li").case
    assert (box(store, "li"), box(store, "wang"), box(store, "zhao")) == (["ask offered"], [], ["ask offered"])
    opened.perform(case, person="zhao", verb="claim", node="ask")
    assert (box(store, "li"), box(store, "zhao")) == ([], ["ask held"])
    opened.perform(case, person="zhao", verb="complete", node="ask", records=HELLO)
    # Who asked may not decide, role or no role.
    assert (box(store, "wang"), box(store, "zhao")) == (["decide offered"], [])
    assert code(opened.perform(case, person="zhao", verb="approve", node="decide").refusal) == "CH503"
    opened.perform(case, person="wang", verb="suspend", reason="audit")
    assert box(store, "wang") == []
    opened.perform(case, person="wang", verb="resume")
    assert box(store, "wang") == ["decide offered"]
    opened.perform(case, person="wang", verb="approve", node="decide")
    assert box(store, "wang") == []


def test_what_somebody_does_meanwhile_bars_them_from_open_work(store: Store) -> None:
    opened = host(store, process(HEAD + APART + ASK + "  approval decide\n    by boss\n"))
    case = opened.start("leave", person="li").case
    assert box(store, "zhao") == ["ask offered", "decide offered"]
    opened.perform(case, person="zhao", verb="complete", node="ask", records=HELLO)
    assert box(store, "zhao") == []


def test_the_inbox_goes_on_page_by_page_in_order_of_what_is_due(store: Store) -> None:
    clock = Clock()
    opened = host(store, process(HEAD + ASK + "    within 2 hours\n" + DECIDE), clock=clock)
    for _ in range(7):
        opened.start("leave", person="li")
    clock.at += HOUR
    opened.start("leave", person="li")
    seen: list[WorkItem] = []
    with store.read() as connection:
        while page := inbox(connection, "li", now=clock.at, limit=3, after=seen[-1].place if seen else None):
            assert isinstance(page, list)
            seen += page
    assert len({item.case for item in seen}) == 8
    assert [item.due for item in seen] == sorted(item.due for item in seen if item.due)
    assert seen[-1].number == 8


def test_a_substitute_sees_and_does_the_work_in_the_other_s_name(store: Store) -> None:
    opened = host(store)
    people = People(store, by="root", clock=lambda: 0)
    people.add("sun")
    number = people.stand_in("delegation", "wang", "sun", since=0, until=10**17)
    People(store, by="sun", clock=lambda: 0).accept(number)
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    assert box(store, "sun") == ["decide stand_in wang"]
    done = opened.perform(case, person="sun", verb="approve", node="decide")
    assert done.state.status == "completed"
    assert (done.entries[0].actor, done.entries[0].on_behalf_of) == ("sun", "wang")


# -- refusals before a case, keys, conflicts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "lent", "acts_for"),
    [
        ("boss", "boss", None),  # who can in their own right does
        ("clerk", "boss", "wang"),
        ("clerk", "clerk", None),  # nothing is lent that is needed here
    ],
)
def test_somebody_is_acted_for_only_where_their_right_is_needed(
    store: Store, own: str, lent: str, acts_for: str | None
) -> None:
    opened = host(store)
    people = People(store, by="root")
    people.add("sun")
    people.grant("sun", own)
    people.revoke("wang", "boss")
    people.grant("wang", lent)
    People(store, by="sun").accept(people.stand_in("delegation", "wang", "sun", since=0, until=10**17))
    case = opened.start("leave", person="li").case
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    done = opened.perform(case, person="sun", verb="approve", node="decide")
    assert (done.entries[0].actor, done.entries[0].on_behalf_of) == ("sun", acts_for)
    assert (done.refusal is None) == ("boss" in (own, lent))


def test_strangers_and_old_views_are_refused_on_the_record(store: Store) -> None:
    opened = host(store)
    case = opened.start("leave", person="li").case
    seen = opened.state(case).commands
    for sent, expected in (
        ({"person": "ghost"}, "CH580"),
        ({"person": "system"}, "CH580"),
        ({"person": "li", "on_behalf_of": "wang"}, "CH583"),
        ({"person": "li", "seen": seen - 1}, "CH581"),
    ):
        before = count(store)
        refused = opened.perform(case, verb="claim", node="ask", **sent)
        assert code(refused.refusal) == expected
        assert count(store) == before + 1
    assert opened.state(case).commands == seen
    assert opened.perform(case, person="li", verb="claim", node="ask", seen=seen).refusal is None


def test_a_key_does_once_what_is_sent_twice(store: Store) -> None:
    opened = host(store)
    first = opened.start("leave", person="li", key="s")
    assert replace(opened.start("leave", person="li", key="s"), effects=first.effects) == first
    done = opened.perform(first.case, person="li", verb="complete", node="ask", records=HELLO, key="k")
    before = count(store)
    again = Cases(store).perform(first.case, person="li", verb="complete", node="ask", records=HELLO, key="k")
    assert (again.entries, again.first, again.refusal) == (done.entries, done.first, None)
    assert count(store) == before
    other = opened.perform(first.case, person="wang", verb="approve", node="decide", key="k")
    assert code(other.refusal) == "CH582"
    assert opened.state(first.case).nodes["decide"].state == "ready"


def test_a_clock_that_stood_far_ahead_holds_nothing_up(store: Store) -> None:
    clock = Clock()
    opened = host(store, process(HEAD + ASK + "    within 1 hour\n" + DECIDE), clock=clock)
    case, then = opened.start("leave", person="li").case, clock.at
    clock.at += 240 * HOUR
    with store.read() as connection:
        known = len(list(load(connection, ORGANISATION)))
    opened.perform(case, person="li", verb="comment", text="from the future")
    People(store, by="root", clock=clock).add("mo")
    clock.at = then + HOUR // 2
    opened.perform(case, person="li", verb="complete", node="ask", records=HELLO)
    People(store, by="root", clock=clock).add("ma")
    fresh = opened.start("leave", person="li").case
    assert opened.state(fresh).nodes["ask"].due == clock.at + HOUR
    with store.read() as connection:
        trail = list(load(connection, case))
        own = list(load(connection, ORGANISATION))
    assert [trail[-1].at, own[-1].at] == [clock.at, clock.at]
    told = [s.entry.told for s in own[known:] if s.entry.kind == "clock_stepped_back"]
    assert [t.case for t in told] == [ORGANISATION, case]
    before = as_of(opened.definition, trail, at=then + HOUR)
    assert before is not None
    assert before.after == opened.state(case)
    assert verify(store).sound


@pytest.mark.parametrize("seconds", [253_402_300_800, 10**12, -1])
def test_no_entry_is_made_in_a_year_that_nobody_can_write(seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: seconds * 10**9)
    with pytest.raises(WrongClock):
        now()


def test_a_small_step_back_is_held_and_recorded(store: Store) -> None:
    clock = Clock()
    opened = host(store, clock=clock)
    case = opened.start("leave", person="li").case
    clock.at -= HOUR
    opened.perform(case, person="li", verb="claim", node="ask")
    with store.read() as connection:
        times = [s.at for s in load(connection, case)]
    assert times == sorted(times)
    assert "clock_stepped_back" in kinds(store)
    assert verify(store).sound
