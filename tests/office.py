"""An office whose process has something to tell, with people, channels and a clock: for tests of notices."""

from __future__ import annotations

import base64
from typing import Any

from charter.runtime.audit.log import ORGANISATION, Origin, load
from charter.runtime.host import outbox
from charter.runtime.host.cases import Cases
from charter.runtime.notify import channels, routes
from charter.runtime.notify.channels import Channel
from charter.runtime.notify.routes import Route
from charter.runtime.people.changes import People
from charter.runtime.store import Store
from tests.leave import Clock, host, kinds
from tests.written import process

PARCEL = process("""
process parcel
  owner chief
  role chief
  role clerk
  role client
  activity pack "包装"
    role clerk
    informed client
    within 2 days
""")
HOUR = 3_600_000_000
ORIGIN = Origin("test")
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
PEOPLE = {"li": "clerk", "wang": "client", "吴明": "client"}


class Office:
    """A database with people, a process that has something to tell, and a clock."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, Clock()
        people = People(store, by="root")
        for person, role in PEOPLE.items():
            people.add(person)
            people.grant(person, role)
        self.cases: Cases = host(store, PARCEL, clock=self.clock)

    def channel(self, name: str, kind: str, **settings: Any) -> None:
        channel = Channel.of(name, kind, {"timeout": 5, **settings})
        assert channels.add(self.store, channel, by="root", at=self.clock(), origin=ORIGIN) is None

    def mail(self, port: int, **more: Any) -> None:
        given = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "charter@example.org", **more}
        self.channel("mail", "email", **given)

    def route(self, who: str, channel: str, sort: str = "person", **more: Any) -> None:
        route = Route(sort, who, "*", channel, **more)
        assert routes.put(self.store, route, by="root", at=self.clock(), origin=ORIGIN) is None

    def pack(self) -> None:
        case = self.cases.start("parcel", person="li").case
        assert self.cases.perform(case, person="li", verb="complete", node="pack").refusal is None

    def told(self) -> list[str]:
        """Names what the trail says of messages."""
        return [kind for kind in kinds(self.store) if kind.startswith("notice_")]

    def last(self) -> Any:
        with self.store.read() as connection:
            return [s.entry.told for s in load(connection, ORGANISATION) if "notice_" in s.entry.kind][-1]

    def waits(self) -> list[Any]:
        with self.store.read() as connection:
            return outbox.incidents(connection)
