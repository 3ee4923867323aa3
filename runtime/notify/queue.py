"""From entries to messages: who is to be told of what is new, from when on, and what of it goes into one message.

An entry that is news to a role (`engine/notices.py`, kept in the fold `notices`) is put into the queue once for each
route of those who hold the role, and of the role itself. When its time has come, it leaves the queue as a message in
the outbox, alone or, in a digest, with all that waits for the same recipient. Either happens in one transaction.
Whoever did something need not be told of it. Nothing here is sent: `sending.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select

from charter.runtime.host import outbox
from charter.runtime.notify import cursor, routes
from charter.runtime.notify.routes import PERSON, ROLE, Route
from charter.runtime.people.directory import candidates
from charter.runtime.store import Store, tables as t
from charter.runtime.store.schema import ORGANISATION

_STRIDE = 500  # positions looked at, and notices taken from the queue, in one transaction
_MOST = 500  # notices in one message; the rest is in the inbox anyway
_q, _n, _e = t.queue.c, t.notices.c, t.entries.c


class Message(Struct, frozen=True):
    """What is to be sent by one route (`key`): `about` are the entries it tells of, (case, number) each."""

    id: str
    key: tuple[str, str, str, str]
    about: tuple[tuple[str, int], ...]

    def to_json(self) -> str:
        return json.dumps({"id": self.id, "key": self.key, "about": self.about}, ensure_ascii=False)

    @classmethod
    def of_json(cls, text: str) -> Message:
        """Reads what `to_json` wrote; raises ValueError."""
        try:
            data = json.loads(text)
            sort, recipient, process, channel = data["key"]
            about = tuple((case, int(seq)) for case, seq in data["about"])
            return cls(data["id"], (sort, recipient, process, channel), about)
        except (KeyError, TypeError) as cause:
            raise ValueError("the message cannot be read") from cause

    @property
    def entries(self) -> tuple[str, ...]:
        """Names the entries as `charter audit show` does."""
        return tuple(f"{case}.{seq}" for case, seq in self.about)


def message(key: tuple[str, str, str, str], about: Sequence[tuple[str, int]]) -> Message:
    """Makes a message, whose id follows from its recipient and from what it tells of."""
    told = json.dumps([key, [f"{case}.{seq}" for case, seq in about]], ensure_ascii=False)
    return Message(sha256(told.encode()).hexdigest()[:32], key, tuple(about))


def earliest(connection: Connection, now: int) -> int | None:
    """Gives when there is something to do here: now where entries were not looked at; None where nothing waits."""
    begun = cursor.position(connection)
    if begun is not None and begun < cursor.last(connection):
        return now
    found: int | None = connection.execute(select(func.min(_q.send_at))).scalar()
    return found


def send_due(store: Store, now: int) -> int:
    """Queues what is new in the next entries, and lets what is due go into the outbox; gives how much was done."""
    with store.read() as connection:
        first = earliest(connection, now)
    if first is None or first > now:
        return 0
    with store.write() as connection:
        done = _look(connection, now)
        for each in _due(connection, now):
            outbox.send(connection, _case(each), each.to_json(), now)
            done += 1
    return done


def _look(connection: Connection, now: int) -> int:
    """Queues what is new in the next entries; gives how many positions that were."""
    begun, last = cursor.position(connection), cursor.last(connection)
    if begun is None or begun >= last:
        return 0
    until = min(last, begun + _STRIDE)
    query = (
        select(_n.case, _n.seq, _n.process, _n.role, _n.by)
        .join_from(t.entries, t.notices, and_(_e.case == _n.case, _e.seq == _n.seq))
        .where(_e.position > begun, _e.position <= until)
        .order_by(_e.position)
    )
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for case, seq, process, role, by in connection.execute(query).all():
        for route in _told(connection, process, role, by):
            key = (*route.key, case, seq)
            if key not in rows:
                names = ("sort", "recipient", "process", "channel", "case", "seq")
                rows[key] = dict(zip(names, key, strict=True)) | {"send_at": route.send_at(now)}
    if rows:
        connection.execute(insert(t.queue), list(rows.values()))
    cursor.move(connection, until)
    return until - begun


def _told(connection: Connection, process: str, role: str, by: str) -> list[Route]:
    people = [person for person in candidates(connection, process, (role,)) if person != by]
    return [*routes.of(connection, PERSON, people, process), *routes.of(connection, ROLE, (role,), process)]


def _due(connection: Connection, now: int) -> Iterator[Message]:
    """Takes what is due from the queue, as messages."""
    query = select(t.queue).where(_q.send_at <= now).order_by(_q.send_at, *t.queue.primary_key.columns).limit(_STRIDE)
    found: dict[tuple[str, str, str, str], list[tuple[str, int]]] = {}
    rows = connection.execute(query).all()
    for row in rows:
        found.setdefault((row[0], row[1], row[2], row[3]), []).append((row[4], row[5]))
    columns = t.queue.primary_key.columns
    gone = [{f"of_{c.name}": value for c, value in zip(columns, row, strict=False)} for row in rows]
    if gone:
        connection.execute(delete(t.queue).where(*(c == bindparam(f"of_{c.name}") for c in columns)), gone)
    for key, about in found.items():
        route = routes.find(connection, key)
        size = _MOST if route is not None and route.digest is not None else 1
        for first in range(0, len(about), size):
            yield message(key, about[first : first + size])


def _case(each: Message) -> str:
    """Names the case that a message tells of, or the organisation where there are several."""
    cases = {case for case, _ in each.about}
    return cases.pop() if len(cases) == 1 else ORGANISATION
