"""Carries out what lies in the outbox: what steps asked of the world, after they were committed.

What an effect means is said in `engine/hosting.py`; `InTransaction` is the host that it drives here. Asks of our own
(choose a person, open a case, answer a parent) happen in one transaction with the removal of their row, so exactly
once. A connector is called with its row leased, and the row goes in the transaction that takes in the answer: a crash
in between means that it is called again, with the same idempotency key, once the lease is over. A lease is fenced by
the number of the try, so that who was overtaken takes nothing in.
Invariants: whatever is wrong with one ask is noted at that ask and stops no other; only what fails for every ask (the
database is locked, its disk full) ends a delivery. Nothing is dropped but by somebody's word.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from charter.engine.effects import CallConnector
from charter.engine.hosting import MOST_DELIVERIES, Pairs, answer, carry_out, let_pass
from charter.engine.refusals import Refusal
from charter.runtime.host import outbox
from charter.runtime.host.caseload import Caseload
from charter.runtime.host.connectors import Call, Connectors
from charter.runtime.host.outbox import Ask
from charter.runtime.host.transaction import InTransaction
from charter.runtime.host.underway import Calls, Ticket
from charter.runtime.store import Store
from charter.runtime.store.errors import ENVIRONMENT
from charter.runtime.store.parts import Shards, claim, part_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from charter.runtime.notify.sending import Sending

# What a host gets beyond the connector's own time-out to take the answer in, microseconds.
_GRACE = 30_000_000
# Own work holds the lock that people wait for: so many asks a transaction, or so many seconds of them.
_BATCH, _SECONDS = 50, 0.1
_PAGE = 200


class Delivered(Struct, frozen=True):
    """What a delivery came to: asks done, tries that failed, and how many are still due.

    `touched`: the cases that took part; None where all were asked for.
    """

    done: int = 0
    failed: int = 0
    left: int = 0
    touched: frozenset[str] | None = None


class Delivery:
    """Carries out what lies in the outbox; `shards`: of the cases of these, unless cases are named."""

    shards: Shards = None

    def __init__(self, store: Store, caseload: Caseload, connectors: Connectors) -> None:
        self._store = store
        self._caseload = caseload
        self._connectors = connectors

    def settle(self, case: str) -> Delivered:
        """Carries out what a case asked for and what follows from it, but calls nobody: mere work on the database.

        At most `MOST_DELIVERIES`: the rest stays in the outbox.
        """
        return self._go(frozenset((case,)), MOST_DELIVERIES, None)

    def deliver(self, cases: Collection[str] | None, at_once: int) -> Delivered:
        """Carries out what cases (None: all) asked for, and what follows from it, so many calls at once.

        All that is due when it begins, and of what follows from each of these at most `MOST_DELIVERIES`.
        """
        with self._store.read() as connection:
            due = len(outbox.waiting(connection, self._caseload.clock(), cases))
        most = due * (1 + MOST_DELIVERIES)
        return self._go(None if cases is None else frozenset(cases), most, Calls(at_once))

    def _go(self, concerned: frozenset[str] | None, most: int, calls: Calls | None) -> Delivered:
        done = failed = 0
        while done + failed < most:
            came = self.own(concerned, most - done - failed)
            if not came.done + came.failed and calls is not None:
                tried = self.begin(calls, concerned)
                if calls.under_way:
                    calls.wait(None)
                came = self.record(calls)
                came = Delivered(came.done, came.failed + tried, 0, came.touched)
            if not came.done + came.failed:
                break
            done, failed = done + came.done, failed + came.failed
            if concerned is not None and came.touched is not None:
                concerned |= came.touched
        with self._store.read() as connection:
            left = len(outbox.waiting(connection, self._caseload.clock(), concerned))
        return Delivered(done, failed, left, concerned)

    # -- work on the database ------------------------------------------------------------------------------------

    def own(self, cases: Collection[str] | None = None, most: int = _BATCH) -> Delivered:
        """Carries out the next asks that are no calls, in one transaction, each for itself."""
        now = self._caseload.clock()
        with self._store.read() as connection:
            asks = outbox.first(connection, now, cases, calls=False, most=min(most, _BATCH), shards=self.shards)
        if not asks:
            return Delivered(touched=frozenset())
        end = time.monotonic() + _SECONDS
        with self._store.write(part=part_of({ask.case for ask in asks})) as connection:
            came, beyond = self._own(connection, asks, now, end)
        if beyond:
            with self._store.write() as connection:
                more, _ = self._own(connection, beyond, now, end)
            touched = (came.touched or frozenset()) | (more.touched or frozenset())
            came = Delivered(came.done + more.done, came.failed + more.failed, 0, touched)
        return came

    def _own(
        self, connection: Connection, asks: Sequence[Ask], now: int, end: float
    ) -> tuple[Delivered, Sequence[Ask]]:
        """Carries out those of some asks that nobody has been at since; gives those too that need the whole."""
        done = failed = 0
        touched: frozenset[str] = frozenset()
        beyond: list[Ask] = []
        for ask in outbox.still(connection, asks, now):
            try:
                with self._store.part(connection):
                    if ask.deliveries >= outbox.MOST_TRIES:
                        claim(connection)
                        failed += self._given_up(connection, ask, now)
                        continue
                    moved, declined = self._one(connection, ask)
                    touched |= moved
                    if declined is not None:
                        # The trail of its case says so already; the ask is kept for whoever sees to it.
                        outbox.bury(connection, ask, declined.line, now, tried=1)
                        failed += 1
                        continue
                    outbox.take(connection, ask.number)
                done += 1
            except ENVIRONMENT:
                raise
            except Exception as cause:
                if self._store.is_beyond(cause):
                    beyond.append(ask)
                    continue
                # An ask may be damaged, or of a newer build; a process may meet a fault of ours. The others go on.
                outbox.note_failure(connection, ask, outbox.line(cause), now)
                failed += 1
            if time.monotonic() > end:
                break
        return Delivered(done, failed, 0, touched), beyond

    def _one(self, connection: Connection, ask: Ask) -> tuple[frozenset[str], Refusal | None]:
        """Carries out one ask; gives the cases that may have asked for more because of it, and why it was declined."""
        declined = None
        host = InTransaction(self._caseload, connection)
        if ask.kind == outbox.WAKE:
            let_pass(host, ask.case, self._caseload.clock())
        else:
            declined = carry_out(host, ask.case, ask.effect())
        return frozenset(host.touched), declined

    def _given_up(self, connection: Connection, ask: Ask, now: int) -> bool:
        if ask.deliveries < outbox.MOST_TRIES:
            return False
        failure = "the host stopped each time before it recorded an answer"
        buried = outbox.bury(connection, ask, failure, now)
        if buried and ask.kind == outbox.SENDING:
            self._sending().note_failure(connection, ask, failure)
        return buried

    def _sending(self) -> Sending:
        # What only sending needs is loaded by sending: every verb of the command line imports this module.
        from charter.runtime.notify.sending import Sending

        return Sending(self._store, self._caseload.clock, self._caseload.origin)

    # -- calls ---------------------------------------------------------------------------------------------------

    def begin(self, calls: Calls, cases: Collection[str] | None = None) -> int:
        """Begins as many calls as may be under way at once; gives how many failed before anybody was called."""
        failed = 0
        after: int | None = None
        now = self._caseload.clock()
        while calls.free:
            with self._store.read() as connection:
                page = outbox.first(connection, now, cases, calls=True, after=after, most=_PAGE, shards=self.shards)
            if not page:
                break
            after = page[-1].number
            for ask in page:
                if not calls.free:
                    break
                try:
                    failed += self._begin(calls, ask, now)
                except ENVIRONMENT:
                    raise
                except Exception as cause:
                    with self._store.write() as connection:
                        outbox.note_failure(connection, ask, outbox.line(cause), now)
                    failed += 1
        return failed

    def _begin(self, calls: Calls, ask: Ask, now: int) -> bool:
        """Begins a call where there is room for it; True where it had been tried too often."""
        if ask.deliveries >= outbox.MOST_TRIES:
            with self._store.write() as connection:
                return self._given_up(connection, ask, now)
        if ask.kind == outbox.SENDING:
            return self._sending().begin(calls, ask)
        effect = ask.effect()
        assert isinstance(effect, CallConnector)
        if not calls.takes(effect.connector):
            return False
        call = Call(effect.connector, ask.case, effect.node, effect.attempt, effect.arguments)
        # Read once: what is recorded is what runs. What the operator must mend fails before anybody is called.
        roll = self._connectors.read()
        prepared = self._connectors.prepare(roll, call)
        now = self._caseload.clock()
        until = now + prepared.timeout * 1_000_000 + _GRACE

        def lease(connection: Connection) -> bool:
            taken = outbox.lease(connection, ask, now, until)
            if taken:
                self._connectors.note_configuration(connection, roll, now)
            return taken

        if not self._store.within((ask.case,), lease):
            return False
        calls.make(Ticket(ask, effect, effect.connector), prepared)
        return False

    def record(self, calls: Calls) -> Delivered:
        """Takes in the answers that have come; one that the database cannot take now stays for the next time."""
        done = failed = 0
        touched: set[str] = set()
        while calls.answers:
            (ask, effect, _), records, failure = calls.answers[0]
            try:
                if not isinstance(effect, CallConnector):
                    went = self._sending().record(ask, effect, records, failure)
                    done, failed = done + went, failed + (not went)
                    calls.answers.popleft()
                    continue
                self._store.within((ask.case,), partial(self._take_in, ask, effect, records, failure))
                done += 1
                touched.add(ask.case)
            except ENVIRONMENT:
                raise
            except Exception as cause:
                now = self._caseload.clock()
                with self._store.write() as connection:
                    outbox.note_failure(connection, ask, outbox.line(cause), now, leased=True)
                failed += 1
            calls.answers.popleft()
        return Delivered(done, failed, 0, frozenset(touched))

    def _take_in(
        self, ask: Ask, effect: CallConnector, records: Pairs, failure: str | None, connection: Connection
    ) -> None:
        # Another host may have called again after our lease ran out; then this answer is dropped.
        if outbox.take(connection, ask.number, ask.deliveries + 1):
            host = InTransaction(self._caseload, connection)
            answer(host, ask.case, effect.node, effect.attempt, records, failure)
