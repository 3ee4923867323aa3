"""Scenarios on a real database: the second host that every scenario of the repository is played on.

`SqlStage` is a `runtime.scenarios.Stage` over SQLite, the directory of people and the outbox, in virtual time. The cast
becomes people of the organisation, with the roles and requirements that the player gives each of them at a command.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select, update

from charter.engine import values
from charter.engine.commands import Actor, Command
from charter.engine.definition import Definition
from charter.engine.draws import plain_seed
from charter.engine.entries import Entry, to_json
from charter.engine.proof.assumptions import assumed
from charter.engine.registers import Ask, Found
from charter.engine.state import NEW, CaseState
from charter.runtime.audit import log
from charter.runtime.host.cases import Cases, Performed
from charter.runtime.host.connectors import Connectors
from charter.runtime.people.changes import People
from charter.runtime.store import create_store, tables as t

_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_OWN = {"actor", "at", "reason"}


class Unanswered(BaseException):
    """A connector that the scenario has not spoken of yet: the call stays in the outbox, as if its host had died."""


class SqlStage:
    def __init__(self, definitions: Sequence[Definition], now: int, people: Sequence[Actor]) -> None:
        self.clock = now
        self._folder = tempfile.TemporaryDirectory()
        self.store = create_store(f"{self._folder.name}/stage.db")
        self._connectors: dict[str, Callable[[Any], Any]] = {}
        self._keys = 0
        names = {task.target for d in definitions for e in d.elements if (task := e.work) and task.kind == "call"}
        functions = {name: (lambda _, name=name: self._called(name)) for name in names if name}
        connectors = Connectors(self.store.folder, functions)
        self.host = Cases(self.store, clock=lambda: self.clock, channel="test", host="stage", connectors=connectors)
        self.host._caseload.seed = plain_seed
        self._founder = people[0].person if people else "case"
        self._people = People(self.store, by=self._founder, clock=lambda: self.clock)
        assert self._people.found() is None
        self._known: dict[str, Actor] = {}
        for person in people or [Actor(self._founder)]:
            self._meet(person)
        for definition in definitions:
            # A process that others open takes their values; what is deployed has some of its own.
            bound = definition.bind(dict(assumed(definition)))
            assert self.host.deploy(bound, by=self._founder).refusal is None

    # -- people ------------------------------------------------------------------------------------------------

    def _meet(self, actor: Actor) -> None:
        """Makes the directory say of a person what the player says."""
        known = self._known.get(actor.person)
        if known is None:
            assert self._people.add(actor.person) is None
            known = Actor(actor.person)
        for role in set(actor.roles) - set(known.roles):
            assert self._people.grant(actor.person, role) is None
        for role in set(known.roles) - set(actor.roles):
            assert self._people.revoke(actor.person, role) is None
        for skill, level in set(actor.skills) - set(known.skills):
            assert self._people.skill(actor.person, skill, level) is None
        for certificate in set(actor.certificates) - set(known.certificates):
            assert self._people.certify(actor.person, certificate) is None
        self._known[actor.person] = actor

    # -- the stage ---------------------------------------------------------------------------------------------

    def cases(self) -> Sequence[str]:
        with self.store.read() as connection:
            return list(connection.execute(select(t.cases.c.id).order_by(t.cases.c.number)).scalars())

    def state(self, case: str) -> CaseState:
        return self.host.state(case)

    def definition(self, case: str) -> Definition:
        return self.host.definition(case)

    def entries(self, case: str) -> Sequence[Entry]:
        with self.store.read() as connection:
            return list(log.to_entries(log.load(connection, case)))

    def organisation(self) -> Sequence[Entry]:
        with self.store.read() as connection:
            found = list(log.to_entries(log.load(connection, "organisation")))
        return [entry for entry in found if entry.kind in ("verdict_changed", "rule_applied", "review_due")]

    def start(self, process: str, actor: Actor, records: Any = ()) -> tuple[str, Performed]:
        self._meet(actor)
        done = self._whatever_follows(
            lambda key: self.host.start(process, person=actor.person, records=dict(records), key=key)
        )
        return done.case, done

    def perform(self, case: str, command: Command) -> Performed:
        self._meet(command.actor)
        if isinstance(to := getattr(command, "to", None), Actor):
            self._meet(to)
        given = {f: getattr(command, f) for f in command.__struct_fields__ if f not in _OWN}
        if isinstance(to, Actor):
            given["to"] = to.person
        if command.reason is not None:
            given["reason"] = command.reason
        return self._whatever_follows(
            lambda key: self.host.perform(case, person=command.actor.person, verb=command.verb, key=key, **given)
        )

    def connect(self, name: str, answers: Any = (), *, fails: bool = False, times: int | None = None) -> None:
        known = self._connectors.get(name)
        self._connectors[name] = _connector(name, answers, times if fails else 0, known if fails else None)
        with self.store.write() as connection:
            connection.execute(update(t.outbox).values(leased_until=None, deliveries=0))
        self._settle(lambda: self.host.tick(until=-1))

    def advance(self, to: int) -> None:
        c = t.cases.c
        while True:
            with self.store.read() as connection:
                due = connection.execute(
                    select(c.wake, c.id).where(c.wake.is_not(None), c.wake <= to).order_by(c.wake, c.number).limit(1)
                ).fetchone()
                ends = self.host.figures.earliest(connection, self.clock)
                review = self.host.reviews.first(connection)
            first = min(to, due.wake if due is not None else to)
            if review is not None and review <= first and (ends is None or review < ends):
                self.clock = max(self.clock, review)
                self.host.reviews.turn(self.clock)
                self._settle(lambda: self.host.tick(until=-1))
                continue
            if ends is not None and ends <= first:
                self.clock = max(self.clock, ends)
                self.host.figures.turn(self.clock)
                self._settle(lambda: self.host.tick(until=-1))
                continue
            if due is None:
                break
            self.clock = max(self.clock, due.wake)
            self._settle(lambda case=due.id: self.host.tick(case, until=self.clock))
        self.clock = max(self.clock, to)

    def fill(self, register: str, key: str, value: Any) -> None:
        changed, refusal = self.host.registers.fill(register, [(key, value)], source="scenario", by=self._founder)
        assert (changed, refusal) == (1, None)

    def answer(self, ask: Ask) -> Found:
        with self.store.read() as connection:
            return self.host._caseload.answering(connection, NEW)(ask)

    # -- calls -------------------------------------------------------------------------------------------------

    def _called(self, name: str) -> Any:
        if name not in self._connectors:
            raise Unanswered
        return self._connectors[name]({})

    def _settle(self, act: Callable[[], Any]) -> None:
        """Acts, and goes on delivering past calls that nobody answers yet."""
        while True:
            try:
                act()
                return
            except Unanswered:
                act = lambda: self.host.tick(until=-1)  # noqa: E731

    def _whatever_follows(self, act: Callable[[str], Performed]) -> Performed:
        self._keys += 1
        done = act(f"stage-{self._keys}")
        assert done.trouble is None
        self._settle(lambda: self.host.tick(until=-1))
        return done

    def close(self) -> None:
        with self.store.read() as connection:
            assert not connection.execute(
                select(func.count()).select_from(t.outbox).where(t.outbox.c.kind != "CallConnector")
            ).scalar()
        self.store.close()
        self._folder.cleanup()


def _connector(name: str, answers: Any, failing: int | None, before: Any) -> Callable[[Any], Any]:
    left = [failing]
    said = dict(answers) or (before.said if before is not None else {})

    def answer(_: Any) -> Any:
        if left[0] is None or left[0] > 0:
            if left[0] is not None:
                left[0] -= 1
            raise ValueError(f"{name} failed")
        return said

    answer.said = said  # type: ignore[attr-defined]
    return answer


def told(stage: Any) -> list[list[Any]]:
    """Gives everything that happened, case by case in the order of opening, with cases by their number."""
    numbers = {case: f"case-{index}" for index, case in enumerate(stage.cases(), 1)}
    found = []
    for case in stage.cases():
        text = json.dumps([_plain(entry) for entry in stage.entries(case)], ensure_ascii=False, sort_keys=True)
        for id, number in sorted(numbers.items(), key=lambda pair: -len(pair[0])):  # `a-1` begins `a-10`
            text = text.replace(json.dumps(id, ensure_ascii=False)[1:-1], number)
        entries = json.loads(text)
        for entry in entries:
            entry["data"] = json.dumps(_by_number(json.loads(entry["data"])), ensure_ascii=False, sort_keys=True)
        found.append(json.dumps(entries, ensure_ascii=False, sort_keys=True))
    # What a counter keeps names cases, so that its digests differ from one host to the other: they are numbered, too.
    digests = {each: f"digest-{n}" for n, each in enumerate(dict.fromkeys(_DIGEST.findall("".join(found))))}
    return [json.loads(_DIGEST.sub(lambda match: digests[match[0]], text)) for text in found]


def _by_number(data: Any) -> Any:
    """Gives data with what was looked up in the order of its keys, which may begin with the number of a case."""
    if isinstance(data, list):
        return [_by_number(each) for each in data]
    if not isinstance(data, dict):
        return data
    found = {name: _by_number(each) for name, each in data.items()}
    if isinstance(rows := found.get("rows"), list) and all(isinstance(row, dict) and "key" in row for row in rows):
        found["rows"] = sorted(rows, key=lambda row: str(row["key"]))
    return found


def _plain(entry: Entry) -> dict[str, Any]:
    envelope = {name: getattr(entry, name) for name in Entry.__struct_fields__ if name not in ("told", "command")}
    data = values.canonical(to_json(entry.told, entry.command)).decode()
    return {**envelope, "kind": entry.kind, "outcome": entry.outcome, "data": data}
