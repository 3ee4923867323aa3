"""Who may change the organisation: its stewards, a process's owner, a person their own absence; nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.founded import founded
from tests.leave import LEAVE

from charter.engine.refusals import Refusal
from charter.runtime.audit.log import ORGANISATION, load
from charter.runtime.audit.verify import verify
from charter.runtime.host.cases import Cases
from charter.runtime.host.connectors import Connector
from charter.runtime.people.changes import People
from charter.runtime.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with founded(tmp_path / "a.db", "chief", clock=lambda: 100) as opened:
        first = People(opened, by="chief", clock=lambda: 100)
        first.load([{"id": "li", "roles": ["clerk"]}, {"id": "wang", "roles": ["boss@leave"]}, {"id": "zhao"}])
        yield opened
        assert verify(opened).sound


def as_(store: Store, person: str) -> People:
    return People(store, by=person, clock=lambda: 100)


def code(done: object) -> str | None:
    return done.code if isinstance(done, Refusal) else None


def outcomes(store: Store) -> list[str]:
    with store.read() as connection:
        return [s.fields["outcome"] for s in load(connection, ORGANISATION)]


def test_the_first_who_changes_anything_is_steward_and_nobody_after(store: Store) -> None:
    li = as_(store, "li")
    attempts = (
        li.add("sun"),
        li.grant("li", "boss"),
        li.grant("li", "steward", "organisation"),
        li.skill("li", "law", 9),
        li.certify("li", "PMP"),
        li.revoke("wang", "boss", "leave"),
        li.deactivate("chief"),
        li.load([{"id": "li", "roles": ["boss"]}]),
        li.absent("wang", 1, 2),
        li.stand_in("delegation", "wang", "li", since=0, until=10**15),
        Cases(store).connectors.add(store, Connector.of("c", {"command": ["sh"]}), by="li", at=1),
        Cases(store).deploy(LEAVE, by="li").refusal,
    )
    assert [code(done) for done in attempts] == ["CH584"] * len(attempts)
    assert outcomes(store)[-len(attempts) :] == ["refused"] * len(attempts)
    assert not Cases(store).connectors.all()
    assert [(p.id, p.grants) for p in as_(store, "").all()] == [
        ("chief", (("steward", "organisation"),)),
        ("li", (("clerk", "*"),)),
        ("wang", (("boss", "leave"),)),
        ("zhao", ()),
    ]


def test_who_is_nobody_or_holds_a_steward_s_role_elsewhere_may_change_nothing(store: Store) -> None:
    assert code(as_(store, "ghost").add("x")) == "CH580"
    assert code(as_(store, "system").add("x")) == "CH580"
    for process in ("*", "leave"):
        as_(store, "chief").grant("li", "steward", process)
    assert code(as_(store, "li").add("x")) == "CH584"


def test_a_steward_names_another_and_the_last_one_stays(store: Store) -> None:
    chief = as_(store, "chief")
    assert code(chief.deactivate("chief")) == code(chief.revoke("chief", "steward", "organisation")) == "CH585"
    assert chief.grant("wang", "steward", "organisation") is None
    assert as_(store, "wang").deactivate("chief") is None
    assert code(chief.add("x")) == "CH580"
    assert code(as_(store, "wang").deactivate("wang")) == "CH585"


def test_everybody_may_note_their_own_absence_and_stand_in(store: Store) -> None:
    li = as_(store, "li")
    assert li.absent("li", 1, 2) is None
    number = li.stand_in("substitute", "li", "wang", since=0, until=10)
    assert number == 1
    as_(store, "wang").accept(1)
    as_(store, "chief").deactivate("li")
    assert code(li.absent("li", 3, 4)) == "CH580"


def test_a_process_is_deployed_by_a_steward_and_then_by_its_owner_too(store: Store) -> None:
    host = Cases(store)
    # Owning a process that does not run yet is the file's word alone.
    assert code(host.deploy(LEAVE, by="wang").refusal) == "CH584"
    assert host.deploy(LEAVE, by="chief").refusal is None
    assert host.deploy(replace(LEAVE, version="2"), by="wang").new
    # Nor does the new text say who may deploy it.
    assert code(host.deploy(replace(LEAVE, version="3", owner="clerk"), by="li").refusal) == "CH584"
