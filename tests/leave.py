"""A request and its decision, and the host and people with whom the path of commands is tested.

The texts can be put together otherwise: each is whole lines of one process.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from charter.engine.definition import Definition
from charter.engine.refusals import Refusal
from charter.runtime.audit.log import ORGANISATION, load
from charter.runtime.desk.inbox import inbox
from charter.runtime.host.cases import Cases
from charter.runtime.people.changes import People
from charter.runtime.store import Store
from charter.runtime.store.tables import entries
from tests.written import process

HEAD = """
process leave
  owner boss
  role clerk
  role boss
  record request
    text text
"""
APART = """
  separate decide from ask
"""
ASK = """
  activity ask
    role clerk
    output request
"""
DECIDE = """
  approval decide of request
    by boss
    on reject return to ask
"""
LEAVE = process(HEAD + APART + ASK + DECIDE)
HELLO = {"request": {"text": "hello"}}
PEOPLE = {"li": ["clerk"], "wang": ["boss"], "zhao": ["clerk", "boss"]}


class Clock:
    at = 1_780_000_000_000_000

    def __call__(self) -> int:
        return self.at


def welcome(store: Store) -> None:
    """Adds the people with their roles."""
    people = People(store, by="root")
    for person, roles in PEOPLE.items():
        people.add(person)
        for role in roles:
            people.grant(person, role)


def host(store: Store, definition: Definition = LEAVE, **more: Any) -> Cases:
    """Gives a host that runs the process."""
    opened = Cases(store, **more)
    assert opened.deploy(definition, by="root").refusal is None
    return opened


def code(refusal: Refusal | None) -> str | None:
    return refusal.code if refusal else None


def box(store: Store, person: str, **more: Any) -> list[str]:
    """Gives somebody's inbox as lines."""
    with store.read() as connection:
        found = inbox(connection, person, now=Clock.at, **more)
    assert isinstance(found, list)
    return [f"{item.node} {item.why}" + (f" {item.on_behalf_of}" if item.on_behalf_of else "") for item in found]


def count(store: Store, table: Any = entries) -> int:
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def kinds(store: Store, chain: str = ORGANISATION) -> list[str]:
    with store.read() as connection:
        return [s.fields["kind"] for s in load(connection, chain)]
