"""The outbox: what a step asked of the world, kept in the step's transaction until it is done. `delivery.py` does it.

An ask that cannot be carried out is left alone for a while and tried again, `MOST_TRIES` times; then it is a dead
letter: kept as it is, listed, and tried by nobody until somebody says so. None holds up those behind it. The module
knows rows and times (microseconds since the epoch, UTC), not what an ask means.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from charter.dsl.text.width import shown
from charter.engine import plain
from charter.engine.effects import Effect
from charter.engine.errors import CharterError
from charter.engine.hosting import ASKED, aim, is_asked
from charter.runtime.store.parts import Shards, in_shards
from charter.runtime.store.prepared import ask as asking, column, do, do_each, insert, value
from charter.runtime.store.sql import Sql, joined

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_TRIES = 5
# An ask that failed is left alone for this long, and twice as long each time.
_PAUSE = 60_000_000
_LONGEST_FAILURE = 300
# No lease (a call takes an hour at most) and no pause is longer: one that seems so is of a clock that stood ahead.
_LONGEST_LEASE = 7_200_000_000

_POST = insert("outbox", ("case", "kind", "body", "at", "deliveries"))
CALL = "CallConnector"
# Kept by the host itself: the case could not be made to have what is due in it, and is left alone meanwhile.
WAKE = "Wake"
# A message of notices (`notify/queue.py`), which no step asks for.
SENDING = "SendNotices"
# What goes out of the house, and takes its time; and all else.
_OUTWARD = f"('{CALL}', '{SENDING}')"
_KIND = {True: Sql(f"kind IN {_OUTWARD}"), False: Sql(f"kind NOT IN {_OUTWARD}")}


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


_ASK = 'SELECT o.number, o."case", o.kind, o.body, o.deliveries FROM outbox o'


def post(connection: Connection, case: str, effects: Sequence[Effect], at: int) -> None:
    """Keeps what a step asks for delivery, in the step's transaction."""
    asked = [effect for effect in effects if is_asked(effect)]
    if asked:
        rows = [(case, type(e).__name__, json.dumps(plain.to_json(e), ensure_ascii=False), at, 0) for e in asked]
        do_each(connection, _POST, rows)


def send(connection: Connection, case: str, body: str, at: int) -> None:
    """Keeps a message that is to be sent; `case`: the one that it tells of, or the organisation."""
    do(connection, _POST, case, SENDING, body, at, 0)


# What is asked for: the effect's name, what it is aimed at, the element and the entry that ask, if any.
Asked = tuple[str, str, str | None, int | None]


def asked(connection: Connection, case: str) -> set[Asked | str]:
    """Gives what a case has asked for that is still to be done; of what cannot be read here, the name alone."""
    found: set[Asked | str] = set()
    for row in asking(connection, f'{_ASK} WHERE o."case" = ?', case):
        ask = Ask(*row)
        try:
            effect = ask.effect()
        except (ValueError, RecursionError):
            found.add(ask.kind)
        else:
            found.add((ask.kind, aim(effect), effect.node or None, getattr(effect, "asked", 0) or None))
    return found


def _due(now: int, cases: Collection[str] | None) -> Sql:
    """Gives what holds of that which is due and which nobody is at, of these cases (None: of all)."""
    free = "dead_at IS NULL AND (leased_until IS NULL OR NOT leased_until BETWEEN ? AND ?)"
    held = (now, now + _LONGEST_LEASE)
    return Sql(free, held) if cases is None else Sql(f'{free} AND "case" IN (…)', (*held, list(cases)))


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
    due = joined("AND", (_due(now, cases), _KIND[calls], in_shards('o."case"', shards)))
    if after is not None:
        due = joined("AND", (due, Sql("o.number > ?", (after,))))
    query = f"{_ASK} WHERE {due.text} ORDER BY o.number LIMIT ?"
    return [Ask(*row) for row in asking(connection, query, *due.values, most)]


def still(connection: Connection, asks: Sequence[Ask], now: int) -> list[Ask]:
    """Lists those of some asks that are still to be done and that nobody is at."""
    due = _due(now, None)
    query = f"{_ASK} WHERE {due.text} AND o.number IN (…) ORDER BY o.number"
    return [Ask(*row) for row in asking(connection, query, *due.values, [ask.number for ask in asks])]


def earliest(connection: Connection, now: int, *, calls: bool, shards: Shards = None) -> int | None:
    """Gives when the first call or message, or the first of all else, is to be tried; the past where one is now."""
    held = "CASE WHEN leased_until BETWEEN ? AND ? THEN leased_until ELSE at END"
    wanted = joined("AND", (_KIND[calls], Sql("dead_at IS NULL"), in_shards('"case"', shards)))
    query = f"SELECT min({held}) FROM outbox WHERE {wanted.text}"
    found: int | None = value(connection, query, now, now + _LONGEST_LEASE, *wanted.values)
    return found


