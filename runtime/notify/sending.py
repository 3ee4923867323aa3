"""Sends a message that lies in the outbox, once: with its row leased, which goes in the transaction that notes it.

Where the host ends between the far side's answer and that, the message goes again when the lease is over, with the
same id. What fails is tried again later, as everything in the outbox is; what fails for good is an incident. Each end
is an entry of the organisation's chain: sent, failed, or dropped because whoever it was for may no longer read it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, and_, select

from charter.engine import plain
from charter.engine.commands import SYSTEM
from charter.engine.definition import Definition
from charter.engine.entries import BadEntry
from charter.engine.entries.cases import Notified
from charter.engine.entries.organisation import ChannelTested, NoticeDropped, NoticeFailed, NoticeSent
from charter.engine.keys import name_of
from charter.engine.reading import sight
from charter.engine.refusals import Refusal
from charter.runtime.audit.asof import begun_with
from charter.runtime.audit.log import Origin, Sealed
from charter.runtime.audit.seen import seen
from charter.runtime.host import outbox
from charter.runtime.host.calls import Records
from charter.runtime.host.outbox import Ask
from charter.runtime.host.secrets import Unresolved
from charter.runtime.host.underway import Calls, Ticket
from charter.runtime.notify import channels, letters, routes, senders
from charter.runtime.notify.channels import Channel
from charter.runtime.notify.letters import News
from charter.runtime.notify.queue import Message
from charter.runtime.notify.routes import PERSON, Route
from charter.runtime.notify.senders import Letter
from charter.runtime.people.directory import load
from charter.runtime.people.links import unread
from charter.runtime.people.organisation import admit, note
from charter.runtime.people.rights import Rights, reads
from charter.runtime.store import Store, tables as t

# What a host gets beyond the channel's time limit to note that a message is sent, microseconds.
_GRACE = 30_000_000


class Sendable(Struct, frozen=True):
    """What is needed to send a message, as it stands now."""

    channel: Channel
    route: Route
    news: tuple[News, ...]

    @property
    def place(self) -> str:
        """Names what its handing over takes a place of: no connector has a `/` in its name."""
        return f"notices/{self.channel.name}"


class Sending:
    """Sends the messages of one database."""

    def __init__(self, store: Store, clock: Callable[[], int], origin: Origin) -> None:
        self._store = store
        self._clock = clock
        self._origin = origin

    def begin(self, calls: Calls, ask: Ask) -> bool:
        """Begins to hand a message over where there is room for it, or drops it; gives whether that failed.

        Raises ValueError where it cannot be read.
        """
        message, now = Message.of_json(ask.body), self._clock()
        with self._store.read() as connection:
            found = _find(connection, message)
        if found is not None and not calls.takes(found.place):
            return False
        with self._store.write() as connection:
            if found is None:
                if outbox.take(connection, ask.number, ask.deliveries):
                    told = NoticeDropped(message.id, *message.key[:2], message.key[3], message.entries)
                    note(connection, told, SYSTEM.person, at=now, origin=self._origin)
                return False
            until = now + found.channel.settings["timeout"] * 1_000_000 + _GRACE
            if not outbox.lease(connection, ask, now, until):
                return False  # somebody else is at it
        route = found.route
        letter = letters.letter(
            message.id,
            found.news,
            language=route.language,
            zone=route.place,
            at=now,
            address=route.address,
            recipient={route.sort: route.recipient},
        )
        calls.make(Ticket(ask, message, found.place), Handing(found.channel, letter, self._store.folder))
        return False

    def record(self, ask: Ask, message: Message, refused: Records, failure: str | None) -> bool:
        """Notes what handing a message over came to; gives whether it went. `refused`: something, where for good."""
        tries = ask.deliveries + 1
        with self._store.write() as connection:
            if failure is None:
                # Another host may have sent it after our lease ran out, and noted it.
                if outbox.take(connection, ask.number, tries):
                    self._note(connection, message, None)
            elif outbox.note_failure(connection, ask, failure, self._clock(), leased=True):
                if refused and tries < outbox.MOST_TRIES:
                    outbox.bury(connection, replace(ask, deliveries=tries), failure, self._clock())
                if refused or tries >= outbox.MOST_TRIES:
                    self._note(connection, message, failure)
        return failure is None

    def note_failure(self, connection: Connection, ask: Ask, failure: str) -> None:
        """Notes that a message is an incident now; raises ValueError where it cannot be read."""
        self._note(connection, Message.of_json(ask.body), failure)

    def _note(self, connection: Connection, message: Message, failure: str | None) -> None:
        told = (message.id, *message.key[:2], message.key[3], message.entries)
        entry = NoticeSent(*told) if failure is None else NoticeFailed(*told, failure)
        note(connection, entry, SYSTEM.person, at=self._clock(), origin=self._origin)


class Handing(Struct, frozen=True):
    """A letter that is to be handed over."""

    channel: Channel
    letter: Letter
    folder: Path

    def make(self) -> tuple[Records, str | None]:
        """Hands it over; gives ((), None), or the failure in one line, beside something where it is for good."""
        to = None
        try:
            to = senders.ready(self.channel, self.folder)
            senders.send(to, self.letter)
        except Unresolved as cause:
            return (), str(cause)
        except Exception as cause:
            # Whatever a library or the far side does, it is this message's failure and nobody else's.
            refused: Records = (("refused", True),) if isinstance(cause, senders.Refused) else ()
            return refused, senders.failure(to, cause)
        return (), None


def test(
    store: Store, name: str, address: str | None, *, language: str, by: str, at: int, origin: Origin
) -> str | Refusal | None:
    """Sends a test message by a channel, on the record; for stewards. Gives why it failed, None where it did not.

    Raises NoSuchChannel, BadRoute.
    """
    with store.write() as connection:
        channel = channels.get(connection, name)
        refused = admit(connection, by, "channels test", at=at, origin=origin)
        if refused is not None:
            return refused
    Route(PERSON, by, "*", name, address, language).check(channel.kind)
    id = sha256(json.dumps(["test", name, by, at]).encode()).hexdigest()[:32]
    letter = letters.trial(id, name, language=language, at=at, address=address)
    _, failure = Handing(channel, letter, store.folder).make()
    with store.write() as connection:
        note(connection, ChannelTested(name, address, failure), by, at=at, origin=origin)
    return failure


def _find(connection: Connection, message: Message) -> Sendable | None:
    """Gives what is to be sent now; None where nothing of it is for its recipient any more."""
    route = routes.find(connection, message.key)
    channel = None if route is None else channels.find(connection, route.channel)
    if route is None or channel is None:
        return None
    news = tuple(each for case, seq in message.about if (each := _news(connection, route, case, seq)) is not None)
    return Sendable(channel, route, news) if news else None


_n, _e, _c = t.notices.c, t.entries.c, t.cases.c


def _news(connection: Connection, route: Route, case: str, seq: int) -> News | None:
    """Reads an entry as news for a recipient; None where they hold no role any more to which it is news.

    Nor is it for who may not read the case; what is withheld from them in it stays so.
    """
    query = (
        select(_n.role, _n.process, _e.body, _e.position, _c.number)
        .join_from(t.notices, t.entries, and_(_e.case == _n.case, _e.seq == _n.seq))
        .outerjoin(t.cases, _c.id == _n.case)
        .where(_n.case == case, _n.seq == seq)
        .order_by(_n.role)
    )
    rows = connection.execute(query).all()
    held = [row for row in rows if _holds(connection, route, row.role, row.process)]
    if not held:
        return None
    row = held[0]
    by = _rights(connection, route, row.process)
    if row.number is not None and not reads(connection, by, case):
        return None
    sealed = Sealed(case, seq, bytes(row.body), row.position)
    if row.number is None:
        told = sealed.entry.told
        about = str(getattr(told, "kpi", getattr(told, "register", "")))
        return News(case, None, seq, row.process, row.process, about, about, row.role, sealed.entry, None)
    node = sealed.node or ""
    w, d = t.work_items.c, t.definitions.c
    due = connection.execute(select(w.due).where(w.case == case, w.node == node).limit(1)).scalar()
    text = connection.execute(select(d.body).where(d.digest == begun_with(sealed))).scalar_one()
    body = json.loads(text)
    title = next((str(each["title"]) for each in body["elements"] if each["name"] == name_of(node)), "")
    sealed = _what_happened(connection, sealed)
    if '"visible"' in text or '"links"' in text:
        definition = plain.from_json(Definition, body)
        links = unread(connection, by, definition, case)
        sealed = seen(sealed, sight(definition, by.roles(row.process), (), links))
    entry = sealed.entry
    return News(case, row.number, seq, row.process, body["title"], node, title, row.role, entry, due)


def _holds(connection: Connection, route: Route, role: str, process: str) -> bool:
    if route.sort != PERSON:
        return role == route.recipient
    person = load(connection, route.recipient)
    return person is not None and person.active and role in person.roles(process)


def _rights(connection: Connection, route: Route, process: str) -> Rights:
    """Gives by what a recipient reads: a channel of a role reads as that role."""
    if route.sort != PERSON:
        return Rights("", ((route.recipient, process),))
    person = load(connection, route.recipient)
    return Rights(route.recipient, () if person is None else person.grants)


def _what_happened(connection: Connection, sealed: Sealed) -> Sealed:
    """Gives the entry that one tells of: itself, or what made a line of the process tell it."""
    entry = sealed.entry
    if not isinstance(entry.told, Notified) or entry.cause is None:
        return sealed
    of = _e.case == sealed.case, _e.seq == entry.cause
    row = connection.execute(select(_e.body, _e.position).where(*of)).fetchone()
    if row is None:
        return sealed
    found = Sealed(sealed.case, entry.cause, bytes(row.body), row.position)
    try:
        return found if found.entry else sealed
    except BadEntry:
        return sealed
