"""The outbox: what a step asked of the world, kept in the step's transaction until it is done. `delivery.py` does it.

An ask that cannot be carried out is left alone for a while and tried again, `MOST_TRIES` times; then it is a dead
letter: kept as it is, listed, and tried by nobody until somebody says so. None holds up those behind it. The module
knows rows and times (microseconds since the epoch, UTC), not what an ask means.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    case as case_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from charter.dsl.text.width import shown
from charter.engine import plain
from charter.engine.effects import Effect
from charter.engine.errors import CharterError
from charter.engine.hosting import ASKED, aim, is_asked
from charter.runtime.store import tables as t
from charter.runtime.store.parts import Shards, in_shards
from charter.runtime.store.prepared import Prepared

MOST_TRIES = 5
# An ask that failed is left alone for this long, and twice as long each time.
_PAUSE = 60_000_000
_LONGEST_FAILURE = 300
# No lease (a call takes an hour at most) and no pause is longer: one that seems so is of a clock that stood ahead.
_LONGEST_LEASE = 7_200_000_000

_o = t.outbox.c
_POST = Prepared(insert(t.outbox).inline(), "case", "kind", "body", "at", "deliveries")
CALL = "CallConnector"
# Kept by the host itself: the case could not be made to have what is due in it, and is left alone meanwhile.
WAKE = "Wake"
# A message of notices (`notify/queue.py`), which no step asks for.
SENDING = "SendNotices"
# What goes out of the house, and takes its time.
_OUTWARD = (CALL, SENDING)


class NoSuchIncident(CharterError):
    """No ask of this number waits in the outbox after a failure."""

    code = "CH047"
    exit_code = 4


class Told(Exception):
    """What failed, and why, in its own words."""


class Ask(Struct, frozen=True):
    """One row: `kind` and `body` as they were written, by whatever build; `deliveries`: how often it was tried."""

    number: int
    case: str
    kind: str
    body: str
    deliveries: int

    def effect(self) -> Effect:
        """Reads what is asked; raises ValueError where this build cannot."""
        if self.kind not in ASKED:
            raise ValueError(f"this version of Charter does not know {self.kind}")
        return plain.from_json(ASKED[self.kind], json.loads(self.body))


class Incident(Struct, frozen=True):
    """An ask that failed: `next_at` is when it is tried again, None for a dead letter. `number`: its case's, if any."""

    ask: Ask
    at: int
    failure: str
    next_at: int | None
    number: int | None


_ASK = (_o.number, _o.case, _o.kind, _o.body, _o.deliveries)


def post(connection: Connection, case: str, effects: Sequence[Effect], at: int) -> None:
    """Keeps what a step asks for delivery, in the step's transaction."""
    asked = [effect for effect in effects if is_asked(effect)]
    if asked:
        rows = [(case, type(e).__name__, json.dumps(plain.to_json(e), ensure_ascii=False), at, 0) for e in asked]
        _POST.run_many(connection, rows)


def send(connection: Connection, case: str, body: str, at: int) -> None:
    """Keeps a message that is to be sent; `case`: the one that it tells of, or the organisation."""
    _POST.run_many(connection, [(case, SENDING, body, at, 0)])


# What is asked for: the effect's name, what it is aimed at, the element and the entry that ask, if any.
Asked = tuple[str, str, str | None, int | None]


def asked(connection: Connection, case: str) -> set[Asked | str]:
    """Gives what a case has asked for that is still to be done; of what cannot be read here, the name alone."""
    found: set[Asked | str] = set()
    for row in connection.execute(select(*_ASK).where(_o.case == case)):
        ask = Ask(*row)
        try:
            effect = ask.effect()
        except (ValueError, RecursionError):
            found.add(ask.kind)
        else:
            found.add((ask.kind, aim(effect), effect.node or None, getattr(effect, "asked", 0) or None))
    return found


def _due(now: int, cases: Collection[str] | None) -> list[ColumnElement[bool]]:
    held = _o.leased_until.between(now, now + _LONGEST_LEASE)
    free = [_o.dead_at.is_(None), or_(_o.leased_until.is_(None), ~held)]
    return free if cases is None else [*free, _o.case.in_(cases)]


def first(
    connection: Connection,
    now: int,
    cases: Collection[str] | None,
    *,
    calls: bool,
    after: int | None = None,
    most: int,
    shards: Shards = None,
) -> list[Ask]:
    """Lists what was asked first and nobody is at, of these cases or shards (None: of all): calls and messages,
    or all else.

    `after`: the number of the last one seen.
    """
    kind = _o.kind.in_(_OUTWARD) if calls else _o.kind.not_in(_OUTWARD)
    query = select(*_ASK).where(*_due(now, cases), kind, *in_shards(_o.case, shards)).order_by(_o.number).limit(most)
    if after is not None:
        query = query.where(_o.number > after)
    return [Ask(*row) for row in connection.execute(query)]


def still(connection: Connection, asks: Sequence[Ask], now: int) -> list[Ask]:
    """Lists those of some asks that are still to be done and that nobody is at."""
    query = select(*_ASK).where(*_due(now, None), _o.number.in_([ask.number for ask in asks])).order_by(_o.number)
    return [Ask(*row) for row in connection.execute(query)]


