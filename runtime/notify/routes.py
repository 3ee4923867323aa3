"""Whose notices go where: a person's or a role's, by one channel, with their language, zone, quiet hours and digest.

Stewards keep the routes, and a person their own. Without one a notice is found in the inbox alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from charter.dsl.messages.languages import LANGUAGES
from charter.engine import zones
from charter.engine.entries.organisation import NoticesRouted, NoticesUnrouted
from charter.engine.errors import CharterError
from charter.engine.refusals import Refusal
from charter.runtime import clock
from charter.runtime.audit.log import Origin
from charter.runtime.notify import channels, timing
from charter.runtime.people.changes import NoSuchPerson
from charter.runtime.people.directory import ANY, load
from charter.runtime.people.organisation import admit, note
from charter.runtime.store import Store, tables as t

PERSON, ROLE = "person", "role"
_r = t.routes.c


class BadRoute(CharterError):
    """What is said of the notices of somebody cannot be meant. `told` is a key under [data]."""

    code = "CH712"
    exit_code = 2

    def __init__(self, told: str, *, recipient: str, **arguments: Any) -> None:
        super().__init__(f"{told}: {recipient}", told=told, recipient=recipient, line=None, **arguments)


class Route(Struct, frozen=True):
    """A row: `sort` is person or role, `process` may be `*`. None in `zone`: the server's."""

    sort: str
    recipient: str
    process: str
    channel: str
    address: str | None = None
    language: str = "en"
    zone: str | None = None
    quiet: str | None = None
    digest: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.sort, self.recipient, self.process, self.channel)

    @property
    def place(self) -> str:
        """Names the zone of the recipient's clock: their own, the server's, or UTC where that has no name."""
        return next((z for z in (self.zone, clock.zone()) if z and zones.find(z)), "UTC")

    def settings(self) -> dict[str, Any]:
        return {name: value for name in _SETTINGS if (value := getattr(self, name)) is not None}

    def send_at(self, at: int) -> int:
        """Gives when a notice that comes at an instant may be sent."""
        return timing.send_at(at, self.place, self.quiet, self.digest)

    def check(self, kind: str) -> Route:
        """Gives the route back where a channel of this kind can do what it says; raises BadRoute."""
        address, to = self.address, self.recipient
        if kind == "email" and (address is None or not channels.mailbox(address)):
            raise BadRoute("route_mailbox", recipient=to, address=address or "–")
        if kind == "webhook" and address is not None:
            raise BadRoute("route_webhook", recipient=to)
        if address is not None and not (address.isprintable() and 0 < len(address) <= _LONGEST):
            raise BadRoute("route_address", recipient=to)
        if self.language not in LANGUAGES:
            raise BadRoute("route_language", recipient=to, language=self.language, words=LANGUAGES)
        if self.zone is not None and zones.find(self.zone) is None:
            raise BadRoute("route_zone", recipient=to, zone=self.zone)
        if self.quiet is not None and not timing.is_quiet_hours(self.quiet):
            raise BadRoute("route_quiet", recipient=to, quiet=self.quiet)
        if self.digest is not None and not timing.is_digest(self.digest):
            raise BadRoute("route_digest", recipient=to, digest=self.digest)
        return self


_SETTINGS = ("address", "language", "zone", "quiet", "digest")
_LONGEST = 254


def _route(row: Any) -> Route:
    return Route(*row[:4], **json.loads(row[4]))


def of(connection: Connection, sort: str, recipients: Sequence[str], process: str | None = None) -> list[Route]:
    """Lists the routes of some people or roles: all, or by each channel the one that counts in a process."""
    query = select(t.routes).where(_r.sort == sort, _r.recipient.in_(recipients))
    found = [_route(row) for row in connection.execute(query.order_by(*t.routes.primary_key.columns))]
    if process is None:
        return found
    counting = sorted((r for r in found if r.process in (ANY, process)), key=lambda r: r.process == process)
    return list({(r.recipient, r.channel): r for r in counting}.values())


def every(connection: Connection) -> list[Route]:
    """Lists all of them."""
    return [_route(row) for row in connection.execute(select(t.routes).order_by(*t.routes.primary_key.columns))]


def find(connection: Connection, key: Sequence[str]) -> Route | None:
    """Gives the route of a key (sort, recipient, process, channel)."""
    query = select(t.routes).where(*(c == value for c, value in zip(t.routes.primary_key.columns, key, strict=True)))
    row = connection.execute(query).fetchone()
    return None if row is None else _route(row)


def put(store: Store, route: Route, *, by: str, at: int, origin: Origin) -> Refusal | None:
    """Has notices go by a route; for stewards, and for a person their own.

    Raises NoSuchPerson, NoSuchChannel, BadRoute.
    """
    with store.write() as connection:
        _known(connection, route)
        refused = _admit(connection, route, by, at, origin)
        if refused is None and find(connection, route.check(channels.get(connection, route.channel).kind).key) != route:
            note(connection, NoticesRouted(*route.key, route.settings()), by, at=at, origin=origin)
    return refused


def drop(store: Store, route: Route, *, by: str, at: int, origin: Origin) -> Refusal | None:
    """Has notices go by a route no longer; one that is not there is left alone."""
    with store.write() as connection:
        _known(connection, route)
        refused = _admit(connection, route, by, at, origin)
        if refused is None and find(connection, route.key) is not None:
            note(connection, NoticesUnrouted(*route.key), by, at=at, origin=origin)
    return refused


def _known(connection: Connection, route: Route) -> None:
    if route.sort == PERSON and load(connection, route.recipient) is None:
        raise NoSuchPerson(f"unknown person {route.recipient}", person=route.recipient)


def _admit(connection: Connection, route: Route, by: str, at: int, origin: Origin) -> Refusal | None:
    own = (route.sort, route.recipient) == (PERSON, by)
    return admit(connection, by, "people notify", at=at, origin=origin, entitled=own)
