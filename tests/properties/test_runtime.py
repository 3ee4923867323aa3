"""Laws of the runtime over generated processes and commands, on real SQLite files.

Whatever people send: every command leaves an entry, the trail verifies in all three ways, the folds are
what rebuilding gives, and another host with an empty memory sees the same state.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings, strategies as st
from msgspec import structs
from sqlalchemy import func, select

from charter.engine import commands as c
from charter.engine.refusals import recorded
from charter.engine.values import canonical
from charter.runtime import folds
from charter.runtime.audit.log import load, to_entries
from charter.runtime.audit.verify import verify
from charter.runtime.desk.population import Population
from charter.runtime.host.cases import Cases, Performed
from charter.runtime.people.changes import People
from charter.runtime.store import Store
from charter.runtime.store.errors import NotText
from charter.runtime.store.tables import cases, entries, outbox
from tests.founded import founded
from tests.properties.histories import HOUR, PEOPLE, START, command
from tests.properties.processes import definition

FOREVER = 10**17


class Clock:
    """The test's own time; sometimes it steps back."""

    at = START

    def __call__(self) -> int:
        return self.at


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder, founded(Path(folder) / "a.db", clock=lambda: START) as opened:
        people = People(opened, by="root", clock=lambda: START)
        for person in PEOPLE:
            people.add(person.person)
            for role in person.roles:
                if role not in person.lent:
                    people.grant(person.person, role)
            for skill, level in person.skills:
                people.skill(person.person, skill, level)
            for certificate in person.certificates:
                people.certify(person.person, certificate)
        number = people.stand_in("delegation", "li", "sun", since=0, until=FOREVER)
        People(opened, by="sun", clock=lambda: START).accept(number)
        yield opened


def count(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(entries)).scalar_one())


def send(host: Cases, case: str, sent: c.Command, key: str | None) -> Performed:
    """Sends an engine command the way a person's program would."""
    fields = {n: getattr(sent, n) for n in sent.__struct_fields__ if n not in ("actor", "at", "case")}
    if sent.verb in ("delegate", "assign"):
        fields["to"] = sent.to.person  # type: ignore[attr-defined]
    person = "ghost" if sent.actor is c.SYSTEM else sent.actor.person
    return host.perform(case, person=person, verb=sent.verb, key=key, **fields)


def left(store: Store, host: Cases) -> set[str]:
    """Gives the kinds of what is asked for and neither done nor told as an incident."""
    told = [incident.ask.number for incident in host.incidents.all()]
    with store.read() as connection:
        return set(connection.execute(select(outbox.c.kind).where(outbox.c.number.not_in(told))).scalars())


def same(store: Store, case: str, host: Cases) -> None:
    """Holds what must be true of a case at any time."""
    assert left(store, host) <= {"CallConnector"}  # all else is done with the command
    host.tick(case)
    fresh = Cases(store)
    state = host.state(case)
    assert fresh.state(case) == state
    with store.write() as connection:
        shape, trail = folds.Shape(host.definition(case)), list(to_entries(load(connection, case)))
        kept = folds.snapshot(connection, case)
        assert folds.differs(connection, shape, state, trail) is None
        folds.rebuild(connection, shape, state, trail)
        assert folds.snapshot(connection, case) == kept
        member = Population(connection, state.process).cases[case]
        assert (dict(member.nodes), dict(member.versions)) == (state.nodes, state.versions)
        assert {n.key for n in member.dated()} == {n.key for n in state.dated()}
        facts = ("case", "status", "reason", "opened_at", "closed_at", "opened_by", "rounds")
        assert [getattr(member, n) for n in facts] == [getattr(state, n) for n in facts]
        row = connection.execute(select(cases).where(cases.c.id == case)).one()
        assert (row.status, row.wake, row.closed_at, row.version) == (
            state.status,
            state.wake,
            state.closed_at,
            state.commands,
        )
        assert row.entries == state.entries_written
        for sealed in load(connection, case):
            assert sealed.body == canonical(sealed.fields)
    # Calls are made after the answer; all else that a command asks for is done with it, or somebody must see to it.
    assert left(store, host) <= {"CallConnector"}
    found = verify(store, case)
    assert found.sound, found


@given(seed=st.integers(0, 2**48), length=st.integers(2, 20))
@example(seed=65, length=9)  # an approval is stale after a decision
@settings(max_examples=80)
def test_whatever_people_send_the_trail_and_the_folds_hold(store: Store, seed: int, length: int) -> None:
    rng = Random(seed)
    clock = Clock()
    host = Cases(store, clock=clock)
    process = structs.replace(definition(rng), name=f"random_{seed}")  # a version belongs to one definition
    deployed = host.deploy(process, by="root")
    if deployed.refusal is not None:
        assert process.unbound()
        return
    started = host.start(process.name, person=rng.choice(["li", "wu", "zhao", "qian", "nobody"]))
    case = started.case
    if started.refusal is not None:
        return
    for number in range(length):
        clock.at += rng.randint(-1, 2) * HOUR
        sent = command(rng, process, host.state(case), clock.at)
        if sent.verb == "tick":
            clock.at = max(clock.at, sent.at)
            host.tick(case)
            continue
        before = count(store)
        try:
            done = send(host, case, sent, key=f"{case}.{number}")
        except NotText:
            assert count(store) == before
            continue
        assert done.entries
        assert count(store) > before
        if sent.actor is not c.SYSTEM and (done.refusal is None or done.refusal.code < "CH580"):
            written = count(store)
            repeated = send(host, case, sent, key=f"{case}.{number}")
            assert (repeated.first, repeated.entries) == (done.first, done.entries)
            # What a condition read is told once: the trail does not keep it.
            assert recorded(repeated.refusal.reasons if repeated.refusal else ()) == recorded(
                done.refusal.reasons if done.refusal else ()
            )
            assert count(store) == written
    same(store, case, host)