def earliest(connection: Connection, now: int, *, calls: bool, shards: Shards = None) -> int | None:
    """Gives when the first call or message, or the first of all else, is to be tried; the past where one is now."""
    kind = _o.kind.in_(_OUTWARD) if calls else _o.kind.not_in(_OUTWARD)
    held = case_((_o.leased_until.between(now, now + _LONGEST_LEASE), _o.leased_until), else_=_o.at)
    wanted = (kind, _o.dead_at.is_(None), *in_shards(_o.case, shards))
    found: int | None = connection.execute(select(func.min(held)).where(*wanted)).scalar()
    return found


def stuck(case: ColumnElement[str]) -> ColumnElement[bool]:
    """Says of a case's id whether what is due in it could not happen, which is an incident since."""
    return exists().where(_o.case == case, _o.kind == WAKE)


def post_stuck(connection: Connection, case: str, failure: str, now: int) -> None:
    """Makes an incident of a case in which nothing could happen: a try has failed."""
    values = {"kind": WAKE, "body": "{}", "at": now, "deliveries": 1, "leased_until": now + _PAUSE}
    connection.execute(insert(t.outbox).values(case=case, failure=failure[:_LONGEST_FAILURE], **values))


def line(cause: BaseException) -> str:
    """Tells what went wrong in one line, as an incident keeps it."""
    name = f"{cause.code}: " if isinstance(cause, CharterError) else ""
    if not name and not isinstance(cause, Told):
        name = "" if type(cause) is ValueError else f"{type(cause).__name__}: "
    return f"{name}{' '.join(shown(str(cause)).split())}"


def waiting(connection: Connection, now: int, cases: Collection[str] | None = None) -> list[str]:
    """Names the case of every ask that is due and that nobody is at."""
    return list(connection.execute(select(_o.case).where(*_due(now, cases))).scalars())


def lease(connection: Connection, ask: Ask, now: int, until: int) -> bool:
    """Takes an ask for oneself until an instant, which counts as a try; False where somebody else is at it."""
    taken = update(t.outbox).where(_o.number == ask.number, *_due(now, None))
    return bool(connection.execute(taken.values(leased_until=until, deliveries=_o.deliveries + 1)).rowcount)


def take(connection: Connection, number: int, tries: int | None = None) -> bool:
    """Takes an ask off, in the transaction that carries it out; False where somebody else has.

    `tries`: only while it is still that one: whose lease ran out, and who was overtaken meanwhile, finds nothing.
    """
    query = delete(t.outbox).where(_o.number == number)
    if tries is not None:
        query = query.where(_o.deliveries == tries, _o.dead_at.is_(None))
    return bool(connection.execute(query).rowcount)


def note_failure(connection: Connection, ask: Ask, failure: str, now: int, *, leased: bool = False) -> bool:
    """Notes that a try failed, and why; False where another host has been at it meanwhile.

    `leased`: the try is counted already.
    """
    tries = ask.deliveries + 1
    values: dict[str, Any] = {"deliveries": tries, "failure": failure[:_LONGEST_FAILURE]}
    if tries < MOST_TRIES:
        values["leased_until"] = now + (_PAUSE << (tries - 1))
    else:
        values |= {"leased_until": None, "dead_at": now}
    still = (_o.number == ask.number, _o.deliveries == (tries if leased else ask.deliveries))
    return bool(connection.execute(update(t.outbox).where(*still).values(**values)).rowcount)


def bury(connection: Connection, ask: Ask, failure: str, now: int, tried: int = 0) -> bool:
    """Makes an ask a dead letter, after so many tries more."""
    still = (_o.number == ask.number, _o.deliveries == ask.deliveries, _o.dead_at.is_(None))
    values = {"failure": failure, "dead_at": now, "leased_until": None, "deliveries": ask.deliveries + tried}
    return bool(connection.execute(update(t.outbox).where(*still).values(**values)).rowcount)


def again(connection: Connection, number: int) -> None:
    """Lets an ask be tried as if it never had been."""
    values = {"leased_until": None, "deliveries": 0, "failure": None, "dead_at": None}
    connection.execute(update(t.outbox).where(_o.number == number).values(**values))


def incidents(connection: Connection) -> list[Incident]:
    """Lists what failed and is still to be done, the oldest first."""
    query = (
        select(*_ASK, _o.at, _o.failure, _o.leased_until, t.cases.c.number)
        .select_from(t.outbox.outerjoin(t.cases, t.cases.c.id == _o.case))
        .where(_o.failure.is_not(None))
        .order_by(_o.number)
    )
    return [Incident(Ask(*row[:5]), *row[5:]) for row in connection.execute(query)]


def incident(connection: Connection, number: int) -> Incident:
    """Gives one of them; raises NoSuchIncident."""
    found = next((one for one in incidents(connection) if one.ask.number == number), None)
    if found is None:
        raise NoSuchIncident(f"no incident {number}", number=number)
    return found
