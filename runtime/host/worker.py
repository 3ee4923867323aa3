"""The worker: does whatever is due, and sleeps until the next instant or the next commit of anybody.

It goes round over its duties, a batch of each, until nothing is due; what a duty is, the table `DUTIES` says. Several
workers on one database need not know of each other: a duty reads what is due in the transaction that does it, and calls
are leased (`delivery.py`). On a server they share out the cases all the same (`Backend.division`), so that none waits
for another; what is of no case is done by whoever has the organisation's shard. The database is touched by one thread
only, but for the division's signs of life; calls are made by others (`underway.py`). Invariants: whatever fails for a
while (the database is locked, its disk full, its server away, the clock jumped) is told and tried again; nothing is
begun once it is to stop, and what is under way is taken in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from charter.runtime.audit import sealing
from charter.runtime.host import outbox, timers
from charter.runtime.host.cases import Cases
from charter.runtime.host.delivery import Delivered
from charter.runtime.host.opening import enter_all
from charter.runtime.host.underway import Calls
from charter.runtime.notify import queue
from charter.runtime.store.connection import Division
from charter.runtime.store.errors import ENVIRONMENT, DiskFull, Locked, Lost, NotAdmitted, ReadOnly, Unreachable
from charter.runtime.store.parts import Shards, shard_of
from charter.runtime.store.schema import ORGANISATION
from charter.runtime.store.watch import ClockJumped

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = 8
# Seconds: between two looks for a commit; between two rounds at the least; after a failure, doubling up to the last.
_LOOK, _ROUND, _AGAIN, _LATEST = 0.1, 60.0, 1.0, 30.0
# What passes by itself, or by an operator's hand, while the worker waits.
_PASSES = (Locked, DiskFull, ReadOnly, ClockJumped)
# What passes once the server is there again, or another has taken its place: tried sooner, and again after so long.
_AWAY, _SOON, _SOONEST = (Lost, Unreachable, NotAdmitted), 0.2, 1.0


class Done(Struct):
    """What a worker has done: `ticks` of cases, asks carried out and tries that failed, cases that are incidents now.

    `others`: of duties that are neither.
    """

    ticks: int = 0
    delivered: int = 0
    failed: int = 0
    stuck: int = 0
    others: int = 0

    def total(self) -> int:
        return self.ticks + self.delivered + self.failed + self.stuck + self.others


class Duty(Struct, frozen=True):
    """Something that the worker does when it is due.

    `earliest` gives, in a transaction that reads, the instant at which something is due (the past: now; None: nothing),
    from the worker and the clock. `turn` does a batch of what is due, within a tenth of a second, and adds to `Done`
    what it did: it is called again at once if that was anything. It reads what is due in the transaction that does it,
    and keeps what fails from stopping the rest. Times are microseconds since the epoch, UTC.
    `of_all`: it is no case's.
    """

    name: str
    earliest: Callable[[Worker, Connection, int], int | None]
    turn: Callable[[Worker, int], None]
    of_all: bool = False


class Worker:
    """See the module's text. `tell` hears of what fails for a while, once each time that it begins."""

    def __init__(
        self,
        cases: Cases,
        at_once: int = AT_ONCE,
        tell: Callable[[Exception], None] = lambda _: None,
        shards: int | None = None,
    ):
        self.cases = cases
        self._most = shards
        self._division: Division | None = None
        self.calls = Calls(at_once)
        self.timers = cases.timers()
        self.done = Done()
        self._tell = tell
        self._stopping = self._once = False
        self._resting: dict[str, tuple[float, float]] = {}  # of a duty that failed: until when it rests, and how long
        self._looked = time.monotonic()
        self._next: int | None = None  # when a duty has something, as the latest round has seen it

    def stop(self) -> None:
        """Has nothing more begun; from a signal's handler or another thread."""
        self._stopping = True
        self.calls.nudge()

    def run(self, *, once: bool = False) -> Done:
        """Works until it is to stop; `once`: until nothing is due and no call is under way."""
        self._once = once
        if not once:
            self._division = self.cases.store.division(self._most, self.calls.nudge)
        try:
            return self._run(once)
        finally:
            if self._division is not None:
                self._division.end()

    @property
    def shards(self) -> Shards:
        """Of which cases it does what is due."""
        return None if self._division is None else self._division.shards

    def _run(self, once: bool) -> Done:
        pause = 0.0
        while True:
            try:
                seen = self.cases.store.changes()
                idle = self._round()
                pause = 0.0
                if idle and not self.calls.under_way and (once or self._stopping):
                    return self.done
                if idle:
                    self._sleep(seen)
            except (*_PASSES, *_AWAY) as cause:
                if once:
                    raise
                if not pause:
                    self._tell(cause)
                first, last = (_SOON, _SOONEST) if isinstance(cause, _AWAY) else (_AGAIN, _LATEST)
                pause = min(max(first, pause * 2), last)
                if self._stopping and pause == last:
                    return self.done
                self._stand(pause)

    def _round(self) -> bool:
        """Takes in what has come, and does a batch of each duty that is due; says whether there was nothing to do."""
        before = self.done.total() + self.calls.under_way
        self.note_delivered(self.cases.delivery.record(self.calls))
        self._next = None
        if not self._stopping:
            now = self.cases.now()
            instants = self._instants(now)
            self._next = min((at for _, at in instants if at > now), default=None)
            for duty, at in instants:
                if at <= now and not self._stopping:
                    with self._unforeseen(duty):
                        duty.turn(self, now)
                        self._resting.pop(duty.name, None)
        return self.done.total() + self.calls.under_way == before

    def _instants(self, now: int) -> list[tuple[Duty, int]]:
        """Lists the duties that have something, each with its first instant; those that rest have nothing."""
        found: list[tuple[Duty, int]] = []
        shards = self.cases.delivery.shards = self.shards
        self.timers.walk(shards)
        for duty in DUTIES:
            if duty.of_all and shards is not None and shard_of(ORGANISATION) not in shards:
                continue
            if time.monotonic() < self._resting.get(duty.name, (0.0, 0.0))[0]:
                continue
            with self._unforeseen(duty), self.cases.store.read() as connection:
                at = duty.earliest(self, connection, now)
                if at is not None:
                    found.append((duty, at))
        return found

    @contextmanager
    def _unforeseen(self, duty: Duty) -> Iterator[None]:
        """Has a duty rest for a while in which something goes wrong that nobody foresaw, and no other."""
        try:
            yield
        except (*ENVIRONMENT, ClockJumped):
            raise
        except Exception as cause:
            _, pause = self._resting.get(duty.name, (0.0, 0.0))
            if not pause:
                self._tell(cause)
            pause = min(max(_AGAIN, pause * 2), _ROUND)
            self._resting[duty.name] = time.monotonic() + pause, pause
            self.done.failed += self._once

    def _sleep(self, seen: int) -> None:
        """Waits for an answer, for the next instant at which a duty has something, or for a commit since `seen`."""
        store, clock = self.cases.store, self.cases.now
        if time.monotonic() - self._looked > _ROUND:
            with store.write():  # has the clock looked at, and noted that somebody is here
                self._looked = time.monotonic()
        end, first = time.monotonic() + _ROUND, self._next
        while store.changes() == seen:
            left = end - time.monotonic()
            if first is not None:
                left = min(left, (first - clock()) / 1_000_000)
            if left <= 0 or self.calls.wait(min(left, _LOOK)):
                return

    def _stand(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (self.calls.wait(left) and self._stopping):
            pass

    def earliest(self, connection: Connection, now: int, *, calls: bool) -> int | None:
        """Gives when the first call or message, or the first of all else, of its cases is to be tried."""
        return outbox.earliest(connection, now, calls=calls, shards=self.shards)

    def note_delivered(self, came: Delivered) -> None:
        """Counts what a delivery did."""
        self.done.delivered += came.done
        self.done.failed += came.failed


def _tick(worker: Worker, now: int) -> None:
    if (came := worker.timers.batch(now)) is not None:
        worker.done.ticks += came.ticks
        worker.done.stuck += len(came.stuck)


def _deliver(worker: Worker, _now: int) -> None:
    worker.note_delivered(worker.cases.delivery.own())


def _call(worker: Worker, _now: int) -> None:
    worker.done.failed += worker.cases.delivery.begin(worker.calls)


def _figures(worker: Worker, now: int) -> None:
    figures = worker.cases.figures
    before = len(figures.failed)
    worker.done.others += figures.turn(now)
    worker.done.stuck += len(figures.failed) - before


def _review(worker: Worker, now: int) -> None:
    reviews = worker.cases.reviews
    before = len(reviews.failed)
    worker.done.others += reviews.turn(now)
    worker.done.stuck += len(reviews.failed) - before


def _notify(worker: Worker, now: int) -> None:
    worker.done.others += queue.send_due(worker.cases.store, now)


def _seal(worker: Worker, now: int) -> None:
    if worker.cases.store.backend.parted:
        enter_all(worker.cases.store, now)
    sealing.seal(worker.cases.store)
    worker.done.others += 1


DUTIES: Sequence[Duty] = (
    # Due dates, waits, rhythms and retries of cases.
    Duty("timers", lambda worker, connection, _now: timers.earliest(connection, worker.shards), _tick),
    # What steps asked of the host itself.
    Duty("asks", lambda worker, connection, now: worker.earliest(connection, now, calls=False), _deliver),
    # Notices: what is new, and what may be sent now.
    Duty("notices", lambda _worker, connection, now: queue.earliest(connection, now), _notify, of_all=True),
    # Calls of connectors, and messages.
    Duty("calls", lambda worker, connection, now: worker.earliest(connection, now, calls=True), _call),
    # Periods of KPIs that are over, and facts of them that came late.
    Duty(
        "figures", lambda worker, connection, now: worker.cases.figures.earliest(connection, now), _figures, of_all=True
    ),
    # Reviews of the entries of registers.
    Duty(
        "reviews", lambda worker, connection, now: worker.cases.reviews.earliest(connection, now), _review, of_all=True
    ),
    # The seal of the trail: a second after what came at the latest.
    Duty("seal", lambda _worker, connection, now: sealing.due(connection, now), _seal, of_all=True),
)