# Of a case `c`: what is due in it could not happen, which is an incident since.
STUCK = f"EXISTS (SELECT 1 FROM outbox o WHERE o.\"case\" = c.id AND o.kind = '{WAKE}')"


def post_stuck(connection: Connection, case: str, failure: str, now: int) -> None:
    """Makes an incident of a case in which nothing could happen: a try has failed."""
    add = insert("outbox", ("case", "failure", "kind", "body", "at", "deliveries", "leased_until"))
    do(connection, add, case, failure[:_LONGEST_FAILURE], WAKE, "{}", now, 1, now + _PAUSE)


def line(cause: BaseException) -> str:
    """Tells what went wrong in one line, as an incident keeps it."""
    name = f"{cause.code}: " if isinstance(cause, CharterError) else ""
    if not name and not isinstance(cause, Told):
        name = "" if type(cause) is ValueError else f"{type(cause).__name__}: "
    return f"{name}{' '.join(shown(str(cause)).split())}"


def waiting(connection: Connection, now: int, cases: Collection[str] | None = None) -> list[str]:
    """Names the case of every ask that is due and that nobody is at."""
    due = _due(now, cases)
    return column(connection, f'SELECT "case" FROM outbox WHERE {due.text}', *due.values)


def lease(connection: Connection, ask: Ask, now: int, until: int) -> bool:
    """Takes an ask for oneself until an instant, which counts as a try; False where somebody else is at it."""
    due = _due(now, None)
    taken = f"UPDATE outbox SET leased_until = ?, deliveries = deliveries + 1 WHERE number = ? AND {due.text}"
    return bool(do(connection, taken, until, ask.number, *due.values))


def take(connection: Connection, number: int, tries: int | None = None) -> bool:
    """Takes an ask off, in the transaction that carries it out; False where somebody else has.

    `tries`: only while it is still that one: whose lease ran out, and who was overtaken meanwhile, finds nothing.
    """
    gone = "DELETE FROM outbox WHERE number = ?"
    if tries is None:
        return bool(do(connection, gone, number))
    return bool(do(connection, f"{gone} AND deliveries = ? AND dead_at IS NULL", number, tries))


def note_failure(connection: Connection, ask: Ask, failure: str, now: int, *, leased: bool = False) -> bool:
    """Notes that a try failed, and why; False where another host has been at it meanwhile.

    `leased`: the try is counted already.
    """
    tries = ask.deliveries + 1
    until, dead = (now + (_PAUSE << (tries - 1)), None) if tries < MOST_TRIES else (None, now)
    noted = (
        "UPDATE outbox SET deliveries = ?, failure = ?, leased_until = ?, dead_at = coalesce(?, dead_at)"
        " WHERE number = ? AND deliveries = ?"
    )
    counted = tries if leased else ask.deliveries
    return bool(do(connection, noted, tries, failure[:_LONGEST_FAILURE], until, dead, ask.number, counted))


def bury(connection: Connection, ask: Ask, failure: str, now: int, tried: int = 0) -> bool:
    """Makes an ask a dead letter, after so many tries more."""
    buried = (
        "UPDATE outbox SET failure = ?, dead_at = ?, leased_until = NULL, deliveries = ?"
        " WHERE number = ? AND deliveries = ? AND dead_at IS NULL"
    )
    return bool(do(connection, buried, failure, now, ask.deliveries + tried, ask.number, ask.deliveries))


def again(connection: Connection, number: int) -> None:
    """Lets an ask be tried as if it never had been."""
    anew = "UPDATE outbox SET leased_until = NULL, deliveries = 0, failure = NULL, dead_at = NULL WHERE number = ?"
    do(connection, anew, number)


def incidents(connection: Connection) -> list[Incident]:
    """Lists what failed and is still to be done, the oldest first."""
    query = (
        'SELECT o.number, o."case", o.kind, o.body, o.deliveries, o.at, o.failure, o.leased_until, c.number'
        ' FROM outbox o LEFT JOIN cases c ON c.id = o."case" WHERE o.failure IS NOT NULL ORDER BY o.number'
    )
    return [Incident(Ask(*row[:5]), *row[5:]) for row in asking(connection, query)]


def incident(connection: Connection, number: int) -> Incident:
    """Gives one of them; raises NoSuchIncident."""
    found = next((one for one in incidents(connection) if one.ask.number == number), None)
    if found is None:
        raise NoSuchIncident(f"no incident {number}", number=number)
    return found
