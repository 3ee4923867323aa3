"""What is tampered with is found, what is false is refused, whoever may not is entered: in small (`benchmarks`)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from benchmarks.assurance import bytes_, divergence, tampering
from benchmarks.assurance_proofs import oracle, proofs
from benchmarks.verify import fill

from charter.engine.refusals import Refusal
from charter.runtime.audit import attempts
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store, create_store


@pytest.mark.sqlite("it changes the file")
def test_what_is_changed_under_a_checkpoint_kept_elsewhere_is_found(tmp_path: Path) -> None:
    done, missed = tampering(tmp_path, 0.06, cases=1)
    assert not missed and {"edit", "flip", "fork", "roll back", "re-sign"} <= done.keys()


@pytest.mark.sqlite("it changes the file")
def test_whatever_byte_is_changed_says_nothing_or_is_found(tmp_path: Path) -> None:
    count, silent, missed = bytes_(tmp_path, full=False, some=20)
    assert not missed and silent < count


@pytest.mark.sqlite("it changes the file")
def test_what_follows_from_entries_is_not_changed_unseen(tmp_path: Path) -> None:
    assert divergence(tmp_path, 10) == (10, [])


def test_no_false_proof_is_accepted_and_all_are_those_of_the_standard() -> None:
    assert proofs(300) == (300, 0)
    assert oracle(33) == 33 * 34


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with create_store(str(tmp_path / "a.db")) as store:
        fill(store, 1)
        yield store


def refused(store: Store) -> Counter[str]:
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM entries WHERE kind = 'refused'").fetchall()
    return Counter(json.loads(body)["actor"] for (body,) in rows)


VERBS = ("claim", "begin", "complete", "approve", "reject", "skip", "reopen", "withdraw", "release", "suspend")


def test_three_hundred_escalations_fail_and_each_is_entered(store: Store) -> None:
    host = Cases(store)
    case = host.start("ten", person="li").case
    strangers = [f"s{number}" for number in range(10)]
    for person in strangers:
        People(store, by="root").add(person)
    for person, verb, node in product(strangers, VERBS, ("a1", "a2", "ok")):
        done = host.perform(case, person=person, verb=verb, node=node, reason="let me")
        assert done.refusal is not None, (person, verb, node)
    for person in (*strangers, "ghost"):
        assert isinstance(People(store, by=person).grant(person, "steward", "organisation"), Refusal)
        assert host.start("ten", person=person).refusal is not None
    told = refused(store)
    assert told == dict.fromkeys(strangers, len(VERBS) * 3 + 2) | {"ghost": 2} and sum(told.values()) == 322
    assert verify(store).sound


def test_who_is_refused_over_and_over_does_not_fill_the_trail(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST", 3)
    at = 1_900_000_000_000_000
    host = Cases(store, clock=lambda: at)
    case = host.start("ten", person="li").case
    for _ in range(6):
        assert host.perform(case, person="wu", verb="claim", node="a1").refusal is not None
        assert isinstance(People(store, by="wu", clock=lambda: at).add("me"), Refusal)
    assert refused(store)["wu"] == 3
    with store.read() as connection:
        query = "SELECT body FROM entries WHERE kind = 'refusals_unentered'"
        (told,) = [json.loads(body)["data"] for (body,) in connection.exec_driver_sql(query)]
    assert (told["person"], told["most"]) == ("wu", 3)
    at += attempts.HOUR + 1
    assert host.perform(case, person="wu", verb="claim", node="a1").refusal is not None
    assert refused(store)["wu"] == 4 and verify(store).sound
